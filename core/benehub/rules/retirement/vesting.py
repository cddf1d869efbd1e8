"""Which part of an employee's account belongs to them, and what is forfeited when they leave.

Own deferrals and safe-harbour contributions always do. What the employer gives beside them vests by years of
service: a plan may be slower than neither a three-year cliff nor a graded schedule of two to six years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError, DataError
from benehub.legal import limit
from benehub.money import Rounding
from benehub.periods import add_months
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Count, Day, Positive, Rate, RuleModel, exact, explain, rounded_step
from benehub.rules.registry import calculator

NAME = "retirement.vesting"
VERSION = "1"
CITATION = "26 U.S.C. 411(a), 401(k)(12)(E), 401(k)(13)(D)(iii)"
FULL = Fraction(1)


class MoneySource(StrEnum):
    """Where the money came from.

    Always vested: pretax, roth, after_tax, rollover, safe_harbor (match or nonelective), qnec. qaca: the
    safe harbour with automatic enrolment, two years at most. match and nonelective (profit share included): by
    the plan's schedule.
    """

    PRETAX = "pretax"
    ROTH = "roth"
    AFTER_TAX = "after_tax"
    ROLLOVER = "rollover"
    SAFE_HARBOR = "safe_harbor"
    QNEC = "qnec"
    QACA = "qaca"
    MATCH = "match"
    NONELECTIVE = "nonelective"


ALWAYS = frozenset(MoneySource) - {MoneySource.QACA, MoneySource.MATCH, MoneySource.NONELECTIVE}


class Schedule(StrEnum):
    """A schedule by name: immediate; cliff_2 (QACA) and cliff_3; graded_6 (20 % a year from year 2 to 6)."""

    IMMEDIATE = "immediate"
    CLIFF_2 = "cliff_2"
    CLIFF_3 = "cliff_3"
    GRADED_6 = "graded_6"


Table = tuple[tuple[int, Fraction], ...]
"""(Completed years, vested part), rising."""

SCHEDULES: Mapping[Schedule, Table] = MappingProxyType(
    {
        Schedule.IMMEDIATE: ((0, FULL),),
        Schedule.CLIFF_2: ((2, FULL),),
        Schedule.CLIFF_3: ((3, FULL),),
        Schedule.GRADED_6: tuple((year, Fraction(year - 1, 5)) for year in range(2, 7)),
    }
)
SLOWEST = (SCHEDULES[Schedule.CLIFF_3], SCHEDULES[Schedule.GRADED_6])
"""26 U.S.C. 411(a)(2)(B): a schedule has to be at least as quick as one of them at every year."""


class VestingStep(RuleModel):
    """One step of a schedule."""

    years: Count
    """Completed years of service."""
    vested: Annotated[Rate, Field(ge=0, le=1)]
    """Part that is vested from then on, e.g. "40%"."""


class ServiceMethod(StrEnum):
    """How years are counted: hours (a period with 1,000 hours is a year) or elapsed time since hire."""

    HOURS = "hours"
    ELAPSED = "elapsed"


class VestingInput(RuleModel):
    """One money source of one employee."""

    source: MoneySource
    """Which money it is; own deferrals and safe-harbour money need nothing else."""
    schedule: Schedule | None = None
    """The plan's schedule by name: immediate, cliff_2, cliff_3 or graded_6."""
    table: Annotated[tuple[VestingStep, ...], Field(max_length=15)] = ()
    """The plan's schedule spelled out, instead of a name."""
    method: ServiceMethod = ServiceMethod.HOURS
    """How years of service are counted: hours or elapsed."""
    period_hours: tuple[Annotated[int, Field(strict=True, ge=0, le=9000)], ...] | None = None
    """Hours of each vesting period (12 months), oldest first; for the hours method."""
    year_hours: Annotated[int, Field(strict=True, ge=1, le=9000)] | None = None
    """Hours the plan asks for a year of service; empty: 1,000, which is also the most."""
    hired_on: Day | None = None
    """First day of service; for the elapsed method."""
    as_of: Day | None = None
    """The day that is asked about, usually the last day of employment; for the elapsed method."""
    years_of_service: Count | None = None
    """Completed years where they are known already; wins over the counting."""
    fully_vested: bool = False
    """Normal retirement age, death, disability or the end of the plan: everything is vested."""
    balance_minor: Positive | None = None
    """The account of this source, in minor units, where amounts are wanted."""
    separated: bool = False
    """Whether employment has ended."""
    distributed: bool = False
    """Whether the vested part was paid out after it ended."""
    breaks: Count = 0
    """Consecutive one-year breaks since it ended; counted from period_hours where these are given."""
    rounding: Rounding = Rounding.HALF_UP
    """How the vested amount becomes minor units."""


