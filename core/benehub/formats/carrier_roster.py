"""A carrier's roster as plain CSV: whom it covers, one row a member and plan.

Columns `member_id,subscriber_id,relationship,last_name,first_name,birth_date,plan,tier,effective_from,
effective_to`; dates ISO. `effective_to` is the last day covered (inclusive, as carriers count), empty while
the cover runs on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from benehub.errors import DataError
from benehub.formats.layout import ISO_DATE, TEXT, Column, Layout
from benehub.formats.rows import Parsed, Table


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One member's cover in one plan; `last_day` is inclusive.

    Raises:
        DataError: the cover ends before it begins.
    """

    member_id: str
    subscriber_id: str
    relationship: str
    last_name: str
    first_name: str
    plan: str
    effective_from: date
    birth_date: date | None = field(default=None, repr=False)
    tier: str = ""
    last_day: date | None = None

    def __post_init__(self) -> None:
        if self.last_day is not None and self.last_day < self.effective_from:
            raise DataError("effective_to lies before effective_from", mend="Ask the carrier")

    @property
    def end(self) -> date | None:
        """The first day no longer covered (half-open end)."""
        return None if self.last_day is None else self.last_day + timedelta(days=1)


LAYOUT = Layout(
    "carrier roster",
    RosterRow,
    (
        Column("member_id", "member_id", TEXT, required=True),
        Column("subscriber_id", "subscriber_id", TEXT, required=True),
        Column("relationship", "relationship", TEXT, required=True),
        Column("last_name", "last_name", TEXT, required=True),
        Column("first_name", "first_name", TEXT, required=True),
        Column("birth_date", "birth_date", ISO_DATE),
        Column("plan", "plan", TEXT, required=True),
        Column("tier", "tier", TEXT),
        Column("effective_from", "effective_from", ISO_DATE, required=True),
        Column("effective_to", "last_day", ISO_DATE),
    ),
)


def parse(data: bytes | Table) -> Iterator[Parsed[RosterRow]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file is no roster.
    """
    return LAYOUT.parse(data)


def render(rows: Iterable[RosterRow]) -> Iterator[str]:
    """The file, a line at a time.

    Raises:
        DataError: a row that cannot be written; names row, column and mend.
    """
    return LAYOUT.render(rows)
