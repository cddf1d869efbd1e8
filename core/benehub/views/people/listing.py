"""The list of employees: searched by name or number, by state, a page at a time, behind the last one seen.

By itself it is in the order of the numbers; what is searched for comes in the order of what was found.

However many there are, one call looks at a bounded number of them: what it has not reached yet, the next page does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from benehub import facts
from benehub.periods import FOREVER, Interval
from benehub.reconcile import OPEN
from benehub.store import Session
from benehub.store.tables import difference, person
from benehub.views.search import LOOKED, Hit, Search

PAGE = 50
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
    """A page of them; `after` is the place where the next one begins, empty at the end."""

    rows: tuple[Found, ...]
    after: str


def listed(session: Session, search: str = "", state: str = "", after: str = "", limit: int = PAGE) -> People:
    """Employees from behind the place `after`.

    `search` is the beginning of a number, or of a first or last name; several words are all of one person.
    """
    found: list[Found] = []
    looked, last = 0, after
    asked = Search(session, search) if search.strip() else None
    step = min(limit + 1 if asked is None else asked.step(limit + 1), LOOKED)
    while looked < LOOKED:
        part, further, seen = (
            _by_number(session, state, last, step) if asked is None else asked.next(last, step, 2 * limit + 2)
        )
        for hit, row in zip(part, _told(session, part), strict=True):
            if len(found) == limit:
                return People(tuple(found), last)
            if not state or row.state == state or (state == "open" and row.differences):
                found.append(row)
                last = hit.place
        looked += seen
        if not further:
            return People(tuple(found), "")
        last = further
    return People(tuple(found), last)


def _by_number(session: Session, state: str, after: str, count: int) -> tuple[list[Hit], str, int]:
    query = select(person.c.person_id, person.c.member_id).where(
        *session.where(person, kind="employee"), person.c.member_id > after
    )
    if state == "open":
        own = select(difference.c.person_id).where(*session.where(difference), difference.c.state.in_(OPEN))
        query = query.where(person.c.person_id.in_(own))
    rows = session.rows(query.order_by(person.c.member_id).limit(count + 1))
    hits = [Hit(row.person_id, row.member_id, row.member_id) for row in rows[:count]]
    return hits, hits[-1].place if len(rows) > count else "", count


def _told(session: Session, part: Sequence[Hit]) -> list[Found]:
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
    row: Hit, name: Mapping[str, Any], employments: list[facts.Fact], counts: Mapping[str, int], today: date
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
