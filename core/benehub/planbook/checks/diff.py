"""What differs between two versions of a plan book, path by path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from benehub.planbook.book import PlanBook


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions of a book; None where the path is only in the other."""

    path: str
    before: Any
    after: Any


def diff(before: PlanBook, after: PlanBook) -> list[Change]:
    """What differs between two versions, by path."""
    one, two = (
        _flat(before.model_dump(mode="json", by_alias=True)),
        _flat(after.model_dump(mode="json", by_alias=True)),
    )
    return [
        Change(path, one.get(path), two.get(path))
        for path in sorted(one.keys() | two.keys())
        if one.get(path) != two.get(path)
    ]


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = [(f"{path}.{key}" if path else str(key), one) for key, one in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}[{_label(one, n)}]", one) for n, one in enumerate(value)]
    else:
        return {path: value.isoformat() if isinstance(value, date) else value}
    found: dict[str, Any] = {}
    for name, one in items:
        found |= _flat(one, name)
    return found


def _label(value: Any, number: int) -> str:
    return str(value["id"]) if isinstance(value, dict) and "id" in value else str(number)
