"""`/plan-book`: what the employer promises: in force, checked, compared, tried on the people, put in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from benehub import planbook
from benehub.api.loosening import must_not_loosen
from benehub.api.own_runs import by
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import MONTH, At, EditsPlanBook, Once, SeesOverview, id_path
from benehub.api.v1.models import Model
from benehub.api.v1.office import Office
from benehub.api.v1.problems import Refused, given
from benehub.api.v1.route import Claim, Route
from benehub.api.v1.starting import Started, at_run, key_of, must_run
from benehub.errors import ConfigError
from benehub.flows.onboarding import book_of, in_force, load_plan_book
from benehub.flows.plan_trial import impact
from benehub.flows.trial_runs import is_long, outcome_of, tried_books, try_by_run
from benehub.money import format_minor
from benehub.periods import Month
from benehub.planbook import Finding, PlanBook
from benehub.store.version import version
from benehub.views.plan_impact import PlanImpact
from benehub.views.plans import in_force_text

router = APIRouter(prefix="/employers/{employer}/plan-book", tags=["plans"], route_class=Route)

MAX_BOOK: Final = 400_000
NAME: Final = "the book that was sent"


class BookSent(Model):
    """A plan book."""

    text: str = Field(min_length=1, max_length=MAX_BOOK, examples=["employer: {id: acme, name: Acme}\nplans: []\n"])
    """YAML, as a file that `benehub plan load` takes."""


class BookTried(BookSent):
    """A plan book, and the month it is tried on."""

    month: str = Field(default="", pattern=rf"^$|{MONTH}", examples=["2026-11"])
    """Coverage month that is priced; the current one when left out."""


class Strange(Model):
    """One thing that is strange in a plan book, and does not refuse it."""

    severity: str
    path: str
    """The field."""
    text: str
    """What is strange, in a sentence."""
    mend: str


class InForce(Model):
    """The plan book in force."""

    version: str
    """The same book has the same version everywhere."""
    warnings: list[Strange]


class BookText(Model):
    """The plan book in force as it was loaded."""

    version: str
    """The same book has the same version everywhere."""
    text: str
    """YAML, as it was loaded."""


class Checked(Model):
    """What is wrong or strange in a plan book."""

    ok: bool
    """Whether it would be taken."""
    version: str | None
    """The version that it would be; null where it is refused."""
    faults: list[str]
    """Why it is refused, each with line and mend."""
    warnings: list[Strange]


class Changed(Model):
    """One field that the two books have otherwise; null where it stands in the other one only."""

    path: str
    """The field, from the top of the book down."""
    before: Any
    """What the book in force has there."""
    after: Any
    """What the book that was sent has there."""


class Diffed(Model):
    """From the book in force to the one that was sent."""

    before: str
    """Version in force."""
    after: str
    """Version of the book that was sent."""
    changes: list[Changed]
    """Each field that is another one."""


class ImpactTold(Model):
    """What the book that was sent changes for one plan in the month."""

    plan: str
    name: str
    status: Literal["same", "changed", "added", "removed"]
    """same, changed (its terms differ), added or removed."""
    insured: bool
    """Whether it has premiums; others are priced as a twelfth of their year."""
    covered: int
    """Employees who are covered by it, in the book that was sent."""
    changed: int
    """Those who keep their cover and pay another share."""
    employee: str
    """Change of all their shares together."""
    largest: str
    """The largest change of one share, with its sign."""
    employer: str
    """Change of the employer's cost."""
    unpriced: int
    """Those whose price one of the books does not tell."""
    becomes_eligible: int
    """Employees who may choose it from then on, and could not before."""
    no_longer_eligible: int
    """Employees who could choose it, and may not from then on."""
    loses_cover: int
    """Those covered who are no longer eligible, or whose plan the book that was sent does not have."""
    other_last_day: int
    """Those covered whose employment is known to end, and whose cover would then end on another day."""
    unsettled: int
    """Those whose eligibility cannot be told for want of data."""


class Previewed(Diffed):
    """The same with whom it affects and by how much a month; nothing is put in force."""

    month: str
    currency: str
    plans: list[ImpactTold]
    """What changes, plan by plan."""
    warnings: list[Strange]


@router.get("", operation_id="get_plan_book")
def get_plan_book(_caller: SeesOverview, at: At, response: Response) -> InForce:
    """The plan book in force; its ETag is what loading another one names."""
    return _shown(at, response)


@router.get("/text", operation_id="get_plan_book_text")
def get_plan_book_text(_caller: EditsPlanBook, at: At, response: Response) -> BookText:
    """The text of the plan book in force, as it was loaded."""
    with at.book() as (session, book):
        tagged(response, version(in_force(book)))
        return BookText(version=book.version, text=in_force_text(session))


