"""Questions of the hub: `/trace`, `/why/{ref}`, `/cost` and a person's statement."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from benehub.api.trail import named_in
from benehub.api.v1.fields import At, Day, KnownAt, MonthText, PersonPath, SeesMoney, SeesPeople
from benehub.api.v1.models import Model
from benehub.api.v1.office import day_or_today
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.ids import PREFIXES
from benehub.money import format_minor
from benehub.periods import Month
from benehub.rules.registry import load_plugin_rules
from benehub.views import cost as costs
from benehub.views.chain import chain_of
from benehub.views.known import known_at as number_of
from benehub.views.statement import as_json, language
from benehub.views.statement import statement as state
from benehub.views.trace import trace as follow
from benehub.views.why import ASK
from benehub.views.why import why as ask

router = APIRouter(prefix="/employers/{employer}", tags=["questions"], route_class=Route)

Ref = Annotated[
    str,
    Path(
        pattern=rf"^({'|'.join(ASK)})_[A-Za-z0-9]{{1,36}}$", examples=["ent_aaaaaaaaaaaaaaaaaaaaaaaa"],
        description=f"A typed id: {', '.join(f'{one}_ ({PREFIXES[one]})' for one in ASK)}.",
    ),
]  # fmt: skip


class Stop(Model):
    """One thing on the way."""

    station: str
    """Which station of the way: facts, ledger, dispatch, carrier and so on."""
    when: str
    """Day, month or moment it is about; may be empty."""
    what: str
    """What is so there, in words."""
    amount: str
    """How much, with its unit; may be empty."""
    ref: str
    """The id to ask `why` about; may be empty."""


class Traced(Model):
    """Every stop of a plan and month, in the order of the way, and whether its links hold."""

    items: list[Stop]
    state: str
    """ok, open (explained and in its time, or not compared yet) or broken; empty where nothing is known of it."""
    broken: str
    """The first link that does not hold, as `asked for -> taken`; empty where all do."""
    differences: list[str]
    """Open differences that tell why."""


class Why(Model):
    """What a reference is, and the answers behind it."""

    ref: str
    """The id that was asked about."""
    what: str
    """What it is, in words."""
    data: dict[str, Any]
    """Its own values; what they are goes by the kind of the reference."""
    behind: list[dict[str, Any]]
    """The chain: each with `ref`, `what`, its values, and what is behind it."""


class CostLine(Model):
    """What benefits cost the employer."""

    name: str
    """Account or plan; `total` for the last ones, one a unit."""
    what: str
    """What is summed up here, in words."""
    expected: str
    actual: str
    heads: int
    """Employees it was spent on."""
    per_head: str | None
    """Actual cost for each employee it was spent on: decimal text; null where it was spent on none."""
    unit: str


class Cost(Model):
    """A month's cost."""

    items: list[CostLine]


class StatementLine(Model):
    """A sentence, with the ids that prove it."""

    key: str
    """Which sentence it is; the same in every language."""
    text: str
    """The sentence."""
    refs: list[str]
    """Ids that prove it, to be asked `why` about."""


class StatementSection(Model):
    """A titled part."""

    key: str
    """Which part it is; the same in every language."""
    title: str
    lines: list[StatementLine]
    """Its sentences."""


class StatementTold(Model):
    """An employee's benefit statement."""

    employee: str
    day: str
    """The day that it is of."""
    language: str
    """Language of the sentences: two letters."""
    title: str
    subtitle: str
    """Below the heading: whose it is, and as of when."""
    sections: list[StatementSection]
    """Its parts, in the order in which they are read."""


@router.get("/trace", operation_id="trace")
def trace(
    _caller: SeesPeople, at: At, month: MonthText,
    employee: Annotated[str, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@ -]{0,59}$", examples=["E0001"])],
    plan: Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", examples=["ppo"])],
) -> Traced:  # fmt: skip
    """Follow one employee's plan and month through every station."""
    with at.book() as (session, book):
        found = follow(session, book, employee, plan, Month.parse(month))
        chain = chain_of(session, book, Month.parse(month), employee, plan)
        at.seen(session, [employee])
    links = {} if chain is None else {name: getattr(chain, name) for name in ("state", "broken", "differences")}
    blank: dict[str, Any] = {"state": "", "broken": "", "differences": []}
    return Traced(items=[Stop.model_validate(one.as_json()) for one in found], **blank | links)


@router.get("/why/{ref}", operation_id="why")
def why(_caller: SeesPeople, at: At, ref: Ref, known_at: KnownAt = "") -> Why:
    """The chain of facts, rules and plan books behind an amount, decision, date or difference."""
    load_plugin_rules(at.hub.plugins)
    with at.read() as session:
        known = number_of(session, known_at)
        with named():
            found = ask(session, ref, known)
        at.seen(session, named_in([found.data, *(one.as_json() for one in found.behind)]))
    return Why(ref=found.ref, what=found.title, data=found.data, behind=[one.as_json() for one in found.behind])


@router.get("/cost", operation_id="get_cost")
def cost(
    _caller: SeesMoney, at: At, month: MonthText,
    by: Annotated[Literal["account", "plan"], Query(description="A line for each.")] = "account",
) -> Cost:  # fmt: skip
    """What benefits cost the employer in a month: expected, actual, and per head."""
    with at.read() as session:
        found = costs.cost(session, Month.parse(month), by)
    return Cost(
        items=[
            CostLine(
                name=one.name, what=one.what, expected=format_minor(one.expected, one.unit),
                actual=format_minor(one.actual, one.unit), heads=one.heads, unit=one.unit,
                per_head=None if one.per_head is None else format_minor(one.per_head, one.unit),
            )
            for one in found
        ]
    )  # fmt: skip


@router.get("/people/{person}/statement", operation_id="get_statement")
def statement(
    _caller: SeesPeople, at: At, person: PersonPath, day: Day | None = None, lang: Literal["en", "de"] = "en"
) -> StatementTold:
    """A person's benefit statement, each sentence with the ids that prove it."""
    with at.book() as (session, book):
        with named():
            at.whose(session, person)
        found = state(session, book, at.hub.plugins, person, day_or_today(session, day))
    return StatementTold.model_validate(as_json(found, language(lang)))
