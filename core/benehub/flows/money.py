"""What both premium and deduction flows ask: the premium of a coverage in a month, and a worker's pay dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from benehub import facts
from benehub.facts import Fact, Worker
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import Tier
from benehub.rules.base import Calculation
from benehub.rules.deduction.calendar import PayDay
from benehub.rules.premium.line import PremiumLine, premium_line
from benehub.store import Session


@dataclass(frozen=True, slots=True)
class PayPeriod:
    """One real pay date of a pay group; both days of the period inclusive."""

    pay_date: date
    start: date
    end: date


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


def pay_calendar(session: Session, book: PlanBook, year: int) -> Mapping[str, Sequence[PayPeriod]]:
    """Pay periods of the year by pay group: as payroll tells them, else by the plan book's rule."""
    told: dict[str, list[PayPeriod]] = {group: [] for group in book.pay_groups}
    window = Interval(date(year, 1, 1), date(year + 1, 1, 1))
    for (group, key), segments in facts.timelines(session, "pay_date", window).items():
        day = date.fromisoformat(key)
        if day.year == year and group in told:
            data = segments[-1].data
            told[group].append(
                PayPeriod(day, date.fromisoformat(data["period_start"]), date.fromisoformat(data["period_end"]))
            )
    return {
        group: sorted(periods, key=lambda period: period.pay_date) or _by_rule(book, group, year)
        for group, periods in told.items()
    }


def _by_rule(book: PlanBook, group: str, year: int) -> list[PayPeriod]:
    """Without a calendar from payroll a pay date is taken to pay for the days since the one before."""
    dates = book.pay_dates(group, year)
    before = (book.pay_dates(group, year - 1)[-1:] or (dates[0] - timedelta(days=14),))[0]
    periods = []
    for day in dates:
        periods.append(PayPeriod(day, before + timedelta(days=1), day))
        before = day
    return periods


def own_pay_days(worker: Worker, periods: Sequence[PayPeriod]) -> list[PayDay]:
    """The group's pay dates as this worker has them: those without pay count as holidays, in their place."""
    return [PayDay(one.pay_date, holiday=not worker.on_payroll(one.start, one.end)) for one in periods]
