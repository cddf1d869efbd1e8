"""Who is who across systems: persons, the crosswalk to every vendor's id, and SSNs by blind index.

A vendor's id, an employee number and an SSN are three different things. Who cannot be linked stays in the
crosswalk without a person, counted and shown (see `strangers`); nothing is guessed and nothing is merged in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select

from benehub.errors import DataError
from benehub.identity import lookup
from benehub.ids import numbered
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import crosswalk, person


def find(session: Session, connection_id: str, external_id: str) -> str | None:
    """The person behind a vendor's id, or None when it is unknown or not linked."""
    linked = lookup.known(session).linked.get(connection_id, {})
    if external_id not in linked:
        linked = lookup.by_vendor(session, connection_id, [external_id])
    return linked[external_id]


def look_up(
    session: Session, connection_id: str, external_ids: Iterable[str], members: Iterable[str], ssns: Iterable[str]
) -> set[str]:
    """Look all of these up at once, so that `find`, `by_member_id` and `by_ssn` need not ask one by one.

    Gives the persons found.
    """
    indexes = ssn_indexes(session, ssns)
    asked = (
        (lookup.by_vendor(session, connection_id, external_ids), external_ids),
        (lookup.by_member(session, members), members),
        (lookup.by_index(session, indexes), indexes),
    )
    lookup.member_ids(session, [one for one in asked[2][0].values() if one is not None])
    return {one for found, names in asked for name in names if (one := found[name]) is not None}


def family(session: Session, employee: str) -> list[str]:
    """The dependents of an employee."""
    return lookup.families(session, [employee])[employee]


def families(session: Session, employees: Sequence[str]) -> dict[str, list[str]]:
    """The dependents of each of these employees."""
    return lookup.families(session, employees)


def external_ids(session: Session, connection_id: str) -> dict[str, str]:
    """Person id -> the vendor's id, for all linked persons of a connection; of several the last linked."""
    rows = session.rows(
        select(crosswalk.c.person_id, crosswalk.c.external_id)
        .where(*session.where(crosswalk, connection_id=connection_id), crosswalk.c.person_id.is_not(None))
        .order_by(crosswalk.c.seq)
    )
    return {row.person_id: row.external_id for row in rows}


def by_member_id(session: Session, member_id: str) -> str | None:
    """The person with this employee number or dependent's member id."""
    members = lookup.known(session).members
    if member_id not in members:
        members = lookup.by_member(session, [member_id])
    return members[member_id]


def by_ssn(session: Session, ssn: str) -> str | None:
    """The person with this SSN (nine digits), found by blind index."""
    index = ssn_index(session, ssn)
    owners = lookup.known(session).ssns
    if index not in owners:
        owners = lookup.by_index(session, [index])
    return owners[index]


def ssn_index(session: Session, ssn: str) -> str:
    """The blind index of an SSN within this employer."""
    indexes = lookup.known(session).indexes
    found = indexes.get(ssn)
    if found is None:
        found = indexes[ssn] = session.vault.blind_index(f"{session.employer}/{ssn}", "ssn")
    return found


def ssn_indexes(session: Session, ssns: Iterable[str]) -> list[str]:
    """The `ssn_index` of each of these, worked out together."""
    wanted, indexes = list(ssns), lookup.known(session).indexes
    new = [ssn for ssn in wanted if ssn not in indexes]
    found = session.vault.blind_indexes([f"{session.employer}/{ssn}" for ssn in new], "ssn")
    indexes.update(zip(new, found, strict=True))
    return [indexes[ssn] for ssn in wanted]


def ssns(session: Session, person_ids: list[str]) -> dict[str, str]:
    """The opened SSNs of these persons, for content that a vendor demands them in."""
    found: dict[str, str] = {}
    for start in range(0, len(person_ids), 500):
        rows = session.rows(
            select(person.c.person_id, person.c.ssn_sealed).where(
                person.c.employer_id == session.employer,
                person.c.person_id.in_(person_ids[start : start + 500]),
                person.c.ssn_sealed.is_not(None),
            )
        )
        found |= {row.person_id: session.unseal(row.ssn_sealed, "ssn").decode() for row in rows}
    return found


def member_ids(session: Session, person_ids: Sequence[str]) -> dict[str, str]:
    """The employee numbers, or dependents' member ids, of these persons."""
    found: dict[str, str] = {}
    for start in range(0, len(person_ids), CHUNK):
        query = select(person.c.person_id, person.c.member_id).where(
            person.c.employer_id == session.employer, person.c.person_id.in_(person_ids[start : start + CHUNK])
        )
        found |= {row.person_id: row.member_id for row in session.rows(query)}
    return found


def people(session: Session, kind: str = "") -> dict[str, Row[Any]]:
    """All persons (or those of one kind) by id: person_id, kind, subscriber_id, member_id."""
    query = select(person.c.person_id, person.c.kind, person.c.subscriber_id, person.c.member_id).where(
        person.c.employer_id == session.employer
    )
    if kind:
        query = query.where(person.c.kind == kind)
    return {row.person_id: row for row in session.rows(query.order_by(person.c.member_id))}


