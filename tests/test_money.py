"""Money from text, exact rates, named rounding, shares that add up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.money import (
    Rounding,
    cumulative_share,
    format_minor,
    parse_minor,
    parse_rate,
    round_to_int,
    shape,
)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("19.99", "USD", 1999),
        ("0.1", "USD", 10),
        ("5.", "USD", 500),
        (".5", "USD", 50),  # as X12 writes it
        ("-.05", "USD", -5),
        (" $1,234.50 ", "USD", 123450),
        ("-1,234.5", "EUR", -123450),
        ("-$5", "USD", -500),
        ("(12.00)", "USD", -1200),
        ("$(12.00)", "USD", -1200),
        ("12.3400000", "USD", 1234),
        ("123", "JPY", 123),
        ("123.00", "JPY", 123),
        ("-0", "USD", 0),
        ("999999999999999.99", "USD", 99999999999999999),
    ],
)
def test_minor_units_from_text(text: str, currency: str, minor: int) -> None:
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", ".", "abc", "1.2.3", "1,23.00", "12,345,6", "--5", "(-5)", "1e5", "NaN", "1 000",
     "$$5", "5-", "1_000", "9" * 16],
)  # fmt: skip
def test_what_is_no_amount_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(DataError, match=r"^row 3: not an amount \(shape '[9A.,() $_-]*'\)"):
        parse_minor(text, where="row 3")


def test_nothing_is_rounded_in_silence() -> None:
    with pytest.raises(DataError, match="more than 2 decimals for USD"):
        parse_minor("1.999")
    with pytest.raises(DataError, match="more than 0 decimals for JPY"):
        parse_minor("1.5", "JPY")


def test_an_unknown_currency_is_a_data_error() -> None:
    for call in (lambda: parse_minor("1", "QQQ"), lambda: format_minor(1, "QQQ")):
        with pytest.raises(DataError, match="unknown currency 'QQQ'"):
            call()


@given(st.integers(-(10**14), 10**14), st.sampled_from(["USD", "JPY"]))
def test_text_and_back(minor: int, currency: str) -> None:
    assert parse_minor(format_minor(minor, currency), currency) == minor


def test_format() -> None:
    assert [format_minor(m) for m in (0, 5, -5, 123450, -100)] == [
        "0.00",
        "0.05",
        "-0.05",
        "1234.50",
        "-1.00",
    ]


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("4.5%", Fraction(45, 1000)), ("0.045", Fraction(45, 1000)), ("1/30", Fraction(1, 30)),
        ("100 %", Fraction(1)), ("-2%", Fraction(-2, 100)), (".5", Fraction(1, 2)), ("7", Fraction(7)),
        ("1/3%", Fraction(1, 300)),
    ],
)  # fmt: skip
def test_rates_are_exact(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "%", "x", "1/0", "1e5", "1e999999999", "nan", "inf", "1_0", "4.5%%", "1/2/3", "9" * 12]
)
def test_what_is_no_rate_is_refused_at_once(text: str) -> None:
    with pytest.raises(DataError, match="not a rate"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("raw", "half_up", "half_even", "down", "up"),
    [
        (Fraction(5, 2), 3, 2, 2, 3),
        (Fraction(7, 2), 4, 4, 3, 4),
        (Fraction(-5, 2), -3, -2, -2, -3),
        (Fraction(24, 10), 2, 2, 2, 3),
        (Fraction(26, 10), 3, 3, 2, 3),
        (Fraction(-1, 10), 0, 0, 0, -1),
        (Fraction(4), 4, 4, 4, 4),
    ],
)
def test_rounding_has_a_name(raw: Fraction, half_up: int, half_even: int, down: int, up: int) -> None:
    modes = (Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.DOWN, Rounding.UP)
    assert [round_to_int(raw, mode) for mode in modes] == [half_up, half_even, down, up]


@given(st.integers(-(10**9), 10**9), st.integers(1, 60), st.sampled_from(list(Rounding)))
def test_parts_sum_to_the_whole(total: int, n: int, mode: Rounding) -> None:
    parts = [cumulative_share(total, k, n, mode) for k in range(1, n + 1)]
    assert sum(parts) == total
    assert max(parts) - min(parts) <= 1


@pytest.mark.parametrize(("k", "n"), [(0, 3), (4, 3), (1, 0)])
def test_a_part_that_does_not_exist(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="part"):
        cumulative_share(100, k, n)


def test_a_shape_shows_no_value() -> None:
    assert shape("Ann 900-11-0001") == "AAA 999-99-9999"
    assert len(shape("9" * 100)) == 24
