"""Plans against each other for an employer's own people: tiers from its coverage, terms from its plan book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from pydantic import ValidationError
from sqlalchemy import func, select

from benehub.errors import ConfigError, DataError
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import Tier
from benehub.rules.compare.curve import Curve, meeting
from benehub.rules.compare.dominated import persons_by_tier
from benehub.rules.compare.offer import Offer, lacking_of, total_cost
from benehub.rules.compare.plans import CompareInput, Comparison, Cover, compute
from benehub.store import Session
from benehub.store.tables import fact
from benehub.views.offers import LeftOut, book_offer, book_offers
from benehub.views.population import World, synthetic

_KINDS: Mapping[str, Cover] = {
    "medical": "medical",
    "dental": "dental",
    "vision": "vision",
    "std": "disability",
    "ltd": "disability",
    "life": "life",
    "add": "life",
    "voluntary_life": "life",
}
"""Kind of cover by benefit type of the plan book."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is compared: the calculator's input, where its population comes from, and what had to be left out."""

    given: CompareInput
    source: str
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class CostLine:
    """An employee's year under one offer by total charges: exact corners in minor units, drawn up to the last."""

    name: str
    points: tuple[tuple[Fraction, Fraction], ...]


def enrolled(session: Session, day: date) -> dict[str, dict[Tier, int]]:
    """Employees covered on `day` by plan and coverage tier, counted by the database."""
    newest = (
        func.row_number()
        .over(partition_by=(fact.c.subject, fact.c.fact_key), order_by=fact.c.seq.desc())
        .label("newest")
    )
    believed = (
        select(fact.c.data["plan"].as_string().label("plan"), fact.c.data["tier"].as_string().label("tier"), newest)
        .where(
            fact.c.employer_id == session.employer,
            fact.c.kind == "coverage",
            fact.c.effective_from <= day,
            fact.c.effective_to > day,
        )
        .subquery()
    )
    rows = session.rows(
        select(believed.c.plan, believed.c.tier, func.count().label("heads"))
        .where(believed.c.newest == 1, believed.c.tier.in_([tier.value for tier in Tier]))
        .group_by(believed.c.plan, believed.c.tier)
    )
    found: dict[str, dict[Tier, int]] = {}
    for row in rows:
        found.setdefault(row.plan, {})[Tier(row.tier)] = int(row.heads)
    return found


def comparison(
    session: Session,
    book: PlanBook,
    day: date,
    world: World,
    *,
    incumbent: str = "",
    offers: Sequence[Offer] = (),
    other: PlanBook | None = None,
    other_name: str = "",
    month: Month | None = None,
    affordable_minor: int | None = None,
    payroll_tax: Fraction = Fraction(0),
) -> Asked:
    """The question as the calculator takes it.

    The incumbent is the plan named, else the one with a design that most employees are in, first of those
    that the book has another of their kind for; candidates are the
    other plans of its benefit type, those of `other`, and `offers`.

    Raises:
        ConfigError: no plan of the book has a design.
        DataError: the incumbent is unknown, nobody is in it, or there is nothing to compare it with.
    """
    mix = enrolled(session, day)
    priced = month or Month.of(day)
    name = incumbent or _most_enrolled(book, mix)
    plan = book.offered(name)
    if plan.benefit_type not in _KINDS:
        raise DataError(f"plan {name} is no insurance", mend="Name a plan with premiums")
    standing = book_offer(plan, priced, book.employer.currency)
    if not sum(mix.get(name, {}).values()):
        raise DataError(
            f"nobody is covered by plan {name} on {day}", mend="Name the plan people are in, or another --day"
        )
    mine, left = book_offers(book, plan.benefit_type, priced)
    candidates = [one for one in mine if one.id != name]
    if other is not None:
        suffix = f" ({other_name})" if other_name else ""
        theirs, left_there = book_offers(other, plan.benefit_type, priced, suffix)
        candidates += theirs
        left += left_there
    candidates += offers
    if not candidates:
        why = "; ".join(f"{one.plan}: {one.why}" for one in left)
        raise DataError(
            f"there is nothing to compare plan {name} with" + (f" ({why})" if why else ""),
            mend="Give other plans a `design:`, or name offers by --book or --input",
        )
    try:
        given = CompareInput(
            incumbent=standing,
            candidates=tuple(candidates),
            enrolled=mix[name],
            persons=dict(world.persons),
            population=world.population,
            scenarios=world.scenarios,
            benefit_type=_KINDS[plan.benefit_type],
            affordable_minor=affordable_minor,
            payroll_tax=payroll_tax,
            currency=book.employer.currency,
        )
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        said = fault["msg"].removeprefix("Value error, ")
        raise DataError(f"plan {name}: {said}", where="compare", mend="Mend the plan book or the offers") from None
    return Asked(given, world.source, tuple(left))


def compared(session: Session, book: PlanBook, incumbent: str = "") -> tuple[Asked, Comparison]:
    """The plan that people have today (the one named, else as `comparison` chooses it) beside the others of its kind in
    the book, in the world that ships.

    Raises:
        ConfigError: as `comparison`.
        DataError: as `comparison`, or a plan lacks what the calculator needs.
    """
    asked = comparison(session, book, session.today(), synthetic(book.employer.currency), incumbent=incumbent)
    return asked, compute(asked.given).required()


def cost_lines(given: CompareInput, tier: Tier) -> list[CostLine]:
    """Every offer's year of an employee in `tier`, one person having all the charges; exact at every corner."""
    count = persons_by_tier(given.persons)[tier]
    shares = (Fraction(1), *(Fraction(0),) * (count - 1))
    offers = [one for one in (given.incumbent, *given.candidates) if tier in one.premiums_minor]
    curves = {one.label: total_cost(one, tier, shares) for one in offers if not lacking_of(one, count)}
    if not curves:
        return []
    last = meeting(list(curves.values()))[-1] * Fraction(6, 5)
    return [CostLine(name, _points(curve, last)) for name, curve in curves.items()]


def _points(curve: Curve, last: Fraction) -> tuple[tuple[Fraction, Fraction], ...]:
    return (*curve.corners, (last, curve.at(last)))


def _most_enrolled(book: PlanBook, mix: Mapping[str, Mapping[Tier, int]]) -> str:
    """Of the plans with a design the one most are in; those that have another of their kind beside them come first."""
    able = {plan.id: plan.benefit_type for plan in book.insurance_plans() if plan.design is not None}
    if not able:
        raise ConfigError(
            "no plan of the plan book has a design",
            where="plan book",
            mend="Add `design:` to the plans to be compared; `benehub plan schema` shows what it holds",
        )
    beside = Counter(able.values())
    return max(able, key=lambda one: (beside[able[one]] > 1, sum(mix.get(one, {}).values())))
