"""What a connector is: plain synchronous code that reads pages and turns items into requests or files.

A connector does no I/O on writes. It turns an item into a `Request` and a response into a `Receipt`, or
renders a file; the hub sends, records every attempt and decides what a time-out means. Reads are
generators over pages, so that a million rows never stand in memory.

A write goes lookup -> request -> send -> receipt. `lookup` says what has to be read first (what the vendor
already holds: its id, its lock version); `request` answers a `Receipt` instead of a `Request` when the vendor
already holds the wanted state, which makes a repeated push and the read-back after an unknown outcome the
same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel

from benehub.connect.capabilities import Capability, Guard
from benehub.connect.files import Mailbox
from benehub.connect.messages import Request, Response
from benehub.errors import Unsupported
from benehub.periods import Clock

if TYPE_CHECKING:
    from benehub.connect.http import VendorClient


class Kind(StrEnum):
    """Which of the systems around the employer a connector speaks to."""

    HRIS = "hris"
    PAYROLL = "payroll"
    CARRIER = "carrier"
    RECORDKEEPER = "recordkeeper"
    CUSTODIAN = "custodian"
    FILES = "files"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One row as the connector understood it.

    Args:
        key: the vendor's natural key of the row within its stream.
        data: the fields of the stream's record, by name; intake validates them.
        extra: vendor fields benehub has no name for; they are kept, never dropped.
        problem: why the connector could not translate the row; empty when it could.
        row: 1-based line or position in the source.
        deleted: the vendor says that this row is gone.
    """

    key: str
    data: Mapping[str, Any] = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problem: str = ""
    row: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page or file: its rows and the exact payload they came from.

    `cursor` is what to resume from once this page has been applied; `name` names the page or file;
    `full` says that rows absent from the whole read no longer exist at the vendor; a read is full when each of its
    pages says so. `alone` says that the page tells everything by itself, as a file does: then the last such page of
    a read is the whole, and whoever stood only in an older one is gone.
    """

    stream: str
    rows: Sequence[Incoming]
    payload: bytes = field(repr=False)
    name: str = ""
    cursor: str | None = None
    full: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Link:
    """An open connection handed to a connector: its settings, and a client or mailbox."""

    employer: str
    connection: str
    settings: Any
    clock: Clock
    client: VendorClient | None = None
    mailbox: Mailbox | None = None

    def http(self) -> VendorClient:
        """The HTTP client.

        Raises:
            Unsupported: this connection has none.
        """
        if self.client is None:
            raise Unsupported("no HTTP client", where=f"connection {self.connection}", blocker="us")
        return self.client

    def files(self) -> Mailbox:
        """The mailbox.

        Raises:
            Unsupported: this connection has none.
        """
        if self.mailbox is None:
            raise Unsupported("no mailbox", where=f"connection {self.connection}", blocker="us")
        return self.mailbox


@dataclass(frozen=True, slots=True)
class Item:
    """The business content of one write: operation, business key and the record's fields."""

    operation: str
    key: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor confirmed: its own reference, and whether anything had to change."""

    reference: str
    changed: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a file carries beside its business content; allocated once and frozen with the bytes.

    `control` is the interchange, group and set number (never reused); `created` is an aware datetime.
    """

    control: int
    created: datetime
    reference: str
    total_minor: int = 0
    settle_on: str = ""


@dataclass(frozen=True, slots=True)
class FileOut:
    """A rendered file: its name in the mailbox, folder included (never with personal data), exact bytes, kind
    (`834`, `820`, `180`) and control totals."""

    name: str
    data: bytes = field(repr=False)
    kind: str
    totals: Mapping[str, int] = field(default_factory=dict)


class Connector:
    """Base of all connectors: override what the vendor can do, the rest refuses with a reason."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    Settings: ClassVar[type[BaseModel]]
    """Settings of one connection; secrets in it are references (`env:NAME`, `file:PATH`, `keyring:NAME`)."""
    streams: ClassVar[Mapping[str, str]] = {}
    """Readable streams: name -> `full`, `incremental` or `both`."""
    guards: ClassVar[Mapping[str, Guard]] = {}
    """Writable operations and how a repeat of each is kept from having a second effect."""
    files_out: ClassVar[frozenset[str]] = frozenset()
    """Operations that are rendered as a file instead of sent as requests."""

    def capabilities(self) -> tuple[Capability, ...]:
        """What it can do per operation and benefit type, and who is the blocker where it cannot."""
        return ()

    def client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient | None:
        """The HTTP client of a connection; `wiring` (name, transport, sleep, dry_run) goes to VendorClient."""
        return None

    def mailbox(self, settings: Any, secret: Mapping[str, str]) -> Mailbox | None:
        """The mailbox of a connection that exchanges files; names in it are relative, with folder."""
        return None

    def discover(self, link: Link) -> Any:
        """The settings, completed with what only the vendor can tell (its ids of our codes); once before writes."""
        return link.settings

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of `stream`, from `cursor` on (None: everything).

        Raises:
            Unsupported: the connector does not read this stream.
        """
        raise Unsupported(f"{self.name} does not read {stream}", where=link.connection, blocker="us")

    def lookup(self, item: Item, settings: Any) -> Request | None:
        """What has to be read before `item` can be written; None when nothing has."""
        return None

    def request(self, item: Item, found: Response | None, settings: Any) -> Request | Receipt:
        """The write, or the receipt when the vendor already holds the wanted state.

        Raises:
            Unsupported: the connector does not write this operation.
        """
        raise Unsupported(f"{self.name} does not write {item.operation}", blocker="us")

    def receipt(self, item: Item, response: Response) -> Receipt:
        """What the vendor's answer to the write confirms."""
        raise Unsupported(f"{self.name} does not write {item.operation}", blocker="us")

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The file that carries `items`; the same arguments give the same bytes.

        Raises:
            Unsupported: the connector renders no such file.
            DataError: an item cannot be written; the message names it by key.
        """
        raise Unsupported(f"{self.name} renders no file for {operation}", blocker="us")
