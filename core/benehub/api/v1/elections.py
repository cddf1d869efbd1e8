"""`/elections`: who has chosen what, as of a day."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter

from benehub.api.v1.fields import At, Day, PageOf, SeesPeople
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import day_or_today
from benehub.api.v1.route import Route
from benehub.views import elections as view

router = APIRouter(prefix="/employers/{employer}/elections", tags=["elections"], route_class=Route)


class ElectionTold(Model):
    """What somebody has chosen for one part of the benefits."""

    election: str
    """Id of the fact's version; `why` tells where it came from."""
    person: str
    employee: str
    """Employee number."""
    slot: str
    """The part of the benefits, as medical."""
    plan: str
    tier: str
    waived: bool
    """Whether the choice was to have none."""
    effective_from: date
    effective_to: date | None


@router.get("", operation_id="list_elections")
def list_elections(_caller: SeesPeople, at: At, page: PageOf, day: Day | None = None) -> Page[ElectionTold]:
    """List the elections that hold on a day (today when left out), person by person."""
    after = page.after(str, str)
    with at.read() as session:
        rows = view.listed(session, day_or_today(session, day), (after[0], after[1]) if after else None, page.limit + 1)
        at.seen(session, [row["person"] for row in rows[: page.limit]])
    return page.page(rows, ElectionTold.model_validate, lambda row: (row["person"], row["slot"]))
