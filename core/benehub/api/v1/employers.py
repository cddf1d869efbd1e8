"""`/employers`: those that the caller may see something of."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from sqlalchemy import Row

from benehub.access import Caller, Permission
from benehub.api.v1.fields import At, SeesOverview
from benehub.api.v1.models import Model
from benehub.api.v1.office import Takes
from benehub.api.v1.route import Route
from benehub.views import employers as view

router = APIRouter(tags=["employers"], route_class=Route)


class Employer(Model):
    """An employer."""

    employer: str = Field(examples=["acme"])
    """Its id, as the plan book names it."""
    name: str = Field(examples=["Acme"])
    country: str = Field(examples=["us"])
    """Two letters."""
    currency: str = Field(examples=["USD"])
    """Three letters."""
    time_zone: str = Field(examples=["America/New_York"])
    """Where its day begins."""


class Employers(Model):
    """All of them; they are few."""

    items: list[Employer]


@router.get("/employers", operation_id="list_employers")
def list_employers(
    caller: Annotated[Caller, Depends(Takes(Permission.SEE_OVERVIEW, somewhere=True))], request: Request
) -> Employers:
    """List the employers that the caller may see."""
    found = view.employers(request.app.state.hub.store)
    return Employers(items=[_told(row) for row in found if caller.may(Permission.SEE_OVERVIEW, row.employer_id)])


@router.get("/employers/{employer}", operation_id="get_employer")
def get_employer(_caller: SeesOverview, at: At) -> Employer:
    """One employer."""
    with at.read() as session:
        return _told(view.employer_of(session))


def _told(row: Row[Any]) -> Employer:
    return Employer(
        employer=row.employer_id, name=row.name, country=row.country, currency=row.currency, time_zone=row.timezone
    )
