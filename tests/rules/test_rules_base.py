"""Exact text and strict fields."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.periods import Month
from benehub.records.explanation import Step
from benehub.rules.base import exact, explain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(7), "7"),
        (Fraction(-7, 2), "-3.5"),
        (Fraction(1, 1000), "0.001"),
        (Fraction(4, 3), "4/3"),
        (Fraction(-1, 3), "-1/3"),
        (Fraction(230_76923, 100_000), "230.76923"),
    ],
)
def test_exact_text(value: Fraction, text: str) -> None:
    assert exact(value) == text


@given(st.fractions())
def test_exact_text_reads_back(value: Fraction) -> None:
    assert Fraction(exact(value)) == value


def test_inputs_become_plain_json() -> None:
    told = explain(
        "rule",
        "1",
        {"day": date(2026, 1, 2), "month": Month(2026, 1), "rate": Fraction(1, 4), "all": [Month(2026, 2)]},
    )
    assert told.inputs == {"day": "2026-01-02", "month": "2026-01", "rate": "0.25", "all": ["2026-02"]}


def test_a_record_within_the_inputs_becomes_a_mapping() -> None:
    told = explain("rule", "1", {"step": Step(label="a", raw="b", value="c")})
    assert told.inputs["step"] == {"label": "a", "raw": "b", "value": "c"}
