"""How many days of leave a year gives under German law: full, or a twelfth for each full month.

Sections of the BUrlG: 3 (24 Werktage of a six-day week), 4 (full claim after six months), 5 (twelfths), 5(2)
(half a day and more counts as a day; less stays as it is).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from benehub.legal.tables import limit
from benehub.periods import FOREVER, Month, add_months, age_on
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import exact
from benehub.rules.leave.accrue import full_months
from benehub.rules.leave.policy import ZERO

HALF = Fraction(1, 2)


class ExtraRule(StrEnum):
    """How the contract treats days above the statutory ones when a year is not whole.

    FOLLOWS: exactly as the statutory days. TWELFTHS: a twelfth for each full month, also where the statutory
    claim is full.
    """

    FOLLOWS = "follows"
    TWELFTHS = "twelfths"


@dataclass(frozen=True, slots=True)
class Person:
    """What the claim depends on; every interval is half-open."""

    hired: date
    employed_to: date = FOREVER
    days_per_week: Fraction = Fraction(5)
    birth: date | None = None
    disabled_from: date | None = None
    disabled_to: date = FOREVER
    parental: Sequence[tuple[date, date]] = ()
    """Parental leave that the employer has declared to cut."""
    previous_employer_days: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class Claim:
    """Days of one leave year by bucket; `twelfths` is 12 where the claim is full."""

    statutory: Fraction
    extra: Fraction
    twelfths: int
    partial_by: str
    steps: tuple[Step, ...]
    reasons: tuple[Reason, ...]

    @property
    def total(self) -> Fraction:
        """All days."""
        return self.statutory + self.extra


def law(key: str, day: date) -> int:
    """A dated number of German leave law.

    Raises:
        ConfigError: none is loaded for the day.
    """
    return limit("de", key, day).value


def claim(person: Person, year: int, agreed_days: Fraction | None, extra_rule: ExtraRule) -> Claim:
    """The claim of one calendar year; `agreed_days` are those of a full year by contract, statutory ones included."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    start, end = max(first, person.hired), min(after, person.employed_to)
    months = full_months(start, end) if start < end else 0
    full = _statutory(person, first)
    extra_full = max(ZERO, (agreed_days or ZERO) - _minimum(person, first))
    twelfths, by = _twelfths(person, year, months)
    raw = full * twelfths / 12
    extra_raw = extra_full * (twelfths if extra_rule is ExtraRule.FOLLOWS else min(twelfths, months)) / 12
    partial = twelfths < 12
    statutory = round_half_up_only(raw) if partial else raw
    extra = extra_raw
    if partial and extra_rule is ExtraRule.FOLLOWS:
        extra = max(ZERO, round_half_up_only(raw + extra_raw) - statutory)
    steps = [
        Step(label="statutory days of a full year", raw=f"{exact(person.days_per_week)} a week", value=exact(full)),
        Step(label=f"statutory days, {twelfths}/12", raw=exact(raw), value=exact(statutory)),
        Step(label="contractual days above them", raw=exact(extra_raw), value=exact(extra)),
    ]
    statutory, extra, cut = _parental(person, year, statutory, extra, full, extra_full)
    if cut:
        steps.append(
            Step(label=f"{cut} full months of parental leave", raw=f"{cut}/12", value=exact(statutory + extra))
        )
    if person.previous_employer_days:
        left = max(ZERO, statutory - person.previous_employer_days)
        steps.append(Step(label="granted by the previous employer", raw=exact(statutory), value=exact(left)))
        statutory = left
    return Claim(statutory, extra, twelfths, by, tuple(steps), (_why(person, year, twelfths, by, months),))


def round_half_up_only(days: Fraction) -> Fraction:
    """Section 5(2): a fraction of at least half a day becomes a day; a smaller one is neither lost nor rounded."""
    whole = days.numerator // days.denominator
    return Fraction(whole + 1) if days - whole >= HALF else days


def _minimum(person: Person, first: date) -> Fraction:
    """The minimum of the BUrlG (or of young people) without the days of the severely disabled."""
    key = "werktage"
    if person.birth is not None:
        age = age_on(person.birth, first)
        key = next((f"werktage_under_{limit_}" for limit_ in (16, 17, 18) if age < limit_), key)
    return Fraction(law(key, first), 6) * person.days_per_week


def _statutory(person: Person, first: date) -> Fraction:
    full = _minimum(person, first)
    if person.disabled_from is None:
        return full
    after = date(first.year + 1, 1, 1)
    start, end = max(first, person.disabled_from), min(after, person.disabled_to)
    if start >= end:
        return full
    days = Fraction(law("disabled_days_of_five", first), 5) * person.days_per_week
    if start > first or end < after:
        days = round_half_up_only(days * full_months(start, end) / 12)
    return full + days


def _twelfths(person: Person, year: int, months: int) -> tuple[int, str]:
    """Twelfths of the claim, and the letter of section 5(1) where it is not full."""
    wait_over = add_months(person.hired, law("wait_months", date(year, 1, 1)))
    half = date(year, 7, 1)
    if wait_over >= person.employed_to and person.employed_to < date(year + 1, 1, 1):
        return months, "b"
    if wait_over > date(year, 12, 31) or wait_over >= person.employed_to:
        return months, "a"
    if person.employed_to <= half:
        return months, "c"
    return 12, ""


def _parental(
    person: Person, year: int, statutory: Fraction, extra: Fraction, full: Fraction, extra_full: Fraction
) -> tuple[Fraction, Fraction, int]:
    months = sum(
        1
        for number in range(1, 13)
        if any(start <= Month(year, number).first and Month(year, number).end <= end for start, end in person.parental)
    )
    part = Fraction(months, 12)
    return max(ZERO, statutory - full * part), max(ZERO, extra - extra_full * part), months


def _why(person: Person, year: int, twelfths: int, by: str, months: int) -> Reason:
    wait_over = add_months(person.hired, law("wait_months", date(year, 1, 1)))
    told = {
        "hired": person.hired.isoformat(),
        "wait_over_on": wait_over.isoformat(),
        "last_day": "" if person.employed_to == FOREVER else (person.employed_to - timedelta(days=1)).isoformat(),
        "full_months": months,
    }
    if twelfths == 12 and not by:
        return Reason(rule="full claim", outcome=Outcome.PASS, inputs=told, citation="BUrlG sections 3, 4")
    words = {
        "a": "the six months are not over within the year",
        "b": "the employee leaves before the six months are over",
        "c": "the employee leaves in the first half of the year",
    }
    return Reason(rule=f"twelfths: {words[by]}", outcome=Outcome.PASS, inputs=told,
                  citation=f"BUrlG section 5(1) {by}, 5(2)")  # fmt: skip
