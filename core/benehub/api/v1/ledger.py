"""`/ledger`: balances and journal, as of a day and as known then."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from benehub import ledger as room
from benehub.api.trail import named_in
from benehub.api.v1.fields import MONTH, At, Day, EmployeeFilter, Filter, KnownAt, PageOf, SeesMoneyOf, one_of
from benehub.api.v1.models import Model, Page
from benehub.api.v1.route import Route
from benehub.ledger import CHART
from benehub.views.amounts import amount
from benehub.views.journal import journal
from benehub.views.known import known_at as number_of
from benehub.views.persons import find_person

router = APIRouter(prefix="/employers/{employer}/ledger", tags=["ledger"], route_class=Route)

Account = Annotated[str, StringConstraints(pattern=one_of(CHART))]
Accounts = Annotated[list[Account] | None, Query(description="Only these accounts.")]
By = Literal["plan", "money_source", "coverage_month", "pay_date"]


class BalanceLine(Model):
    """What an account holds; a debit is positive, a credit negative."""

    account: str
    name: str
    balance: str
    """Decimal text in `unit`; a debit is positive, a credit negative."""
    unit: str
    """Currency, or the leave policy (MIN:policy) of an amount in hours."""
    by: dict[str, str | None]
    """The values of the dimensions that were asked for."""


class Balances(Model):
    """Every balance that is not zero."""

    known_at: int
    """Number of the recorded order up to which entries count: asked again with it, the answer is the same for ever."""
    items: list[BalanceLine]


class Leg(Model):
    """One leg of an entry."""

    account: str
    amount: str
    unit: str
    employee: str
    plan: str | None
    source: str | None
    """Whose money it is, as `employee`, or which source of a retirement plan; null where it is about none."""
    coverage_month: str | None
    pay_date: date | None
    batch: str | None


class EntryTold(Model):
    """A ledger entry."""

    entry: str
    seq: int
    """Its number in the recorded order."""
    recorded_at: str
    type: str
    """What it records, as `premium.accrued`."""
    status: Literal["pending", "posted", "void"]
    """pending, posted, or void."""
    effective_date: date
    source: str
    """What made it: a dispatch, a batch, a flow, or a reason in words."""
    legs: list[Leg]
    """Its legs; they sum to zero for each unit."""


@router.get("/balances", operation_id="list_balances")
def list_balances(
    _caller: SeesMoneyOf, at: At, account: Accounts = None,
    by: Annotated[list[By] | None, Query(description="Group by these, too.")] = None,
    effective: Annotated[Day | None, Query(description="Only what is effective on this day or earlier.")] = None,
    employee: EmployeeFilter = "", known_at: KnownAt = "",
) -> Balances:  # fmt: skip
    """What the accounts hold."""
    groups = list(dict.fromkeys(by or ()))
    with at.read() as session:
        known = number_of(session, known_at)
        then = session.latest_seq() if known is None else known
        whose = {"person_id": find_person(session, employee).person_id} if employee else {}
        found = room.balances(session, account or (), groups, effective, then, **whose)
        at.seen(session, whose.values())
    return Balances(
        known_at=then,
        items=[
            BalanceLine(
                account=one.account, name=CHART[one.account].name, balance=amount(one.amount, one.unit), unit=one.unit,
                by={name: None if value is None else str(value) for name, value in one.dimensions.items()},
            )
            for one in found
        ],
    )  # fmt: skip


@router.get("/journal", operation_id="list_entries")
def list_entries(
    _caller: SeesMoneyOf, at: At, page: PageOf, account: Accounts = None, employee: EmployeeFilter = "",
    plan: Filter = "", known_at: KnownAt = "",
    month: Annotated[str, Query(pattern=rf"^$|{MONTH}", description="Only legs of this coverage month.")] = "",
) -> Page[EntryTold]:  # fmt: skip
    """List entries with a leg that matches all that is given, newest first, with all their legs."""
    before = page.after(int)
    with at.read() as session:
        rows = journal(
            session, account or (), employee, plan, month, page.limit + 1, before[0] if before else None,
            number_of(session, known_at),
        )  # fmt: skip
        at.seen(session, named_in(rows[: page.limit]))
    return page.page(rows, EntryTold.model_validate, lambda row: (row["seq"],))
