"""`/plans`: what the plan book in force offers."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter
from pydantic import Field

from benehub.api.v1.fields import At, NamePath, SeesOverview
from benehub.api.v1.models import Model
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.views import plans as view

router = APIRouter(prefix="/employers/{employer}/plans", tags=["plans"], route_class=Route)


class PlanTold(Model):
    """A plan."""

    plan: str = Field(examples=["ppo"])
    name: str
    benefit_type: str = Field(examples=["medical"])
    vendor: str
    """Connection of the carrier, recordkeeper or custodian; empty where it is paid outside the hub."""
    effective_from: date
    effective_to: date | None
    slot: str
    """The part of the benefits; one plan of it covers a person at a time."""


class RateLine(Model):
    """What a tier costs a month from a day on."""

    effective_from: date
    effective_to: date | None
    region: str
    """Rating region; empty for all."""
    tier: str
    premium: str
    """What the tier costs a month: decimal text in `currency`."""
    currency: str


class PlanDetail(PlanTold):
    """A plan with its rates."""

    rates: list[RateLine]
    """By date and tier; empty where the price goes by age, amount or pay."""


class Plans(Model):
    """The plan book's plans."""

    plan_book: str
    """Version of the plan book in force."""
    items: list[PlanTold]


@router.get("", operation_id="list_plans")
def list_plans(_caller: SeesOverview, at: At) -> Plans:
    """List the plans of the plan book in force."""
    with at.book() as (_, book):
        return Plans(plan_book=book.version, items=[PlanTold.model_validate(view.told(plan)) for plan in book.plans])


@router.get("/{plan}", operation_id="get_plan")
def get_plan(_caller: SeesOverview, at: At, plan: NamePath) -> PlanDetail:
    """One plan with its rates."""
    with at.book() as (_, book), named():
        found = book.offered(plan)
    rates = view.rates(found, book.employer.currency)
    return PlanDetail.model_validate(view.told(found) | {"rates": rates})
