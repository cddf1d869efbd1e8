"""German leave of one year: the claim, the buckets it is used from, what lapses, and what is paid for it."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import Field, model_validator

from benehub.money import Rounding
from benehub.periods import FOREVER
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, exact, explain, rounded_step
from benehub.rules.leave.policy import ZERO, Hours
from benehub.rules.leave.urlaub_claim import Claim, ExtraRule, Person, claim, law
from benehub.rules.leave.urlaub_lapse import Because, Fate, Told, of_carried, of_this_year
from benehub.rules.registry import calculator

NAME = "leave.urlaub"
VERSION = "1"
CITATION = "BUrlG sections 3 to 7, 11; SGB IX section 208; BEEG section 17"


class UseOrder(StrEnum):
    """Which of this year's days are used first; carried days always go before them.

    STATUTORY_FIRST is the law where nothing was agreed (BAG 9 AZR 488/21).
    """

    STATUTORY_FIRST = "statutory_first"
    EXTRA_FIRST = "extra_first"


class Absence(RuleModel):
    """An interval of days."""

    start: Day
    """First day."""
    end: Day
    """First day after it."""


class UrlaubInput(RuleModel):
    """One employee and leave year (a calendar year); all numbers of days are exact text such as "12.5"."""

    year: Annotated[int, Field(strict=True, ge=1996, le=2200)]
    """The leave year."""
    hire_date: Day
    """First day of employment."""
    employed_to: Day | None = None
    """First day no longer employed (1 June for who leaves on 31 May); empty while employed."""
    days_per_week: Annotated[Rate, Field(gt=0, le=7)]
    """Working days a week."""
    agreed_days: Hours | None = None
    """Days of a full year by contract, the statutory ones included; empty for the statutory ones alone."""
    extra_rule: ExtraRule = ExtraRule.FOLLOWS
    """How days above the statutory ones are treated in a year that is not whole: follows, twelfths."""
    use_order: UseOrder = UseOrder.STATUTORY_FIRST
    """Which of this year's days are used first: statutory_first, extra_first."""
    birth_date: Day | None = None
    """For the longer leave of who is not yet 18 on 1 January."""
    disabled_from: Day | None = None
    """First day of severe disability; empty for none."""
    disabled_to: Day | None = None
    """First day after it."""
    parental_leave: Annotated[tuple[Absence, ...], Field(max_length=20)] = ()
    """Parental leave for which the employer has declared the cut of a twelfth a full calendar month."""
    previous_employer_days: Hours = ZERO
    """Days that an earlier employer granted for the same year (section 6)."""
    taken_days: Hours = ZERO
    """Days taken in the year, out of any bucket."""
    carried_days: Hours = ZERO
    """Statutory days that came from the year before."""
    carried_because: Because = Because.NO_NOTICE
    """Why they were carried: urgent, no_notice, illness, first_year."""
    carried_extra_days: Hours = ZERO
    """Contractual days that came from the year before; they lapse as the statutory ones."""
    notice_sent_at: Day | None = None
    """When the employee was told of this year's days and that they lapse; empty for never."""
    carried_notice_sent_at: Day | None = None
    """When he was told so of the carried days; a notice of its own."""
    urgent_reasons: bool = False
    """Whether urgent reasons kept this year's days from being taken within the year."""
    ill_from: Day | None = None
    """First day of an illness that lasts over the end of the year; empty for none."""
    ill_to: Day | None = None
    """First day fit for work again; empty while it lasts."""
    as_of: Day | None = None
    """Day for which `lapsed_days` and `left_days` are told; empty for before anything lapses."""
    pay_13_weeks_minor: Positive | None = None
    """Pay of the 13 weeks before the leave, without pay for overtime, in minor units."""
    days_worked_13_weeks: Annotated[Rate, Field(gt=0)] | None = None
    """Days of those weeks with pay; 13 times `days_per_week` where left out."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    """Currency of the pay."""

    @model_validator(mode="after")
    def _dates_are_possible(self) -> Self:
        if self.employed_to is not None and self.employed_to <= self.hire_date:
            raise ValueError("employed_to is not after hire_date: it is the first day no longer employed")
        if self.ill_to is not None and (self.ill_from is None or self.ill_to <= self.ill_from):
            raise ValueError("ill_to is not after ill_from")
        if any(one.end <= one.start for one in self.parental_leave):
            raise ValueError("parental_leave ends before it begins: end is the first day after it")
        return self


class Bucket(RuleModel):
    """Days of one kind."""

    name: str
    """carried, carried_extra, statutory or extra."""
    days: Rate
    used: Rate
    left: Rate
    """Before anything lapses."""
    last_day: Day | None
    """Last day on which they may be taken; empty where nothing lets them lapse."""
    lapsed: Rate
    """Days gone on `as_of`."""
    why: str
    """Why they lapse, or do not."""


class Urlaub(RuleModel):
    """The year's leave."""

    statutory_days: Rate
    """This year's statutory claim, with additional days of the severely disabled."""
    extra_days: Rate
    """This year's contractual days above it."""
    total_days: Rate
    """Both."""
    twelfths: int
    """Twelfths of the statutory claim; 12 where it is full."""
    buckets: tuple[Bucket, ...]
    """In the order of use."""
    left_days: Rate
    """Left of all buckets on `as_of`; negative where more was taken than there was."""
    lapsed_days: Rate
    """Gone on `as_of`."""
    payout_days: Rate
    """Left at the end of employment: they are paid (section 7(4)); 0 while employed."""
    daily_pay_minor: int | None
    """Pay of a day of leave: the 13 weeks' pay by the days worked."""
    payout_minor: int | None
    """The days that are paid, at the exact daily pay, rounded once."""


