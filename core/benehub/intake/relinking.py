"""Links confirmations whose person became known later: nobody is lost because his row came in a week too late."""

from __future__ import annotations

from sqlalchemy import func, select

from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import confirmation, crosswalk, intake_batch, person

STREAMS = ("employee", "dependent", "payroll_person")
"""Streams by which somebody becomes known."""

KEY = ("kind", "connection_id", "row_key", "version")
"""What names a confirmation."""


def names_people(session: Session, batch_id: str) -> bool:
    """Whether a batch may have made somebody known."""
    stream = session.connection.execute(
        select(intake_batch.c.stream).where(*session.where(intake_batch, batch_id=batch_id))
    ).scalar()
    return stream in STREAMS


def relink(session: Session) -> int:
    """Give every unlinked confirmation its person where one is known by now; gives how many were linked.

    The vendor's id is looked up in the crosswalk of its connection, then as an employee number or member id,
    then as the blind index of an SSN (recordkeepers know nobody by another name).
    """
    waiting = session.rows(
        select(*(confirmation.c[name] for name in (*KEY, "external_id"))).where(
            confirmation.c.employer_id == session.employer,
            confirmation.c.person_id.is_(None),
            confirmation.c.external_id != "",
        )
    )
    linked: list[dict[str, str]] = []
    for start in range(0, len(waiting), CHUNK):
        part = waiting[start : start + CHUNK]
        linked_ids, known_ids = _known(session, sorted({row.external_id for row in part}))
        for row in part:
            found = linked_ids.get((row.connection_id, row.external_id)) or known_ids.get(row.external_id)
            if found is not None:
                linked.append({name: getattr(row, name) for name in KEY} | {"person_id": found})
    session.change_all(confirmation, KEY, linked)
    return len(linked)


def _known(session: Session, ids: list[str]) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """Persons of these ids: by connection and vendor's id, and by member id or the beginning of the blind index."""
    links = session.rows(
        select(crosswalk.c.connection_id, crosswalk.c.external_id, crosswalk.c.person_id).where(
            crosswalk.c.employer_id == session.employer,
            crosswalk.c.external_id.in_(ids),
            crosswalk.c.person_id.is_not(None),
        )
    )
    found: dict[str, str] = {}
    # Each by its own index; the vendor of an SSN is told by the first 40 characters of its blind index.
    for name in (person.c.member_id, func.substr(person.c.ssn_index, 1, 40)):
        where = (person.c.employer_id == session.employer, name.in_(ids))
        found = {row.name: row.person_id for row in session.rows(
            select(name.label("name"), person.c.person_id).where(*where)
        )} | found  # fmt: skip
    return {(row.connection_id, row.external_id): row.person_id for row in links}, found
