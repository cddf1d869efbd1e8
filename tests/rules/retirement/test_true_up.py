"""The year's match against what was paid."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import ConfigError
from benehub.rules.registry import calculate

FIVE = {"tiers": [{"up_to": "5%", "rate": "100%"}]}
R07 = {"year": 2025, "compensation_minor": 200_000_00, "deferrals_minor": 23_500_00, "paid_minor": 5_000_00}

CASES = [
    ("R07", {}, (10_000_00, 5_000_00, 5_000_00, 0)),
    ("the plan has none", {"plan_trues_up": False}, (10_000_00, 0, 5_000_00, 0)),
    (
        "matched by the year",
        {"plan_trues_up": False, "match_period": "annual"},
        (10_000_00, 5_000_00, 5_000_00, 0),
    ),
    ("nothing missed", {"paid_minor": 10_000_00}, (10_000_00, 0, 0, 0)),
    ("over-match is told", {"paid_minor": 10_200_00}, (10_000_00, 0, 0, 200_00)),
    (
        "R13 the cap",
        {"year": 2026, "compensation_minor": 400_000_00, "paid_minor": 0},
        (18_000_00, 18_000_00, 18_000_00, 0),
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(changes: dict[str, Any], expected: tuple[int, ...]) -> None:
    result = calculate("retirement.true-up", R07 | FIVE | changes)["result"]
    names = ("annual_match_minor", "true_up_minor", "missed_minor", "over_match_minor")
    assert tuple(result[name] for name in names) == expected


def test_a_year_without_limits_is_refused() -> None:
    with pytest.raises(ConfigError, match="Add the year 2027"):
        calculate("retirement.true-up", R07 | FIVE | {"year": 2027})
