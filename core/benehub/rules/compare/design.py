"""What a plan promises, attribute by attribute, in units that can be compared; None is unknown, never zero."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from benehub.rules.base import Positive, Rate, RuleModel

MAX_ITEMS = 100_000
"""Entries of a set (a national provider directory in one plan is not compared here)."""

Part = Annotated[Rate, Field(ge=0, le=1)]
"""A rate from 0 to 1."""
Name = Annotated[str, Field(min_length=1, max_length=80)]
Names = Annotated[frozenset[Name], Field(max_length=MAX_ITEMS)]
Whole = Annotated[int, Field(strict=True, ge=0, le=10_000)]


class FamilyRule(StrEnum):
    """How a family meets its limits.

    EMBEDDED: each person has the deductible and maximum of one person, the family those of a family. AGGREGATE:
    only the family's count.
    """

    EMBEDDED = "embedded"
    AGGREGATE = "aggregate"


class PlanDesign(RuleModel):
    """The attributes of a plan. What does not apply to its kind, and what is unknown, is left out."""

    deductible_minor: Positive | None = None
    """Yearly deductible of one person, minor units; less is better."""
    family_deductible_minor: Positive | None = None
    """Yearly deductible of a family, minor units; less is better."""
    out_of_pocket_max_minor: Positive | None = None
    """The most one person pays in a year, minor units; less is better."""
    family_out_of_pocket_max_minor: Positive | None = None
    """The most a family pays in a year, minor units; less is better."""
    family: FamilyRule | None = None
    """embedded: limits of a person count within a family too; aggregate: the family's only. Embedded is better."""
    person_in_family_max_minor: Positive | None = None
    """Under aggregate: the most one person of a family pays in a year, minor units; less is better."""
    coinsurance: Part | None = None
    """The member's part of charges above the deductible, "20%"; less is better."""
    copays_minor: dict[Name, Positive] | None = None
    """Copay by service, minor units a visit; less is better."""
    copays_count: bool = True
    """Whether copays count toward the out-of-pocket maximum."""
    services: Names | None = None
    """Covered services; every one that is missing is worse."""
    providers: Names | None = None
    """Ids (NPI) of the providers in the network; every one that is missing is worse."""
    formulary: dict[Name, Annotated[int, Field(strict=True, ge=1, le=9)]] | None = None
    """Tier of each covered drug from 1; a higher tier, or none, is worse."""
    exclusions: Names | None = None
    """What is excluded; every further one is worse."""
    waiting_days: Whole | None = None
    """Days until benefits begin; less is better."""
    benefit_rate: Part | None = None
    """Part of pay that is replaced, or of charges that is paid ("60%"); more is better."""
    max_benefit_minor: Positive | None = None
    """The most the plan pays one person, minor units: a year if it has a deductible, else a month; more is better."""
    elimination_days: Whole | None = None
    """Days of disability before it pays; less is better."""
    own_occupation_months: Whole | None = None
    """Months in which disability means the own occupation; more is better."""
    portable: bool | None = None
    """Whether cover can be taken along after employment; better."""
    service_level: Part | None = None
    """Part of cases answered within the promised time ("95%"); more is better."""

    @model_validator(mode="after")
    def _limits_fit(self) -> PlanDesign:
        for low, high in (
            ("deductible_minor", "out_of_pocket_max_minor"),
            ("family_deductible_minor", "family_out_of_pocket_max_minor"),
            ("deductible_minor", "family_deductible_minor"),
            ("out_of_pocket_max_minor", "family_out_of_pocket_max_minor"),
        ):
            one, two = getattr(self, low), getattr(self, high)
            if one is not None and two is not None and one > two:
                raise ValueError(f"{low} is above {high}; mend one of them")
        if self.person_in_family_max_minor is not None and self.family is not FamilyRule.AGGREGATE:
            raise ValueError("person_in_family_max_minor belongs to family: aggregate; take it out")
        return self