class Vesting(RuleModel):
    """What is vested and what is forfeited."""

    years: int
    """Completed years of service that count."""
    vested: Rate
    """The vested part."""
    vested_minor: int | None
    """The vested amount, where a balance was given."""
    unvested_minor: int | None
    """The rest of the balance, forfeited or not."""
    forfeited_minor: int | None
    """What is forfeited now: the rest after a distribution or five one-year breaks."""
    next_years: int | None
    """Completed years at which more is vested; empty when nothing more comes."""
    breaks: int
    """Consecutive one-year breaks at the end."""


@dataclass(frozen=True, slots=True)
class Service:
    """Years that count, the consecutive one-year breaks after them, and how they were counted."""

    years: int
    breaks: int
    told: tuple[Step, ...]


def check_schedule(table: Sequence[tuple[int, Fraction]], source: MoneySource = MoneySource.MATCH) -> None:
    """Refuse a schedule that does not rise to 100 %, or is slower than the law allows.

    Raises:
        ConfigError: it is; the message names the year.
    """
    if not table or table[-1][1] != FULL:
        raise ConfigError("the vesting schedule never reaches 100%", where="vesting", mend="Add the year of 100%")
    if any(after[0] <= before[0] or after[1] < before[1] for before, after in pairwise(table)):
        raise ConfigError("the vesting schedule does not rise", where="vesting", mend="Order the steps by years")
    bounds = (SCHEDULES[Schedule.CLIFF_2],) if source is MoneySource.QACA else SLOWEST
    years = sorted({year for law in bounds for year, _ in law} | {year for year, _ in table})
    slow = [[year for year in years if part_at(table, year) < part_at(law, year)] for law in bounds]
    if all(slow):
        raise ConfigError(
            f"the vesting schedule is too slow at {min(found[0] for found in slow)} years of service",
            where="vesting",
            mend="At most two years for a QACA; else a cliff of three years, or 20% a year from year 2 to 6",
        )


def part_at(table: Sequence[tuple[int, Fraction]], years: int) -> Fraction:
    """The vested part after so many completed years."""
    return max((part for year, part in table if year <= years), default=Fraction(0))


def vesting(given: VestingInput) -> Calculation[Vesting]:
    """The vested part of one source (worked case R14).

    Raises:
        ConfigError: the schedule, or the hours of a year, are beyond what the law allows.
        DataError: dates are out of order.
    """
    inputs = given.model_dump(exclude_defaults=True)
    own = given.source in ALWAYS
    table = ((0, FULL),) if own else _table(given)
    needs = () if own or given.fully_vested else _needs(given)
    if needs or not table:
        told = explain(NAME, VERSION, inputs, citation=CITATION)
        return Calculation(None, told, needs or ("schedule",))
    service = _service(given)
    part = FULL if own or given.fully_vested else part_at(table, service.years)
    steps = (*service.told, Step(label="vested part", raw=exact(part), value=f"{exact(part * 100)} %"))
    vested = unvested = forfeited = None
    gone = given.separated and (given.distributed or service.breaks >= _law("break_years"))
    if given.balance_minor is not None:
        vested, told_amount = rounded_step("vested amount", given.balance_minor * part, given.rounding)
        unvested = given.balance_minor - vested
        forfeited = unvested if gone else 0
        steps = (*steps, told_amount)
    result = Vesting(
        years=service.years,
        vested=part,
        vested_minor=vested,
        unvested_minor=unvested,
        forfeited_minor=forfeited,
        next_years=None if part == FULL else next(year for year, more in table if more > part),
        breaks=service.breaks,
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps, _reasons(given, own, gone, service), CITATION))


