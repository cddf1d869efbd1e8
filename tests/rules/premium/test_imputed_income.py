"""Imputed income of group-term life insurance: published cases, changes midway, and who is exempt."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.legal import limit
from benehub.rules.registry import calculate


def imputed(**given: Any) -> dict[str, Any]:
    return calculate("premium.imputed-income", {"tax_year": 2026, **given})


@pytest.mark.parametrize(
    ("given_", "name", "minor"),
    [
        ({"volume_minor": 200_000_00, "age": 45}, "imputed_minor", 270_00),
        ({"volume_minor": 70_000_00, "age": 26}, "monthly_minor", 1_20),
        ({"volume_minor": 110_000_00, "age": 36}, "imputed_minor", 64_80),
        ({"volume_minor": 163_260_00, "age": 36}, "monthly_minor", 10_20),
        ({"volume_minor": 100_000_00, "age": 62}, "monthly_minor", 33_00),
        ({"volume_minor": 50_000_00, "age": 80}, "imputed_minor", 0),
        ({"volume_minor": 200_000_00, "age": 45, "employee_after_tax_minor": 100_00}, "imputed_minor", 170_00),
        ({"volume_minor": 200_000_00, "age": 45, "employee_after_tax_minor": 900_00}, "imputed_minor", 0),
    ],
    ids=["G01", "G03", "G05", "G07", "over 50,000 at 62", "at 50,000", "less after tax", "not below 0"],
)
def test_worked_case(given_: dict[str, Any], name: str, minor: int) -> None:
    assert imputed(**given_)["result"][name] == minor


def test_g07_the_excess_is_rounded_to_the_nearest_100_before_the_rate() -> None:
    told = imputed(volume_minor=163_260_00, age=36)["explanation"]["steps"]
    assert told[1]["value"] == "113300.00"


@pytest.mark.parametrize(
    ("age", "rate"),
    [
        (24, 5),
        (25, 6),
        (30, 8),
        (35, 9),
        (40, 10),
        (45, 15),
        (50, 23),
        (55, 43),
        (60, 66),
        (65, 127),
        (70, 206),
        (99, 206),
    ],
)
def test_table_i(age: int, rate: int) -> None:
    assert imputed(volume_minor=51_000_00, age=age, months=1)["result"]["imputed_minor"] == rate


def test_g07_age_counts_on_the_last_day_of_the_tax_year() -> None:
    assert imputed(volume_minor=100_000_00, birth_date="1981-12-31")["result"]["age"] == 45
    assert imputed(volume_minor=100_000_00, birth_date="1982-01-01")["result"]["age"] == 44


def test_g06_a_change_within_a_month_counts_as_the_average_of_first_and_last_day() -> None:
    cover = [
        {"from_day": "2026-03-01", "to_day": "2026-03-11", "volume_minor": 100_000_00},
        {"from_day": "2026-03-11", "to_day": "2026-05-01", "volume_minor": 150_000_00},
    ]
    found = imputed(age=45, cover=cover)["result"]
    assert [(one["month"], one["volume_minor"]) for one in found["months"]] == [
        ("2026-03", 125_000_00), ("2026-04", 150_000_00),
    ]  # fmt: skip
    assert found["imputed_minor"] == 75 * 15 + 100 * 15


def test_a_part_of_a_month_counts_by_its_days() -> None:
    cover = [{"from_day": "2026-04-16", "to_day": "2026-05-01", "volume_minor": 150_000_00}]
    found = imputed(age=45, cover=cover)["result"]
    assert (found["months"][0]["fraction"], found["imputed_minor"]) == ("0.5", 7_50)


def test_without_the_employers_money_only_rates_that_straddle_the_table_make_income() -> None:
    own = {"volume_minor": 200_000_00, "age": 45, "employer_pays": False}
    above = [{"age_from": 25, "rate": "0.06"}, {"age_from": 45, "rate": "0.20"}]
    assert imputed(**own)["result"]["imputed_minor"] == 0
    assert imputed(**own, employee_rates=above)["result"]["imputed_minor"] == 0
    straddling = [{"age_from": 25, "rate": "0.10"}, {"age_from": 45, "rate": "0.10"}]
    answer = imputed(**own, employee_rates=straddling)
    assert answer["result"]["imputed_minor"] == 270_00
    assert [one["rule"] for one in answer["explanation"]["reasons"]] == [
        "key_employee.exclusion",
        "carried_by_employer",
    ]


def test_a_key_employee_of_a_discriminatory_plan_has_no_exclusion() -> None:
    key = {"volume_minor": 200_000_00, "age": 45, "key_employee": True}
    assert imputed(**key)["result"]["imputed_minor"] == 270_00
    assert imputed(**key, discriminatory=True)["needs"] == ["actual_cost_minor"]
    assert imputed(**key, discriminatory=True, actual_cost_minor=100_00)["result"]["imputed_minor"] == 360_00
    assert imputed(**key, discriminatory=True, actual_cost_minor=400_00)["result"]["imputed_minor"] == 400_00


def test_a_dependents_cover_is_free_up_to_2_000_and_taxed_whole_above() -> None:
    own = {"volume_minor": 50_000_00, "age": 45}
    small = {"volume_minor": 2_000_00}
    large = {"volume_minor": 10_000_00, "birth_date": "1985-06-01"}
    found = imputed(**own, dependents=[small, large])["result"]
    assert (found["dependents_minor"], found["imputed_minor"]) == (12_00, 12_00)
    assert imputed(**own, dependents=[{"volume_minor": 2_000_01}])["needs"] == ["dependents.0.birth_date"]


def test_bad_input_is_named() -> None:
    assert imputed()["needs"] == ["birth_date", "volume_minor"]
    cover = [{"from_day": "2026-01-01", "to_day": "2026-03-01", "volume_minor": 1},
             {"from_day": "2026-02-01", "volume_minor": 2}]  # fmt: skip
    with pytest.raises(DataError, match="two amounts are in force on 2026-02-01"):
        imputed(age=45, cover=cover)
    with pytest.raises(DataError, match="volume_minor and cover"):
        imputed(age=45, cover=cover[:1], volume_minor=1)
    with pytest.raises(DataError, match="volume_minor: Input should be greater"):
        imputed(age=45, volume_minor=-1)
    with pytest.raises(DataError, match="tax_year"):
        imputed(age=45, volume_minor=1, tax_year=1980)


def test_the_table_names_its_source_and_its_first_day() -> None:
    value = limit("us", "group_life_rate_45", date(2026, 12, 31))
    assert (value.value, "Pub. 15-B" in value.source) == (15, True)
    with pytest.raises(ConfigError, match="group_life_rate_45 has no value for 1999-06-30"):
        limit("us", "group_life_rate_45", date(1999, 6, 30))


@given(volume=st.integers(0, 10**8), paid=st.integers(0, 10**6), age=st.integers(0, 100))
def test_it_is_never_below_zero_and_grows_with_the_volume(volume: int, paid: int, age: int) -> None:
    less = imputed(volume_minor=volume, age=age, employee_after_tax_minor=paid)["result"]
    more = imputed(volume_minor=volume + 10_000_00, age=age, employee_after_tax_minor=paid)["result"]
    assert 0 <= less["imputed_minor"] <= more["imputed_minor"]
    assert less["imputed_minor"] <= less["employee_cover_minor"]
