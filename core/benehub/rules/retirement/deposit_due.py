"""By when money withheld on a pay date has to be with the plan: own standard, safe harbour, outer limit."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.legal import bank_holidays, limit
from benehub.periods import Month, business_day_before, nth_business_day
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Count, Day, RuleModel, explain
from benehub.rules.registry import calculator

NAME = "retirement.deposit-due"
VERSION = "1"
CITATION = "29 CFR 2510.3-102"
ALERT_DAYS = 2
"""Business days before the due day on which an alert is raised."""


class PlanKind(StrEnum):
    """Pension plans have a limit in business days of the next month, welfare plans one in days."""

    PENSION = "pension"
    WELFARE = "welfare"


class DepositDueInput(RuleModel):
    """A pay date, and the standard the employer keeps."""

    pay_date: Day
    standard_bank_days: Annotated[int, Field(strict=True, ge=1, le=30)] = 3
    """Bank days after the pay date that the employer shows to be reasonably possible."""
    participants: Count | None = None
    """Participants at the start of the plan year; unknown means no safe harbour is claimed."""
    plan_kind: PlanKind = PlanKind.PENSION


class DepositDue(RuleModel):
    """The days that matter; lateness is measured to the day the trust received the money."""

    due: date
    """The earlier of the standard and the outer limit."""
    safe_harbor: date | None
    """Last day of the small-plan safe harbour, where it applies."""
    outer_limit: date
    alert_on: date


def deposit_due(
    *,
    pay_date: date,
    holidays: frozenset[date],
    standard_bank_days: int = 3,
    participants: int | None = None,
    plan_kind: PlanKind = PlanKind.PENSION,
) -> Calculation[DepositDue]:
    """All due days of one pay date on the bank calendar `holidays` (worked case R17)."""
    inputs = {
        "pay_date": pay_date,
        "standard_bank_days": standard_bank_days,
        "participants": participants,
        "plan_kind": plan_kind,
    }
    pension = plan_kind is PlanKind.PENSION
    if pension:
        nth = limit("us", "pension_deposit_month_days", pay_date).value
        outer = nth_business_day(Month.of(pay_date).last, nth, holidays)
        outer_told = f"business day {nth} of {Month.of(pay_date).plus(1)}"
    else:
        days = limit("us", "welfare_deposit_days", pay_date).value
        outer = pay_date + timedelta(days=days)
        outer_told = f"{days} days after the pay date"
    standard = nth_business_day(pay_date, standard_bank_days, holidays)
    due = min(standard, outer)
    small = participants is not None and participants < limit("us", "small_plan_participants", pay_date).value
    harbor = None
    if small:
        harbor = nth_business_day(pay_date, limit("us", "small_plan_deposit_days", pay_date).value, holidays)
    steps = (
        Step(label="own standard", raw=f"bank day {standard_bank_days}", value=standard.isoformat()),
        Step(label="outer limit", raw=outer_told, value=outer.isoformat()),
        Step(label="due", raw="the earlier of both", value=due.isoformat()),
    )
    alert = business_day_before(due, ALERT_DAYS, holidays)
    result = DepositDue(due=due, safe_harbor=harbor, outer_limit=outer, alert_on=alert)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, citation=CITATION))


@calculator(NAME, "By when a deposit has to be with the plan.", DepositDueInput, DepositDue, VERSION)
def compute(given: DepositDueInput) -> Calculation[DepositDue]:
    """Run on validated input.

    Raises:
        ConfigError: the bank calendar of a year it needs is not loaded.
    """
    reach = given.pay_date + timedelta(days=2 * given.standard_bank_days + 10)
    years = {given.pay_date.year, reach.year, Month.of(given.pay_date).plus(1).year}
    return deposit_due(
        pay_date=given.pay_date,
        holidays=bank_holidays("us", years),
        standard_bank_days=given.standard_bank_days,
        participants=given.participants,
        plan_kind=given.plan_kind,
    )
