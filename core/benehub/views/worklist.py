"""Differences as they are worked: filtered, the most at stake (or the oldest) first, part by part.

A part begins behind a place in the order, not at a number of rows, so that the last part is as quick as the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from benehub import facts, reconcile
from benehub.errors import DataError
from benehub.money import parse_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile.differences import is_of_now
from benehub.reconcile.settled_by import proposed
from benehub.store import Session, iso
from benehub.store.names import small
from benehub.store.tables import difference, still_open
from benehub.views.chain import Chain, chains_of
from benehub.views.persons import member_ids, person_ids
from benehub.views.today import LEGS
from benehub.views.trace import Stop, trace

PART: Final = 50
"""Differences shown at once."""
ORDERS: Final = ("amount", "age")
STATES: Final = ("discrepancy", "pending", "suppressed", "dismissed", "resolved")
EQUAL: Final = ("relation", "type", "state", "severity", "owner", "plan", "period")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which differences; what is empty does not filter."""

    leg: str = ""
    relation: str = ""
    type: str = ""
    state: str = "discrepancy"
    severity: str = ""
    owner: str = ""
    step: str = ""
    assigned: str = ""
    """Given to this user; `none` for nobody."""
    plan: str = ""
    period: str = ""
    until: str = ""
    """Of this month and all before, and what is so now: what stands in the way of its closing."""
    person: str = ""
    """Employee number or the hub's id."""
    days: str = ""
    """First seen so many days ago, or earlier."""
    least: str = ""
    """At stake at least, as decimal text in the employer's currency."""
    most: str = ""
    """At stake at most, likewise."""
    text: str = ""
    """Part of the cause, the action or the reference."""
    order: str = "amount"


@dataclass(frozen=True, slots=True)
class Part:
    """Some differences in their order, and where the next part begins."""

    rows: Sequence[Row[Any]]
    members: dict[str, str]
    """Employee number of each person in it."""
    after: str
    """The place of the last one; empty where nothing follows."""


def part(session: Session, filters: Filters, currency: str, after: str = "", limit: int = PART) -> Part:
    """The differences behind a place of the list.

    Raises:
        DataError: a filter that cannot be understood, or a place that is none.
    """
    found = conditions(session, filters, currency)
    key = difference.c.at_stake if filters.order == "amount" else difference.c.first_seq
    if after:
        number, name = _place(after)
        behind = key < number if filters.order == "amount" else key > number
        found.append(or_(behind, and_(key == number, difference.c.difference_id > name)))
    if filters.state in reconcile.OPEN and filters == Filters(state=filters.state):
        # Only then is the index by amount found. Behind another filter few may fit: read in its order, here and there
        # in the table, nearly all would be.
        found.append(still_open)
    first = key.desc() if filters.order == "amount" else key
    rows = session.rows(select(difference).where(*found).order_by(first, difference.c.difference_id).limit(limit + 1))
    shown = rows[:limit]
    last = f"{shown[-1]._mapping[key]}.{shown[-1].difference_id}" if len(rows) > limit else ""
    return Part(shown, member_ids(session, {row.person_id for row in shown if row.person_id}), last)


def conditions(session: Session, filters: Filters, currency: str) -> list[ColumnElement[bool]]:
    """What holds for the differences that are meant.

    Raises:
        DataError: a filter that cannot be understood.
    """
    found = [difference.c.employer_id == session.employer]
    found += [difference.c[name] == value for name in EQUAL if (value := getattr(filters, name))]
    if filters.leg:
        found.append(difference.c.relation.in_(LEGS.get(filters.leg, ())))
    if filters.step:
        found.append(difference.c.work_step == ("" if filters.step == "none" else filters.step))
    if filters.until:
        found.append(or_(difference.c.period < str(Month.parse(filters.until).plus(1)), is_of_now()))
    if filters.assigned:
        mine = difference.c.assigned_to
        found.append(mine.is_(None) if filters.assigned == "none" else mine == filters.assigned)
    if filters.person:
        known = person_ids(session, [filters.person])
        found.append(difference.c.person_id == known.get(filters.person, filters.person))
    if filters.days:
        found.append(difference.c.first_seen <= iso(session.clock() - timedelta(days=_days(filters.days))))
    if filters.least or filters.most:
        found.append(difference.c.unit == currency)
    if filters.least:
        found.append(difference.c.at_stake >= parse_minor(filters.least, currency))
    if filters.most:
        found.append(difference.c.at_stake <= parse_minor(filters.most, currency))
    if filters.text:
        found.append(_says(session, filters.text))
    return found


