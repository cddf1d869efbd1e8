"""Money of clearing accounts that waits for its day: premium to be billed or paid, contributions to be deposited.

Each item says by when it has to be gone. Past that day it is no explanation any more: then an open difference names it
(`PREMIUM_AT_RISK`, `WITHHELD_NOT_DEPOSITED`), or it is money that nobody explains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import carriers, credits
from benehub.reconcile.billed import DISPUTED
from benehub.reconcile.differences import OPEN as REPORTED
from benehub.reconcile.findings import Type
from benehub.reconcile.given_up import AT_RISK, NO_MONEY
from benehub.reconcile.payable import billed_months, held_by_plan, is_tolerated, posted_out, still_dismissed
from benehub.reconcile.premium import first_month
from benehub.reconcile.unpaid import Of, Unpaid, overpaid, unpaid
from benehub.store import Session
from benehub.store.tables import difference
from benehub.views.deadlines.money import deposit_due, owed_by_pay_date

OPEN = ("pending", "discrepancy", "suppressed")
"""States in which a difference leaves its money where it is: one that a rule sets aside is named, too."""
DEPOSITS = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.LOAN_PAYABLE)
"""What is owed to recordkeepers."""


@dataclass(frozen=True, slots=True)
class Item:
    """One named part of a clearing balance, in minor units (debit positive), and by when it has to be gone."""

    name: str
    amount: int
    clear_by: date | None = None


@dataclass(frozen=True, slots=True)
class _Wait:
    """By when a month's premium has to be paid or billed, and whether that explains it today."""

    until: date
    holds: bool


def named() -> ColumnElement[bool]:
    """Differences whose money is there: open ones, those a rule sets aside, and dismissed ones that are found still.

    A dismissed or tolerated one that is posted out of its account leaves none (`reconcile.given_up`, `.tolerance`).
    """
    return or_(difference.c.state.in_(OPEN), or_(still_dismissed(), is_tolerated()) & ~posted_out())


def premiums(session: Session, book: PlanBook, month: Month) -> list[Item]:
    """What is owed to carriers beside the differences: to be paid or billed, paid beyond its bills, and in dispute."""
    names = carriers.to_pay(session, book, month)
    rest = unpaid(session, book, names, month)
    told, today = _at_risk(session, month), session.today()
    waits = _waits(rest, told, today)
    whole = {(one.carrier, one.month) for one in rest if not one.reference}
    found = list(_by_bills(session, book, month, waits, whole))
    for one in rest:
        if not one.reference and _holds(one, told, today):
            name = f"accrued for {one.month}, to be billed by {one.carrier}"
            if book.terms(one.carrier).pay_policy == "pay_as_enrolled":
                name = f"accrued for {one.month}, to be paid to {one.carrier}"
            found.append(Item(name, -one.rest, one.due))
    over = overpaid(session, book, names, month)
    billed = billed_months(session, sorted({of[1] for of in over}))
    for of, amount in sorted(over.items()):
        if of not in billed:  # of a month with a bill it is the bill that says what is too much
            name = f"paid to {of[0]} for {of[1]} beyond what is accrued, to be taken from the next payment"
            found.append(Item(name, amount))
    return found


def _at_risk(session: Session, month: Month) -> set[tuple[str, str]]:
    """Months of cover and references of what a difference says was not paid in time; a dismissed one says so, too."""
    rows = session.rows(
        select(difference.c.period, difference.c.reference).where(
            *session.where(difference, relation="premium", type=AT_RISK),
            difference.c.period <= str(month), named(),
        )
    )  # fmt: skip
    return {(row.period, row.reference) for row in rows}


def _holds(one: Unpaid, told: Collection[tuple[str, str]], today: date) -> bool:
    """Whether it waits for its day, or an open difference names it.

    Past its due day a month without a bill is one whose bill was not read: it is signed by nobody unawares.
    """
    return today < one.due or (one.month, f"{one.carrier}/{one.reference or '-'}") in told


def _waits(rest: Iterable[Unpaid], told: Collection[tuple[str, str]], today: date) -> dict[Of, _Wait]:
    """Carrier and month -> by when; it holds until then, and after it where an open difference says so."""
    found = dict[Of, _Wait]()
    for one in rest:
        until, holds = one.due, _holds(one, told, today)
        before = found.get((one.carrier, one.month))
        if before is not None:
            until, holds = min(until, before.until), holds and before.holds
        found[one.carrier, one.month] = _Wait(until, holds)
    return found


