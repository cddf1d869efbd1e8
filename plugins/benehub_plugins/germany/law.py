"""The year's German values as a pension needs them, read once a day asked from the dated tables of this plugin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from importlib import resources

from benehub.legal import limit
from benehub.legal.tables import add_tables

COUNTRY = "de"

add_tables(COUNTRY, resources.files(__package__ or "").joinpath("limits.yaml").read_text(encoding="utf-8"))


class Way(StrEnum):
    """The five ways of an occupational pension (section 1b BetrAVG)."""

    DIREKTVERSICHERUNG = "direktversicherung"
    PENSIONSKASSE = "pensionskasse"
    PENSIONSFONDS = "pensionsfonds"
    DIREKTZUSAGE = "direktzusage"
    UNTERSTUETZUNGSKASSE = "unterstuetzungskasse"


EXTERNAL = frozenset({Way.DIREKTVERSICHERUNG, Way.PENSIONSKASSE, Way.PENSIONSFONDS})
"""Ways with the employer's subsidy, and with section 3 no. 63 EStG."""


class Branch(StrEnum):
    """Branches of social insurance to which an employer pays a part."""

    HEALTH = "health"
    CARE = "care"
    PENSION = "pension"
    UNEMPLOYMENT = "unemployment"


@dataclass(frozen=True, slots=True)
class PensionLaw:
    """What holds on a day: monthly amounts in minor units, rates as fractions."""

    ceiling_minor: int
    """Of the general pension insurance: what the parts below are of."""
    claim_minor: int
    social_free_minor: int
    tax_free_minor: int
    subsidy: Fraction
    minimum_year_minor: Fraction
    """1/160 of the yearly reference pay."""


@dataclass(frozen=True, slots=True)
class EmployerRate:
    """An employer's part of a branch: the rate, up to which monthly pay (minor units)."""

    rate: Fraction
    ceiling_minor: int


@lru_cache(maxsize=512)
def pension_law(day: date) -> PensionLaw:
    """The values of the day.

    Raises:
        ConfigError: the year is not loaded; the message names the Verordnung to load.
    """
    ceiling = limit(COUNTRY, "bbg_pension", day).value
    return PensionLaw(
        ceiling_minor=ceiling,
        claim_minor=_part(ceiling, "bav_claim", day),
        social_free_minor=_part(ceiling, "bav_social_free", day),
        tax_free_minor=_part(ceiling, "bav_tax_free", day),
        subsidy=rate("bav_subsidy", day),
        minimum_year_minor=Fraction(
            limit(COUNTRY, "reference_pay", day).value, limit(COUNTRY, "bav_minimum_part", day).value
        ),
    )


@lru_cache(maxsize=2048)
def employer_rate(branch: Branch, day: date, health_additional: Fraction, saxony: bool, east: bool) -> EmployerRate:
    """What an employer pays to a branch: half the rate, of health also half the additional rate of the fund.

    Raises:
        ConfigError: the year is not loaded.
    """
    health_ceiling = limit(COUNTRY, "bbg_health", day).value
    pension_ceiling = limit(COUNTRY, "bbg_pension_east" if east else "bbg_pension", day).value
    match branch:
        case Branch.HEALTH:
            return EmployerRate((rate("rate_health", day) + health_additional) / 2, health_ceiling)
        case Branch.CARE:
            less = rate("care_less_in_saxony", day) if saxony else Fraction(0)
            return EmployerRate(rate("rate_care", day) / 2 - less, health_ceiling)
        case Branch.PENSION:
            return EmployerRate(rate("rate_pension", day) / 2, pension_ceiling)
        case Branch.UNEMPLOYMENT:
            return EmployerRate(rate("rate_unemployment", day) / 2, pension_ceiling)


def transition_range(day: date) -> int:
    """Monthly pay (minor units) up to which contributions follow the formula of the transition range."""
    return limit(COUNTRY, "transition_range", day).value


def rate(key: str, day: date) -> Fraction:
    """A rate of the tables as a fraction (BP is a hundredth of a percent)."""
    return Fraction(limit(COUNTRY, key, day).value, 10_000)


def _part(ceiling: int, key: str, day: date) -> int:
    # All of these come out in whole cents: ceilings are multiples of 50 euro a month.
    return int(ceiling * rate(key, day))
