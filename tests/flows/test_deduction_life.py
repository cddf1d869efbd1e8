"""Deductions from rule to ledger: worked cases Z01, Z02 and Z04, arrears and their collection, retro changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import delete, event, select
from tests.flows.days import Days

from benehub import facts, ledger, reconcile
from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.flows import Hub
from benehub.flows.expected import code_of
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import accounts as chart
from benehub.ledger import arrears
from benehub.periods import Month
from benehub.reconcile.to_come import registers
from benehub.store.tables import crosswalk, difference, entry, leg
from benehub.views import deductions as view
from benehub.views.clearing import clearing
from benehub.views.closing import checklist
from benehub.views.deposits import deposits

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups:
  monthly: {frequency: semimonthly, days: [15, last]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - from: 2026-01-01
        tiers: {EE: 800.00, ES: 1000.00, EC: 900.00, FAM: 1200.00}
    employer_contribution: {scheme: flat, flat: "600"}
    deduction:
      code: MED
      tax_class: pretax
      posttax_code: MEDPT
      method: per_month
      arrears: {strategy: full_next_pay}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""


class Story(Days):
    """A hub with one employee whose month is told day by day."""

    def paid(self, month: int, day: int, amount: int | None, code: str = "MED", employee: str = "1001") -> Any:
        """Payroll's register of a pay date is read and posted; None means a check without the deduction."""
        pay_date = date(2026, month, day)
        data = {
            "pay_run": f"run {pay_date}", "check": f"check {pay_date}", "employee": employee,
            "pay_date": pay_date.isoformat(), "kind": "earning" if amount is None else "deduction",
            "code": "REG" if amount is None else code, "amount_minor": amount or 0, "net_pay_minor": 500_00,
        }  # fmt: skip
        key = f"{pay_date}/{employee}/{data['code']}"
        self.register = [*(row for row in self.register if row.key != key), Incoming(key, data, row=1)]
        return self.post(month)

    def elect(self, tier: str, since: str, event: str = "", until: str | None = None, number: int = 1) -> None:
        data = {"employee": str(1000 + number), "plan": "ppo", "effective_from": since, "tier": tier, "event": event,
                "effective_to": until}  # fmt: skip
        self.runs += 1
        self.fakehub.FakeConnector.rows["election"] = [Incoming(f"x{self.runs}", data, row=1)]
        self.hub.start_flow("sync", "acme", f"e{self.runs}", "hris", "election", f"e{self.runs}", False)
        self.flow("coverage", self.fakehub.NOW.date().isoformat())

    def never_covered(self, since: str) -> None:
        """Cover ends in the past although it was paid: a person lets that through, with a reason."""
        self.elect("EE", "2026-01-01", until=since)
        with self.hub.store.write("acme") as session:
            rows = session.rows(select(difference.c.difference_id).where(difference.c.type == "RESCISSION_BLOCKED"))
            for row in rows:
                reconcile.act(session, row.difference_id, "ada", state="dismissed", note="enrolled by mistake")
        assert rows
        self.flow("coverage", self.fakehub.NOW.date().isoformat())

    def expected(self, *types: str) -> list[tuple[str, str, str, int]]:
        """(pay date, code, coverage month, amount) of what stands expected."""
        with self.hub.store.read("acme") as session:
            rows = session.rows(
                select(entry.c.type, entry.c.idempotency_key, leg.c.pay_date, leg.c.coverage_month, leg.c.amount)
                .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
                .where(
                    entry.c.type.in_([*types, *(f"{one}.void" for one in types)]),
                    leg.c.account == "1900",
                    leg.c.person_id == self.person("1001"),
                )
            )
        sums: dict[tuple[str, str, str], int] = {}
        for row in rows:
            code = code_of(row.idempotency_key.removeprefix("void:").rpartition("/r")[0])
            key = (str(row.pay_date), code, row.coverage_month)
            sums[key] = sums.get(key, 0) + row.amount
        return sorted((*key, amount) for key, amount in sums.items() if amount)

    def person(self, number: str) -> str:
        from benehub.views.persons import find_person

        with self.hub.store.read("acme") as session:
            return str(find_person(session, number).person_id)

    def clearing(self) -> dict[str, int]:
        with self.hub.store.read("acme") as session:
            return {code: amount for code, amount in ledger.clearing(session).items() if amount}

    def owed(self) -> dict[str, int]:
        with self.hub.store.read("acme") as session:
            found = arrears.balances(session)
        return next(iter(found.values()), {})

    def lines(self, month: int, day: int) -> list[view.Line]:
        with self.hub.store.read("acme") as session:
            return view.lines(session, self.hub.book(session), date(2026, month, day), "1001")

    def differences(self, day: str, month: str = "2026-10") -> list[tuple[str, int]]:
        """Open differences of one pay date."""
        self.flow("reconcile", month, ["payroll"])
        with self.hub.store.read("acme") as session:
            rows = reconcile.listed(session, period=month)
        return [(row.type, row.at_stake) for row in rows if row.reference.startswith(day)]