def _by_bills(
    session: Session, book: PlanBook, month: Month, waits: dict[Of, _Wait], whole: set[Of]
) -> Iterator[Item]:  # fmt: skip
    """Where another amount was paid than is billed by now, and what was not paid yet.

    Of a month in `whole` all that is accrued waits for its bill or its payment, whatever was paid of it. A payment is
    held against a bill only in months of which there is one.
    """
    disputed, owed_back = _disputed(session, book, month)
    beyond, dispute, owed = defaultdict[str, int](int), defaultdict[str, int](int), defaultdict[Of, int](int)
    otherwise = credits.paid_otherwise(session, book, month, first_month(session))
    whose = carriers.of_keys(session, book, [(one.person_id, one.plan, one.month) for one in otherwise])
    billed = billed_months(session, sorted({one.month for one in otherwise}))
    for one in otherwise:
        key = (one.person_id, one.plan, one.month)
        carrier = one.carrier or whose.get(key)
        if carrier is None or (carrier, one.month) not in billed or (not one.billed and (carrier, one.month) in whole):
            continue
        if one.amount > 0 and (carrier, *key) in owed_back:
            continue  # the difference names all of what was paid
        policy = book.terms(carrier).pay_policy
        if one.amount > 0 and policy != "pay_as_enrolled":
            beyond[carrier] += one.amount
            continue
        # Below zero: billed and not paid. Of it only what the bill says too much is in dispute, the rest is to be paid.
        in_dispute = disputed[carrier, *key]
        part = max(one.amount, min(0, -in_dispute)) if one.amount < 0 else min(one.amount, max(0, -in_dispute))
        dispute[carrier] += part
        if one.billed:
            owed[carrier, one.month] += one.amount - part
    for carrier, amount in sorted(beyond.items()):
        yield Item(f"paid to {carrier} beyond its bills, to be taken from the next payment", amount)
    for carrier, amount in sorted(dispute.items()):
        yield Item(f"in dispute with {carrier}, not paid as billed", amount)
    for of, amount in sorted(owed.items()):
        wait = waits.get(of)
        # What has left and is not posted yet, or is set off against what was paid too much, waits for no day.
        if wait is None or wait.holds:
            yield Item(f"billed by {of[0]} for {of[1]}, to be paid", amount, None if wait is None else wait.until)


_ByCarrier = tuple[str, str | None, str, str]
"""Carrier, person, plan and month of cover."""


def _disputed(
    session: Session, book: PlanBook, month: Month
) -> tuple[defaultdict[_ByCarrier, int], set[_ByCarrier]]:  # fmt: skip
    """What a bill says too much (below zero: too little) and is not paid for; and what a carrier does not insure.

    Of a carrier that is paid short it is what no person or rule has accepted; one that is paid as billed has none.
    """
    rows = session.rows(
        select(difference, named().label("is_there")).where(
            *session.where(difference, relation="premium"), difference.c.period <= str(month),
            difference.c.type.not_in(NO_MONEY), or_(named(), still_dismissed()),
        )
    )  # fmt: skip
    gaps = held_by_plan(session, book, [row for row in rows if row.is_there])
    found, others = defaultdict[_ByCarrier, int](int), set[_ByCarrier]()
    for row in rows:
        carrier, _ = carriers.told_by(book, row)
        policy, plan = book.terms(carrier).pay_policy, book.find(row.plan)
        short = policy == "short_pay" and row.state in REPORTED and row.type in DISPUTED
        if row.is_there and (policy == "pay_as_enrolled" or short):
            for name, gap in gaps[row.difference_id].items():
                if name is not None:
                    found[carrier, row.person_id, name, row.period] -= gap
        # Posted out or not: what was paid of it is named by it, or is nobody's claim any more.
        if row.type == Type.BILLED_NOT_ENROLLED and plan is not None and plan.carrier not in (None, carrier):
            others.add((carrier, row.person_id, row.plan, row.period))
    return found, others


def deposits(session: Session, book: PlanBook, month: Month) -> dict[str, list[Item]]:
    """What was withheld or granted for recordkeepers and has not left, by account."""
    told = {
        (row.plan, row.reference[:10])
        for row in session.rows(
            select(difference.c.plan, difference.c.reference).where(
                *session.where(difference, relation="retirement"),
                difference.c.type.in_(("WITHHELD_NOT_DEPOSITED", "DEPOSITED_OVER")),
                difference.c.period <= str(month), named(),
            )
        )
    }  # fmt: skip
    rows = ledger.balances(session, DEPOSITS, by=("plan", "pay_date", "money_source"), within=month)
    owed = owed_by_pay_date(rows)
    sums = defaultdict[tuple[str, str, date], int](int)
    for one in rows:
        plan_id, day = one.dimensions["plan"], one.dimensions["pay_date"]
        if (plan_id, day) in owed:
            sums[one.account, plan_id, day] += one.amount
    found: dict[str, list[Item]] = {code: [] for code in DEPOSITS}
    for (account, plan_id, day), amount in sums.items():
        plan = book.find(plan_id)
        if plan is None:
            continue
        due = deposit_due(book, plan, day, owed[plan_id, day].own > 0)
        if session.today() <= due or (plan_id, str(day)) in told:
            name = f"withheld or granted on {day} for {plan_id}, to be deposited"
            found[account].append(Item(name, amount, due))
    return found
