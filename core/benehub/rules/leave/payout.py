"""What leave is worth when it is paid out, how far that is from what was accrued for it, and by when it is due.

A pay-out is an obligation of its own with a due date: it is not a row that a closed period can swallow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.legal.state_leave import StateLeave, state_leave
from benehub.money import Rounding
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import (
    Calculation,
    Day,
    Minor,
    Positive,
    Rate,
    RuleModel,
    exact,
    explain,
    money_step,
    rounded_step,
)
from benehub.rules.leave.policy import ZERO, Hours
from benehub.rules.registry import calculator

NAME = "leave.payout"
VERSION = "2"
CITATION = "plan terms: pay-out"


class LeaveKind(StrEnum):
    """VACATION is wages once earned in many states; SICK leave is not paid out unless the policy says so."""

    VACATION = "vacation"
    SICK = "sick"


class PayoutReason(StrEnum):
    """TERMINATION: employment ends. CASH_OUT: during employment, as the policy lets."""

    TERMINATION = "termination"
    CASH_OUT = "cash_out"


class PayoutInput(RuleModel):
    """Hours to pay out, the rate of pay on that day, and the end of employment where there is one."""

    hours: Rate | None = None
    """Exact hours (or days, with a rate a day); negative hours were taken in advance and are recovered."""
    rate_minor: Positive | None = None
    """Pay per hour in minor units; or give annual_pay_minor and hours_per_year."""
    annual_pay_minor: Positive | None = None
    """Pay per year in minor units, in place of rate_minor."""
    hours_per_year: Annotated[Hours, Field(gt=0)] | None = None
    """Hours (or days) that the annual pay stands for, such as "2080" or "260"."""
    accrued_value_minor: Minor | None = None
    """What stands in the books for these hours; empty where leave is kept in hours only."""
    kind: LeaveKind = LeaveKind.VACATION
    """Vacation or sick leave."""
    reason: PayoutReason = PayoutReason.TERMINATION
    """Why it is paid out."""
    policy_pays: bool = True
    """Whether the employer's policy pays it out; a state may require it all the same."""
    jurisdiction: Annotated[str, Field(pattern=r"^([A-Z]{2}(-[A-Z]{2})?)?$")] = ""
    """Whose law is checked, such as "US-CA"; empty for none."""
    last_day: Day | None = None
    """Last day of work (termination)."""
    quit: bool | None = None
    """Whether the employee gave notice himself; states set another deadline for that."""
    notice_hours: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 0
    """Hours of notice that an employee who quit gave."""
    next_pay_date: Day | None = None
    """The next regular pay date after the last day."""
    rounding: Rounding = Rounding.HALF_UP
    """Rounding of the gross amount: half_up, half_even, down or up."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """Currency of all amounts."""


class Payout(RuleModel):
    """The gross amount, the difference that is expense of the year of payment, and the deadline."""

    payable_hours: Rate
    """Hours that are paid (or recovered, when negative)."""
    gross_minor: int
    difference_minor: int
    """Gross less accrued value: expense of the year in which it is paid."""
    due_date: Day | None
    """Last day for the final pay; empty without a termination or jurisdiction."""
    recovery: bool
    """Whether the employee owes: a deduction from final pay that the law may limit or forbid."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The end of an employment, as far as final pay depends on it."""

    jurisdiction: str = ""
    last_day: date | None = None
    quit: bool | None = None
    notice_hours: int = 0
    next_pay_date: date | None = None

    def law(self) -> StateLeave | None:
        """The state's rules on the last day; None without a US state or a last day."""
        if not self.jurisdiction.startswith("US-") or self.last_day is None:
            return None
        return state_leave(self.jurisdiction[3:], self.last_day)


def payout(
    *,
    hours: Fraction | None,
    rate: Fraction | None,
    accrued_value_minor: int | None = None,
    kind: LeaveKind = LeaveKind.VACATION,
    reason: PayoutReason = PayoutReason.TERMINATION,
    policy_pays: bool = True,
    leaving: Leaving = Leaving(),
    rounding: Rounding = Rounding.HALF_UP,
    currency: str = "USD",
) -> Calculation[Payout]:
    """Hours times the current exact rate (minor units an hour), rounded once.

    Raises:
        ConfigError: the rules of the state are not loaded.
    """
    inputs = {
        "hours": hours, "rate": rate, "accrued_value_minor": accrued_value_minor, "kind": kind, "reason": reason,
        "policy_pays": policy_pays, "jurisdiction": leaving.jurisdiction, "last_day": leaving.last_day,
        "quit": leaving.quit, "notice_hours": leaving.notice_hours, "next_pay_date": leaving.next_pay_date,
    }  # fmt: skip
    law = leaving.law() if reason is PayoutReason.TERMINATION else None
    needs = _needs(hours, rate, reason, leaving, law)
    if hours is None or rate is None or needs:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), needs)
    pays, told = _pays(kind, policy_pays, law, hours)
    payable = hours if pays else ZERO
    gross, step = rounded_step("hours x rate", payable * rate, rounding, currency)
    difference = 0 if accrued_value_minor is None else gross - accrued_value_minor
    due = None
    steps: tuple[Step, ...] = (step, money_step("gross less accrued", difference, difference, currency))
    if law is not None and leaving.last_day is not None:
        due = law.final_pay_due(
            leaving.last_day, quit_=bool(leaving.quit), notice_hours=leaving.notice_hours,
            next_pay_date=leaving.next_pay_date,
        )  # fmt: skip
        steps = (*steps, Step(label=f"final pay due in {law.state}", raw=str(leaving.last_day), value=str(due)))
    result = Payout(
        payable_hours=payable, gross_minor=gross, difference_minor=difference, due_date=due, recovery=payable < 0
    )
    cited = law.source if law is not None else CITATION
    return Calculation(result, explain(NAME, VERSION, inputs, steps, told, cited))


