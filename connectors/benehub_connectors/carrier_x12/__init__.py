"""Insurers that speak X12: 834 and 820 out; TA1, 999, roster and list bill back, all through a mailbox.

What one insurer wants otherwise than the next is data (`settings.PartnerSettings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.capabilities import Capability, Guard
from benehub.connect.connector import Connector, Envelope, FileOut, Item, Kind, Link, Page
from benehub.connect.exchange import ControlLine, Exchange, Unfit
from benehub.connect.files import Mailbox
from benehub.connect.pgp import PgpBox, PgpMailbox
from benehub.connect.reports import ReportFormat
from benehub.errors import Unsupported
from benehub.hookspecs import hookimpl
from benehub_connectors.carrier_x12.enrollment import CHANGE, FULL, render_enrollment, sets_of, unfit
from benehub_connectors.carrier_x12.premium import fitting, render_premium
from benehub_connectors.carrier_x12.profile import check_profile
from benehub_connectors.carrier_x12.reads import read_pages
from benehub_connectors.carrier_x12.reports import FORMATS
from benehub_connectors.carrier_x12.settings import PartnerSettings

__all__ = ["CarrierX12", "PartnerSettings"]

REMIT = "premium.remit"


class CarrierX12(Connector):
    """One insurer reached by X12 files."""

    name = "carrier_x12"
    kind = Kind.CARRIER
    Settings: ClassVar[type[BaseModel]] = PartnerSettings
    harmless_settings: ClassVar[frozenset[str]] = frozenset({"premium.payee_bank.kind", "premium.payer_bank.kind"})
    streams: ClassVar[Mapping[str, str]] = {
        "acknowledgement": "incremental",
        "roster": "full",
        "invoice_line": "incremental",
    }
    # The control number in the file is what keeps a carrier from reading it twice (TA1 025).
    guards: ClassVar[Mapping[str, Guard]] = dict.fromkeys((FULL, CHANGE, REMIT), Guard.IDEMPOTENCY_KEY)
    files_out: ClassVar[frozenset[str]] = frozenset({FULL, CHANGE, REMIT})

    def capabilities(self) -> tuple[Capability, ...]:
        """What it reads and writes, for every benefit the 834 has a line for."""
        writes = (Capability(name, guard=guard) for name, guard in self.guards.items())
        return (*(Capability(f"read.{name}") for name in self.streams), *writes)

    def mailbox(self, settings: PartnerSettings, secret: Mapping[str, str], **wiring: Any) -> Mailbox:
        """The mailbox that the settings name."""
        mailbox = settings.place.open(secret)
        if settings.pgp is None:
            return mailbox
        return PgpMailbox(mailbox, PgpBox(settings.pgp, settings.pgp.keys(secret)))

    def exchange(self, settings: PartnerSettings) -> Exchange:
        """What the profile says of when a file may leave and what holds it back."""
        return settings.exchange

    def control_line(self, settings: PartnerSettings) -> ControlLine:
        """Sender, receiver and usage, as the ISA names them."""
        return ControlLine(
            f"{settings.sender_qualifier}:{settings.sender}",
            f"{settings.receiver_qualifier}:{settings.receiver}",
            settings.usage,
        )

    def groups(self, settings: PartnerSettings) -> Mapping[str, str]:
        """The policy of each plan, where the partner takes a file for each."""
        return settings.groups()

    def of_group(self, settings: PartnerSettings, group: str) -> PartnerSettings:
        """The profile of one policy's file."""
        return settings.of_group(group)

    def sets(self, operation: str, items: Sequence[Item], settings: PartnerSettings) -> int:
        """One, or one a family."""
        return sets_of(items, settings) if operation in (FULL, CHANGE) else 1

    def unfit(self, operation: str, items: Sequence[Item], settings: PartnerSettings) -> Mapping[str, str]:
        """Members who cannot be written for this partner."""
        return unfit(operation, items, settings) if operation in (FULL, CHANGE) else {}

    def fitting(self, items: Sequence[Item], envelope: Envelope, settings: PartnerSettings, most: int) -> Sequence[int]:
        """The lines of as many members as fit, all of each; credits come first.

        Raises:
            DataError: no payment can be made of them.
        """
        return fitting(items, envelope, settings, most)

    def seal(self, out: FileOut, settings: PartnerSettings, secret: Mapping[str, str]) -> FileOut:
        """The file encrypted and signed, where the profile has keys; its clear bytes stay beside.

        Raises:
            ConfigError: a key is missing or cannot be used.
        """
        if settings.pgp is None:
            return out
        wire = PgpBox(settings.pgp, settings.pgp.keys(secret)).seal(out.data)
        return replace(out, name=out.name + settings.pgp.suffix, wire=wire)

    def check_profile(self, settings: PartnerSettings, plans: Mapping[str, Sequence[str]]) -> Sequence[Unfit]:
        """Plans and tiers without a code, and what a file written by this profile would show."""
        return list(check_profile(settings, plans))

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """A page for every file of the stream not read before.

        Raises:
            Unsupported: no such stream.
            ConfigError, NeedsPersonError, VendorUnavailable: as the mailbox tells.
        """
        return read_pages(stream, link, cursor)

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The 834 or 820 that carries `items`.

        Raises:
            Unsupported: another operation.
            DataError: an item cannot be written; the message names it by key.
        """
        if operation in (FULL, CHANGE):
            return render_enrollment(operation, items, envelope, settings)
        if operation == REMIT:
            return render_premium(items, envelope, settings)
        raise Unsupported(f"{self.name} renders no file for {operation}", blocker="us")


@hookimpl
def register_carrier_reports() -> Sequence[ReportFormat]:
    """The report layouts of this package."""
    return FORMATS
