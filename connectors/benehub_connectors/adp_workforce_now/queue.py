"""ADP's event queue: which workers have changed. A message is a hint only; the worker is read again.

Every call gives the message at the head; it stays there until it is deleted by the id in its header. So it is deleted
only once its page has been taken into custody, which is when the hub asks for the next one: a message whose page got
lost comes again. The queue has one reader: what this connection takes from it no other one sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import part, parts, text
from benehub.connect.messages import Response, change, path, read
from benehub.errors import DataError, FatalError, NeedsPersonError, RetriableError
from benehub_connectors.adp_workforce_now.answers import REFUSALS, refuse, rows
from benehub_connectors.adp_workforce_now.workers import WORKERS, employee, translated

QUEUE = "/core/v1/event-notification-messages"
MESSAGE_ID = "adp-msg-msgid"

DRAINED = "queue"
"""The cursor: from here on the queue tells what changes."""

MOST = 1_000
"""Messages of one read; what is left waits in the queue."""

_ABOUT = ("worker.", "worker-")
"""Beginnings of the names of events that are about a person of HR."""


def read_changed(link: Link) -> Iterator[Page]:
    """A page a message, so many at once; the last page carries the cursor.

    Raises:
        FatalError: a message comes again although it was deleted.
        DataError: a message without an id: it could never be deleted.
        RetriableError, NeedsPersonError: ADP cannot be asked at all. Later on they end the read: what was taken from
            the queue by then is applied before anything else.
    """
    taken: set[str] = set()
    while len(taken) < MOST:
        try:
            answer = link.http().send(read(QUEUE))
            if answer.status == 204 or answer.data is None:
                break
            page = _page(link, answer)
        except (RetriableError, NeedsPersonError):
            if taken:
                break
            raise
        if _id(answer) in taken:
            raise FatalError(
                "ADP's queue gives a message again that was deleted", where=f"{link.connection} {QUEUE}",
                mend="Nothing is lost: report it to ADP, and set `events: false` until then",
            )  # fmt: skip
        taken.add(_id(answer))
        yield page
        try:
            link.http().send(change("DELETE", path(f"{QUEUE}/{{id}}", id=_id(answer)), accept=(404,)))
        except (RetriableError, NeedsPersonError):
            break  # it comes again
    yield Page("employee", (), b"", "queue read", DRAINED)


def workers_of(answer: Response) -> tuple[list[str], int]:
    """The workers that a message is about, and how many of its events about people name nobody."""
    found: dict[str, None] = {}
    nameless = 0
    for event in parts(answer.data, "events"):
        name = text(part(event, "eventNameCode"), "codeValue")
        worker = text(part(event, "data", "eventContext", "worker"), "associateOID")
        worker = worker or text(part(event, "data", "output", "worker"), "associateOID")
        if name.startswith(_ABOUT) and not name.startswith("worker-general-deduction"):
            found |= {worker: None} if worker else {}
            nameless += not worker
    return list(found), nameless


def _page(link: Link, answer: Response) -> Page:
    made: list[Incoming] = []
    try:
        people, nameless = workers_of(answer)
    except DataError as error:
        people, nameless = [], 0
        made.append(_unknown(answer, f"no event of a known form ({error.what})"))
    if nameless:
        made.append(_unknown(answer, "an event about a person names nobody"))
    for one in people:
        made += _worker(link, one)
    return Page("employee", made, answer.body, f"message {_id(answer)[-12:]}")


def _unknown(answer: Response, what: str) -> Incoming:
    return Incoming(f"message {_id(answer)}", {}, problem=f"{what}: read the employees in full (sync --full)")


def _worker(link: Link, one: str) -> list[Incoming]:
    answer = link.http().send(read(path(f"{WORKERS}/{{id}}", id=one), accept=REFUSALS))
    try:
        refuse(answer)
        found: list[Any] = rows(answer, "workers")
    except DataError as error:
        return [Incoming(one, {}, problem=str(error))]
    return [translated(row, at, link.settings, employee) for at, row in enumerate(found, 1)]


def _id(answer: Response) -> str:
    told = answer.header(MESSAGE_ID)
    if not told:
        raise DataError("a message without an id", where=answer.place, mend="Report it to ADP: it cannot be deleted")
    return told
