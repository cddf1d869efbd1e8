"""The end of a leave year: what is carried, until when it may be used, and what is lost or paid out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.legal.state_leave import state_leave
from benehub.periods import add_months
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Rate, RuleModel, exact, explain
from benehub.rules.leave.lots import Lot, Lots
from benehub.rules.leave.policy import ZERO, Hours, Policy, Rest
from benehub.rules.registry import calculator

NAME = "leave.carry-over"
VERSION = "1"


class LotInput(RuleModel):
    """Hours earned on one day that are still there."""

    earned_on: Day
    """The day they were earned; older ones are used and lost first."""
    hours: Hours
    """Exact hours left of them."""
    expires_on: Day | None = None
    """First day on which they are gone; empty for never."""


class CarryInput(RuleModel):
    """One employee's balance on the first day of a new leave year."""

    policy: Policy
    """The leave policy; `carry` says what goes over, `jurisdiction` whose law is checked."""
    day: Day
    """First day of the new leave year."""
    lots: Annotated[tuple[LotInput, ...], Field(max_length=1000)] = ()
    """What is left of the old year, lot by lot."""
    debt_hours: Hours = ZERO
    """Hours taken before they were earned; they stay owed."""


class CarriedOver(RuleModel):
    """What the new leave year begins with."""

    expired_hours: Rate
    """What lapsed on this very day, before anything is carried."""
    carried_hours: Rate
    """What goes over; negative where a debt goes over."""
    carried_to: str
    """Policy it is carried into; empty for the same one."""
    expires_on: Day | None
    """First day on which what was carried is gone; empty for never."""
    forfeited_hours: Rate
    """What is lost."""
    paid_out_hours: Rate
    """What is to be paid out."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What the close of a leave year did to the lots."""

    carried: Fraction
    forfeited: Fraction
    paid_out: Fraction
    moved: Fraction
    expires_on: date | None


def close_year(policy: Policy, lots: Lots, day: date) -> Closed:
    """Close the leave year that ends before `day`; what lapses on `day` must have lapsed already."""
    carry = policy.carry
    balance = lots.balance
    if carry is None or balance <= 0:
        return Closed(balance, ZERO, ZERO, ZERO, None)
    kept = balance if carry.max_hours is None else min(balance, carry.max_hours)
    over = balance - kept
    lots.take(over)
    months = carry.expires_after_months
    expires_on = add_months(day, months) if months is not None and kept else None
    if carry.to:
        lots.take(kept)
    lots.carry(expires_on)
    lost, paid = (over, ZERO) if carry.rest is Rest.FORFEIT else (ZERO, over)
    return Closed(kept, lost, paid, kept if carry.to else ZERO, expires_on)


def carry_over(*, policy: Policy, day: date, lots: Lots) -> Calculation[CarriedOver]:
    """What of `lots` goes into the leave year that begins on `day`; first what lapses on that day is gone.

    Raises:
        ConfigError: the law of the policy's jurisdiction forbids that leave is lost, or is not loaded.
    """
    policy.check_law(day)
    inputs = {
        "policy": policy, "day": day, "debt_hours": lots.debt,
        "lots": [{"earned_on": one.earned_on, "hours": one.hours, "expires_on": one.expires_on} for one in lots.held],
    }  # fmt: skip
    before = lots.balance
    expired = lots.expire(day)
    done = close_year(policy, lots, day)
    steps = (
        Step(label=f"lapsed on {day}, first of all", raw=exact(before), value=exact(expired)),
        Step(label="carried", raw=exact(before - expired), value=exact(done.carried)),
        Step(label="lost", raw=exact(before - expired - done.carried), value=exact(done.forfeited)),
        Step(label="to be paid out", raw=exact(before - expired - done.carried), value=exact(done.paid_out)),
    )
    result = CarriedOver(
        expired_hours=expired, carried_hours=done.carried, carried_to=policy.carry.to if policy.carry else "",
        expires_on=done.expires_on, forfeited_hours=done.forfeited, paid_out_hours=done.paid_out,
    )  # fmt: skip
    return Calculation(result, explain(NAME, VERSION, inputs, steps, _law(policy, day), "plan terms: carry-over"))


def _law(policy: Policy, day: date) -> tuple[Reason, ...]:
    if not policy.jurisdiction.startswith("US-"):
        return ()
    law = state_leave(policy.jurisdiction[3:], day)
    told = {"forfeiture_forbidden": law.forfeiture_forbidden}
    return (Reason(rule="law of the state", outcome=Outcome.PASS, inputs=told, citation=law.source),)


_EXAMPLE = {
    "policy": {
        "method": "per_pay",
        "tenure": [{"annual_hours": "120"}],
        "carry": {"max_hours": "40", "expires_after_months": 3},
    },
    "day": "2027-01-01",
    "lots": [{"earned_on": "2026-06-30", "hours": "30"}, {"earned_on": "2026-12-31", "hours": "22.5"}],
}


@calculator(NAME, "What of a leave balance goes over.", CarryInput, CarriedOver, VERSION, example=_EXAMPLE)
def compute(given: CarryInput) -> Calculation[CarriedOver]:
    """Run on validated input.

    Raises:
        ConfigError: the law forbids that leave is lost, or the state is not loaded.
    """
    held = [Lot(one.earned_on, one.hours, one.expires_on) for one in sorted(given.lots, key=lambda one: one.earned_on)]
    lots = Lots(held)
    if given.debt_hours:
        lots.take(given.debt_hours)
    return carry_over(policy=given.policy, day=given.day, lots=lots)
