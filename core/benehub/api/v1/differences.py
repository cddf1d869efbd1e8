"""`/differences`: what does not agree, its chain, and a person's word on it. `/suppressions`: what is set aside."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from benehub import reconcile
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import (
    MONTH,
    At,
    EmployeeFilter,
    Filter,
    Once,
    PageOf,
    SeesMoney,
    SeesMoneyOf,
    WorksDifferences,
    id_path,
    one_of,
)
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import Office
from benehub.api.v1.problems import Refused, named
from benehub.api.v1.route import Route
from benehub.flows import reconciling
from benehub.hours import is_leave
from benehub.reconcile import Relation, Suppression, Type
from benehub.reconcile.suppression import parse_up_to
from benehub.views import differences as view
from benehub.views.amounts import amount
from benehub.views.today import LEGS
from benehub.views.why import why
from benehub.views.worklist import Filters

router = APIRouter(prefix="/employers/{employer}", tags=["differences"], route_class=Route)

DifferencePath = Annotated[str, id_path("dif")]
State = Literal["pending", "discrepancy", "resolved", "replaced", "dismissed", "suppressed"]
Step = Literal["acknowledged", "waiting_on_partner", "waiting_on_payroll", "waiting_on_carrier",
               "waiting_on_employee", "fix_proposed"]  # fmt: skip
NOBODY = "none"
"""Asked of what nobody has begun, or was given."""


def _amount(told: str) -> object:
    """An amount that is asked for."""
    return Query(pattern=r"^$|^[0-9]{1,12}(\.[0-9]{1,2})?$", description=told, examples=["250.00"])


Note = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S", examples=["billed again next month"])]


class DifferenceTold(Model):
    """Two systems that do not agree."""

    difference: str
    relation: Relation
    type: Type
    """What kind of difference it is."""
    period: str
    employee: str
    """Employee number; empty where the vendor's row is linked to nobody."""
    plan: str
    reference: str
    """What tells it from others of its type."""
    side: str
    """Where it is wrong."""
    severity: Literal["high", "medium", "low"]
    owner: str
    """Who moves next."""
    cause: str
    action: str
    """What to do next."""
    expected: str | None
    actual: str | None
    at_stake: str
    unit: str
    clear_by: date | None
    """Until then it is pending: it may clear by itself."""
    state: State
    """pending (it may clear by itself), discrepancy, resolved, replaced, dismissed or suppressed."""
    work_step: str
    assigned_to: str
    """The user who works it; empty for nobody."""
    assigned_at: str | None
    times_seen: int
    first_seen: str
    last_seen: str
    first_seq: int


class Happened(Model):
    """What was done about it."""

    at: str
    who: str
    state: str
    """The state that it then had."""
    work_step: str
    note: str
    assigned_to: str | None
    """To whom it was given by this; empty for nobody, null where that was not spoken of."""


class DifferenceDetail(DifferenceTold):
    """A difference with its history and its chain."""

    history: list[Happened]
    chain: list[dict[str, Any]]
    """The answers to `why` of the entries that settled it."""
    proposed_entries: list[str]
    """While it is open: the ledger entries that would be linked if it were resolved and none were named."""


class Assigned(Model):
    """Whose it is, or whose turn it is."""

    to: str | None = Field(default=None, max_length=254, examples=["ann@acme.example"])
    """Id or email address of the user who is to work it; empty for nobody. As it is when left out."""
    step: Step | None = None
    """Where the work on it stands; as it is when left out."""
    note: str = Field(default="", max_length=2000)
    """What was done or asked."""


class Resolved(Model):
    """How it was settled."""

    note: Note
    entries: list[Annotated[str, Field(pattern=r"^ent_[a-z2-7]{24}$")]] = Field(default=[], max_length=50)
    """Ledger entries that settle it; where none is named, those proposed are linked. None is needed where nothing is at
    stake, and else one has to be named or proposed."""


class Dismissed(Model):
    """Why it is none."""

    note: Note


class OpenedAgain(Model):
    """Why it is one after all."""

    note: Note


class Rule(Model):
    """Which differences are to be set aside until a day."""

    relation: Relation
    type: Type
    """Only of this type."""
    plan: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    """Only of this plan; of all when left out."""
    up_to: str | None = Field(default=None, pattern=r"^[0-9]{1,12}(\.[0-9]{1,2})?$", examples=["0.02"])
    """Only up to this amount: money, or hours where such differences are hours of leave; any when left out."""
    ends: date = Field(examples=["2026-12-31"])
    """Last day of the rule; a year ahead at most."""
    note: Note


