"""Where a payment stands is said by who confirmed it, not by what was sent."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from benehub.views.deposits import _standing

TODAY = date(2026, 11, 23)
REMIT, DEPOSIT = "premium.remit", "contribution.deposit"


@pytest.mark.parametrize(
    ("kind", "state", "sent", "transit", "standing"),
    [
        (REMIT, "sent", "2026-11-01", {"d": -5}, "sent"),
        (REMIT, "sent", "2026-11-01", {"d": 0}, "arrived"),
        (REMIT, "confirmed", "2026-11-01", {"d": -5}, "accepted"),
        (REMIT, "confirmed", "2026-11-01", {}, "accepted"),  # it left, and is not posted yet
        (REMIT, "refused", "2026-11-01", {"d": 0}, "refused"),  # it came back: its legs are reversed
        (REMIT, "open", "2026-11-01", {"d": 0}, "late"),  # it came back, and is owed anew
        (DEPOSIT, "sent", "2026-11-01", {}, "sent"),
        (DEPOSIT, "confirmed", "2026-11-01", {}, "arrived"),
        (DEPOSIT, "refused", "2026-11-01", {}, "refused"),
        (DEPOSIT, "refused", "", {}, "late"),
    ],
)
def test_a_payment_stands_where_its_money_is(
    kind: str, state: str, sent: str, transit: dict[str, int], standing: str
) -> None:
    row: Any = SimpleNamespace(kind=kind, state=state, sent_at=sent, dispatch_id="d", due_date=date(2026, 11, 20))
    assert _standing(row, TODAY, transit) == standing


def test_what_is_not_sent_is_due_until_its_day() -> None:
    row: Any = SimpleNamespace(kind=REMIT, state="open", sent_at="", dispatch_id="", due_date=TODAY)
    assert _standing(row, TODAY, {}) == "due"
