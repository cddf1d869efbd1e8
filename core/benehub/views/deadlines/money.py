"""Deadlines of money that the ledger owes: premiums to carriers, contributions to recordkeepers and custodians."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.deadlines import deposit_deadline, send_by
from benehub.reconcile.unpaid import REMIT, unpaid
from benehub.rules.retirement.deposit_due import match_due
from benehub.store.tables import obligation
from benehub.views.deadlines.deadline import Asked, Deadline
from benehub.views.deadlines.owed import STATES

CONTRIBUTION, ACCOUNT = "contribution.deposit", "account.deposit"


@dataclass(slots=True)
class Owed:
    """What of a pay date has not left, in minor units: all of it, and of that what was withheld from pay."""

    own: int = 0
    all: int = 0


def owed_by_pay_date(rows: Iterable[ledger.Balance]) -> dict[tuple[str, date], Owed]:
    """Plan and pay date -> what is owed, of balances by plan, pay date and money source.

    Whose own money was sent beyond what was withheld of one source is owed another one's all the same.
    """
    found: dict[tuple[str, date], Owed] = {}
    for one in rows:
        plan, day = one.dimensions["plan"], one.dimensions["pay_date"]
        if plan is not None and day is not None:
            owed = found.setdefault((plan, day), Owed())
            owed.all -= one.amount
            owed.own += max(0, -one.amount) if one.account != chart.MATCH_PAYABLE else 0
    return found


def premiums(asked: Asked) -> Iterator[Deadline]:
    """Months of cover of which something has not left: what a carrier has billed, else what was accrued.

    So too a month whose money has left and whose file has not: the carrier cannot tell whom it was paid for.
    """
    due: dict[tuple[str, str], tuple[date, int]] = {}
    for one in unpaid(asked.session, asked.book, asked.live):
        day, worth = due.get((one.carrier, one.month), (one.due, 0))
        due[one.carrier, one.month] = min(day, one.due), worth + one.rest
    for carrier, month, day, worth in _not_told(asked):
        due.setdefault((carrier, month), (day, worth))
    for (carrier, month), (day, worth) in sorted(due.items()):
        last = send_by(asked.book, carrier, day, asked.book.terms(carrier).transit_bank_days)
        if last <= asked.until:
            yield asked.made(
                f"{REMIT}/{carrier}/{month}", REMIT, carrier, day, last, period=month, items=1, worth_minor=worth,
                mend=f"benehub premiums remit {carrier} --period {month}",
            )  # fmt: skip


def _not_told(asked: Asked) -> Iterator[tuple[str, str, date, int]]:
    """Carrier, month, day and worth of the payments whose file was made and has not left."""
    rows = asked.session.rows(
        select(
            obligation.c.connection_id, obligation.c.period, func.min(obligation.c.due_date).label("due"),
            func.sum(obligation.c.worth_minor).label("worth"),
        )
        .where(
            *asked.session.where(obligation, kind=REMIT), obligation.c.state.in_(STATES),
            obligation.c.connection_id.in_(sorted(asked.live)), obligation.c.due_date.is_not(None),
        )
        .group_by(obligation.c.connection_id, obligation.c.period)
    )  # fmt: skip
    return ((row.connection_id, row.period, row.due, int(row.worth)) for row in rows)


def deposits(asked: Asked) -> Iterator[Deadline]:
    """Pay dates whose contributions were withheld or granted, and have not been sent on."""
    plans = {plan.id: plan for plan in asked.book.plans}
    accounts = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.ACCOUNT_PAYABLE, chart.LOAN_PAYABLE)
    rows = ledger.balances(asked.session, accounts, by=("plan", "pay_date", "money_source"))
    kept = {key: owed for key, owed in owed_by_pay_date(rows).items() if key[0] in plans}
    for (plan_id, day), owed in sorted(kept.items()):
        found = _deposit(asked, plans[plan_id], day, owed) if owed.all > 0 else None
        if found is not None and found.send_by <= asked.until:
            yield found


def _deposit(asked: Asked, plan: Plan, day: date, owed: Owed) -> Deadline | None:
    connection = plan.custodian if plan.is_account else plan.recordkeeper
    if connection is None or connection not in asked.live or plan.computed is not None:
        return None
    when = deposit_deadline(asked.book, plan, day).required()
    more = {"outer_limit": when.outer_limit}
    if when.safe_harbor is not None:
        more["safe_harbor"] = when.safe_harbor
    due = deposit_due(asked.book, plan, day, owed.own > 0)
    command = f"accounts deposit -c {connection}" if plan.is_account else f"retirement deposit --plan {plan.id}"
    return asked.made(
        f"{ACCOUNT if plan.is_account else CONTRIBUTION}/{plan.id}/{day}",
        ACCOUNT if plan.is_account else CONTRIBUTION, connection, due, send_by(asked.book, connection, due, 0),
        period=str(Month.of(day)), plan=plan.id, items=1, worth_minor=owed.all,
        own_minor=min(owed.own, owed.all), more=more, mend=f"benehub {command} --pay-date {day}",
    )  # fmt: skip


def deposit_due(book: PlanBook, plan: Plan, day: date, own: bool) -> date:
    """By when the contributions of a pay date have to be there; `own`: something of them was withheld from pay.

    The employer's match alone is due with his tax return; the year is taken to be the calendar's.
    """
    return deposit_deadline(book, plan, day).required().due if own else match_due(date(day.year, 12, 31), 4, False)
