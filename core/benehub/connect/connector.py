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
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError

from benehub.connect.capabilities import Capability, Guard
from benehub.connect.content import Content, whole
from benehub.connect.exchange import ControlLine, Exchange, Unfit
from benehub.connect.files import Mailbox
from benehub.connect.messages import Request, Response
from benehub.connect.webhooks import Handshake, Hint, Scheme
from benehub.errors import DataError, Unsupported
from benehub.periods import Clock

if TYPE_CHECKING:
    from benehub.connect.http import VendorClient
    from benehub.connect.reports import ReportFormat


R = TypeVar("R", bound=BaseModel)


class Kind(StrEnum):
    """Which of the systems around the employer a connector speaks to."""

    HRIS = "hris"
    PAYROLL = "payroll"
    CARRIER = "carrier"
    RECORDKEEPER = "recordkeeper"
    CUSTODIAN = "custodian"
    FILES = "files"
    MAIL = "mail"
    BANK = "bank"


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
    reports: Mapping[str, ReportFormat] = field(default_factory=dict)
    """Parsers of carriers' own reports, by name."""
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the references in the settings stand for."""

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

    def as_record(self, record: type[R]) -> R:
        """The content as the record of its operation.

        Raises:
            DataError: it is none; the message names the item and the fields, and no value.
        """
        try:
            return record.model_validate(self.content)
        except ValidationError as error:
            fields = sorted({".".join(map(str, one["loc"])) or record.__name__ for one in error.errors()})
            raise DataError(
                f"no {record.__name__}: {', '.join(fields[:10])}", where=f"item {self.key}",
                mend="Fill these in at their source",
            ) from None  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor confirmed: its own reference, and whether anything had to change."""

    reference: str
    changed: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)
    tested: bool = False
    """The vendor would take it, and has only tried it, as the connection asks: nothing was written."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a file carries beside its business content; allocated once and frozen with the bytes.

    `control` is the number of the interchange and of its one group, `first_set` that of its first transaction set;
    none is ever used again. `created` is an aware datetime. `instead_of` is the reference of the file that the
    vendor refused whole and that this one replaces.
    """

    control: int
    created: datetime
    reference: str
    total_minor: int = 0
    settle_on: str = ""
    first_set: int = 1
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class FileOut:
    """A rendered file: its name in the mailbox, folder included (never with personal data), exact bytes, kind
    (`834`, `820`, `180`) and control totals. `content` is the bytes, or what gives them in pieces, the same each time,
    where a file may be larger than memory should hold. `wire` are the bytes as they leave, where they are encrypted;
    `sets` names the transaction set (ST02) of each item by its key, where an answer may be about one set alone.
    `heads` is how many people the file says are covered, where it says so of everybody."""

    name: str
    content: Content = field(repr=False)
    kind: str
    totals: Mapping[str, int] = field(default_factory=dict)
    wire: Content | None = field(default=None, repr=False)
    sets: Mapping[str, str] = field(default_factory=dict, repr=False)
    heads: int | None = None

    @property
    def data(self) -> bytes:
        """The exact bytes, all at once."""
        return whole(self.content)


