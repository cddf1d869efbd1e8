"""Back-dated facts: all legs at once with their cause, and the same money as if they had been known from the start."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.flows.books import late

from benehub import ledger
from benehub.connect.connector import Incoming
from benehub.flows import Hub, corrections
from benehub.flows.corrections import Correction, Part
from benehub.flows.onboarding import load_plan_book
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.periods import Month
from benehub.store.tables import confirmation as confirmations
from benehub.store.tables import entry, intake_batch, leg
from benehub.views.clearing import clearing
from benehub.views.why import why

BOOK = (
    late()
    + """\
carriers:
  carrier: {pay_policy: pay_as_enrolled}
guards: {mass_removal_percent: 100, headcount_drop_percent: 100}
"""
)


class Firm:
    """Employees in pairs: of the one all is told in time, of the other late."""

    def __init__(self, hub: Hub, fakehub: ModuleType, patch: pytest.MonkeyPatch, folder: Path, people: int) -> None:
        self.hub, self.fakehub, self.patch, self.runs = hub, fakehub, patch, 0
        patch.setattr(fakehub, "BOOK", BOOK)
        self.day(1, 1)
        feed = fakehub.feed
        patch.setattr(fakehub, "feed", lambda: feed(people))
        fakehub.set_up(hub, folder, "read_back")
        self.flow("coverage", "2026-01-01")

    def day(self, month: int, day: int) -> None:
        self.patch.setattr(self.fakehub, "NOW", datetime(2026, month, day, 12, tzinfo=UTC))

    def flow(self, name: str, *arguments: Any) -> Any:
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"{name}/{self.runs}", *arguments)

    def read(self, stream: str, rows: list[Incoming]) -> None:
        if rows:
            self.runs += 1
            self.fakehub.FakeConnector.rows[stream] = rows
            self.hub.start_flow("sync", "acme", f"s{self.runs}", "hris", stream, f"s{self.runs}", False)

    def elect(self, told: dict[int, tuple[str, date, str]]) -> None:
        """Elections of these employees: tier, first day, ground."""
        rows = [
            Incoming(f"{number}/{since}/{tier}/{self.runs}", {
                "employee": str(1000 + number), "plan": "ppo", "effective_from": since.isoformat(), "tier": tier,
                "event": event,
            }, row=row)
            for row, (number, (tier, since, event)) in enumerate(told.items(), 1)
        ]  # fmt: skip
        self.read("election", rows)

    def leave(self, told: dict[int, date]) -> None:
        """Last days of these employees."""
        self.read(
            "employee",
            [self.fakehub.person(number, termination_date=day.isoformat()) for number, day in told.items()],
        )

    def month(self, number: int) -> None:
        name = f"2026-{number:02d}"
        self.flow("coverage", f"{name}-01")
        self.flow("premiums.accrue", name)
        self.flow("deductions.expect", name)

    def sums(self) -> dict[str, dict[tuple[str, str], int]]:
        """Employee -> account and part -> all that was accrued or expected of the year so far."""
        with self.hub.store.read("acme") as session:
            members = people.people(session)
            rows = session.rows(
                select(leg.c.person_id, leg.c.account, leg.c.money_source, func.sum(leg.c.amount).label("amount"))
                .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
                .where(leg.c.person_id.is_not(None))
                .group_by(leg.c.person_id, leg.c.account, leg.c.money_source)
            )
        found: dict[str, dict[tuple[str, str], int]] = {}
        for row in rows:
            if row.amount:
                found.setdefault(members[row.person_id].member_id, {})[row.account, row.money_source] = int(row.amount)
        return found


@pytest.fixture
def firm(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Firm]:
    """firm(people)."""
    return lambda people: Firm(open_hub(sqlite_url), fakehub, monkeypatch, tmp_path / "vendor", people)


def legs(firm: Firm, number: str = "") -> dict[str, list[Correction]]:
    with firm.hub.store.read("acme") as session:
        who = people.by_member_id(session, number) if number else ""
        assert who is not None
    found: dict[str, list[Correction]] = {}
    for one in corrections.preview(firm.hub, "acme", who).found:
        found.setdefault(one.part.value, []).append(one)
    return found


def test_a_birth_told_late_corrects_every_leg_with_its_fact(firm: Callable[[int], Firm]) -> None:
    one = firm(3)
    for number in (8, 9, 10):
        one.day(number, 1)
        one.month(number)
    one.flow("enrollments.send", "carrier", "2026-10-01")
    with one.hub.store.write("acme") as session:
        who = people.by_member_id(session, "1001")
        batch = session.rows(select(intake_batch.c.batch_id))[0].batch_id
        empty = {"connection_id": "carrier", "version": 1, "current": 1, "external_id": "1001", "part": "current",
                 "code": "", "tax_class": "", "tier": "EE", "coverage_month": "2026-09", "amount": 800_00,
                 "unit": "USD", "reference": "INV", "detail": {}, "batch_id": batch, "row_no": 1, "seq": 1,
                 "plan": "ppo", "on_date": date(2026, 8, 20), "kind": "invoice_line", "row_key": "1",
                 "person_id": who}  # fmt: skip
        session.add(confirmations, [empty])
    one.day(10, 20)
    one.elect({1: ("EC", date(2026, 9, 1), "birth")})
    before = one.sums()
    found = legs(one)
    assert one.sums() == before  # a preview writes nothing
    assert {part: [(c.month, c.amount_minor) for c in of] for part, of in found.items()} == {
        "payroll": [("2026-09", 30_00), ("2026-10", 30_00)],
        "premium": [("2026-09", 100_00)],
        "employer": [("2026-09", 70_00)],
        "carrier": [("2026-09", 0)],
        "invoice": [("2026-09", 100_00)],
    }
    (cause,) = {fact for of in found.values() for c in of for fact in c.causes}
    with one.hub.store.read("acme") as session:
        assert why(session, cause).title == "fact election"
    assert legs(one, "1001") == found and legs(one, "1002") == {}
    done = one.flow("retro.correct")
    assert done["premium"] == 1 and done["payroll"] >= 1
    assert legs(one) == {}  # nothing is corrected twice
    with one.hub.store.read("acme") as session:
        rows = session.rows(select(entry.c.entry_id, entry.c.source).where(entry.c.source.startswith("retro change")))
        assert {row.source for row in rows} == {f"retro change of 2026-09 by {cause}"}
        assert cause in {behind.ref for behind in why(session, rows[0].entry_id).behind}


GROUNDS = ("birth", "marriage", "")


def test_correcting_forward_is_as_if_it_had_been_known_from_the_start(firm: Callable[[int], Firm]) -> None:
    """Random tiers, births, marriages and leavers from June on: one of each pair told in time, the other in October."""
    dice, pairs = random.Random(7), 16
    one = firm(2 * pairs)
    # what is true: by pair, changes of tier with their first day, and perhaps a last day
    tiers: dict[int, list[tuple[str, date, str]]] = {}
    ends: dict[int, date] = {}
    for pair in range(pairs):
        months = sorted(dice.sample(range(6, 10), dice.randint(0, 3)))
        tiers[pair] = [(dice.choice(("EE", "ES", "EC", "FAM")), date(2026, month, dice.choice((1, 1, 10, 20))),
                        dice.choice(GROUNDS)) for month in months]  # fmt: skip
        if dice.random() < 0.4:
            ends[pair] = date(2026, dice.randint(6, 9), dice.choice((5, 15, 28)))
    for number in range(6, 10):
        one.day(number, 1)
        for pair in range(pairs):
            for change in tiers[pair]:
                if change[1].month == number:
                    one.elect({2 * pair + 1: change})
        one.leave({2 * pair + 1: end for pair, end in ends.items() if end.month == number})
        one.month(number)
    one.day(10, 1)
    for turn in range(3):
        one.elect({2 * pair + 2: changes[turn] for pair, changes in tiers.items() if len(changes) > turn})
    one.leave({2 * pair + 2: end for pair, end in ends.items()})
    one.flow("retro.correct")
    sums = one.sums()
    for pair in ends:
        # Who has left has no coming pay: what he is owed stands open as his share instead.
        for number in (1001 + 2 * pair, 1002 + 2 * pair):
            mine = sums.get(str(number), {})
            share = mine.pop(("1300", "employee"), 0) + mine.pop(("1900", "employee"), 0)
            mine["1300", "employee"] = share
    different = {
        pair: (sums.get(str(1001 + 2 * pair)), sums.get(str(1002 + 2 * pair)), tiers[pair], ends.get(pair))
        for pair in range(pairs)
        if sums.get(str(1001 + 2 * pair)) != sums.get(str(1002 + 2 * pair))
    }
    assert different == {}


def test_a_rate_told_late_is_charged_for_the_months_it_was_wrong(firm: Callable[[int], Firm]) -> None:
    one = firm(3)
    for number in (8, 9):
        one.day(number, 1)
        one.month(number)
    first = "      - from: 2026-01-01\n"
    later = "      - from: 2026-09-01\n        tiers: {EE: 900.00, ES: 1100.00, EC: 1000.00, FAM: 1300.00}\n"
    book = BOOK.replace(first, f"{first}        to: 2026-09-01\n")
    load_plan_book(one.hub, book.replace("    employer_contribution", f"{later}    employer_contribution"), "book")
    one.day(10, 1)
    found = corrections.preview(one.hub, "acme")
    assert found.total(Part.PREMIUM) == 3 * 100_00 and found.total(Part.EMPLOYER) == 3 * 70_00
    assert found.total(Part.PAYROLL) == 3 * 30_00
    with one.hub.store.read("acme") as session:
        version = one.hub.book(session).version
    assert {c.causes for c in found.found} == {(f"plan book {version}",)}


def test_a_leaver_told_late_is_owed_what_no_coming_pay_gives_back(firm: Callable[[int], Firm]) -> None:
    one = firm(3)
    for number in (8, 9):
        one.day(number, 1)
        one.month(number)
    one.day(10, 1)
    one.leave({2: date(2026, 8, 31)})
    found = legs(one, "1002")
    assert [(c.month, c.amount_minor) for c in found["premium"]] == [("2026-09", -800_00)]
    (owed,) = found["payroll"]
    assert (owed.amount_minor, owed.on, owed.says) == (
        -240_00, None, "no coming pay settles it: the employee is owed it",
    )  # fmt: skip
    with one.hub.store.read("acme") as session:
        assert [why(session, cause).title for cause in owed.causes] == ["fact employment"]


def unexplained(one: Firm, month: Month) -> tuple[dict[str, int], int]:
    """What of the employees' shares is named beside the differences, and what nobody explains."""
    with one.hub.store.read("acme") as session:
        (account,) = [row for row in clearing(session, one.hub.book(session), month) if row.account == "1300"]
    return {item.name: item.amount for item in account.items}, account.unexplained


