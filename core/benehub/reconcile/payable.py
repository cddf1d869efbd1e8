"""How much of what is owed to a carrier a difference holds: what was accrued less what is billed.

A bill's difference says both. One of the roster is worth the member's whole premium, whether he is billed or not: of it
the account holds only what the bill leaves open. Before any bill of the month came all of it waits for the bill.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, select

from benehub.ledger import accounts as chart
from benehub.ledger import arrears
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.findings import TOLERATED
from benehub.store import Session
from benehub.store.tables import SOURCED, comparison, confirmation, difference, entry, leg

GIVEN_UP = "difference.given_up"
"""What a dismissed difference posts (see `reconcile.given_up`)."""
ROSTER = ("MEMBER_DROPPED", "COVERED_NOT_ENROLLED", "MEMBER_REFUSED")
"""Differences worth a member's premium that say nothing of his bill."""

POSTED_OUT = (GIVEN_UP, arrears.TOLERATED)
"""Entries by which a difference's money leaves the account that it is in (see `reconcile.tolerance` of the second)."""

_APART = (
    "premium.remitted", "premium.remitted.reversed", *POSTED_OUT, *(f"{one}.reversed" for one in POSTED_OUT),
)  # fmt: skip
_Of = tuple[str, str]
"""A carrier and a month of cover, or a person and one."""


def still_dismissed() -> ColumnElement[bool]:
    """Whether a difference is dismissed and the last comparison of its month found it still: its money is there."""
    since = (
        select(comparison.c.seq)
        .where(
            comparison.c.employer_id == difference.c.employer_id, comparison.c.relation == difference.c.relation,
            comparison.c.period == func.substr(difference.c.period, 1, 7),
        )
        .scalar_subquery()
    )  # fmt: skip
    return and_(difference.c.state == "dismissed", difference.c.last_seq >= func.coalesce(since, 0))


def is_tolerated() -> ColumnElement[bool]:
    """Whether a difference is within the tolerance."""
    return and_(difference.c.state == "resolved", difference.c.work_step == TOLERATED)


def posted_out() -> ColumnElement[bool]:
    """Whether what a dismissed or tolerated difference holds stands posted out of the account it was in."""
    back = entry.alias("back")
    taken_back = exists().where(back.c.employer_id == entry.c.employer_id, back.c.reverses_id == entry.c.entry_id)
    return exists().where(
        entry.c.employer_id == difference.c.employer_id, entry.c.source == difference.c.difference_id, SOURCED,
        entry.c.type.in_(POSTED_OUT), ~taken_back.correlate(entry),
    ).correlate(difference)  # fmt: skip


def held(session: Session, book: PlanBook, rows: Sequence[Row[Any]]) -> dict[str, int]:
    """Difference of premiums -> what was accrued of it and is not billed, minor units; below zero: billed too much."""
    found = held_by_plan(session, book, rows)
    return {row.difference_id: sum(found[row.difference_id].values()) for row in rows}


def held_by_plan(session: Session, book: PlanBook, rows: Sequence[Row[Any]]) -> dict[str, dict[str | None, int]]:
    """The same plan by plan: a carrier that refuses a member says so once, of all he is enrolled in with it."""
    found: dict[str, dict[str | None, int]] = {
        row.difference_id: {row.plan: (row.expected or 0) - (row.actual or 0)} for row in rows
    }
    mine = [row for row in rows if row.type in ROSTER]
    if mine:
        found |= _of_roster(session, book, mine)
    return found


def _of_roster(session: Session, book: PlanBook, rows: Sequence[Row[Any]]) -> dict[str, dict[str | None, int]]:
    months = sorted({row.period for row in rows})
    persons = sorted({row.person_id for row in rows if row.person_id})
    billed = billed_months(session, months)
    owed = _accrued_less_billed(session, book, persons, months)
    found: dict[str, dict[str | None, int]] = {}
    for row in rows:
        carrier, _ = carriers.told_by(book, row)
        plans = owed[row.person_id, row.period] if (carrier, row.period) in billed else {}
        found[row.difference_id] = {
            plan: amount for (of, plan), amount in plans.items() if of == carrier and row.plan in (None, plan)
        }
    return found


def billed_months(session: Session, months: Sequence[str]) -> set[_Of]:
    """Which carrier has billed which of these months of cover."""
    line = confirmation.c
    rows = session.rows(
        select(line.connection_id, line.coverage_month)
        .where(*session.where(confirmation, kind="invoice_line", current=1), line.coverage_month.in_(months))
        .distinct()
    )
    return {(row.connection_id, row.coverage_month) for row in rows}


def _accrued_less_billed(
    session: Session, book: PlanBook, persons: Sequence[str], months: Sequence[str]
) -> defaultdict[_Of, defaultdict[_Of, int]]:
    """Person and month -> carrier and plan -> amount, of plans that the plan book has."""
    found: defaultdict[_Of, defaultdict[_Of, int]] = defaultdict(lambda: defaultdict(int))
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, leg.c.coverage_month, func.sum(-leg.c.amount).label("amount"))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PREMIUM_PAYABLE,
            leg.c.coverage_month.in_(months), session.among(leg.c.person_id, persons), leg.c.posted_as.not_in(_APART),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.coverage_month)
    )  # fmt: skip
    for row in rows:
        plan = book.find(row.plan)
        if plan is not None and plan.carrier:
            found[row.person_id, row.coverage_month][plan.carrier, row.plan] += int(row.amount)
    line = confirmation.c
    told = session.rows(
        select(line.connection_id, line.person_id, line.plan, line.coverage_month, func.sum(line.amount).label("sum"))
        .where(
            *session.where(confirmation, kind="invoice_line", current=1), line.coverage_month.in_(months),
            session.among(line.person_id, persons),
        )
        .group_by(line.connection_id, line.person_id, line.plan, line.coverage_month)
    )  # fmt: skip
    for row in told:
        if book.find(row.plan) is not None:
            found[row.person_id, row.coverage_month][row.connection_id, row.plan] -= int(row.sum)
    return found