def begin(hub: Hub, folder: Path, fakehub: ModuleType, patch: pytest.MonkeyPatch) -> Story:
    """The first of October; two of the three employees waive cover."""
    patch.setattr(fakehub, "BOOK", BOOK)
    fakehub.set_up(hub, folder, "read_back")
    one = Story(hub, fakehub, patch)
    waived = {"plan": "ppo", "effective_from": "2026-01-01", "waived": True}
    fakehub.FakeConnector.rows["election"] = [
        Incoming(f"w{number}", {"employee": str(1000 + number), **waived}, row=number) for number in (2, 3)
    ]
    hub.start_flow("sync", "acme", "w", "hris", "election", "w", False)
    one.flow("coverage", "2026-10-01")
    return one


@pytest.fixture
def story(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Story:
    """Most stories are told on SQLite."""
    return begin(open_hub(sqlite_url), tmp_path / "vendor", fakehub, monkeypatch)


@pytest.fixture
def either(
    db_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Story:
    """The story on each kind of database."""
    return begin(open_hub(db_url), tmp_path / "vendor", fakehub, monkeypatch)


def month(story: Story, *taken: int | None) -> None:
    """October accrued and expected, then paid on the 15th and the 30th."""
    story.flow("premiums.accrue", "2026-10")
    story.flow("deductions.expect", "2026-10")
    for (number, day), amount in zip(((10, 15), (10, 30)), taken, strict=False):
        story.day(*((10, 20) if day == 15 else (11, 3)))
        story.paid(number, day, amount)


def remit(story: Story) -> None:
    done = story.flow("premiums.remit", "carrier", "2026-10")
    story.flow("premiums.confirm", done["dispatch"], "2026-11-04")


def standing(story: Story) -> list[str]:
    """Where the month's payments stand."""
    with story.hub.store.read("acme") as session:
        return [one.standing for one in deposits(session, Month(2026, 10))]


def test_z01_a_month_that_goes_well(story: Story) -> None:
    month(story, 100_00, 100_00)
    done = story.flow("premiums.remit", "carrier", "2026-10")
    assert standing(story) == ["sent"]
    story.flow("premiums.confirm", done["dispatch"], "2026-11-04")
    assert standing(story) == ["arrived"] and story.clearing() == {}
    with story.hub.store.read("acme") as session:
        assert {one.account: one.amount for one in ledger.balances(session)} == {"5100": 600_00, "1000": -600_00}
        assert not ledger.open_pending(session)
    assert [one.state for one in story.lines(10, 15)] == ["SETTLED"]


def test_z02_a_deduction_taken_short_is_arrears(story: Story) -> None:
    month(story, 100_00, 40_00)
    remit(story)
    assert story.clearing() == {"1300": 60_00}
    assert story.owed() == {"2026-10": 60_00}
    with story.hub.store.read("acme") as session:
        assert not ledger.open_pending(session)
    (line,) = story.lines(10, 30)
    assert (line.taken_as, line.state, line.taken_minor, line.open_minor) == ("PARTIAL", "ARREARS", 40_00, 60_00)
    assert story.differences("2026-10-30") == [("AMOUNT_DIFF", 60_00)]
    with story.hub.store.read("acme") as session:
        accounts = clearing(session, story.hub.book(session), Month(2026, 10))
    assert not any(one.unexplained for one in accounts)


def shares(story: Story, month: str = "2026-10") -> tuple[int, list[tuple[str, int, str]]]:
    """What nobody explains of the employees' shares, and the items that clear by a day."""
    with story.hub.store.read("acme") as session:
        (one,) = [
            one
            for one in clearing(session, story.hub.book(session), Month.parse(month))
            if one.account == chart.EMPLOYEE_SHARE_DUE
        ]
    return one.unexplained, [(item.name, item.amount, str(item.clear_by)) for item in one.items if item.clear_by]


COMING = ("to be taken from the pay of 2026-10-30 for ppo", 100_00, "2026-11-04")


def test_a_pay_date_is_compared_once_its_register_was_read_or_is_overdue(story: Story) -> None:
    month(story, 200_00)
    assert story.differences("2026-10") == [("AMOUNT_DIFF", 100_00)]
    story.day(11, 4)
    assert story.differences("2026-10") == [("AMOUNT_DIFF", 100_00)]
    assert shares(story) == (0, [COMING])
    story.day(11, 5)
    assert story.differences("2026-10") == [("WRONG_PERIOD", 100_00)]  # by now it is clear where the 30th was taken
    assert shares(story) == (0, [])


def test_what_a_pay_date_is_to_take_is_pending_by_name_until_its_register_is_due(either: Story) -> None:
    month(either)
    assert either.differences("2026-10") == []
    first = ("to be taken from the pay of 2026-10-15 for ppo", 100_00, "2026-10-20")
    assert shares(either) == (0, [first, COMING])
    either.day(10, 21)
    assert either.differences("2026-10") == [("NOT_TAKEN", 100_00)]
    assert shares(either) == (0, [COMING])
    either.day(11, 3)
    either.paid(10, 30, 40_00)  # a register that is here is compared on whatever day
    assert either.differences("2026-10-30") == [("AMOUNT_DIFF", 60_00)]
    assert shares(either) == (0, [])


def test_of_a_pay_date_the_groups_that_were_paid_are_compared(either: Story) -> None:
    weekly = "\n  other: {frequency: semimonthly, days: [15, last]}\nplans:"
    load_plan_book(either.hub, BOOK.replace("\nplans:", weekly, 1), "book")
    month(either, 100_00)
    for group, told, named in (("other", [], [COMING]), ("monthly", [("NOT_TAKEN", 100_00)], [])):
        group_paid(either, group)
        assert either.differences("2026-10-30") == told
        assert shares(either) == (0, named)


def group_paid(story: Story, group: str, employee: str = "1002") -> None:
    """A register of one pay group of the 30th is read."""
    data = {
        "pay_run": "run", "check": f"check {group}", "employee": employee, "pay_date": "2026-10-30", "code": "REG",
        "kind": "earning", "amount_minor": 1, "pay_group": group,
    }  # fmt: skip
    story.register.append(Incoming(group, data, row=1))
    story.post(10)


def test_a_pay_date_is_here_once_all_groups_that_are_paid_on_it_were_read(either: Story) -> None:
    early = "\n  other: {frequency: semimonthly, days: [10, 25]}\nplans:"
    load_plan_book(either.hub, BOOK.replace("\nplans:", early, 1), "book")
    month(either, 100_00)
    group_paid(either, "monthly")
    with either.hub.store.read("acme") as session:
        known = registers(session, either.hub.book(session), "payroll")
    assert date(2026, 10, 30) in known.read and not known.partly


def test_who_changed_to_a_group_that_was_not_read_is_still_to_come(either: Story) -> None:
    weekly = "\n  other: {frequency: semimonthly, days: [15, last]}\nplans:"
    load_plan_book(either.hub, BOOK.replace("\nplans:", weekly, 1), "book")
    month(either, 100_00)
    group_paid(either, "monthly")
    assert shares(either)[1] == []
    with either.hub.store.write("acme") as session:
        (before,) = facts.as_of(session, "employment", date(2026, 10, 30), subjects=[either.person("1001")])
        told = facts.Version(
            "employment", before.subject, before.key, date(2026, 10, 1), {**before.data, "pay_group": "other"}
        )
        facts.record(session, [told], "test")
    assert shares(either)[1] == [COMING]


def asked_for_clearing(story: Story) -> list[str]:
    """The statements by which the clearing accounts are told."""
    asked: list[str] = []
    with story.hub.store.read("acme") as session:
        book = story.hub.book(session)
        event.listen(session.connection, "before_cursor_execute", lambda _c, _u, said, *_: asked.append(said))
        clearing(session, book, Month(2026, 10))
    return asked


def test_the_registers_are_looked_at_once_however_many_are_unknown_to_payroll(story: Story) -> None:
    for number in (2, 3):
        story.elect("EE", "2026-10-01", "birth", number=number)
    month(story)
    counts = []
    for number in (1, 2, 3):
        with story.hub.store.write("acme") as session:
            whose = story.person(str(1000 + number))
            session.connection.execute(delete(crosswalk).where(crosswalk.c.person_id == whose))
        assert len([one for one, _ in story.differences("-") if one == "UNKNOWN_TO_PAYROLL"]) == number
        asked = asked_for_clearing(story)
        assert len([one for one in asked if "DISTINCT" in one and "pay_group" in one]) <= 1
        counts.append(len(asked))
        assert shares(story)[0] == 0
    assert len(set(counts)) == 1


def test_whom_payroll_does_not_know_is_told_before_the_pay_date_and_named_once(story: Story) -> None:
    with story.hub.store.write("acme") as session:
        session.connection.execute(delete(crosswalk).where(crosswalk.c.person_id == story.person("1001")))
    month(story)
    for day, rest in (((10, 15), 100_00), ((10, 21), 100_00), ((11, 5), 0)):
        story.day(*day)
        assert story.differences("-") == [("UNKNOWN_TO_PAYROLL", 200_00)]
        unexplained, named = shares(story)
        assert unexplained == 0 and sum(amount for _, amount, _ in named[-1:]) == rest


def test_who_has_left_before_a_pay_date_is_named_once(story: Story) -> None:
    month(story, 100_00)
    story.elect("EC", "2026-10-08", "birth")  # October costs more than its pays were told
    story.day(10, 26)
    story.fakehub.FakeConnector.rows["employee"] = [
        story.fakehub.person(number, **({"termination_date": "2026-10-20"} if number == 1 else {}))
        for number in (1, 2, 3)
    ]
    story.flow("sync", "hris", "employee", "gone", False)
    story.flow("premiums.accrue", "2026-10")
    story.differences("2026-10")
    assert shares(story) == (0, [COMING])


def test_no_month_is_signed_before_the_registers_of_its_pay_dates_are_here(story: Story) -> None:
    month(story, 100_00)
    story.day(11, 2)
    said = "payroll was not compared for 2026-10-30: its register is still to come"
    assert said in not_compared(story)
    story.paid(10, 30, 100_00)
    assert said not in not_compared(story)


def not_compared(story: Story) -> tuple[str, ...]:
    with story.hub.store.read("acme") as session:
        found = checklist(session, story.hub.book(session), Month(2026, 10))
    return next(one.found for one in found if one.name == "Every relation was compared since the last read")


def test_z04_a_paid_month_that_never_was(either: Story) -> None:
    story = either
    month(story, 100_00, 100_00)
    remit(story)
    story.never_covered("2026-10-01")
    assert story.flow("premiums.accrue", "2026-11")["earlier_months"] == 1
    assert story.clearing() == {"2100": 800_00, "1300": -200_00}
    story.flow("deductions.expect", "2026-11")
    assert story.expected("deduction.expected")[-1] == ("2026-11-13", "MED", "2026-10", -200_00)
    story.day(11, 16)
    story.paid(11, 13, -200_00)
    assert story.clearing() == {"2100": 800_00}
    # the carrier pays the credit back
    with story.hub.store.write("acme") as session:
        legs = (ledger.Leg("1000", "USD", 800_00), ledger.Leg("2100", "USD", -800_00))
        ledger.record(session, [ledger.NewEntry("credit", "carrier.credit", date(2026, 11, 20), legs, "test")])
        assert ledger.balances(session) == []


def test_arrears_are_collected_with_the_next_pay_and_the_difference_closes(either: Story) -> None:
    story = either
    month(story, None)
    assert story.owed() == {"2026-10": 100_00}
    assert story.differences("2026-10-15") == [("NOT_TAKEN", 100_00)]
    pushed = story.flow("deductions.push", "payroll", "monthly", "2026-10-30")
    assert pushed["sent"] == 1
    assert story.expected("arrears.expected") == [("2026-10-30", "MED", "2026-10", 100_00)]
    due, old = story.lines(10, 30)
    assert (due.state, due.kind, due.sequence, old.kind, old.sequence) == ("SENT", "due", 1, "arrears", 2)
    story.day(11, 3)
    story.paid(10, 30, 200_00)
    assert story.owed() == {}
    assert story.differences("2026-10") == []
    assert [one.state for one in story.lines(10, 30)] == ["SETTLED", "SETTLED"]
    story.flow("deductions.expect", "2026-11")
    assert story.expected("arrears.expected") == [("2026-10-30", "MED", "2026-10", 100_00)]


def test_arrears_not_taken_again_are_asked_once_more(story: Story) -> None:
    month(story, None)
    story.flow("deductions.push", "payroll", "monthly", "2026-10-30")
    story.day(11, 3)
    story.paid(10, 30, 130_00)
    assert story.owed() == {"2026-10": 70_00}
    assert story.differences("2026-10-15") == [("NOT_TAKEN", 70_00)]
    story.flow("deductions.expect", "2026-11")
    assert story.expected("arrears.expected")[-1] == ("2026-11-13", "MED", "2026-10", 70_00)
    with story.hub.store.read("acme") as session:
        assert not any(one.unexplained for one in clearing(session, story.hub.book(session), Month(2026, 10))
                       if one.account == "1300")  # fmt: skip


def test_a_register_read_twice_or_corrected_leaves_the_right_arrears(story: Story) -> None:
    month(story, 40_00)
    again = story.post(10)
    assert (again["new"], again["corrected"], again["carried"]) == (0, 0, 0)
    assert story.owed() == {"2026-10": 60_00}
    story.paid(10, 15, 90_00)
    assert story.owed() == {"2026-10": 10_00}
    story.paid(10, 15, 125_00)
    assert story.owed() == {"2026-10": -25_00}
    assert story.lines(10, 15)[0].state == "REFUND_DUE"
    with story.hub.store.read("acme") as session:
        # the pay date to come is all that is still open
        assert {row.pay_date for row in ledger.open_pending(session)} == {date(2026, 10, 30)}
        assert ledger.verify(session).ok


def test_a_write_off_needs_arrears_and_moves_them_to_the_employer(story: Story) -> None:
    month(story, 40_00)
    story.flow("deductions.expect", "2026-10")
    assert story.expected("arrears.expected") == [("2026-10-30", "MED", "2026-10", 60_00)]
    done = story.flow("deductions.write_off", "1001", "ppo", "left the country", "Dana")
    assert done == {"months": 1, "written_off_minor": 60_00, "lines_taken_back": 1}
    assert story.owed() == {}
    assert story.expected("arrears.expected") == []
    assert story.lines(10, 15)[0].state == "WAIVED"
    with pytest.raises(DataError, match="nothing is owed"):
        story.flow("deductions.write_off", "1001", "ppo", "again", "Dana")
    with pytest.raises(DataError, match="without a reason"):
        story.flow("deductions.write_off", "1001", "ppo", " ", "Dana")


def test_a_person_without_a_check_owes_after_the_days_of_grace(story: Story) -> None:
    month(story)
    story.day(10, 18)
    story.paid(10, 15, 1, code="OTHER", employee="1002")
    assert story.owed() == {}
    story.day(10, 21)
    story.post(10)
    assert story.owed() == {"2026-10": 100_00}


def test_a_retro_birth_is_pre_tax_and_a_retro_marriage_is_not(story: Story) -> None:
    month(story, 100_00, 100_00)
    story.elect("EC", "2026-10-08", "birth")
    story.flow("deductions.expect", "2026-11")
    regular = [line for line in story.expected("deduction.expected") if line[0] == "2026-11-13"]
    assert regular == [("2026-11-13", "MED", "2026-10", 100_00), ("2026-11-13", "MED", "2026-11", 150_00)]
    story.elect("ES", "2026-10-08", "marriage")
    story.flow("deductions.expect", "2026-11")
    now = [line for line in story.expected("deduction.expected") if line[0] == "2026-11-13"]
    assert now == [("2026-11-13", "MED", "2026-11", 200_00), ("2026-11-13", "MEDPT", "2026-10", 200_00)]
    story.day(11, 16)
    story.paid(11, 13, 200_00)
    story.paid(11, 13, 200_00, code="MEDPT")
    assert story.owed() == {}
    with story.hub.store.read("acme") as session:
        rows = session.rows(select(entry.c.source, entry.c.explanation_id).where(entry.c.source.startswith("retro")))
    assert all(row.source.startswith("retro change of 2026-10 by fct_") and row.explanation_id for row in rows)
    # nothing is corrected twice
    story.flow("deductions.expect", "2026-11")
    assert [line for line in story.expected("deduction.expected") if line[0] == "2026-11-13"] == now
    story.day(11, 17)
    story.flow("deductions.expect", "2026-12")
    assert not [line for line in story.expected("deduction.expected") if line[0] > "2026-12" and line[2] < "2026-12"]


def test_without_a_code_after_tax_the_correction_is_held_and_counted(story: Story) -> None:
    load_plan_book(story.hub, BOOK.replace("      posttax_code: MEDPT\n", ""), "book")
    month(story, 100_00, 100_00)
    story.elect("ES", "2026-10-08", "marriage")
    assert story.flow("deductions.expect", "2026-11")["without_code"] == 1


def test_beyond_the_window_nothing_is_corrected(story: Story) -> None:
    load_plan_book(story.hub, BOOK.replace("arrears:", "retro: {window_months: 0}\n      arrears:"), "book")
    month(story, 100_00, 100_00)
    story.never_covered("2026-10-01")
    assert "earlier_months" not in story.flow("premiums.accrue", "2026-11")
    story.flow("deductions.expect", "2026-11")
    assert not [line for line in story.expected("deduction.expected") if line[0] > "2026-11"]


@pytest.mark.parametrize(
    ("terms", "collected"),
    [
        ("", [50_00, 50_00]),
        ("{strategy: max_extra, max_extra: \"30\"}", [30_00, 30_00]),
        ("{strategy: spread, pays: 4}", [25_00, 25_00]),
        ("{strategy: max_percent_of_net, percent_of_net: \"4%\"}", [20_00, 20_00]),
        ("{strategy: rest_of_year}", [25_00, 25_00]),
        ("{strategy: hold}", []),
        ("{carry: false}", []),
    ],
    ids=["usual of health", "max extra", "spread", "of net", "rest of year", "hold", "not carried"],
)  # fmt: skip
def test_arrears_follow_the_plans_strategy(story: Story, terms: str, collected: list[int]) -> None:
    old = "      arrears: {strategy: full_next_pay}\n"
    load_plan_book(story.hub, BOOK.replace(old, f"      arrears: {terms}\n" if terms else ""), "book")
    month(story, None, 100_00)
    story.flow("deductions.expect", "2026-11")
    assert [line[3] for line in story.expected("arrears.expected")] == collected
