"""The verdict on one candidate: at least the same benefit for less employer cost, or who loses and how much.

It qualifies if it is the same or better in every attribute, or if its value is at least as high, nobody's year
costs more in any scenario and tier, and no required attribute is worse; and if the employer pays less, the cover
is affordable and of minimum value. What is not known blocks it: an unknown is never a yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from benehub.money import Rounding, format_minor, round_to_int
from benehub.records.election import Tier
from benehub.rules.compare.attributes import NAMES, NOT_MONEY
from benehub.rules.compare.dominance import Dominance, Users, Worse, dominance
from benehub.rules.compare.employee import Change, Scenario, changes, years
from benehub.rules.compare.offer import Offer, employer_cost, lacking_of
from benehub.rules.compare.value import MINIMUM_VALUE, ClaimLevel, actuarial_value, percent


class Decision(StrEnum):
    """QUALIFIES; UNKNOWN: nothing speaks against it but something is not known; DOES_NOT, with who loses."""

    QUALIFIES = "QUALIFIES"
    UNKNOWN = "UNKNOWN"
    DOES_NOT = "DOES_NOT"


@dataclass(frozen=True, slots=True)
class Terms:
    """What every candidate is measured by."""

    enrolled: Mapping[Tier, Fraction]
    persons: Mapping[Tier, int]
    population: Sequence[ClaimLevel]
    scenarios: Sequence[Scenario]
    users: Users = field(default_factory=dict)
    required: Sequence[str] = NOT_MONEY
    medical: bool = True
    affordable_minor: int | None = None
    payroll_tax: Fraction = Fraction(0)
    eps: Fraction = Fraction(0)
    delta_minor: int = 0
    claims: Fraction = Fraction(1)
    shared: bool = True
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict with all that it stands on; amounts in minor units."""

    decision: Decision
    certificate: tuple[str, ...]
    against: tuple[str, ...]
    unknown: tuple[str, ...]
    dominance: Dominance
    value: Fraction | None
    employer_minor: int
    saving_minor: int
    changes: tuple[Change, ...]

    @property
    def worst(self) -> Change | None:
        """The change that is worst for an employee."""
        return max(self.changes, key=lambda one: one.more_minor, default=None)


def employer_total(offer: Offer, terms: Terms) -> int:
    """The employer's year, rounded once, half up."""
    return round_to_int(sum(cost_parts(offer, terms).values(), Fraction(0)), Rounding.HALF_UP)


def cost_parts(offer: Offer, terms: Terms) -> dict[str, Fraction]:
    """The employer's year by component."""
    return employer_cost(offer, terms.enrolled, terms.persons, scaled(terms), terms.payroll_tax)


def scaled(terms: Terms) -> list[ClaimLevel]:
    """The population with its charges scaled by `claims`."""
    if terms.claims == 1:
        return list(terms.population)
    return [
        ClaimLevel(charges_minor=round_to_int(one.charges_minor * terms.claims, Rounding.HALF_UP), weight=one.weight)
        for one in terms.population
    ]


def judge(incumbent: Offer, candidate: Offer, terms: Terms) -> Finding:
    """The verdict on `candidate` beside `incumbent`."""
    heads = {tier: round_to_int(count, Rounding.HALF_UP) for tier, count in terms.enrolled.items()}
    found = dominance(incumbent.design, candidate.design, heads, terms.users)
    values = [value_of(offer, terms) for offer in (incumbent, candidate)]
    before, after = (
        list(years(offer, terms.persons, terms.scenarios, terms.claims, terms.shared))
        for offer in (incumbent, candidate)
    )
    moved = changes(before, after, heads)
    cost = [employer_total(offer, terms) for offer in (incumbent, candidate)]
    parts = (
        _known(incumbent, candidate, terms),
        _benefit(found, values, moved, terms),
        _money(cost, terms),
        _law(candidate, values[1], terms),
    )
    yes, no, unknown = ([line for part in parts for line in getattr(part, name)] for name in ("yes", "no", "unknown"))
    decision = Decision.DOES_NOT if no else Decision.UNKNOWN if unknown else Decision.QUALIFIES
    return Finding(
        decision, tuple(yes), tuple(no), tuple(unknown), found, values[1], cost[1], cost[0] - cost[1], tuple(moved)
    )


