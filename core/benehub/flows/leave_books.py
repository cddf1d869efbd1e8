"""What all leave flows book with: entries with explanations, the value of minutes, what stands in the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, func, select

from benehub import ledger
from benehub.facts import explanations
from benehub.facts.explanations import Kept, Said
from benehub.hours import leave_unit
from benehub.ledger import Leg, NewEntry, Restated
from benehub.ledger import accounts as chart
from benehub.money import Rounding, round_to_int
from benehub.planbook import PlanBook
from benehub.records import Step
from benehub.store import Session
from benehub.store.tables import entry, leg


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry that shall stand, with its explanation where it has one."""

    entry: NewEntry
    why: Said | None = None


def post(session: Session, book: PlanBook, wanted: Sequence[Wanted]) -> Restated:
    """Make these entries stand, each with its explanation stored."""
    told = [one.why for one in wanted if one.why is not None]
    ids = iter(explanations.save(session, told, book.version))
    entries = [one.entry if one.why is None else replace(one.entry, explanation_id=next(ids)) for one in wanted]
    return ledger.restate(session, entries)


def with_step(told: Kept, *steps: Step) -> Kept:
    """What is kept, with steps before the rule's own that say what it was told."""
    explanation = told.explanation.model_copy(update={"steps": (*steps, *told.explanation.steps)})
    return replace(told, explanation=explanation)


def summed(
    session: Session, account: str, policy_id: str, by: Sequence[Column[Any]], *which: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """The legs of a policy on an account as sums `amount` by these columns, of those entries that are meant."""
    mine = (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id)
    query = select(*by, func.sum(leg.c.amount).label("amount")).join_from(leg, entry, mine)
    query = query.where(leg.c.employer_id == session.employer, leg.c.account == account, leg.c.plan == policy_id)
    return session.rows(query.where(*which).group_by(*by))


def available(session: Session, policy_id: str) -> dict[str, int]:
    """Minutes available by person, as the ledger holds them."""
    return {
        one.dimensions["person_id"]: one.amount
        for one in ledger.balances(session, [chart.LEAVE_AVAILABLE], by=("person_id",), plan=policy_id)
        if one.unit == leave_unit(policy_id)
    }


def worth(
    book: PlanBook, rate: Fraction | None, minutes: int, debit: str, dims: tuple[str, str, None, None, date]
) -> list[Leg]:
    """The legs that book the value of minutes as a liability; none where pay is not known."""
    value = 0 if rate is None else round_to_int(rate * minutes / 60, Rounding.HALF_UP)
    return money(book, value, debit, dims) if value else []


def money(book: PlanBook, value: int, debit: str, dims: tuple[str, str, None, None, date]) -> list[Leg]:
    """The legs that raise the leave liability by `value`, against `debit`."""
    unit = book.employer.currency
    return [Leg(debit, unit, value, *dims), Leg(chart.LEAVE_LIABILITY, unit, -value, *dims)]


def book_values(session: Session, policy_id: str, before: date) -> dict[str, tuple[int, int]]:
    """Per person the minutes left and the money accrued for them, effective before a day."""
    found: dict[str, list[int]] = {}
    accounts = [chart.LEAVE_AVAILABLE, chart.LEAVE_LIABILITY]
    for one in ledger.balances(
        session, accounts, by=("person_id", "money_source"), effective=before - timedelta(days=1), plan=policy_id
    ):
        if one.dimensions["money_source"] == "payout" and one.account == chart.LEAVE_LIABILITY:
            continue  # owed already; no pay changes it
        pair = found.setdefault(one.dimensions["person_id"], [0, 0])
        if one.account == chart.LEAVE_AVAILABLE:
            pair[0] += one.amount
        else:
            pair[1] -= one.amount
    return {person: (minutes, value) for person, (minutes, value) in found.items()}
