"""Plans against each other: which one gives people at least as much and costs the employer less, and how sure.

Each candidate is judged beside the incumbent by itself, so that a further candidate changes no verdict. All
numbers are exact; the result is an estimate over the population given, no actuarial certification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from benehub.money import Rounding, format_minor, round_to_int
from benehub.records.election import Tier
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Positive, Rate, RuleModel, exact, explain, money_step
from benehub.rules.compare.attributes import NAMES, NOT_MONEY
from benehub.rules.compare.dominance import Dominance, Heads, Users
from benehub.rules.compare.dominated import Dominated, Persons, dominated, persons_by_tier
from benehub.rules.compare.employee import Change, EmployeeYear, Scenario, years
from benehub.rules.compare.member_cost import shares_cost
from benehub.rules.compare.offer import Offer, lacking_of
from benehub.rules.compare.sensitivity import Variation, variations
from benehub.rules.compare.value import Population, percent
from benehub.rules.compare.verdict import Decision, Finding, Terms, cost_parts, employer_total, judge, value_of
from benehub.rules.registry import calculator

NAME = "compare.plans"
VERSION = "1"
Cover = Literal["medical", "dental", "vision", "disability", "life"]
"""Kinds of cover."""
LABEL = "An estimate over the population and scenarios given. It is not an actuarial certification."


class CompareInput(RuleModel):
    """The plan people have, what could take its place, and the world in which both are measured."""

    incumbent: Offer
    """The plan people are enrolled in."""
    candidates: Annotated[tuple[Offer, ...], Field(min_length=1, max_length=200)]
    """What could take its place."""
    enrolled: Annotated[dict[Tier, Heads], Field(min_length=1)]
    """Employees enrolled in the incumbent, by coverage tier."""
    persons: dict[Tier, Persons] = Field(default_factory=dict)
    """Covered persons by tier; 1, 2, 2 and 4 for EE, ES, EC and FAM when left out."""
    population: Population = ()
    """Yearly charges of people, weighted: the tenant's claims or a continuance table, the same for every plan."""
    scenarios: Annotated[tuple[Scenario, ...], Field(max_length=20)] = ()
    """Years of care that an employee looks at: none, low, medium, high, catastrophic."""
    users: Users = Field(default_factory=dict)
    """Attribute (providers, formulary, services, copays_minor) -> item -> opaque ids of the members who use it."""
    required: tuple[str, ...] = NOT_MONEY
    """Attributes that may not be worse, whatever is saved; when left out all that cost sharing does not measure."""
    benefit_type: Cover = "medical"
    """Kind of cover; minimum value and affordability are asked of medical cover."""
    affordable_minor: Positive | None = None
    """The most an employee may have to pay a month for own cover (affordability), minor units."""
    payroll_tax: Annotated[Rate, Field(ge=0, lt=1)] = Fraction(0)
    """The employer's tax saved on contributions that are taken before tax ("7.65%")."""
    eps: Annotated[Rate, Field(ge=0, lt=1)] = Fraction(0)
    """By how much the actuarial value may be lower; 0 unless said."""
    delta_minor: Positive = 0
    """By how much an employee's year may be dearer, minor units; 0 unless said."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO code of all amounts."""

    @model_validator(mode="after")
    def _fits(self) -> CompareInput:
        ids = [self.incumbent.id, *(one.id for one in self.candidates)]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"two offers have the id {twice[0]!r}; give each its own")
        if unknown := [name for name in self.required if name not in NAMES]:
            raise ValueError(f"no attribute {unknown[0]!r} in required; there are {', '.join(NAMES)}")
        if lost := sorted(t.value for t in self.enrolled if t not in self.incumbent.premiums_minor):
            raise ValueError(f"employees are enrolled in tier {lost[0]}, which the incumbent does not offer")
        if not any(self.enrolled.values()):
            raise ValueError("nobody is enrolled in the incumbent; there is nothing to weigh its tiers with")
        return self


class OfferResult(RuleModel):
    """One offer by itself."""

    id: str
    name: str
    value: Rate | None
    """Actuarial value; None where the plan shares no cost, or an attribute is missing."""
    value_percent: str
    employer_minor: int
    """The employer's year."""
    employer_parts: dict[str, int]
    """The same by component, each rounded by itself."""
    years: tuple[EmployeeYear, ...]