@dataclass
class _Said:
    yes: list[str] = field(default_factory=list)
    no: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def value_of(offer: Offer, terms: Terms) -> Fraction | None:
    """The actuarial value; None where no cost is shared or an attribute is missing."""
    if not terms.shared or lacking_of(offer, 1):
        return None
    return actuarial_value(offer.design, scaled(terms))


def _known(incumbent: Offer, candidate: Offer, terms: Terms) -> _Said:
    """Every tier that people are in is offered, and its cost is known."""
    said = _Said()
    for tier, count in terms.enrolled.items():
        if not count:
            continue
        if tier not in candidate.premiums_minor:
            said.no.append(
                f"tier {tier.value} has {round_to_int(count, Rounding.HALF_UP)} employees and is not offered"
            )
        for offer in (incumbent, candidate):
            said.unknown += [
                f"{name} is not stated"
                for name in lacking_of(offer, terms.persons[tier], terms.shared)
                if tier in offer.premiums_minor
            ]
    said.unknown[:] = dict.fromkeys(said.unknown)
    return said


def _benefit(found: Dominance, values: Sequence[Fraction | None], moved: Sequence[Change], terms: Terms) -> _Said:
    """At least the same benefit: in every attribute, or in value and in everybody's year."""
    said = _Said()
    losing = [one for one in moved if one.more_minor > terms.delta_minor]
    said.no += _losing(losing, terms.currency)
    if not losing:
        said.yes.append("nobody's year costs more, in any scenario and tier")
    if found.same_or_better:
        said.yes.append("the same or better in every attribute")
        return said
    required = terms.required if terms.shared else NAMES  # without a value nothing makes up for a loss
    if terms.shared:
        before, after = values
        if before is None or after is None:
            said.unknown.append("the actuarial value is not known")
        else:
            line = f"value {percent(after)} beside {percent(before)}"
            (said.yes if after >= before - terms.eps else said.no).append(line)
    worse = [one for one in found.worse if one.attribute in required]
    unknown = [name for name in found.unknown if name in required]
    said.no += [_told(one) for one in worse]
    said.unknown += [f"{name} is stated by one plan only" for name in unknown]
    if not worse and not unknown:
        said.yes.append("no required attribute is worse")
    return said


def _losing(losing: Sequence[Change], currency: str) -> list[str]:
    """A line a tier: how many pay more, how much at the worst, in which scenarios; tiers with people first."""
    by_tier: dict[Tier, list[Change]] = {}
    for one in losing:
        by_tier.setdefault(one.tier, []).append(one)
    lines = []
    for tier, found in sorted(by_tier.items(), key=lambda item: -item[1][0].employees):
        worst = max(one.more_minor for one in found)
        names = ", ".join(one.scenario for one in found)
        heads = found[0].employees
        people = f"{heads} {'employee' if heads == 1 else 'employees'} in tier {tier.value}"
        lines.append(f"{people}: up to {format_minor(worst, currency)} more a year ({names})")
    return lines


def _told(one: Worse) -> str:
    touched = "how many are affected is unknown" if one.affected is None else f"{one.affected} affected"
    return f"{one.attribute} is worse: {one.candidate} instead of {one.incumbent} ({touched})"


def _money(cost: Sequence[int], terms: Terms) -> _Said:
    saving = cost[0] - cost[1]
    amount = format_minor(abs(saving), terms.currency)
    if saving > 0:
        return _Said(yes=[f"the employer pays {amount} less a year"])
    return _Said(no=[f"the employer pays {amount} more a year" if saving else "the employer pays the same"])


def _law(candidate: Offer, value: Fraction | None, terms: Terms) -> _Said:
    """Minimum value and affordability, of medical cover."""
    said = _Said()
    if not terms.medical:
        return said
    if value is None:
        said.unknown.append("minimum value: the actuarial value is not known")
    else:
        line = f"minimum value 60%: {percent(value)}"
        (said.yes if value >= MINIMUM_VALUE else said.no).append(line)
    if terms.affordable_minor is None or Tier.EE not in candidate.employee_minor:
        said.unknown.append("affordability: no monthly limit, or no contribution of the employee alone, is given")
        return said
    own = round_to_int(candidate.employee_minor[Tier.EE] * (1 + candidate.renewal), Rounding.HALF_UP)
    line = (
        f"affordability: {format_minor(own, terms.currency)} a month for the employee alone, limit"
        f" {format_minor(terms.affordable_minor, terms.currency)}"
    )
    (said.yes if own <= terms.affordable_minor else said.no).append(line)
    return said
