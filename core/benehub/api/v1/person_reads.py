"""Where one person's money is, what was decided on his cover, and what he was told before asking."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le
from fastapi import APIRouter, Query

from benehub.api.v1.fields import FIRST_DAY, LAST_DAY, MONTH, At, PersonPath, SeesPeople
from benehub.api.v1.models import Model
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.money import format_minor
from benehub.views.decisions import decisions
from benehub.views.mine.told import Told, told
from benehub.views.money_path import Path, money_paths
from benehub.views.statement import Language, language

router = APIRouter(prefix="/employers/{employer}/people", tags=["people"], route_class=Route)

PlanFilter = Annotated[str, Query(pattern=r"^$|^[a-z0-9][a-z0-9_-]{0,39}$", description="Only of this plan.")]


class Way(Model):
    """Where the money of one plan is, of one coverage month or pay date."""

    plan: str
    when: str
    """The coverage month, as 2026-11, of an insured plan; the pay date, as 2026-11-13, of any other."""
    where: Literal["due", "taken", "sent", "confirmed"]
    """The last station that is proven: due (not taken from pay yet), taken (still with the employer), sent, confirmed
    (the vendor or the bank says that it arrived)."""
    premium: str
    """What the cover costs, both shares together: decimal text; 0.00 for contributions."""
    owed: str
    """The employee's share of it."""
    taken: str
    """What payroll took from pay."""
    given: str
    """What the employer gives beside it: the match, or its part of an account."""
    sent: str
    """What was sent on to the vendor."""
    credited: str
    """What the vendor says that it has credited."""
    unit: str
    dispatches: list[str]
    """The files and calls by which it was sent."""
    proofs: dict[str, str]
    """The newest ledger entry behind each amount: owed, taken, given (the employer's part), sent, credited."""


class Ways(Model):
    """All of a year, by plan and time."""

    items: list[Way]


class Decided(Model):
    """One answer of the eligibility rules on one election."""

    decision: str
    """Its id (`elg_...`); `why` tells its steps."""
    plan: str
    election_from: str
    """First day of the election it was made on."""
    status: str
    """eligible, waiting, not_eligible, needs_data, ended, waived or not_employed."""
    covered: list[str]
    """Days of cover that came of it, as `from to`; the second is the first day without cover, or `open`."""
    rule: str
    """The rule that decided, with its version."""
    stands_in_the_way: list[str]
    """Rules that failed or lacked data, with what would be needed."""
    decided_at: str
    """Moment (ISO 8601, UTC) at which it was recorded."""


class Decisions(Model):
    """Every decision, the newest first."""

    items: list[Decided]


class NoticeTold(Model):
    """What a person was told before asking."""

    notice: str
    """Id of the obligation to tell it; `why` tells what is behind it."""
    kind: str
    """What it is about, as `arrears`."""
    text: str
    """What it says, as a sentence."""
    state: Literal["waiting", "held", "sent", "delivered", "bounced"]
    """waiting or held (it has not left), sent, delivered, or bounced (it did not arrive)."""
    sent_at: str
    """When the message left that says it waits; empty where none has."""
    refs: list[str]
    """Ids that prove it, to be asked `why` about."""


class Notices(Model):
    """The newest fifty, the last first."""

    items: list[NoticeTold]


@router.get("/{person}/money", operation_id="list_person_money")
def list_money(
    _caller: SeesPeople, at: At, person: PersonPath,
    year: Annotated[int, Ge(FIRST_DAY.year), Le(LAST_DAY.year), Query(examples=[2026])], plan: PlanFilter = "",
    month: Annotated[str, Query(pattern=rf"^$|{MONTH}", description="Only of this month of the year.")] = "",
) -> Ways:  # fmt: skip
    """Where a person's money of a year is, plan by plan: owed, taken from pay, sent on, and confirmed by who got it."""
    with at.book() as (session, book):
        with named():
            who = at.whose(session, person).person_id
        found = money_paths(session, who, year)
    meant = [one for one in found if plan in ("", one.plan) and one.when.startswith(month)]
    return Ways(items=[_way(one, book.employer.currency) for one in meant])


@router.get("/{person}/decisions", operation_id="list_person_decisions")
def list_decisions(_caller: SeesPeople, at: At, person: PersonPath, plan: PlanFilter = "") -> Decisions:
    """What was decided on an employee's cover, and what stood in the way."""
    with at.read() as session:
        with named():
            at.whose(session, person)
        found = decisions(session, person, plan)
    return Decisions(items=[Decided.model_validate(one.as_json()) for one in found])


@router.get("/{person}/notices", operation_id="list_person_notices")
def list_notices(_caller: SeesPeople, at: At, person: PersonPath, lang: Literal["en", "de"] = "en") -> Notices:
    """What a person was told before asking: what it said, when it left, and whether it arrived."""
    words = language(lang)
    with at.book() as (session, book):
        with named():
            who = at.whose(session, person).person_id
        found = told(session, book, who)
    return Notices(items=[_notice(one, words) for one in found])


def _way(one: Path, currency: str) -> Way:
    amounts = {"premium": one.premium, "owed": one.owed, "taken": one.taken, "given": one.match, "sent": one.sent,
               "credited": one.credited}  # fmt: skip
    return Way.model_validate(
        {name: format_minor(minor, currency) for name, minor in amounts.items()}
        | {"plan": one.plan, "when": one.when, "where": one.where.value, "unit": currency, "proofs": one.proofs,
           "dispatches": one.dispatches}
    )  # fmt: skip


def _notice(one: Told, words: Language) -> NoticeTold:
    (line,) = one.said.lines
    return NoticeTold.model_validate(
        {"notice": one.notice, "kind": one.kind, "text": words.line(one.said, line), "state": one.state,
         "sent_at": one.sent_at, "refs": list(one.refs)}
    )  # fmt: skip
