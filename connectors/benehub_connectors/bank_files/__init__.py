"""Our bank reached by files: payments out as NACHA or SEPA; returns, status reports and statements back.

One file carries one payment, so that its control number names the payment in every answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.bases import FileConnector
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Envelope, FileOut, Item, Kind, Link, Page
from benehub.errors import Unsupported
from benehub.formats.nacha import ctx
from benehub_connectors.bank_files.order import render_order
from benehub_connectors.bank_files.reads import read_pages
from benehub_connectors.bank_files.settings import BankSettings, Format

__all__ = ["BankFiles", "BankSettings"]

ORDER = "payment.order"


class BankFiles(FileConnector):
    """One account at one bank."""

    name = "bank_files"
    kind = Kind.BANK
    Settings: ClassVar[type[BaseModel]] = BankSettings
    harmless_settings: ClassVar[frozenset[str]] = frozenset({"payees.*.address", "sepa.address"})
    streams: ClassVar[Mapping[str, str]] = {"payment_answer": "incremental"}
    # A bank may carry out a file twice; only its statement says what it did.
    guards: ClassVar[Mapping[str, Guard]] = {ORDER: Guard.READ_BACK}
    files_out: ClassVar[frozenset[str]] = frozenset({ORDER})

    def resolved(self, settings: BankSettings, secret: Mapping[str, str]) -> BankSettings:
        """The settings with the account numbers that their references stand for."""
        return settings.with_accounts(secret)

    def remittance_inside(self, settings: BankSettings) -> bool:
        """A CTX carries the 820 in its addenda."""
        return settings.format is Format.CTX

    def remittance_most(self, settings: BankSettings) -> int | None:
        """What the addenda of a CTX hold."""
        return ctx.CAPACITY if settings.format is Format.CTX else None

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """A page for every file of the bank not read before.

        Raises:
            Unsupported: no such stream.
            ConfigError, NeedsPersonError, VendorUnavailable: as the mailbox tells.
        """
        return read_pages(stream, link, cursor)

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The file that orders one payment.

        Raises:
            Unsupported: another operation.
            ConfigError: the settings know no such payee, or lack what the format needs.
            DataError: the payment cannot be written; the message names it by key.
        """
        if operation == ORDER:
            return render_order(items, envelope, settings)
        raise Unsupported(f"{self.name} renders no file for {operation}", blocker="us")
