"""BambooHR's webhooks, event-based or field-based, as JSON or as a form: whom they are about.

The vendor documents that the signature is made of the payload, the timestamp and the private key; that they stand in
this order, and that the timestamp is in seconds, is from memory. Dependents and time off send no webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from benehub.connect import jsontext
from benehub.connect.webhooks import Hint, Scheme
from benehub.errors import DataError

SCHEME = Scheme("x-bamboohr-signature", "{body}{timestamp}", timestamp="x-bamboohr-timestamp")

_OF_FORM = re.compile(r"employees\[(\w+)\]")


def hints(body: bytes) -> Sequence[Hint]:
    """The employees it names, and pay: which table of theirs has changed is not told for sure.

    Somebody who was deleted has no row any more; only the list of changes tells that, so it is read.

    Raises:
        DataError: the body is none of BambooHR's.
    """
    changed = dict(_of_json(body) or _of_form(body))
    if not changed:
        raise DataError("no event of BambooHR's", where="webhook", mend="Check the webhook's address and format")
    people = [Hint("employee", "" if gone else who) for who, gone in changed.items()]
    return [*people, Hint("compensation")]


def _of_json(body: bytes) -> list[tuple[str, bool]]:
    """Who is named, and whether he was deleted."""
    try:
        told = jsontext.parse(body)
    except ValueError:
        return []
    if not isinstance(told, Mapping):
        return []
    rows = told.get("employees")
    if isinstance(rows, list):
        return [(str(one["id"]), str(one.get("action")) == "Deleted") for one in _objects(rows) if one.get("id")]
    data = told.get("data")
    named = data.get("employeeId") if isinstance(data, Mapping) else None
    return [(str(named), str(told.get("type")) == "employee.deleted")] if named else []


def _of_form(body: bytes) -> list[tuple[str, bool]]:
    pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=5000)
    form = dict(pairs)
    if named := form.get("data[employeeId]"):
        return [(named, form.get("type") == "employee.deleted")]
    # A form of fields names no action: it may be any, so the list of changes is read.
    return [(found[1], True) for name, _ in pairs if (found := _OF_FORM.match(name))]


def _objects(rows: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    return (one for one in rows if isinstance(one, Mapping))
