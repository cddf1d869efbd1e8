"""Everything one employee is told about his benefits: a page that answers before anybody is asked.

It holds no rule: plans come from the plan book, states and reasons from the decisions, money from the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pluggy
from sqlalchemy import Row, select

from benehub import facts
from benehub.errors import DataError
from benehub.facts import Worker
from benehub.facts.surroundings import surroundings
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import person
from benehub.views.decisions import decisions
from benehub.views.leave import Meter, meters
from benehub.views.members import waits_for
from benehub.views.mine.cards import Card, cards
from benehub.views.mine.leave_terms import terms
from benehub.views.mine.told import Told, told
from benehub.views.money_path import Path, money_paths
from benehub.views.statement import Statement, statement
from benehub.views.statement.parts import Section

__all__ = ["Card", "Mine", "PlanMoney", "Told", "mine", "own_person"]


@dataclass(frozen=True, slots=True)
class PlanMoney:
    """What was taken for one plan in the year and how far it has come, the newest first."""

    plan: str
    name: str
    insured: bool
    taken: int
    given: int
    """What the employer added: its part of the premium, or the match."""
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Mine:
    """What one employee sees on a day."""

    first_name: str
    member: str
    day: date
    currency: str
    cards: tuple[Card, ...]
    money: tuple[PlanMoney, ...]
    year: int
    """The year that the money is of."""
    years: tuple[int, ...]
    """The years of which there is money to be shown: this one and, where there was any, the one before."""
    leave: tuple[tuple[str, Meter, Section], ...]
    """Name of the policy, what is held of it, and what it promises."""
    statement: Statement
    told: tuple[Told, ...]


def own_person(session: Session, person_id: str) -> Row[Any]:
    """The employee with this id of the hub's; a number or a member id is not taken.

    Raises:
        DataError: there is none, or a dependent.
    """
    found = session.connection.execute(select(person).where(*session.where(person, person_id=person_id))).first()
    if found is None or found.kind != "employee":
        raise DataError("no employee is linked to your account", mend="Ask your benefits team to link it")
    return found


def mine(
    session: Session, book: PlanBook, plugins: pluggy.PluginManager, person_id: str, day: date, year: int | None = None
) -> Mine:  # fmt: skip
    """Everything about one employee on a day.

    Args:
        year: the year that the money is of; the day's, or the one before it.

    Raises:
        DataError: no such employee, or a year that is not shown.
    """
    one = own_person(session, person_id)
    asked = day.year if year is None else year
    if asked not in (day.year, day.year - 1):
        raise DataError(f"the money of {asked} is not shown here", mend="Choose this year or the last one")
    before = money_paths(session, person_id, day.year - 1)
    found = facts.workers(session, Interval(date.min, FOREVER), people=[person_id])
    worker = found[0] if found else None
    return Mine(
        first_name="" if worker is None else str(worker.identity.get("first_name", "")),
        member=one.member_id,
        day=day,
        currency=book.employer.currency,
        cards=() if worker is None else tuple(_cards(session, book, worker, day)),
        money=tuple(_money(book, money_paths(session, person_id, day.year) if asked == day.year else before)),
        year=asked,
        years=(day.year, day.year - 1) if before else (day.year,),
        leave=tuple(_leave(book, row, day) for row in meters(session, book, day, only=[person_id])),
        statement=statement(session, book, plugins, person_id, day),
        told=tuple(told(session, book, person_id)),
    )


def _cards(session: Session, book: PlanBook, worker: Worker, day: date) -> list[Card]:
    decided = decisions(session, worker.person_id)
    known = surroundings(session, book, [worker], day).known(worker, covered=True)
    return cards(book, worker, known, decided, waits_for(session, worker.person_id), day)


def _money(book: PlanBook, paths: list[Path]) -> list[PlanMoney]:
    plans: dict[str, list[Path]] = {}
    for path in paths:
        plans.setdefault(path.plan, []).append(path)
    found = []
    for plan_id, own in plans.items():
        plan = book.plan(plan_id)
        given = sum(path.premium - path.owed for path in own) if plan.insured else sum(path.match for path in own)
        taken = sum(path.taken for path in own)
        found.append(PlanMoney(plan_id, plan.name, plan.insured, taken, given, tuple(reversed(own))))
    return found


def _leave(book: PlanBook, meter: Meter, day: date) -> tuple[str, Meter, Section]:
    policy = book.leave_policy(meter.policy)
    return policy.name or policy.id, meter, terms(book, policy, day)
