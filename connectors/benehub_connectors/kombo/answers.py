"""Reading Kombo's answers: errors by its code, for it says that its HTTP statuses do not tell them; and lists.

Waits (429), refused keys (401) and 5xx are the client's, as of any vendor; the code matters where a status could mean
several things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from benehub.connect import paging
from benehub.connect.connector import Link
from benehub.connect.figures import part, text
from benehub.connect.http import VendorClient
from benehub.connect.messages import Request, Response, read
from benehub.connect.verdict import unavailable, vendor_text
from benehub.errors import BenehubError, ConfigError, DataError, RateLimited, ReauthNeeded, Unsupported

Row = Mapping[str, Any]

REFUSALS = (400, 402, 403, 404, 405, 409, 412, 422, 424)
"""Statuses that this connector reads itself, for the code inside."""

OVERLAP = timedelta(minutes=15)
"""How far before its cursor a read starts again: Kombo's own copy is written while we read it."""

_WAIT = frozenset({"PLATFORM.RATE_LIMIT_EXCEEDED", "PLATFORM.CONCURRENCY_LIMIT_EXCEEDED", "REMOTE.RATE_LIMIT_EXCEEDED"})
_LATER = frozenset({"PLATFORM.TASK_TIMED_OUT", "REMOTE.SERVICE_UNAVAILABLE", "INTEGRATION.SETUP_SYNC_PENDING"})
_CONNECT = {
    "PLATFORM.AUTHENTICATION_INVALID": "Give the connection a valid API key of Kombo",
    "PLATFORM.IP_NOT_WHITELISTED": "Allow this machine's address in Kombo",
    "INTEGRATION.AUTHENTICATION_INVALID": "Connect the system to Kombo again",
    "INTEGRATION.PERMISSION_MISSING": "Give Kombo's user in the system the permission, then try again",
    "INTEGRATION.SETUP_INCOMPLETE": "Finish the integration's setup in Kombo",
    "INTEGRATION.QA_FAILED": "Ask Kombo: its check of the integration has failed",
    "INTEGRATION.INACTIVE": "Activate the integration in Kombo",
}
_LACKS = ("vendor", "The system behind has no such thing")
_OFF = ("permissions", "Switch it on in Kombo's scope config")
_NOT_HERE = {
    "INTEGRATION.MODEL_NOT_AVAILABLE": _LACKS,
    "INTEGRATION.ACTION_NOT_AVAILABLE": _LACKS,
    "INTEGRATION.MODEL_DISABLED": _OFF,
    "INTEGRATION.ACTION_DISABLED": _OFF,
}
"""What the system cannot do, and what the scope config has switched off."""


def refuse(response: Response) -> None:
    """Raise what a refusal means; a success passes.

    Raises:
        RateLimited, VendorUnavailable: later; nothing was written.
        ReauthNeeded: a person has to connect or permit something.
        Unsupported: the system, or the scope config, does not have it.
        ConfigError: no such integration.
        DataError: anything else, with Kombo's words, masked.
    """
    data = response.json() if response.body.strip() else None
    told = data if isinstance(data, Mapping) else {}
    if response.status < 400 and told.get("status") != "error":
        return
    raise _error(text(part(told, "error"), "code"), response)


def _error(code: str, response: Response) -> BenehubError:
    where = response.place
    if code in _WAIT:
        return RateLimited(f"Kombo asks to wait ({code})", where=where, mend="It is sent again after the wait")
    if code in _LATER:
        return unavailable(f"Kombo cannot reach the system now ({code})", where=where, sent=False)
    if code in _CONNECT or (not code and response.status == 403):
        mend = _CONNECT.get(code, "Look at the integration in Kombo")
        return ReauthNeeded(f"Kombo refused it ({code or response.status})", where=where, mend=mend)
    if code in _NOT_HERE:
        blocker, mend = _NOT_HERE[code]
        return Unsupported(f"not offered by this integration ({code})", where=where, mend=mend, blocker=blocker)
    if code == "PLATFORM.INTEGRATION_NOT_FOUND":
        return ConfigError("Kombo knows no such integration", where=where, mend="Mend `integration` in the settings")
    words = vendor_text(response.body)
    return DataError(
        f"Kombo refused it ({code or response.status})" + (f": {words}" if words else ""), where=where,
        mend="Mend the record or its mapping; it is not sent again as it is",
    )  # fmt: skip


def send(client: VendorClient, request: Request) -> Row:
    """What Kombo answers under `data`, refusals told by their code.

    Raises:
        DataError: the answer is no success of Kombo's form; and as `refuse`, and what the client raises.
    """
    response = client.send(request)
    refuse(response)
    data = response.data.get("data") if isinstance(response.data, Mapping) else None
    if not isinstance(data, Mapping):
        raise DataError("the answer has no data", where=response.place, mend="Report it to Kombo")
    return data


def pages(link: Link, path: str, cursor: str | None) -> Iterator[tuple[bytes, Sequence[Any]]]:
    """Every page of a model with the answer's bytes: all rows, or those changed since the cursor and those deleted.

    Raises:
        DataError: an answer is no list, or the cursor is no moment; and as `refuse`, the pager and the client tell.
    """
    since = {} if cursor is None else {"updated_after": asked_since(cursor), "include_deleted": "true"}
    last: list[bytes] = []

    def fetch(after: str | None) -> paging.Page[Any]:
        query = {"page_size": str(link.settings.page_size), **since, **({"cursor": after} if after else {})}
        response = link.http().send(read(path, query, accept=REFUSALS))
        refuse(response)
        last[:] = [response.body]
        data = response.data.get("data") if isinstance(response.data, Mapping) else None
        found = data.get("results") if isinstance(data, Mapping) else None
        if not isinstance(found, list) or data is None:
            raise DataError("the answer holds no results", where=response.place, mend="Report it to Kombo")
        return paging.Page(found, str(data["next"]) if data.get("next") else None)

    for items in paging.by_cursor(fetch, where=f"{link.connection} {path}"):
        yield last[0], items


def cursor_of(link: Link) -> str:
    """The cursor of a read that begins now."""
    return link.clock().astimezone(UTC).isoformat(timespec="seconds")


def asked_since(cursor: str) -> str:
    """The moment to ask from, as Kombo writes it.

    Raises:
        DataError: the cursor is no moment.
    """
    try:
        found = datetime.fromisoformat(cursor)
    except ValueError:
        raise DataError("not a cursor of this connector", mend="Read the stream in full once") from None
    return moment(found - OVERLAP)


def moment(at: datetime) -> str:
    """A moment as Kombo writes it: it takes no bare date."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
