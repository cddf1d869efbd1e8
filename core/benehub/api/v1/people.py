"""`/people`: who is known, and of one person the facts over time, cover, deductions, contributions and leave."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from fastapi import APIRouter, Query
from pydantic import Field

from benehub.api.v1.differences import Note
from benehub.api.v1.fields import (
    FIRST_DAY,
    LAST_DAY,
    At,
    Day,
    EditsPeople,
    KnownAt,
    Once,
    PageOf,
    PersonPath,
    SeesPeople,
    one_of,
)
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import day_or_today
from benehub.api.v1.problems import Refused, named
from benehub.api.v1.route import Route
from benehub.flows import persons as flow
from benehub.hours import format_hours
from benehub.money import format_minor
from benehub.periods import FOREVER, Interval
from benehub.views import contributions, deductions, leave, person_facts, persons
from benehub.views.known import known_at as number_of

router = APIRouter(prefix="/employers/{employer}/people", tags=["people"], route_class=Route)


class Member(Model):
    """Somebody of a family."""

    person: str = Field(examples=["per_aaaaaaaaaaaaaaaaaaaaaaaa"])
    """The hub's id."""
    kind: Literal["employee", "dependent"]
    """Employee or dependent."""
    member: str = Field(examples=["E0001"])
    """Employee number, or the dependent's member id."""
    name: str
    """First and last name as of today; empty where none is in force."""


class Person(Member):
    """An employee or a dependent."""

    family: str
    """The hub's id of the employee whose family it is."""


class PersonDetail(Person):
    """A person with the family."""

    members: list[Member]
    """The employee first, then the dependents."""


class FactLine(Model):
    """What is true of a person over a time."""

    fact: str
    """Id of the version that says so; `why` tells where it came from."""
    kind: str
    """What kind of fact it is, as `election`."""
    key: str
    """What tells it from others of its kind: the part of the benefits, the policy; may be empty."""
    effective_from: date
    effective_to: date | None
    """First day on which it is true no more; null where it has no end."""
    seq: int
    """Number of the recorded order: when we learned it."""
    data: dict[str, Any]
    """The fact; pay, birth date, health, home address, sex, marital status and right to work are masked."""


class Cover(Model):
    """What covers a person."""

    fact: str
    """Id of the election's version; `why` tells where it came from."""
    slot: str
    """The part of the benefits, as medical."""
    plan: str
    tier: str
    dependents: list[str]
    """Who else is covered: the hub's ids."""
    effective_from: date
    effective_to: date | None
    carrier: str
    """Connection of the carrier or recordkeeper."""
    carrier_says: str
    """How far it has come there, in words; empty where nothing was told by file."""


class DeductionLine(Model):
    """One line of a pay date."""

    employee: str
    code: str
    """Payroll's deduction code."""
    pay_date: date
    sequence: int
    """Number among the lines of this employee, code and pay date."""
    plan: str
    part: str
    """Which part of the price it is, as `employee`."""
    kind: str
    """due, correction, arrears or unasked."""
    coverage_month: str
    expected: str
    taken: str
    """What payroll took: decimal text."""
    open: str
    """What is still owed of it; negative: to the employee."""
    state: str
    """How far it has come: EXPECTED, SENT, how it was taken, or what came of that."""
    taken_as: str
    """TAKEN, PARTIAL, MISSED or EXTRA once results are in, else empty."""
    dispatch: str
    """The dispatch that told payroll."""
    entries: list[str]
    """Ledger entries of the line, the pending one first."""


class Contributions(Model):
    """What went to retirement plans in a year."""

    year: int
    deferred: str
    """What employees deferred: decimal text in `currency`."""
    matched: str
    """What the employer added: decimal text in `currency`."""
    currency: str


class LeaveMeter(Model):
    """Leave of one policy, in hours."""

    policy: str
    """Id of the leave policy."""
    accrued: str
    """Hours earned so far: decimal text."""
    available: str
    """What may be used on the day."""
    usable_on: date
    """First day on which leave of this policy may be used."""
    next_on: date | None
    """The next day on which leave is earned, as far as is known."""
    next_hours: str
    """Hours earned on that day: decimal text."""
    booked: str
    """What the ledger holds."""
    value: str
    """What stands in the books for it."""


class Facts(Model):
    """All facts asked for."""

    items: list[FactLine]


class Covers(Model):
    """All cover of the day."""

    items: list[Cover]


class DeductionLines(Model):
    """All lines of the pay date."""

    items: list[DeductionLine]


class Meters(Model):
    """All policies."""

    items: list[LeaveMeter]


class Ended(Model):
    """How an employment ended."""

    last_day: Annotated[date, Ge(FIRST_DAY), Le(LAST_DAY), Field(examples=["2026-11-30"])]
    """The last day of work."""
    note: Note


