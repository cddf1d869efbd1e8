"""An employee's attributes as plain cells: `{"hire_date": {"label": .., "value": .., "type": "date"}}` by key.

A thing by itself (office, department) becomes its name. The vendor tells days as moments, midnight in the
employer's own zone; they become days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from benehub.connect.cells import Cells
from benehub_connectors.personio.account import VENDOR


def told_of(row: Any) -> Mapping[str, Any] | None:
    """The attributes of an employee or absence; None when the row has none."""
    found = row.get("attributes") if isinstance(row, Mapping) else None
    return found if isinstance(found, Mapping) else None


def cells_of(told: Mapping[str, Any], asked: tuple[str, ...], days: tuple[str, ...], zone: ZoneInfo) -> Cells:
    """The attributes asked for as cells; those that are `days` as ISO days."""
    raw = {name: plain(told[name]) for name in asked if name in told}
    return Cells(raw | {name: day_text(raw[name], zone) for name in days if name in raw}, VENDOR)


def plain(attribute: Any) -> Any:
    """An attribute's value, a thing by itself as its name."""
    value = attribute.get("value") if isinstance(attribute, Mapping) else attribute
    if isinstance(value, Mapping):
        inner = value.get("attributes")
        return inner.get("name") if isinstance(inner, Mapping) else value
    return value


def day_text(value: Any, zone: ZoneInfo) -> Any:
    """The day of a moment; whatever is no moment stays as it is, for a person to see what is wrong with it.

    Midnight is the day as written, in whichever zone the vendor wrote it; another hour is taken into `zone`.
    """
    if not isinstance(value, str) or "T" not in value:
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    if found.tzinfo is None or found.timetz().replace(tzinfo=None) == time():
        return found.date().isoformat()
    return found.astimezone(zone).date().isoformat()
