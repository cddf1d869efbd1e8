"""The deadline guardian: what is derived, each alarm raised once, money that is late compared, notifiers told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from benehub import facts, hookimpl, ledger
from benehub.errors import ConfigError, DataError, VendorUnavailable
from benehub.facts import Version
from benehub.flows import Hub, deadlines, meeting, notifying
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.records.notices import AlarmNotice, NotifierTerms
from benehub.store.tables import alarm, connection, difference, notification, obligation, person, seen
from benehub.views.deadlines import Deadline

Open = Callable[..., Hub]
KEEPER = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2025-01-01
    deferral: {pretax_code: 401K}
    deposit: {standard_bank_days: 3, small_plan: true}
carriers:
"""
NOTIFY = """
deadlines:
  notify:
    finance: {kind: spy, level: t2, settings: {to: finance@acme.example}}
    pager: {kind: spy, level: late, secrets: {key: "env:BENEHUB_TEST_PAGER"}}
"""


class Spy:
    """A notifier's plugin that keeps what it is told, and fails while it is told to."""

    def __init__(self) -> None:
        self.told: list[tuple[NotifierTerms, AlarmNotice]] = []
        self.fails = False

    @hookimpl
    def notify(self, notice: AlarmNotice, notifier: NotifierTerms) -> str | None:
        if notifier.kind != "spy":
            return None
        if self.fails:
            raise VendorUnavailable("nobody answers", where="spy")
        self.told.append((notifier, notice))
        return "told"


class Desk:
    """A hub whose clock is set by the test."""

    def __init__(self, hub: Hub, fakehub: ModuleType, patch: pytest.MonkeyPatch, spy: Spy) -> None:
        self.hub, self.fakehub, self.patch, self.spy, self.runs = hub, fakehub, patch, spy, 0

    def at(self, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> None:
        """Set the clock, in UTC."""
        self.patch.setattr(self.fakehub, "NOW", datetime(2026, month, day, hour, minute, second, tzinfo=UTC))

    def flow(self, name: str, *arguments: Any) -> Any:
        """Run a flow as a new run."""
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"run {self.runs}", *arguments)

    def check(self) -> dict[str, int]:
        """Alarms by level that a check raised, those that are none left out."""
        done = self.flow("deadlines.check")
        return {name[7:]: many for name, many in done.items() if name.startswith("alarms ") and many}

    def open(self, kind: str, within: int = 30) -> list[Deadline]:
        """Open deadlines of a kind."""
        return [one for one in deadlines.open_now(self.hub, "acme", within) if one.kind == kind]

    def rows(self, query: Any) -> Sequence[Any]:
        """Rows of a query."""
        with self.hub.store.read("acme") as session:
            return session.rows(query)

    def alarms(self, kind: str) -> list[tuple[str, str]]:
        """Day to send and level of the alarms of a kind, in the order in which they were raised."""
        found = self.rows(select(alarm).where(alarm.c.kind == kind).order_by(alarm.c.seq))
        return [(str(row.send_by), row.level) for row in found]


