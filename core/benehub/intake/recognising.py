"""Who a row speaks of: by the vendor's id first, then by employee number and SSN; nobody is guessed.

Whoever is not found is kept as a vendor's unlinked person, with what was told of him, be his row applied without a
person (a line of a register or a bill) or quarantined (a fact needs one).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from benehub import facts
from benehub.crypto import as_ssn
from benehub.errors import DataError
from benehub.identity import lookup, people, strangers, suggestions
from benehub.identity.matching import Candidate, Told, differs
from benehub.records import PayrollPerson, Record
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import fact, person

if TYPE_CHECKING:
    from benehub.intake.applying import Origin

SSN_NAME = 40
"""Characters of an SSN's blind index by which a vendor that tells SSNs only is said to name somebody."""


class Unknown(DataError):
    """A row names somebody unknown: it waits in quarantine, and he is kept as unlinked."""

    def __init__(
        self, what: str, *, where: str = "", mend: str = "", external_id: str = "", ssn_index: str = ""
    ) -> None:
        super().__init__(what, where=where, mend=mend)
        self.external_id, self.ssn_index = external_id, ssn_index


def employee_of(session: Session, origin: Origin, named: str) -> str:
    """The person a row names by the source's own id or by employee number.

    Raises:
        Unknown: nobody is known by it.
    """
    found = _find(session, origin.connection_id, named)
    if found is None:
        raise Unknown(
            f"employee {named!r} is unknown on connection {origin.connection_id}",
            mend="Sync the HRIS first, or link the id (benehub people unlinked); then re-drive the row",
            external_id=named,
        )
    return found


def _find(session: Session, connection_id: str, named: str, may_be_ssn: bool = False) -> str | None:
    """By SSN only where the record's field may be one: nine digits of another vendor's are no SSN of somebody's."""
    found = people.find(session, connection_id, named) or people.by_member_id(session, named)
    if found is None and (ssn := as_ssn(named)):
        if may_be_ssn:
            return by_ssn(session, connection_id, ssn)
        return people.find(session, connection_id, ssn_name(session, ssn))  # to whom a person has linked it
    return found


def kept_name(session: Session, connection_id: str, named: str) -> str:
    """The vendor's id as it may stand in a table: what looks like an SSN stands as its blind index."""
    ssn = as_ssn(named)
    if not ssn:
        return named
    lookup.by_vendor(session, connection_id, [named])
    if named in lookup.known(session).rows[connection_id] or people.by_member_id(session, named) is not None:
        return named
    return ssn_name(session, ssn)


def name_of(session: Session, connection_id: str, who: Unknown) -> str:
    """The vendor's id of whom a quarantined row names, as it stands in the crosswalk."""
    return who.ssn_index[:SSN_NAME] if who.ssn_index else kept_name(session, connection_id, who.external_id)


def note_unknown(session: Session, connection_id: str, who: Unknown, stream: str) -> None:
    """Keep whom a quarantined row names and nobody knows."""
    name = name_of(session, connection_id, who)
    if who.ssn_index:
        strangers.note(session, connection_id, name, stream, Told(ssn_index=who.ssn_index, only_employees=True))
        return
    number = name if name == who.external_id else ""
    strangers.note(session, connection_id, name, stream, Told(only_employees=True), number)


def by_ssn(session: Session, connection_id: str, ssn: str) -> str | None:
    """The person with this SSN, or to whom a person has linked it on this connection."""
    return people.by_ssn(session, ssn) or people.find(session, connection_id, ssn_name(session, ssn))


def ssn_name(session: Session, ssn: str) -> str:
    """What stands for the vendor's id where a vendor names people by SSN only."""
    return people.ssn_index(session, ssn)[:SSN_NAME]


def whom(
    session: Session, origin: Origin, named: str, told: Told | None = None, may_be_ssn: bool = False
) -> tuple[str | None, str]:
    """The person a confirmation names, and the name of his that may be kept; without one he is kept as unlinked.

    Where the name may be an SSN he is found by it, now or once somebody has it.
    """
    found = _find(session, origin.connection_id, named, may_be_ssn)
    name = kept(session, origin, named, may_be_ssn)
    if found is None and named:
        told, hidden = told or Told(), name != named
        if hidden and may_be_ssn:
            told = replace(told, ssn_index=people.ssn_index(session, as_ssn(named)))
        strangers.note(session, origin.connection_id, name, origin.stream, told, "" if hidden else named)
    return found, name


