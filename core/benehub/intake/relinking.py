"""Links confirmations whose person became known later: nobody is lost because his row came in a week too late."""

from __future__ import annotations

from sqlalchemy import func, select, update

from benehub.store import Session
from benehub.store.tables import confirmation, crosswalk, intake_batch, person

STREAMS = ("employee", "dependent", "payroll_person")
"""Streams by which somebody becomes known."""


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
        select(confirmation.c.connection_id, confirmation.c.external_id)
        .where(
            confirmation.c.employer_id == session.employer,
            confirmation.c.person_id.is_(None),
            confirmation.c.external_id != "",
        )
        .distinct()
    )
    linked = 0
    for row in waiting:
        connection_id, external_id = row.connection_id, row.external_id
        found = session.connection.execute(
            select(crosswalk.c.person_id)
            .where(*session.where(crosswalk, connection_id=connection_id, external_id=external_id))
            .where(crosswalk.c.person_id.is_not(None))
            .union(
                select(person.c.person_id).where(
                    person.c.employer_id == session.employer,
                    (person.c.member_id == external_id) | (func.substr(person.c.ssn_index, 1, 40) == external_id),
                )
            )
        ).first()
        if found is not None:
            done = session.connection.execute(
                update(confirmation)
                .where(*session.where(confirmation, connection_id=connection_id, external_id=external_id))
                .where(confirmation.c.person_id.is_(None))
                .values(person_id=found.person_id)
            )
            linked += done.rowcount
    return linked
