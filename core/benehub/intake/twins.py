"""Persons here with one birth date and one name: perhaps one human being, entered twice.

Everybody is gone through once in the order of birth dates, and no more is held than who was born on one day.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby
from operator import itemgetter

from sqlalchemy import Executable, select

from benehub.identity.matching import Name, named
from benehub.store import Session
from benehub.store.tables import fact


def twins(session: Session) -> Iterator[tuple[str, str]]:
    """Pairs of person ids, by birth date; whom a later one is paired with is the one whose id comes first."""
    session.flush_deferred()
    for _, born in groupby(chain.from_iterable(session.tuples(_by_birth(session))), key=itemgetter(0)):
        seen: dict[Name, str] = {}
        for _, person_id, first, last in born:
            before = seen.setdefault(named(first or "", last or ""), person_id)
            if before != person_id:
                yield before, person_id


def _by_birth(session: Session) -> Executable:
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
            fact.c.employer_id == session.employer, fact.c.kind.in_(("employee", "dependent")),
            fact.c.effective_from <= day, fact.c.effective_to > day, born != "", ~newer,
        )
        .order_by(*session.in_order(born, fact.c.subject))
    )  # fmt: skip