def kept(session: Session, origin: Origin, named: str, may_be_ssn: bool = False) -> str:
    """A vendor's name of somebody as it may be kept: an SSN as its owner's member id, else as its blind index.

    Whom a person has linked keeps the index: should the link be taken back, what stands under it goes with it.
    """
    name = kept_name(session, origin.connection_id, named)
    owner = people.by_ssn(session, as_ssn(named)) if name != named and may_be_ssn else None
    return name if owner is None else lookup.member_ids(session, [owner])[owner]


def holder_of_ssn(session: Session, origin: Origin, ssn: str) -> str | None:
    """The person with this SSN, or None: then he is kept as unlinked."""
    found, name = by_ssn(session, origin.connection_id, ssn), ssn_name(session, ssn)
    if found is None:
        told = Told(ssn_index=people.ssn_index(session, ssn), only_employees=True)
        strangers.note(session, origin.connection_id, name, origin.stream, told)
    return found


def payroll_person(session: Session, book: Any, origin: Origin, row: Record) -> str:
    """Somebody payroll knows: linked by employee number or SSN, or kept as unlinked."""
    assert isinstance(row, PayrollPerson)
    linked = people.find(session, origin.connection_id, origin.key)
    if linked is not None:
        return linked
    told = Told(
        row.first_name, row.last_name, row.birth_date.isoformat() if row.birth_date else "", row.email,
        row.employee_number, people.ssn_index(session, row.ssn) if row.ssn else "", only_employees=True,
    )  # fmt: skip
    twice = {told.employee_number, told.ssn_index} & session.memo.get(("twice", origin.connection_id), set())
    found = None if twice else recognised(session, origin.connection_id, {origin.key: told}).get(origin.key)
    if found is None:
        strangers.note(session, origin.connection_id, origin.key, origin.stream, told)
        return ""
    people.link(session, origin.connection_id, origin.key, *found)
    _holders(session, origin.connection_id, [])[found[0]] = origin.key
    return found[0]


def recognised(
    session: Session, connection_id: str, told: Mapping[str, Told], mail: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, str]]:
    """Vendor's id -> the person and by what he was found, where the ids say so and nothing speaks against it.

    Not linked, but left to a person: ids that name two people, an employee number whose birth date and name are
    somebody else's, a person who is linked to another id of the same vendor, and whoever was rejected.
    """
    by_number = lookup.by_member(session, {one.employee_number for one in told.values() if one.employee_number})
    by_index = lookup.by_index(session, {one.ssn_index for one in told.values() if one.ssn_index})
    named: dict[str, tuple[str, str]] = {}
    for key, one in told.items():
        ids = [(by_index.get(one.ssn_index), "ssn"), (by_number.get(one.employee_number), "number")]
        ids += [(other, "email") for other in (mail or {}).get(one.email.casefold(), ()) if one.email]
        sure = [(other, how) for other, how in ids if other is not None]
        if sure and len({other for other, _ in sure}) == 1:
            named[key] = sure[0]
    wanted = {other for other, _ in named.values()}
    known, held = _known(session, wanted), _holders(session, connection_id, wanted)
    ruled_out = _rejected(session)
    found: dict[str, tuple[str, str]] = {}
    for key, (other, how) in named.items():
        free = held.get(other, key) == key and other not in ruled_out.get((connection_id, key), ())
        if free and not (other in known and _against(told[key], known[other], how)):
            found[key] = (other, how)
    return _once(found)


def _against(told: Told, known: Candidate, how: str) -> bool:
    if told.only_employees and known.kind != "employee":
        return True
    # An SSN is nobody else's; a number may have been given anew, an e-mail may be shared.
    if how == "email" and told.birth_date and known.birth_date and told.birth_date != known.birth_date:
        return True
    return how != "ssn" and differs(told, known)


