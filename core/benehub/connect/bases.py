"""Bases that take the common work off a connector: a JSON API with lists in pages, and a mailbox.

They are what `benehub connector new` starts from. A vendor that needs more overrides one method, or goes by
`Connector` itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from benehub.connect import paging
from benehub.connect.auth import Auth, bearer
from benehub.connect.connector import Connector, Incoming, Link, Page
from benehub.connect.files import Mailbox
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Response, read
from benehub.connect.place import Place
from benehub.errors import DataError

_LIMITS = LimitBook()


@dataclass(frozen=True, slots=True)
class Listing:
    """A stream that the vendor gives as a list in pages.

    Args:
        path: of the list.
        fields: our field -> the vendor's name; what the row has beyond these is kept as `extra`.
        key: the vendor's name of the row's id.
        items: where the rows stand in the answer; empty for a bare list.
        pages: how the next page is asked for: by `number` (from 1), by `offset`, by a `cursor` the answer names, or
            by a `link` header.
        parameter: the query parameter that carries the number, offset or cursor.
        next: where the answer names the next cursor.
        query: further query parameters.
        values: our field -> the vendor's word -> ours; a word that is missing here is told as a problem.
    """

    path: str
    fields: Mapping[str, str]
    key: str = "id"
    items: str = ""
    pages: Literal["number", "offset", "cursor", "link"] = "number"
    parameter: str = "page"
    next: str = "next"
    query: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def row(self, number: int, told: Any) -> Incoming:
        """One row of the answer; what cannot be translated says why."""
        if not isinstance(told, Mapping):
            return Incoming(f"row {number}", {}, problem=f"the row is no object but {type(told).__name__}", row=number)
        known = {*self.fields.values(), self.key}
        data = {ours: told[theirs] for ours, theirs in self.fields.items() if theirs in told}
        problems = [f"no {self.key!r} to know it by"] if told.get(self.key) in (None, "") else []
        for ours, words in self.values.items():
            if ours in data and data[ours] is not None:
                if str(data[ours]) not in words:
                    problems.append(f"no word of ours for this {self.fields[ours]}")
                data[ours] = words.get(str(data[ours]))
        key = str(told[self.key]) if told.get(self.key) not in (None, "") else f"row {number}"
        extra = {name: value for name, value in told.items() if name not in known}
        return Incoming(key, data, extra, "; ".join(problems), number)

    def rows(self, response: Response) -> Sequence[Any]:
        """The rows of an answer.

        Raises:
            DataError: there is no list where it should stand.
        """
        told = response.data
        found = told if not self.items else told.get(self.items) if isinstance(told, Mapping) else None
        if not isinstance(found, list):
            where = repr(self.items) if self.items else "the answer"
            raise DataError(
                f"no list in {where}", where=response.place, mend="Look at the vendor's API: has the answer changed?"
            )
        return found

    def answers(self, link: Link) -> Iterator[Response]:
        """Every page's answer, ended by the vendor or by the pager's cap.

        Raises:
            FatalError: the vendor repeats itself, or has too many pages.
        """
        last: list[Response] = []

        def ask(value: Any) -> paging.Page[Any]:
            more = ((self.parameter, str(value)),) if value is not None else ()
            call = read(str(value), ()) if self._whole(value) else read(self.path, (*self.query, *more))
            got = link.http().send(call)
            last[:] = [got]
            return paging.Page(self.rows(got), self._next(got))

        walk: dict[str, Any] = {"number": paging.by_number, "offset": paging.by_offset}
        pager = walk.get(self.pages, paging.by_cursor)
        for _ in pager(ask, where=f"{link.connection} {self.path}"):
            yield last[0]

    def _whole(self, value: Any) -> bool:
        return self.pages == "link" and value is not None

    def _next(self, got: Response) -> str | None:
        if self.pages == "link":
            return paging.next_link(got.headers)
        named = got.data.get(self.next) if self.pages == "cursor" and isinstance(got.data, Mapping) else None
        return str(named) if named else None


class ApiSettings(BaseModel):
    """Settings of a connection with an API key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: str = Field(min_length=1, repr=False)
    """A reference: env:NAME, file:PATH or keyring:NAME."""
    base_url: str = ""
    """Another address than the vendor's usual one, e.g. its sandbox."""
    concurrency: int | None = Field(default=None, ge=1)
    """Writes under way at once at most, where that shall be fewer than the vendor bears."""


class ApiConnector(Connector):
    """A JSON API: lists are declared, writes are two or three methods.

    Class attributes beside those of `Connector`:
        base_url: the vendor's address.
        lists: stream -> its listing; each is read whole.
        calls_a_minute: the vendor's published limit, held per account over all workers.
    """

    Settings: ClassVar[type[BaseModel]] = ApiSettings
    base_url: ClassVar[str]
    lists: ClassVar[Mapping[str, Listing]] = {}
    calls_a_minute: ClassVar[int] = 60

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.streams = {**dict.fromkeys(cls.lists, "full"), **cls.__dict__.get("streams", {})}

    def auth(self, settings: Any, secret: Mapping[str, str]) -> Auth:
        """The credentials: the API key as a bearer token."""
        return bearer(secret[settings.api_key])

    def client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The HTTP client, within the vendor's limit unless the network is replaced by a transport."""
        _LIMITS.wire(wiring, self.name, settings.api_key, self.calls_a_minute)
        return VendorClient(settings.base_url or self.base_url, auth=self.auth(settings, secret), **wiring)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """All pages of a declared list.

        Raises:
            Unsupported: no list is declared for the stream.
            DataError, FatalError: the answer is no list, or never ends.
        """
        if stream not in self.lists:
            yield from super().read(stream, link, cursor)
            return
        listing, count = self.lists[stream], 0
        for number, response in enumerate(listing.answers(link), 1):
            rows = [listing.row(count + at, one) for at, one in enumerate(listing.rows(response), 1)]
            count += len(rows)
            yield Page(stream, rows, response.body, name=f"{stream} {number}", full=True)


class FileSettings(BaseModel):
    """Settings of a connection that exchanges files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place


class FileConnector(Connector):
    """A vendor reached through a mailbox: a folder or an SFTP account, named by the setting `place`."""

    Settings: ClassVar[type[BaseModel]] = FileSettings

    def mailbox(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> Mailbox:
        """The mailbox that the settings name."""
        place: Place = settings.place
        return place.open(secret)
