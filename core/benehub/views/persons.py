"""Finds the person somebody means: by employee number, member id, or the hub's own id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, or_, select

from benehub import facts
from benehub.errors import DataError
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import of_family, person
from benehub.views.search import LOOKED, Hit, Search


def find_person(session: Session, text: str) -> Row[Any]:
    """The person: person_id, kind, subscriber_id, member_id.

    Raises:
        DataError: there is no such person.
    """
    found = session.rows(
        select(person.c.person_id, person.c.kind, person.c.subscriber_id, person.c.member_id).where(
            person.c.employer_id == session.employer,
            or_(person.c.person_id == text, person.c.member_id == text),
        )
    )
    if not found:
        raise DataError(
            "no such person",
            where=f"employer {session.employer}",
            mend="Give the employee number or the hub's id (per_...); sync the HRIS first",
        )
    return found[0]


def listed(session: Session, kind: str = "", after: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """The next people behind a member id, in the order of these, with their names as of today; nothing else of them."""
    query = select(person.c.person_id, person.c.kind, person.c.subscriber_id, person.c.member_id).where(
        *session.where(person), person.c.member_id > after
    )
    if kind:
        query = query.where(person.c.kind == kind)
    return _listed(session, session.rows(query.order_by(person.c.member_id).limit(limit)))


def searched(session: Session, text: str, after: str = "", limit: int = 50) -> tuple[list[dict[str, Any]], str]:
    """As `listed` the employees of whom a number or name begins so, from a place on, and the place to go on from.

    However many there are, a bounded number of them is looked at: the place may come with less than a whole page.
    """
    search, hits, looked = Search(session, text), list[Hit](), 0
    size = search.step(limit)
    while len(hits) < limit and looked < LOOKED:
        part, after, seen = search.next(after, size, 2 * limit)
        # Where few of those looked at fit, more are looked at with each statement.
        hits, looked, size = [*hits, *part], looked + seen, min(2 * size, search.most)
        if not after:
            break
    if len(hits) > limit:
        hits = hits[:limit]
        after = hits[-1].place
    query = select(person.c.person_id, person.c.kind, person.c.subscriber_id, person.c.member_id).where(
        *session.where(person), session.among(person.c.person_id, [one.person_id for one in hits])
    )
    found = {one["person"]: one for one in _listed(session, session.rows(query))}
    return [found[one.person_id] for one in hits], after


def _listed(session: Session, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    names = _names(session, rows)
    return [
        {
            "person": row.person_id, "kind": row.kind, "member": row.member_id, "family": row.subscriber_id,
            "name": names.get(row.person_id, ""),
        }
        for row in rows
    ]  # fmt: skip


def told_of(session: Session, row: Row[Any]) -> dict[str, Any]:
    """One person found by `find_person`, as `listed` tells of him, with his family."""
    family = session.rows(
        select(person.c.person_id, person.c.kind, person.c.subscriber_id, person.c.member_id)
        .where(*session.where(person), of_family(session.employer, row.subscriber_id))
        .order_by(person.c.kind.desc(), person.c.member_id)
    )
    names = _names(session, family)
    return {
        "person": row.person_id, "kind": row.kind, "member": row.member_id, "family": row.subscriber_id,
        "name": names.get(row.person_id, ""),
        "members": [{"person": one.person_id, "kind": one.kind, "member": one.member_id,
                     "name": names.get(one.person_id, "")} for one in family],
    }  # fmt: skip


def _names(session: Session, rows: Sequence[Row[Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in ("employee", "dependent"):
        ids = [row.person_id for row in rows if row.kind == kind]
        for one in facts.as_of(session, kind, session.today(), subjects=ids) if ids else ():
            found[one.subject] = f"{one.data.get('first_name', '')} {one.data.get('last_name', '')}".strip()
    return found


def member_ids(session: Session, person_ids: Iterable[str]) -> dict[str, str]:
    """Employee number or member id of each of these people."""
    wanted, found = sorted(set(person_ids)), {}
    for start in range(0, len(wanted), CHUNK):
        rows = session.rows(
            select(person.c.person_id, person.c.member_id).where(
                person.c.employer_id == session.employer, person.c.person_id.in_(wanted[start : start + CHUNK])
            )
        )
        found.update({row.person_id: str(row.member_id) for row in rows})
    return found


def person_ids(session: Session, members: Iterable[str]) -> dict[str, str]:
    """The hub's id of each of these employee numbers or member ids."""
    wanted, found = sorted(set(members)), {}
    for start in range(0, len(wanted), CHUNK):
        rows = session.rows(
            select(person.c.person_id, person.c.member_id).where(
                person.c.employer_id == session.employer, person.c.member_id.in_(wanted[start : start + CHUNK])
            )
        )
        found.update({str(row.member_id): row.person_id for row in rows})
    return found