class Candidate(RuleModel):
    """A candidate beside the incumbent."""

    id: str
    name: str
    decision: Decision
    rank: int
    """By verdict (qualifies, unknown, does not), then by saving."""
    saving_minor: int
    certificate: tuple[str, ...]
    """What speaks for it."""
    against: tuple[str, ...]
    """What speaks against it: who loses, and how much."""
    unknown: tuple[str, ...]
    """What is not known, and blocks a yes."""
    dominance: Dominance
    losing_employees: int
    """Enrolled employees whose year costs more in at least one scenario."""
    losers: tuple[Change, ...]
    winning_employees: int
    """Enrolled employees whose year costs more in no scenario and less in at least one."""
    worst_minor: int | None
    """The worst change of an employee's year; below zero everybody gains; None where no cost is known."""
    sensitivity: tuple[Variation, ...]
    flips: bool
    """Whether the verdict flips in one of them."""
    pareto: bool
    """Whether no other offer is better for both the employer and the worst-off employee."""


class Comparison(RuleModel):
    """Everything about all offers, best candidate first."""

    label: str
    incumbent: OfferResult
    offers: tuple[OfferResult, ...]
    candidates: tuple[Candidate, ...]
    incumbent_pareto: bool
    """Whether no candidate is better than the incumbent for both the employer and the worst-off employee."""
    dominated: tuple[Dominated, ...]
    """Options that another offer beats at every level of care."""


def compare(given: CompareInput) -> Comparison:
    """Judge every candidate. Ask `missing` first."""
    terms = terms_of(given)
    findings = {one.id: judge(given.incumbent, one, terms) for one in given.candidates}
    front = _front(given, findings, terms)
    order = sorted(
        given.candidates,
        key=lambda one: (list(Decision).index(findings[one.id].decision), -findings[one.id].saving_minor, one.id),
    )
    offers = (given.incumbent, *given.candidates)
    return Comparison(
        label=LABEL,
        incumbent=_offer_result(given.incumbent, None, terms),
        offers=tuple(_offer_result(one, findings[one.id], terms) for one in given.candidates),
        candidates=tuple(
            _candidate(given, one, findings[one.id], terms, rank, one.id in front) for rank, one in enumerate(order, 1)
        ),
        incumbent_pareto=given.incumbent.id in front,
        dominated=tuple(dominated(offers, terms.persons)) if terms.shared else (),
    )


def terms_of(given: CompareInput) -> Terms:
    """The input as what a verdict is measured by."""
    return Terms(
        enrolled={tier: Fraction(count) for tier, count in given.enrolled.items()},
        persons=persons_by_tier(given.persons),
        population=given.population,
        scenarios=given.scenarios,
        users=given.users,
        required=given.required,
        medical=given.benefit_type == "medical",
        affordable_minor=given.affordable_minor,
        payroll_tax=given.payroll_tax,
        shared=_shared(given),
        eps=given.eps,
        delta_minor=given.delta_minor,
        currency=given.currency,
    )


def _shared(given: CompareInput) -> bool:
    """Whether plans of this kind share the cost of care."""
    offers = (given.incumbent, *given.candidates)
    return given.benefit_type == "medical" or any(shares_cost(one.design) for one in offers)


def missing(given: CompareInput) -> tuple[str, ...]:
    """Inputs without which no comparison is possible at all."""
    offers = (given.incumbent, *given.candidates)
    shared = _shared(given)
    needs = [] if given.scenarios else ["scenarios"]
    charged = any(level.charges_minor and level.weight for level in given.population)
    if not charged and (shared or any(one.self_funding for one in offers)):
        needs.append("population")
    for one in offers:
        if one.self_funding:
            needs += lacking_of(one, 1)
    return tuple(dict.fromkeys(needs))


def _offer_result(offer: Offer, finding: Finding | None, terms: Terms) -> OfferResult:
    value = value_of(offer, terms) if finding is None else finding.value
    return OfferResult(
        id=offer.id,
        name=offer.label,
        value=value,
        value_percent="" if value is None else percent(value),
        employer_minor=employer_total(offer, terms),
        employer_parts={
            name: round_to_int(amount, Rounding.HALF_UP) for name, amount in cost_parts(offer, terms).items()
        },
        years=tuple(years(offer, terms.persons, terms.scenarios, shared=terms.shared)),
    )


def _candidate(given: CompareInput, offer: Offer, finding: Finding, terms: Terms, rank: int, pareto: bool) -> Candidate:
    varied = tuple(variations(given.incumbent, offer, terms, finding.decision))
    losers = tuple(one for one in finding.changes if one.more_minor > 0 and one.employees)
    losing = {one.tier for one in losers}
    winning = {one.tier for one in finding.changes if one.more_minor < 0} - losing
    worst = finding.worst
    return Candidate(
        id=offer.id,
        name=offer.label,
        decision=finding.decision,
        rank=rank,
        saving_minor=finding.saving_minor,
        certificate=finding.certificate,
        against=finding.against,
        unknown=finding.unknown,
        dominance=finding.dominance,
        losing_employees=sum(given.enrolled.get(tier, 0) for tier in losing),
        losers=losers,
        winning_employees=sum(given.enrolled.get(tier, 0) for tier in winning),
        worst_minor=None if worst is None else worst.more_minor,
        sensitivity=varied,
        flips=any(one.flips for one in varied),
        pareto=pareto,
    )


