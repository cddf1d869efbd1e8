"""Whether one plan is at least as good as another, attribute by attribute; else each worse one with its size.

Transitive, and of two plans that differ only one can be the better: a set of attributes is compared, nothing is
weighed against anything else. What only one side states is unknown, and unknown is never "the same or better".
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.records.election import Tier
from benehub.records.explanation import Outcome, Reason
from benehub.rules.base import Calculation, RuleModel, exact, explain
from benehub.rules.compare.attributes import ATTRIBUTES, Attribute, Direction, Normal, normal, shown
from benehub.rules.compare.design import Name, Names, PlanDesign
from benehub.rules.registry import calculator

NAME = "compare.dominance"
VERSION = "1"
MAX_SHOWN = 20
"""Lost items that are named; the size tells how many there are."""

Heads = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
"""A number of employees."""
Users = dict[Name, dict[Name, Names]]


class DominanceInput(RuleModel):
    """Two designs, and who would notice."""

    incumbent: PlanDesign
    """The plan people have."""
    candidate: PlanDesign
    """The plan they would get."""
    enrolled: dict[Tier, Heads] = Field(default_factory=dict)
    """Employees enrolled in the incumbent, by coverage tier."""
    users: Users = Field(default_factory=dict)
    """Attribute (providers, formulary, services, copays_minor) -> item -> opaque ids of the members who use it."""


class Worse(RuleModel):
    """An attribute in which the candidate is worse."""

    attribute: str
    incumbent: str
    candidate: str
    size: str
    """By how much: the difference of numbers, or how many items are lost or worse."""
    unit: str
    items: tuple[str, ...] = ()
    affected: int | None = None
    """Employees (for numbers) or members who use a lost item; None is unknown."""


class Standing(StrEnum):
    """SAME_OR_BETTER: in every attribute. WORSE: in at least one. UNKNOWN: none is worse, some are not known."""

    SAME_OR_BETTER = "SAME_OR_BETTER"
    WORSE = "WORSE"
    UNKNOWN = "UNKNOWN"


class Dominance(RuleModel):
    """The candidate beside the incumbent."""

    standing: Standing
    worse: tuple[Worse, ...]
    unknown: tuple[str, ...]
    """Attributes that only one side states."""
    better: tuple[str, ...]
    same: tuple[str, ...]

    @property
    def same_or_better(self) -> bool:
        """Whether the candidate is at least as good everywhere."""
        return self.standing is Standing.SAME_OR_BETTER


def dominance(
    incumbent: PlanDesign,
    candidate: PlanDesign,
    enrolled: Mapping[Tier, int] | None = None,
    users: Mapping[str, Mapping[str, Set[str]]] | None = None,
) -> Dominance:
    """Compare two designs; attributes that neither states are left out."""
    worse: list[Worse] = []
    unknown: list[str] = []
    better: list[str] = []
    same: list[str] = []
    for attribute in ATTRIBUTES:
        before, after = normal(incumbent, attribute), normal(candidate, attribute)
        if before is None and after is None:
            continue
        if before is None or after is None or not _comparable(attribute, before, after):
            unknown.append(attribute.name)
        elif lost := losses(attribute, before, after):
            worse.append(_worse(attribute, before, after, lost, enrolled or {}, users or {}))
        else:
            (better if losses(attribute, after, before) else same).append(attribute.name)
    standing = Standing.WORSE if worse else Standing.UNKNOWN if unknown else Standing.SAME_OR_BETTER
    return Dominance(
        standing=standing, worse=tuple(worse), unknown=tuple(unknown), better=tuple(better), same=tuple(same)
    )


def _comparable(attribute: Attribute, before: Normal, after: Normal) -> bool:
    """A copay that only one side names is not known on the other."""
    if attribute.direction is not Direction.EACH_LESS:
        return True
    return isinstance(before, Mapping) and isinstance(after, Mapping) and before.keys() == after.keys()


def losses(attribute: Attribute, before: Normal, after: Normal) -> tuple[str, ...]:
    """What is lost by going from one value to the other: items, or the attribute itself; empty if nothing is."""
    if isinstance(before, Fraction) and isinstance(after, Fraction):
        lost = after > before if attribute.direction is Direction.LESS else after < before
        return (attribute.name,) if lost else ()
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        gone = after - before if attribute.direction is Direction.NONE_MORE else before - after
        return tuple(sorted(gone))
    assert isinstance(before, Mapping) and isinstance(after, Mapping)
    return tuple(sorted(item for item, level in before.items() if item not in after or after[item] > level))


def _worse(
    attribute: Attribute,
    before: Normal,
    after: Normal,
    lost: tuple[str, ...],
    enrolled: Mapping[Tier, int],
    users: Mapping[str, Mapping[str, Set[str]]],
) -> Worse:
    items: tuple[str, ...] = ()
    if isinstance(before, Fraction) and isinstance(after, Fraction):
        size = exact(abs(after - before))
        heads = [count for tier, count in enrolled.items() if not (attribute.families and tier is Tier.EE)]
        affected = sum(heads) if enrolled else None
    else:
        size, items = str(len(lost)), lost[:MAX_SHOWN]
        used = users.get(attribute.name)
        affected = None if used is None else len({who for item in lost for who in used.get(item, ())})
    return Worse(
        attribute=attribute.name,
        incumbent=shown(before, attribute),
        candidate=shown(after, attribute),
        size=size,
        unit=attribute.unit,
        items=items,
        affected=affected,
    )


def reasons(found: Dominance) -> tuple[Reason, ...]:
    """The comparison as reasons: worse fails, unknown is unknown."""
    failed = [
        Reason(
            rule=one.attribute,
            outcome=Outcome.FAIL,
            inputs={"incumbent": one.incumbent, "candidate": one.candidate, "affected": one.affected},
            needed={"size": one.size, "unit": one.unit},
        )
        for one in found.worse
    ]
    open_ = [
        Reason(rule=name, outcome=Outcome.UNKNOWN, needed={name: "stated by both plans"}) for name in found.unknown
    ]
    passed = [Reason(rule=name, outcome=Outcome.PASS) for name in (*found.better, *found.same)]
    return (*failed, *open_, *passed)


@calculator(
    NAME,
    "Whether a plan is at least as good as another, attribute by attribute.",
    DominanceInput,
    Dominance,
    VERSION,
    example={
        "incumbent": {"deductible_minor": 150_000, "providers": ["1003000126", "1003000134"]},
        "candidate": {"deductible_minor": 100_000, "providers": ["1003000126"]},
        "enrolled": {"EE": 40, "FAM": 20},
        "users": {"providers": {"1003000134": ["m1", "m2", "m3"]}},
    },
)
def compute(given: DominanceInput) -> Calculation[Dominance]:
    """Run on validated input."""
    found = dominance(given.incumbent, given.candidate, given.enrolled, given.users)
    inputs = {"enrolled": given.enrolled, "users_of": sorted(given.users)}
    return Calculation(found, explain(NAME, VERSION, inputs, reasons=reasons(found)))
