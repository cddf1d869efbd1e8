"""A HiBob account over HTTP: the calls benehub makes, and the shapes of their answers.

Nothing is paged: the search answers with everybody whom the service user may see. Salaries are asked for one employee
at a time, which is what the vendor's description of early 2024 has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from benehub.connect.auth import basic
from benehub.connect.connector import Link
from benehub.connect.http import Caps, VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response, path, read, search
from benehub.errors import DataError
from benehub_connectors.hibob.settings import HibobSettings

VENDOR = "Bob"
"""The name a person knows the vendor by."""

MAX_ANSWER = 128 * 1024 * 1024
"""Everybody comes in one answer, each field twice (for machines and for people): some 5 kB a person."""

_LIMITS = LimitBook()
_A_MINUTE = {"search": 50, "table": 50}
"""The vendor's limits for the search and for the entries of a custom table, by its guide and its reference. It has one
for each address; those of pay and of time off are as the setting says, and else a 429 is waited out."""


def open_client(settings: HibobSettings, secret: Mapping[str, str], wiring: dict[str, Any]) -> VendorClient:
    """The client of an account.

    Calls are limited per service user over all workers, unless the network is replaced by a transport.
    """
    if "transport" not in wiring:
        limits = _A_MINUTE | ({"": settings.calls_a_minute} if settings.calls_a_minute else {})
        user = settings.service_user
        windows = {name: _LIMITS.window("hibob", user, most, 60, bucket=name) for name, most in limits.items()}
        wiring.setdefault("limits", _LIMITS.holds("hibob", user) | windows)
    return VendorClient(
        settings.base_url,
        auth=basic(settings.service_user, secret[settings.token]),
        caps=Caps(max_bytes=MAX_ANSWER),
        **wiring,
    )


class Account:
    """The calls, each with its answer's shape checked."""

    def __init__(self, link: Link) -> None:
        self.settings: HibobSettings = link.settings
        self._http = link.http()
        self._where = f"connection {link.connection}"
        self.last = b""
        """Bytes of the newest answer."""

    def people(self, fields: Sequence[str], *, readable: bool = False) -> list[Any]:
        """Everybody, who has left too, with these fields; `readable` adds the words of lists to their ids."""
        body: dict[str, Any] = {"fields": list(fields), "showInactive": True}
        if readable:
            body["humanReadable"] = "APPEND"
        return self._list(search("/people/search", body, bucket="search"), "employees")

    def salaries(self, employee: str) -> list[Any] | None:
        """The salary history of one employee; None for one whom Bob does not know any more."""
        request = read(path("/people/{id}/salaries", id=employee), accept=(404,))
        response = self._http.send(request)
        self.last = response.body
        return None if response.status == 404 else self._rows(request, response, "values")

    def entries(self, employee: str, table: str) -> list[Any] | None:
        """The rows of an employee's custom table; None where Bob knows one of the two not (any more)."""
        where = path("/people/custom-tables/{id}/{table}", id=employee, table=table)
        request = read(where, accept=(404,), bucket="table")
        response = self._http.send(request)
        self.last = response.body
        return None if response.status == 404 else self._rows(request, response, "values")

    def time_off(self, since: datetime, until: datetime) -> list[Any]:
        """What happened to requests for time off between two moments, those pending left out.

        `to` is not in the vendor's description of early 2024. Where it is ignored, more is told, and the newest state
        still comes last.
        """
        asked = (("since", stamp(since)), ("to", stamp(until)), ("includePending", "false"))
        return self._list(read("/timeoff/requests/changes", asked), "changes")

    def request(self, employee: str, number: str) -> dict[str, Any] | None:
        """A request for time off as it stands now; None when it is gone."""
        request = read(path("/timeoff/employees/{id}/requests/{number}", id=employee, number=number), accept=(404,))
        response = self._http.send(request)
        if response.status == 404:
            return None
        return response.data if isinstance(response.data, dict) else self._broken(request, "a request for time off")

    def _list(self, request: Request, name: str) -> list[Any]:
        response = self._http.send(request)
        self.last = response.body
        return self._rows(request, response, name)

    def _rows(self, request: Request, response: Response, name: str) -> list[Any]:
        found = response.data.get(name) if isinstance(response.data, dict) else None
        return found if isinstance(found, list) else self._broken(request, f"an object with a list {name!r}")

    def _broken(self, request: Request, due: str) -> NoReturn:
        raise DataError(
            f"Bob's answer is not {due}",
            where=f"{self._where} {request.place}",
            mend="Nothing of this read is applied; hold the answer against the vendor's API description",
        )


def stamp(at: datetime) -> str:
    """A moment as the vendor's description writes it: 2050-04-05T14:30:24.345Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
