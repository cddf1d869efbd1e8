"""The year's legal limits a retirement calculator works with, read once from the dated tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from benehub.legal import limit
from benehub.periods import age_on


@dataclass(frozen=True, slots=True)
class RetirementLimits:
    """Limits of one calendar year in minor units (US)."""

    year: int
    deferral_minor: int
    """402(g)."""
    catch_up_minor: int
    """From age 50."""
    super_catch_up_minor: int
    """Age 60 to 63."""
    additions_minor: int
    """415(c)."""
    compensation_minor: int
    """401(a)(17)."""
    roth_catch_up_wages_minor: int | None
    """Wages of the year before, with the same employer, above which catch-up is Roth; None: not enforced."""


@lru_cache(maxsize=64)
def retirement_limits(year: int) -> RetirementLimits:
    """The limits of a calendar year.

    Raises:
        ConfigError: the year is not loaded; the message says which notice to load.
    """
    day = date(year, 1, 1)
    enforced = bool(limit("us", "roth_catch_up_required", day).value)
    return RetirementLimits(
        year=year,
        deferral_minor=limit("us", "402g", day).value,
        catch_up_minor=limit("us", "catch_up_50", day).value,
        super_catch_up_minor=limit("us", "catch_up_60_63", day).value,
        additions_minor=limit("us", "415c", day).value,
        compensation_minor=limit("us", "401a17", day).value,
        roth_catch_up_wages_minor=limit("us", "roth_catch_up_wages", day).value if enforced else None,
    )


def catch_up_limit(birth: date, limits: RetirementLimits) -> int:
    """What may be deferred beyond 402(g), by the age on 31 December (worked case R11)."""
    age = age_on(birth, date(limits.year, 12, 31))
    if 60 <= age <= 63:
        return limits.super_catch_up_minor
    return limits.catch_up_minor if age >= 50 else 0
