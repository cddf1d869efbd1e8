"""What is left of an employee's leave on a day: earned, usable, lot by lot, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.hours import to_minutes
from benehub.periods import FOREVER
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Rate, RuleModel, exact, explain
from benehub.rules.leave.policy import ZERO, AccrualMethod, Policy
from benehub.rules.leave.replay import Event, EventKind, Move, Replay, replay
from benehub.rules.registry import calculator

NAME = "leave.balance"
VERSION = "1"
CITATION = "plan terms: leave policy"


class EventInput(RuleModel):
    """One thing that happened; the order in which events are given does not matter."""

    on: Day
    """The day on which it counts."""
    kind: EventKind
    """opening, work (hours worked), pay (a pay date), adjust (a correction), use (leave taken), payout, schedule."""
    hours: Rate = ZERO
    """Exact hours: worked for `work`, weekly for `schedule`, of leave else; not read for `pay`. Only opening and
    adjust may be negative."""
    period_start: Day | None = None
    """First day of the pay period (pay, work); the day itself where left out."""
    period_end: Day | None = None
    """First day after the pay period."""
    pays_in_year: Annotated[int, Field(strict=True, ge=1, le=366)] | None = None
    """Pay dates of that very year (per_pay)."""
    key: Annotated[str, Field(max_length=200)] = ""
    """What tells it from another event of the day; told back in the movement."""


class EmploymentInput(RuleModel):
    """One employment."""

    hire_date: Day
    """First day of work."""
    employed_to: Day | None = None
    """First day no longer employed; empty while it runs on."""


class BalanceInput(RuleModel):
    """A policy, the employments, and everything that happened up to a day."""

    policy: Policy
    """The leave policy."""
    employments: Annotated[tuple[EmploymentInput, ...], Field(min_length=1, max_length=50)]
    """All employments with the employer; a rehire is a second one."""
    events: Annotated[tuple[EventInput, ...], Field(max_length=20_000)] = ()
    """What happened, in any order."""
    as_of: Day
    """Last day that counts."""
    since: Day | None = None
    """First day that counts; an opening balance on it stands for all up to the end of that day. Empty for all."""


class LotLine(RuleModel):
    """Hours earned on one day that are still there."""

    earned_on: Day
    hours: Rate
    expires_on: Day | None
    carried: bool


class MovementLine(RuleModel):
    """One movement; `hours` is signed, `asked` what it would have been without cap."""

    on: Day
    move: str
    hours: Rate
    asked: Rate
    balance_hours: Rate
    key: str
    beyond_hours: Rate


class Balance(RuleModel):
    """Two meters and how they came about."""

    accrued_hours: Rate
    """What is left in all; negative after leave in advance."""
    available_hours: Rate
    """What of it may be used on the day: nothing before `usable_on`."""
    usable_hours: Rate
    """Most that may be asked for now: with the negative limit, the year's use cap and the increment."""
    usable_on: Day
    """First day on which leave may be used."""
    balance_minutes: int
    """`accrued_hours` to the whole minute."""
    lots: tuple[LotLine, ...]
    """Oldest first, as they are used."""
    movements: tuple[MovementLine, ...]
    """Every movement in the order in which it counts."""
    year_earned_hours: Rate
    """Earned in the running leave year."""
    year_used_hours: Rate
    """Used in the running leave year."""


class Limit(StrEnum):
    """Names of the limits a use may break."""

    BEYOND = "use beyond what the policy allows"
    INCREMENT = "use in the policy's increments"


def balance(
    *, policy: Policy, employments: Sequence[tuple[date, date]], events: Sequence[Event], as_of: date,
    since: date | None = None,
) -> Calculation[Balance]:  # fmt: skip
    """The balance at the end of `as_of` by replay.

    Raises:
        DataError: employments overlap, hours are negative, or an event lacks what the method reads.
        ConfigError: the policy loses leave that its jurisdiction does not let be lost.
    """
    policy.check_law(as_of)
    needs = missing(policy, events)
    if needs:
        told = {"policy": policy, "as_of": as_of, "events": len(events)}
        return Calculation(None, explain(NAME, VERSION, told, citation=CITATION), needs)
    done = replay(policy, employments, events, as_of, since)
    service = done.service_from or min(start for start, _ in employments)
    usable_on = policy.usable_on(service)
    left = done.balance
    available = left if as_of >= usable_on else min(left, ZERO)
    result = Balance(
        accrued_hours=left, available_hours=available, usable_hours=_usable(done, available, as_of >= usable_on),
        usable_on=usable_on, balance_minutes=to_minutes(left),
        lots=tuple(
            LotLine(earned_on=one.earned_on, hours=one.hours, expires_on=one.expires_on, carried=one.carried)
            for one in done.lots.held
        ),
        movements=tuple(
            MovementLine(on=one.on, move=one.move.value, hours=one.hours, asked=one.asked,
                         balance_hours=one.balance, key=one.key, beyond_hours=one.beyond)
            for one in done.movements
        ),
        year_earned_hours=done.year_earned, year_used_hours=done.year_used,
    )  # fmt: skip
    inputs = {
        "policy": policy, "employments": [[start, end] for start, end in employments], "as_of": as_of,
        "since": since, "events": len(events),
    }  # fmt: skip
    return Calculation(result, explain(NAME, VERSION, inputs, _steps(done), _reasons(done), CITATION))


