"""DATEV LODAS by file: the deduction lines of a pay date as bookings that an adviser's office imports.

DATEV gives nothing back: what was really taken is read from payroll's register, as a table by the connector `files`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.bases import FileConnector
from benehub.connect.capabilities import Capability, Guard
from benehub.connect.connector import Envelope, FileOut, Item, Kind
from benehub.errors import Unsupported
from benehub_connectors.datev.bookings import bookings, render_bookings
from benehub_connectors.datev.settings import DatevSettings, WageType

__all__ = ["Datev", "DatevSettings", "WageType", "bookings"]

BOOK = "deduction.book"


class Datev(FileConnector):
    """One employer's payroll at one adviser."""

    name = "datev"
    kind = Kind.PAYROLL
    Settings: ClassVar[type[BaseModel]] = DatevSettings
    harmless_settings: ClassVar[frozenset[str]] = frozenset({"wage_types.*.key"})
    # LODAS books a file that is imported twice a second time; only the payroll register says what it did.
    guards: ClassVar[Mapping[str, Guard]] = {BOOK: Guard.READ_BACK}
    files_out: ClassVar[frozenset[str]] = frozenset({BOOK})

    def capabilities(self) -> tuple[Capability, ...]:
        """Bookings of a pay date out; nothing comes back."""
        note = "A LODAS file of a pay date's lines, later ones of the difference only, in the connection's `outbox`"
        return (Capability(BOOK, guard=Guard.READ_BACK, note=note),)

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The LODAS file that carries `items`, all of one pay date.

        Raises:
            Unsupported: another operation.
            DataError: an item cannot be written; the message names it by key.
        """
        if operation == BOOK:
            return render_bookings(items, envelope, settings)
        raise Unsupported(f"{self.name} renders no file for {operation}", blocker="us")
