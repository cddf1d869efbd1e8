"""Match formulas as ordered tiers, and the safe-harbour presets every plan document names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from benehub.errors import ConfigError, DataError
from benehub.rules.base import Rate, RuleModel


@dataclass(frozen=True, slots=True)
class MatchTier:
    """Deferrals between the tier before and the part `up_to` of compensation are matched at `rate`."""

    up_to: Fraction
    rate: Fraction


class Preset(StrEnum):
    """Safe-harbour formulas: basic 100/3 + 50/next 2, enhanced 100/4, QACA 100/1 + 50/next 5."""

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
    rate: Annotated[Rate, Field(gt=0)]


def check_tiers(tiers: Sequence[MatchTier]) -> None:
    """Refuse tiers that do not rise; a plan book is checked with it when loaded.

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


def tiers_from(preset: Preset | None, tiers: Sequence[MatchTierInput]) -> tuple[MatchTier, ...]:
    """The formula named by a preset, or spelled out.

    Raises:
        DataError: both or neither is given.
        ConfigError: the tiers do not rise.
    """
    if (preset is None) == (not tiers):
        raise DataError("the formula is given twice or not at all", where="preset, tiers", mend="Give one of the two")
    spelled = PRESETS[preset] if preset else tuple(MatchTier(tier.up_to, tier.rate) for tier in tiers)
    check_tiers(spelled)
    return spelled


def raw_match(tiers: Sequence[MatchTier], compensation_minor: int, deferral_minor: int) -> Fraction:
    """The match in raw minor units: each tier's rate on the deferral that lies within it."""
    total = Fraction(0)
    below = Fraction(0)
    for tier in tiers:
        edge = tier.up_to * compensation_minor
        total += tier.rate * max(Fraction(0), min(Fraction(deferral_minor), edge) - below)
        below = edge
    return total