class RuleTold(Model):
    """A rule that sets differences aside."""

    suppression: str
    relation: str
    type: str
    """The type that is set aside."""
    plan: str | None
    up_to: str | None
    """Amount up to which it is set aside: decimal text; null for any."""
    unit: str
    """In what the amount is: a currency, or hours."""
    ends: date
    """Last day of the rule."""
    who: str
    note: str
    made_at: str
    lifted_at: str | None


class Rules(Model):
    """Every rule there was, the newest first."""

    items: list[RuleTold]


def chosen(
    at: At,
    relation: Annotated[Relation | None, Query(description="Only of this pair of systems.")] = None,
    type: Annotated[Type | None, Query(description="Only of this type.")] = None,
    period: Annotated[str, Query(pattern=rf"^$|{MONTH}", description="Only of this month.")] = "",
    until: Annotated[str, Query(
        pattern=rf"^$|{MONTH}",
        description="Only of this month and those before, and what is so now: what its closing looks at.",
    )] = "",
    leg: Annotated[str, Query(pattern=rf"^$|{one_of(LEGS)}", description="Only of this leg of a month.")] = "",
    plan: Filter = "", owner: Filter = "", severity: Filter = "",
    work_step: Annotated[str, Query(
        pattern=rf"^$|{one_of((NOBODY, *filter(None, reconcile.STEPS), reconcile.TOLERATED))}",
        description="Only where the work stands so; `none` where nobody has begun.",
    )] = "",
    assigned_to: Annotated[str, Query(
        max_length=40, description="Only of this user, by id; `me` for yours, `none` for nobody's."
    )] = "",
    at_least: Annotated[str, _amount("At stake at least so much, in the employer's currency.")] = "",
    at_most: Annotated[str, _amount("At stake at most so much, in the employer's currency.")] = "",
    days: Annotated[int | None, Query(ge=0, le=9999, description="Found first so many days ago, or earlier.")] = None,
    text: Annotated[str, Query(
        max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$", description="Part of the cause, the action or the reference."
    )] = "",
) -> Filters:  # fmt: skip
    """Which differences are asked for."""
    return Filters(
        leg=leg, relation=relation or "", type=type or "", severity=severity, owner=owner, step=work_step,
        assigned=at.caller.user if assigned_to == "me" else assigned_to, plan=plan, period=period, until=until,
        days="" if days is None else str(days), least=at_least, most=at_most, text=text,
    )  # fmt: skip


@router.get("/differences", operation_id="list_differences")
def list_differences(
    _caller: SeesMoneyOf, at: At, page: PageOf, filters: Annotated[Filters, Depends(chosen)],
    state: Annotated[list[State] | None, Query(description="In these states; the open ones when left out.")] = None,
    employee: EmployeeFilter = "",
) -> Page[DifferenceTold]:  # fmt: skip
    """List differences in the order in which they were found first."""
    after = page.after(int, str)
    with at.book() as (session, book):
        rows = view.listed(
            session, filters, book.employer.currency, state or reconcile.OPEN, page.limit + 1,
            (after[0], after[1]) if after else None, employee,
        )  # fmt: skip
        at.seen(session, [row["employee"] for row in rows[: page.limit]])
    return page.page(rows, DifferenceTold.model_validate, lambda row: (row["first_seq"], row["difference"]))


@router.get("/differences/{difference}", operation_id="get_difference")
def get_difference(_caller: SeesMoneyOf, at: At, difference: DifferencePath, response: Response) -> DifferenceDetail:
    """One difference with its history and its chain; its ETag is what an edit names."""
    return _shown(at, difference, response)


@router.post("/differences/{difference}/assign", operation_id="assign_difference")
def assign_difference(
    _caller: WorksDifferences, at: At, claim: Once, difference: DifferencePath, body: Assigned, if_match: IfMatch,
    response: Response,
) -> DifferenceDetail:  # fmt: skip
    """Give it to somebody, or note where the work on it stands."""
    if body.to is None and body.step is None and not body.note.strip():
        raise Refused(422, "nothing was said", "Send `to`, `step` or `note`")
    return _act(at, difference, if_match, response, to=body.to, step=body.step or "", note=body.note)


