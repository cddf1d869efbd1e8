"""Two recordkeepers of one employer: each is compared with the deposits of its own plans."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from benehub.periods import Month
from benehub.reconcile import corrected, earnings, not_contributions, retirement
from benehub.reconcile.lines import Line


def due(*_: Any) -> Any:
    """Every pay date's standard."""
    return SimpleNamespace(due=date(2026, 9, 18))


def test_a_deposit_is_missed_by_its_own_recordkeeper_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Line("per_1", plan, "pretax", date(2026, 9, 15), 100_00, 0, 0) for plan in ("old 401k", "new 401k")]
    monkeypatch.setattr(retirement, "_differing", lambda *_: (lines, []))
    for name in ("_unknown", "_not_deposited", "_late"):
        monkeypatch.setattr(retirement, name, lambda *_: [])
    monkeypatch.setattr(earnings, "compare", lambda *_: [])
    monkeypatch.setattr(not_contributions, "forfeited", lambda *_: {})
    monkeypatch.setattr(not_contributions, "no_plan", lambda *_: [])
    book: Any = SimpleNamespace(
        plan=lambda plan: SimpleNamespace(id=plan, recordkeeper=plan[:3]), employer=SimpleNamespace(currency="USD")
    )
    monkeypatch.setattr(corrected, "told_later", lambda *_: {})
    nobody: Any = SimpleNamespace(today=lambda: date(2026, 9, 20), among=lambda *_: None)
    for keeper in ("old", "new"):
        (found,) = retirement.compare(nobody, book, keeper, Month(2026, 9), due)
        assert found.plan == f"{keeper} 401k"
