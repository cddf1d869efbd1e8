"""Noyo's words and dates in the hub's: relationships, reasons, statuses, and last days that are inclusive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from benehub.connect import jsontext
from benehub.connect.verdict import vendor_text
from benehub.errors import DataError
from benehub.periods import FOREVER, parse_date

OPEN = "9999-12-31"
"""Noyo's last day of cover that runs on."""

TO_NOYO = {
    "spouse": "spouse", "child": "child", "domestic_partner": "domestic-partner", "stepchild": "step-child",
    "adopted": "adopted-child", "foster": "foster-child", "other": "other",
}  # fmt: skip
FROM_NOYO = {theirs: ours for ours, theirs in TO_NOYO.items()}

EVENTS = {
    "28": "new_hire", "02": "newborn", "32": "marriage", "01": "divorce", "05": "adoption", "07": "lost_coverage",
    "08": "termination",
}  # fmt: skip
"""Noyo's reason of an event by X12 INS04. 22 says no more than that a plan was changed, so no event is told of it."""

ARRIVED = frozenset({"sent", "no_changes"})
REFUSED = frozenset({"invalid", "not_connected"})
ON_ITS_WAY = frozenset({"processing", "scheduled", "valid", "replaced"})
"""Not answered yet; what was replaced is answered with the snapshot that replaced it."""

SAFE_TEXT = 300


def last_day(effective_to: date | None) -> str:
    """Noyo's last day of cover from our first day without; a void cover ends on the day before it begins."""
    if effective_to is None or effective_to == FOREVER:
        return OPEN
    return (effective_to - timedelta(days=1)).isoformat()


def first_day_without(told: str) -> date | None:
    """Our first day without cover from Noyo's last day; None where it runs on.

    Raises:
        DataError: it is no date.
    """
    return None if not told or told == OPEN else parse_date(told, where="effective_end_date") + timedelta(days=1)


def told_errors(errors: Any) -> str:
    """A carrier's errors in one line, personal values hidden."""
    if not isinstance(errors, list) or not errors:
        return ""
    words = "; ".join(str(one) for one in errors[:5])
    return vendor_text(jsontext.dump({"message": words}).encode())[:SAFE_TEXT]


def text(row: Mapping[str, Any], name: str) -> str:
    """A text field; empty where it is absent or null.

    Raises:
        DataError: it holds something else.
    """
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{name} is no text but {type(value).__name__}", mend="Report it to Noyo")
    return str(value).strip()


def part(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within an object; empty where it is absent or null.

    Raises:
        DataError: it holds something else.
    """
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise DataError(f"{name} is no object but {type(value).__name__}", mend="Report it to Noyo")
    return value


def parts(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list within an object; empty where it is absent or null.

    Raises:
        DataError: it holds something else.
    """
    value = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise DataError(f"{name} is no list of objects", mend="Report it to Noyo")
    return value
