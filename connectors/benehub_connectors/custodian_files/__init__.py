"""Custodians and administrators of accounts reached by file: contributions out, what became of each line back.

Contributions are what payroll really took, never what was elected; the employee's and the employer's money stand on
lines of their own. An SSN leaves only where the custodian's columns ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.bases import FileConnector
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Envelope, FileOut, Item, Kind, Link, Page
from benehub.errors import Unsupported
from benehub_connectors.custodian_files.deposit import render_deposit
from benehub_connectors.custodian_files.reads import read_pages
from benehub_connectors.custodian_files.settings import CustodianSettings

__all__ = ["CustodianFiles", "CustodianSettings"]

DEPOSIT = "account.deposit"


class CustodianFiles(FileConnector):
    """One custodian or administrator, with all the accounts it keeps."""

    name = "custodian_files"
    kind = Kind.CUSTODIAN
    Settings: ClassVar[type[BaseModel]] = CustodianSettings
    streams: ClassVar[Mapping[str, str]] = {"contribution_result": "incremental"}
    # A custodian may post the same file twice; only its answer says what it did.
    guards: ClassVar[Mapping[str, Guard]] = {DEPOSIT: Guard.READ_BACK}
    files_out: ClassVar[frozenset[str]] = frozenset({DEPOSIT})

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """A page for every file of results not read before.

        Raises:
            Unsupported: no such stream.
            ConfigError, NeedsPersonError, VendorUnavailable: as the mailbox tells.
        """
        return read_pages(stream, link, cursor)

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The file that carries `items`, all of one pay date.

        Raises:
            Unsupported: another operation.
            DataError: an item cannot be written; the message names it by key.
        """
        if operation == DEPOSIT:
            return render_deposit(items, envelope, settings)
        raise Unsupported(f"{self.name} renders no file for {operation}", blocker="us")
