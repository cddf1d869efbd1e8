"""`/reconciliations`: compare the systems for a month: start, follow, result."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints

from benehub.api.v1.fields import MONTH, At, Once, PageOf, SeesMoney, SeesOverview, WorksDifferences, id_path, one_of
from benehub.api.v1.models import Model, Page
from benehub.api.v1.problems import Refused, named
from benehub.api.v1.route import Route
from benehub.api.v1.runs import State
from benehub.api.v1.starting import Started, start
from benehub.money import format_minor
from benehub.periods import Month
from benehub.reconcile import MONTHLY
from benehub.views import runs as view
from benehub.views.clearing import clearing

router = APIRouter(prefix="/employers/{employer}/reconciliations", tags=["reconciliations"], route_class=Route)

FLOW = "reconcile"
RelationName = Annotated[str, StringConstraints(pattern=one_of(one.value for one in MONTHLY))]


class Wanted(Model):
    """What is to be compared."""

    period: str = Field(pattern=MONTH, examples=["2026-11"])
    """Month: pay dates in it, its cover, the days in it."""
    relations: list[RelationName] = Field(default=[], max_length=len(MONTHLY), examples=[["premium"]])
    """Pairs of systems; all when left out."""


class Unexplained(Model):
    """What no item explains of a clearing account at the end of the month."""

    account: str
    name: str
    amount: str


class ReconciliationTold(Model):
    """A reconciliation."""

    run: str
    """The run that makes it; followed at `/runs/{run}/events`."""
    period: str
    relations: list[str]
    """Empty for all, until it has ended."""
    state: State
    """As of the run."""
    started_at: str
    ended_at: str | None
    counts: dict[str, Any]
    """Of each relation: differences opened, closed, seen again; `state` where nothing of the month was read."""
    error: str
    mend: str


class ReconciliationDetail(ReconciliationTold):
    """A reconciliation with what it says of the clearing accounts as they stand now."""

    unexplained: list[Unexplained]
    """Empty while it goes on, and when every balance is the sum of named items."""
    differences: str
    """Where the month's differences are listed."""


@router.post("", operation_id="start_reconciliation", status_code=202)
def start_reconciliation(_caller: WorksDifferences, at: At, claim: Once, body: Wanted, response: Response) -> Started:
    """Compare the systems for a month; differences open or close."""
    names = sorted(set(body.relations))
    subject = f"{'+'.join(names) or 'all'}/{body.period}"
    return start(claim, response, FLOW, subject, "-", body.period, names)


@router.get("", operation_id="list_reconciliations")
def list_reconciliations(_caller: SeesOverview, at: At, page: PageOf) -> Page[ReconciliationTold]:
    """List reconciliations, the newest first, whoever started them."""
    before = page.after(str, str)
    with at.read() as session:
        rows = view.runs(session, "", FLOW, page.limit + 1, (before[0], before[1]) if before else None)
    return page.page(rows, lambda row: ReconciliationTold(**_told(row)), lambda row: (row["started_at"], row["run"]))


@router.get("/{run}", operation_id="get_reconciliation")
def get_reconciliation(_caller: SeesMoney, at: At, run: Annotated[str, id_path("run")]) -> ReconciliationDetail:
    """One reconciliation: how far it is, what it found, and what of the clearing accounts is unexplained."""
    with at.book() as (session, book):
        with named():
            found = view.run(session, run)
        if found["flow"] != FLOW:
            raise Refused(404, f"run {run} is no reconciliation", f"Ask for it as a run: it is one of {found['flow']}")
        told = _told(found)
        accounts = (
            clearing(session, book, Month.parse(told["period"])) if told["period"] and found["state"] == "done" else []
        )
    left = [
        Unexplained(account=one.account, name=one.name, amount=format_minor(one.unexplained, book.employer.currency))
        for one in accounts
        if one.unexplained
    ]
    where = f"/api/v1/employers/{at.employer}/differences?period={told['period']}"
    return ReconciliationDetail(**told, unexplained=left, differences=where)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A run of the flow; its subject says what was compared, as `premium+payroll/2026-11/...`."""
    parts = row["subject"].split("/")
    told = {name: row[name] for name in ("run", "state", "started_at", "ended_at", "counts", "error", "mend")}
    period = next((one for one in parts if re.fullmatch(MONTH, one)), "")
    names = [one for one in parts[0].split("+") if one in set(MONTHLY)]
    return told | {"period": period, "relations": names or list(row["counts"])}