@pytest.fixture
def desk(
    db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Desk:  # fmt: skip
    monkeypatch.setenv("BENEHUB_TEST_PAGER", "pager-key")
    spy = Spy()
    hub = open_hub(db_url, spy)
    made = Desk(hub, fakehub, monkeypatch, spy)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    return made


def test_a_pay_date_that_nobody_has_worked_out_is_raised_once_a_level(desk: Desk) -> None:
    # The 12th is Columbus Day: the 14th, the day to tell payroll, is five business days after the 6th.
    for moment, raised in (
        ((10, 5, 12), []), ((10, 6, 0), ["t5"]), ((10, 7, 12), []), ((10, 9, 9), ["t2"]), ((10, 12, 9), []),
        ((10, 14, 17), ["today"]), ((10, 14, 17, 0, 1), ["late"]), ((10, 15, 9), []),
    ):  # fmt: skip
        desk.at(*moment)
        before = desk.alarms("deductions.push")
        desk.check()
        assert [level for _, level in desk.alarms("deductions.push")[len(before) :]] == raised, moment
    told = [("2026-10-14", level) for level in ("t5", "t2", "today", "late")]
    assert desk.alarms("deductions.push") == told


def test_a_pay_date_that_went_by_while_no_worker_was_there_is_late(desk: Desk) -> None:
    desk.flow("deductions.push", "payroll", "monthly", "2026-10-15")
    desk.at(11, 18, 9)
    late = [one for one in desk.open("deductions.push") if one.due < date(2026, 11, 18)]
    assert [(one.subject, one.level.value) for one in late] == [("deductions.push/payroll/monthly/2026-11-13", "late")]
    assert "too late to tell payroll" in late[0].mend
    with pytest.raises(DataError, match="nothing here does it"):
        meeting.meet(desk.hub, "acme", late[0].subject, late[0].kind)
    desk.check()
    assert desk.alarms("deductions.push")[0][1] == "late"
    desk.at(12, 1, 9)
    assert not [one for one in desk.open("deductions.push") if one.due < date(2026, 12, 1)]


@pytest.mark.parametrize("told_still", [False, True])
def test_a_pay_date_that_payroll_has_moved_is_not_late(desk: Desk, told_still: bool) -> None:
    """A second one of the same days that is still told is one of its own: a run of bonuses, say."""
    desk.flow("deductions.push", "payroll", "monthly", "2026-10-15")
    days = {"period_start": "2026-11-01", "period_end": "2026-11-15"}
    dates = [(date(2026, 11, 10), None if told_still else 9), (date(2026, 11, 12), None)]
    october = Version("pay_date", "monthly", "2026-10-15", date(2026, 10, 15),
                      {"period_start": "2026-10-01", "period_end": "2026-10-15"})  # fmt: skip
    told = [Version("pay_date", "monthly", f"{day}", day, days) for day, _ in dates]
    row = {"connection_id": "payroll", "stream": "pay_calendar", "row_hash": "", "filled": ""}
    rows = [row | {"row_key": f"{day}", "about": f"monthly/{day}", "gone_seq": gone} for day, gone in dates]
    with desk.hub.store.write("acme") as session:
        facts.record(session, [october, *told], "test")
        session.add(seen, rows)
    desk.at(11, 18, 9)
    late = [one.due for one in desk.open("deductions.push") if one.due < date(2026, 11, 18)]
    assert late == [day for day, gone in dates if gone is None]


def test_what_is_pushed_has_no_deadline_until_cover_changes(desk: Desk) -> None:
    (one,) = desk.open("deductions.push")
    assert (one.due, one.send_by, one.latest_safe) == (
        date(2026, 10, 15), date(2026, 10, 14), datetime(2026, 10, 14, 17, tzinfo=UTC)
    )  # fmt: skip
    desk.flow("deductions.push", "payroll", "monthly", "2026-10-15")
    assert desk.open("deductions.push") == desk.open("deduction.set") == []
    with desk.hub.store.write("acme") as session:
        who = session.rows(select(person.c.person_id))[0].person_id
        cover = {"plan": "ppo", "tier": "FAM", "dependents": [], "event": ""}
        facts.record(session, [Version("coverage", who, "medical", date(2026, 11, 1), cover)], "test")
    assert desk.open("deductions.push") == []  # it begins after the pay date
    with desk.hub.store.write("acme") as session:
        facts.record(session, [Version("coverage", who, "medical", date(2026, 10, 1), cover)], "test")
    assert [one.subject for one in desk.open("deductions.push")] == ["deductions.push/payroll/monthly/2026-10-15"]


def test_the_lead_and_the_cut_off_are_the_plan_books(desk: Desk) -> None:
    lead = '\ndeadlines: {lead: {payroll: {bank_days: 3, cutoff: "09:30"}}}\n'
    load_plan_book(desk.hub, desk.fakehub.BOOK.replace("{id: acme, name: Acme}",
                   "{id: acme, name: Acme, timezone: America/New_York}") + lead, "book")  # fmt: skip
    (one,) = desk.open("deductions.push")
    assert one.latest_safe == datetime(2026, 10, 9, 13, 30, tzinfo=UTC)


def test_obligations_that_wait_are_raised_each_by_itself(desk: Desk) -> None:
    desk.fakehub.Vendor.script = ["400"] * 3
    desk.flow("deductions.push", "payroll", "monthly", "2026-10-15")
    desk.at(10, 9, 12)
    assert [(one.items, one.send_by) for one in desk.open("deduction.set")] == [(3, date(2026, 10, 14))]
    desk.check()
    assert desk.alarms("deduction.set") == [("2026-10-14", "t2")] * 3
    assert desk.check() == {}
    desk.at(10, 16, 12)
    desk.check()
    assert desk.alarms("deduction.set") == [("2026-10-14", "t2")] * 3 + [("2026-10-14", "late")] * 3


def test_a_watched_connection_has_no_deadlines_and_a_paused_one_has(desk: Desk) -> None:
    for mode, many in (("watch", 0), ("paused", 1)):
        with desk.hub.store.write("acme") as session:
            session.change(connection, {"connection_id": "payroll"}, mode=mode)
        assert len(desk.open("deductions.push")) == many


def test_a_change_of_cover_is_a_deadline_until_the_carrier_was_told(desk: Desk) -> None:
    (one,) = desk.open("enrollments.send")
    # Decided on the 1st of October for the 1st of January: too late for that day, so the next one counts.
    assert (one.connection, one.items, one.send_by) == ("carrier", 3, date(2026, 10, 1))
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    assert desk.open("enrollments.send") == []


def test_an_accrued_premium_has_a_deadline_until_it_is_paid(desk: Desk) -> None:
    desk.at(10, 20, 12)
    desk.flow("premiums.accrue", "2026-11")
    (one,) = desk.open("premium.remit")
    # Due on Sunday the 1st: there on Friday the 30th, two bank days before that.
    assert (one.due, one.send_by, one.worth_minor) == (date(2026, 11, 1), date(2026, 10, 28), 3 * 500_00)


def withhold(desk: Desk, day: date, amount: int) -> None:
    with desk.hub.store.write("acme") as session:
        who = session.rows(select(person.c.person_id))[0].person_id
        dims = (who, "401k", "pretax", f"{day:%Y-%m}", day)
        legs = (Leg(chart.PAYROLL_CLEARING, "USD", amount, *dims), Leg(chart.DEFERRAL_PAYABLE, "USD", -amount, *dims))
        ledger.record(session, [NewEntry(f"t/{day}", "deduction.withheld", day, legs, "test")])


def test_a_late_deposit_is_estimated_and_becomes_a_difference_at_once(desk: Desk) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK.replace("carriers:\n", KEEPER), "book")
    withhold(desk, date(2026, 8, 14), 100_000_00)
    desk.at(8, 19, 12)
    (one,) = desk.open("contribution.deposit")
    assert (one.send_by, one.level.value) == (date(2026, 8, 19), "today")
    assert one.more == {"outer_limit": date(2026, 9, 22), "safe_harbor": date(2026, 8, 25)}
    desk.at(9, 18, 12)
    desk.check()
    (raised,) = desk.rows(select(alarm).where(alarm.c.kind == "contribution.deposit"))
    assert (raised.level, raised.worth_minor) == ("late", 100_000_00)
    assert raised.estimate_minor > 0
    (found,) = desk.rows(select(difference).where(difference.c.type == "WITHHELD_NOT_DEPOSITED"))
    assert (found.state, found.expected, found.reference) == ("discrepancy", 100_000_00, "2026-08-14")
    assert "late since 2026-08-19, it has cost about" in found.action