def taken(one: Firm, *days: date) -> None:
    """Payroll takes what it was told on these pay dates."""
    with one.hub.store.write("acme") as session:
        pending = session.rows(
            select(entry).where(entry.c.type == "deduction.expected", entry.c.effective_date.in_(days))
        )
        for row in pending:
            entries = [
                NewEntry(f"taken/{row.entry_id}", "deduction.withheld", row.effective_date,
                         ledger.legs_of(session, row.entry_id), "test", pending_id=row.entry_id)
            ]  # fmt: skip
            ledger.record(session, entries)


def test_what_a_leaver_is_owed_is_named_until_somebody_has_paid_it(firm: Callable[[int], Firm]) -> None:
    one, september = firm(3), Month(2026, 9)
    one.day(9, 1)
    one.month(9)
    taken(one, date(2026, 9, 15), date(2026, 9, 30))
    assert unexplained(one, september) == ({}, 0)
    one.day(10, 1)
    one.leave({2: date(2026, 8, 31)})
    one.flow("retro.correct")
    assert unexplained(one, september) == ({"owed to employees who have left": -240_00}, 0)
    with one.hub.store.write("acme") as session:
        who = people.by_member_id(session, "1002")
        dims: Any = (who, "ppo", "employee", "2026-09")
        legs_ = (Leg("1300", "USD", 240_00, *dims), Leg("1900", "USD", -240_00, *dims))
        ledger.record(session, [NewEntry("paid", "employee.refund", date(2026, 10, 2), legs_, "test")])
    assert unexplained(one, september) == ({}, 0)


