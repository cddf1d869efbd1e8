"""`/e/{employer}/plan-book`: what is in force in plain words, a new version tried on the people, plans compared."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response

from benehub import planbook
from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.loosening import must_not_loosen
from benehub.api.own_runs import by
from benehub.charts import Line, Offer, draw_plans
from benehub.errors import BenehubError, ChangedMeanwhile, ConfigError, DataError
from benehub.flows import Hub
from benehub.flows.onboarding import book_of, in_force, load_plan_book
from benehub.flows.plan_trial import impact
from benehub.flows.trial_runs import is_long, outcome_of, text_of, try_by_run
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import Tier
from benehub.rules.compare.plans import Comparison
from benehub.store.version import version as version_of
from benehub.views.compare import Asked, compared, cost_lines
from benehub.views.mine.leave_terms import terms
from benehub.views.mine.promises import pays, who
from benehub.views.plan_impact import PlanImpact
from benehub.views.plans import in_force_text
from benehub.views.statement import language
from benehub.web.catalog import LANGUAGES
from benehub.web.pages import Entry, Page, must_work, page, then

router = APIRouter(route_class=Page)

NAV = Entry("plan_book", "plan-book", Permission.SEE_OVERVIEW)

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_OVERVIEW))]
Editor = Annotated[Caller, Depends(Needs(Permission.EDIT_PLAN_BOOK))]

MAX_BOOK: Final = 400_000
"""Characters of a plan book that is tried on a page."""
NAME: Final = "the pasted book"

Text = Annotated[str, Form(max_length=MAX_BOOK)]
Seen = Annotated[str, Form(max_length=400)]


@router.get("/e/{employer}/plan-book")
def shown(employer: str, request: Request, caller: Seer) -> Response:
    """What is in force, plan by plan."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        book, today = hub.book(session), session.today()
    plans = [(plan, pays(plan, book.employer.currency, 0), who(plan, today)) for plan in book.plans]
    leave = [(policy, terms(book, policy, today)) for policy in book.leave]
    return page(
        request, caller, "plan_book/shown.html", book=book, plans=plans, leave=leave, today=today,
        prices=_prices(book, Month.of(today)), findings=planbook.check(book),
        say={code: language(code) for code in LANGUAGES},
    )  # fmt: skip


@router.get("/e/{employer}/plan-book/try")
def form(employer: str, request: Request, caller: Editor) -> Response:
    """The form that takes another version; it begins with the one in force."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        text, month = in_force_text(session), Month.of(session.today())
    return _form(request, caller, text, month)


@router.post("/e/{employer}/plan-book/try")
def trial(employer: str, request: Request, caller: Editor, text: Text, month: Annotated[str, Form()] = "") -> Response:
    """What another version says, what it changes, and for whom; nothing is put in force."""
    return _tried(employer, request, caller, text, month)


@router.get("/e/{employer}/plan-book/tried/{run}")
def outcome(employer: str, run: str, request: Request, caller: Editor) -> Response:
    """What a run that tried another version found, with the form that puts it in force.

    Raises:
        HTTPException: 404, there is none that is done.
    """
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        before, found = hub.book(session), outcome_of(session, run)
        if found is None:
            raise HTTPException(404, "There is no trial of a plan book here that is done")
        text = text_of(session, found.kept)
    if before.version != found.before:
        return _form(request, caller, text, found.month, late=True)
    tried = _told(before, book_of(employer, text, NAME), found.month, found.impact)
    return _form(request, caller, text, found.month, tried)


def _tried(employer: str, request: Request, caller: Caller, text: str, month: str = "", late: bool = False) -> Response:
    """The same beside the book that is in force by now; `late` where that is another than the one it was tried on."""
    hub: Hub = request.app.state.hub
    try:
        book = book_of(employer, text, NAME)
        chosen = Month.parse(month) if month else None
    except (ConfigError, DataError) as error:  # what was written stays on the page
        return _form(request, caller, text, month, None, late, str(error).splitlines())
    with hub.store.read(employer) as session:
        before = hub.book(session)
        asked = chosen or Month.of(session.today())
        found = None if is_long(session, asked) else impact(session, before, book, asked)
    if found is not None:
        tried = _told(before, book, asked, found)
        return _form(request, caller, text, asked, tried, late, status=409 if late else 200)
    if late:
        return _form(request, caller, text, asked, late=True, status=409)
    must_work(hub)
    run = try_by_run(hub, employer, book, text, asked, by=by(request))
    return then(request, f"runs/{run}", done="started")


def _told(before: PlanBook, book: PlanBook, month: Month, found: list[PlanImpact]) -> dict[str, Any]:
    """What a trial beside the book in force says."""
    return {
        "version": book.version, "before": before.version, "changes": planbook.diff(before, book), "month": str(month),
        "impact": [one for one in found if one.touches], "findings": planbook.check(book),
        "currency": book.employer.currency, "seen": version_of(in_force(before)),
    }  # fmt: skip


def _form(
    request: Request, caller: Caller, text: str, at: Month | str, tried: dict[str, Any] | None = None,
    late: bool = False, wrong: Sequence[str] = (), status: int = 200,
) -> Response:  # fmt: skip
    """The form, with what a trial said; `late` where it was tried before on another book than the one in force."""
    return page(
        request, caller, "plan_book/try.html", status=status, text=text, tried=tried, wrong=wrong, late=late, at=at
    )  # fmt: skip


@router.post("/e/{employer}/plan-book/load")
def load(
    employer: str, request: Request, caller: Editor, text: Text, version: Annotated[str, Form()], seen: Seen,
    month: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Put in force what was tried, against the book that it was tried on; beside another one it is shown anew."""
    book = book_of(employer, text, NAME)
    if book.version != version:
        raise DataError("it is another book than the one tried", where="plan book", mend="Try it again")
    hub: Hub = request.app.state.hub
    try:
        load_plan_book(hub, text, NAME, must_not_loosen(hub, caller, employer, book, seen))
    except ChangedMeanwhile:
        return _tried(employer, request, caller, text, month, late=True)
    return then(request, "plan-book", done="in_force")


