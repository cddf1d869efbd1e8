"""A match that is posted after its pay date was due makes nobody's own money one of a correction."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import corrected, retirement
from benehub.reconcile.lines import Line
from benehub.store import Store
from benehub.store.tables import leg, person

PAY, DUE = date(2026, 9, 30), date(2026, 10, 5)


def test_a_match_of_its_own_period_is_awaited_from_the_day_it_was_posted(store: Store) -> None:
    book: Any = SimpleNamespace(
        plan=lambda plan: SimpleNamespace(id=plan, recordkeeper="keeper"), employer=SimpleNamespace(currency="USD")
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
        assert corrected.match_since(session, "401k", PAY) == session.today()
        lines = [Line("per_a", "401k", part, PAY, 50_00, 0, 0) for part in ("match", "pretax")]
        match, own = retirement._unequal(session, lines, Month(2026, 9), book, due)
        assert (match.clear_by, own.clear_by) == (far, DUE)
        (unsent,) = retirement._not_deposited(session, book, "keeper", Month(2026, 9), due)
        assert (unsent.expected, unsent.clear_by) == (100_00, far)
