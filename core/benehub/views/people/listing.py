"""The list of employees: searched by name or number, by state, a page at a time, behind the last one seen.

However many there are, one call looks at a bounded number of them: what it has not reached yet, the next page does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, or_, select

from benehub import facts
from benehub.periods import FOREVER, Interval
from benehub.reconcile import OPEN
from benehub.store import Session
from benehub.store.tables import difference, fact, person

PAGE = 50
LOOKED = 2_000
"""Employees that one call looks at to fill a page of one state."""

STATES = ("employed", "starts", "left", "open")
"""employed, starts (employment begins later), left, and open: with an open difference, employed or not."""


@dataclass(frozen=True, slots=True)
class Found:
    """One employee of the list; `differences` counts those that are open."""

    person: str
    number: str
    first_name: str
    last_name: str
    state: str
    hired: date | None
    last_day_after: date | None
    """First day after the employment; None while it runs on."""
    pay_group: str
    differences: int


@dataclass(frozen=True, slots=True)
class People:
    """A page of them; `after` is where the next one begins, empty at the end."""

    rows: tuple[Found, ...]
    after: str


def listed(session: Session, search: str = "", state: str = "", after: str = "", limit: int = PAGE) -> People:
    """Employees by number, from behind `after`.

    `search` is the beginning of a number, or of a first or last name; two words are both names.
    """
    found: list[Found] = []
    looked, last = 0, after
    while looked < LOOKED:
        part = _next(session, search, state, last, min(limit + 1, LOOKED))
        rows = _told(session, part)
        for row in rows:
            if len(found) == limit:
                return People(tuple(found), found[-1].number)
            if not state or row.state == state or (state == "open" and row.differences):
                found.append(row)
        looked += len(part)
        if len(part) < limit + 1:
            return People(tuple(found), "")
        last = part[-1].member_id
    return People(tuple(found), last)


def _next(session: Session, search: str, state: str, after: str, limit: int) -> Sequence[Row[Any]]:
    query = select(person.c.person_id, person.c.member_id).where(
        *session.where(person, kind="employee"), person.c.member_id > after
    )
    words = search.split()[:4]
    if words:
        query = query.where(or_(_numbered(search.strip()), person.c.person_id.in_(_named(session, words))))
    if state == "open":
        own = select(difference.c.person_id).where(*session.where(difference), difference.c.state.in_(OPEN))
        query = query.where(person.c.person_id.in_(own))
    return session.rows(query.order_by(person.c.member_id).limit(limit))


def _numbered(search: str) -> Any:
    return person.c.member_id.istartswith(search, autoescape=True)


def _named(session: Session, words: Sequence[str]) -> Any:
    """Whose names begin with these words, now or before: a name that was changed is still found."""
    query = select(fact.c.subject).where(*session.where(fact, kind="employee"), fact.c.data.is_not(None))
    for word in words:
        names = [func.lower(fact.c.data[name].as_string()) for name in ("first_name", "last_name")]
        query = query.where(or_(*(one.startswith(word.lower(), autoescape=True) for one in names)))
    return query


def _told(session: Session, part: Sequence[Row[Any]]) -> list[Found]:
    ids, today = [row.person_id for row in part], session.today()
    names = {one.subject: one.data for one in facts.as_of(session, "employee", today, subjects=ids)}
    always = Interval(date.min, FOREVER)
    employments: dict[str, list[facts.Fact]] = {}
    for (who, _), segments in facts.timelines(session, "employment", always, subjects=ids).items():
        employments.setdefault(who, []).extend(segments)
    counts = _open(session, ids)
    return [
        _found(row, names.get(row.person_id, {}), employments.get(row.person_id, []), counts, today) for row in part
    ]


def _found(
    row: Row[Any], name: Mapping[str, Any], employments: list[facts.Fact], counts: Mapping[str, int], today: date
) -> Found:
    newest = max(employments, key=lambda one: one.effective_from, default=None)
    state = "left"
    if newest is not None and newest.effective_from > today:
        state = "starts"
    elif newest is not None and newest.effective_to > today:
        state = "employed"
    return Found(
        row.person_id, row.member_id, str(name.get("first_name") or ""), str(name.get("last_name") or ""), state,
        None if newest is None else date.fromisoformat(newest.data["hire_date"]),
        None if newest is None or newest.effective_to == FOREVER else newest.effective_to,
        "" if newest is None else str(newest.data["pay_group"]), counts.get(row.person_id, 0),
    )  # fmt: skip


def _open(session: Session, ids: Sequence[str]) -> dict[str, int]:
    rows = session.rows(
        select(difference.c.person_id, func.count().label("n"))
        .where(*session.where(difference), difference.c.state.in_(OPEN), session.among(difference.c.person_id, ids))
        .group_by(difference.c.person_id)
    )
    return {row.person_id: int(row.n) for row in rows}
