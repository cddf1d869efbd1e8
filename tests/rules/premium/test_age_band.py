"""Premiums by age: on which day age is taken, who of a family is charged, and rates on a volume."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.periods import Month
from benehub.rules.premium.age_band import AgeRule, RatedMember, Role, age_band_premium
from benehub.rules.premium.rates import RateRow
from benehub.rules.registry import calculate

RATES = [
    {"age_from": 0, "age_through": 20, "amount_minor": 200_00},
    {"age_from": 21, "age_through": 39, "amount_minor": 300_00},
    {"age_from": 40, "amount_minor": 400_00},
]


def rated(members: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "members": members, "month": "2026-06", "rates": RATES, "plan_year_start": "2026-01-01",
        "rule": {"small_group": True},
    }  # fmt: skip
    return calculate("premium.age-band", given | changes)


def child(born: str) -> dict[str, str]:
    return {"role": "child", "birth_date": born}


def test_p18_the_three_oldest_children_under_21_are_charged_older_ones_always() -> None:
    births = ("2003-01-01", "2008-01-01", "2010-01-01", "2012-01-01", "2014-01-01")
    family = [
        {"birth_date": "1980-01-01"},
        {"role": "spouse", "birth_date": "1990-01-01"},
        *(child(born) for born in births),
    ]
    found = rated(family)["result"]
    assert [one["charged"] for one in found["members"]] == [True, True, True, True, True, True, False]
    assert found["monthly_minor"] == 400_00 + 300_00 + 300_00 + 3 * 200_00
    everybody = rated(family, rule={"small_group": False})["result"]
    assert everybody["monthly_minor"] == found["monthly_minor"] + 200_00


@pytest.mark.parametrize(
    ("month", "plan_year", "age", "minor"),
    [
        ("2026-06", "2026-01-01", 20, 200_00),
        ("2026-12", "2026-01-01", 20, 200_00),
        ("2027-01", "2027-01-01", 21, 300_00),
    ],
)
def test_p19_who_turns_21_in_the_plan_year_keeps_the_rate_until_renewal(
    month: str, plan_year: str, age: int, minor: int
) -> None:
    found = rated([{"birth_date": "2005-05-10"}], month=month, plan_year_start=plan_year)["result"]
    assert (found["members"][0]["age"], found["monthly_minor"]) == (age, minor)


@pytest.mark.parametrize(
    ("basis", "month", "age"),
    [
        ("birthday", "2026-05", 39),
        ("birthday", "2026-06", 40),
        ("january_1", "2026-12", 39),
        ("january_1", "2027-01", 40),
        ("plan_year_start", "2026-12", 40),
    ],
)
def test_age_is_taken_on_the_plans_day(basis: str, month: str, age: int) -> None:
    found = rated(
        [{"birth_date": "1986-05-10"}], month=month, rule={"basis": basis}, plan_year_start="2026-07-01"
        if basis == "plan_year_start" else None,
    )  # fmt: skip
    assert found["result"]["members"][0]["age"] == age


def test_a_child_born_after_the_rating_day_is_of_age_zero() -> None:
    assert rated([child("2026-04-01")])["result"]["members"][0]["age"] == 0


def test_in_a_small_group_age_counts_on_the_day_of_joining() -> None:
    joined = {"birth_date": "2005-05-10", "covered_from": "2026-06-01"}
    assert rated([joined])["result"]["members"][0]["age"] == 21
    assert rated([joined], rule={"small_group": False})["result"]["members"][0]["age"] == 20


@pytest.mark.parametrize(
    ("tobacco", "role", "minor"),
    [(False, "employee", 9_00), (True, "employee", 15_50), (False, "spouse", 11_00)],
)
def test_p09_voluntary_life_of_100_000_at_age_36(tobacco: bool, role: str, minor: int) -> None:
    rates = {
        "employee": [
            {"age_from": 35, "age_through": 39, "tobacco": False, "rate": "0.09"},
            {"age_from": 35, "age_through": 39, "tobacco": True, "rate": "0.155"},
        ],
        "spouse": [{"age_from": 35, "age_through": 39, "rate": "0.110"}],
    }[role]
    one = {"role": role, "birth_date": "1990-01-01", "tobacco": tobacco, "volume_minor": 100_000_00}
    assert rated([one], rates=rates, rule={"basis": "january_1"})["result"]["monthly_minor"] == minor


@pytest.mark.parametrize(
    ("members", "changes", "needs"),
    [
        ([{"birth_date": "1980-01-01"}, {"role": "spouse"}], {}, ["members.1.birth_date"]),
        ([{"birth_date": "1980-01-01"}], {"plan_year_start": None}, ["plan_year_start"]),
        ([{"birth_date": "1980-01-01"}], {"rates": RATES[:1]}, ["members.0.rates[age=46, month=2026-06]"]),
        ([{"birth_date": "1980-01-01"}], {"rates": [{"rate": "0.1"}]}, ["members.0.volume_minor"]),
        ([{"birth_date": "1980-01-01"}], {"rates": [{"tobacco": True, "amount_minor": 1}]}, ["members.0.tobacco"]),
    ],
)
def test_what_is_missing_is_asked_for(members: list[dict[str, Any]], changes: dict[str, Any], needs: list[str]) -> None:
    found = rated(members, **changes)
    assert (found["result"], found["needs"]) == (None, needs)


def test_contradictions_are_named() -> None:
    with pytest.raises(ConfigError, match=r"two rates for one key.*age 0-20.*age 20\+"):
        rated([child("2006-01-01")], rates=[*RATES[:1], {"age_from": 20, "amount_minor": 1}])
    with pytest.raises(DataError, match="after coverage month 2026-06"):
        rated([{"birth_date": "1980-01-01"}], plan_year_start="2026-07-01")


def test_the_explanation_says_which_children_are_charged_and_by_what_rule() -> None:
    told = rated([child("2010-01-01"), child("2011-01-01"), child("2012-01-01"), child("2013-01-01")])["explanation"]
    assert [one["outcome"] for one in told["reasons"]] == ["pass", "pass", "pass", "fail"]
    assert "147.102" in told["citation"]


@given(births=st.lists(st.dates(date(1950, 1, 1), date(2026, 6, 1)), min_size=1, max_size=9))
def test_a_family_costs_what_its_charged_members_cost_and_never_more_than_three_young_children(
    births: list[date],
) -> None:
    members = [RatedMember(role=Role.CHILD, birth_date=born) for born in births]
    rows = [RateRow.model_validate(row) for row in RATES]
    rule = AgeRule(small_group=True)
    found = age_band_premium(
        members=members, month=Month(2026, 6), rates=rows, rule=rule, plan_year_start=date(2026, 1, 1)
    ).required()
    assert found.monthly_minor == sum(one.monthly_minor for one in found.members)
    assert sum(one.charged for one in found.members if one.age < 21) <= 3
    assert all(one.charged for one in found.members if one.age >= 21)
    assert all((one.monthly_minor > 0) is one.charged for one in found.members)