def missing(policy: Policy, events: Sequence[Event]) -> tuple[str, ...]:
    """What the method reads and no event tells."""
    lacks = {
        "events: hours worked (work)": policy.method is AccrualMethod.PER_HOUR and not _any(events, EventKind.WORK),
        "events: pay dates (pay)": policy.method is AccrualMethod.PER_PAY and not _any(events, EventKind.PAY),
        "events: pays_in_year of each pay date": policy.method is AccrualMethod.PER_PAY
        and any(one.kind is EventKind.PAY and one.pays_in_year is None for one in events),
        "events: weekly hours (schedule)": bool(policy.full_time_hours)
        and policy.method is not AccrualMethod.PER_HOUR
        and not _any(events, EventKind.SCHEDULE),
    }
    return tuple(name for name, absent in lacks.items() if absent)


def _any(events: Sequence[Event], kind: EventKind) -> bool:
    return any(one.kind is kind for one in events)


def _usable(done: Replay, available: Fraction, may_use: bool) -> Fraction:
    policy = done.policy
    if not may_use:
        return ZERO
    room = max(ZERO, available + policy.negative_limit_hours)
    if policy.use_cap_hours is not None:
        room = min(room, max(ZERO, policy.use_cap_hours - done.year_used))
    step = policy.increment_hours
    return room if not step else room // step * step


def _steps(done: Replay) -> tuple[Step, ...]:
    found = []
    for move in Move:
        hours = done.sum(move)
        count = sum(1 for one in done.movements if one.move is move)
        if count:
            found.append(Step(label=f"{move.value} ({count})", raw=exact(hours), value=exact(hours)))
    return (*found, Step(label="left", raw=exact(done.balance), value=str(to_minutes(done.balance)) + " minutes"))


def _reasons(done: Replay) -> tuple[Reason, ...]:
    policy, found = done.policy, []
    for one in done.movements:
        if one.move is not Move.USED:
            continue
        told = {"on": one.on.isoformat(), "hours": exact(-one.hours)}
        if one.beyond:
            allowed = {"hours": exact(-one.hours - one.beyond)}
            found.append(Reason(rule=Limit.BEYOND, outcome=Outcome.FAIL, inputs=told, needed=allowed))
        if policy.increment_hours and (one.hours / policy.increment_hours).denominator != 1:
            needed = {"increment_hours": exact(policy.increment_hours)}
            found.append(Reason(rule=Limit.INCREMENT, outcome=Outcome.FAIL, inputs=told, needed=needed))
    return tuple(found)


def next_accrual(policy: Policy, employments: Sequence[tuple[date, date]], as_of: date) -> date | None:
    """The next day on which the calendar grants leave; None where pay dates or hours worked do."""
    if policy.method not in (AccrualMethod.MONTHLY, AccrualMethod.ANNUAL, AccrualMethod.ANNIVERSARY):
        return None
    horizon = as_of + timedelta(days=800)
    later = [one.on for one in replay(policy, employments, (), horizon).movements if one.move is Move.ACCRUED]
    return min((day for day in later if day > as_of), default=None)


_EXAMPLE = {
    "policy": {
        "method": "monthly",
        "tenure": [{"annual_hours": "120"}],
        "cap_hours": "160",
        "carry": {"max_hours": "40", "expires_after_months": 3},
    },
    "employments": [{"hire_date": "2025-11-01"}],
    "events": [{"on": "2026-02-10", "kind": "use", "hours": "8"}],
    "as_of": "2026-03-31",
}


@calculator(NAME, "What is left of an employee's leave on a day.", BalanceInput, Balance, VERSION, example=_EXAMPLE)
def compute(given: BalanceInput) -> Calculation[Balance]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: as `balance`.
    """
    return balance(
        policy=given.policy,
        employments=[(one.hire_date, one.employed_to or FOREVER) for one in given.employments],
        events=[
            Event(one.on, one.kind, one.hours, one.period_start, one.period_end, one.pays_in_year, one.key)
            for one in given.events
        ],
        as_of=given.as_of,
        since=given.since,
    )  # fmt: skip
