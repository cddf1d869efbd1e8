"""*Reconcile*: start a comparison, and the list of what does not agree, filtered."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from benehub import reconcile
from benehub.access import Caller, Permission, users
from benehub.api.guard import Needs
from benehub.api.own_runs import by
from benehub.api.trail import seen
from benehub.errors import DataError
from benehub.flows import Hub, reconciling
from benehub.periods import Month
from benehub.reconcile import MONTHLY, Relation, Type
from benehub.store.schema import INSTALLATION
from benehub.views.today import LEGS, working_month
from benehub.views.worklist import ORDERS, STATES, Filters, counted, part
from benehub.web.pages import Entry, Page, must_work, page, then

router = APIRouter(route_class=Page)
NAV = Entry("reconcile", "reconcile", Permission.SEE_MONEY)

OWNERS = ("hris", "payroll", "carrier", "recordkeeper", "custodian", "finance", "hub")
SEVERITIES = ("high", "medium", "low")
Sees = Annotated[Caller, Depends(Needs(Permission.SEE_MONEY))]
SeesOf = Annotated[Caller, Depends(Needs(Permission.SEE_MONEY, of_people=True))]
Works = Annotated[Caller, Depends(Needs(Permission.WORK_DIFFERENCES))]


def filters(request: Request) -> Filters:
    """The filters of an address; what is unknown is left out.

    Raises:
        DataError: a value with signs that no text has.
    """
    names = {one.name for one in fields(Filters)}
    given = {name: value.strip()[:200] for name, value in request.query_params.items() if name in names}
    if any(not value.isprintable() for value in given.values()):
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    if given.get("state") == "all":
        given["state"] = ""
    if given.get("order", "amount") not in ORDERS:
        given.pop("order")
    return Filters(**given)


@router.get("/e/{employer}/reconcile")
def listed(
    request: Request, employer: str, caller: SeesOf, after: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """The differences, the most at stake first."""
    hub: Hub = request.app.state.hub
    wanted = filters(request)
    with hub.store.read(employer) as session:
        book = hub.book(session)
        mine = replace(wanted, assigned=caller.user) if wanted.assigned == "me" else wanted
        found = part(session, mine, book.employer.currency, after)
        data: dict[str, Any] = {
            "found": found, "counts": counted(session),
            "plans": [(plan.id, plan.name) for plan in book.plans],
        }  # fmt: skip
    seen(request, [row.person_id for row in found.rows])
    with hub.store.read(INSTALLATION) as session:
        data["workers"] = users.who_may(session, Permission.WORK_DIFFERENCES, employer)
    usual = asdict(Filters(state=wanted.state, order=wanted.order))
    return page(
        request, caller, "reconcile/list.html", **data, filters=wanted, is_set=asdict(wanted) != usual, after_now=after,
        states=STATES, relations=list(Relation), types=list(Type), owners=OWNERS, severities=SEVERITIES,
        steps=[*(one for one in reconcile.STEPS if one), reconcile.TOLERATED], orders=ORDERS,
    )  # fmt: skip


@router.get("/e/{employer}/reconcile/start")
def ask(
    request: Request,
    employer: str,
    caller: Works,
    month: Annotated[str, Query(max_length=7)] = "",
    leg: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What to compare, and for which month."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        at = Month.parse(month) if month else working_month(session)
    wanted = [one.value for one in MONTHLY if not leg or one.value in LEGS.get(leg, ())]
    return page(request, caller, "reconcile/start.html", at=at, relations=[one.value for one in MONTHLY], wanted=wanted)


@router.post("/e/{employer}/reconcile/start")
def start(
    request: Request,
    employer: str,
    caller: Works,
    month: Annotated[str, Form(max_length=7)],
    relations: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Let a worker compare them; on to the run."""
    hub: Hub = request.app.state.hub
    known = [one.value for one in MONTHLY]
    wanted = [one for one in known if one in (relations or ())]
    if not wanted:
        raise DataError("nothing to compare was chosen", mend=f"Choose of {', '.join(known)}")
    at = str(Month.parse(month))
    must_work(hub)
    with hub.store.write(employer) as session:
        key = f"{at}/{','.join(wanted)}/{session.now()}"
        run = hub.enqueue_flow(session, "reconcile", key, "reconcile", at, wanted, by=by(request))
    return then(request, f"runs/{run}", done="started")


@router.get("/e/{employer}/reconcile/rules")
def rules(request: Request, employer: str, caller: Sees) -> Response:
    """The rules that set differences aside."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        found, day = reconcile.suppressions(session), session.today()
        currency = hub.book(session).employer.currency
    return page(request, caller, "reconcile/rules.html", rules=found, today=day, currency=currency)


@router.post("/e/{employer}/reconcile/rules/{rule}/lift")
def lift(request: Request, employer: str, rule: str, caller: Works) -> Response:
    """End a rule now."""
    reconciling.lift(request.app.state.hub, employer, rule)
    return then(request, "reconcile/rules", done="lifted")
