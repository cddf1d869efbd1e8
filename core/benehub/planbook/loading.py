"""From a file to a plan book: every error is collected and told with its line, its field and its mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from benehub.planbook.book import PlanBook
from benehub.planbook.checks import check
from benehub.planbook.parts.employer import Books
from benehub.planbook.source import Fault, Path, Source, read, refused

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SCHEMA_HINT = "`benehub plan schema` shows what it may hold"


def load(text: str, name: str) -> PlanBook:
    """The plan book in `text`; `name` is what messages call it.

    Raises:
        ConfigError: it is no YAML, a field is wrong, or it contradicts itself. All faults are listed, each on
            a line of its own: `name:line: field: what. mend`.
    """
    source = read(text, name)
    try:
        book = PlanBook.model_validate(source.data)
    except ValidationError as error:
        raise refused(name, list(_faults(error, source))) from None
    wrong = [finding for finding in check(book) if finding.severity == "error"]
    if wrong:
        raise refused(name, [Fault(source.line_of(f.path), source.label(f.path), f.text, f.mend) for f in wrong])
    return book


def books(text: str, name: str) -> Books:
    """How the general ledger is kept by a plan book that was in force once: its other parts may be refused by now.

    Raises:
        ConfigError: it is no YAML, or what it says of `books` is wrong.
    """
    source = read(text, name)
    told = source.data.get("books") or {}
    try:
        return Books.model_validate({key: value for key, value in told.items() if key in Books.model_fields})
    except ValidationError as error:
        raise refused(name, list(_faults(error, source))) from None


def schema() -> dict[str, Any]:
    """The JSON Schema of the plan book, for editors and for other programs; dates are text in it."""
    return {"$schema": DRAFT, **PlanBook.model_json_schema(by_alias=True)}


def _faults(error: ValidationError, source: Source) -> Iterator[Fault]:
    for detail in error.errors(include_url=False, include_input=False):
        path = tuple(detail["loc"])
        if path and path[-1] == "[key]":
            path = path[:-1]
        what, mend = _say(detail, path)
        yield Fault(source.line_of(path), source.label(path), what, mend)


def _say(detail: Mapping[str, Any], path: Path) -> tuple[str, str]:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"]), f"Mend the value; {_SCHEMA_HINT}"
        case "missing":
            return "is missing", f"Add {path[-1]}"
        case "extra_forbidden":
            return "is no field here", _suggest(path)
        case "literal_error" | "enum":
            return "is not one of the known values", f"Choose one of {context['expected']}"
        case "string_pattern_mismatch":
            return "does not have the right form", f"It has to match {context['pattern']}"
        case "date_from_datetime_parsing" | "date_parsing" | "date_type" | "date_from_datetime_inexact":
            return "is no date", "Write it as YYYY-MM-DD"
        case "model_type" | "dict_type":
            return "has to be a group of fields", f"Write `name: value` lines below it; {_SCHEMA_HINT}"
        case "too_short":
            return "is empty", "Give at least one, or see what belongs here: `benehub plan schema`"
        case "string_type":
            return "is no text", "Write it as text, in quotes where it looks like a number"
        case "int_parsing" | "int_type" | "int_from_float":
            return "is no whole number", "Write it in digits, without a point"
        case "bool_parsing" | "bool_type":
            return "is neither true nor false", "Write true or false"
        case "greater_than_equal":
            return f"is below {context['ge']}", f"Write {context['ge']} or more"
        case "less_than_equal":
            return f"is above {context['le']}", f"Write {context['le']} or less"
        case "tuple_type":
            return "has to be a list", "Write each item on a line of its own after `- `"
    message: str = detail["msg"]
    return message.replace("Input should be", "has to be").replace("Input should have", "has to have"), (
        f"Mend the value; {_SCHEMA_HINT}"
    )


def _suggest(path: Path) -> str:
    known = _fields_around(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Take it out; known fields: {', '.join(known)}" if known else f"Take it out; {_SCHEMA_HINT}"


def _fields_around(path: Path) -> list[str]:
    """Names of the fields allowed at `path`, found by following it through the published schema."""
    whole = schema()
    here: dict[str, Any] = whole
    for part in path:
        here = _resolve(here, whole)
        if isinstance(part, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(part) or _any_key(here)
    return list(_resolve(here, whole).get("properties", {}))


def _any_key(node: dict[str, Any]) -> dict[str, Any]:
    """What a map holds under names of the person's own choice."""
    for options in (node.get("patternProperties", {}), {"": node.get("additionalProperties")}):
        for option in options.values():
            if isinstance(option, dict):
                return option
    return {}


def _resolve(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    for option in node.get("anyOf", ()):
        if "$ref" in option:
            node = option
    if "$ref" in node:
        found: dict[str, Any] = whole["$defs"].get(node["$ref"].rpartition("/")[2], {})
        return found
    return node
