"""Match formulas as ordered tiers, a fixed amount, or tiers by service; and the safe-harbour presets."""

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
from benehub.periods import Month
from benehub.rules.base import Count, Rate, RuleModel

MOST_MATCHED = Fraction(6, 100)
"""A safe-harbour match may not reward deferrals beyond this part of pay (26 U.S.C. 401(m)(11)(B))."""


@dataclass(frozen=True, slots=True)
class MatchTier:
    """Deferrals between the tier before and the part `up_to` of compensation are matched at `rate`."""

    up_to: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True)
class MatchFormula:
    """What an employer matches: tiers, or a fixed amount, or tiers that depend on years of service.

    `fixed_minor` is paid for a matching period in which at least `fixed_from_minor` was deferred. `by_service`
    holds (years from which it applies, tiers), rising; below the first nothing is matched.
    """

    tiers: tuple[MatchTier, ...] = ()
    fixed_minor: int = 0
    fixed_from_minor: int = 1
    by_service: tuple[tuple[int, tuple[MatchTier, ...]], ...] = ()

    def tiers_at(self, years_of_service: int | None) -> tuple[MatchTier, ...]:
        """The tiers of an employee with so many completed years."""
        if not self.by_service:
            return self.tiers
        reached = [tiers for years, tiers in self.by_service if years <= (years_of_service or 0)]
        return reached[-1] if reached else ()


