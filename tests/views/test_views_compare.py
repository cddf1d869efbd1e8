"""A comparison for the employer's own people: tiers counted by the database, plans priced from the plan book."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benehub import facts, planbook
from benehub.errors import ConfigError, DataError
from benehub.facts import Version
from benehub.money import parse_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import Tier
from benehub.rules.compare.plans import compare
from benehub.store import Store
from benehub.views.compare import comparison, cost_lines, enrolled
from benehub.views.offers import file_offers
from benehub.views.population import read_world, synthetic

DAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def book(root: Path) -> PlanBook:
    return planbook.load((root / "config" / "planbook.example.yaml").read_text(encoding="utf-8"), "book")


def cover(person: str, plan: str, tier: str, start: date = date(2026, 2, 1), kind: str = "medical") -> Version:
    return Version("coverage", person, kind, start, {"plan": plan, "tier": tier})


@pytest.fixture
def people(store: Store) -> Store:
    """Five in the PPO in November (one left it, one moved tier), one in the HDHP."""
    with store.write("acme") as session:
        facts.record(
            session,
            [
                *(cover(f"p{number}", "ppo", "EE") for number in range(4)),
                cover("p4", "ppo", "FAM"),
                cover("p5", "hdhp", "EE"),
                cover("p6", "ppo", "EE", date(2027, 1, 1)),
                cover("p0", "dental", "EE", kind="dental"),
                Version("coverage", "p7", "retirement", date(2026, 1, 1), {"plan": "401k", "tier": ""}),
            ],
            "test",
        )
        facts.record(
            session,
            [
                Version("coverage", "p3", "medical", date(2026, 6, 1), None),
                cover("p2", "ppo", "FAM", date(2026, 5, 1)),
            ],
            "later",
        )
    return store


def test_people_are_counted_by_plan_and_tier(people: Store) -> None:
    with people.read("acme") as session:
        assert enrolled(session, DAY) == {
            "ppo": {Tier.EE: 2, Tier.FAM: 2},
            "hdhp": {Tier.EE: 1},
            "dental": {Tier.EE: 1},
        }
        assert enrolled(session, date(2026, 3, 1))["ppo"] == {Tier.EE: 4, Tier.FAM: 1}


def test_the_plan_most_are_in_is_compared_with_the_others_of_its_kind(people: Store, book: PlanBook) -> None:
    with people.read("acme") as session:
        asked = comparison(session, book, DAY, synthetic(), affordable_minor=132_46)
    given = asked.given
    assert (given.incumbent.id, [one.id for one in given.candidates]) == ("ppo", ["hdhp"])
    assert given.enrolled == {Tier.EE: 2, Tier.FAM: 2}
    assert given.incumbent.employee_minor[Tier.EE] == 122_50
    assert given.candidates[0].hsa_minor[Tier.FAM] == 1_500_00
    assert "synthetic" in asked.source
    found = compare(given)
    # 80% of 612.50 and 1,837.50, twice each, twelve times
    assert found.incumbent.employer_minor == 12 * 2 * (490_00 + 1_470_00)


def test_rates_of_another_month_are_next_years(people: Store, book: PlanBook) -> None:
    with people.read("acme") as session:
        asked = comparison(session, book, DAY, synthetic(), month=Month(2027, 1))
    assert asked.given.incumbent.premiums_minor[Tier.EE] == 655_00


def test_another_book_brings_candidates_under_its_name(people: Store, book: PlanBook) -> None:
    with people.read("acme") as session:
        asked = comparison(session, book, DAY, synthetic(), other=book, other_name="next")
    assert [one.id for one in asked.given.candidates] == ["hdhp", "ppo (next)", "hdhp (next)"]


def test_cost_lines_agree_with_the_years(people: Store, book: PlanBook) -> None:
    with people.read("acme") as session:
        given = comparison(session, book, DAY, synthetic()).given
    lines = {one.name: one.points for one in cost_lines(given, Tier.EE)}
    ppo = compare(given).incumbent
    none = next(year for year in ppo.years if year.tier is Tier.EE and year.scenario == "none")
    assert lines["Northstar PPO 500"][0] == (0, none.total_minor)
    assert len({points[-1][0] for points in lines.values()}) == 1


def test_what_cannot_be_compared_is_left_out_with_its_reason(people: Store, root: Path) -> None:
    text = (root / "config" / "planbook.example.yaml").read_text(encoding="utf-8")
    without = planbook.load(
        text[: text.index("    design:\n      deductible: 3200.00")] + text[text.index("  - id: dental") :], "book"
    )
    with people.read("acme") as session:
        with pytest.raises(DataError, match=r"nothing to compare plan ppo with \(hdhp: it has no `design:`"):
            comparison(session, without, DAY, synthetic())
        asked = comparison(session, without, DAY, synthetic(), offers=file_offers(OFFERS, "offers.json"))
    assert [one.plan for one in asked.left_out] == ["hdhp"]


@pytest.mark.parametrize(
    ("words", "day", "said"),
    [
        ({"incumbent": "nope"}, DAY, "plan 'nope' is not in the plan book"),
        ({"incumbent": "401k"}, DAY, "plan 401k is no insurance"),
        ({"incumbent": "dental"}, DAY, "plan dental has no design"),
        ({"incumbent": "ppo"}, date(2026, 1, 2), "nobody is covered by plan ppo on 2026-01-02"),
        ({"incumbent": "ppo", "month": Month(2025, 1)}, DAY, "no rates for 2025-01"),
    ],
)
def test_a_wrong_question_is_named(people: Store, book: PlanBook, words: dict[str, Any], day: date, said: str) -> None:
    with people.read("acme") as session, pytest.raises(DataError, match=said):
        comparison(session, book, day, synthetic(), **words)


def test_a_book_without_any_design_says_what_to_add(people: Store, root: Path) -> None:
    text = (root / "config" / "planbook.example.yaml").read_text(encoding="utf-8")
    bare = planbook.load(
        text[: text.index("    design:")]
        + text[text.index("\n  - id: hdhp") : text.index("    design:\n      deductible: 3200.00")]
        + text[text.index("  - id: dental") :],
        "book",
    )
    with people.read("acme") as session, pytest.raises(ConfigError, match="no plan of the plan book has a design"):
        comparison(session, bare, DAY, synthetic())


OFFERS = """{"offers": [{"id": "x", "design": {"deductible_minor": 100, "coinsurance": "20%",
"out_of_pocket_max_minor": 400}, "premiums_minor": {"EE": 500}, "employee_minor": {"EE": 100}}]}"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{", "", "it is no JSON"),
        ('"offers"', '"offer"', "it has no list `offers`"),
        ('"EE": 500', '"EE": 500.5', "offer x: premiums_minor.EE: Input should be a valid integer"),
        ('"20%"', '"120%"', "offer x: design.coinsurance: Input should be less than or equal to 1"),
        ('{"EE": 100}', '{"EE": 900}', "offer x: employee_minor of tier EE is above the premium"),
        ('"id": "x"', '"ID": "x"', "offer 0: id: Field required"),
        ('"EE": 500', '"E1": 500', "offer x: premiums_minor.E1"),
    ],
)
def test_a_bad_offer_file_is_named(old: str, new: str, said: str) -> None:
    file_offers(OFFERS, "offers.json")
    with pytest.raises(DataError) as caught:
        file_offers(OFFERS.replace(old, new, 1), "offers.json")
    assert said in str(caught.value) and "offers.json" in str(caught.value)