def test_the_same_alarm_is_neither_written_twice_nor_changed(desk: Desk) -> None:
    desk.at(10, 14, 12)
    assert deadlines.raise_alarms(desk.hub, "acme")["raised"]["today"] >= 1
    many = desk.rows(select(func.count().label("n")).select_from(alarm))[0].n
    assert not any(deadlines.raise_alarms(desk.hub, "acme")["raised"].values())
    assert desk.rows(select(func.count().label("n")).select_from(alarm))[0].n == many
    with pytest.raises(DBAPIError, match="never changed"), desk.hub.store.write("acme") as session:
        session.connection.execute(update(alarm).values(level="t5"))


def test_each_notifier_is_told_what_it_wants_to_hear_once(desk: Desk) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK + NOTIFY, "book")
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    desk.at(10, 6, 12)
    desk.check()
    assert desk.spy.told == []  # five days are left: nobody wants to hear of that
    desk.at(10, 9, 12)
    desk.check()
    desk.check()
    ((terms, notice),) = desk.spy.told
    assert (terms.name, terms.settings, notice.employer) == ("finance", {"to": "finance@acme.example"}, "acme")
    (line,) = notice.lines
    assert (line.kind, line.level, line.count, line.latest_safe) == (
        "deductions.push", "t2", 1, "2026-10-14T17:00:00.000000Z"
    )  # fmt: skip
    desk.at(10, 14, 18)
    desk.check()
    assert [(terms.name, dict(terms.secrets)) for terms, _ in desk.spy.told[1:]] == [
        ("finance", {}), ("pager", {"key": "pager-key"})
    ]  # fmt: skip
    assert "pager-key" not in repr(desk.spy.told)
    late = next(one for one in deadlines.open_now(desk.hub, "acme", 0) if one.kind == "deductions.push")
    raised = deadlines.told_of(desk.hub, "acme", [late])[late.subject]
    assert [(one.level.value, [(who.notifier, who.state) for who in one.told]) for one in raised] == [
        ("late", [("finance", "told"), ("pager", "told")]), ("t2", [("finance", "told")]), ("t5", [])
    ]  # fmt: skip


