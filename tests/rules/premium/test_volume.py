"""From pay to volume to premium: published cases, the order of the steps, and what waits for the insurer."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.money import Rounding
from benehub.rules.premium.rounding import StepRounding
from benehub.rules.premium.volume import volume_premium
from benehub.rules.premium.volume_rule import Reduction, VolumeRule
from benehub.rules.registry import calculate

UP_1000 = {"step_minor": 1_000_00, "mode": "up"}
STD = {"basis": "week", "multiple": "60%", "unit": "per_10"}
LTD = {"basis": "month", "unit": "per_100"}
REDUCED = [{"age": 65, "percent": "65%"}, {"age": 70, "percent": "50%"}]


def volume(**given: Any) -> dict[str, Any]:
    return calculate("premium.volume", given)


CASES = [
    ("P01", {"pay_minor": 100_000_00, "rule": {**STD, "max_minor": 500_00}, "rate": ".25"},
     {"multiplied_minor": 1_153_85, "volume_minor": 500_00, "monthly_minor": 12_50}),
    ("P03", {"pay_minor": 2_500_00, "pay_per": "month", "rule": LTD, "rate": ".37"},
     {"monthly_minor": 9_25, "weekly_minor": 2_13}),
    ("P05, the rate is fed", {"pay_minor": 25_000_00, "rule": {**STD, "round": {"step_minor": 10_00, "mode": "up"}},
                              "rate": ".228"},
     {"multiplied_minor": 288_46, "volume_minor": 290_00, "monthly_minor": 6_61, "biweekly_minor": 3_05,
      "weekly_minor": 1_53}),
    ("P07", {"pay_minor": 43_500_00, "rule": LTD, "rate": ".75", "age": 40},
     {"basis_minor": 3_625_00, "monthly_minor": 27_19}),
    ("P09", {"requested_minor": 100_000_00, "rate": ".09", "age": 36}, {"monthly_minor": 9_00}),
    ("P09 tobacco", {"requested_minor": 100_000_00, "rate": ".155", "age": 36}, {"monthly_minor": 15_50}),
    ("P09 spouse", {"requested_minor": 100_000_00, "rate": ".110"}, {"monthly_minor": 11_00}),
    ("P10 up to the next 1,000", {"pay_minor": 73_450_00, "rule": {"multiple": "2", "round": UP_1000}},
     {"multiplied_minor": 146_900_00, "volume_minor": 147_000_00, "monthly_minor": None}),
    ("P23 5% of pay", {"pay_minor": 1_000_00, "pay_per": "month", "rule": {"basis": "month", "unit": "percent"},
                       "rate": "5%"}, {"monthly_minor": 50_00}),
    ("P23 with overtime", {"pay_minor": 1_100_00, "pay_per": "month", "rule": {"basis": "month", "unit": "percent"},
                           "rate": "5%"}, {"monthly_minor": 55_00}),
    ("P24 of the original amount", {"requested_minor": 100_000_00, "age": 71, "rule": {"reductions": REDUCED}},
     {"volume_minor": 50_000_00}),
    ("of the current amount", {"requested_minor": 100_000_00, "age": 71,
                               "rule": {"reductions": REDUCED, "reduce": "current"}}, {"volume_minor": 32_500_00}),
    ("reduced and rounded again", {"requested_minor": 123_000_00, "age": 65,
                                   "rule": {"reductions": REDUCED, "round_again": UP_1000}},
     {"reduced_minor": 79_950_00, "rounded_again_minor": 80_000_00}),
    ("not reduced a day before", {"requested_minor": 123_000_00, "age": 64, "rule": {"reductions": REDUCED}},
     {"volume_minor": 123_000_00}),
    ("at least", {"pay_minor": 8_000_00, "rule": {"min_minor": 10_000_00}}, {"volume_minor": 10_000_00}),
    ("covered payroll is capped", {"pay_minor": 240_000_00, "rule": {**LTD, "max_minor": 15_000_00}, "rate": ".5"},
     {"basis_minor": 20_000_00, "monthly_minor": 75_00}),
    ("flat an employee", {"rule": {"unit": "flat"}, "rate": "4.50"}, {"monthly_minor": 4_50}),
    ("truncated", {"pay_minor": 25_000_00, "rule": {**STD, "round": {"mode": "down"}}}, {"volume_minor": 288_46}),
    ("wellness adder", {"rule": {"unit": "flat"}, "rate": "10", "wellness": True,
                        "factors": [{"name": "w", "applies_to": "wellness", "add_minor": -250}]},
     {"monthly_minor": 7_50}),
    ("rounding of the premium is the plan's", {"pay_minor": 43_500_00, "rule": LTD, "rate": ".75",
                                               "rounding": {"mode": "down"}}, {"monthly_minor": 27_18}),
]  # fmt: skip


@pytest.mark.parametrize(("given_", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(given_: dict[str, Any], expected: dict[str, Any]) -> None:
    found = volume(**given_)["result"]
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("more", "approved", "pending"),
    [
        ({}, 100_000_00, 50_000_00),
        ({"previously_approved_minor": 120_000_00}, 120_000_00, 30_000_00),
        ({"previously_approved_minor": 200_000_00}, 150_000_00, 0),
        ({"evidence_approved_from": "2026-06-01", "month": "2026-05"}, 100_000_00, 50_000_00),
        ({"evidence_approved_from": "2026-06-01", "month": "2026-06"}, 150_000_00, 0),
    ],
)
def test_what_is_above_the_guaranteed_issue_waits_for_evidence(
    more: dict[str, Any], approved: int, pending: int
) -> None:
    rule = {"guarantee_issue_minor": 100_000_00}
    answer = volume(requested_minor=150_000_00, rule=rule, rate="0.1", **more)
    found = answer["result"]
    assert (found["approved_minor"], found["pending_minor"]) == (approved, pending)
    assert found["monthly_minor"] == approved // 10_000
    assert answer["explanation"]["reasons"][0]["outcome"] == ("unknown" if pending else "pass")
    if pending:
        assert found["pending_from"] == more.get("evidence_approved_from")


@pytest.mark.parametrize(
    ("given_", "needs"),
    [
        ({"rate": "1"}, ["pay_minor"]),
        ({"pay_minor": 1, "rule": {"reductions": REDUCED}}, ["age"]),
        ({"pay_minor": 1, "rates": [{"age_from": 30, "rate": "1"}]}, ["age"]),
        ({"pay_minor": 1, "age": 29, "rates": [{"age_from": 30, "rate": "1"}]}, ["rates[age=29, volume]"]),
        ({"pay_minor": 1, "rates": [{"tobacco": True, "rate": "1"}]}, ["tobacco"]),
        ({"requested_minor": 1, "evidence_approved_from": "2026-01-01"}, ["on"]),
        ({"requested_minor": 1, "rate": "1", "factors": [{"name": "t", "applies_to": "tobacco"}]}, ["tobacco"]),
    ],
)
def test_what_is_missing_is_asked_for(given_: dict[str, Any], needs: list[str]) -> None:
    answer = volume(**given_)
    assert (answer["result"], answer["needs"]) == (None, needs)


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match="pay_minor: Input should be greater than or equal to 0"):
        volume(pay_minor=-1)
    with pytest.raises(DataError, match="rate and rates"):
        volume(requested_minor=1, rate="1", rates=[{"rate": "1"}])
    with pytest.raises(DataError, match="two reductions at one age"):
        volume(requested_minor=1, rule={"reductions": [REDUCED[0], REDUCED[0]]})
    with pytest.raises(DataError, match="max_minor is below min_minor"):
        volume(requested_minor=1, rule={"min_minor": 2, "max_minor": 1})
    with pytest.raises(ConfigError, match=r"two rates for one key.*\[age 30-40\] and \[age 40\+\]"):
        volume(requested_minor=1, age=40, rates=[{"age_from": 30, "age_through": 40, "rate": "1"},
                                                 {"age_from": 40, "rate": "2"}])  # fmt: skip
    with pytest.raises(DataError, match="either amount_minor or rate"):
        volume(requested_minor=1, rates=[{"age_from": 30}])


def test_every_step_is_told_with_raw_and_rounded_value() -> None:
    rule = {"multiple": "2", "round": UP_1000, "reductions": REDUCED, "max_minor": 90_000_00,
            "guarantee_issue_minor": 50_000_00}  # fmt: skip
    told = volume(pay_minor=73_450_00, age=66, rule=rule, rate="0.15")["explanation"]["steps"]
    assert [step["value"] for step in told][:6] == [
        "73450.00", "147000.00", "96000.00", "90000.00", "50000.00", "40000.00",
    ]  # fmt: skip
    assert told[2]["raw"] == "9555000"


@given(
    pay=st.integers(20_000_00, 200_000_00),
    multiple=st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3)]),
    percent=st.sampled_from([Fraction(13, 20), Fraction(1, 2), Fraction(35, 100)]),
)
def test_the_order_of_the_steps_is_the_rule(pay: int, multiple: Fraction, percent: Fraction) -> None:
    up = StepRounding(step_minor=1_000_00, mode=Rounding.UP)
    rule = VolumeRule(multiple=multiple, round=up, reductions=(Reduction(age=65, percent=percent),))
    found = volume_premium(rule=rule, pay_minor=pay, age=65).required()
    assert found.rounded_minor == up.apply(pay * multiple)
    assert found.volume_minor == up.apply(up.apply(pay * multiple) * percent)
    # Reduced before the first rounding, a volume can differ; where it does, ours is the larger.
    other = up.apply(pay * multiple * percent)
    assert found.volume_minor >= other


def test_rounding_before_and_after_a_reduction_differ() -> None:
    up = StepRounding(step_minor=1_000_00, mode=Rounding.UP)
    rule = VolumeRule(round=up, reductions=(Reduction(age=65, percent=Fraction(1, 2)),))
    assert volume_premium(rule=rule, pay_minor=40_001_00, age=65).required().volume_minor == 21_000_00
    assert up.apply(Fraction(40_000_00, 2)) == 20_000_00


@given(requested=st.integers(0, 10**8), issue=st.integers(0, 10**8), before=st.integers(0, 10**8))
def test_approved_and_pending_make_what_is_requested(requested: int, issue: int, before: int) -> None:
    rule = VolumeRule(guarantee_issue_minor=issue)
    found = volume_premium(rule=rule, requested_minor=requested, previously_approved_minor=before).required()
    assert found.approved_minor + found.pending_minor == requested
    assert found.approved_minor == min(requested, max(issue, before))


@given(cap=st.integers(1, 10**7), volume_minor=st.integers(0, 10**8))
def test_bounds_hold_and_no_float_appears(cap: int, volume_minor: int) -> None:
    assume(cap >= 100)
    found = volume_premium(
        rule=VolumeRule(min_minor=100, max_minor=cap), requested_minor=volume_minor, rate=Fraction(1, 7)
    ).required()
    assert 100 <= found.volume_minor <= cap
    assert all(value is None or type(value) is int for name, value in found if name.endswith("_minor"))
