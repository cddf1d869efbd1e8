"""What several flows ask alike: pay dates, and where money taken from pay is posted."""

from __future__ import annotations

from collections.abc import Sequence

from benehub.facts import PayPeriod, Worker, pay_calendar
from benehub.ledger import accounts as chart
from benehub.planbook import Plan
from benehub.rules.deduction.calendar import PayDay

__all__ = ["PayPeriod", "own_pay_days", "pay_calendar", "posting"]


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
        "loan": (chart.PAYROLL_CLEARING, chart.LOAN_PAYABLE),
        "match": (chart.MATCH_EXPENSE, chart.MATCH_PAYABLE),
    }.get(part)


def own_pay_days(worker: Worker, periods: Sequence[PayPeriod]) -> list[PayDay]:
    """The group's pay dates as this worker has them: those without pay count as holidays, in their place."""
    return [PayDay(one.pay_date, holiday=not worker.on_payroll(one.start, one.end)) for one in periods]
