"""Every calculator is listed, described, pure of floats, quick, and fails in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benehub.errors import ConfigError, DataError
from benehub.rules.base import Calculation
from benehub.rules.leave.payout import Payout, PayoutInput
from benehub.rules.registry import all_calculators, calculate, calculator, find_calculator

NAMES = sorted(all_calculators())


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_sentence_a_version_and_a_schema(name: str) -> None:
    chosen = find_calculator(name)
    assert chosen.sentence.endswith(".")
    assert chosen.version
    schema = json.dumps(chosen.input_model.model_json_schema(mode="validation"))
    assert '"number"' not in schema
    assert chosen.output_model.model_json_schema(mode="serialization")["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_money_and_hours_are_integers(name: str) -> None:
    chosen = find_calculator(name)
    for model in (chosen.input_model, chosen.output_model):
        for field, schema in model.model_json_schema(mode="serialization")["properties"].items():
            if field.endswith("_minor"):
                assert '"integer"' in json.dumps(schema), field


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_field_is_named(name: str) -> None:
    with pytest.raises(DataError, match="made_up"):
        calculate(name, {"made_up": 1})


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"no calculator is named 'premium'.*premium\.tier"):
        calculate("premium", {})


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({}, "invoice_due: Field required"),
        ({"invoice_due": "2026-06-31"}, "invoice_due: must be a date as YYYY-MM-DD"),
        ({"invoice_due": "2026-06-01", "bank_days": 1.0}, "bank_days: Input should be a valid integer"),
        ({"invoice_due": "2026-06-01", "bank_days": "1"}, "bank_days: Input should be a valid integer"),
        ({"invoice_due": "2026-06-01", "bank_days": True}, "bank_days: Input should be a valid integer"),
        (
            {"invoice_due": "2026-06-01", "grace_days": -1},
            "grace_days: Input should be greater than or equal",
        ),
    ],
)
def test_a_bad_input_names_the_field_and_the_mend(payload: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        calculate("premium.due", payload)
    assert said in str(caught.value)
    assert caught.value.mend


def test_only_the_first_faults_are_listed() -> None:
    with pytest.raises(DataError, match="and 3 more"):
        calculate("leave.payout", {f"field{n}": n for n in range(8)})


def test_two_calculators_cannot_share_a_name() -> None:
    def other(given: PayoutInput) -> Calculation[Payout]:
        return find_calculator("leave.payout").function(given)

    assert "leave.payout" in all_calculators()
    with pytest.raises(ConfigError, match=r"two calculators are named leave\.payout"):
        calculator("leave.payout", "Another one.", PayoutInput, Payout, "1")(other)


def test_the_answer_is_plain_json() -> None:
    answer = calculate("leave.payout", {"hours": "3.2", "rate_minor": 15_75})
    assert json.loads(json.dumps(answer)) == answer
    assert answer["explanation"]["steps"][0] == {
        "label": "hours x rate (half_up)",
        "raw": "5040",
        "value": "50.40",
        "money": "minor",
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_has_an_example_that_answers(name: str) -> None:
    answer = calculate(name, find_calculator(name).example)
    assert answer["result"] is not None, answer["needs"]
    assert answer["explanation"]["steps"] or answer["explanation"]["reasons"]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_the_input_says_what_it_means(name: str) -> None:
    schema = find_calculator(name).schemas()["input"]
    models = [schema, *schema.get("$defs", {}).values()]
    silent = [
        field
        for model in models
        for field, said in model.get("properties", {}).items()
        if not (said.get("description") or "$ref" in said)
    ]
    assert not silent


@pytest.mark.parametrize("name", NAMES)
def test_what_an_explanation_keeps_can_be_calculated_again(name: str) -> None:
    answer = calculate(name, find_calculator(name).example)
    again = calculate(name, answer["explanation"]["inputs"])
    assert again["result"] == answer["result"]
