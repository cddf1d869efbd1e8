"""Finds the one rate of a key: plan, version, tier or age or volume, region and tobacco, in a coverage month.

None is data that is missing; two are a table that contradicts itself. Neither is ever resolved by taking the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from benehub.errors import ConfigError
from benehub.periods import Month
from benehub.records.election import Tier
from benehub.rules.base import Day, Positive, Rate, RuleModel

Age = Annotated[int, Field(strict=True, ge=0, le=130)]
"""Completed years of life."""


class RateRow(RuleModel):
    """One row of a rate table; a part of the key that is left empty holds for all."""

    plan: str = ""
    """The plan it belongs to; empty holds for every plan."""
    version: str = ""
    """The version of the table it belongs to; empty holds for every version."""
    valid_from: Day | None = None
    """First day it holds; empty: always held. The first day of the coverage month decides."""
    valid_to: Day | None = None
    """First day it no longer holds; empty while it runs on."""
    tier: Tier | None = None
    """The coverage tier it prices; empty holds for every tier."""
    age_from: Age | None = None
    """Lowest age of the band, in completed years; empty: from birth."""
    age_through: Age | None = None
    """Highest age of the band, itself in it (30-34 is 30 through 34); empty: without end."""
    volume_from_minor: Positive | None = None
    """Lowest volume of the band, in minor units; empty: from nothing."""
    volume_through_minor: Positive | None = None
    """Highest volume of the band, itself in it, in minor units; empty: without end."""
    region: str | None = None
    """The rating region it holds for; empty holds for all."""
    tobacco: bool | None = None
    """Whether it holds for tobacco users (true) or for others (false); empty holds for both."""
    amount_minor: Positive | None = None
    """A full month's premium in minor units. Give this or `rate`."""
    rate: Rate | None = None
    """A month's rate in currency per unit of volume (0.09 per 1,000). Give this or `amount_minor`."""

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.amount_minor is None) == (self.rate is None):
            raise ValueError("a rate row has either amount_minor or rate: give exactly one")
        if self.rate is not None and self.rate < 0:
            raise ValueError("a rate below 0: write 0 or more")
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is not after valid_from: it is the first day after")
        for low, high in ((self.age_from, self.age_through), (self.volume_from_minor, self.volume_through_minor)):
            if low is not None and high is not None and high < low:
                raise ValueError("a band ends below where it begins: swap its ends")
        return self

    def __str__(self) -> str:
        said = [f"plan {self.plan}" if self.plan else "", f"version {self.version}" if self.version else ""]
        said += [f"tier {self.tier.value}" if self.tier else "", _band("age", self.age_from, self.age_through)]
        said += [_band("volume", self.volume_from_minor, self.volume_through_minor)]
        said += [f"region {self.region}" if self.region else "", _smokes(self.tobacco)]
        said += [f"from {self.valid_from}" if self.valid_from else "", f"to {self.valid_to}" if self.valid_to else ""]
        return ", ".join(filter(None, said)) or "any key"


@dataclass(frozen=True, slots=True)
class RateKey:
    """What is looked up; None is a part that is not known, or has no meaning for the plan."""

    month: Month | None = None
    plan: str | None = None
    version: str | None = None
    tier: Tier | None = None
    age: int | None = None
    volume_minor: int | None = None
    region: str | None = None
    tobacco: bool | None = None

    def __str__(self) -> str:
        said = [f"plan={self.plan}" if self.plan else "", f"version={self.version}" if self.version else ""]
        said += [f"tier={self.tier.value}" if self.tier else "", "" if self.age is None else f"age={self.age}"]
        said += ["" if self.volume_minor is None else "volume", f"region={self.region}" if self.region else ""]
        said += ["" if self.tobacco is None else f"tobacco={'yes' if self.tobacco else 'no'}"]
        said += [f"month={self.month}" if self.month else ""]
        return ", ".join(filter(None, said))


def find_rate(rows: Sequence[RateRow], key: RateKey) -> RateRow | tuple[str, ...]:
    """The row of `key`, or the names of what is missing to choose it.

    Raises:
        ConfigError: two rows hold for the key; both are named.
    """
    asked = rates_asked(rows, key)
    found = [row for row, _ in asked]
    unknown = {name for _, parts in asked for name in parts}
    if unknown:
        return tuple(sorted(unknown))
    if not found:
        return (f"rates[{key}]",)
    if len(found) > 1:
        raise ConfigError(
            f"two rates for one key ({key}): [{found[0]}] and [{found[1]}]",
            where="rates",
            mend="Keep one of them, or tell them apart by dates, age, volume, region or tobacco",
        )
    return found[0]


def rates_asked(rows: Sequence[RateRow], key: RateKey) -> list[tuple[RateRow, set[str]]]:
    """The rows that no known part of the key speaks against, each with what it asks for and the key does not know."""
    return [(row, asked) for row in rows if (asked := _asked(row, key)) is not None]


def tier_rates(rows: Sequence[RateRow], key: RateKey) -> dict[Tier, int]:
    """Full-month amounts by tier for one key; a tier whose rate cannot be chosen is left out.

    Raises:
        ConfigError: two rows hold for one tier.
    """
    found: dict[Tier, int] = {}
    for tier in dict.fromkeys(row.tier for row in rows if row.tier is not None):
        row = find_rate(rows, RateKey(key.month, key.plan, key.version, tier, None, None, key.region, key.tobacco))
        if isinstance(row, RateRow) and row.amount_minor is not None:
            found[tier] = row.amount_minor
    return found


def _asked(row: RateRow, key: RateKey) -> set[str] | None:
    """What the row asks for and the key does not know; None where a known part speaks against the row.

    It is asked for every row and person: what a row leaves open is not looked at.
    """
    if row.tier is not None and key.tier is not None and row.tier is not key.tier:
        return None
    asked = {"tier"} if row.tier is not None and key.tier is None else set()
    # A plan or version that is not asked about is that of the table.
    if (row.plan and key.plan and row.plan != key.plan) or (row.version and key.version and row.version != key.version):
        return None
    for name, wanted, known in (("region", row.region, key.region), ("tobacco", row.tobacco, key.tobacco)):
        if wanted is None or wanted == "" or wanted == known:
            continue
        if known is not None and known != "":
            return None
        asked.add(name)
    bands: tuple[tuple[str, Any, Any, Any], ...] = (
        ("age", row.age_from, row.age_through, key.age),
        ("volume_minor", row.volume_from_minor, row.volume_through_minor, key.volume_minor),
        ("month", row.valid_from, row.valid_to, key.month.first if key.month else None),
    )
    for name, low, high, known in bands:
        if low is None and high is None:
            continue
        if known is None:
            asked.add(name)
        elif not _inside(low, high, known, closed=name != "month"):
            return None
    return asked


def _inside(low: Any, high: Any, known: Any, *, closed: bool) -> bool:
    """An age or volume is in its band to the end (`closed`); the last day of a table is the first without it."""
    if low is not None and known < low:
        return False
    return high is None or bool(known <= high if closed else known < high)


def _band(name: str, low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return ""
    return f"{name} {low or 0}" + (f"-{high}" if high is not None else "+")


def _smokes(tobacco: bool | None) -> str:
    return "" if tobacco is None else "tobacco" if tobacco else "no tobacco"