def _table(given: VestingInput) -> Table:
    if given.table and given.schedule:
        raise DataError("the schedule is given twice", where="schedule, table", mend="Give one of the two")
    spelled = tuple((one.years, one.vested) for one in given.table)
    table = SCHEDULES[given.schedule] if given.schedule else spelled
    if not table and given.source is MoneySource.QACA:
        table = SCHEDULES[Schedule.CLIFF_2]
    if table:
        check_schedule(table, given.source)
    return table


def _needs(given: VestingInput) -> tuple[str, ...]:
    if given.years_of_service is not None:
        return ()
    if given.method is ServiceMethod.HOURS:
        return () if given.period_hours is not None else ("period_hours",)
    return tuple(name for name in ("hired_on", "as_of") if getattr(given, name) is None)


def _service(given: VestingInput) -> Service:
    most = _law("service_year_hours")
    asked = most if given.year_hours is None else given.year_hours
    if asked > most:
        raise ConfigError(f"a year of service asks for {asked} hours", where="year_hours", mend=f"At most {most}")
    breaks = given.breaks
    if given.period_hours is not None:
        breaks = max(breaks, _last_breaks(given.period_hours))
    if given.years_of_service is not None:
        years = given.years_of_service
        told = Step(label="years of service, as given", raw=str(years), value=str(years))
    elif given.method is ServiceMethod.HOURS:
        counted = [hours for hours in given.period_hours or () if hours >= asked]
        years = len(counted)
        told = Step(label=f"periods of at least {asked} hours", raw=f"{years} periods", value=str(years))
    else:
        years, told = _elapsed(given.hired_on, given.as_of)
    return Service(years, breaks, (told,))


def _last_breaks(periods: Sequence[int]) -> int:
    """Consecutive one-year breaks at the end."""
    most, found = _law("break_hours"), 0
    for hours in reversed(periods):
        if hours > most:
            break
        found += 1
    return found


def _elapsed(hired: date | None, as_of: date | None) -> tuple[int, Step]:
    if hired is None or as_of is None:
        return 0, Step(label="years of service", raw="not counted", value="0")
    if as_of < hired:
        raise DataError(f"{as_of} lies before the hire on {hired}", where="as_of", mend="Mend one of the dates")
    years = as_of.year - hired.year
    years -= add_months(hired, 12 * years) > as_of
    return years, Step(label=f"completed years from {hired} to {as_of}", raw=f"{years} years", value=str(years))


def _law(key: str) -> int:
    # fixed by statute for as long as this hub has plans to count
    return limit("us", key, date(2000, 1, 1)).value


def _reasons(given: VestingInput, own: bool, gone: bool, service: Service) -> tuple[Reason, ...]:
    found = []
    if own or given.fully_vested:
        why = {"source": given.source.value, "fully_vested": given.fully_vested}
        found.append(Reason(rule="always_vested", outcome=Outcome.PASS, inputs=why, citation=CITATION))
    if given.separated and given.balance_minor is not None:
        facts = {"distributed": given.distributed, "breaks": service.breaks}
        needed = {} if gone else {"distributed": True, "breaks": _law("break_years")}
        outcome = Outcome.PASS if gone else Outcome.FAIL
        citation = "26 U.S.C. 411(a)(3)(D), 411(a)(6)(C)"
        found.append(Reason(rule="forfeiture", outcome=outcome, inputs=facts, needed=needed, citation=citation))
    return tuple(found)


@calculator(
    NAME,
    "Which part of an employee's account is vested.",
    VestingInput,
    Vesting,
    VERSION,
    example={
        "source": "match",
        "schedule": "graded_6",
        "period_hours": [1800, 2080, 940, 2080],
        "balance_minor": 1_000_000,
    },
)
def compute(given: VestingInput) -> Calculation[Vesting]:
    """Run on validated input.

    Raises:
        ConfigError, DataError: the schedule is beyond the law, or the dates contradict each other.
    """
    return vesting(given)
