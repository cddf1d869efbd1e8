"""By when a deposit has to be with the plan (R17)."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import ConfigError
from benehub.rules.registry import calculate


def due(pay_date: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = calculate("retirement.deposit-due", {"pay_date": pay_date, **more})["result"]
    return found


CASES = [
    # Friday before Veterans Day (Wednesday 11 November)
    ("R17 small plan", "2026-11-06", {"participants": 99}, "2026-11-12", "2026-11-18", "2026-12-21"),
    ("R17 not small", "2026-11-06", {"participants": 100}, "2026-11-12", None, "2026-12-21"),
    ("R17 size unknown", "2026-11-06", {}, "2026-11-12", None, "2026-12-21"),
    ("over the new year", "2026-12-31", {"participants": 5}, "2027-01-06", "2027-01-12", "2027-01-25"),
    ("R17 health plan", "2026-11-06", {"plan_kind": "welfare"}, "2026-11-12", None, "2027-02-04"),
    ("own standard", "2026-11-06", {"standard_bank_days": 1}, "2026-11-09", None, "2026-12-21"),
    (
        "never after the outer limit",
        "2026-11-30",
        {"standard_bank_days": 30},
        "2026-12-21",
        None,
        "2026-12-21",
    ),
]


@pytest.mark.parametrize(
    ("pay_date", "more", "standard", "harbor", "outer"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_worked_case(pay_date: str, more: dict[str, Any], standard: str, harbor: str | None, outer: str) -> None:
    found = due(pay_date, **more)
    assert (found["due"], found["safe_harbor"], found["outer_limit"]) == (standard, harbor, outer)


def test_the_alert_comes_two_bank_days_before() -> None:
    assert due("2026-11-06")["alert_on"] == "2026-11-09"


def test_a_year_beyond_the_calendars_is_refused() -> None:
    with pytest.raises(ConfigError, match="no bank holidays are known for 2051"):
        due("2050-12-29")