def _needs(
    hours: Fraction | None, rate: Fraction | None, reason: PayoutReason, leaving: Leaving, law: StateLeave | None
) -> tuple[str, ...]:
    wanted = reason is PayoutReason.TERMINATION and leaving.jurisdiction.startswith("US-")
    differ = law is not None and (
        law.discharge_days != law.quit_days or law.discharge_days != law.quit_with_notice_days
    )
    unclear = differ and leaving.quit is None
    by_pay_date = law is not None and not unclear and leaving.last_day is not None and (
        law.final_pay_due(
            leaving.last_day, quit_=bool(leaving.quit), notice_hours=leaving.notice_hours,
            next_pay_date=leaving.next_pay_date,
        ) is None
    )  # fmt: skip
    lacks = {
        "hours": hours is None,
        "rate_minor": rate is None,
        "last_day": wanted and leaving.last_day is None,
        "quit": unclear,
        "next_pay_date": by_pay_date,
    }
    return tuple(name for name, absent in lacks.items() if absent)


def _pays(
    kind: LeaveKind, policy_pays: bool, law: StateLeave | None, hours: Fraction
) -> tuple[bool, tuple[Reason, ...]]:
    told = {"kind": kind.value, "policy_pays": policy_pays, "hours": exact(hours)}
    if kind is LeaveKind.VACATION and law is not None and law.payout_required and hours > 0:
        return True, (Reason(rule="earned vacation is wages", outcome=Outcome.PASS, inputs=told, citation=law.source),)
    if kind is LeaveKind.SICK and law is not None:
        reason = "statutory sick leave is paid out only where the policy says so"
        return policy_pays, (
            Reason(rule=reason, outcome=Outcome.PASS if policy_pays else Outcome.FAIL, inputs=told,
                   citation=law.source),
        )  # fmt: skip
    outcome = Outcome.PASS if policy_pays else Outcome.FAIL
    return policy_pays, (Reason(rule="the policy pays it out", outcome=outcome, inputs=told, citation=CITATION),)


def hourly_rate(
    rate_minor: int | None, annual_pay_minor: int | None, hours_per_year: Fraction | None
) -> Fraction | None:
    """Exact minor units an hour, from whichever is given.

    Raises:
        DataError: both are given.
    """
    if rate_minor is not None and annual_pay_minor is not None:
        raise DataError("a rate and an annual pay", where="rate_minor", mend="Give one of the two")
    if rate_minor is not None:
        return Fraction(rate_minor)
    if annual_pay_minor is None or hours_per_year is None:
        return None
    return annual_pay_minor / hours_per_year


_EXAMPLE = {
    "hours": "120",
    "rate_minor": 2050,
    "accrued_value_minor": 240000,
    "jurisdiction": "US-CA",
    "last_day": "2026-10-09",
    "quit": False,
}


@calculator(NAME, "What leave is worth when paid out, and by when.", PayoutInput, Payout, VERSION, example=_EXAMPLE)
def compute(given: PayoutInput) -> Calculation[Payout]:
    """Run on validated input; sick leave is paid only where `policy_pays` is said.

    Raises:
        DataError: a rate and an annual pay are given.
        ConfigError: the rules of the state are not loaded.
    """
    pays = given.policy_pays
    if given.kind is LeaveKind.SICK and "policy_pays" not in given.model_fields_set:
        pays = False
    return payout(
        hours=given.hours,
        rate=hourly_rate(given.rate_minor, given.annual_pay_minor, given.hours_per_year),
        accrued_value_minor=given.accrued_value_minor,
        kind=given.kind,
        reason=given.reason,
        policy_pays=pays,
        leaving=Leaving(given.jurisdiction, given.last_day, given.quit, given.notice_hours, given.next_pay_date),
        rounding=given.rounding,
        currency=given.currency,
    )
