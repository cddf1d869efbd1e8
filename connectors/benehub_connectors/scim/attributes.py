"""Attribute paths of SCIM, and a resource while it is translated.

Names are not case-sensitive (RFC 7643 section 2.1). Of an attribute with several values the one is meant that the
path selects by type, else the primary one, else the one of type `work`, else the only one; never just any.

All faults of a resource are gathered, so that a person mends it once. A message names the attribute and the mend, and
shows the shape of a value, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.money import shape
from benehub.periods import parse_date

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"

_NAME = r"[A-Za-z$][A-Za-z0-9_$-]*"
_PATH = re.compile(rf'(?:(urn:[^\s"]+):)?({_NAME})(?:\[type eq "([^"\]]+)"\])?(?:\.({_NAME}))?', re.IGNORECASE)
_SSN = re.compile(r"\d{9}|\d{3}[- ]\d{2}[- ]\d{4}")
FILL = "fill it in at the source of the SCIM service, then read again"
MEND = "correct it at the source of the SCIM service, then read again"


@dataclass(frozen=True, slots=True)
class AttributePath:
    """A path in its parts: extension, attribute, type that selects a value, sub-attribute."""

    urn: str
    name: str
    type: str
    sub: str

    @property
    def asked(self) -> str:
        """As `attributes` takes it: the attribute whole, for a part of it would come without the type that selects."""
        return (f"{self.urn}:" if self.urn else "") + self.name

    def of(self, resource: Mapping[str, Any]) -> Any:
        """What stands there; None where nothing does, or where several values do and none is the one."""
        holder: Any = resource
        if self.urn and self.urn.casefold() != CORE.casefold():
            holder = _member(resource, self.urn)
        value = _member(holder, self.name)
        if isinstance(value, list):
            value = self._chosen(value)
        return _member(value, self.sub) if self.sub else value

    def _chosen(self, values: list[Any]) -> Any:
        if self.type:
            return next((one for one in values if _word(one, "type") == self.type.casefold()), None)
        primary = [one for one in values if isinstance(one, Mapping) and _member(one, "primary") is True]
        work = [one for one in values if _word(one, "type") == "work"]
        return next((found[0] for found in (primary, work, values) if len(found) == 1), None)


def parse_path(text: str) -> AttributePath:
    """The parts of a path.

    Raises:
        ValueError: it is none.
    """
    found = _PATH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no attribute path; write it like name.givenName or urn:...:User:employeeNumber")
    return AttributePath(*(part or "" for part in found.groups()))


class Resource:
    """One user."""

    def __init__(self, raw: Any) -> None:
        self.raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        self.problems: list[str] = [] if isinstance(raw, Mapping) else ["it is no object: report it to the service"]

    def wrong(self, path: str, what: str, mend: str = MEND) -> None:
        """Note a fault: the attribute, what is wrong, and the mend."""
        self.problems.append(f"{path} {what}: {mend}")

    def value(self, path: str) -> Any:
        """What stands at a path; None for an empty path."""
        return parse_path(path).of(self.raw) if path else None

    def text(self, path: str) -> str:
        """The value as text; empty when there is none."""
        value = self.value(path)
        if value is None:
            return ""
        if isinstance(value, bool | Mapping | list):
            self.wrong(path, f"holds a {type(value).__name__} instead of text")
            return ""
        return str(value).strip()

    def needed(self, path: str, field: str) -> str:
        """The value as text; an empty one is a fault, and so is a field that no setting finds."""
        text = self.text(path)
        if not path:
            self.wrong(field, "is nothing that SCIM tells", f"name the extension's attribute in attributes.{field}")
        elif not text:
            self.wrong(path, "is empty, or the token may not see it", FILL)
        return text

    def date(self, path: str, field: str = "") -> str | None:
        """The day as ISO text, of a date or of a `dateTime` as it is written; `field` makes it a fault to be empty."""
        text = self.needed(path, field) if field else self.text(path)
        if not text:
            return None
        day, mark, _ = text.partition("T")
        try:
            return parse_date(day if mark else text).isoformat()
        except DataError:
            self.wrong(path, f"is no date (shape {shape(text)!r})")
            return None

    def active(self) -> bool:
        """Whether the account is active; one that says nothing is. Some services write it as text."""
        value = _member(self.raw, "active")
        if value is None or isinstance(value, bool):
            return value is not False
        if str(value).casefold() not in ("true", "false"):
            self.wrong("active", "is neither true nor false")
        return str(value).casefold() != "false"

    def ssn(self, path: str) -> str | None:
        """Nine digits, None where there is nothing. A number that lost its leading zeros is a fault."""
        text = self.text(path)
        if not text or _SSN.fullmatch(text):
            return re.sub(r"\D", "", text) or None
        self.wrong(path, f"is no SSN (shape {shape(text)!r})", "write all nine digits at its source, then read again")
        return None

    def incoming(self, data: Mapping[str, Any], row: int, extra: Mapping[str, Any]) -> Incoming:
        """The row for intake under the service's id: translated, or with its problem."""
        key = self.text("id")
        if not key:
            self.wrong("id", "is empty", "report it to the service: RFC 7643 section 3.1 requires it")
        if self.problems:
            return Incoming(key or f"row {row}", {}, {}, "; ".join(self.problems), row)
        return Incoming(key, data, extra, row=row)


def _member(holder: Any, name: str) -> Any:
    """A member by its name in whatever case."""
    if not isinstance(holder, Mapping):
        return None
    if name in holder:
        return holder[name]
    low = name.casefold()
    return next((value for key, value in holder.items() if key.casefold() == low), None)


def _word(value: Any, name: str) -> str:
    return str(_member(value, name) or "").casefold()