@pytest.mark.parametrize("address", ["", "https://hub.acme.example", "https://hub.acme.example/"])
def test_a_message_leads_to_the_page(desk: Desk, address: str) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK + NOTIFY, "book")
    desk.hub.public_url = address
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    desk.at(10, 9, 12)
    desk.check()
    ((_, notice),) = desk.spy.told
    assert {one.link for one in notice.lines} == {f"{address.rstrip('/')}/e/acme/deadlines"}


def test_alarms_of_obligations_that_are_alike_are_told_as_one(desk: Desk) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK + NOTIFY, "book")
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    with desk.hub.store.write("acme") as session:  # as where the file could not leave
        session.connection.execute(update(obligation).values(state="open", dispatch_id=None))
    desk.patch.setattr(desk.spy, "fails", True)
    desk.at(12, 30, 12)
    desk.check()
    (late, *_) = desk.open("enrollment.change")
    (raised,) = deadlines.told_of(desk.hub, "acme", [late])[late.subject]
    assert late.items > 1 and raised.level.value == "late"
    assert [(one.notifier, one.state, "nobody answers" in one.error) for one in raised.told] == [
        ("finance", "waiting", True), ("pager", "waiting", True)
    ]  # fmt: skip


def test_a_notifier_that_fails_loses_nothing_and_is_tried_again(desk: Desk) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK + NOTIFY, "book")
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    desk.at(10, 9, 12)
    desk.spy.fails = True
    assert desk.flow("deadlines.check")["not_told"] == 1
    (row,) = desk.rows(select(notification))
    assert (row.state, row.tries, row.next_at) == ("waiting", 1, "2026-10-09T12:00:30.000000Z")
    assert row.error == "spy: nobody answers"
    assert notifying.deliver(desk.hub) == {"told": 0, "not_told": 0}  # not yet
    desk.spy.fails = False
    desk.at(10, 9, 12, 1)
    assert notifying.deliver(desk.hub) == {"told": 1, "not_told": 0}
    assert notifying.deliver(desk.hub) == {"told": 0, "not_told": 0}
    (row,) = desk.rows(select(notification))
    assert (row.state, row.tries, row.error) == ("told", 2, "")


def test_a_plan_book_that_is_not_read_any_more_waits_and_holds_up_nobody(desk: Desk) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK + NOTIFY, "book")
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    desk.at(10, 9, 12)
    desk.spy.fails = True
    desk.check()
    desk.at(10, 9, 13)
    desk.spy.fails = False

    def unread(*_: Any) -> Any:
        raise ConfigError("the plan book is not valid", mend="Load it again")

    desk.patch.setattr(type(desk.hub), "book", unread)
    assert notifying.deliver(desk.hub)["not_told"] == 1
    (row,) = desk.rows(select(notification))
    assert (row.state, row.tries) == ("waiting", 2)
    assert "the plan book is not valid" in row.error


def test_pauses_grow_to_an_hour_and_what_is_named_no_longer_is_dropped(desk: Desk) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK + NOTIFY, "book")
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    desk.at(10, 9, 12)
    desk.spy.fails = True
    desk.check()
    for _ in range(9):
        (row,) = desk.rows(select(notification))
        desk.patch.setattr(desk.fakehub, "NOW", datetime.fromisoformat(row.next_at))
        notifying.deliver(desk.hub)
    (row,) = desk.rows(select(notification))
    assert datetime.fromisoformat(row.next_at) - desk.fakehub.NOW == timedelta(hours=1)
    load_plan_book(desk.hub, desk.fakehub.BOOK, "book")
    desk.patch.setattr(desk.fakehub, "NOW", datetime.fromisoformat(row.next_at))
    assert notifying.deliver(desk.hub)["dropped"] == 1


def test_a_kind_that_no_plugin_tells_by_is_said(desk: Desk) -> None:
    load_plan_book(desk.hub, desk.fakehub.BOOK + NOTIFY.replace("kind: spy", "kind: pigeon"), "book")
    desk.flow("enrollments.send", "carrier", "2026-10-01")
    desk.at(10, 9, 12)
    assert desk.flow("deadlines.check")["not_told"] == 1
    assert "no plugin tells by 'pigeon'" in desk.rows(select(notification))[0].error


def test_ten_thousand_obligations_are_raised_by_four_statements(desk: Desk) -> None:
    desk.flow("deductions.push", "payroll", "monthly", "2026-10-15")
    with desk.hub.store.write("acme") as session:
        one = session.rows(select(obligation).where(obligation.c.kind == "deduction.set"))[0]._mapping
        session.add(
            obligation,
            ({**one, "obligation_id": f"obl_{n}", "business_key": f"k/{n}", "state": "open"} for n in range(10_000)),
        )
    desk.at(10, 14, 12)
    assert desk.check()["today"] == 10_000
    ((line,),) = [[row] for row in desk.open("deduction.set")]
    assert line.items == 10_000
