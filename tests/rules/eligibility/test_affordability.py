"""The most an employee may be charged, by each safe harbor, rounded down."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate


def bound(start: str, **given: Any) -> int | None:
    found = calculate("eligibility.affordability", {"plan_year_start": start, **given})["result"]
    return None if found is None else int(found["max_monthly_minor"])


CASES = [
    ("E14 calendar year 2026", "2026-01-01", {}, 129_89),
    ("E14 previous guideline", "2026-02-01", {"guideline": "previous"}, 129_89),
    ("E15 February 2026", "2026-02-01", {}, 132_46),
    ("E15 given line", "2026-02-01", {"poverty_line_minor": 15_960_00}, 132_46),
    ("E15 2025", "2025-01-01", {"guideline": "current"}, 113_20),
    ("rate of pay, 15.00", "2026-01-01", {"basis": "rate_of_pay", "hourly_rate_minor": 15_00}, 194_22),
    ("monthly salary", "2026-01-01", {"basis": "rate_of_pay", "monthly_salary_minor": 2_000_00}, 199_20),
    ("W-2, whole year", "2026-01-01", {"basis": "w2", "w2_wages_minor": 24_000_00}, 199_20),
    ("W-2, half a year", "2026-01-01", {"basis": "w2", "w2_wages_minor": 12_000_00, "months_employed": 6}, 199_20),
]


@pytest.mark.parametrize(("start", "extra", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_bound(start: str, extra: dict[str, Any], expected: int) -> None:
    assert bound(start, **extra) == expected


def test_e15_the_raw_value_is_kept() -> None:
    answer = calculate("eligibility.affordability", {"plan_year_start": "2026-02-01"})
    assert answer["explanation"]["steps"][-1] == {
        "label": "most a month (down)", "raw": "13246.8", "value": "132.46", "money": "minor",
    }  # fmt: skip


def test_a_cent_above_is_too_much() -> None:
    at, above = (
        calculate("eligibility.affordability", {"plan_year_start": "2026-02-01", "lowest_cost_minor": cost})
        for cost in (132_46, 132_47)
    )
    assert at["result"]["affordable"] is True
    assert (above["result"]["affordable"], above["result"]["excess_minor"]) == (False, 1)
    assert above["explanation"]["reasons"][0]["needed"] == {"lowest_cost_minor": 132_46}


@pytest.mark.parametrize(
    ("given", "need"),
    [({"basis": "rate_of_pay"}, "hourly_rate_minor"), ({"basis": "w2"}, "w2_wages_minor")],
)
def test_what_is_unknown_is_asked_for(given: dict[str, Any], need: str) -> None:
    answer = calculate("eligibility.affordability", {"plan_year_start": "2026-01-01", **given})
    assert (answer["result"], answer["needs"]) == (None, [need])


def test_a_guideline_too_old_and_a_year_not_loaded_are_refused() -> None:
    with pytest.raises(ConfigError, match="not in force within six months"):
        bound("2026-10-01", guideline="previous")
    with pytest.raises(ConfigError, match="Add the year 2027"):
        bound("2027-01-01")
    with pytest.raises(DataError, match="both an hourly rate and a monthly salary"):
        bound("2026-01-01", basis="rate_of_pay", hourly_rate_minor=1, monthly_salary_minor=1)


@given(wages=st.integers(0, 50_000_000), months=st.integers(1, 12))
def test_the_bound_never_takes_more_than_the_percentage(wages: int, months: int) -> None:
    found = bound("2026-01-01", basis="w2", w2_wages_minor=wages, months_employed=months)
    assert found is not None
    assert found * months * 10_000 <= wages * 996 < (found + 1) * months * 10_000
