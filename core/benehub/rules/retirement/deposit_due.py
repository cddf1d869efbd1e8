"""By when money withheld on a pay date has to be with the plan, and whether it was: standard, safe harbour, limit.

Lateness is measured to the day the trust received the money, not to the day it was sent.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.legal import bank_holidays, limit
from benehub.periods import Month, business_day_before, nth_business_day
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Count, Day, RuleModel, explain
from benehub.rules.registry import calculator

NAME = "retirement.deposit-due"
VERSION = "2"
CITATION = "29 CFR 2510.3-102; 26 U.S.C. 404(a)(6)"
ALERT_DAYS = 2
"""Business days before the due day on which an alert is raised."""


class PlanKind(StrEnum):
    """Pension plans have a limit in business days of the next month, welfare plans one in days."""

    PENSION = "pension"
    WELFARE = "welfare"


class Money(StrEnum):
    """Whose money it is: employee contributions (deferrals) are due soon; the employer's match later."""

    EMPLOYEE = "employee"
    MATCH = "match"


class Alert(StrEnum):
    """How a deposit stands on a day.

    NONE: nothing to do yet. SOON: two business days or fewer are left. DUE: today is the last day. LATE: not
    received after the due day. RECEIVED, RECEIVED_LATE: the trust has it.
    """

    NONE = "none"
    SOON = "soon"
    DUE = "due"
    LATE = "late"
    RECEIVED = "received"
    RECEIVED_LATE = "received_late"


class DepositDueInput(RuleModel):
    """A pay date, and the standard the employer keeps."""

    pay_date: Day
    """The day the money was withheld (for a match: the pay it belongs to)."""
    standard_bank_days: Annotated[int, Field(strict=True, ge=1, le=30)] = 3
    """Bank days after the pay date that the employer shows to be reasonably possible."""
    participants: Count | None = None
    """Participants at the start of the plan year; unknown means no safe harbour is claimed."""
    plan_kind: PlanKind = PlanKind.PENSION
    """pension (a retirement plan) or welfare (a health plan)."""
    money: Money = Money.EMPLOYEE
    """employee (withheld from pay) or match (the employer's own)."""
    tax_year_end: Day | None = None
    """Last day of the employer's tax year that holds the pay date; needed for a match."""
    filing_months: Annotated[int, Field(strict=True, ge=1, le=10)] = 4
    """The tax return is due on the 15th of this month after the tax year: 4 for a C corporation, 3 for an S
    corporation or partnership."""
    extended: bool = False
    """Whether the return is extended by six months."""
    received_on: Day | None = None
    """The day the trust received the money."""
    as_of: Day | None = None
    """The day on which the alert is asked for; empty: no alert."""


class DepositDue(RuleModel):
    """The days that matter, and how the deposit stands."""

    due: date
    """The earlier of the standard and the outer limit; of a match, the outer limit."""
    safe_harbor: date | None
    """Last day of the small-plan safe harbour, where it applies."""
    outer_limit: date
    """Never later than this."""
    alert_on: date
    """The day on which to warn: two business days before."""
    alert: Alert | None
    """How it stands on as_of; empty where no day was given."""
    days_late: int
    """Calendar days from due to receipt, or to as_of while it is missing; 0 when in time."""
    within_safe_harbor: bool | None
    """Whether it came within the small-plan safe harbour, where that applies and the day is known."""


def deposit_due(
    *,
    pay_date: date,
    holidays: frozenset[date],
    standard_bank_days: int = 3,
    participants: int | None = None,
    plan_kind: PlanKind = PlanKind.PENSION,
    match_limit: date | None = None,
    received_on: date | None = None,
    as_of: date | None = None,
) -> Calculation[DepositDue]:
    """All due days of one pay date on the bank calendar `holidays` (worked case R17).

    `match_limit` makes it the employer's match, due with the tax return.

    Raises:
        DataError: the money was received before the pay date.
    """
    if received_on is not None and received_on < pay_date:
        raise DataError(
            f"received on {received_on}, before the pay date {pay_date}", where="received_on", mend="Mend the date"
        )
    inputs = {
        "pay_date": pay_date, "standard_bank_days": standard_bank_days, "participants": participants,
        "plan_kind": plan_kind, "match_limit": match_limit, "received_on": received_on, "as_of": as_of,
    }  # fmt: skip
    outer, outer_told = _outer(pay_date, holidays, plan_kind, match_limit)
    standard = outer if match_limit else nth_business_day(pay_date, standard_bank_days, holidays)
    due = min(standard, outer)
    harbor = None
    if match_limit is None and plan_kind is PlanKind.PENSION and _small(participants, pay_date):
        harbor = nth_business_day(pay_date, limit("us", "small_plan_deposit_days", pay_date).value, holidays)
    late_from = received_on or as_of
    days_late = max(0, (late_from - due).days) if late_from else 0
    steps = (
        Step(label="own standard", raw=f"bank day {standard_bank_days}", value=standard.isoformat()),
        Step(label="outer limit", raw=outer_told, value=outer.isoformat()),
        Step(label="due", raw="the earlier of both", value=due.isoformat()),
        *((Step(label="days late", raw=f"{due} to {late_from}", value=str(days_late)),) if late_from else ()),
    )
    alert_on = business_day_before(due, ALERT_DAYS, holidays)
    result = DepositDue(
        due=due,
        safe_harbor=harbor,
        outer_limit=outer,
        alert_on=alert_on,
        alert=_alert(due, alert_on, received_on, as_of),
        days_late=days_late,
        within_safe_harbor=received_on <= harbor if harbor and received_on else None,
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, _reasons(result, received_on), CITATION))


