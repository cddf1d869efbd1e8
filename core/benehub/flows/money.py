"""What both premium and deduction flows ask: the premium of a coverage in a month, and a worker's pay dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from benehub import facts
from benehub.facts import Fact, PayPeriod, Worker, pay_calendar
from benehub.periods import FOREVER, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import Tier
from benehub.rules.base import Calculation
from benehub.rules.deduction.calendar import PayDay
from benehub.rules.premium.line import PremiumLine, premium_line

__all__ = ["PayPeriod", "month_lines", "own_pay_days", "pay_calendar"]


def month_lines(
    book: PlanBook, timeline: Sequence[Fact], month: Month
) -> list[tuple[Plan, Fact, Calculation[PremiumLine]]]:
    """Premium lines of one worker's coverages of one benefit type in a month: one a plan.

    Where the tier changes within the month, the tier in force on the plan's wash day counts, else the last one.
    """
    by_plan: dict[str, list[Fact]] = {}
    for fact in timeline:
        if fact.effective_from < month.end and fact.effective_to > month.first:
            by_plan.setdefault(fact.data["plan"], []).append(fact)
    lines = []
    for plan_id, parts in by_plan.items():
        plan = book.plan(plan_id)
        wash = date(month.year, month.month, plan.mid_period.wash_day)
        chosen = facts.in_force(parts, wash) or parts[-1]
        end = parts[-1].effective_to
        line = premium_line(
            tier=Tier(chosen.data["tier"]),
            rates_minor=plan.rates_minor(month, book.employer.currency),
            month=month,
            cover_start=parts[0].effective_from,
            cover_end=None if end == FOREVER else end,
            proration=plan.proration_rule(),
            contribution_rule=plan.contribution_rule(book.employer.currency),
            currency=book.employer.currency,
        )
        lines.append((plan, chosen, line))
    return lines


def own_pay_days(worker: Worker, periods: Sequence[PayPeriod]) -> list[PayDay]:
    """The group's pay dates as this worker has them: those without pay count as holidays, in their place."""
    return [PayDay(one.pay_date, holiday=not worker.on_payroll(one.start, one.end)) for one in periods]
