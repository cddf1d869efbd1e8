"""Composed rules: negation, three-valued logic, and trees that cannot be meant."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest

from benehub.errors import ConfigError, DataError
from benehub.records.explanation import Outcome
from benehub.rules.eligibility.kinds import Kind, Leaf, Verdict, add_kind, kinds
from benehub.rules.eligibility.person import EmployeeFacts
from benehub.rules.eligibility.tree import RuleTerm, all_of, any_of, ask
from benehub.rules.registry import calculate

BASE = {"on": "2026-05-01", "hire_date": "2026-01-05"}


def status(rules: dict[str, Any], **facts: Any) -> str:
    return str(calculate("eligibility", BASE | facts | {"rules": rules})["result"]["status"])


def test_one_plan_with_a_wait_for_each_class() -> None:
    rules = {
        "any": [
            {"all": [{"kind": "class", "any_of": ["salaried"]}, {"kind": "entry_grid", "entry": {"wait": 30}}]},
            {"all": [{"kind": "class", "any_of": ["hourly"]}, {"kind": "entry_grid", "entry": {"wait": 85}}]},
        ]
    }
    found = {
        name: calculate("eligibility", BASE | {"on": "2026-02-10", "employment_class": name, "rules": rules})["result"]
        for name in ("salaried", "hourly", "intern")
    }
    assert found["salaried"]["status"] == "eligible"
    assert found["salaried"]["coverage_earliest"] == "2026-02-04"
    assert (found["hourly"]["status"], found["hourly"]["until"]) == ("waiting", "2026-03-31")
    assert found["intern"]["status"] == "not_eligible"


def test_unknown_in_an_any_that_passes_does_not_matter() -> None:
    rules = {"any": [{"kind": "union", "any_of": ["local-12"]}, {"kind": "measured_hours"}]}
    assert status(rules, measured_full_time=True) == "eligible"
    assert status(rules, measured_full_time=False) == "needs_data"
    assert status(rules, measured_full_time=False, union="") == "not_eligible"


def test_an_age_reached_ends_it_by_time_alone() -> None:
    answer = calculate("eligibility", BASE | {"birth_date": "2000-11-10", "rules": {"kind": "age", "below": 26}})
    assert (answer["result"]["status"], answer["result"]["eligible_to"]) == ("eligible", "2026-11-10")


def test_back_from_leave_on_a_known_day() -> None:
    rules = {"kind": "not_on_leave", "any_of": ["personal"]}
    answer = calculate("eligibility", BASE | {"leave": "personal", "leave_ends": "2026-06-15", "rules": rules})
    assert (answer["result"]["status"], answer["result"]["until"]) == ("waiting", "2026-06-15")


def test_a_path_tells_where_in_the_tree_a_reason_stands() -> None:
    rules = {"all": [{"kind": "class", "any_of": ["a"]}, {"not": {"any": [{"kind": "union", "any_of": ["u"]}]}}]}
    reasons = calculate("eligibility", BASE | {"rules": rules})["explanation"]["reasons"]
    assert [(one["rule"], one["path"]) for one in reasons if one["path"]] == [
        ("class", "rules.all[0]"),
        ("not union", "rules.all[1].not.any[0]"),
    ]


@pytest.mark.parametrize("depth", [2, 3])
def test_negation_is_what_logic_says(depth: int) -> None:
    """not(all) and not(any) against the truth tables, with what is unknown in between."""
    invert = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS, Outcome.UNKNOWN: Outcome.UNKNOWN}
    for word, together in (("all", all_of), ("any", any_of)):
        for values in product((True, False, None), repeat=depth):
            given = {f"r{n}": value for n, value in enumerate(values) if value is not None}
            facts = EmployeeFacts(None, None, None, given=given)
            parts = [{"kind": "given", "name": f"r{n}"} for n in range(depth)]
            plain = ask(RuleTerm.model_validate({word: parts}), facts, date(2026, 1, 1))
            turned = ask(RuleTerm.model_validate({"not": {word: parts}}), facts, date(2026, 1, 1))
            assert plain.outcome is together([_said(value) for value in values])
            assert turned.outcome is invert[plain.outcome]


def _said(value: bool | None) -> Outcome:
    return {True: Outcome.PASS, False: Outcome.FAIL, None: Outcome.UNKNOWN}[value]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({}, "exactly one of all, any, not and kind"),
        ({"all": []}, "exactly one"),
        ({"all": [{"kind": "measured_hours"}], "kind": "measured_hours"}, "exactly one"),
        ({"kind": "shoe_size"}, "no kind of rule is named shoe_size"),
        ({"kind": "class"}, "a rule of kind class needs any_of"),
        ({"kind": "age"}, "needs at_least or below"),
        ({"kind": "class", "any_of": ["x"], "at_least": 3}, "knows no at_least"),
        ({"any": [{"kind": "measured_hours"}], "at_least": 3}, "belongs to a kind"),
        ({"kind": "age", "at_least": 2.5}, "at_least"),
        ({"kind": "entry_grid", "entry": {"wait": -1}}, "wait"),
    ],
)
def test_a_tree_that_cannot_be_meant_is_refused(rules: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        calculate("eligibility", BASE | {"rules": rules})


def test_a_wait_in_the_tree_is_held_to_the_law_too() -> None:
    rules = {"kind": "entry_grid", "entry": {"wait": 90, "grid": "first_of_month"}}
    with pytest.raises(ConfigError, match="91st-day limit"):
        calculate("eligibility", BASE | {"rules": rules})


def test_a_plugin_brings_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benehub.rules.eligibility.kinds._KINDS", dict(kinds()))

    def visa(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
        valid = on < date(2026, 9, 1)
        return Verdict(valid, {"on": str(on)}, {"on": "2026-08-31"}, {"on": "2026-09-01"}, (date(2026, 9, 1),))

    add_kind("visa", Kind(visa))
    assert status({"kind": "visa"}) == "eligible"
    with pytest.raises(ConfigError, match="two kinds of eligibility rule are named visa"):
        add_kind("visa", Kind(lambda facts, leaf, on: visa(facts, leaf, on)))
