"""A Frappe site over HTTP: lists read to their end, single documents, what a refusal means, and the cursor.

Frappe pages by `limit_start`, tells no total and sorts by what changes. A document that is deleted or edited in
mid-read would move the others across the edge of a page. So a page is asked for by the name of the last row before
it, which no edit moves; the list ends at an empty page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from benehub.connect import jsontext, paging
from benehub.connect.connector import Incoming, Link
from benehub.connect.messages import Request, Response, path, read
from benehub.connect.verdict import unavailable, vendor_text
from benehub.errors import DataError, NeedsPersonError, ReauthNeeded
from benehub_connectors.frappe_hr.settings import FrappeSettings

REFUSALS = (403, 404, 409, 417)
"""Statuses that this connector reads itself: a role that may not, gone, a duplicate, and what the business refuses."""

NAMES_A_CALL = 40
"""Documents asked for by name in one call: they stand in its address."""

Filter = tuple[str, str, Any]
_FORMATS = ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S")
_TYPE = re.compile(r"/api/resource/([^/?]+)")
_WORD = re.compile(r"[A-Za-z]{1,60}")
_STALE = frozenset({"TimestampMismatchError", "DocumentLockedError", "QueryDeadlockError", "QueryTimeoutError"})


def listing(
    doctype: str,
    filters: Sequence[Filter],
    fields: Sequence[str],
    size: int,
    order: str = "name asc",
    any_of: Sequence[Filter] = (),
) -> Request:
    """A read of a list; of `any_of` one has to fit too, where there are some."""
    query = {
        "fields": jsontext.dump(list(dict.fromkeys(fields))),
        "filters": jsontext.dump([list(one) for one in filters]),
        "order_by": order,
        "limit_page_length": str(size),
    }
    if any_of:
        query["or_filters"] = jsontext.dump([list(one) for one in any_of])
    return read(path("/api/resource/{doctype}", doctype=doctype), query, accept=REFUSALS)


def refuse(response: Response) -> None:
    """Raise what a refusal means; an answer below 400 passes.

    Raises:
        NeedsPersonError: the API user is known, and his role may not do this with documents of the type.
        ReauthNeeded: another 403, so Frappe does not know who asks.
        VendorUnavailable: somebody changed the document in between; nothing was written, it is looked at again.
        DataError: anything else, with Frappe's class of the error. Its traceback (`exc`) is never repeated.
    """
    if response.status < 400:
        return
    data = response.data if isinstance(response.data, Mapping) else {}
    kind = str(data.get("exc_type") or "")
    kind = kind if _WORD.fullmatch(kind) else "no class of error"
    if response.status == 403:
        raise _forbidden(response, kind, data)
    if kind in _STALE:
        raise unavailable(f"the document changed in between ({kind})", where=response.place, sent=False)
    words = _words(data)
    raise DataError(
        f"Frappe refused it ({response.status} {kind})" + (f": {words}" if words else ""),
        where=response.place,
        mend="Mend the document, the field or the mapping that it names; it is not sent again as it is",
    )


def lacks_field(response: Response, field: str) -> bool:
    """Whether Frappe refuses a list for documents without a field of this name, in whatever language it says so."""
    data = response.data if response.status == 417 and isinstance(response.data, Mapping) else {}
    told = f"{data.get('exception')} {data.get('_server_messages')}"
    return data.get("exc_type") == "DataError" and re.search(rf"\b{re.escape(field)}\b", told) is not None


def _forbidden(response: Response, kind: str, data: Mapping[str, Any]) -> NeedsPersonError:
    """A 403 as a matter of the role, or of the credentials where Frappe takes us for a guest or says nothing."""
    found = _TYPE.search(response.place)
    if kind != "PermissionError" or "Guest" in f"{data.get('exception')} {data.get('_server_messages')}":
        return ReauthNeeded(
            "Frappe does not know who asks (403)", where=response.place,
            mend="Write the API user's key and secret where the references point, and let no proxy take the header out",
        )  # fmt: skip
    what = f"documents of type {unquote(found[1])}" if found else "this"
    does = "read" if response.place.startswith("GET") else "write"
    return NeedsPersonError(
        f"the API user's role may not {does} {what} (403 PermissionError)", where=response.place,
        mend="Give it the right in Frappe's Role Permissions Manager; key and secret are good",
    )  # fmt: skip


def rows(response: Response) -> list[Any]:
    """The list under `data`.

    Raises:
        DataError: Frappe refuses, or there is none: an empty answer must not look like an empty list.
    """
    refuse(response)
    data = response.data.get("data") if isinstance(response.data, Mapping) else None
    if not isinstance(data, list):
        raise DataError("the answer holds no list", where=response.place, mend="Check base_url: is it a Frappe site?")
    return data


def document(response: Response) -> Mapping[str, Any]:
    """The document under `data`.

    Raises:
        DataError: Frappe refuses, or there is none.
    """
    refuse(response)
    data = response.data.get("data") if isinstance(response.data, Mapping) else None
    if not isinstance(data, Mapping):
        raise DataError("the answer holds no document", where=response.place, mend="Report it to the site's owner")
    return data


def pages(
    link: Link, doctype: str, filters: Sequence[Filter], fields: Sequence[str], size: int = 0
) -> Iterator[tuple[Response, list[Any]]]:
    """Every page of a list of the connection's company with the answer it came in, of its page size unless `size` says.

    Raises:
        DataError: Frappe refuses, or a row has no name to go on from.
        FatalError: the site repeats its page, or has too many.
    """
    settings: FrappeSettings = link.settings
    answers: list[Response] = []

    def fetch(after: str | None) -> paging.Page[Any]:
        beyond: list[Filter] = [("name", ">", after)] if after else []
        asked: list[Filter] = [("company", "=", settings.company), *filters, *beyond]
        response = link.http().send(listing(doctype, asked, ["name", *fields], size or settings.page_size))
        answers[:] = [response]
        found = rows(response)
        return paging.Page(found, _name(found[-1], response) if found else None)

    for found in paging.by_cursor(fetch, where=f"{link.connection} {doctype}"):
        yield answers[0], list(found)


def named_ones(
    link: Link, doctype: str, names: Sequence[str], filters: Sequence[Filter], fields: Sequence[str]
) -> Iterator[tuple[Response, list[Any]]]:
    """Pages of those documents of these names that the filters let through; who is not there is not told.

    Raises:
        DataError, FatalError: as `pages`.
    """
    for start in range(0, len(names), NAMES_A_CALL):
        part = list(names[start : start + NAMES_A_CALL])
        yield from pages(link, doctype, [("name", "in", part), *filters], fields)


def newest(link: Link, doctype: str) -> str | None:
    """When the newest change was made, in the site's own words: what the next read goes on from."""
    settings: FrappeSettings = link.settings
    one = listing(doctype, [("company", "=", settings.company)], ["modified"], 1, "modified desc")
    found = rows(link.http().send(one))
    told = found[0].get("modified") if found and isinstance(found[0], Mapping) else None
    if told is not None:
        _moment(told, link.connection)
    return told