@router.post("/check", operation_id="check_plan_book")
def check_plan_book(_caller: EditsPlanBook, at: At, claim: Once, body: BookSent) -> Checked:
    """Say everything that is wrong or strange in a plan book; nothing is put in force."""
    try:
        book = book_of(at.employer, body.text, NAME)
    except ConfigError as error:
        lines = str(error).splitlines()
        return Checked(ok=False, version=None, faults=lines[1:] or lines, warnings=[])  # the first only counts them
    return Checked(ok=True, version=book.version, faults=[], warnings=_strange(planbook.check(book)))


@router.post("/diff", operation_id="diff_plan_book")
def diff_plan_book(_caller: EditsPlanBook, at: At, claim: Once, body: BookSent) -> Diffed:
    """Compare a plan book with the one in force, field by field."""
    after = _sent(at, body)
    with at.book() as (_, before):
        return Diffed(before=before.version, after=after.version, changes=_changes(before, after))


@router.post(
    "/preview", operation_id="preview_plan_book", response_model=Previewed,
    responses={202: {"model": Started, "description": "It is begun as a run, or waits for a worker."}},
)  # fmt: skip
def preview_plan_book(
    _caller: EditsPlanBook, at: At, claim: Once, body: BookTried, response: Response
) -> Previewed | Response:
    """Try a plan book on the people: whom it affects, and by how much a month; nothing is put in force.

    Above 2,000 employees it is a run to follow; when that is done, `/plan-book/preview/{run}` tells the same. The ETag
    is what loading it beside the book it was tried on names.
    """
    after = _sent(at, body)
    with at.book() as (session, before):
        month = Month.parse(body.month) if body.month else Month.of(session.today())
        found = None if is_long(session, month) else impact(session, before, after, month)
    if found is None:
        return _by_run(at, claim, after, body.text, month)
    tagged(response, version(in_force(before)))
    return _previewed(before, after, month, found)


@router.get("/preview/{run}", operation_id="get_plan_book_preview")
def get_plan_book_preview(
    _caller: EditsPlanBook, at: At, run: Annotated[str, id_path("run")], response: Response
) -> Previewed:
    """What a run that tried a plan book found out. Its ETag is of the book it was tried on: what loading it names."""
    with at.book() as (session, now):
        found = outcome_of(session, run)
        if found is None:
            raise Refused(404, f"run {run} has tried no plan book to its end", "Follow the run until it is done")
        before, after = tried_books(session, now, found)
    tagged(response, version(in_force(before)))
    return _previewed(before, after, found.month, found.impact)


@router.put("", operation_id="load_plan_book")
def put_plan_book(
    _caller: EditsPlanBook, at: At, claim: Once, body: BookSent, if_match: IfMatch, response: Response
) -> InForce:
    """Check a plan book and put it in force."""
    with given():
        book = book_of(at.employer, body.text, NAME)
        seen = must_not_loosen(at.hub, at.caller, at.employer, book, expected(if_match))
        load_plan_book(at.hub, body.text, NAME, seen)
    return _shown(at, response)


def _shown(at: Office, response: Response) -> InForce:
    with at.book() as (_, book):
        tagged(response, version(in_force(book)))
    return InForce(version=book.version, warnings=_strange(planbook.check(book)))


def _sent(at: Office, body: BookSent) -> PlanBook:
    with given():
        return book_of(at.employer, body.text, NAME)


def _strange(found: Iterable[Finding]) -> list[Strange]:
    return [
        Strange(severity=one.severity, path=".".join(map(str, one.path)), text=one.text, mend=one.mend)
        for one in found
    ]  # fmt: skip


def _changes(before: PlanBook, after: PlanBook) -> list[Changed]:
    return [Changed(path=one.path, before=one.before, after=one.after) for one in planbook.diff(before, after)]


def _by_run(at: Office, claim: Claim, after: PlanBook, text: str, month: Month) -> Response:
    must_run(at)
    run = try_by_run(at.hub, at.employer, after, text, month, key_of(claim), by(at.request))
    told = Response()
    return JSONResponse(at_run(at, told, run).model_dump(), 202, {"location": told.headers["location"]})


def _previewed(before: PlanBook, after: PlanBook, month: Month, found: Iterable[PlanImpact]) -> Previewed:
    currency = after.employer.currency
    return Previewed(
        before=before.version, after=after.version, changes=_changes(before, after), month=str(month),
        currency=currency, plans=[_impact(one, currency) for one in found], warnings=_strange(planbook.check(after)),
    )  # fmt: skip


def _impact(one: PlanImpact, currency: str) -> ImpactTold:
    told = {name: value for name, value in asdict(one).items() if name in ImpactTold.model_fields}
    sums = {name: format_minor(getattr(one, f"{name}_minor"), currency) for name in ("employee", "largest", "employer")}
    return ImpactTold.model_validate(told | sums)
