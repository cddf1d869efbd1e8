"""The pay that payroll counts for a retirement plan against the pay that the plan counts.

Which pay codes count is the commonest error of plan audits. One wrong flag makes deferral and match of a check wrong
together: that is one mistake, told with what it has cost, and not a wrong amount for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from sqlalchemy import func, select

from benehub.errors import ConfigError
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.reconcile.sources import SourceLine
from benehub.rules.retirement.limits import retirement_limits
from benehub.store import Session
from benehub.store.tables import confirmation

TOLD = "plan_pay"
"""Kind of a confirmation: the pay of a check that payroll counted for a plan."""
PARTS = ("pretax", "roth", "match")
"""What follows from the pay."""


class PayLine(SourceLine, Protocol):
    """A line of the register that differs; minor units."""

    @property
    def expected(self) -> int:
        """What should have been taken."""
        ...

    @property
    def actual(self) -> int:
        """What was."""
        ...


L = TypeVar("L", bound=PayLine)


@dataclass(frozen=True, slots=True)
class PlanPay:
    """A participant's pay date on which payroll counted another pay; minor units."""

    person_id: str
    plan: str
    pay_date: date
    ours: int
    told: int

    def explains(self, line: PayLine) -> bool:
        """Whether a line is what the other pay gives, to a cent either way."""
        same = (line.person_id, line.plan, line.pay_date) == (self.person_id, self.plan, self.pay_date)
        off = abs(line.actual * self.ours - line.expected * self.told)
        return same and line.part in PARTS and off <= abs(self.ours)


def other_pay(session: Session, connection_id: str, month: Month) -> list[PlanPay]:
    """Where payroll tells that it counted another pay than the checks come to, and than law lets it count."""
    mine = session.where(confirmation, kind=TOLD, connection_id=connection_id, current=1)
    checks = (
        select(
            confirmation.c.person_id, confirmation.c.plan, confirmation.c.pay_date,
            func.max(confirmation.c.amount).label("told"),
        )
        .where(
            *mine, confirmation.c.pay_date >= month.first, confirmation.c.pay_date < month.end,
            confirmation.c.person_id.is_not(None), confirmation.c.plan.is_not(None),
        )
        .group_by(
            confirmation.c.person_id, confirmation.c.plan, confirmation.c.pay_date, confirmation.c.reference
        )
        .subquery()
    )  # fmt: skip
    keys = (checks.c.person_id, checks.c.plan, checks.c.pay_date)
    rows = session.rows(select(*keys, func.sum(checks.c.told).label("told")).group_by(*keys).order_by(*keys))
    if not rows:
        return []
    paid = _paid(session, connection_id, month.first, month.end)
    found = [
        PlanPay(row.person_id, row.plan, row.pay_date, paid.get((row.person_id, row.pay_date), 0), int(row.told))
        for row in rows
    ]
    unequal = [one for one in found if one.ours != one.told]
    before = _paid(session, connection_id, date(month.year, 1, 1), month.end) if unequal else {}
    return [one for one in unequal if not _capped(one, before)]


def _paid(session: Session, connection_id: str, start: date, end: date) -> Mapping[tuple[str, date], int]:
    """Pay by person and pay date; a check tells it on every line of earnings."""
    checks = (
        select(
            confirmation.c.person_id, confirmation.c.pay_date, func.max(confirmation.c.amount).label("gross")
        )
        .where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1, part="earning"),
            confirmation.c.person_id.is_not(None), confirmation.c.pay_date >= start, confirmation.c.pay_date < end,
        )
        .group_by(confirmation.c.person_id, confirmation.c.pay_date, confirmation.c.reference)
        .subquery()
    )  # fmt: skip
    keys = (checks.c.person_id, checks.c.pay_date)
    rows = session.rows(select(*keys, func.sum(checks.c.gross).label("paid")).group_by(*keys))
    return {(row.person_id, row.pay_date): int(row.paid) for row in rows}


def _capped(one: PlanPay, paid: Mapping[tuple[str, date], int]) -> bool:
    """Whether it is what the year's limit of pay, 26 U.S.C. 401(a)(17), leaves of this pay."""
    try:
        most = retirement_limits(one.pay_date.year).compensation_minor
    except ConfigError:
        return False
    earlier = sum(amount for (person, day), amount in paid.items() if person == one.person_id and day < one.pay_date)
    return one.told == max(0, min(one.ours, most - earlier)) < one.ours


def apart(lines: Sequence[L], found: Sequence[PlanPay]) -> tuple[list[tuple[PlanPay, list[L]]], list[L]]:
    """Each other pay with the lines that follow from it, and all other lines."""
    by_key = {(one.person_id, one.plan, one.pay_date): one for one in found}
    mine: dict[PlanPay, list[L]] = {one: [] for one in found}
    rest = []
    for line in lines:
        one = by_key.get((line.person_id, line.plan, line.pay_date))
        if one is not None and one.explains(line):
            mine[one].append(line)
        else:
            rest.append(line)
    return list(mine.items()), rest


def findings(found: Sequence[tuple[PlanPay, Sequence[PayLine]]], month: Month, book: PlanBook) -> Iterator[Finding]:
    """One difference a participant and pay date; its amounts are the contributions that follow from the pay."""
    for one, lines in found:
        # The pay itself stays out of the sentence.
        more = "more" if one.told > one.ours else "less"
        yield Finding(
            Relation.PAYROLL, Type.COMP_DIFF, str(month), f"{one.pay_date}", "payroll", "payroll",
            f"payroll counted {more} pay for the plan than the check comes to" + (
                "" if lines else "; deferral and match are right all the same"
            ),
            "Compare payroll's list of pay codes with the plan's definition of pay; correct deferral and match with "
            "the next pay",
            person_id=one.person_id, plan=one.plan, unit=book.employer.currency,
            expected=sum(line.expected for line in lines) if lines else None,
            actual=sum(line.actual for line in lines) if lines else None,
        )  # fmt: skip
