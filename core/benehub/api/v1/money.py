"""`/clearing`, `/invoices`, `/deposits`, `/premiums`: what clearing accounts hold and why, what was billed and paid."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from benehub.api.v1.fields import MONTH, At, MonthText, NamePath, PageOf, SeesMoney, SeesMoneyOf, SeesPeople
from benehub.api.v1.models import Model, Page
from benehub.api.v1.paging import no_cursor
from benehub.api.v1.problems import Refused
from benehub.api.v1.route import Route
from benehub.money import format_minor
from benehub.periods import Month
from benehub.views.clearing import clearing
from benehub.views.deposits import Deposit, deposits
from benehub.views.invoice import Line, invoice, sums
from benehub.views.invoices import bills
from benehub.views.unpriced import unpriced

router = APIRouter(prefix="/employers/{employer}", tags=["money"], route_class=Route)


class ClearingItem(Model):
    """One named part of a clearing balance."""

    name: str
    """What it is, as `in flight: premium.remit/carrier/2026-11`."""
    amount: str


class ClearingTold(Model):
    """A clearing account."""

    account: str
    name: str
    balance: str
    """Decimal text in `currency`; a debit is positive, a credit negative."""
    unexplained: str
    """What no item explains: decimal text, zero where the account is in order."""
    currency: str
    items: list[ClearingItem]
    """What the balance is the sum of."""


class ClearingList(Model):
    """The clearing accounts at the end of a month's cycle."""

    items: list[ClearingTold]


class InvoiceTold(Model):
    """The bill of one carrier for one month."""

    connection: str
    month: str
    lines: int
    """How many lines it has."""
    billed: str
    """What it bills for the month: decimal text in `currency`."""
    accrued: str
    """What the ledger accrued for it: decimal text in `currency`."""
    unlinked: int
    """Lines of people who are linked to nobody."""
    currency: str


class InvoiceLine(Model):
    """One member and plan of a bill."""

    member: str
    """Member id; the carrier's own id of somebody who is linked to nobody."""
    plan: str
    billed: str
    """Decimal text in `currency`."""
    accrued: str
    """What the ledger accrued: decimal text in `currency`."""
    currency: str


class UnpricedTold(Model):
    """A cover whose premium cannot be worked out."""

    employee: str
    plan: str
    needs: list[str]
    """The inputs that are not known, by name."""


class DepositTold(Model):
    """A payment that is owed."""

    obligation: str
    kind: str
    """What is paid, as `premium.remit`."""
    connection: str
    plan: str
    period: str
    due: date
    """The last day on which it may be there."""
    send_by: date
    """The last day on which it may leave."""
    amount: str
    """Decimal text in `currency`."""
    currency: str
    sent_at: str
    """Moment (ISO 8601, UTC) at which it left; empty until then."""
    dispatch: str
    """Id of the dispatch that pays it; empty until there is one."""
    standing: Literal["late", "due", "sent", "accepted", "arrived", "refused"]
    """late, due, sent, accepted (the carrier took a premium's file, nobody has confirmed its money), arrived, or
    refused (it was sent and came back)."""
    on_time: bool | None
    """Whether it left in time; null until it has left."""


@router.get("/clearing", operation_id="list_clearing")
def list_clearing(_caller: SeesMoney, at: At, month: MonthText) -> ClearingList:
    """List the clearing accounts with the named items that their balances are the sum of."""
    with at.book() as (session, book):
        found, currency = clearing(session, book, Month.parse(month)), book.employer.currency
    return ClearingList(items=[
        ClearingTold(
            account=one.account, name=one.name, balance=format_minor(one.balance, currency),
            unexplained=format_minor(one.unexplained, currency), currency=currency,
            items=[ClearingItem(name=item.name, amount=format_minor(item.amount, currency)) for item in one.items],
        )
        for one in found
    ])  # fmt: skip


