"""Retro adjustments: new less old, linked, within the window, and taxed as section 125 says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.periods import Month
from benehub.records import TaxClass
from benehub.rules.deduction.retro import CatchUp, Then, retro_adjustments
from benehub.rules.deduction.section125 import ElectionEvent, ElectionFacts
from benehub.rules.registry import calculate

BIRTH = {"event": "birth", "event_date": "2026-08-03", "elected_on": "2026-09-01", "cover_from": "2026-08-03"}


def ask(months: list[tuple[str, int, int]], **more: Any) -> dict[str, Any]:
    payload = {
        "months": [
            {"month": month, "old_minor": old, "new_minor": new, "lines": [f"ent_{month}"]}
            for month, old, new in months
        ],
        "pay_month": "2026-10", "next_pay": "2026-10-15", "window_months": 2,
    }  # fmt: skip
    return calculate("deduction.retro", payload | more)


def lines(answer: dict[str, Any]) -> list[tuple[str, int, str, list[str]]]:
    return [
        (one["month"], one["amount_minor"], one["tax_class"], one["corrects"])
        for one in answer["result"]["adjustments"]
    ]


def test_an_increase_after_a_birth_stays_before_tax_and_links_to_what_it_corrects() -> None:
    answer = ask([("2026-08", 100_00, 150_00), ("2026-09", 100_00, 150_00)], election=BIRTH)
    assert lines(answer) == [
        ("2026-08", 50_00, "pretax", ["ent_2026-08"]),
        ("2026-09", 50_00, "pretax", ["ent_2026-09"]),
    ]
    assert answer["result"]["total_minor"] == 100_00


def test_an_increase_after_a_marriage_is_after_tax_or_not_charged() -> None:
    election = BIRTH | {"event": "marriage", "elected_on": "2026-09-16"}
    months = [("2026-08", 100_00, 150_00), ("2026-09", 100_00, 160_00)]
    assert [one[:3] for one in lines(ask(months, election=election))] == [
        ("2026-08", 50_00, "posttax"), ("2026-09", 30_00, "pretax"), ("2026-09", 30_00, "posttax"),
    ]  # fmt: skip
    answer = ask(months, election=election, catch_up="prospective")
    assert [one[:3] for one in lines(answer)] == [("2026-09", 30_00, "pretax")]
    assert answer["result"]["not_charged_minor"] == 80_00


@pytest.mark.parametrize("tax_class", ["pretax", "posttax"])
def test_a_refund_keeps_the_tax_class_of_what_it_gives_back(tax_class: str) -> None:
    answer = ask([("2026-09", 200_00, 0)], tax_class=tax_class)
    assert lines(answer) == [("2026-09", -200_00, tax_class, ["ent_2026-09"])]


def test_a_change_of_cost_alone_is_followed_prospectively() -> None:
    answer = ask([("2026-09", 100_00, 110_00)])
    assert lines(answer)[0][2] == "posttax"
    assert answer["explanation"]["reasons"][0]["citation"] == "26 CFR 1.125-4(f)(2)"


def test_what_the_window_no_longer_reaches_is_told_and_not_adjusted() -> None:
    answer = ask([("2026-07", 100_00, 150_00), ("2026-08", 100_00, 150_00)], election=BIRTH)
    assert [one[0] for one in lines(answer)] == ["2026-08"]
    assert answer["result"]["beyond_window_minor"] == 50_00
    assert answer["explanation"]["reasons"][0]["needed"] == {"month_from": "2026-08"}


def test_without_an_open_pay_or_the_elections_dates_they_are_asked_for() -> None:
    assert ask([("2026-09", 1, 2)], next_pay=None)["needs"] == ["next_pay"]
    without = {name: value for name, value in BIRTH.items() if name != "event_date"}
    assert ask([("2026-09", 1, 2)], election=without)["needs"] == ["election"]


def test_contradictory_months_are_named() -> None:
    with pytest.raises(DataError, match="not past"):
        ask([("2026-10", 1, 2)])
    with pytest.raises(DataError, match="twice"):
        ask([("2026-09", 1, 2), ("2026-09", 1, 2)])


@given(
    shares=st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 100_000)), min_size=1, max_size=9),
    window=st.integers(0, 12), event=st.sampled_from(list(ElectionEvent)), elected=st.integers(1, 28),
    catch_up=st.sampled_from(list(CatchUp)), tax_class=st.sampled_from([TaxClass.PRETAX, TaxClass.POSTTAX]),
)  # fmt: skip
def test_deltas_sum_to_new_less_old(
    shares: list[tuple[int, int]], window: int, event: ElectionEvent, elected: int, catch_up: CatchUp,
    tax_class: TaxClass,
) -> None:  # fmt: skip
    months = [Then(Month(2026, number), old, new) for number, (old, new) in enumerate(shares, 1)]
    start = date(2026, 3, 1)
    result = retro_adjustments(
        months=months, pay_month=Month(2026, 10), next_pay=date(2026, 10, 15), window_months=window,
        tax_class=tax_class, election=ElectionFacts(event, date(2026, 3, elected), start, start, start),
        catch_up=catch_up,
    ).required()  # fmt: skip
    whole = sum(one.delta for one in months)
    assert result.total_minor + result.beyond_window_minor + result.not_charged_minor == whole
    for one in months:
        parts = [part for part in result.adjustments if part.month == one.month]
        assert sum(part.amount_minor for part in parts) in (one.delta, 0) or catch_up is CatchUp.PROSPECTIVE
        assert all(part.tax_class is tax_class for part in parts if one.delta < 0)
