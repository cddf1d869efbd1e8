"""Figures of vendors to the hub's and back without loss, and what is none is refused by name."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.connect.figures import hours, minor, needed, part, parts, percent, percent_text, rows, text, word
from benehub.connect.jsontext import NumberText
from benehub.connect.messages import Response
from benehub.errors import DataError
from benehub.money import format_minor


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "EUR"]))
def test_an_amount_written_is_the_amount_read(cents: int, currency: str) -> None:
    told = format_minor(cents, currency)
    assert minor(told, "x", currency) == minor(NumberText(told), "x", currency) == cents


@given(st.integers(0, 10**9), st.integers(0, 4), st.integers(0, 6))
def test_a_rate_written_is_the_rate_read(figure: int, least: int, most: int) -> None:
    rate = Fraction(figure, 100 * 10**most)
    told = percent_text(rate, least=min(least, most), most=most)
    assert percent(told, "x") == rate
    decimals = told.partition(".")[2]
    assert min(least, most) <= len(decimals) <= most


@pytest.mark.parametrize("rate", [Fraction(1, 3), Fraction(-1, 100), Fraction(1, 100_000)])
def test_a_rate_that_needs_more_decimals_is_never_rounded(rate: Fraction) -> None:
    with pytest.raises(DataError, match="cannot hold exactly"):
        percent_text(rate, most=2)


def test_nothing_is_zero_and_what_is_no_figure_is_refused() -> None:
    assert (minor(None, "x"), hours(None, "x"), hours("0.00", "x")) == (0, "", "")
    assert percent(None, "x") == 0
    assert hours(NumberText("7.5000"), "x") == "7.5000"
    wrongs: tuple[Any, ...] = (True, [], {})
    for wrong in wrongs:
        with pytest.raises(DataError, match="no number but"):
            minor(wrong, "x")
    with pytest.raises(DataError, match="more than 2 decimals"):
        minor("1.005", "x")


def test_texts_and_parts_of_a_row() -> None:
    row: dict[str, Any] = {"a": " x ", "n": 7, "o": {"p": {"q": "r"}}, "l": [{"m": 1}], "f": True, "z": None}
    assert (text(row, "a"), text(row, "z"), word(row, "n"), text(part(row, "o", "p"), "q")) == ("x", "", "7", "r")
    assert (part(row, "z", "p"), parts(row, "z"), parts(row, "l")) == ({}, [], [{"m": 1}])
    for wrong in (lambda: text(row, "n"), lambda: word(row, "f"), lambda: part(row, "l"), lambda: parts(row, "o"),
                  lambda: needed(row, "z"), lambda: part(row, "o", "p", "q")):  # fmt: skip
        with pytest.raises(DataError):
            wrong()


@pytest.mark.parametrize("body", ["", "{}", '{"rows": {}}', '"rows"', "7"])
def test_an_answer_without_its_list_is_no_empty_list(body: str) -> None:
    with pytest.raises(DataError, match="holds no list rows"):
        rows(Response.of(200, body), "rows")
    assert rows(Response.of(200, "[]")) == rows(Response.of(200, '{"rows": []}'), "rows") == []