@router.get("/invoices", operation_id="list_invoices")
def list_invoices(_caller: SeesMoney, at: At, page: PageOf) -> Page[InvoiceTold]:
    """List the bills that have come, by month and carrier, the newest month first."""
    before = page.after(str, str)
    with at.book() as (session, book):
        found = bills(session, book, page.limit + 1, None if before is None else (before[0], before[1]))
        currency = book.employer.currency
    return page.page(
        found,
        lambda one: InvoiceTold(
            connection=one.connection, month=one.month, lines=one.lines, billed=format_minor(one.billed, currency),
            accrued=format_minor(one.accrued, currency), unlinked=one.unlinked, currency=currency,
        ),
        lambda one: (one.month, one.connection),
    )  # fmt: skip


@router.get("/invoices/{connection}/{month}", operation_id="walk_invoice")
def walk_invoice(
    _caller: SeesMoneyOf, at: At, page: PageOf, connection: NamePath,
    month: Annotated[str, Path(pattern=MONTH, examples=["2026-11"])],
    which: Annotated[Literal["differ", "all"], Query(description="Lines that differ, or all.")] = "differ",
) -> Page[InvoiceLine]:  # fmt: skip
    """Walk a bill member by member: what was billed beside what the ledger accrued."""
    before = page.after(str, str)
    with at.book() as (session, book):
        currency = book.employer.currency
        rest = invoice(session, book, connection, month, differ=which == "differ", limit=page.limit + 1,
                       after=None if before is None else (before[0], before[1]))  # fmt: skip
        if not rest and not sums(session, book, connection, month).lines:
            raise Refused(404, f"no invoice of {connection} for {month}", "Look at the list of invoices")
        at.seen(session, [one.member for one in rest[: page.limit]])
    return page.page(
        rest,
        lambda one: InvoiceLine(
            member=one.member, plan=one.plan, billed=format_minor(one.billed, currency),
            accrued=format_minor(one.accrued, currency), currency=currency,
        ),
        _place,
    )  # fmt: skip


def _place(line: Line) -> tuple[str, str]:
    return line.member, line.plan


@router.get("/premiums/lacking", operation_id="list_lacking_premiums")
def list_lacking_premiums(_caller: SeesPeople, at: At, page: PageOf, month: MonthText) -> Page[UnpricedTold]:
    """List the covers of a month whose premium cannot be worked out, with what is not known: a run only counts them."""
    after = page.after(str, str)
    with at.book() as (session, book):
        rows = unpriced(session, book, Month.parse(month), (after[0], after[1]) if after else ("", ""), page.limit + 1)
        at.seen(session, [one.person for one in rows[: page.limit]])
    return page.page(
        rows, lambda one: UnpricedTold(employee=one.number, plan=one.plan, needs=list(one.needs)),
        lambda one: (one.person, one.plan),
    )  # fmt: skip


@router.get("/deposits", operation_id="list_deposits")
def list_deposits(_caller: SeesMoney, at: At, page: PageOf, month: MonthText) -> Page[DepositTold]:
    """List the payments due in a month or for it, the earliest deadline first, and whether each left in time."""
    before = page.after(str, int)
    behind = None if before is None else (_day(before[0]), before[1])
    with at.read() as session:
        found = deposits(session, Month.parse(month), page.limit + 1, behind)
    return page.page(found, _deposit, lambda one: (one.due.isoformat(), one.seq))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise no_cursor() from None


def _deposit(one: Deposit) -> DepositTold:
    return DepositTold.model_validate({
        "obligation": one.obligation, "kind": one.kind, "connection": one.connection, "plan": one.plan,
        "period": one.period, "due": one.due, "send_by": one.send_by,
        "amount": format_minor(one.minor, one.currency), "currency": one.currency, "sent_at": one.sent_at,
        "dispatch": one.dispatch, "standing": one.standing, "on_time": one.on_time,
    })  # fmt: skip