def urlaub(given: UrlaubInput) -> Calculation[Urlaub]:
    """The claim, buckets, lapse and pay of one leave year.

    Raises:
        ConfigError: a legal number is not loaded for the year.
    """
    person = _person(given)
    found = claim(person, given.year, given.agreed_days, given.extra_rule)
    buckets, owed = _used(given, found)
    lines = tuple(_bucket(given, name, days, used) for name, days, used in buckets)
    lapsed = sum((line.lapsed for line in lines), ZERO)
    left = sum((line.left for line in lines), ZERO) - lapsed - owed
    paid = (
        max(ZERO, left) if given.employed_to is not None and given.employed_to <= date(given.year + 1, 1, 1) else ZERO
    )
    daily, out, told = _pay(given, paid)
    result = Urlaub(
        statutory_days=found.statutory, extra_days=found.extra, total_days=found.total, twelfths=found.twelfths,
        buckets=lines, left_days=left, lapsed_days=lapsed,
        payout_days=paid, daily_pay_minor=daily, payout_minor=out,
    )  # fmt: skip
    inputs = given.model_dump(exclude={"pay_13_weeks_minor"}, exclude_defaults=True)
    steps = (*found.steps, Step(label="left", raw=exact(found.total), value=exact(left)), *told)
    reasons = (*found.reasons, *(_fate(given, name, days - used).reason for name, days, used in buckets if days > used))
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, CITATION))


def _person(given: UrlaubInput) -> Person:
    return Person(
        hired=given.hire_date,
        employed_to=given.employed_to or FOREVER,
        days_per_week=given.days_per_week,
        birth=given.birth_date,
        disabled_from=given.disabled_from,
        disabled_to=given.disabled_to or FOREVER,
        parental=tuple((one.start, one.end) for one in given.parental_leave),
        previous_employer_days=given.previous_employer_days,
    )


def _used(given: UrlaubInput, found: Claim) -> tuple[list[tuple[str, Fraction, Fraction]], Fraction]:
    """Buckets in the order of use, each with its days and what is used of them; and what was taken beyond all."""
    year = [("statutory", found.statutory), ("extra", found.extra)]
    if given.use_order is UseOrder.EXTRA_FIRST:
        year.reverse()
    rest = given.taken_days
    buckets = []
    for name, days in (("carried", given.carried_days), ("carried_extra", given.carried_extra_days), *year):
        used = min(rest, days)
        rest -= used
        if days:
            buckets.append((name, days, used))
    return buckets, rest


def _bucket(given: UrlaubInput, name: str, days: Fraction, used: Fraction) -> Bucket:
    left = days - used
    if not left:
        return Bucket(name=name, days=days, used=used, left=left, last_day=None, lapsed=ZERO, why="used")
    fate = _fate(given, name, left)
    over = given.as_of is not None and fate.last_day is not None and given.as_of > fate.last_day
    # An employment that has ended has no leave that could lapse: what was left then is paid.
    ended = (
        given.employed_to is not None
        and fate.last_day is not None
        and given.employed_to <= fate.last_day + timedelta(days=1)
    )
    return Bucket(
        name=name, days=days, used=used, left=left, last_day=fate.last_day,
        lapsed=left - fate.stays if over and not ended else ZERO, why=fate.reason.rule,
    )  # fmt: skip


def _fate(given: UrlaubInput, name: str, left: Fraction) -> Fate:
    told = Told(
        given.notice_sent_at, given.carried_notice_sent_at, given.ill_from, given.ill_to or FOREVER,
        given.urgent_reasons,
    )  # fmt: skip
    if name.startswith("carried"):
        return of_carried(left, given.year, given.carried_because, given.days_per_week, told, given.hire_date)
    return of_this_year(left, given.year, given.days_per_week, told, given.hire_date)


def _pay(given: UrlaubInput, days: Fraction) -> tuple[int | None, int | None, tuple[Step, ...]]:
    if given.pay_13_weeks_minor is None:
        return None, None, ()
    worked = given.days_worked_13_weeks or law("pay_weeks", date(given.year, 1, 1)) * given.days_per_week
    rate = given.pay_13_weeks_minor / worked
    daily, one = rounded_step("pay of 13 weeks by days worked", rate, Rounding.HALF_UP, given.currency)
    out, two = rounded_step("days paid x daily pay", rate * days, Rounding.HALF_UP, given.currency)
    return daily, out, (one, two)


_EXAMPLE = {
    "year": 2026,
    "hire_date": "2020-03-01",
    "employed_to": "2026-06-01",
    "days_per_week": "5",
    "agreed_days": "30",
    "taken_days": "4",
    "pay_13_weeks_minor": 975000,
}


@calculator(NAME, "German leave of one year, by law and contract.", UrlaubInput, Urlaub, VERSION, example=_EXAMPLE)
def compute(given: UrlaubInput) -> Calculation[Urlaub]:
    """Run on validated input.

    Raises:
        ConfigError: a legal number is not loaded for the year.
    """
    return urlaub(given)
