"""Who has changed at payroll, by Gusto's events: they point at people, who are read again one by one.

Events are asked for with the credentials of our application (scope `events:read`). Gusto tells them for thirty days.
What changes by the passing of a day alone (an end that was told ahead) may have no event, so after `events_days`
everybody is read in full again, as whenever events cannot be gone on from. The cursor is the last event with its time,
and the moment of the full read.

What Gusto answers to an event that it has forgotten is not documented, and does not matter here: one that is about to
be forgotten is never named. Then all events that Gusto still has are asked for, which are more than were missed, for
the full read is younger than they. Whatever 4xx an event is refused with is a full read too, and its page says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from benehub.connect import paging
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import rows
from benehub.connect.http import VendorClient
from benehub.connect.messages import Response, path, read
from benehub.errors import DataError
from benehub_connectors.gusto.answers import REFUSALS, refuse
from benehub_connectors.gusto.hooks import system_auth
from benehub_connectors.gusto.reads import payroll_people, person, translated
from benehub_connectors.gusto.settings import GustoSettings

EVENTS = "/v1/events"
STREAM = "payroll_person"

MOST = 200
"""People who are read one by one; where more have changed the whole list takes fewer calls."""

PER_PAGE = 100

KEPT_DAYS = 28
"""An event is named as the one to go on from for so long: Gusto keeps them for thirty days."""


def people(link: Link, cursor: str | None) -> Iterator[Page]:
    """Everybody, or who has changed since the cursor; the last page carries the next cursor.

    Raises:
        DataError: Gusto refuses, or an event has no uuid; and whatever the client raises.
    """
    settings: GustoSettings = link.settings
    if not settings.events_days:
        yield from payroll_people(link)
        return
    last, since = _parted(cursor)
    young = since is not None and link.clock() - since < timedelta(days=settings.events_days)
    changed = _changed(link, last) if young else _Changed(last, "")
    if since is None or changed.why or not young or len(changed.people) > MOST:
        # Asked before the list: what happens in between comes again.
        newest = _newest(link)
        yield from payroll_people(link)
        name = "events until now" + (f"; not gone on from the last one: {changed.why}" if changed.why else "")
        yield Page(STREAM, (), b"", name, f"{newest}@{link.clock().isoformat()}", full=True)
        return
    for uuid in changed.people:
        yield _one(link, uuid)
    yield Page(STREAM, (), changed.body, "events", f"{changed.last}@{since.isoformat()}")


class _Changed:
    """What events tell: whose, in order, the last event, and the last answer; or why they tell nothing."""

    def __init__(self, last: str, why: str = "") -> None:
        self.people: dict[str, None] = {}
        self.last, self.body, self.why = last, b"[]", why


def _changed(link: Link, last: str) -> _Changed:
    """Who has changed since an event."""
    found, client = _Changed(last), _application(link)
    oldest = (link.clock() - timedelta(days=KEPT_DAYS)).timestamp()
    uuid, _, told_at = last.partition("/")
    known = uuid if told_at.isdecimal() and int(told_at) > oldest else None

    def fetch(after: str | None) -> paging.Page[Mapping[str, Any]]:
        answer = _ask(link, client, {"starting_after_uuid": after} if after else {})
        refuse(answer)
        told = _events(answer)
        found.body = answer.body
        return paging.Page(told, next=str(told[-1]["uuid"]) if told else None)

    try:
        for events in paging.by_cursor(fetch, start=known, where=f"{link.connection} {EVENTS}"):
            found.last = _place(events[-1])
            named = (str(one.get("entity_uuid") or "") for one in events if one.get("entity_type") == "Employee")
            found.people |= dict.fromkeys(one for one in named if one)
    except DataError as error:
        return _Changed(last, error.what[:100])
    return found


def _newest(link: Link) -> str:
    """The newest event with its time; empty where there is none."""
    answer = _ask(link, _application(link), {"sort_order": "desc", "limit": "1"})
    refuse(answer)
    told = _events(answer)
    return _place(told[0]) if told else ""


def _place(event: Mapping[str, Any]) -> str:
    """An event as a cursor names it: its uuid, and its seconds since 1970 where Gusto tells them."""
    return f"{event['uuid']}/{event.get('timestamp') or ''}"


def _ask(link: Link, client: VendorClient, more: Mapping[str, str]) -> Response:
    query = {"resource_uuid": link.settings.company, "sort_order": "asc", "limit": str(PER_PAGE), **more}
    return client.send(read(EVENTS, query, accept=REFUSALS))


def _events(answer: Response) -> list[Mapping[str, Any]]:
    told: list[Any] = list(rows(answer))
    if not all(isinstance(one, Mapping) and one.get("uuid") for one in told):
        raise DataError("an event without a uuid", where=answer.place, mend="Report it to Gusto; set events_days to 0")
    return told


def _application(link: Link) -> VendorClient:
    return link.http().acting_as(system_auth(link.settings, link.secret, link.clock))


def _one(link: Link, uuid: str) -> Page:
    """One employee again; who is not there any more is gone."""
    answer = link.http().send(read(path("/v1/employees/{id}", id=uuid), accept=REFUSALS))
    if answer.status == 404:
        return Page(STREAM, [Incoming(uuid, {}, deleted=True)], answer.body, f"employee {uuid}")
    refuse(answer)
    return Page(STREAM, translated([answer.data], person), answer.body, f"employee {uuid}")


def _parted(cursor: str | None) -> tuple[str, datetime | None]:
    """The last event and the moment of the last full read; no moment where everybody has to be read."""
    last, _, since = (cursor or "").partition("@")
    try:
        return last, datetime.fromisoformat(since) if since else None
    except ValueError:
        return "", None
