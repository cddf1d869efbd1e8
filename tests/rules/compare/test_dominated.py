"""Options that another one beats at every level of care (worked cases C04 to C06)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from benehub.records.election import Tier
from benehub.rules.compare.dominated import PERSONS, dominated
from benehub.rules.compare.offer import Offer, total_cost
from benehub.rules.registry import calculate

SHARING = {"coinsurance": "20%", "out_of_pocket_max_minor": 3_000_00}
LOW = {
    "id": "750",
    "design": {"deductible_minor": 750_00, **SHARING},
    "premiums_minor": {"EE": 600_00},
    "employee_minor": {"EE": 144_00},
}
HIGH = {
    "id": "1000",
    "design": {"deductible_minor": 1_000_00, **SHARING},
    "premiums_minor": {"EE": 556_00},
    "employee_minor": {"EE": 100_00},
}


def menu(*offers: dict[str, Any], charges: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    given_ = {"offers": list(offers), "charges_minor": list(charges)}
    return list(calculate("compare.dominated", given_)["result"]["dominated"])


def test_c06_the_750_plan_costs_more_at_every_level_of_care() -> None:
    charges = (0, 750_00, 1_000_00, 20_000_00)
    (found,) = menu(LOW, HIGH, charges=charges)
    assert (found["option"], found["by"], found["tier"]) == ("750", "1000", "EE")
    extra = {one["charges_minor"]: one["extra_minor"] for one in found["proof"]}
    assert [extra[str(one)] for one in charges] == ["52800", "52800", "32800", "52800"]
    assert found["least_extra_minor"] == "32800"


def test_c04_a_premium_that_is_worth_its_deductible_is_not_dominated() -> None:
    # 250 less deductible for 199.92 a year: at 1,000 of charges the lower deductible saves 200
    assert menu(LOW | {"employee_minor": {"EE": 116_66}}, HIGH) == []
    # for 200.04 it never pays off
    assert [one["least_extra_minor"] for one in menu(LOW | {"employee_minor": {"EE": 116_67}}, HIGH)] == ["4"]


def test_an_hsa_counts_and_an_hra_only_as_far_as_there_is_cost() -> None:
    even = HIGH | {"employee_minor": {"EE": 144_00}}
    assert menu(LOW, even | {"hsa_minor": {"EE": 500_00}})[0]["least_extra_minor"] == "30000"
    # an HRA of 500 helps nobody who has no cost: equal at 0, so never dearer, and cheaper above
    found = menu(LOW, even | {"hra_minor": {"EE": 500_00}})[0]
    assert (found["least_extra_minor"], found["by"]) == ("0", "1000")


def test_a_twin_dominates_nobody() -> None:
    assert menu(LOW, LOW | {"id": "twin"}) == []


def test_a_family_is_looked_at_both_ways() -> None:
    limits = {"family_deductible_minor": 2_000_00, "family_out_of_pocket_max_minor": 6_000_00}
    one = {"deductible_minor": 1_000_00, **SHARING, **limits}
    prices = {"premiums_minor": {"FAM": 2000_00}}
    embedded = {"id": "emb", "design": one | {"family": "embedded"}, "employee_minor": {"FAM": 210_00}, **prices}
    aggregate = {"id": "agg", "design": one | {"family": "aggregate"}, "employee_minor": {"FAM": 200_00}, **prices}
    # in equal parts both cost the same, so the dearer one looks dominated; with one ill person it is not
    assert menu(embedded, aggregate) == []


def test_what_is_not_known_is_asked_for() -> None:
    answer = calculate("compare.dominated", {"offers": [LOW | {"design": {"deductible_minor": 1}}, HIGH]})
    assert answer["needs"] == ["750.design.coinsurance", "750.design.out_of_pocket_max_minor"]


offers = st.builds(
    lambda d, r, c, p, h: Offer.model_validate(
        {
            "id": f"{d}-{r}-{c}-{p}-{h}",
            "design": {"deductible_minor": d, "out_of_pocket_max_minor": d + r, "coinsurance": f"{c}%"},
            "premiums_minor": {"EE": 100_000},
            "employee_minor": {"EE": p},
            "hra_minor": {"EE": h},
        }
    ),
    st.integers(0, 300_000),
    st.integers(0, 300_000),
    st.integers(0, 100),
    st.integers(0, 20_000),
    st.sampled_from([0, 50_000]),
)


@given(st.lists(offers, min_size=2, max_size=4, unique_by=lambda o: o.id), st.integers(0, 9_000_000))
def test_nothing_dominated_is_ever_cheaper(found: list[Offer], charges: int) -> None:
    by_id = {one.id: one for one in found}
    proven = {(one.option, one.by) for one in dominated(found, PERSONS)}
    for dear in found:
        for cheap in found:
            gap = total_cost(dear, Tier.EE, (Fraction(1),)).at(charges) - total_cost(cheap, Tier.EE, (Fraction(1),)).at(
                charges
            )
            if (dear.id, cheap.id) in proven:
                assert gap >= 0
                assert (cheap.id, dear.id) not in proven
    assert all(option in by_id and by in by_id for option, by in proven)
