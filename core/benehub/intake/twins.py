"""Persons here with one birth date and one name: perhaps one human being, entered twice.

Everybody is gone through once in the order of birth dates, and no more is held than who was born on one day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Executable, Select, and_, or_, select

from benehub.identity.matching import Name, named
from benehub.store import Session
from benehub.store.tables import fact

KINDS = ("employee", "dependent")


def twins(session: Session) -> Iterator[tuple[str, str]]:
    """Pairs of person ids, by birth date; whom a later one is paired with is the one whose id comes first."""
    for first, *others in namesakes(session):
        for other in others:
            yield first, other


def namesakes(session: Session, among: Select[Any] | None = None) -> Iterator[list[str]]:
    """The ids of those who share birth date and name, by birth date; whose id comes first is told first.

    Args:
        among: a query of birth dates (`births_since`): only who was born on one of them is gone through.
    """
    session.flush_deferred()
    for _, born in groupby(chain.from_iterable(session.tuples(_by_birth(session, among))), key=itemgetter(0)):
        alike: dict[Name, list[str]] = {}
        for _, person_id, first, last in born:
            mine = alike.setdefault(named(first or "", last or ""), [])
            if person_id not in mine:
                mine.append(person_id)
        yield from (ids for ids in alike.values() if len(ids) > 1)


def births_since(session: Session, seq: int, day: date, also: Collection[str]) -> Select[Any] | None:
    """Birth dates of whom something was recorded after a number, or holds only since a day, and of those named `also`.

    None where there is nobody. It goes through the facts of employees and dependents once, in the database.
    """
    new = or_(fact.c.seq > seq, and_(fact.c.effective_from > day, fact.c.effective_from <= session.today()))
    told = select(fact.c.data["birth_date"].as_string()).where(
        fact.c.employer_id == session.employer, fact.c.kind.in_(KINDS),
        or_(new, session.among(fact.c.subject, sorted(also))) if also else new,
    )  # fmt: skip
    return told if session.rows(told.limit(1)) else None


def _by_birth(session: Session, among: Select[Any] | None = None) -> Executable:
    """Birth date, person and names as believed today, in order; who has no birth date is left out."""
    day, later = session.today(), fact.alias()
    told = (fact.c.data[name].as_string() for name in ("birth_date", "first_name", "last_name"))
    born, first, last = told
    newer = (
        select(later.c.seq)
        .where(
            later.c.employer_id == fact.c.employer_id, later.c.kind == fact.c.kind, later.c.subject == fact.c.subject,
            later.c.fact_key == fact.c.fact_key, later.c.seq > fact.c.seq, later.c.effective_from <= day,
            later.c.effective_to > day,
        )
        .exists()
    )  # fmt: skip
    return (
        select(born, fact.c.subject, first, last)
        .where(
            fact.c.employer_id == session.employer, fact.c.kind.in_(KINDS),
            fact.c.effective_from <= day, fact.c.effective_to > day, born != "", ~newer,
            *(() if among is None else (born.in_(among),)),
        )
        .order_by(*session.in_order(born, fact.c.subject))
    )  # fmt: skip