def counted(session: Session) -> dict[str, int]:
    """How many differences stand in each state."""
    rows = session.rows(
        select(difference.c.state, func.count().label("number"))
        .where(*session.where(difference))
        .group_by(difference.c.state)
    )
    return {row.state: int(row.number) for row in rows}


def _place(after: str) -> tuple[int, str]:
    number, _, name = after.partition(".")
    if not number.lstrip("-").isdecimal() or len(number) > 19:
        raise DataError("that is no place in the list", mend="Begin at its beginning")
    return int(number), name


def _says(session: Session, text: str) -> ColumnElement[bool]:
    """Whether a difference says this somewhere, in small letters or large ones.

    Each of the list is read for it, so what is asked of a row is cheap: SQLite's LIKE takes small letters for large
    ones by itself, and PostgreSQL changes those of ASCII alone in half the time. Others are looked for in each way.
    """
    ways = sorted({small(one) for one in (text, text.lower(), text.upper())})
    plain = session.connection.dialect.name == "sqlite"
    columns = [
        column if plain else func.lower(column.collate("C"))
        for column in (difference.c.cause, difference.c.action, difference.c.reference)
    ]
    return or_(*(column.contains(way, autoescape=True) for column in columns for way in ways))


def _days(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise DataError("the age is no number of days", mend="Write it as 30")
    return int(text)


@dataclass(frozen=True, slots=True)
class Case:
    """One difference with all that is known about it."""

    row: Row[Any]
    version: str
    employee: str
    name: str
    history: Sequence[Row[Any]]
    chains: list[Chain]
    """What each station says of the person's plan in the month; of all his plans where the difference names none."""
    stops: list[Stop]
    """The way of the plan and month, from the HR fact to the vendor's confirmation."""
    rule: reconcile.Suppression | None
    """The rule that sets it aside now."""
    entries: list[str]
    """Ledger entries that may have settled it, while it is open."""

    @property
    def ways(self) -> list[tuple[str, list[Stop]]]:
        """The stops by station, in the order of the way."""
        found: dict[str, list[Stop]] = {}
        for one in self.stops:
            found.setdefault(one.station, []).append(one)
        return list(found.items())


def case(session: Session, book: PlanBook, difference_id: str) -> Case:
    """Everything about one difference.

    Raises:
        DataError: no such difference.
    """
    row = reconcile.get(session, difference_id)
    month = Month.parse(row.period[:7])
    known = {one.id for one in book.plans}
    chains, stops, employee = [], [], ""
    if row.person_id:
        employee = member_ids(session, [row.person_id]).get(row.person_id, "")
        chains = [one for one in chains_of(session, book, month, row.person_id) if row.plan in (None, one.plan)]
        if row.plan in known:
            stops = trace(session, book, row.person_id, row.plan, month)
    rule = next((one for one in reconcile.suppressions(session) if row.state == "suppressed" and _by(one, row)), None)
    return Case(row, reconcile.version_of(session, row), employee, _name(session, row.person_id, session.today()),
                reconcile.history(session, difference_id), chains, stops, rule,
                proposed(session, row) if row.state in reconcile.OPEN else [])  # fmt: skip


def _by(rule: reconcile.Suppression, row: Row[Any]) -> bool:
    return rule.lifted_at is None and (rule.relation, rule.type) == (row.relation, row.type) and rule.plan in (
        None, row.plan,
    )  # fmt: skip


def _name(session: Session, person_id: str | None, day: date) -> str:
    if person_id is None:
        return ""
    found = facts.as_of(session, "employee", day, subjects=[person_id])
    return " ".join(str(found[0].data.get(name, "")) for name in ("first_name", "last_name")) if found else ""
