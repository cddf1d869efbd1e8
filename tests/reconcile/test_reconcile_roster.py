"""The roster against what was decided here: who is dropped, never enrolled, or covered by nobody's decision."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from benehub import facts, obligations, planbook
from benehub.facts import Version
from benehub.obligations import Wanted
from benehub.periods import FOREVER, Month
from benehub.planbook import PlanBook
from benehub.reconcile import Finding, roster
from benehub.store import Session, Store
from benehub.store.tables import confirmation, connection, intake_batch, person

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups: {monthly: {frequency: monthly, days: [15]}}
plans:
  - {id: ppo, name: PPO, benefit_type: medical, carrier: carrier, effective_from: 2026-01-01,
     rates: [{from: 2026-01-01, tiers: {EE: 500.00, ES: 900.00, EC: 800.00, FAM: 1200.00}}],
     employer_contribution: {scheme: percent_of_tier, percent: 80%},
     deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}}
carriers: {carrier: {pay_policy: pay_as_enrolled}}
"""
NOVEMBER = Month(2026, 11)
TODAY = date(2026, 11, 23)
ANN, BEN, CYD = "per_ann", "per_ben", "per_cyd"


class Desk:
    """An employer with three people, a carrier, and a session to write in."""

    def __init__(self, session: Session, book: PlanBook) -> None:
        self.session, self.book, self.batches = session, book, 0
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        session.add(
            person,
            [
                {"person_id": one, "kind": "employee", "subscriber_id": one, "member_id": one[4:], "ssn_sealed": None,
                 "ssn_index": None, "seq": 0}
                for one in (ANN, BEN, CYD)
            ],
        )  # fmt: skip

    def covered(self, who: str, start: date = date(2026, 1, 1), end: date = FOREVER) -> None:
        """Decided here."""
        data = {"plan": "ppo", "tier": "EE", "dependents": [], "event": ""}
        facts.record(self.session, [Version("coverage", who, "medical", start, data, end)], "test")

    def told(self, who: str, start: date = date(2026, 1, 1), end: date | None = None, on: date = TODAY) -> None:
        """Sent and acknowledged."""
        data = {"tier": "EE", "from": str(start), "to": str(end) if end else None, "dependents": []}
        facts.record(self.session, [Version("told", who, "carrier/ppo", on, data)], "test")

    def read(self, *who: str | None, end: date = FOREVER) -> None:
        """The roster is read and shows these, until `end`."""
        self.batches += 1
        seq, at = self.session.take_seq()
        batch_id = f"int_{self.batches}"
        counts = {"full_read": 1, "rows": len(who) or 1, "applied": len(who) or 1, "unchanged": 0, "quarantined": 0}
        self.session.add(
            intake_batch,
            [{"batch_id": batch_id, "connection_id": "carrier", "stream": "roster", "run_key": batch_id,
              "state": "applied", "reason": "", "superseded": 0, "seq": seq, "recorded_at": at, **counts}],
        )  # fmt: skip
        self.session.add(
            confirmation,
            [
                {"kind": "roster", "connection_id": "carrier", "row_key": f"{one}", "version": self.batches,
                 "current": 1, "person_id": one, "external_id": one or "X1", "reference": one or "X1", "plan": "ppo",
                 "part": "self", "code": "", "tax_class": "", "tier": "EE", "coverage_month": "", "amount": 0,
                 "unit": "USD", "detail": {}, "batch_id": batch_id, "row_no": 1, "seq": seq,
                 "effective_from": date(2026, 1, 1), "effective_to": end}
                for one in who
            ],
        )  # fmt: skip

    def owe(self, who: str, state: str, due: date) -> None:
        """Something is still to be told, or to be answered."""
        one = Wanted("enrollment.change", f"e/{who}", "carrier", "2026-11", due, due, {}, person_id=who)
        obligations.want(self.session, [one])
        obligations.mark(self.session, [self.session.id("obl", one.key)], state)

    def find(self, month: Month = NOVEMBER, **known: Any) -> list[Finding]:
        """The comparison."""
        given: dict[str, Any] = {"accrued": {}, "refused": set(), "billed": set(), **known}
        return roster.compare(self.session, self.book, "carrier", month, **given)

    def types(self, month: Month = NOVEMBER, **known: Any) -> list[tuple[str, str | None]]:
        """Types and whose."""
        return [(one.type.value, one.person_id) for one in self.find(month, **known)]