def changed_since(cursor: str | None, settings: FrappeSettings, where: str) -> list[Filter]:
    """The filter of a read that goes on; none for a full one.

    The hour that comes twice when summer time ends is read again whole: in it a later change may carry an earlier
    time than the cursor.

    Raises:
        DataError: the cursor is none of ours.
    """
    if cursor is None:
        return []
    moment = _moment(cursor, where)
    zone = ZoneInfo(settings.timezone)
    first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    since = moment - timedelta(minutes=settings.overlap_minutes) - max(first - second, timedelta())
    return [("modified", ">=", since.strftime(_FORMATS[0]))]


def named(found: Sequence[Incoming]) -> bool:
    """Whether every row has Frappe's own name: one without may be anybody's, and then nobody absent is gone."""
    return not any(row.key.startswith("row ") for row in found)


def _name(row: Any, response: Response) -> str:
    name = row.get("name") if isinstance(row, Mapping) else None
    if not isinstance(name, str) or not name:
        raise DataError(
            "a row of the list has no name to go on from",
            where=response.place,
            mend="Let the API user read the document type, then read again",
        )
    return name


def _moment(text: Any, where: str) -> datetime:
    for one in _FORMATS:
        try:
            return datetime.strptime(text, one)  # noqa: DTZ007 - the site's wall clock, whose zone the settings name
        except (TypeError, ValueError):
            continue
    raise DataError("not a time of Frappe's", where=where, mend="Read the stream in full once")


def _words(data: Mapping[str, Any]) -> str:
    """Frappe's messages to its user, masked and without their markup; empty where there are none."""
    found = []
    try:
        for one in jsontext.parse(str(data.get("_server_messages") or "[]"))[:3]:
            told = jsontext.parse(one)
            found.append(re.sub(r"<[^>]{0,200}>", "", str(told.get("message") or "")))
    except (ValueError, TypeError, AttributeError, KeyError):
        return ""
    return vendor_text(jsontext.dump({"message": " / ".join(found)}).encode())