def link(session: Session, connection_id: str, external_id: str, person_id: str | None, how: str) -> bool:
    """Write or complete a crosswalk row; gives whether anything changed.

    Raises:
        DataError: the vendor's id is already linked to somebody else.
    """
    before = find(session, connection_id, external_id)
    known = lookup.known(session)
    linked, rows = known.linked[connection_id], known.rows[connection_id]
    if external_id not in rows:
        seq, _ = session.take_seq()
        row = {"connection_id": connection_id, "external_id": external_id, "person_id": person_id}
        session.defer(crosswalk, {**row, "how": how, "seq": seq, "stream": "", "told_sealed": None})
        session.written()
        rows.add(external_id)
        linked[external_id] = person_id
        return True
    if before == person_id or person_id is None:
        return False
    if before is not None:
        raise DataError(
            f"vendor id {external_id!r} is already linked to another person",
            where=f"connection {connection_id}",
            mend="Unlink it first, or mend the id at the vendor",
        )
    key = {"connection_id": connection_id, "external_id": external_id}
    session.flush_deferred()  # a person who was added a moment ago
    session.change(crosswalk, key, person_id=person_id, how=how, told_sealed=None)
    linked[external_id] = person_id
    return True


def add_employee(session: Session, connection_id: str, external_id: str, number: str, ssn: str | None) -> str:
    """The person of an HRIS employee, created at first sight; a changed SSN is sealed anew, one not told stays.

    Raises:
        DataError: the SSN or the employee number already belongs to somebody else.
    """
    person_id = find(session, connection_id, external_id)
    owner = by_ssn(session, ssn) if ssn else None
    where = f"{connection_id} employee {external_id}"
    if owner is not None and owner != person_id:
        raise DataError("its SSN already belongs to another person", where=where, mend="Mend the wrong one in the HRIS")
    holder = by_member_id(session, number)
    if holder is not None and holder != person_id:
        raise DataError(
            f"employee number {number!r} already belongs to another person", where=where,
            mend="Give a new number; a rehired person keeps the old vendor id",
        )  # fmt: skip
    if person_id is not None:
        if ssn and owner is None:
            _seal_anew(session, person_id, ssn)
        return person_id
    person_id = _add(session, "employee", external_id, None, number, ssn)
    link(session, connection_id, external_id, person_id, "source")
    return person_id


def add_dependent(session: Session, connection_id: str, external_id: str, employee: str, ssn: str | None) -> str:
    """The person of a dependent, created at first sight under the employee's member id.

    A newborn's SSN comes later; a changed one is sealed anew.

    Raises:
        DataError: the SSN belongs to somebody else.
    """
    person_id = find(session, connection_id, external_id)
    owner = by_ssn(session, ssn) if ssn else None
    if owner is not None and owner != person_id:
        raise DataError(
            "the dependent's SSN already belongs to another person",
            where=f"{connection_id} dependent {external_id}",
            mend="Mend the wrong one in the HRIS",
        )
    if person_id is not None:
        if ssn and owner is None:
            _seal_anew(session, person_id, ssn)
        return person_id
    siblings = family(session, employee)
    number = f"{lookup.known(session).numbers[employee]}-{len(siblings) + 1:02d}"
    person_id = _add(session, "dependent", external_id, employee, number, ssn)
    siblings.append(person_id)
    link(session, connection_id, external_id, person_id, "source")
    return person_id


def _add(session: Session, kind: str, named: str, subscriber: str | None, number: str, ssn: str | None) -> str:
    """Write a person down; gives his id. An employee is his own subscriber."""
    seq, _ = session.take_seq()
    person_id = numbered("per", seq, f"{session.employer}/{named}")
    sealed = session.seal(ssn.encode(), "ssn") if ssn else None
    index = ssn_index(session, ssn) if ssn else None
    session.defer(
        person,
        {"person_id": person_id, "kind": kind, "subscriber_id": subscriber or person_id, "member_id": number,
         "ssn_sealed": sealed, "ssn_index": index, "seq": seq},
    )  # fmt: skip
    session.written()
    mine = lookup.known(session)
    mine.members[number] = person_id
    mine.numbers[person_id] = number
    if kind == "employee":
        mine.families[person_id] = []
    if index:
        mine.ssns[index] = person_id
    return person_id


def _seal_anew(session: Session, person_id: str, ssn: str) -> None:
    new = ssn_index(session, ssn)
    session.change(person, {"person_id": person_id}, ssn_sealed=session.seal(ssn.encode(), "ssn"), ssn_index=new)
    # Who had the old SSN is not who has it now.
    ssns = lookup.known(session).ssns
    for index in [index for index, owner in ssns.items() if owner == person_id]:
        ssns[index] = None
    ssns[new] = person_id
