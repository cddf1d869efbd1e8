"""What a recordkeeper's layout has to do here, and what its rows mean in words of our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from benehub.connect.connector import Envelope
from benehub.formats.rows import Parsed
from benehub.records import ContributionRow, Source
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a 360; `rate` is exact text ("6%"), empty where an amount in minor units is told."""

    plan_id: str
    ssn: str = field(repr=False)
    loan: bool
    code: str = ""
    rate: str = ""
    amount_minor: int | None = field(default=None, repr=False)
    effective_from: date | None = None
    eligible_from: date | None = None
    last_name: str = ""
    first_name: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """One row of a 180 as the recordkeeper reads it: amounts in minor units by source, zeros left out."""

    ssn: str = field(repr=False)
    last_name: str
    first_name: str
    amounts: tuple[tuple[Source, int], ...] = field(repr=False)
    pay_date: date | None = None


class Person(Protocol):
    """What every row of a 180 says of whose it is."""

    @property
    def ssn(self) -> str:
        """Nine digits."""
        ...

    @property
    def last_name(self) -> str:
        """As the file has it."""
        ...

    @property
    def first_name(self) -> str:
        """As the file has it."""
        ...


def paid_row(row: Person, amounts: Iterable[tuple[Source, int]], pay_date: date) -> Paid:
    """A row of a 180 in words of our own."""
    told = tuple((source, minor) for source, minor in amounts if minor)
    return Paid(row.ssn, row.last_name, row.first_name, told, pay_date)


@dataclass(frozen=True, slots=True)
class Written:
    """A rendered 180: its name without folder, its bytes, and its own control totals (minor units, `rows` a count)."""

    name: str
    data: bytes = field(repr=False)
    totals: dict[str, int]


class RecordkeeperLayout(Protocol):
    """One recordkeeper's pair of files; a module of this package."""

    CODES: dict[str, Source]
    """The contribution codes of its 360 where the settings say none."""

    def write(
        self, records: Sequence[tuple[str, ContributionRow]], envelope: Envelope, settings: RecordkeeperSettings
    ) -> Written:
        """The 180 of (item key, record).

        Raises:
            DataError: an item cannot be written; the message names it by key.
        """
        ...

    def faults(self, record: ContributionRow, settings: RecordkeeperSettings) -> Iterator[str]:
        """Why a participant's row cannot be written: column and what is wrong, never the value."""
        ...

    def changes(self, data: bytes) -> Iterator[Parsed[Change]]:
        """The rows of a 360.

        Raises:
            FormatError, FileRefused: the file is none.
        """
        ...

    def paid(self, name: str, data: bytes, settings: RecordkeeperSettings) -> list[Paid]:
        """The rows of a 180 of this client, for the simulated recordkeeper.

        Raises:
            DataError: the file is none, or a row cannot be read.
        """
        ...

    def told(self, change: Change) -> str:
        """A 360 of one change, as the simulated recordkeeper writes it."""
        ...
