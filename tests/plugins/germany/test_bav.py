"""Conversion and subsidy: the worked cases B01 to B09, ceilings, ways, agreements, and what is not known."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import Calculator, add_calculator, calculate
from benehub_plugins.germany import register_rules
from benehub_plugins.germany.law import Branch, employer_rate, pension_law

RULES = {one.name: one for one in register_rules()}
for _one in RULES.values():
    add_calculator(_one)


def conversion(**asked: Any) -> dict[str, Any]:
    return dict(calculate("bav.conversion", {"pay_date": "2026-06-30", **asked})["result"])


def subsidy(**asked: Any) -> dict[str, Any]:
    return dict(calculate("bav.subsidy", {"pay_date": "2026-06-30", **asked})["result"])


@pytest.mark.parametrize(
    ("year", "four", "eight"),
    [(2021, 284, 568), (2022, 282, 564), (2023, 292, 584), (2024, 302, 604), (2025, 322, 644), (2026, 338, 676)],
)
def test_b01_limits_of_the_year(year: int, four: int, eight: int) -> None:
    found = conversion(pay_date=f"{year}-03-31", conversion_minor=100_00)
    assert (found["social_free_limit_minor"], found["tax_free_limit_minor"]) == (four * 100, eight * 100)


def test_b01_a_year_that_is_not_loaded_names_the_verordnung() -> None:
    for name in ("bav.conversion", "bav.subsidy"):
        with pytest.raises(ConfigError, match="2027-01-31") as caught:
            calculate(name, {"pay_date": "2027-01-31", "conversion_minor": 100_00})
        assert "Sozialversicherungsrechengroessen-Verordnung" in caught.value.mend


def test_b03_600_a_month_in_2025() -> None:
    found = conversion(pay_date="2025-06-30", conversion_minor=600_00)
    assert (found["free_of_both_minor"], found["tax_free_only_minor"], found["neither_minor"]) == (322_00, 278_00, 0)
    assert found["above_claim_minor"] == 278_00


def test_the_subsidy_uses_the_limits_first() -> None:
    found = conversion(conversion_minor=600_00, subsidy_minor=90_00)
    assert (found["free_of_both_minor"], found["tax_free_only_minor"], found["neither_minor"]) == (
        248_00,
        338_00,
        14_00,
    )
    assert found["employer_free_of_both_minor"] == 90_00


B05 = {
    "pay_date": "2023-05-31",
    "conversion_minor": 250_00,
    "exact": True,
    "monthly_pay_minor": 3_500_00,
    "health_additional_rate": "0.9%",
}


def test_b05_the_saving_is_above_the_flat_rate() -> None:
    answer = calculate("bav.subsidy", B05)
    assert (answer["result"]["saving_minor"], answer["result"]["subsidy_minor"]) == (49_69, 37_50)
    steps = {one["label"]: one["value"] for one in answer["explanation"]["steps"]}
    assert steps["employer's contributions before"] == "695.63"
    assert steps["employer's contributions after"] == "645.94"


def test_b06_above_the_health_ceiling_only_pension_and_unemployment_save() -> None:
    found = subsidy(**B05 | {"monthly_pay_minor": 6_000_00})
    assert found["saving_minor"] == found["subsidy_minor"] == 26_50  # 9.3 % + 1.3 % of 250


def test_b06_partly_above_the_health_ceiling() -> None:
    found = subsidy(**B05 | {"monthly_pay_minor": 5_087_50})  # 100 above 4,987.50: 150 save in all branches
    assert found["saving_minor"] == 26_50 + 13_91  # (7.75 % + 1.525 %) of 150.00 = 13.91 after rounding by branch
    assert found["subsidy_minor"] == 37_50


def test_above_every_ceiling_nothing_is_saved_and_nothing_owed() -> None:
    found = subsidy(**B05 | {"monthly_pay_minor": 9_000_00})
    assert (found["saving_minor"], found["subsidy_minor"], found["flat_minor"]) == (0, 0, 37_50)


def test_b07_the_employers_vwl_is_subsidised_too() -> None:
    found = subsidy(conversion_minor=100_00, employer_vwl_minor=26_59)
    assert (found["subsidy_minor"], found["total_minor"]) == (18_99, 145_58)
    raw = calculate("bav.subsidy", {"pay_date": "2026-06-30", "conversion_minor": 100_00, "employer_vwl_minor": 26_59})[
        "explanation"
    ]["steps"][0]["raw"]
    assert raw == "1898.85"


def test_b08_an_existing_contract_is_divided_by_1_15() -> None:
    found = subsidy(contract_total_minor=250_00)
    assert (found["employee_minor"], found["subsidy_minor"], found["total_minor"]) == (217_39, 32_61, 250_00)


def test_b09_the_largest_conversion_that_fits() -> None:
    found = conversion(conversion_minor=0)
    assert (found["largest_minor"], found["largest_subsidy_minor"]) == (293_91, 44_09)


def test_what_the_subsidy_takes_of_the_limit_saves_nothing() -> None:
    # 338 converted above the health ceiling in 2026: only what the subsidy leaves of 338 is free of contributions
    found = subsidy(conversion_minor=338_00, exact=True, monthly_pay_minor=7_000_00, health_additional_rate="2.9%")
    assert found["subsidy_minor"] <= found["saving_minor"] <= found["subsidy_minor"] + 1
    assert found["subsidy_minor"] == 32_39  # s = 10.6 % of (338 - s)


@pytest.mark.parametrize("way", ["direktzusage", "unterstuetzungskasse"])
def test_pledges_and_support_funds_have_no_subsidy_and_no_tax_limit(way: str) -> None:
    found = subsidy(conversion_minor=250_00, way=way)
    assert (found["subsidy_minor"], found["obliged"]) == (0, False)
    assert subsidy(conversion_minor=250_00, way=way, rate="15%")["subsidy_minor"] == 37_50
    free = conversion(conversion_minor=900_00, subsidy_minor=50_00, way=way)
    assert (free["free_of_both_minor"], free["tax_free_only_minor"], free["neither_minor"]) == (338_00, 562_00, 0)


def test_a_collective_agreement_may_differ_and_says_its_rate() -> None:
    asked = {"pay_date": "2026-06-30", "conversion_minor": 100_00}
    with pytest.raises(DataError, match=r"the rate 10% is below the statutory 15%"):
        calculate("bav.subsidy", asked | {"rate": "10%"})
    assert calculate("bav.subsidy", asked | {"collective_agreement": True})["needs"] == ["rate"]
    answer = calculate("bav.subsidy", asked | {"collective_agreement": True, "rate": "10%"})
    assert answer["result"]["subsidy_minor"] == 10_00
    assert any("collective agreement" in one["rule"] for one in answer["explanation"]["reasons"])
    assert subsidy(conversion_minor=100_00, rate="20%")["subsidy_minor"] == 20_00


def test_exact_asks_for_what_it_lacks() -> None:
    asked = {"pay_date": "2026-06-30", "conversion_minor": 100_00, "exact": True}
    assert calculate("bav.subsidy", asked)["needs"] == ["monthly_pay_minor", "health_additional_rate"]
    private = {"branches": ["pension", "unemployment"], "monthly_pay_minor": 5_000_00}
    assert calculate("bav.subsidy", asked | private)["result"]["subsidy_minor"] == 10_60
    # in the transition range contributions follow another formula: payroll has to say
    low = asked | {"monthly_pay_minor": 2_050_00, "health_additional_rate": "2.9%"}
    assert calculate("bav.subsidy", low)["needs"] == ["employer_saving_minor"]
    assert calculate("bav.subsidy", low | {"employer_saving_minor": 12_00})["result"]["subsidy_minor"] == 12_00


@pytest.mark.parametrize(
    ("day", "branch", "options", "percent"),
    [
        ("2021-01-31", Branch.UNEMPLOYMENT, {}, "1.2"),
        ("2023-06-30", Branch.CARE, {}, "1.525"),
        ("2023-07-31", Branch.CARE, {}, "1.7"),
        ("2025-01-31", Branch.CARE, {}, "1.8"),
        ("2025-01-31", Branch.CARE, {"saxony": True}, "1.3"),
        ("2022-12-31", Branch.CARE, {"saxony": True}, "1.025"),
        ("2026-01-31", Branch.HEALTH, {"health_additional": Fraction(29, 1000)}, "8.75"),
        ("2026-01-31", Branch.PENSION, {}, "9.3"),
    ],
)
def test_employer_rates_of_the_day(day: str, branch: Branch, options: dict[str, Any], percent: str) -> None:
    asked = {"health_additional": Fraction(0), "saxony": False, "east": False} | options
    assert employer_rate(branch, date.fromisoformat(day), **asked).rate == Fraction(percent) / 100


def test_the_east_had_a_ceiling_of_its_own_until_2024() -> None:
    ceilings = [
        employer_rate(Branch.PENSION, date(year, 1, 1), Fraction(0), False, True).ceiling_minor for year in (2024, 2025)
    ]
    assert ceilings == [7_450_00, 8_050_00]


@pytest.mark.parametrize(("year", "minimum"), [(2023, 254_63), (2024, 265_13), (2025, 280_88), (2026, 296_63)])
def test_the_yearly_minimum(year: int, minimum: int) -> None:
    found = conversion(pay_date=f"{year}-06-30", conversion_minor=minimum // 12)
    assert found["minimum_year_minor"] == minimum and not found["reaches_minimum"]
    assert conversion(pay_date=f"{year}-06-30", conversion_minor=minimum // 12 + 1)["reaches_minimum"]


def test_old_flat_taxed_contributions_lower_the_tax_free_limit() -> None:
    found = conversion(conversion_minor=676_00, flat_taxed_minor=146_00)
    assert (found["tax_free_limit_minor"], found["neither_minor"]) == (530_00, 146_00)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "give one of conversion_minor and contract_total_minor"),
        ({"conversion_minor": 1, "contract_total_minor": 1}, "give one of"),
        ({"contract_total_minor": 5, "employer_vwl_minor": 6}, "employer_vwl_minor is above contract_total_minor"),
        ({"conversion_minor": 1, "way": "riester"}, "way"),
        ({"conversion_minor": 1, "health_additional_rate": "29%"}, "health_additional_rate"),
        ({"conversion_minor": -1}, "conversion_minor"),
        ({"conversion_minor": 1, "monthly_pay": 5}, "monthly_pay"),
    ],
)
def test_bad_input_is_named(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        calculate("bav.subsidy", {"pay_date": "2026-06-30", **asked})


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_each_rule_answers_its_example_and_explains_every_field(rule: Calculator) -> None:
    answer = calculate(rule.name, rule.example)
    assert answer["result"] and answer["explanation"]["citation"] and answer["explanation"]["steps"]
    schema = rule.schemas()["input"]
    assert '"number"' not in json.dumps(schema)
    silent = [name for name, said in schema["properties"].items() if not said.get("description") and "$ref" not in said]
    assert not silent
    told = rule.function(rule.input_model.model_validate(rule.example)).explanation
    assert "monthly_pay_minor" not in told.model_dump_json()  # what a flow keeps does not carry the pay


@given(
    st.integers(0, 1_200_00),
    st.integers(0, 10_000_00),
    st.booleans(),
    st.sampled_from(range(2021, 2027)),
    st.booleans(),
)
def test_an_exact_subsidy_is_the_largest_that_is_saved_and_at_most_flat(
    converted: int, pay: int, saxony: bool, year: int, fixed: bool
) -> None:
    amount = {"contract_total_minor": converted} if fixed else {"conversion_minor": converted}
    answer = calculate(
        "bav.subsidy",
        {"pay_date": f"{year}-09-30", "exact": True, "monthly_pay_minor": converted + 2_000_01 + pay,
         "health_additional_rate": "1.6%", "saxony": saxony, **amount},
    )  # fmt: skip
    found = answer["result"]
    assert 0 <= found["subsidy_minor"] <= max(found["flat_minor"], found["subsidy_minor"] if fixed else 0)
    assert found["subsidy_minor"] <= found["saving_minor"] + fixed
    assert found["employee_minor"] + found["subsidy_minor"] == found["total_minor"]
    if fixed:
        assert found["total_minor"] == converted
        assert found["subsidy_minor"] <= found["flat_minor"] + 1


@given(st.integers(0, 1_500_00), st.integers(0, 300_00), st.sampled_from(range(2021, 2027)))
def test_the_parts_of_a_conversion_sum_to_it(converted: int, added: int, year: int) -> None:
    found = conversion(pay_date=f"{year}-01-31", conversion_minor=converted, subsidy_minor=added)
    law = pension_law(date(year, 1, 31))
    parts = [found[name] for name in ("free_of_both_minor", "tax_free_only_minor", "neither_minor")]
    assert sum(parts) == converted and min(parts) >= 0
    assert found["free_of_both_minor"] + found["employer_free_of_both_minor"] <= law.social_free_minor
    assert found["largest_minor"] + found["largest_subsidy_minor"] <= law.social_free_minor
