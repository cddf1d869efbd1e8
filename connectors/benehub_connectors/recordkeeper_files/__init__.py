"""Recordkeepers reached by file: 180 contributions out; the credit report and 360 deferral changes back.

Contributions are what payroll really took, never what was elected. The files hold SSNs because a recordkeeper
knows people by nothing else; no name, key or message does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.bases import FileConnector
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Envelope, FileOut, Item, Kind, Link, Page
from benehub.errors import Unsupported
from benehub_connectors.recordkeeper_files.deposit import render_deposit, unfit
from benehub_connectors.recordkeeper_files.earnings import render_earnings
from benehub_connectors.recordkeeper_files.reads import read_pages
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings

__all__ = ["RecordkeeperFiles", "RecordkeeperSettings"]

DEPOSIT = "contribution.deposit"
EARNINGS = "earnings.deposit"


class RecordkeeperFiles(FileConnector):
    """One plan at one recordkeeper."""

    name = "recordkeeper_files"
    kind = Kind.RECORDKEEPER
    Settings: ClassVar[type[BaseModel]] = RecordkeeperSettings
    streams: ClassVar[Mapping[str, str]] = {"credit": "incremental", "deferral_change": "incremental"}
    # A recordkeeper may credit the same file twice; only its credit report says what it did.
    guards: ClassVar[Mapping[str, Guard]] = {DEPOSIT: Guard.READ_BACK, EARNINGS: Guard.READ_BACK}
    files_out: ClassVar[frozenset[str]] = frozenset({DEPOSIT, EARNINGS})

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """A page for every file of the stream not read before.

        Raises:
            Unsupported: no such stream.
            ConfigError, NeedsPersonError, VendorUnavailable: as the mailbox tells.
        """
        return read_pages(stream, link, cursor)

    def unfit(self, operation: str, items: Sequence[Item], settings: Any) -> Mapping[str, str]:
        """Participants whose row the layout cannot carry; the money of the others does not wait for them."""
        return unfit(items, settings) if operation == DEPOSIT else {}

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The 180 file that carries `items`, all of one pay date; or the file of what its delay has cost.

        Raises:
            Unsupported: another operation.
            DataError: an item cannot be written; the message names it by key.
        """
        if operation == DEPOSIT:
            return render_deposit(items, envelope, settings)
        if operation == EARNINGS:
            return render_earnings(items, envelope, settings)
        raise Unsupported(f"{self.name} renders no file for {operation}", blocker="us")