@router.get("/e/{employer}/plan-book/compare")
def compare(employer: str, request: Request, caller: Seer, plan: str = "") -> Response:
    """The plan people have beside the others that the book describes: cost, worst change, who loses."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        book = hub.book(session)
        try:
            asked, found = compared(session, book, plan[:40])
        except BenehubError as error:
            plans = [one for one in book.plans if one.insured]
            return page(request, caller, "plan_book/compare.html", found=None, why=error, plans=plans, plan=plan)
    offers = {one.id: one for one in found.offers}
    return page(
        request, caller, "plan_book/compare.html", found=found, asked=asked, offers=offers, why=None, plan=plan,
        plans=[one for one in book.plans if one.insured], currency=book.employer.currency,
    )  # fmt: skip


@router.get("/e/{employer}/plan-book/compare.svg")
def picture(employer: str, request: Request, caller: Seer, plan: str = "") -> Response:
    """The comparison as a picture; the page beside it says the same in words."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        asked, found = compared(session, hub.book(session), plan[:40])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compare.svg"
        _draw(path, asked, found)
        data = path.read_bytes()
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(data, media_type="image/svg+xml", headers=headers)


def _draw(path: Path, asked: Asked, found: Comparison) -> None:
    ranked = {one.id: one for one in found.candidates}
    points = [Offer(found.incumbent.name, found.incumbent.employer_minor, 0, "", found.incumbent_pareto)]
    for offer in found.offers:
        worst = ranked[offer.id].worst_minor
        if worst is not None:
            points.append(Offer(offer.name, offer.employer_minor, worst, "", ranked[offer.id].pareto))
    tier: Tier = max(asked.given.enrolled, key=lambda one: asked.given.enrolled[one])
    lines = [Line(one.name, one.points) for one in cost_lines(asked.given, tier)]
    draw_plans(path, found.incumbent.name, found.label, points, lines, tier.value, asked.given.currency)


def _prices(book: PlanBook, month: Month) -> dict[str, dict[str, int]]:
    """Full-month premiums by plan and tier, where a plan has such."""
    found = {}
    for plan in book.plans:
        try:
            rates = plan.rates_minor(month, book.employer.currency) if plan.insured else {}
        except BenehubError:
            rates = {}
        found[plan.id] = {tier.value: minor for tier, minor in rates.items()}
    return found
