"""A Frappe document while it is translated: its fields by name, and everything that is wrong with them.

All faults of a document are gathered, so that a person mends it once. A message names the field and the mend, and
shows the shape of a value, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from benehub.connect.connector import Incoming
from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.money import parse_minor, shape
from benehub.periods import parse_date

_SSN = re.compile(r"\d{9}|\d{3}[- ]\d{2}[- ]\d{4}")
MEND = "correct it in Frappe, then read again"
FILL = "fill it in Frappe, then read again"


class Cells:
    """One document or child row."""

    def __init__(self, raw: Any) -> None:
        self.raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        self.problems: list[str] = [] if isinstance(raw, Mapping) else ["the row is no object: report it to the site"]

    def wrong(self, field: str, what: str, mend: str = MEND) -> None:
        """Note a fault: the field's name in Frappe, what is wrong, and the mend."""
        self.problems.append(f"{field} {what}: {mend}")

    def text(self, field: str) -> str:
        """The field as text; empty when it is absent, null or not asked for."""
        value = self.raw.get(field) if field else None
        if value is None:
            return ""
        if isinstance(value, bool | Mapping | list):
            self.wrong(field, f"holds a {type(value).__name__} instead of text")
            return ""
        return str(value).strip()

    def needed(self, field: str) -> str:
        """The field as text; an empty one is a fault."""
        text = self.text(field)
        if not text:
            self.wrong(field, "is empty, or the API user may not see it", FILL)
        return text

    def date(self, field: str, *, needed: bool = False) -> str | None:
        """The field's day as ISO text."""
        text = self.needed(field) if needed else self.text(field)
        if not text:
            return None
        try:
            return parse_date(text).isoformat()
        except DataError:
            self.wrong(field, f"is no date (shape {shape(text)!r})")
            return None

    def minor(self, field: str, currency: str) -> int:
        """Minor units of the number's own digits; an amount finer than them is a fault, nothing is rounded."""
        try:
            return parse_minor(number_text(self.raw.get(field)), currency)
        except TypeError:
            self.wrong(field, "is no amount")
        except DataError as error:
            self.wrong(field, f"is {error.what}", "let Frappe round the component to the currency")
        return 0

    def flag(self, field: str) -> bool:
        """A check box: 0 or 1."""
        return self.text(field) == "1"

    def ssn(self, field: str) -> str | None:
        """Nine digits, None where the cell is empty. A number that lost its leading zeros is a fault."""
        text = self.text(field)
        if not text or _SSN.fullmatch(text):
            return re.sub(r"\D", "", text) or None
        self.wrong(field, f"is no SSN (shape {shape(text)!r})", "write all nine digits in Frappe, then read again")
        return None

    def incoming(self, data: Mapping[str, Any], row: int, used: frozenset[str]) -> Incoming:
        """The row for intake under its name: translated, or with its problem. What is not `used` is kept beside it."""
        key = self.text("name") or f"row {row}"
        if self.problems:
            return Incoming(key, {}, {}, "; ".join(self.problems), row)
        rest = ((name, value) for name, value in self.raw.items() if name not in used)
        return Incoming(key, data, {name: value for name, value in rest if value not in (None, "")}, row=row)
