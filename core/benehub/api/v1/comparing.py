"""`/plan-book/comparison`: the plan that people have beside the others that the book describes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from benehub.api.v1.fields import At, SeesOverview
from benehub.api.v1.models import Model
from benehub.api.v1.route import Route
from benehub.money import format_minor
from benehub.rules.compare.plans import Candidate
from benehub.views.compare import compared

router = APIRouter(prefix="/employers/{employer}/plan-book", tags=["plans"], route_class=Route)


class OfferTold(Model):
    """A plan as a candidate beside the one that people have."""

    plan: str
    name: str
    verdict: Literal["qualifies", "unknown", "does_not"]
    """Whether people get at least as much and the employer pays less: qualifies, does_not, or unknown."""
    rank: int
    """By verdict, then by saving."""
    employer_cost: str
    """The employer's year: decimal text in `currency`."""
    saving: str
    """What the employer would save in a year; below zero it costs more."""
    worst: str | None
    """The worst change of an employee's year; below zero everybody gains, null where no cost is known."""
    losing: int
    """Employees whose year costs more in at least one scenario of care."""
    winning: int
    """Employees whose year costs more in no scenario, and less in at least one."""
    speaks_for: list[str]
    """What it does better, or as well."""
    speaks_against: list[str]
    """Who loses, and how much."""
    unknown: list[str]
    """What is not known, and blocks a yes."""
    flips: bool
    """Whether the verdict is another one where an assumption is."""
    pareto: bool
    """Whether no other plan is better for both the employer and the worst-off employee."""


class LeftOut(Model):
    """A plan that cannot be compared."""

    plan: str
    why: str
    """What it lacks, in a sentence."""


class Compared(Model):
    """The plan that people have beside the others of its kind, the best candidate first."""

    plan: str
    """The plan that people have."""
    name: str
    employer_cost: str
    """The employer's year with it: decimal text in `currency`."""
    currency: str
    pareto: bool
    """Whether no candidate is better for both the employer and the worst-off employee."""
    label: str
    """What the numbers are, and are not."""
    source: str
    """Where the charges and the scenarios of care come from."""
    candidates: list[OfferTold]
    """The others of its kind, the best first."""
    left_out: list[LeftOut]
    """Those of its kind that cannot be compared."""


@router.get("/comparison", operation_id="compare_plans")
def compare_plans(
    _caller: SeesOverview, at: At,
    plan: Annotated[str, Query(
        pattern=r"^$|^[a-z0-9][a-z0-9_-]{0,39}$",
        description="The plan that people have; when left out the one with a `design` that most are in.",
    )] = "",
) -> Compared:  # fmt: skip
    """The plan that people have beside the others of its kind in the book: what the employer saves, and who loses."""
    with at.book() as (session, book):
        asked, found = compared(session, book, plan)
    currency = book.employer.currency
    costs = {one.id: one.employer_minor for one in found.offers}
    return Compared(
        plan=found.incumbent.id, name=found.incumbent.name, currency=currency, pareto=found.incumbent_pareto,
        employer_cost=format_minor(found.incumbent.employer_minor, currency), label=found.label, source=asked.source,
        candidates=[_offer(one, costs[one.id], currency) for one in found.candidates],
        left_out=[LeftOut(plan=one.plan, why=one.why) for one in asked.left_out],
    )  # fmt: skip


def _offer(one: Candidate, cost: int, currency: str) -> OfferTold:
    return OfferTold.model_validate(
        {"plan": one.id, "name": one.name, "verdict": one.decision.value.lower(), "rank": one.rank,
         "employer_cost": format_minor(cost, currency), "saving": format_minor(one.saving_minor, currency),
         "worst": None if one.worst_minor is None else format_minor(one.worst_minor, currency),
         "losing": one.losing_employees, "winning": one.winning_employees, "speaks_for": list(one.certificate),
         "speaks_against": list(one.against), "unknown": list(one.unknown), "flips": one.flips, "pareto": one.pareto}
    )  # fmt: skip
