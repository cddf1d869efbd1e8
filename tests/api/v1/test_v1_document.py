"""What the description promises of every operation, read from itself: names, types, keys, pages, errors and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from benehub.access import Permission
from benehub.api import v1
from benehub.api.v1.documents import document
from benehub.api.v1.links import LINKS

WHOLE = {
    "list_employers": "those of the caller",
    "list_schedules": "those of one employer", "list_connections": "those of one employer",
    "list_webhooks": "those of one employer", "list_plans": "those of a plan book",
    "list_balances": "one for each account and value asked for",
    "list_person_facts": "those of one person", "list_person_coverage": "those of one person",
    "list_person_deductions": "those of one person and pay date", "list_person_leave": "those of one person",
    "list_person_money": "those of one person and year", "list_person_decisions": "those of one person",
    "list_person_notices": "the newest fifty of one person",
    "trace": "the stops of one plan and month", "get_cost": "a line an account or plan",
    "list_difference_fixes": "those of one difference", "list_fix_options": "a kind of fix each",
    "list_periods": "those of one employer, one a month", "check_period": "a line a condition",
    "list_clearing": "one for each clearing account",
    "list_suppressions": "what people have set aside by hand",
}  # fmt: skip
"""Operations that answer with all there is, each with what bounds it."""

BYTES = {"get_dispatch_content": "the very bytes", "follow_run": "events", "export_trail": "lines"}
"""Operations whose answer is no JSON."""

SENT = {"send_import": "a table, as its bytes"}
"""Operations whose body is no JSON."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """The description."""
    return document(v1.router)


def operations(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Method and description of each."""
    for path in told["paths"].values():
        yield from path.items()


def test_it_is_a_description_that_tools_take(told: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(told).validate()
    ids = [one["operationId"] for _, one in operations(told)]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[a-z]+(_[a-z]+)*", one) for one in ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in told["components"]["schemas"])


def test_every_answer_and_body_is_of_a_named_type(told: dict[str, Any]) -> None:
    for _, one in operations(told):
        found = [answer for status, answer in one["responses"].items() if status.startswith("2") and status != "204"]
        has_body = "requestBody" in one and one["operationId"] not in SENT
        contents = [*found, one["requestBody"]] if has_body else found
        for content in contents if one["operationId"] not in BYTES else ():
            assert "$ref" in content["content"]["application/json"]["schema"], one["operationId"]


def test_every_write_has_a_key_and_every_error_a_mend(told: dict[str, Any]) -> None:
    for method, one in operations(told):
        needed = {part["name"] for part in one.get("parameters", ()) if part["in"] == "header" and part["required"]}
        assert ("idempotency-key" in needed) is (method != "get"), one["operationId"]
        errors = {status: answer for status, answer in one["responses"].items() if status[0] in "45"}
        assert {"401", "403", "404", "422", "429", "503"} <= set(errors)
        assert all(answer["$ref"].startswith("#/components/responses/Problem") for answer in errors.values())
    assert {"title", "detail", "mend", "kind"} <= set(told["components"]["schemas"]["Problem"]["properties"])


def test_every_list_is_paged_or_bounded_by_what_it_is_of(told: dict[str, Any]) -> None:
    schemas, whole = told["components"]["schemas"], set[str]()
    for method, one in operations(told):
        answer = one["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        fields = schemas.get(answer.get("$ref", "").rsplit("/", 1)[-1], {}).get("properties", {})
        if method == "get" and fields.get("items", {}).get("type") == "array":
            names = {part["name"] for part in one.get("parameters", ())}
            paged = {"cursor", "limit"} <= names and "next" in fields
            whole |= set() if paged else {one["operationId"]}
    assert whole == whole & set(WHOLE), whole - set(WHOLE)


def test_every_link_leads_to_an_operation_with_all_that_it_needs(told: dict[str, Any]) -> None:
    known = {one["operationId"]: one for _, one in operations(told)}
    made = 0
    for (source, status), targets in LINKS.items():
        for target in targets:
            link = known[source]["responses"][status]["links"][target]
            places = {part["name"] for part in known[target]["parameters"] if part["in"] == "path"}
            assert link["operationId"] == target and set(link["parameters"]) == places, (source, target)
            made += 1
    assert made >= 25


def test_everything_says_what_it_means(told: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in told["components"]["schemas"].items()
        for field, one in schema.get("properties", {}).items()
        if not one.get("description")
    ]
    silent += [name for name, schema in told["components"]["schemas"].items() if not schema.get("description")]
    for _, one in operations(told):
        silent += [one["operationId"] for part in ("summary", "description") if not one.get(part)]
        parts = one.get("parameters", ())
        silent += [f"{one['operationId']}({part['name']})" for part in parts if not part.get("description")]
    assert not silent, "a text below the field, or a word in api/v1/vocabulary.py"
    assert {one["tags"][0] for _, one in operations(told)} == {one["name"] for one in told["tags"]}


def test_every_operation_names_the_permission_that_it_needs(told: dict[str, Any]) -> None:
    known = {str(one) for one in Permission}
    for _, one in operations(told):
        ((needed,),) = (way["token"] for way in one["security"])
        assert needed in known and f"`{needed}`" in one["description"], one["operationId"]


def test_an_example_fits_what_it_is_an_example_of(told: dict[str, Any]) -> None:
    shown = [(one["operationId"], part) for _, one in operations(told) for part in one.get("parameters", ())]
    wrong = [
        (name, part["name"], example)
        for name, part in shown
        for example in part["schema"].get("examples", ())
        if not Draft202012Validator(part["schema"]).is_valid(example)
    ]
    assert not wrong and sum("examples" in part["schema"] for _, part in shown) > 100
