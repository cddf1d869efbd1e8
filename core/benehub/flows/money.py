"""What several flows ask alike: pay dates, and where money taken from pay is posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from benehub import facts
from benehub.facts import Worker
from benehub.ledger import accounts as chart
from benehub.periods import Interval
from benehub.planbook import Plan, PlanBook
from benehub.rules.deduction.calendar import PayDay
from benehub.store import Session


@dataclass(frozen=True, slots=True)
class PayPeriod:
    """One real pay date of a pay group; both days of the period inclusive."""

    pay_date: date
    start: date
    end: date


def posting(plan: Plan, part: str) -> tuple[str, str] | None:
    """Debit and credit of one line of pay by plan and part; None where such a line is not posted from pay."""
    if plan.is_account:
        return {
            "employee": (chart.PAYROLL_CLEARING, chart.ACCOUNT_PAYABLE),
            "employer": (chart.BENEFIT_COST, chart.ACCOUNT_PAYABLE),
        }.get(part)
    return {
        "employee": (chart.PAYROLL_CLEARING, chart.EMPLOYEE_SHARE_DUE),
        "pretax": (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE),
        "roth": (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE),
        "match": (chart.MATCH_EXPENSE, chart.MATCH_PAYABLE),
    }.get(part)


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
