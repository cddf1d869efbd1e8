"""Deadlines of money that the ledger owes: premiums to carriers, contributions to recordkeepers and custodians."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import Plan
from benehub.planbook.deadlines import deposit_deadline, send_by
from benehub.rules.retirement.deposit_due import match_due
from benehub.store.tables import confirmation, obligation
from benehub.views.deadlines.deadline import Asked, Deadline

REMIT, CONTRIBUTION, ACCOUNT = "premium.remit", "contribution.deposit", "account.deposit"


@dataclass(slots=True)
class _Owed:
    own: int = 0
    all: int = 0


def premiums(asked: Asked) -> Iterator[Deadline]:
    """Months of cover that a carrier has billed, or that were accrued, and for which no payment has left."""
    billed, accrued, paid = _billed(asked), _accrued(asked), _paid(asked)
    for carrier, month in sorted({*billed, *accrued}):
        if carrier not in asked.live or (carrier, month) in paid:
            continue
        terms, when = asked.book.terms(carrier), Month.parse(month)
        due, amount = billed.get((carrier, month), (date(when.year, when.month, terms.premium_due_day), 0))
        worth = amount if (carrier, month) in billed else accrued[carrier, month]
        last = send_by(asked.book, carrier, due, terms.transit_bank_days)
        if worth > 0 and last <= asked.until:
            yield asked.made(
                f"{REMIT}/{carrier}/{month}", REMIT, carrier, due, last, period=month, items=1, worth_minor=worth,
                mend=f"benehub premiums remit {carrier} --period {month}",
            )  # fmt: skip


def _billed(asked: Asked) -> dict[tuple[str, str], tuple[date, int]]:
    """Carrier and month -> when its bill is due, and what it says."""
    rows = asked.session.rows(
        select(
            confirmation.c.connection_id, confirmation.c.coverage_month,
            func.min(confirmation.c.on_date).label("due"), func.sum(confirmation.c.amount).label("amount"),
        )
        .where(*asked.session.where(confirmation, kind="invoice_line", current=1), confirmation.c.coverage_month != "")
        .group_by(confirmation.c.connection_id, confirmation.c.coverage_month)
    )  # fmt: skip
    return {(row.connection_id, row.coverage_month): (row.due, int(row.amount)) for row in rows if row.due is not None}


def _accrued(asked: Asked) -> dict[tuple[str, str], int]:
    """Carrier and month -> what the ledger owes for it."""
    carriers = {plan.id: plan.carrier for plan in asked.book.insurance_plans() if plan.carrier}
    found: dict[tuple[str, str], int] = {}
    for one in ledger.balances(asked.session, [chart.PREMIUM_PAYABLE], by=("plan", "coverage_month")):
        carrier, month = carriers.get(one.dimensions["plan"]), one.dimensions["coverage_month"]
        if carrier is not None and month is not None:
            found[carrier, month] = found.get((carrier, month), 0) - one.amount
    return found


def _paid(asked: Asked) -> set[tuple[str, str]]:
    """Carriers and months whose payment has left."""
    rows = asked.session.rows(
        select(obligation.c.connection_id, obligation.c.period).where(
            *asked.session.where(obligation, kind=REMIT), obligation.c.state.in_(("sent", "confirmed"))
        )
    )
    return {(row.connection_id, row.period) for row in rows}


def deposits(asked: Asked) -> Iterator[Deadline]:
    """Pay dates whose contributions were withheld or granted, and have not been sent on."""
    plans = {plan.id: plan for plan in asked.book.plans}
    kept: dict[tuple[str, date], _Owed] = {}
    accounts = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.ACCOUNT_PAYABLE, chart.LOAN_PAYABLE)
    for one in ledger.balances(asked.session, accounts, by=("plan", "pay_date", "money_source")):
        plan, day = one.dimensions["plan"], one.dimensions["pay_date"]
        if plan in plans and day is not None:
            owed = kept.setdefault((plan, day), _Owed())
            owed.all -= one.amount
            owed.own -= one.amount if one.account != chart.MATCH_PAYABLE else 0
    for (plan_id, day), owed in sorted(kept.items()):
        found = _deposit(asked, plans[plan_id], day, owed) if owed.all > 0 else None
        if found is not None and found.send_by <= asked.until:
            yield found


def _deposit(asked: Asked, plan: Plan, day: date, owed: _Owed) -> Deadline | None:
    connection = plan.custodian if plan.is_account else plan.recordkeeper
    if connection is None or connection not in asked.live or plan.computed is not None:
        return None
    when = deposit_deadline(asked.book, plan, day).required()
    more = {"outer_limit": when.outer_limit}
    if when.safe_harbor is not None:
        more["safe_harbor"] = when.safe_harbor
    # The employer's match alone is due with his tax return; the year is taken to be the calendar's.
    due = when.due if owed.own > 0 else match_due(date(day.year, 12, 31), 4, False)
    command = f"accounts deposit -c {connection}" if plan.is_account else f"retirement deposit --plan {plan.id}"
    return asked.made(
        f"{ACCOUNT if plan.is_account else CONTRIBUTION}/{plan.id}/{day}",
        ACCOUNT if plan.is_account else CONTRIBUTION, connection, due, send_by(asked.book, connection, due, 0),
        period=str(Month.of(day)), plan=plan.id, items=1, worth_minor=owed.all, own_minor=max(0, owed.own), more=more,
        mend=f"benehub {command} --pay-date {day}",
    )  # fmt: skip
