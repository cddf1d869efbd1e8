"""`/obligations`: what is owed to vendors, and by when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from benehub.api.v1.fields import At, Day, EmployeeFilter, Filter, PageOf, SeesMoneyOf, id_path
from benehub.api.v1.models import Model, Page
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.views import owed as view

router = APIRouter(prefix="/employers/{employer}/obligations", tags=["obligations"], route_class=Route)

State = Literal["open", "sent", "confirmed", "refused", "held", "replaced", "canceled"]


class ObligationTold(Model):
    """What must be told or paid to a vendor."""

    obligation: str
    kind: str
    """What is owed, as `deduction.set`."""
    key: str
    """Its business key."""
    connection: str
    employee: str
    """Employee number; empty where it is about many."""
    plan: str
    period: str
    due_date: date
    """Last day on which it may be there."""
    send_by: date
    """The latest safe day to send it."""
    worth: str
    currency: str
    state: str
    """As stored, but an enrollment that only a 999 has settled is acknowledged, not confirmed."""
    reason: str
    dispatch: str
    """The dispatch that carries it."""
    seq: int


@router.get("", operation_id="list_obligations")
def list_obligations(
    _caller: SeesMoneyOf, at: At, page: PageOf,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
    kind: Filter = "", connection: Filter = "", plan: Filter = "", period: Filter = "", employee: EmployeeFilter = "",
    due_by: Annotated[Day | None, Query(description="Only what is due on this day or earlier.")] = None,
) -> Page[ObligationTold]:  # fmt: skip
    """List obligations, the newest first."""
    before = page.after(int, str)
    equal = {"state": state or "", "kind": kind, "connection_id": connection, "plan": plan, "period": period}
    with at.read() as session:
        rows = view.listed(
            session, page.limit + 1, (before[0], before[1]) if before else None, due_by, employee,
            **{name: value for name, value in equal.items() if value},
        )  # fmt: skip
        at.seen(session, [row["employee"] for row in rows[: page.limit]])
    return page.page(rows, ObligationTold.model_validate, lambda row: (row["seq"], row["obligation"]))


@router.get("/{obligation}", operation_id="get_obligation")
def get_obligation(_caller: SeesMoneyOf, at: At, obligation: Annotated[str, id_path("obl")]) -> ObligationTold:
    """One obligation."""
    with at.read() as session, named():
        found = view.one(session, obligation)
        at.seen(session, [found["employee"]])
        return ObligationTold.model_validate(found)