@pytest.fixture
def desk(store: Store) -> Any:
    with store.write("acme") as session:
        yield Desk(session, planbook.load(BOOK, "book"))


def test_who_agrees_is_no_difference(desk: Desk) -> None:
    desk.covered(ANN)
    desk.told(ANN)
    desk.read(ANN)
    assert desk.find() == []


def test_told_and_not_on_the_roster_is_dropped(desk: Desk) -> None:
    desk.covered(ANN)
    desk.told(ANN)
    desk.read(BEN)
    desk.covered(BEN)
    (found,) = desk.find(accrued={(ANN, "ppo"): 50000})
    assert (found.type, found.person_id, found.expected) == ("MEMBER_DROPPED", ANN, 50000)


def test_the_roster_cannot_know_what_was_acknowledged_after_it(desk: Desk) -> None:
    desk.read(BEN)
    desk.covered(BEN)
    desk.covered(ANN)
    desk.told(ANN)
    assert desk.find() == []


@pytest.mark.parametrize(
    ("start", "end"),
    [(date(2026, 1, 1), date(2026, 11, 10)), (date(2026, 11, 28), None)],
    ids=["left before the roster's day", "begins after it"],
)
def test_the_roster_speaks_for_its_own_day(desk: Desk, start: date, end: date | None) -> None:
    desk.covered(ANN, start, end or FOREVER)
    desk.told(ANN, start, end)
    desk.read(BEN)
    desk.covered(BEN)
    assert desk.find() == []


def test_covered_here_and_never_told_is_not_enrolled(desk: Desk) -> None:
    for who in (ANN, BEN):
        desk.covered(who)
    desk.told(BEN)
    desk.read(BEN)
    (found,) = desk.find(accrued={(ANN, "ppo"): 50000})
    assert (found.type, found.person_id, found.expected, found.severity) == ("COVERED_NOT_ENROLLED", ANN, 50000, "low")
    assert "never told" in found.cause and found.clear_by == date(2026, 1, 6)


def test_what_is_on_its_way_has_time_to_be_answered(desk: Desk) -> None:
    desk.covered(ANN, date(2026, 11, 20))
    desk.owe(ANN, "sent", TODAY)
    desk.read(BEN)
    desk.covered(BEN)
    (found,) = desk.find()
    assert found.type == "COVERED_NOT_ENROLLED"
    assert found.clear_by == TODAY + timedelta(days=roster.ANSWER_DAYS)


def test_a_refused_member_has_a_difference_already(desk: Desk) -> None:
    desk.covered(ANN)
    desk.read(BEN)
    desk.covered(BEN)
    assert desk.types(refused={ANN}) == []


def test_without_any_roster_what_was_told_speaks(desk: Desk) -> None:
    for who in (ANN, BEN):
        desk.covered(who)
    assert desk.find() == []  # nobody tells this carrier anything through us
    desk.told(BEN)
    assert desk.types() == [("COVERED_NOT_ENROLLED", ANN)]


def test_on_the_roster_and_covered_by_nobodys_decision(desk: Desk) -> None:
    desk.covered(ANN)
    desk.covered(BEN, end=date(2026, 11, 10))
    for who in (ANN, BEN):
        desk.told(who)
    desk.read(ANN, BEN, None)
    assert sorted(desk.types(), key=str) == [("ENROLLED_NOT_COVERED", BEN), ("ENROLLED_NOT_COVERED", None)]
    # The bill tells it with the money at stake: one difference, not two.
    assert desk.types(billed={(BEN, "ppo")}) == [("ENROLLED_NOT_COVERED", None)]


def test_an_ending_on_its_way_has_time_to_be_answered(desk: Desk) -> None:
    desk.covered(BEN, end=date(2026, 11, 10))
    desk.told(BEN)
    desk.owe(BEN, "sent", TODAY)
    desk.read(BEN)
    (found,) = desk.find()
    assert (found.type, found.clear_by) == ("ENROLLED_NOT_COVERED", TODAY + timedelta(days=roster.ANSWER_DAYS))


def test_an_old_roster_says_nothing_of_a_month_after_it(desk: Desk) -> None:
    desk.covered(BEN, end=date(2026, 11, 10))
    desk.told(BEN)
    desk.read(BEN)
    assert desk.types(Month(2026, 12)) == []