def _front(given: CompareInput, findings: Mapping[str, Finding], terms: Terms) -> set[str]:
    """Offers that no other one beats in employer cost and worst change of an employee's year; ids."""
    points = {given.incumbent.id: (employer_total(given.incumbent, terms), 0)}
    for name, finding in findings.items():
        if finding.worst is not None:
            points[name] = (finding.employer_minor, finding.worst.more_minor)
    return {
        name
        for name, (cost, worst) in points.items()
        if not any(other[0] <= cost and other[1] <= worst and other != (cost, worst) for other in points.values())
    }


def _reasons(found: Comparison) -> tuple[Reason, ...]:
    outcomes = {Decision.QUALIFIES: Outcome.PASS, Decision.DOES_NOT: Outcome.FAIL, Decision.UNKNOWN: Outcome.UNKNOWN}
    return tuple(
        Reason(
            rule=f"{one.id}: {one.decision.value}" + (" (flips)" if one.flips else ""),
            outcome=outcomes[one.decision],
            inputs={"for": list(one.certificate), "against": list(one.against), "unknown": list(one.unknown)},
        )
        for one in found.candidates
    )


def _steps(found: Comparison, currency: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for one in (found.incumbent, *found.offers):
        if one.value is not None:
            steps.append(Step(label=f"{one.id}: actuarial value", raw=exact(one.value), value=one.value_percent))
        steps += [money_step(f"{one.id}: {name}", part, part, currency) for name, part in one.employer_parts.items()]
        steps.append(money_step(f"{one.id}: employer's year", one.employer_minor, one.employer_minor, currency))
    return tuple(steps)


def _assumptions(given: CompareInput) -> dict[str, object]:
    offers: Sequence[Offer] = (given.incumbent, *given.candidates)
    return {
        "enrolled": given.enrolled,
        "persons": persons_by_tier(given.persons),
        "population_levels": len(given.population),
        "scenarios": {one.name: list(one.charges_minor) for one in given.scenarios},
        "renewal": {one.id: one.renewal for one in offers},
        "trend": {one.id: one.self_funding.trend for one in offers if one.self_funding},
        "required": list(given.required),
        "payroll_tax": given.payroll_tax,
        "eps": given.eps,
        "delta": format_minor(given.delta_minor, given.currency),
        "label": LABEL,
    }


@calculator(
    NAME,
    "Plans against each other: at least the same benefit for less employer cost, or who loses.",
    CompareInput,
    Comparison,
    VERSION,
    example={
        "incumbent": {
            "id": "ppo",
            "name": "PPO 1000",
            "design": {
                "deductible_minor": 100_000,
                "coinsurance": "20%",
                "out_of_pocket_max_minor": 400_000,
                "providers": ["1003000126", "1003000134"],
            },
            "premiums_minor": {"EE": 60_000},
            "employee_minor": {"EE": 12_000},
        },
        "candidates": [
            {
                "id": "hsa",
                "name": "HSA 1600",
                "design": {
                    "deductible_minor": 160_000,
                    "coinsurance": "10%",
                    "out_of_pocket_max_minor": 300_000,
                    "providers": ["1003000126", "1003000134", "1003000142"],
                },
                "premiums_minor": {"EE": 48_000},
                "employee_minor": {"EE": 6_000},
                "hsa_minor": {"EE": 60_000},
            }
        ],
        "enrolled": {"EE": 120},
        "population": [
            {"charges_minor": 0, "weight": "15%"},
            {"charges_minor": 120_000, "weight": "50%"},
            {"charges_minor": 900_000, "weight": "30%"},
            {"charges_minor": 6_000_000, "weight": "5%"},
        ],
        "scenarios": [
            {"name": "none", "charges_minor": [0]},
            {"name": "low", "charges_minor": [60_000]},
            {"name": "medium", "charges_minor": [400_000]},
            {"name": "high", "charges_minor": [2_000_000]},
            {"name": "catastrophic", "charges_minor": [15_000_000]},
        ],
        "affordable_minor": 13_000,
    },
)
def compute(given: CompareInput) -> Calculation[Comparison]:
    """Run on validated input."""
    needs = missing(given)
    inputs = _assumptions(given)
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs), needs)
    found = compare(given)
    return Calculation(
        found, explain(NAME, VERSION, inputs, _steps(found, given.currency), _reasons(found), citation=LABEL)
    )
