"""`/e/{employer}/people`: who there is, and one person: what holds, since when, why, and what each vendor says."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.trail import seen
from benehub.flows import Hub
from benehub.flows.persons import end_employment
from benehub.periods import Month
from benehub.views import people, questions
from benehub.views.mine.told import told
from benehub.views.strangers import counted
from benehub.web.pages import Entry, Page, a_day, page, then

router = APIRouter(route_class=Page)

NAV = Entry("people", "people", Permission.SEE_PEOPLE, ("unlinked",))

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_PEOPLE))]
Editor = Annotated[Caller, Depends(Needs(Permission.EDIT_PEOPLE))]
Note = Annotated[str, Form(max_length=2000)]

PARTS: Final = ("now", "money", "vendors", "facts", "contact")
"""Views of one person, one at a time."""


@router.get("/e/{employer}/people")
def listed(
    employer: str, request: Request, caller: Seer, search: str = "", state: str = "", after: str = ""
) -> Response:
    """The list of employees, unlinked people first."""
    hub: Hub = request.app.state.hub
    asked = state if state in people.STATES else ""
    with hub.store.read(employer) as session:
        found = people.listed(session, search[:80], asked, after[:200])
        waiting = counted(session) if not after else 0
        seen(request, [row.person for row in found.rows])
    return page(request, caller, "people/list.html", found=found, search=search[:80], state=asked,
                states=people.STATES, waiting=waiting, begun=after)  # fmt: skip


@router.get("/e/{employer}/people/{number:path}")
def one(
    employer: str, number: str, request: Request, caller: Seer, show: str = "now", month: str = ""
) -> Response:  # fmt: skip
    """One employee; a dependent's number leads to the employee's."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        book = hub.book(session)
        asked = Month.parse(month) if month else Month.of(session.today())
        found = people.one(session, book, number[:40], asked)
        notices = told(session, book, found.known.person)
        reads = caller.may(Permission.SEE_QUESTIONS, employer)
        said = questions.listed(session, person_id=found.known.person, limit=20) if reads else []
        today = session.today()
    seen(request, [found.known.person])
    part = show if show in PARTS else "now"
    names = {plan.id: plan.name for plan in book.plans} | {one.id: one.name or one.id for one in book.leave}
    return page(
        request, caller, "people/one.html", one=found, known=found.known, parts=PARTS, part=part, names=names,
        currency=book.employer.currency, before=asked.plus(-1), behind=asked.plus(1), asked=said, notices=notices,
        today=today,
    )  # fmt: skip


@router.post("/e/{employer}/people/{number:path}/end")
def end(employer: str, number: str, request: Request, caller: Editor, last_day: Annotated[str, Form()],
        note: Note) -> Response:  # fmt: skip
    """Record the last day of somebody whom the HRIS no longer shows."""
    end_employment(request.app.state.hub, employer, number[:40], a_day(last_day, "last day"), caller.user, note)
    return then(request, f"people/{number}", done="saved")
