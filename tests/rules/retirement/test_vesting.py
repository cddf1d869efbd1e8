"""Vesting by schedule, source and service (R14)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate
from benehub.rules.retirement.vesting import SCHEDULES, MoneySource, Schedule, check_schedule, part_at


def vest(**payload: Any) -> dict[str, Any]:
    return calculate("retirement.vesting", {"source": "match"} | payload)


SCHEDULED = [
    ("cliff_3", ["0", "0", "0", "1", "1", "1", "1"]),
    ("graded_6", ["0", "0", "0.2", "0.4", "0.6", "0.8", "1"]),
    ("cliff_2", ["0", "0", "1", "1", "1", "1", "1"]),
    ("immediate", ["1"] * 7),
]


@pytest.mark.parametrize(("schedule", "parts"), SCHEDULED, ids=[f"R14 {row[0]}" for row in SCHEDULED])
def test_r14_schedules(schedule: str, parts: list[str]) -> None:
    found = [vest(schedule=schedule, years_of_service=years)["result"]["vested"] for years in range(7)]
    assert found == parts


@pytest.mark.parametrize("source", ["pretax", "roth", "after_tax", "rollover", "safe_harbor", "qnec"])
def test_own_money_and_safe_harbors_are_always_vested(source: str) -> None:
    answer = vest(source=source)
    assert (answer["result"]["vested"], answer["needs"]) == ("1", [])
    assert answer["explanation"]["reasons"][0]["rule"] == "always_vested"


def test_qaca_vests_in_two_years() -> None:
    assert vest(source="qaca", years_of_service=1)["result"]["vested"] == "0"
    assert vest(source="qaca", years_of_service=2)["result"]["vested"] == "1"
    with pytest.raises(ConfigError, match="too slow at 2 years"):
        vest(source="qaca", schedule="cliff_3", years_of_service=1)


COUNTED = [
    ("1,000 hours make a year", {"period_hours": [1000, 999, 2080]}, 2),
    ("fewer hours asked for", {"period_hours": [800, 799, 2080], "year_hours": 800}, 2),
    ("a day short of 3 years", {"method": "elapsed", "hired_on": "2023-03-01", "as_of": "2026-02-28"}, 2),
    ("3 years to the day", {"method": "elapsed", "hired_on": "2023-03-01", "as_of": "2026-03-01"}, 3),
    ("hired on 29 February", {"method": "elapsed", "hired_on": "2024-02-29", "as_of": "2025-02-28"}, 1),
]


@pytest.mark.parametrize(("payload", "years"), [row[1:] for row in COUNTED], ids=[row[0] for row in COUNTED])
def test_years_of_service(payload: dict[str, Any], years: int) -> None:
    assert vest(schedule="graded_6", **payload)["result"]["years"] == years


LEFT = {"schedule": "graded_6", "period_hours": [2080, 2080, 2080], "balance_minor": 10_000_01, "separated": True}
FORFEITED = [
    ("still employed", {"separated": False, "distributed": False}, 0),
    ("left, nothing paid out", {}, 0),
    ("left and paid out", {"distributed": True}, 6_000_01),
    ("four breaks", {"period_hours": [2080, 2080, 2080, 0, 500, 0, 100]}, 0),
    ("five breaks", {"period_hours": [2080, 2080, 2080, 0, 500, 0, 100, 0]}, 6_000_01),
    ("a year of 501 hours is no break", {"period_hours": [2080, 2080, 2080, 0, 501, 0, 100, 0]}, 0),
]


@pytest.mark.parametrize(("changes", "forfeited"), [row[1:] for row in FORFEITED], ids=[row[0] for row in FORFEITED])
def test_forfeiture(changes: dict[str, Any], forfeited: int) -> None:
    result = vest(**LEFT | changes)["result"]
    assert result["forfeited_minor"] == forfeited
    assert (result["vested_minor"], result["unvested_minor"]) == (4_000_00, 6_000_01)


def test_retirement_vests_all() -> None:
    assert vest(**LEFT | {"fully_vested": True, "distributed": True})["result"]["forfeited_minor"] == 0


def test_what_comes_next_is_told() -> None:
    assert vest(schedule="graded_6", years_of_service=0)["result"]["next_years"] == 2
    assert vest(schedule="graded_6", years_of_service=3)["result"]["next_years"] == 4
    assert vest(schedule="graded_6", years_of_service=9)["result"]["next_years"] is None


@pytest.mark.parametrize(
    ("payload", "needs"),
    [
        ({}, ["period_hours"]),
        ({"years_of_service": 2}, ["schedule"]),
        ({"schedule": "cliff_3"}, ["period_hours"]),
        ({"schedule": "cliff_3", "method": "elapsed", "as_of": "2026-01-01"}, ["hired_on"]),
    ],
)
def test_what_is_missing_is_named(payload: dict[str, Any], needs: list[str]) -> None:
    answer = vest(**payload)
    assert (answer["result"], answer["needs"]) == (None, needs)


def table(*steps: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"years": years, "vested": part} for years, part in steps]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([(4, "100%")], "too slow at 2 years"),
        ([(2, "20%"), (3, "40%"), (4, "60%"), (5, "80%"), (7, "100%")], "too slow at 3 years"),
        ([(1, "50%"), (3, "75%")], "never reaches 100%"),
        ([(3, "50%"), (2, "100%")], "does not rise"),
    ],
)
def test_a_schedule_beyond_the_law_is_refused(steps: list[tuple[int, str]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        vest(table=table(*steps), years_of_service=1)


def test_a_quicker_schedule_is_taken() -> None:
    steps = table((1, "25%"), (2, "50%"), (3, "75%"), (4, "100%"))
    assert vest(table=steps, years_of_service=3)["result"]["vested"] == "0.75"


@pytest.mark.parametrize(
    ("payload", "error", "said"),
    [
        ({"schedule": "cliff_3", "period_hours": [1], "year_hours": 1001}, ConfigError, "At most 1000"),
        ({"schedule": "cliff_3", "table": table((3, "1"))}, DataError, "given twice"),
        (
            {"schedule": "cliff_3", "method": "elapsed", "hired_on": "2026-01-02", "as_of": "2026-01-01"},
            DataError,
            "lies before the hire",
        ),
        ({"source": "cash"}, DataError, "source"),
    ],
)
def test_bad_input_is_named(payload: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        vest(**payload)


@settings(max_examples=60)
@given(schedule=st.sampled_from(Schedule), years=st.integers(0, 40), more=st.integers(0, 10))
def test_more_service_never_vests_less(schedule: Schedule, years: int, more: int) -> None:
    assert part_at(SCHEDULES[schedule], years) <= part_at(SCHEDULES[schedule], years + more) <= 1


@settings(max_examples=60)
@given(hours=st.lists(st.integers(0, 2500), max_size=12), extra=st.integers(1000, 2500), balance=st.integers(0, 10**9))
def test_another_year_never_vests_less(hours: list[int], extra: int, balance: int) -> None:
    one, two = (
        vest(schedule="graded_6", period_hours=periods, balance_minor=balance)["result"]
        for periods in (hours, [*hours, extra])
    )
    assert one["vested_minor"] <= two["vested_minor"] <= balance
    assert one["vested_minor"] + one["unvested_minor"] == balance


def test_every_named_schedule_is_allowed() -> None:
    for schedule in Schedule:
        check_schedule(SCHEDULES[schedule])
    check_schedule(((2, Fraction(1)),), MoneySource.QACA)