def test_the_shipped_table_says_that_it_is_synthetic() -> None:
    world = synthetic()
    assert "synthetic" in world.source and "no actuarial certification" in world.source
    assert sum(level.weight for level in world.population) == 10_000
    assert sum(level.weight * level.charges_minor for level in world.population) == 10_000 * parse_minor("5487.50")
    assert [one.name for one in world.scenarios] == ["none", "low", "medium", "high", "catastrophic"]


WORLD = 'population:\n  - {charges: "10", weight: 1}\nscenarios:\n  none: ["0"]\npersons: {EE: 1}\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("population:\n", "population: [\n", "no YAML"),
        (WORLD, "- 1", "it is no map"),
        ("scenarios:", "scenario:", "`scenarios` is missing"),
        ("charges:", "charge:", r"population\[0\]: charges is missing"),
        ('"10"', '"ten"', r"population\[0\]: charges: not an amount"),
        ("weight: 1", "weight: -1", r"population\[0\]: weight is below zero"),
        ('"0"', '"x"', r"scenarios\.none\[0\]: charges: not an amount"),
        ("EE: 1", "ZZ: 1", "no tier 'ZZ' in persons"),
        ("EE: 1", "EE: 0", "a number of persons is not 1 to 20"),
    ],
)
def test_a_bad_table_is_named(old: str, new: str, said: str) -> None:
    assert read_world(WORLD, "mine.yaml").source == "mine.yaml"
    with pytest.raises(DataError, match=said):
        read_world(WORLD.replace(old, new, 1), "mine.yaml")
