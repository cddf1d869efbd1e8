"""What several flows ask alike: pay dates, and where money taken from pay is posted."""

from __future__ import annotations

from collections.abc import Sequence

from benehub.facts import PayPeriod, Worker, pay_calendar
from benehub.ledger import accounts as chart
from benehub.planbook import Plan
from benehub.rules.deduction.calendar import PayDay


@dataclass(frozen=True, slots=True)
class PayPeriod:
    """One real pay date of a pay group; both days of the period inclusive."""

    pay_date: date
    start: date
    end: date


def month_lines(
    book: PlanBook, worker: Worker, timeline: Sequence[Fact], month: Month
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
        price, employers_part = book.premium_terms(plan, month)
        line = premium_line(
            price=price,
            who=enrolled(book, plan, worker, chosen, parts, month),
            month=month,
            cover_start=parts[0].effective_from,
            cover_end=None if end == FOREVER else end,
            proration=plan.proration_rule(),
            contribution_rule=employers_part,
            currency=book.employer.currency,
        )
        lines.append((plan, chosen, line))
    return lines


def priced(line: Calculation[PremiumLine], worker: Worker, plan: Plan, month: Month) -> PremiumLine:
    """The line, where the caller cannot go on without it.

    Raises:
        DataError: something the price needs is not known; the message names whose, and what.
    """
    if line.result is None:
        raise DataError(
            f"the premium of plan {plan.id} in {month} cannot be worked out without {', '.join(line.needs)}",
            where=f"employee {worker.identity.get('employee_number', worker.person_id)}",
            mend="Supply it at its source (HRIS, election or plan book) and run again",
        )
    return line.result


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
        "posttax": (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE),
        "match": (chart.MATCH_EXPENSE, chart.MATCH_PAYABLE),
    }.get(part)


def own_pay_days(worker: Worker, periods: Sequence[PayPeriod]) -> list[PayDay]:
    """The group's pay dates as this worker has them: those without pay count as holidays, in their place."""
    return [PayDay(one.pay_date, holiday=not worker.on_payroll(one.start, one.end)) for one in periods]
