"""What one transaction has learned of who is who: looked up in sets, kept until it ends or is undone.

Within a transaction nobody else makes somebody known (whoever does holds the employer's lock), so "there is
nobody" may be kept as well as a person; who is added or linked here is noted here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, select

from benehub.store import Session
from benehub.store.tables import crosswalk, is_dependent, person

Found = dict[str, str | None]
"""Person by name; None: there is nobody."""


@dataclass
class Known:
    """Persons by vendor's id (a connection each), by member id and by the blind index of the SSN."""

    linked: dict[str, Found] = field(default_factory=dict)
    """By connection; somebody whom a vendor knows and we could not link stands as None too."""
    rows: dict[str, set[str]] = field(default_factory=dict)
    """By connection: the vendor's ids that stand in the crosswalk, linked or not."""
    members: Found = field(default_factory=dict)
    ssns: Found = field(default_factory=dict)
    families: dict[str, list[str]] = field(default_factory=dict)
    """Dependents by employee."""
    numbers: dict[str, str] = field(default_factory=dict)
    """Member id by person."""
    indexes: dict[str, str] = field(default_factory=dict, repr=False)
    """Blind index by SSN."""


def known(session: Session) -> Known:
    """What this transaction knows so far."""
    found: Known | None = session.memo.get("people")
    if found is None:
        found = session.memo["people"] = Known()
    return found


def by_vendor(session: Session, connection_id: str, ids: Iterable[str]) -> Found:
    """The persons behind a vendor's ids, looked up where they are not known yet."""
    mine = known(session)
    found = mine.linked.setdefault(connection_id, {})
    rows = mine.rows.setdefault(connection_id, set())
    for external_id, person_id in _ask(
        session, crosswalk.c.external_id, [one for one in ids if one not in found], found, connection_id=connection_id
    ):
        rows.add(external_id)
        found[external_id] = person_id
    return found


def by_member(session: Session, ids: Iterable[str]) -> Found:
    """The persons with these member ids."""
    found = known(session).members
    found.update(_ask(session, person.c.member_id, [one for one in ids if one not in found], found))
    return found


def by_index(session: Session, indexes: Iterable[str]) -> Found:
    """The persons with these blind indexes of an SSN."""
    found = known(session).ssns
    found.update(_ask(session, person.c.ssn_index, [one for one in indexes if one not in found], found))
    return found


def families(session: Session, employees: Iterable[str]) -> dict[str, list[str]]:
    """The dependents of these employees; their member ids are known after it."""
    mine = known(session)
    missing = list(dict.fromkeys(one for one in employees if one not in mine.families))
    if missing:
        session.flush_deferred()
        mine.families.update({one: [] for one in missing})
        for row in session.rows(
            select(person.c.person_id, person.c.subscriber_id, person.c.member_id)
            .where(*session.where(person), is_dependent, session.among(person.c.subscriber_id, missing))
            # By member id alone, SQLite would go through everybody for their order.
            .order_by(person.c.subscriber_id, person.c.member_id)
        ):
            mine.numbers[row.person_id] = row.member_id
            mine.families[row.subscriber_id].append(row.person_id)
        member_ids(session, missing)
    return mine.families


def member_ids(session: Session, persons: Iterable[str]) -> dict[str, str]:
    """The member id of each of these persons."""
    found = known(session).numbers
    missing = list(dict.fromkeys(one for one in persons if one not in found))
    if not missing:
        return found
    session.flush_deferred()
    where = (person.c.employer_id == session.employer, session.among(person.c.person_id, missing))
    rows = session.rows(select(person.c.person_id, person.c.member_id).where(*where))
    found.update({row.person_id: row.member_id for row in rows})
    return found


def _ask(session: Session, column: Column[Any], wanted: list[str], found: Found, **equal: Any) -> Iterable[Any]:
    """(name, person) of the wanted names that stand in the column's table; all of them are noted as nobody first."""
    if not wanted:
        return ()
    session.flush_deferred()
    wanted = list(dict.fromkeys(wanted))
    found.update(dict.fromkeys(wanted))
    table = column.table
    return session.rows(
        select(column, table.c.person_id).where(*session.where(table, **equal), session.among(column, wanted))
    )
