"""What employees' shares hold because a plan is taken by another schedule than the months of its cover.

A plan spread over the year holds what its months cost so far, less what its pay dates were told to take so far. One
that is taken in advance, or in arrears, is held month of cover by month of cover: only a month whose pay dates are not
all over, or whose cover is still to come, leaves anything. Each part says by when it has to be gone.

What a month costs is taken from the explanation its accrual was posted with, never from what was posted: an accrual
that says something else is money that nothing here explains.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from benehub import facts
from benehub.ledger import accounts as chart
from benehub.ledger.balances import concerns
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile.premium import first_month
from benehub.rules.deduction.calendar import DeductionMethod, Timing
from benehub.store import Session
from benehub.store.tables import entry, explanation, leg
from benehub.views.awaited import Item

EXPECTED = ("deduction.expected", "deduction.expected.void")
OPENING = "opening.share"

Key = tuple[str, str]
"""Person and month of cover; an opening balance is of month 00 of its year."""


@dataclass(slots=True)
class _Share:
    """Of one plan: what months of cover cost and what was to be taken for them, minor units, by person and month."""

    cost: Counter[Key] = field(default_factory=Counter)
    told: Counter[Key] = field(default_factory=Counter)

    def rest(self, key: Key) -> int:
        """What of a person's month is still to be taken; below zero: was taken before it was owed."""
        return self.cost[key] - self.told[key]


def every_pay(book: PlanBook) -> list[Plan]:
    """Plans whose shares are spread over the pays of a year."""
    return [one for one in _deducted(book) if one.deduction_rule().method is DeductionMethod.EVERY_PAY]


def shifted(book: PlanBook) -> list[Plan]:
    """Plans whose shares are taken in another month than that of their cover."""
    rules = [(one, one.deduction_rule()) for one in _deducted(book)]
    return [
        one for one, rule in rules
        if rule.method is not DeductionMethod.EVERY_PAY and rule.timing is not Timing.CURRENT
    ]  # fmt: skip


def _deducted(book: PlanBook) -> list[Plan]:
    return [plan for plan in book.insurance_plans() if plan.deduction is not None]


def remainders(session: Session, book: PlanBook, month: Month) -> list[Item]:
    """What such plans leave at a month's end, by plan and year or month of cover."""
    found: list[Item] = []
    if spread := every_pay(book):
        years = _years(session, [one.id for one in spread], month)
        for plan in spread:
            found += _of_years(plan, years[plan.id], month)
    if late := shifted(book):
        first = first_month(session)
        shares = _shares(session, [one.id for one in late], month, first)
        for plan in late:
            mine = shares[plan.id]
            gone = _left(session, {person for person, _ in mine.cost.keys() | mine.told.keys()})
            found += _of_months(plan, mine, month, first, gone)
    return found


def _of_years(plan: Plan, years: Mapping[int, int], month: Month) -> Iterator[Item]:
    for year, amount in sorted(years.items()):
        if year == month.year and month.month < 12:
            yield Item(f"schedule remainder of {plan.id}", amount, date(year, 12, 31))
        else:
            yield Item(f"left over of {plan.id} of {year}, which no pay takes any more", amount)