def _once(found: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Without those of whom two at the vendor are found to be the same person: only a person may say which it is."""
    count: dict[str, int] = {}
    for other, _ in found.values():
        count[other] = count.get(other, 0) + 1
    return {key: one for key, one in found.items() if count[one[0]] == 1}


def candidates(session: Session, person_ids: Sequence[str] | None = None) -> dict[str, Candidate]:
    """Employees and dependents with name, birth date and e-mail as believed today; all of them, or those named."""
    query = select(person.c.person_id, person.c.kind, person.c.member_id).where(
        person.c.employer_id == session.employer
    )
    rows: list[Any] = []
    if person_ids is None:
        rows += session.rows(query.order_by(person.c.person_id))
    else:
        session.flush_deferred()
        for start in range(0, len(person_ids), CHUNK):
            rows += session.rows(query.where(person.c.person_id.in_(person_ids[start : start + CHUNK])))
    data: dict[str, Mapping[str, Any]] = {}
    for kind in ("employee", "dependent"):
        theirs = None if person_ids is None else [one.person_id for one in rows if one.kind == kind]
        data |= {one.subject: one.data for one in facts.as_of(session, kind, session.today(), subjects=theirs)}
    return {
        row.person_id: Candidate(
            row.person_id, row.kind, row.member_id,
            *(str(data[row.person_id].get(name) or "") for name in ("first_name", "last_name", "birth_date", "email")),
        )
        for row in rows
        if row.person_id in data
    }  # fmt: skip


def everybody(session: Session) -> Iterator[Candidate]:
    """All employees and dependents as believed today, part by part, in the order of their ids."""
    session.flush_deferred()
    query, after = select(person.c.person_id).where(person.c.employer_id == session.employer), ""
    query = query.order_by(person.c.person_id).limit(CHUNK)
    while ids := [row.person_id for row in session.rows(query.where(person.c.person_id > after))]:
        after = ids[-1]
        yield from candidates(session, ids).values()


def mailboxes(session: Session, emails: Iterable[str]) -> dict[str, list[str]]:
    """E-mail in small letters -> the employees who have it, as believed today."""
    wanted, subjects = sorted({one.casefold() for one in emails if one}), set[str]()
    session.flush_deferred()
    for start in range(0, len(wanted), CHUNK):
        column = func.lower(fact.c.data["email"].as_string())
        query = select(fact.c.subject).where(*session.where(fact, kind="employee"))
        rows = session.rows(query.where(column.in_(wanted[start : start + CHUNK])).distinct())
        subjects |= {row.subject for row in rows}
    found: dict[str, list[str]] = {}
    for one in candidates(session, sorted(subjects)).values():
        found.setdefault(one.email.casefold(), []).append(one.person_id)
    return found


def _holders(session: Session, connection_id: str, persons: Iterable[str]) -> dict[str, str]:
    """Person -> the vendor's id that he is linked to; asked once a transaction."""
    memo: dict[str, str] = session.memo.setdefault(("holders", connection_id), {})
    asked: set[str] = session.memo.setdefault(("holders asked", connection_id), set())
    missing = set(persons) - asked
    if missing:
        memo |= strangers.holders(session, connection_id, missing)
        asked |= missing
    return memo


def _known(session: Session, persons: set[str]) -> Mapping[str, Candidate]:
    """These people as believed today; asked once a transaction."""
    memo: dict[str, Candidate] = session.memo.setdefault("candidates", {})
    missing = sorted(persons - memo.keys())
    if missing:
        memo |= candidates(session, missing)
    return memo


def _rejected(session: Session) -> Mapping[tuple[str, str], set[str]]:
    if "rejected" not in session.memo:
        session.memo["rejected"] = suggestions.rejected(session)
    found: Mapping[tuple[str, str], set[str]] = session.memo["rejected"]
    return found


def preload(session: Session, connection_id: str, rows: Iterable[Record]) -> None:
    """Ask once for whom the numbers and SSNs of payroll's people belong to, and note which of them come twice."""
    mine = [row for row in rows if isinstance(row, PayrollPerson)]
    numbers = Counter(row.employee_number for row in mine if row.employee_number)
    indexes = Counter(people.ssn_index(session, row.ssn) for row in mine if row.ssn)
    found = [*lookup.by_member(session, numbers).values(), *lookup.by_index(session, indexes).values()]
    persons = {one for one in found if one is not None}
    _holders(session, connection_id, persons)
    _known(session, persons)
    session.memo["twice", connection_id] = {one for one, count in (numbers + indexes).items() if count > 1}
