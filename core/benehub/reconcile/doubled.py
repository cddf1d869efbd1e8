"""Two persons here that are one human being: a rehire entered anew, a child entered twice.

An SSN and an employee number have one holder: a second one is refused when it is read. So it is name and birth date
that tell, of employees among each other and of one family's dependents. Namesakes who have an SSN each are two, and so
is by right who works here and is covered as another one's spouse or child. Nobody is merged by a likeness: a person
says what they are.

Everybody is gone through once. After that only those born on a birth date of which something was heard since, or of
which a difference tells: where nothing has changed nobody's names are read. What is new is found in one pass over the
recorded facts of people, for no index has their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Row, select

from benehub.intake.twins import births_since, namesakes
from benehub.periods import Month
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import comparison, difference, person

LOOKED = {"relation": "doubled", "period": "-"}
"""How the comparison of people is kept: what is so now is of no month."""
OURS = "hub/"
"""How the reference of such a difference begins; the other person's id follows."""


def compare(session: Session, month: Month, read_to: int) -> list[Finding]:
    """Every pair of people here that may be one; `read_to` is the recorded order up to which it has looked."""
    before = session.connection.execute(select(comparison).where(*session.where(comparison, **LOOKED))).first()
    among = None
    if before is not None:
        among = births_since(session, before.seq, session.day_of(before.at), _standing(session))
    found = [] if before is not None and among is None else list(_findings(session, month, namesakes(session, among)))
    told = {"seq": read_to, "at": session.now(), "silent": []}
    session.take_seq(0)  # of two who compare at once the second finds the row of the first
    if session.rows(select(comparison.c.seq).where(*session.where(comparison, **LOOKED))):
        session.change(comparison, dict(LOOKED), **told)
    else:
        session.add(comparison, [{**LOOKED, **told}])
    return found


def _standing(session: Session) -> set[str]:
    """The people of pairs that were told and are not over."""
    rows = session.rows(
        select(difference.c.person_id, difference.c.reference).where(
            *session.where(difference, relation=Relation.INTAKE, type=Type.DUPLICATE_IDENTITY),
            difference.c.reference.startswith(OURS),
            difference.c.state != "resolved",
        )
    )
    pairs = ((row.person_id, row.reference.removeprefix(OURS)) for row in rows if row.person_id)
    return {who for pair in pairs for who in pair}


def _findings(session: Session, month: Month, groups: Iterable[list[str]]) -> Iterator[Finding]:
    rest = iter(groups)
    while part := list(islice(rest, CHUNK // 2)):
        known = _known(session, sorted({who for group in part for who in group}))
        for group in part:
            first: dict[str, Row[Any]] = {}
            for one in (known[who] for who in group if who in known):
                # Of dependents those of one family alone: a child may be covered under both parents.
                before = first.setdefault("" if one.kind == "employee" else one.subscriber_id, one)
                if before is not one and None in (before.ssn_index, one.ssn_index):
                    yield _finding(month, before, one)


def _known(session: Session, people: Sequence[str]) -> dict[str, Row[Any]]:
    rows = session.rows(
        select(person.c.person_id, person.c.kind, person.c.subscriber_id, person.c.member_id, person.c.ssn_index)
        .where(*session.where(person), session.among(person.c.person_id, people))
    )  # fmt: skip
    return {row.person_id: row for row in rows}


def _finding(month: Month, one: Row[Any], two: Row[Any]) -> Finding:
    whom = "employee" if one.kind == "employee" else "dependent"
    return Finding(
        Relation.INTAKE, Type.DUPLICATE_IDENTITY, str(month), f"{OURS}{two.person_id}", "hris", "hris",
        f"{whom} {one.member_id} has the name and birth date of {two.member_id}",
        "If they are one, have the HRIS keep one record and end the other, then read it again; if two, dismiss this",
        person_id=one.person_id,
    )  # fmt: skip
