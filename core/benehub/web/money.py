"""`/e/{employer}/money`: what stands in clearing accounts and why, invoices, deposits by deadline, cost by month."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.trail import seen
from benehub.charts.stacked import stacked
from benehub.errors import DataError
from benehub.flows import Hub
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.views.clearing import clearing
from benehub.views.cost import cost
from benehub.views.deposits import deposits
from benehub.views.invoice import Line, invoice, sums
from benehub.views.invoices import bills
from benehub.views.persons import person_ids
from benehub.views.unpriced import unpriced
from benehub.web.pages import Entry, Page, page

router = APIRouter(route_class=Page)

NAV = Entry("money", "money", Permission.SEE_MONEY)

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_MONEY))]
SeesPeople = Annotated[Caller, Depends(Needs(Permission.SEE_PEOPLE))]
SeerOf = Annotated[Caller, Depends(Needs(Permission.SEE_MONEY, of_people=True))]

MONTHS: Final = 6
"""Months of the chart."""
LINES: Final = 100
"""Lines of an invoice on one page."""


@router.get("/e/{employer}/money")
def money(employer: str, request: Request, caller: Seer, month: str = "") -> Response:
    """A month's money."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        book = hub.book(session)
        asked = Month.parse(month) if month else _newest(session)
        accounts = clearing(session, book, asked)
        owed = deposits(session, asked)
        came = bills(session, book)
        columns, series = _costs(session, book, asked)
    return page(
        request, caller, "money/month.html", asked=asked, before=asked.plus(-1),
        behind=asked.plus(1), accounts=accounts, owed=owed, bills=came, currency=book.employer.currency,
        chart=stacked(columns, series), series=series, columns=columns, names=_names(book),
    )  # fmt: skip


@router.get("/e/{employer}/money/invoices/{connection}/{month}")
def walk(
    employer: str, connection: str, month: str, request: Request, caller: SeerOf, which: str = "differ", after: str = ""
) -> Response:
    """One invoice member by member: what was billed, what we accrued, and what lies between."""
    if not after.isprintable():
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    hub: Hub = request.app.state.hub
    asked = Month.parse(month)
    with hub.store.read(employer) as session:
        book = hub.book(session)
        whole = sums(session, book, connection[:40], str(asked))
        if not whole.lines:
            raise DataError(f"no invoice of {connection[:40]} for {asked}", mend="Look at the month's money")
        member, _, plan = after[:200].rpartition("/")
        rest = invoice(session, book, connection[:40], str(asked), differ=which != "all", limit=LINES + 1,
                       after=(member, plan) if after else None)  # fmt: skip
        seen(request, person_ids(session, [one.member for one in rest[:LINES]]).values())
    more = _key(rest[LINES - 1]) if len(rest) > LINES else ""
    return page(
        request, caller, "money/invoice.html", connection=connection[:40], asked=asked, rows=rest[:LINES], after=more,
        begun=after, which="all" if which == "all" else "differ", billed=whole.billed, accrued=whole.accrued,
        count=whole.lines, currency=book.employer.currency, names=_names(book),
    )  # fmt: skip


@router.get("/e/{employer}/money/lacking")
def lacking(employer: str, request: Request, caller: SeesPeople, month: str = "", after: str = "") -> Response:
    """Whose premium of a month cannot be worked out, and what is not known."""
    if not after.isprintable():
        raise DataError("a filter holds signs that no text has", mend="Type it anew")
    hub: Hub = request.app.state.hub
    person, _, plan = after[:200].partition("/")
    with hub.store.read(employer) as session:
        book = hub.book(session)
        asked = Month.parse(month) if month else Month.of(session.today())
        found = unpriced(session, book, asked, (person, plan), LINES + 1)
        seen(request, [one.person for one in found[:LINES]])
    more = f"{found[LINES - 1].person}/{found[LINES - 1].plan}" if len(found) > LINES else ""
    return page(request, caller, "money/lacking.html", asked=asked, rows=found[:LINES], after=more, begun=after,
                names=_names(book))  # fmt: skip


def _key(line: Line) -> str:
    return f"{line.member}/{line.plan}"


def _newest(session: Session) -> Month:
    """This month, or the one before while nothing is posted in it."""
    now = Month.of(session.today())
    return now if cost(session, now) else now.plus(-1)


def _costs(session: Session, book: PlanBook, last: Month) -> tuple[list[str], dict[str, list[int]]]:
    """The employer's cost of the last months, plan by plan: what is posted."""
    months = [last.plus(number) for number in range(1 - MONTHS, 1)]
    known = list(_names(book))
    found: dict[str, list[int]] = {}
    for number, month in enumerate(months):
        for line in cost(session, month, "plan"):
            if line.name != "total" and line.unit == book.employer.currency and line.actual:
                found.setdefault(line.name, [0] * MONTHS)[number] += line.actual
    order = sorted(found, key=lambda one: (known.index(one) if one in known else len(known), one))
    return [str(month) for month in months], {one: found[one] for one in order}


def _names(book: PlanBook) -> dict[str, str]:
    return {plan.id: plan.name for plan in book.plans} | {one.id: one.name or one.id for one in book.leave}
