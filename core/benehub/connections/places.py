"""Where a setting of a connection stands, and by which names: what its connector calls it, and what is a word in a map.

So a rule about settings that are called like an account or an address holds wherever they lie in one another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import PydanticUserError

from benehub.connect.connector import Connector

REFERENCES: Final = ("env", "file", "keyring")
"""How a reference to a secret begins."""

Place = tuple[str, ...]
"""The names on the way to a value, numbers for items of a list."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_reference(text: str) -> bool:
    """Whether a text names where a secret lies."""
    kind, colon, _ = text.partition(":")
    return bool(colon) and kind in REFERENCES


def called(what: re.Pattern[str], connector: type[Connector], names: Place) -> bool:
    """Whether any name on the way to a setting is of this kind: a map of addresses is as good as one."""
    if any(".".join(names[:end]) in connector.harmless_settings for end in range(1, len(names) + 1)):
        return False
    return any(what.fullmatch(_HUMP.sub("_", one).replace("-", "_").casefold()) for one in names)


def schema_of(connector: type[Connector]) -> dict[str, Any]:
    """What a connector says of its settings; nothing where it cannot be told."""
    try:
        return connector.Settings.model_json_schema()
    except PydanticUserError:  # settings without a schema: every part of a place counts as a name
        return {}


def names_of(schema: Mapping[str, Any], place: Place) -> tuple[Place, list[Any]]:
    """The names of settings on the way to a place, `*` where a key of a map stands, and the defaults that lie there.

    What the schema does not know is a name. Numbers of items in lists are left out.
    """
    at, names = _alternatives(schema, schema), []
    for part in place:
        named = [one["properties"][part] for one in at if part in one.get("properties", {})]
        keyed = [one["additionalProperties"] for one in at if _is_map(one)]
        items = [each for one in at for each in _items(one)] if part.isdigit() else []
        if named or not (keyed or items):
            names.append(part)
        elif keyed:
            names.append("*")
        at = [each for one in (*named, *keyed, *items) for each in _alternatives(schema, one)]
    return tuple(names), [one["default"] for one in at if "default" in one]


def _is_map(one: Mapping[str, Any]) -> bool:
    return isinstance(one.get("additionalProperties"), dict)


def _items(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    item = one.get("items")
    return [*one.get("prefixItems", ()), *([item] if isinstance(item, dict) else [])]


def _alternatives(schema: Mapping[str, Any], one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A part of a schema and everything that it may be instead."""
    found = [one]
    if "$ref" in one:
        found += _alternatives(schema, schema["$defs"][one["$ref"].rsplit("/", 1)[-1]])
    for each in (*one.get("anyOf", ()), *one.get("allOf", ()), *one.get("oneOf", ())):
        found += _alternatives(schema, each)
    return found
