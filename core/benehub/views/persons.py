"""Finds the person somebody means: by employee number, member id, or the hub's own id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, or_, select

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import person


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