class Connector:
    """Base of all connectors: override what the vendor can do, the rest refuses with a reason."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    Settings: ClassVar[type[BaseModel]]
    """Settings of one connection; secrets in it are references (`env:NAME`, `file:PATH`, `keyring:NAME`)."""
    renewed: ClassVar[tuple[str, ...]] = ()
    """Settings, dotted where one lies in another, whose secret the vendor changes as it is used
    (`oauth.refresh_token`): it stands in a file (`file:PATH`), so that the new one can be kept."""
    harmless_settings: ClassVar[frozenset[str]] = frozenset()
    """Settings, with what lies below them, that are called like a credential, an account or an address and are none
    (`streams.*.key`: dotted, `*` for a key of a map): a program may set them without their being listed."""
    account_settings: ClassVar[frozenset[str]] = frozenset()
    """Settings that say whose account at the vendor it is under a name that does not tell; a program's has to be
    listed."""
    streams: ClassVar[Mapping[str, str]] = {}
    """Readable streams: name -> `full`, `incremental` or `both`."""
    gives_once: ClassVar[frozenset[str]] = frozenset()
    """Streams whose changes the vendor gives once: read on from a cursor, what a page told is gone at the vendor's when
    the next page is asked for. Each page is kept before that."""
    guards: ClassVar[Mapping[str, Guard]] = {}
    """Writable operations and how a repeat of each is kept from having a second effect."""
    webhook: ClassVar[Scheme | None] = None
    """How the vendor signs its webhooks; None for a vendor that sends none."""
    pushes: ClassVar[str] = ""
    """The stream whose rows the vendor writes at our own SCIM endpoint; empty for a vendor that is asked."""
    takes_together: ClassVar[frozenset[str]] = frozenset()
    """Operations of which the vendor takes several writes in one request; never such as nothing can settle."""
    takes_day: ClassVar[frozenset[str]] = frozenset()
    """Operations that the vendor takes with the day from which they count. Any other counts at once, so that what is
    meant for a later pay date is not written before the earlier ones have run."""
    concurrency: ClassVar[int] = 1
    """Writes that the vendor bears at once on one account; 1 where he says nothing, or where their order counts.

    Beyond 1 `lookup`, `request`, `receipt` and `merged` are called from several threads; never two at once about the
    same person."""
    files_out: ClassVar[frozenset[str]] = frozenset()
    """Operations that are rendered as a file instead of sent as requests."""
    roster_echoes: ClassVar[bool] = False
    """Whether its roster is what the vendor was told, and no carrier's own word: then it confirms nobody."""

    def capabilities(self) -> tuple[Capability, ...]:
        """What it can do per operation and benefit type, and who is the blocker where it cannot.

        Unless a connector says more: all its streams and writes, for every benefit.
        """
        writes = (Capability(name, guard=guard) for name, guard in self.guards.items())
        return (*(Capability(f"read.{name}") for name in self.streams), *writes)

    def takes(self, operation: str, settings: Any) -> bool:
        """Whether this connection writes an operation, by its settings too."""
        return operation in self.guards

    def client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient | None:
        """The HTTP client of a connection; `wiring` (name, transport, sleep, dry_run) goes to VendorClient."""
        return None

    def mailbox(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> Mailbox | None:
        """The mailbox of a connection that exchanges files; names in it are relative, with folder.

        `wiring`, as of `client`, is for one that calls the vendor's API.
        """
        return None

    def resolved(self, settings: Any, secret: Mapping[str, str]) -> Any:
        """The settings with the references filled in that a file carries as values (an account number); as they are,
        unless a connector says otherwise. `secret` holds what each reference stands for."""
        return settings

    def remittance_inside(self, settings: Any) -> bool:
        """Whether its `payment.order` carries the remittance's bytes inside, so that they are not sent apart."""
        return False

    def remittance_most(self, settings: Any) -> int | None:
        """How many characters of a remittance one `payment.order` carries inside; None for any number."""
        return None

    def fitting(self, items: Sequence[Item], envelope: Envelope, settings: Any, most: int) -> Sequence[int]:
        """Which of a remittance's lines, by their place, go into one of at most so many characters.

        Raises:
            Unsupported: its remittances cannot be parted.
        """
        raise Unsupported(f"{self.name} cannot part a remittance", blocker="us")

    def exchange(self, settings: Any) -> Exchange:
        """What was agreed with the partner on the exchange of files; by default nothing holds a file back."""
        return Exchange(one_outstanding=False)

    def groups(self, settings: Any) -> Mapping[str, str]:
        """The group of each plan, where the partner takes an enrollment file for each group; else empty: one file."""
        return {}

    def of_group(self, settings: Any, group: str) -> Any:
        """The settings of one group's file; as they are where there is but one file."""
        return settings

    def only_tests(self, settings: Any) -> bool:
        """Whether writes are only tried at the vendor's: what it would take waits until they are meant."""
        return False

    def at_once(self, settings: Any) -> int:
        """Writes under way at once at most: those that the vendor bears, or fewer where a setting says so."""
        wanted = getattr(settings, "concurrency", None)
        return max(1, self.concurrency if wanted is None else min(self.concurrency, wanted))

    def control_line(self, settings: Any) -> ControlLine | None:
        """Between whom control numbers count; None for numbers of this connection's own."""
        return None

    def sets(self, operation: str, items: Sequence[Item], settings: Any) -> int:
        """How many transaction sets the file of `items` has: so many numbers are taken for it."""
        return 1

    def unfit(self, operation: str, items: Sequence[Item], settings: Any) -> Mapping[str, str]:
        """Items that cannot be written for this partner, by key, with the reason; the others go without them."""
        return {}

    def seal(self, out: FileOut, settings: Any, secret: Mapping[str, str]) -> FileOut:
        """The file as it leaves: with the name and bytes of its encryption, where one was agreed."""
        return out

    def check_profile(self, settings: Any, plans: Mapping[str, Sequence[str]]) -> Sequence[Unfit]:
        """What is wrong with the profile for these plans of the plan book (plan -> its tiers); nothing is sent."""
        return ()

    def withheld(self, link: Link) -> Sequence[Capability]:
        """Its operations that the vendor does not let this very connection do, each as a line that says why.

        A line with a benefit is about this one alone; what carries it is refused, and the rest is sent. Asked before
        the first write of a run, and when a connection is tried; by default nothing is asked.
        """
        return ()

    def discover(self, link: Link) -> Any:
        """The settings, completed with what only the vendor can tell (its ids of our codes); once before writes."""
        return link.settings

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of `stream`, from `cursor` on (None: everything).

        Raises:
            Unsupported: the connector does not read this stream.
        """
        raise Unsupported(f"{self.name} does not read {stream}", where=link.connection, blocker="us")

    def takes_away(self, stream: str, settings: Any, cursor: str | None) -> bool:
        """Whether a read on from the cursor takes from the vendor what it gives once, so that it cannot be tried out.

        To be narrowed where the settings decide it.
        """
        return cursor is not None and stream in self.gives_once

    def hints(self, body: bytes) -> Sequence[Hint]:
        """What a webhook's body points at; the hub reads that from the vendor, whatever else the body says.

        Raises:
            DataError: the body is none of this vendor's.
        """
        return [Hint(stream) for stream in self.streams]

    def reread(self, stream: str, link: Link, keys: Sequence[str]) -> Iterator[Page] | None:
        """Pages with the rows of these keys only, as a webhook named them; None where the vendor cannot be asked so.

        They carry no cursor and are not full: nothing is said of anybody else.
        """
        return None

    def handshake(self, body: bytes) -> Handshake | None:
        """The key that a vendor's first, unsigned call brings; None for any other call."""
        return None

    def webhook_client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient | None:
        """The client that confirms a handshake; the usual one unless the vendor wants other credentials for it."""
        return self.client(settings, secret, **wiring)

    def pushed(self, resource: Mapping[str, Any], settings: Any, today: date) -> Incoming:
        """A resource that was written at our endpoint, in the words of the record of `pushes`.

        Raises:
            Unsupported: nobody writes to a connection of this connector.
        """
        raise Unsupported(f"{self.name} takes nothing that is pushed", blocker="us")

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

    def together(self, item: Item, settings: Any) -> str:
        """Whose writes the vendor takes in one request have the same text here; an empty one goes by itself.

        Asked of the operations in `takes_together` only.
        """
        return ""

    def merged(self, items: Sequence[Item], requests: Sequence[Request], settings: Any) -> Request | None:
        """One request that does what these do, lookups or writes of one method; None where there is none.

        `receipt` (of lookups `request`) is then asked for each item with the answer to all.
        """
        return None

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The file that carries `items`; the same arguments give the same bytes.

        Raises:
            Unsupported: the connector renders no such file.
            DataError: an item cannot be written; the message names it by key.
        """
        raise Unsupported(f"{self.name} renders no file for {operation}", blocker="us")