def test_what_a_later_pay_corrects_is_named_in_the_month_it_is_of(firm: Callable[[int], Firm]) -> None:
    one, september = firm(3), Month(2026, 9)
    one.day(9, 1)
    one.month(9)
    taken(one, date(2026, 9, 15), date(2026, 9, 30))
    one.day(10, 1)
    one.elect({1: ("EC", date(2026, 9, 1), "birth")})
    one.flow("retro.correct")
    assert unexplained(one, september) == ({"retro lines on later pays": 30_00}, 0)
    taken(one, date(2026, 10, 15))
    assert unexplained(one, september) == ({"retro lines on later pays": 30_00}, 0)


def test_money_of_somebody_who_stays_is_not_named_away(firm: Callable[[int], Firm]) -> None:
    one, september = firm(3), Month(2026, 9)
    one.day(9, 1)
    one.month(9)
    taken(one, date(2026, 9, 15), date(2026, 9, 30))
    with one.hub.store.write("acme") as session:
        who = people.by_member_id(session, "1001")
        dims: Any = (who, "ppo", "employee", "2026-09")
        legs_ = (Leg("5100", "USD", 7_00, *dims), Leg("1300", "USD", -7_00, *dims))
        ledger.record(session, [NewEntry("odd", "odd", date(2026, 9, 2), legs_, "test")])
    assert unexplained(one, september) == ({}, -7_00)
