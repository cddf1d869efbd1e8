"""A Personio account over HTTP: its lists page by page, each held against the total that the vendor states.

Two lists count items in `offset`. `/company/time-offs` counts pages from 1 (its description says "page number", and
0 is its page 1), so it has a pager of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from benehub.connect.connector import Link
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import read
from benehub.connect.paging import Page, by_number, by_offset
from benehub.errors import DataError, VendorUnavailable
from benehub.periods import Clock, system_clock
from benehub_connectors.personio.auth import personio_auth
from benehub_connectors.personio.settings import PersonioSettings

VENDOR = "Personio"
"""The name a person knows the vendor by."""

_LIMITS = LimitBook()
_CALLS_A_MINUTE = 300
"""The vendor's limit for the list of employees, by its changelog of May 2024; held for all calls of an account."""

OVERLAP = timedelta(hours=1)
"""The cursor is our clock, taken before the read; the vendor's may go slower. What is read twice does no harm."""


def open_client(settings: PersonioSettings, secret: Mapping[str, str], wiring: dict[str, Any]) -> VendorClient:
    """The client of an account; `wiring` may carry `wall_clock`, the hub's clock, beside the client's own arguments.

    Calls are limited per account over all workers, unless the network is replaced by a transport.
    """
    clock: Clock = wiring.pop("wall_clock", system_clock)
    _LIMITS.wire(wiring, "personio", settings.client_id, _CALLS_A_MINUTE)
    named = {"X-Personio-Partner-ID": settings.partner_id, "X-Personio-App-ID": settings.app_id}
    return VendorClient(
        settings.base_url,
        auth=personio_auth(settings, secret, clock),
        headers={name: value for name, value in named.items() if value},
        **wiring,
    )


class Account:
    """The lists, each page's shape checked."""

    def __init__(self, link: Link) -> None:
        self.settings: PersonioSettings = link.settings
        self._http = link.http()
        self._where = f"connection {link.connection}"
        self.last = b""
        """Bytes of the newest answer."""

    def employees(self, attributes: Sequence[str], since: str | None) -> Iterator[Sequence[Any]]:
        """Pages of everybody with these attributes, or of those changed since a cursor.

        With `updated_since` the vendor takes `attributes[]` as a second filter and would leave out whoever had another
        attribute changed; so then none are named and rows come with all of them.
        """
        if since is None:
            query = tuple(("attributes[]", name) for name in attributes)
        else:
            query = (("updated_since", asked_since(since, self._where)),)
        return self._items("/company/employees", query)

    def days_off(self) -> Iterator[Sequence[Any]]:
        """Pages of absences of types that count in days."""
        return by_number(self._fetch("/company/time-offs", self._absences()), where=self._where)

    def hours_off(self) -> Iterator[Sequence[Any]]:
        """Pages of absences of types that count in hours."""
        return self._items("/company/absence-periods", self._absences())

    def _absences(self) -> tuple[tuple[str, str], ...]:
        first = self.settings.leave_from
        return () if first is None else (("start_date", first.isoformat()),)

    def _items(self, place: str, query: tuple[tuple[str, str], ...]) -> Iterator[Sequence[Any]]:
        return by_offset(self._fetch(place, query), where=self._where)

    def _fetch(self, place: str, query: tuple[tuple[str, str], ...]) -> Callable[[int], Page[Any]]:
        totals: list[int] = []

        def fetch(offset: int) -> Page[Any]:
            paged = (("limit", str(self.settings.page_size)), ("offset", str(offset)))
            page = self._page(place, (*query, *paged))
            totals.append(page.total or 0)
            if totals[-1] < totals[0]:
                # Somebody left the list between two pages: those behind moved up and one was never seen.
                raise VendorUnavailable(
                    "the list shrank while it was read",
                    where=f"{self._where} {place}",
                    mend="Read it again from the start",
                )
            return page

        return fetch

    def _page(self, place: str, query: tuple[tuple[str, str], ...]) -> Page[Any]:
        response = self._http.send(read(place, query))
        self.last = response.body
        told = response.data
        if not isinstance(told, dict) or told.get("success") is not True or not isinstance(told.get("data"), list):
            self._broken(place, "a page with success and a list in data")
        metadata = told.get("metadata")
        total = metadata.get("total_elements") if isinstance(metadata, dict) else None
        if not isinstance(total, int):
            self._broken(place, "a page with metadata.total_elements")
        return Page(told["data"], total=total)

    def _broken(self, place: str, due: str) -> NoReturn:
        raise DataError(
            f"Personio's answer is not {due}",
            where=f"{self._where} {place}",
            mend="Nothing of this read is applied; hold the answer against the vendor's API description",
        )


def cursor_of(link: Link) -> str:
    """The cursor of a read that begins now."""
    return link.clock().astimezone(UTC).isoformat(timespec="seconds")


def asked_since(cursor: str, where: str) -> str:
    """What to ask for so that nothing since the cursor is missed.

    The vendor's times carry no zone. This is UTC; taken as German time it is earlier still, so more comes and
    nothing less.

    Raises:
        DataError: the cursor is no moment.
    """
    try:
        found = datetime.fromisoformat(cursor)
    except ValueError:
        raise DataError("not a cursor of this connector", where=where, mend="Read the stream in full once") from None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return (aware.astimezone(UTC) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%S")