def _years(session: Session, plans: Sequence[str], month: Month) -> defaultdict[str, Counter[int]]:
    """By plan and year what months of cover cost and no pay was told to take, summed by the database."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    mine = _mine(session, plans, month)
    year = func.substr(leg.c.coverage_month, 1, 4)
    told = (
        select(leg.c.plan, year.label("year"), entry.c.type, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(*mine, entry.c.type.in_(EXPECTED))
        .group_by(leg.c.plan, year, entry.c.type)
    )
    opened = (
        select(leg.c.plan, entry.c.effective_date, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(*mine, entry.c.type == OPENING)
        .group_by(leg.c.plan, entry.c.effective_date)
    )
    accrued = _accrued(mine).subquery()
    share = func.coalesce(explanation.c.content[("result", "employee_minor")].as_integer(), 0)
    of = func.substr(accrued.c.coverage_month, 1, 4)
    cost = (
        select(accrued.c.plan, of.label("year"), func.sum(share).label("amount"))
        .join(
            explanation,
            (explanation.c.employer_id == session.employer)
            & (explanation.c.explanation_id == accrued.c.explanation_id),
        )
        .where(accrued.c.nth == 1)
        .group_by(accrued.c.plan, of)
    )
    for row in (*session.rows(told), *session.rows(cost)):
        found[row.plan][int(row.year)] += int(row.amount)
    for row in session.rows(opened):
        found[row.plan][row.effective_date.year] += int(row.amount)
    return found


def _of_months(
    plan: Plan, mine: _Share, month: Month, first: Month | None, gone: Collection[str]
) -> Iterator[Item]:  # fmt: skip
    """Months of cover whose pay dates lie ahead, or whose cover does; and what began before it was kept here."""
    early = plan.deduction_rule().timing is Timing.IN_ADVANCE
    open_: defaultdict[str, int] = defaultdict(int)
    before = 0
    for key in mine.cost.keys() | mine.told.keys():
        person_id, covered = key
        if person_id in gone:
            continue  # nobody takes it of them: it is named as owed by, or to, who has left
        if covered.endswith("-00") or first is None or covered < str(first) or (early and covered == str(first)):
            before += mine.rest(key)
        elif covered > str(month) if early else covered == str(month):
            open_[covered] += mine.rest(key)
    for covered, amount in sorted(open_.items()):
        of = Month.parse(covered)
        if early:
            yield Item(f"taken in advance for {covered} in {plan.id}", amount, of.last)
        else:
            yield Item(f"{plan.id} of {covered}, to be taken a month later", amount, of.plus(1).last)
    yield Item(f"{plan.id} from before it was kept here", before)


def _left(session: Session, persons: Collection[str]) -> set[str]:
    """Who of these is employed no more."""
    ahead = Interval(session.today(), FOREVER)
    stay = {one.person_id for one in facts.workers(session, ahead, None, sorted(persons))} if persons else set()
    return {*persons} - stay


def _mine(session: Session, plans: Sequence[str], month: Month) -> Sequence[ColumnElement[bool]]:
    return (
        leg.c.employer_id == session.employer, leg.c.account == chart.EMPLOYEE_SHARE_DUE, leg.c.plan.in_(plans),
        concerns(month),
    )  # fmt: skip


def _accrued(which: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """Accruals that stand, the newest of each person's month first (`nth` 1): it costs what it costs once."""
    back = entry.alias("back")
    taken_back = exists().where(back.c.employer_id == entry.c.employer_id, back.c.reverses_id == entry.c.entry_id)
    keys = (leg.c.plan, leg.c.person_id, leg.c.coverage_month)
    nth = func.row_number().over(partition_by=keys, order_by=(entry.c.seq.desc(), entry.c.entry_id.desc()))
    return (
        select(*keys, entry.c.explanation_id, nth.label("nth"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(*which, entry.c.type == "premium.accrued", entry.c.explanation_id.is_not(None), ~taken_back)
    )


def _shares(
    session: Session, plans: Sequence[str], month: Month, first: Month | None
) -> defaultdict[str, _Share]:  # fmt: skip
    """By plan, of the months that may leave anything: the one at its end and later ones, and the first and earlier."""
    found: defaultdict[str, _Share] = defaultdict(_Share)
    keys = (leg.c.plan, leg.c.person_id, leg.c.coverage_month)
    covered = leg.c.coverage_month
    open_ = [] if first is None else [or_(covered >= str(month), covered <= str(first), covered.is_(None))]
    mine = (*_mine(session, plans, month), *open_)
    told = (
        select(*keys, entry.c.type, entry.c.effective_date, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(*mine, entry.c.type.in_((*EXPECTED, OPENING)))
        .group_by(*keys, entry.c.type, entry.c.effective_date)
    )
    for row in session.rows(told):
        share = found[row.plan]
        if row.type == OPENING:
            share.cost[row.person_id, f"{row.effective_date.year}-00"] += int(row.amount)
        else:
            share.told[row.person_id, row.coverage_month] -= int(row.amount)
    accrued = [row for row in session.rows(_accrued(mine)) if row.nth == 1]
    costs = _explained(session, {row.explanation_id for row in accrued})
    for row in accrued:
        found[row.plan].cost[row.person_id, row.coverage_month] = costs[row.explanation_id]
    return found


def _explained(session: Session, ids: Collection[str]) -> dict[str, int]:
    """Explanation of a premium -> the employee's share by it, in minor units."""
    if not ids:
        return {}
    rows = session.rows(
        select(explanation.c.explanation_id, explanation.c.content).where(
            *session.where(explanation), session.among(explanation.c.explanation_id, sorted(ids))
        )
    )
    return {row.explanation_id: int((row.content.get("result") or {}).get("employee_minor", 0)) for row in rows}
