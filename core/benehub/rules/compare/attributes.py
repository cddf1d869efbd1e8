"""The attributes that two plans are compared by: which way is better, in which unit, and who is touched by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from benehub.rules.base import exact
from benehub.rules.compare.design import FamilyRule, PlanDesign


class Direction(StrEnum):
    """How a value is better.

    LESS, MORE: the smaller or greater number. EVERY: a set that holds at least all of the other's items. NONE_MORE:
    a set without an item that the other lacks. EACH_LESS: by item the smaller number, an item on one side only is
    unknown. EACH_LESS_LISTED: the same, an item that is not listed is worst.
    """

    LESS = "less"
    MORE = "more"
    EVERY = "every"
    NONE_MORE = "none_more"
    EACH_LESS = "each_less"
    EACH_LESS_LISTED = "each_less_listed"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its field in `PlanDesign`, direction and unit.

    `money` says that the cost of care already measures it (actuarial value and the employee's totals); what is
    not measured so has to be compared by itself. `families` says that it touches tiers with dependents only.
    """

    name: str
    direction: Direction
    unit: str
    money: bool = False
    families: bool = False


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("deductible_minor", Direction.LESS, "minor units", money=True),
    Attribute("family_deductible_minor", Direction.LESS, "minor units", money=True, families=True),
    Attribute("out_of_pocket_max_minor", Direction.LESS, "minor units", money=True),
    Attribute("family_out_of_pocket_max_minor", Direction.LESS, "minor units", money=True, families=True),
    Attribute("person_in_family_max_minor", Direction.LESS, "minor units", money=True, families=True),
    Attribute("family", Direction.MORE, "embedded", money=True, families=True),
    Attribute("coinsurance", Direction.LESS, "part of charges", money=True),
    Attribute("copays_minor", Direction.EACH_LESS, "minor units", money=True),
    Attribute("copays_count", Direction.MORE, "yes", money=True),
    Attribute("services", Direction.EVERY, "services"),
    Attribute("providers", Direction.EVERY, "providers"),
    Attribute("formulary", Direction.EACH_LESS_LISTED, "drug tier"),
    Attribute("exclusions", Direction.NONE_MORE, "exclusions"),
    Attribute("waiting_days", Direction.LESS, "days"),
    Attribute("benefit_rate", Direction.MORE, "part of pay or charges"),
    Attribute("max_benefit_minor", Direction.MORE, "minor units"),
    Attribute("elimination_days", Direction.LESS, "days"),
    Attribute("own_occupation_months", Direction.MORE, "months"),
    Attribute("portable", Direction.MORE, "yes"),
    Attribute("service_level", Direction.MORE, "part of cases"),
)
"""Every attribute, in the order in which it is told."""

NAMES = tuple(one.name for one in ATTRIBUTES)
NOT_MONEY = tuple(one.name for one in ATTRIBUTES if not one.money)
"""What no sum of money makes up for, unless the employer says so."""

Normal = Fraction | frozenset[str] | Mapping[str, int]


def normal(design: PlanDesign, attribute: Attribute) -> Normal | None:
    """The value in comparable form; None is unknown or does not apply."""
    match attribute.name:
        case "person_in_family_max_minor":
            found = _person_in_family(design)
        case "family":
            found = None if design.family is None else int(design.family is FamilyRule.EMBEDDED)
        case "copays_count":
            found = None if design.copays_minor is None else int(design.copays_count)
        case name:
            found = getattr(design, name)
    return Fraction(found) if isinstance(found, int | Fraction) else found


def _person_in_family(design: PlanDesign) -> int | None:
    """The most one person of a family pays: the own maximum where limits are embedded, else at most the family's."""
    if design.family is None:
        return None
    if design.family is FamilyRule.EMBEDDED:
        return design.out_of_pocket_max_minor
    own, family = design.person_in_family_max_minor, design.family_out_of_pocket_max_minor
    return family if own is None else own


def shown(value: Normal, attribute: Attribute) -> str:
    """The value for people; long sets and maps as their size."""
    if isinstance(value, Fraction):
        if attribute.unit in ("yes", "embedded"):
            return attribute.unit if value else f"not {attribute.unit}" if attribute.unit != "yes" else "no"
        return exact(value)
    return (
        f"{len(value)} {attribute.unit}" if attribute.direction is not Direction.EACH_LESS else f"{len(value)} copays"
    )
