"""`/periods`: whether a month is reconciled, signing it off, and the reports of signed months."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from benehub.api.v1.fields import MONTH, At, Closes, Once, SeesMoney
from benehub.api.v1.models import Model
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.flows import closing as flow
from benehub.periods import Month
from benehub.views.closing import checklist, silent
from benehub.views.signed import signed, signed_report

router = APIRouter(prefix="/employers/{employer}/periods", tags=["periods"], route_class=Route)

MonthPath = Annotated[str, Path(pattern=MONTH, examples=["2026-11"])]


class ConditionTold(Model):
    """One thing that must hold before a month is signed off."""

    name: str
    holds: bool
    """Whether nothing is in its way."""
    count: int
    """How many things are in its way."""
    found: list[str]
    """The first of them, each with its id."""
    mend: str


class SilentTold(Model):
    """Somebody of whom nothing of the month was read, so that nothing was compared with him."""

    relation: str
    connection: str


class Checklist(Model):
    """Whether a month can be signed off."""

    period: str
    holds: bool
    """Whether every condition does."""
    items: list[ConditionTold]
    """In the order in which one works them."""
    silent: list[SilentTold]
    """With whom nothing was compared; it is in nobody's way, and stands in the report."""


class SignedTold(Model):
    """A month that is signed off."""

    closing: str
    period: str
    who: str
    closed_at: str
    recorded_order: int
    """What was recorded up to this number is in its books."""
    head: str
    """The ledger's chain as it then ended."""
    digest: str
    """Of the report: SHA-256."""


class Signed(Model):
    """The signed months, the newest first."""

    items: list[SignedTold]


class Sure(Model):
    """The signature."""

    sure: Literal[True]
    """That it is meant: the month is signed for ever, and what comes later is a correction."""
    note: str = Field(default="", max_length=2000)
    """What the reader of the report should know."""


class Closed(Model):
    """What was signed."""

    closing: str
    period: str
    digest: str
    """Of the report: SHA-256."""
    open_items: int
    """Differences that are not due yet, or of the month and set aside by a rule, carried over."""


class Report(Model):
    """The report of a month as it was signed; amounts are decimal text, no person is named."""

    closing: str
    digest: str
    """Of the report as it was signed: SHA-256, looked at again now."""
    employer: dict[str, str]
    """Id, name and currency of the employer."""
    period: str
    closed_at: str
    who: str
    note: str
    plan_book: str
    """Version of the plan book that was in force."""
    recorded_order: int
    chain_head: str
    """The ledger's chain as it then ended."""
    conditions: list[str]
    """What held."""
    silent: list[SilentTold] = Field(default=[])
    """With whom nothing was compared; reports that were signed earlier do not say."""
    accounts: list[dict[str, Any]]
    """Totals by account: opening, debit, credit, closing."""
    clearing: list[dict[str, Any]]
    """What the clearing accounts held, item by item."""
    corrections: list[dict[str, Any]]
    """Of months that were signed before, by month and kind."""
    open_items: list[dict[str, Any]]
    """Differences that were not due yet, or of the month and set aside by a rule: their age, and either's last day."""
    rules: list[dict[str, Any]] = Field(default=[])
    """What each rule set aside of the month and all before: how many and how much; earlier reports do not say."""
    differences: list[dict[str, Any]]
    """How many of the month stood in which state, by relation."""
    custody: list[dict[str, Any]]
    """Rows read in the month, by connection and stream, and what became of them."""


@router.get("", operation_id="list_periods")
def list_periods(_caller: SeesMoney, at: At) -> Signed:
    """List the months that are signed off, the newest first."""
    with at.read() as session:
        return Signed(items=[SignedTold.model_validate(one) for one in signed(session)])


@router.get("/{month}", operation_id="get_period")
def get_period(_caller: SeesMoney, at: At, month: MonthPath) -> Report:
    """The report of a month as it was signed, proven by its digest."""
    with at.read() as session, named():
        return Report.model_validate(signed_report(session, Month.parse(month)))


@router.get("/{month}/check", operation_id="check_period")
def check_period(_caller: SeesMoney, at: At, month: MonthPath) -> Checklist:
    """What a month still lacks before it can be signed, looked at now; the proof of the ledger is among it."""
    with at.book() as (session, book):
        found, quiet = checklist(session, book, Month.parse(month)), silent(session, Month.parse(month))
    items = [ConditionTold.model_validate(one.as_json()) for one in found]
    told = [SilentTold.model_validate(one) for one in quiet]
    return Checklist(period=month, holds=all(one.holds for one in found), items=items, silent=told)


@router.post("/{month}/close", operation_id="close_period", status_code=201)
def close_period(_caller: Closes, at: At, claim: Once, month: MonthPath, body: Sure) -> Closed:
    """Sign a month off; 409 names each condition that does not hold."""
    done = flow.close(at.hub, at.employer, Month.parse(month), flow.signs(at.caller), body.note)
    return Closed(period=month, **done)
