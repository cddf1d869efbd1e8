"""What was told later, and what was not: when a match is awaited, and what late money has cost.

A match that is posted after its pay date was due makes nobody's own money one of a correction.
"""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Month
from benehub.reconcile import corrected, retirement
from benehub.reconcile.lines import Line
from benehub.rules.retirement.lost_earnings import lost_earnings
from benehub.store import Store
from benehub.store.tables import confirmation, connection, employer, intake_batch, leg, person

PAY, DUE = date(2026, 9, 30), date(2026, 10, 5)


def test_a_match_of_its_own_period_is_awaited_from_the_day_it_was_posted(store: Store) -> None:
    terms = SimpleNamespace(by_payroll=False)
    book: Any = SimpleNamespace(
        plan=lambda plan: SimpleNamespace(id=plan, recordkeeper="keeper", match=terms),
        employer=SimpleNamespace(currency="USD"),
    )
    far = date(9999, 1, 1)

    def due(_: Any, day: date) -> Any:
        return SimpleNamespace(due=DUE if day == PAY else far, outer_limit=far)

    with store.write("acme") as session:
        assert session.today() > DUE
        for who in ("per_a", "per_b"):
            session.add(
                person, [{"person_id": who, "kind": "employee", "subscriber_id": who, "member_id": who, "seq": 0}]
            )
            legs = [
                Leg(account, "USD", amount, who, "401k", "match", "2026-09", PAY)
                for account, amount in ((chart.MATCH_EXPENSE, 50_00), (chart.MATCH_PAYABLE, -50_00))
            ]
            ledger.record(session, [NewEntry(f"match/{who}", "match.accrued", PAY, tuple(legs), "test")])
        assert corrected.told_later(session, "401k", PAY, DUE, leg.c.person_id.is_not(None)) == {}
        assert corrected.match_since(session, book.plan("401k"), PAY) == session.today()
        lines = [Line("per_a", "401k", part, PAY, 50_00, 0, 0) for part in ("match", "pretax")]
        match, own = retirement._unequal(session, lines, Month(2026, 9), book, due)
        assert (match.clear_by, own.clear_by) == (far, DUE)
        (unsent,) = retirement._not_deposited(session, book, "keeper", Month(2026, 9), due)
        assert (unsent.expected, unsent.clear_by) == (100_00, far)
        terms.by_payroll = True  # then it is owed with the pay, whenever the hub came to post it
        match, _ = retirement._unequal(session, lines, Month(2026, 9), book, due)
        (unsent,) = retirement._not_deposited(session, book, "keeper", Month(2026, 9), due)
        assert match.clear_by == unsent.clear_by == DUE


def test_late_money_costs_from_its_own_due_day_in_the_text_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As what is posted: of first-told money and of a correction that came on one day, each from its own."""
    told, own_due, came = date(2026, 11, 2), date(2026, 11, 6), date(2026, 12, 30)
    book: Any = SimpleNamespace(plan=lambda plan: SimpleNamespace(id=plan), employer=SimpleNamespace(currency="USD"))

    def due(_: Any, day: date) -> Any:
        return SimpleNamespace(due=own_due if day == told else DUE, safe_harbor=None, outer_limit=came)

    row: dict[str, Any] = {"plan": "401k", "pay_date": PAY, "on_date": came, "amount": 90_000_00, "own": 90_000_00}
    monkeypatch.setattr(retirement, "_after", lambda *_: [SimpleNamespace(**row)])
    monkeypatch.setattr(corrected, "told_later", lambda *_: {})
    later = SimpleNamespace(on_date=came, amount=40_000_00, part="pretax")
    monkeypatch.setattr(corrected, "credited", lambda *_: [(later, told)])
    nobody: Any = SimpleNamespace(where=lambda *_, **__: [], employer="acme")
    (found,) = retirement._late(nobody, book, "keeper", Month(2026, 9), due)
    costs = sum(
        lost_earnings(principal_minor=own, loss_date=day, recovery_date=came).required().lost_earnings_minor
        for own, day in ((50_000_00, DUE), (40_000_00, own_due))
    )
    assert f"Pay lost earnings of {format_minor(costs)} to the plan" in found.action


def test_what_was_corrected_in_the_night_east_of_utc_was_told_that_day(store: Store) -> None:
    """It is 24 November in Auckland when the correction is read, and still the 23rd by UTC."""
    due = date(2026, 11, 23)
    with store.write("acme") as session:
        session.change(employer, {}, timezone="Pacific/Auckland")
    with store.write("acme") as session:
        assert session.today() == date(2026, 11, 24)
        named = {"kind": "employee", "subscriber_id": "per_a", "member_id": "per_a", "seq": 0}
        session.add(person, [{"person_id": "per_a", **named}])
        session.add(connection, [{"connection_id": "c", "connector": "files", "settings": {}, "mode": "live"}])
        counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
        texts = dict.fromkeys(("part", "tax_class", "tier", "coverage_month", "reference"), "")
        for version, (amount, at) in enumerate(((70_00, "2026-10-01T12:00:00Z"), (100_00, session.now())), 1):
            told = {"batch_id": f"int_{version}", "connection_id": "c", "seq": version}
            session.add(intake_batch, [{
                **told, **counts, "stream": "register_line", "run_key": str(version), "state": "applied", "reason": "",
                "recorded_at": at,
            }])  # fmt: skip
            session.add(confirmation, [{
                **told, **texts, "kind": "register_line", "row_key": "k", "version": version, "current": version - 1,
                "person_id": "per_a", "external_id": "1", "plan": "401k", "part": "pretax", "code": "401K",
                "pay_date": PAY, "amount": amount, "unit": "USD", "detail": {}, "row_no": 1,
            }])  # fmt: skip
        legs = [
            Leg(account, "USD", amount, "per_a", "401k", "pretax", None, PAY)
            for account, amount in ((chart.PAYROLL_CLEARING, 100_00), (chart.DEFERRAL_PAYABLE, -100_00))
        ]
        ledger.record(session, [NewEntry("taken", "deduction.withheld", PAY, tuple(legs), "test")])
        (known,) = corrected.told_later(session, "401k", PAY, due, leg.c.person_id.is_not(None)).values()
        assert (known.since(70_00), known.since(0)) == (date(2026, 11, 24), PAY)