@router.get("", operation_id="list_people")
def list_people(
    _caller: SeesPeople, at: At, page: PageOf,
    kind: Annotated[Literal["", "employee", "dependent"], Query(description="Only these.")] = "",
    search: Annotated[
        str, Query(max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["lee"],
                   description="Only employees whose number, first or last name begins so, in the order of these; "
                               "several words are all of one employee. A page may be short and yet have a next one.")
    ] = "",
) -> Page[Person]:  # fmt: skip
    """List people in the order of their member ids."""
    after = page.after(str)
    with at.read() as session:
        if search.strip():
            if kind == "dependent":
                raise Refused(422, "dependents are not searched", "Search the employee, and ask for the family")
            found, place = persons.searched(session, search, after[0] if after else "", page.limit)
            at.seen(session, [one["person"] for one in found])
            return page.page_to([Person.model_validate(one) for one in found], (place,) if place else None)
        rows = persons.listed(session, kind, after[0] if after else "", page.limit + 1)
        at.seen(session, [row["person"] for row in rows[: page.limit]])
    return page.page(rows, Person.model_validate, lambda row: (row["member"],))


@router.get("/{person}", operation_id="get_person")
def get_person(_caller: SeesPeople, at: At, person: PersonPath) -> PersonDetail:
    """One person with the family."""
    with at.read() as session, named():
        found = at.whose(session, person)
        return PersonDetail.model_validate(persons.told_of(session, found))


@router.get("/{person}/facts", operation_id="list_person_facts")
def list_facts(
    _caller: SeesPeople, at: At, person: PersonPath,
    kind: Annotated[str, Query(pattern=one_of(("", *person_facts.KINDS)), description="Only these.")] = "",
    since: Annotated[Day | None, Query(alias="from", description="Only what is true on this day or later.")] = None,
    until: Annotated[Day | None, Query(alias="to", description="Only what is true before this day.")] = None,
    known_at: KnownAt = "",
) -> Facts:  # fmt: skip
    """What is true of a person over time, as known now or then."""
    window = Interval(since or date.min, until or FOREVER)
    with at.read() as session:
        with named():
            at.whose(session, person)
        found = person_facts.over_time(session, person, kind, window, number_of(session, known_at))
    return Facts(items=[FactLine.model_validate(one) for one in found])


@router.get("/{person}/coverage", operation_id="list_person_coverage")
def list_coverage(_caller: SeesPeople, at: At, person: PersonPath, day: Day | None = None) -> Covers:
    """What covers a person on a day, and how far it has come at the carrier."""
    with at.book() as (session, book):
        with named():
            at.whose(session, person)
        found = person_facts.cover(session, book, person, day_or_today(session, day))
    return Covers(items=[Cover.model_validate(one) for one in found])


@router.get("/{person}/deductions", operation_id="list_person_deductions")
def list_deductions(_caller: SeesPeople, at: At, person: PersonPath, pay_date: Day) -> DeductionLines:
    """Every line of a pay date, with what became of it."""
    with at.book() as (session, book):
        with named():
            at.whose(session, person)
        found = deductions.lines(session, book, pay_date, person)
    currency = book.employer.currency
    return DeductionLines(items=[_deduction(one, currency) for one in found])


@router.get("/{person}/contributions", operation_id="get_person_contributions")
def get_contributions(
    _caller: SeesPeople, at: At, person: PersonPath, year: Annotated[int, Query(ge=1900, le=2199, examples=[2026])]
) -> Contributions:
    """What was deferred and matched in a year."""
    with at.book() as (session, book):
        with named():
            whose = str(at.whose(session, person).subscriber_id)
        deferred = contributions.deferred(session, year, whose).get(whose, 0)
        matched = contributions.matched(session, year, whose).get(whose, 0)
    currency = book.employer.currency
    return Contributions(
        year=year, deferred=format_minor(deferred, currency), matched=format_minor(matched, currency), currency=currency
    )


@router.get("/{person}/leave", operation_id="list_person_leave")
def list_leave(_caller: SeesPeople, at: At, person: PersonPath, day: Day | None = None) -> Meters:
    """Leave of each policy at the end of a day."""
    with at.book() as (session, book):
        with named():
            whose = str(at.whose(session, person).subscriber_id)
        found = leave.meters(session, book, day_or_today(session, day), [whose])
    return Meters(items=[_meter(one, book.employer.currency) for one in found])


def _deduction(one: deductions.Line, currency: str) -> DeductionLine:
    return DeductionLine(
        employee=one.employee, code=one.code, pay_date=one.pay_date, sequence=one.sequence, plan=one.plan,
        part=one.part, kind=one.kind, coverage_month=one.coverage_month or "",
        expected=format_minor(one.expected_minor, currency), taken=format_minor(one.taken_minor, currency),
        open=format_minor(one.open_minor, currency), state=one.state, taken_as=one.taken_as, dispatch=one.dispatch,
        entries=list(one.entries),
    )  # fmt: skip


def _meter(one: leave.Meter, currency: str) -> LeaveMeter:
    return LeaveMeter(
        policy=one.policy, accrued=format_hours(one.accrued), available=format_hours(one.available),
        usable_on=one.usable_on, next_on=one.next_on, next_hours=format_hours(one.next_minutes),
        booked=format_hours(one.booked), value=format_minor(one.value, currency),
    )  # fmt: skip


@router.post("/{person}/end", operation_id="end_employment")
def end_employment(_caller: EditsPeople, at: At, claim: Once, person: PersonPath, body: Ended) -> PersonDetail:
    """Record the last day of an employee whom the HRIS no longer shows; should it show him again, its word counts."""
    with at.read() as session, named():
        found = at.whose(session, person)
    flow.end_employment(at.hub, at.employer, str(found.person_id), body.last_day, at.caller.user, body.note)
    return get_person(_caller, at, person)