@router.post("/differences/{difference}/resolve", operation_id="resolve_difference")
def resolve_difference(
    _caller: WorksDifferences, at: At, claim: Once, difference: DifferencePath, body: Resolved, if_match: IfMatch,
    response: Response,
) -> DifferenceDetail:  # fmt: skip
    """Say that it is settled, and how; it opens again if a comparison still finds it later."""
    return _act(at, difference, if_match, response, state="resolved", note=body.note, entries=body.entries)


@router.post("/differences/{difference}/dismiss", operation_id="dismiss_difference")
def dismiss_difference(
    _caller: WorksDifferences, at: At, claim: Once, difference: DifferencePath, body: Dismissed, if_match: IfMatch,
    response: Response,
) -> DifferenceDetail:  # fmt: skip
    """Say that it is none, and why; it stays dismissed when it is seen again with the same amount."""
    return _act(at, difference, if_match, response, state="dismissed", note=body.note)


@router.post("/differences/{difference}/reopen", operation_id="reopen_difference")
def reopen_difference(
    _caller: WorksDifferences, at: At, claim: Once, difference: DifferencePath, body: OpenedAgain, if_match: IfMatch,
    response: Response,
) -> DifferenceDetail:  # fmt: skip
    """Take a dismissal back, and say why: it is open again, and the ledger entry of its dismissal is reversed."""
    return _act(at, difference, if_match, response, state=reconcile.REOPENED, note=body.note)


@router.get("/suppressions", operation_id="list_suppressions")
def list_suppressions(_caller: SeesMoney, at: At) -> Rules:
    """List the rules that set differences aside."""
    with at.book() as (session, book):
        return Rules(items=[_rule(one, book.employer.currency) for one in reconcile.suppressions(session)])


@router.post("/suppressions", operation_id="add_suppression", status_code=201)
def add_suppression(_caller: WorksDifferences, at: At, claim: Once, body: Rule) -> RuleTold:
    """Set such differences aside until a day, from the next comparison on; they stay listed, as suppressed."""
    with at.book() as (_session, book):
        limit = parse_up_to(body.up_to or "", body.relation, body.type, book.employer.currency)
    made = reconciling.set_aside(
        at.hub, at.employer, body.relation, body.type, body.plan, limit, body.ends, at.caller.user, body.note
    )
    return _found(at, made)


@router.post("/suppressions/{suppression}/lift", operation_id="lift_suppression")
def lift_suppression(
    _caller: WorksDifferences, at: At, claim: Once, suppression: Annotated[str, id_path("sup")]
) -> RuleTold:
    """End a rule now; the next comparison brings back what it set aside."""
    _found(at, suppression)
    reconciling.lift(at.hub, at.employer, suppression)
    return _found(at, suppression)


def _act(at: Office, difference: str, if_match: str, response: Response, **what: Any) -> DifferenceDetail:
    with at.read() as session, named():
        view.one(session, difference)
    reconciling.act(at.hub, at.employer, difference, at.caller.user, expected=expected(if_match), **what)
    return _shown(at, difference, response)


def _shown(at: Office, difference: str, response: Response) -> DifferenceDetail:
    with at.read() as session:
        with named():
            found = view.one(session, difference)
        at.seen(session, [found["employee"]])
        tagged(response, reconcile.version_of(session, reconcile.get(session, difference)))
        answer = why(session, difference)
    entries = answer.data.get("may_be_settled_by", [])
    chain = [one.as_json() for one in answer.behind]
    return DifferenceDetail.model_validate(
        found
        | {
            "history": answer.data["history"],
            "chain": chain,
            "proposed_entries": [] if isinstance(entries, str) else entries,
        }
    )


def _found(at: Office, suppression: str) -> RuleTold:
    with at.book() as (session, book):
        found = [one for one in reconcile.suppressions(session) if one.suppression_id == suppression]
        if not found:
            raise Refused(404, f"no suppression {suppression}", "List the suppressions")
        return _rule(found[0], book.employer.currency)


def _rule(one: Suppression, currency: str) -> RuleTold:
    return RuleTold(
        suppression=one.suppression_id, relation=one.relation, type=one.type, plan=one.plan,
        up_to=None if one.up_to is None else amount(one.up_to, one.unit(currency)),
        unit="hours" if is_leave(one.unit(currency)) else currency, ends=one.ends, who=one.who, note=one.note,
        made_at=one.made_at, lifted_at=one.lifted_at,
    )  # fmt: skip
