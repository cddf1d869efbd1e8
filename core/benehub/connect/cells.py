"""A vendor's row while it is translated: its cells by name, and everything that is wrong with them.

All faults of a row are gathered, so that a person mends it once. A message names the field and the mend, and
shows the shape of a value, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.money import shape
from benehub.periods import parse_date

T = TypeVar("T")

_SSN = re.compile(r"\d{9}|\d{3}[- ]\d{2}[- ]\d{4}")
_GERMAN = re.compile(r"\d{2}\s?\d{6}\s?[A-Z]\s?\d{3}|\d{11}|\d{2} \d{3} \d{3} \d{3}")
_NO_DATE = frozenset({"", "0000-00-00"})
EMPTY = "is empty, or the API user may not see it"


class Cells:
    """One row; `vendor` is the name a person knows the vendor by."""

    def __init__(self, raw: Mapping[str, Any], vendor: str) -> None:
        self.raw = raw
        self.vendor = vendor
        self.problems: list[str] = []

    @property
    def fill(self) -> str:
        """The mend of an empty cell."""
        return f"fill it in {self.vendor}, then read again"

    def wrong(self, field: str, what: str, mend: str = "") -> None:
        """Note a fault: the field's name at the vendor, what is wrong, and the mend."""
        self.problems.append(f"{field} {what}: {mend or f'correct it in {self.vendor}, then read again'}")

    def text(self, field: str) -> str:
        """The cell as text; empty when it is absent, null or not asked for."""
        value = self.raw.get(field) if field else None
        if value is None:
            return ""
        if isinstance(value, bool | Mapping | list):
            self.wrong(field, f"holds a {type(value).__name__} instead of text")
            return ""
        return str(value).strip()

    def needed(self, field: str) -> str:
        """The cell as text; an empty one is a fault."""
        text = self.text(field)
        if not text:
            self.wrong(field, EMPTY, self.fill)
        return text

    def date(self, field: str, *, needed: bool = False) -> str | None:
        """The cell's day as ISO text; the vendor's `0000-00-00` is none."""
        text = self.text(field)
        if text in _NO_DATE:
            if needed:
                self.wrong(field, EMPTY, self.fill)
            return None
        try:
            return parse_date(text).isoformat()
        except DataError:
            self.wrong(field, f"is no date (shape {shape(text)!r})")
            return None

    def ssn(self, field: str) -> str | None:
        """Nine digits, None where the cell is empty: whether that is a fault depends on the employer's country.

        A number that lost its leading zeros is one; nothing is filled up.
        """
        text = self.text(field)
        if not text or _SSN.fullmatch(text):
            return re.sub(r"\D", "", text) or None
        if re.search(r"[xX*]", text):
            self.wrong(field, "is masked", "let the API user see it, then read again")
        else:
            self.wrong(
                field,
                f"is no SSN (shape {shape(text)!r})",
                f"write all nine digits with their leading zeros in {self.vendor}, then read again",
            )
        return None

    def incoming(self, key: str, data: Mapping[str, Any], row: int, used: frozenset[str]) -> Incoming:
        """The row for intake: translated, or with its problem. Cells not `used` are kept beside it."""
        if self.problems:
            return Incoming(key, {}, {}, "; ".join(self.problems), row)
        rest = ((name, value) for name, value in self.raw.items() if name not in used)
        extra = {name: value for name, value in rest if value not in (None, "")}
        return Incoming(key, data, extra, row=row)


def german_number(text: str) -> bool:
    """Whether it looks like a German social insurance number (15 070649 C 103) or tax id (eleven digits)."""
    return _GERMAN.fullmatch(text.upper()) is not None


def all_named(rows: Sequence[Incoming]) -> bool:
    """Whether every row has the vendor's own id: one without may be anybody's, and then nobody absent is gone."""
    return not any(row.key.startswith("row ") for row in rows)


def find(word: str, usual: Mapping[str, T], own: Mapping[str, T] | None = None) -> T | None:
    """What a word means: the employer's own list first, then the usual one; upper and lower case alike.

    The keys of `usual` are in lower case.
    """
    low = word.strip().casefold()
    for known, meaning in (own or {}).items():
        if known.strip().casefold() == low:
            return meaning
    return usual.get(low)
