"""What stands at a vendor by what has left, held against what is about to: read in parts, however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select

from benehub.crypto import mask
from benehub.store import Session, iso
from benehub.store.session import CHUNK
from benehub.store.tables import dispatch, push_permit

PERMITTED_FOR = timedelta(hours=24)
"""How long a person's word holds that a push may change many."""


LOOK_BACK = 8
"""Files of a kind among which the one is sought that is about the same people."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A dispatch that is about to leave for the first time, without its content."""

    dispatch_id: str
    operation: str
    key: str
    revision: int
    is_file: bool
    worth_minor: int


@dataclass(frozen=True, slots=True)
class Pair:
    """What the vendor holds by a business key, and what shall stand there instead (None: it is left as it is)."""

    key: str
    before: Mapping[str, Any] = field(repr=False)
    now: Mapping[str, Any] | None = field(repr=False)


def waiting(session: Session, ids: Sequence[str]) -> list[Waiting]:
    """Those of these dispatches that nobody has tried to send yet."""
    columns = [dispatch.c[name] for name in ("dispatch_id", "operation", "business_key", "revision", "file_name",
                                             "worth_minor")]  # fmt: skip
    found: list[Waiting] = []
    for start in range(0, len(ids), CHUNK):
        mine = session.among(dispatch.c.dispatch_id, ids[start : start + CHUNK])
        rows = session.rows(select(*columns).where(*session.where(dispatch, state="prepared"), mine))
        found += [
            Waiting(row.dispatch_id, row.operation, row.business_key, row.revision, bool(row.file_name),
                    int(row.worth_minor))
            for row in rows
        ]  # fmt: skip
    return found


def held_against(
    session: Session, connection_id: str, operation: str, fresh: Mapping[str, str]
) -> Iterator[Sequence[Pair]]:
    """Every item that has left on an operation, newest revision each, part by part; `fresh` names dispatches by key."""
    for rows in _newest(session, connection_id, operation):
        ids = [fresh[row.business_key] for row in rows if row.business_key in fresh]
        content = {
            row.business_key: _content(session, row)
            for row in session.rows(
                select(dispatch.c.business_key, dispatch.c.frozen_sealed).where(
                    dispatch.c.employer_id == session.employer, dispatch.c.dispatch_id.in_(ids)
                )
            )
        }
        yield [Pair(row.business_key, _content(session, row), content.get(row.business_key)) for row in rows]


def _newest(session: Session, connection_id: str, operation: str) -> Iterator[Sequence[Row[Any]]]:
    last = ""
    while True:
        mine = session.where(dispatch, connection_id=connection_id, operation=operation, state="sent", file_name="")
        newest = (
            select(dispatch.c.business_key, func.max(dispatch.c.revision).label("revision"))
            .where(*mine, dispatch.c.business_key > last)
            .group_by(dispatch.c.business_key)
            .order_by(dispatch.c.business_key)
            .limit(CHUNK)
            .subquery()
        )
        same = and_(dispatch.c.business_key == newest.c.business_key, dispatch.c.revision == newest.c.revision)
        rows = session.rows(
            select(dispatch.c.business_key, dispatch.c.frozen_sealed)
            .join(newest, same)
            .where(dispatch.c.employer_id == session.employer)
            .order_by(dispatch.c.business_key)
        )
        if not rows:
            return
        yield rows
        last = rows[-1].business_key


def contents(session: Session, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """What these dispatches of single items say."""
    for start in range(0, len(ids), CHUNK):
        some = dispatch.c.dispatch_id.in_(ids[start : start + CHUNK])
        for row in session.rows(select(dispatch.c.frozen_sealed).where(*session.where(dispatch), some)):
            yield _content(session, row)


def _content(session: Session, row: Row[Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(session.unseal(row.frozen_sealed, "dispatch"))["content"]
    return content


def last_alike(session: Session, connection_id: str, one: Waiting) -> Sequence[Row[Any]]:
    """The last files that left for the same business of other periods, the newest first: keys alike but for their end.

    Corrections of a file, which tell only what changed, are none.
    """
    base = one.key.rpartition("/")[0] + "/"
    return session.rows(
        select(dispatch.c.dispatch_id, dispatch.c.worth_minor)
        .where(
            *session.where(dispatch, connection_id=connection_id, operation=one.operation, state="sent", revision=1),
            dispatch.c.business_key.startswith(base, autoescape=True),
            dispatch.c.business_key != one.key,
            dispatch.c.business_key.not_like("%/correction-%"),
        )
        .order_by(dispatch.c.seq.desc())
        .limit(LOOK_BACK)
    )


def left_before(session: Session, connection_id: str, one: Waiting) -> bool:
    """Whether an earlier revision of the same has left."""
    mine = session.where(dispatch, connection_id=connection_id, business_key=one.key, state="sent")
    query = select(dispatch.c.dispatch_id).where(*mine, dispatch.c.revision < one.revision).limit(1)
    return session.connection.execute(query).first() is not None


def permit(session: Session, connection_id: str, operation: str, people: int, who: str, note: str) -> str:
    """Write down that pushes of an operation may change or end so many people from now on, for a day: until when."""
    seq, _ = session.take_seq()
    row = {"connection_id": connection_id, "operation": operation, "seq": seq, "people": people}
    said = {"who": mask(who.strip())[:80], "note": mask(note.strip())[:2000]}
    session.add(push_permit, [{**row, "at": session.now(), **said}])
    return iso(session.clock() + PERMITTED_FOR)


def permitted(session: Session, connection_id: str, operation: str) -> int:
    """How many people a push may change or end now by a person's word; 0 without one."""
    since = iso(session.clock() - PERMITTED_FOR)
    query = select(func.max(push_permit.c.people)).where(
        *session.where(push_permit, connection_id=connection_id, operation=operation), push_permit.c.at >= since
    )
    return int(session.connection.execute(query).scalar() or 0)
