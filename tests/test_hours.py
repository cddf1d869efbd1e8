"""Hours of leave: read from a vendor's text, rounded to the minute, shown as hours."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.hours import clock_text, exact_text, format_hours, parse_hours, to_minutes


@pytest.mark.parametrize(
    ("text", "minutes"), [("7.33", 440), ("7:20", 440), ("-8", -480), ("-0:30", -30), (".5", 30), ("7.3333333", 440)]
)
def test_what_vendors_write(text: str, minutes: int) -> None:
    assert to_minutes(parse_hours(text)) == minutes


@pytest.mark.parametrize("text", ["", "a day", "7:60", "1e9", "7,5", "1/30", "--1"])
def test_what_is_no_hours_is_named_by_its_shape(text: str) -> None:
    with pytest.raises(DataError, match="no hours"):
        parse_hours(text)


@given(st.integers(-600_000, 600_000))
def test_two_decimals_find_back_to_the_minute(minutes: int) -> None:
    assert to_minutes(parse_hours(format_hours(minutes))) == minutes
    assert to_minutes(parse_hours(clock_text(minutes))) == minutes


@given(st.fractions(-1000, 1000, max_denominator=997), st.integers(-100_000, 100_000))
def test_whole_minutes_move_the_rounding_by_as_much(hours: Fraction, minutes: int) -> None:
    assert to_minutes(hours + Fraction(minutes, 60)) == to_minutes(hours) + minutes


@given(st.integers(-10_000, 10_000), st.sampled_from([1, 2, 4, 5, 8, 10, 100, 1000]))
def test_exact_text_is_read_back(numerator: int, denominator: int) -> None:
    hours = Fraction(numerator, denominator)
    assert parse_hours(exact_text(hours)) == hours


def test_a_third_is_told_in_minutes() -> None:
    assert exact_text(Fraction(1, 3)) == "0:20"
