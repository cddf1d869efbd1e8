"""What benefits cost the employer in a month: as expected and as posted, by plan or by account, and per head.

Expected is what pending entries said (less what was voided) and what was accrued without waiting for anybody;
actual is what stands posted. A premium counts in its coverage month, all else on its day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Row, case, cast, func, select

from benehub.facts.pricing import premium_rows
from benehub.ledger import CHART
from benehub.ledger import accounts as chart
from benehub.money import Rounding, round_to_int
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import entry, leg

EXPENSES = tuple(code for code in CHART if code.startswith("5"))
"""Accounts that are the employer's cost."""
ACCRUED = ("premium.accrued", "premium.accrued.reversed", "leave.accrued", "leave.accrued.reversed")
"""Entries that are expectation and posting in one: nobody has to confirm them before they count."""
BY = ("account", "plan")


@dataclass(frozen=True, slots=True)
class Cost:
    """A line, in minor units; `heads` counts the employees it was spent on, none where it is nobody's."""

    name: str
    what: str
    expected: int
    actual: int
    heads: int
    unit: str

    @property
    def per_head(self) -> int | None:
        """Actual cost of one employee, half up."""
        return round_to_int(Fraction(self.actual, self.heads), Rounding.HALF_UP) if self.heads else None


@dataclass(slots=True)
class Ahead:
    """What the covers of a plan cost in a month as known now, in minor units of the employer's currency."""

    plan: str
    covers: int = 0
    premium: int = 0
    employer: int = 0
    employee: int = 0
    unpriced: int = 0
    """Covers whose price cannot be worked out; they are in no sum."""


def ahead(session: Session, book: PlanBook, month: Month) -> list[Ahead]:
    """What a month's premiums come to by the covers known now, plan by plan in the book's order, the total last.

    Nothing has to be accrued for it: it tells next month, or the same month under another plan book.
    """
    found = {plan.id: Ahead(plan.id) for plan in book.plans}
    total = Ahead("total")
    unpriced: Counter[str] = Counter()
    for row in premium_rows(session, book, month, unpriced):
        for line in (found[row.plan], total):
            line.covers += 1
            line.premium += row.premium_minor
            line.employer += row.employer_minor
            line.employee += row.employee_minor
    for plan, count in unpriced.items():
        found[plan].unpriced = count
    total.unpriced = unpriced.total()
    return [*(one for one in found.values() if one.covers or one.unpriced), total]


def cost(session: Session, month: Month, by: str = "account") -> list[Cost]:
    """The month's cost line by line, the total last; nothing where nothing is posted or expected.

    Args:
        session: of the employer.
        month: coverage month of premiums, month of everything else.
        by: one of `BY`.
    """
    column = leg.c.plan if by == "plan" else leg.c.account
    lines = [
        Cost(
            row.name or "",
            CHART[row.name].name if by == "account" else "",
            int(row.expected or 0),
            int(row.actual or 0),
            row.heads,
            row.unit,
        )
        for row in _rows(session, month, [column.label("name"), leg.c.unit])
    ]
    totals = [
        Cost("total", "", int(row.expected or 0), int(row.actual or 0), row.heads, row.unit)
        for row in _rows(session, month, [leg.c.unit])
    ]
    return [*lines, *totals]


def _rows(session: Session, month: Month, group: Sequence[Any]) -> Sequence[Row[Any]]:
    waits = entry.c.status.in_(("pending", "void")) | entry.c.type.in_(ACCRUED)
    # A premium is of its coverage month, whenever it is posted.
    within = case(
        (leg.c.account == chart.BENEFIT_COST, leg.c.coverage_month == str(month)),
        else_=(entry.c.effective_date >= month.first) & (entry.c.effective_date < month.end),
    )
    return session.rows(
        select(
            *group,
            cast(func.sum(case((waits, leg.c.amount), else_=0)), BigInteger).label("expected"),
            cast(func.sum(case((entry.c.status == "posted", leg.c.amount), else_=0)), BigInteger).label("actual"),
            func.count(leg.c.person_id.distinct()).label("heads"),
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(leg.c.employer_id == session.employer, leg.c.account.in_(EXPENSES), within)
        .group_by(*group)
        .having((func.sum(case((waits, leg.c.amount), else_=0)) != 0) | (func.sum(leg.c.amount) != 0))
        .order_by(*group)
    )
