"""Links who became known later, and what was confirmed of him: nobody is lost because his row came a week too late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import ColumnElement, func, select

from benehub.identity import strangers, suggestions
from benehub.identity.matching import Told
from benehub.intake import recognising
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import confirmation, crosswalk, intake_batch, person, seen

STREAMS = ("employee", "dependent", "payroll_person")
"""Streams by which somebody becomes known."""

BY_SSN = ("credit", "earnings_credit", "forfeiture_credit", "roster", "invoice_line", "acknowledgement", "year_total")
"""Kinds of confirmations whose vendor may name people by SSN; nine digits of another are an id of its own."""

KEY = ("kind", "connection_id", "row_key", "version")
"""What names a confirmation."""


def names_people(session: Session, batch_id: str) -> bool:
    """Whether a batch may have made somebody known."""
    stream = session.connection.execute(
        select(intake_batch.c.stream).where(*session.where(intake_batch, batch_id=batch_id))
    ).scalar()
    return stream in STREAMS


def recognise(session: Session) -> int:
    """Link every unlinked person of a vendor's whom his ids name by now (see `recognising`); gives how many.

    By employee number, SSN or e-mail; those laid aside too, for who was none of ours may have been hired since. An
    e-mail counts only where one employee and one of the vendor's people have it.
    """
    waiting: dict[str, dict[str, Told]] = {}
    for one in strangers.listed(session, aside=True):
        waiting.setdefault(one.connection_id, {})[one.external_id] = one.told
    count = 0
    for connection_id, told in waiting.items():
        mails = Counter(one.email.casefold() for one in told.values() if one.email)
        owners = recognising.mailboxes(session, [one for one, number in mails.items() if number == 1])
        mail = {one: who for one, who in owners.items() if len(who) == 1}
        found = recognising.recognised(session, connection_id, told, mail)
        for key, (person_id, _) in found.items():
            suggestions.settled(session, connection_id, key, person_id)
        count += strangers.join_all(session, ((connection_id, key, *one) for key, one in found.items()))
        remember(session, connection_id, {key: person_id for key, (person_id, _) in found.items()})
    return count


def remember(session: Session, connection_id: str, linked: Mapping[str, str]) -> None:
    """Note with what payroll's list of people told whom it is about by now."""
    key = {"connection_id": connection_id, "stream": "payroll_person"}
    session.change_all(
        seen, ("connection_id", "stream", "row_key"),
        [{**key, "row_key": name, "about": person_id} for name, person_id in linked.items()],
    )  # fmt: skip


def relink(session: Session) -> int:
    """Give every unlinked confirmation its person where one is known by now; gives how many were linked.

    People are recognised first. The vendor's id is looked up in the crosswalk of its connection, then as an employee
    number or member id, then as the blind index of an SSN (recordkeepers know nobody by another name).
    """
    recognise(session)
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
        linked_ids, numbers, indexes = _known(session, sorted({row.external_id for row in part}))
        for row in part:
            found = linked_ids.get((row.connection_id, row.external_id)) or numbers.get(row.external_id)
            if found is None and row.kind in BY_SSN:
                found = indexes.get(row.external_id)
            if found is not None:
                linked.append({name: getattr(row, name) for name in KEY} | {"person_id": found})
    session.change_all(confirmation, KEY, linked)
    return len(linked)


def _known(session: Session, ids: list[str]) -> tuple[dict[tuple[str, str], str], dict[str, str], dict[str, str]]:
    """Persons of these ids: by connection and vendor's id, by member id, and by the beginning of the blind index."""
    links = session.rows(
        select(crosswalk.c.connection_id, crosswalk.c.external_id, crosswalk.c.person_id).where(
            crosswalk.c.employer_id == session.employer,
            crosswalk.c.external_id.in_(ids),
            crosswalk.c.person_id.is_not(None),
        )
    )
    # Each by its own index; the vendor of an SSN is told by the first 40 characters of its blind index.
    numbers, indexes = (
        _named(session, name, ids) for name in (person.c.member_id, func.substr(person.c.ssn_index, 1, 40))
    )
    return {(row.connection_id, row.external_id): row.person_id for row in links}, numbers, indexes


def _named(session: Session, name: ColumnElement[str], ids: list[str]) -> dict[str, str]:
    query = select(name.label("name"), person.c.person_id)
    rows = session.rows(query.where(person.c.employer_id == session.employer, name.in_(ids)))
    return {row.name: row.person_id for row in rows}