def match_due(tax_year_end: date, filing_months: int, extended: bool) -> date:
    """Due date of the employer's return, the last day for the year's match (26 U.S.C. 404(a)(6))."""
    month = Month.of(tax_year_end).plus(filing_months + (6 if extended else 0))
    return date(month.year, month.month, 15)


def _outer(pay_date: date, holidays: frozenset[date], kind: PlanKind, match_limit: date | None) -> tuple[date, str]:
    if match_limit is not None:
        return match_limit, "due date of the tax return"
    if kind is PlanKind.PENSION:
        nth = limit("us", "pension_deposit_month_days", pay_date).value
        return (
            nth_business_day(Month.of(pay_date).last, nth, holidays),
            f"business day {nth} of {Month.of(pay_date).plus(1)}",
        )
    days = limit("us", "welfare_deposit_days", pay_date).value
    return pay_date + timedelta(days=days), f"{days} days after the pay date"


def _small(participants: int | None, pay_date: date) -> bool:
    return participants is not None and participants < limit("us", "small_plan_participants", pay_date).value


def _alert(due: date, alert_on: date, received_on: date | None, as_of: date | None) -> Alert | None:
    if received_on is not None:
        return Alert.RECEIVED if received_on <= due else Alert.RECEIVED_LATE
    if as_of is None:
        return None
    if as_of > due:
        return Alert.LATE
    if as_of == due:
        return Alert.DUE
    return Alert.SOON if as_of >= alert_on else Alert.NONE


def _reasons(found: DepositDue, received_on: date | None) -> tuple[Reason, ...]:
    if received_on is None:
        return ()
    told = [
        Reason(
            rule=rule,
            outcome=Outcome.PASS if received_on <= last else Outcome.FAIL,
            inputs={"received_on": received_on.isoformat()},
            needed={} if received_on <= last else {"received_on": last.isoformat()},
            citation=citation,
        )
        for rule, last, citation in (
            ("own_standard", found.due, "29 CFR 2510.3-102(a)(1)"),
            ("small_plan_safe_harbor", found.safe_harbor, "29 CFR 2510.3-102(a)(2)"),
            ("outer_limit", found.outer_limit, CITATION),
        )
        if last is not None
    ]
    return tuple(told)


@calculator(
    NAME,
    "By when a deposit has to be with the plan, and whether it was.",
    DepositDueInput,
    DepositDue,
    VERSION,
    example={"pay_date": "2026-11-06", "participants": 42, "received_on": "2026-11-19"},
)
def compute(given: DepositDueInput) -> Calculation[DepositDue]:
    """Run on validated input.

    Raises:
        DataError: the dates contradict each other.
        ConfigError: the bank calendar does not reach a year it needs.
    """
    limit_of_match = None
    if given.money is Money.MATCH:
        if given.tax_year_end is None:
            told = explain(NAME, VERSION, {"pay_date": given.pay_date, "money": given.money}, citation=CITATION)
            return Calculation(None, told, ("tax_year_end",))
        if given.tax_year_end < given.pay_date:
            raise DataError(
                f"the tax year ends on {given.tax_year_end}, before the pay date",
                where="tax_year_end",
                mend="Give the last day of the tax year that holds the pay date",
            )
        limit_of_match = match_due(given.tax_year_end, given.filing_months, given.extended)
    reach = given.pay_date + timedelta(days=2 * given.standard_bank_days + 10)
    last = max(reach, limit_of_match or reach, Month.of(given.pay_date).plus(1).first)
    return deposit_due(
        pay_date=given.pay_date,
        holidays=bank_holidays("us", range(given.pay_date.year, last.year + 1)),
        standard_bank_days=given.standard_bank_days,
        participants=given.participants,
        plan_kind=given.plan_kind,
        match_limit=limit_of_match,
        received_on=given.received_on,
        as_of=given.as_of,
    )
