"""A kind of leave in plain words, from the plan book alone: how it is earned, until when it stays, and what is paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from benehub.money import Rounding, round_to_int
from benehub.planbook import PlanBook
from benehub.planbook.parts.leave import LeavePolicy
from benehub.rules.leave.policy import AccrualMethod, Carry, Policy, Rest, Tenure
from benehub.views.statement.parts import Hours, Line, Section, Value, Word


def terms(book: PlanBook, policy: LeavePolicy, day: date) -> Section:
    """What a policy promises, as it holds on `day`; in days where it is kept in days."""
    rule, say = policy.rule(day), _Amounts(policy)
    lines = [*_earned(policy, rule, say), *_used(rule, say), *_kept(book, policy, rule.carry, say)]
    lines.append(Line("paid_at_the_end" if policy.payout_on_termination else "not_paid_at_the_end"))
    if policy.cash_out:
        lines.append(Line("cash_out"))
    return Section("policy", tuple(lines))


class _Amounts:
    """An amount of leave as people call it."""

    def __init__(self, policy: LeavePolicy) -> None:
        self._days = policy.day_hours if policy.unit == "days" or policy.germany is not None else None

    def __call__(self, hours: Fraction) -> dict[str, Value]:
        """The values `amount` and `unit` of a sentence."""
        if self._days is None:
            return {"amount": Hours(round(hours * 60)), "unit": Word("unit.hours")}
        return self.days(hours / self._days)

    def days(self, days: Fraction) -> dict[str, Value]:
        """The same of days."""
        return {"amount": _decimal(days), "unit": Word("unit.days")}


def _earned(policy: LeavePolicy, rule: Policy, say: _Amounts) -> Iterator[Line]:
    if policy.germany is not None:
        agreed = Fraction(policy.germany.agreed_days)
        yield Line("agreed", say.days(agreed)) if agreed else Line("by_law")
        return
    if policy.statute:
        yield Line("by_law")
    if rule.method is AccrualMethod.NONE:
        yield Line("granted")
        return
    first, *later = rule.tenure
    if first.after_months:
        later = [first, *later]
    else:
        yield _first(rule, first, say)
    for one in later:
        months: dict[str, Value] = {"months": one.after_months}
        if rule.method is AccrualMethod.PER_HOUR:
            yield Line("later_per_hour", {**months, **_each(one)})
        else:
            yield Line("later", {**months, **say(one.annual_hours)})
    if rule.cap_hours is not None:
        yield Line("cap", say(rule.cap_hours))
    if rule.year_cap_hours is not None:
        yield Line("year_cap", say(rule.year_cap_hours))


def _first(rule: Policy, one: Tenure, say: _Amounts) -> Line:
    if rule.method is AccrualMethod.PER_HOUR:
        return Line("per_hour", _each(one))
    return Line(rule.method.value, say(one.annual_hours))


def _each(one: Tenure) -> dict[str, Value]:
    """For how many hours worked an hour is earned."""
    return {"worked": _decimal(1 / one.rate if one.rate else Fraction(0))}


def _decimal(amount: Fraction) -> Decimal:
    """An amount as a sentence tells it: two decimals at most, rounded half up."""
    return Decimal(round_to_int(amount * 100, Rounding.HALF_UP)).scaleb(-2)


def _used(rule: Policy, say: _Amounts) -> Iterator[Line]:
    if rule.usable_from_day > 1:
        yield Line("usable_from", {"day": rule.usable_from_day})
    if rule.use_cap_hours is not None:
        yield Line("use_cap", say(rule.use_cap_hours))


def _kept(book: PlanBook, policy: LeavePolicy, carry: Carry | None, say: _Amounts) -> Iterator[Line]:
    if policy.germany is not None:
        yield Line("told_before_it_lapses")
        return
    if carry is None:
        return
    rest = "paid" if carry.rest is Rest.PAYOUT else "lost"
    if carry.max_hours == 0:
        yield Line(f"none_kept_{rest}")
        return
    yield Line("all_kept") if carry.max_hours is None else Line(f"most_kept_{rest}", say(carry.max_hours))
    if carry.to:
        into = book.leave_policy(carry.to)
        yield Line("kept_as", {"policy": into.name or into.id})
    if carry.expires_after_months is not None:
        yield Line("lapses_after", {"months": carry.expires_after_months})
