"""The books that ship load clean, the page's snippets too, and between them they show every field there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from benehub import planbook
from benehub.planbook.source import read

ROOT = Path(__file__).resolve().parents[2]
BOOKS = sorted([*ROOT.glob("config/planbook*.yaml"), *ROOT.glob("config/examples/planbook*.yaml")])
PAGE = (ROOT / "docs" / "planbook.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SCHEMA = planbook.schema()


def fields() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every field of the schema: its part, its name, its schema."""
    for part, node in {"PlanBook": SCHEMA, **SCHEMA["$defs"]}.items():
        for name, said in node.get("properties", {}).items():
            yield part, name, said


def used(value: Any, node: dict[str, Any], part: str) -> Iterator[tuple[str, str]]:
    """The fields that a book's data uses, by the part each belongs to."""
    for option in node.get("anyOf", ()):
        if "$ref" in option or "items" in option:
            node = option
    if "$ref" in node:
        part = node["$ref"].rpartition("/")[2]
        node = SCHEMA["$defs"][part]
    if isinstance(value, list):
        for one in value:
            yield from used(one, node.get("items", {}), part)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name in node.get("properties", {}):
                yield part, name
                yield from used(one, node["properties"][name], part)
            else:
                options = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
                for option in options:
                    yield from used(one, option if isinstance(option, dict) else {}, part)


@pytest.mark.parametrize("file", BOOKS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_book_that_ships_loads_with_nothing_strange_and_fits_the_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert planbook.check(planbook.load(text, file.name)) == []
    Draft202012Validator(SCHEMA).validate(read(text, file.name).data)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.split()[0] + str(len(snippet)))
def test_a_snippet_of_the_page_loads_as_part_of_the_smallest_book(snippet: str) -> None:
    whole = read(SNIPPETS[0], "page").data | read(snippet, "page").data
    book = planbook.load(json.dumps(whole), "page")
    assert [one.text for one in planbook.check(book) if one.severity == "error"] == []


def test_every_field_stands_in_an_example_or_on_the_page() -> None:
    found: set[tuple[str, str]] = set()
    for text in [file.read_text(encoding="utf-8") for file in BOOKS] + SNIPPETS:
        found |= set(used(read(text, "book").data, SCHEMA, "PlanBook"))
    named = set(re.findall(r"`(\w+)(?:: [^`]*)?`", PAGE))
    missing = [f"{part}.{name}" for part, name, _ in fields() if (part, name) not in found and name not in named]
    assert missing == []


def test_every_field_says_what_it_means() -> None:
    told = list(fields())
    assert len(told) > 300
    assert [f"{part}.{name}" for part, name, said in told if len(said.get("description", "")) < 2] == []


def test_what_is_commented_out_in_an_example_can_be_said() -> None:
    """A commented line with a key names a field there is."""
    known = {name for _, name, _ in fields()}
    for file in BOOKS:
        for line in file.read_text(encoding="utf-8").splitlines():
            if found := re.match(r"\s+# +(\w+): ", line):
                assert found[1] in known, line
                assert yaml.safe_load(line.strip().lstrip("# ").partition("  #")[0].replace(", ...", "")), line