class MatchPeriod(StrEnum):
    """The period a plan's formula is worked out over.

    PER_PAY: each pay by itself. MONTHLY, QUARTERLY, ANNUAL: the sums of the calendar period, at its end.
    """

    PER_PAY = "per_pay"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"

    def bounds(self, day: date) -> tuple[date, date]:
        """First day, and first day after, of the period around `day`; of a pay, the day itself."""
        match self:
            case MatchPeriod.PER_PAY:
                return day, day
            case MatchPeriod.MONTHLY:
                return Month.of(day).first, Month.of(day).end
            case MatchPeriod.QUARTERLY:
                start = Month(day.year, (day.month - 1) // 3 * 3 + 1)
                return start.first, start.plus(3).first
            case MatchPeriod.ANNUAL:
                return date(day.year, 1, 1), date(day.year + 1, 1, 1)


class Preset(StrEnum):
    """Formulas of law: basic 100/3 + 50/next 2, enhanced 100/4, QACA (automatic enrolment) 100/1 + 50/next 5."""

    BASIC = "basic"
    ENHANCED = "enhanced"
    QACA = "qaca"


PRESETS: Mapping[Preset, tuple[MatchTier, ...]] = MappingProxyType(
    {
        Preset.BASIC: (
            MatchTier(Fraction(3, 100), Fraction(1)),
            MatchTier(Fraction(5, 100), Fraction(1, 2)),
        ),
        Preset.ENHANCED: (MatchTier(Fraction(4, 100), Fraction(1)),),
        Preset.QACA: (
            MatchTier(Fraction(1, 100), Fraction(1)),
            MatchTier(Fraction(6, 100), Fraction(1, 2)),
        ),
    }
)
"""26 U.S.C. 401(k)(12)(B) and 401(k)(13)(D)."""


class MatchTierInput(RuleModel):
    """One tier as a plan document words it."""

    up_to: Annotated[Rate, Field(gt=0, le=1)]
    """Upper bound as a part of compensation, counted from zero: "5%" after "3%" matches the next 2 %."""
    rate: Annotated[Rate, Field(ge=0)]
    """Part of the deferral within the tier that is matched: "50%"."""


class ServiceTiersInput(RuleModel):
    """The tiers from some years of service on."""

    from_years: Count
    """Completed years of service from which these tiers apply."""
    tiers: Annotated[tuple[MatchTierInput, ...], Field(min_length=1, max_length=10)]
    """Their tiers, rising."""


class FormulaInput(RuleModel):
    """How the plan matches: exactly one of preset, tiers, by_service and fixed_minor."""

    preset: Preset | None = None
    """A formula of law: basic, enhanced or qaca."""
    tiers: Annotated[tuple[MatchTierInput, ...], Field(max_length=10)] = ()
    """The formula as rising tiers; one tier up to 100% is a flat match."""
    by_service: Annotated[tuple[ServiceTiersInput, ...], Field(max_length=20)] = ()
    """Tiers by completed years of service, rising; needs years_of_service."""
    fixed_minor: Annotated[int, Field(strict=True, gt=0)] | None = None
    """A fixed amount for each matching period with a deferral, in minor units."""
    fixed_from_minor: Annotated[int, Field(strict=True, ge=1)] = 1
    """Least deferral of the period that earns the fixed amount."""
    years_of_service: Count | None = None
    """Completed years of service, for by_service."""

    def formula(self) -> MatchFormula:
        """The formula for the rules.

        Raises:
            DataError: it is given twice or not at all.
            ConfigError: tiers do not rise.
        """
        kinds = (self.preset, self.tiers or None, self.by_service or None, self.fixed_minor)
        if sum(one is not None for one in kinds) != 1:
            raise DataError(
                "the formula is given twice or not at all",
                where="preset, tiers, by_service, fixed_minor",
                mend="Give one of the four",
            )
        formula = MatchFormula(
            tiers=PRESETS[self.preset] if self.preset else _tiers(self.tiers),
            fixed_minor=self.fixed_minor or 0,
            fixed_from_minor=self.fixed_from_minor,
            by_service=tuple((one.from_years, _tiers(one.tiers)) for one in self.by_service),
        )
        check_formula(formula)
        return formula

    def needs(self) -> tuple[str, ...]:
        """What the formula cannot do without."""
        return ("years_of_service",) if self.by_service and self.years_of_service is None else ()


def _tiers(given: Sequence[MatchTierInput]) -> tuple[MatchTier, ...]:
    return tuple(MatchTier(tier.up_to, tier.rate) for tier in given)


def check_formula(formula: MatchFormula) -> None:
    """Refuse a formula that contradicts itself; a plan book is checked with it when loaded.

    Raises:
        ConfigError: tiers or years of service do not rise.
    """
    for tiers in (tiers for _, tiers in formula.by_service) if formula.by_service else [formula.tiers]:
        if tiers or not formula.fixed_minor:
            check_tiers(tiers)
    years = [one for one, _ in formula.by_service]
    if any(after <= before for before, after in pairwise(years)):
        raise ConfigError(
            "the years of service do not rise", where="match: by_service", mend="Order them by from_years"
        )


def check_tiers(tiers: Sequence[MatchTier]) -> None:
    """Refuse tiers that do not rise.

    Raises:
        ConfigError: no tier, or one that ends where or before the one before it ends.
    """
    edges = [Fraction(0), *(tier.up_to for tier in tiers)]
    if len(edges) == 1 or any(after <= before for before, after in pairwise(edges)):
        raise ConfigError(
            "the match tiers do not rise",
            where="match: tiers",
            mend='Give each tier an up_to above the one before, e.g. "3%" then "5%"',
        )


def check_safe_harbor(tiers: Sequence[MatchTier], kind: Preset) -> None:
    """Refuse tiers that are no safe harbour of this kind: at least the formula of law at every level of deferral.

    Raises:
        ConfigError: it falls short at some level, its rate rises with the deferral, or it rewards more than 6 %.
    """
    law = PRESETS[Preset.QACA if kind is Preset.QACA else Preset.BASIC]
    for level in sorted({tier.up_to for tier in (*law, *tiers)}):
        # both are straight between these levels, so that nothing in between can fall short
        if raw_match(tiers, 1, level) < raw_match(law, 1, level):
            raise ConfigError(
                f"the match falls short of the {kind.value} safe harbour at a deferral of {percent_text(level)}",
                where="match: tiers",
                mend="Raise it there, or take the safe harbour out",
            )
    if any(after.rate > before.rate for before, after in pairwise(tiers)):
        raise ConfigError("the match rate rises with the deferral", where="match: tiers", mend="Let it fall or stay")
    if any(tier.up_to > MOST_MATCHED and tier.rate for tier in tiers):
        raise ConfigError("deferrals above 6% of pay are matched", where="match: tiers", mend="End the tiers at 6%")


def percent_text(part: Fraction) -> str:
    """A part as a percentage text."""
    percent = part * 100
    return f"{percent}%" if percent.denominator == 1 else f"{percent.numerator}/{percent.denominator}%"


def raw_match(tiers: Sequence[MatchTier], compensation: int, deferral: int | Fraction) -> Fraction:
    """The match in the unit of the deferral: each tier's rate on the deferral that lies within it."""
    total = Fraction(0)
    below = Fraction(0)
    for tier in tiers:
        edge = tier.up_to * compensation
        total += tier.rate * max(Fraction(0), min(Fraction(deferral), edge) - below)
        below = edge
    return total


def raw_formula(
    formula: MatchFormula, compensation_minor: int, deferral_minor: int, years_of_service: int | None
) -> Fraction:
    """The match of a period by any formula, in raw minor units."""
    if formula.fixed_minor:
        return Fraction(formula.fixed_minor if deferral_minor >= formula.fixed_from_minor else 0)
    return raw_match(formula.tiers_at(years_of_service), compensation_minor, deferral_minor)


def told_formula(formula: MatchFormula) -> dict[str, object]:
    """The formula as the inputs of an explanation."""
    if formula.fixed_minor:
        return {"fixed_minor": formula.fixed_minor, "fixed_from_minor": formula.fixed_from_minor}
    if formula.by_service:
        return {"by_service": [{"from_years": years, "tiers": _plain(tiers)} for years, tiers in formula.by_service]}
    return {"tiers": _plain(formula.tiers)}


def _plain(tiers: Sequence[MatchTier]) -> list[dict[str, Fraction]]:
    return [{"up_to": tier.up_to, "rate": tier.rate} for tier in tiers]
