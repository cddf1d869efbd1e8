"""Whether every clearing balance is the sum of named items: what is left over would be money nobody can explain."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from benehub import ledger
from benehub.ledger import CHART
from benehub.ledger import accounts as chart
from benehub.ledger.balances import concerns
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import credits
from benehub.rules.deduction.calendar import DeductionMethod, Timing
from benehub.store import Session
from benehub.store.tables import difference, dispatch, entry, leg

OPEN = ("pending", "discrepancy", "suppressed")
"""States in which a difference leaves its money where it is: one that a rule sets aside is named, too."""
ON_PAYABLE = ("WITHHELD_NOT_DEPOSITED", "CONTRIBUTION_REFUSED", "DEPOSITED_OVER")
"""Differences with a custodian that leave money owed, or sent beyond what is owed."""
ON_TRANSIT = ("DEPOSITED_NOT_CREDITED", "CREDITED_SHORT", "CREDITED_OVER")
"""Differences with a custodian that leave money on its way."""


@dataclass(frozen=True, slots=True)
class Item:
    """One named part of a clearing balance, in minor units (debit positive)."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Clearing:
    """A clearing account: its balance, the items that explain it, and the rest."""

    account: str
    name: str
    balance: int
    items: tuple[Item, ...]

    @property
    def unexplained(self) -> int:
        """What no item explains; zero when the account is in order."""
        return self.balance - sum(item.amount for item in self.items)


def clearing(session: Session, book: PlanBook, month: Month) -> list[Clearing]:
    """Every clearing account at the end of a month's cycle, item by item."""
    balances = ledger.clearing(session, month)
    items: dict[str, list[Item]] = {code: [] for code in balances}
    items[chart.EMPLOYEE_SHARE_DUE] += _remainders(session, book, month)
    items[chart.EMPLOYEE_SHARE_DUE] += _differences(session, month, "payroll", insured=book)
    items[chart.PREMIUM_PAYABLE] += _differences(session, month, "premium")
    items[chart.PREMIUM_PAYABLE] += _paid_otherwise(session, book, month)
    items[chart.DEPOSIT_TRANSIT] += _differences(session, month, "retirement")
    items[chart.CARRIER_TRANSIT] += _in_flight(session, month)
    items[chart.ACCOUNT_PAYABLE] += _held_for_accounts(session, book, month)
    items[chart.ACCOUNT_PAYABLE] += _with_custodian(session, month, ON_PAYABLE)
    items[chart.CUSTODIAN_TRANSIT] += _with_custodian(session, month, ON_TRANSIT)
    items[chart.EARNINGS_PAYABLE] += _lost_earnings(session, month)
    return [
        Clearing(code, CHART[code].name, balance, tuple(item for item in items[code] if item.amount))
        for code, balance in balances.items()
    ]


def _remainders(session: Session, book: PlanBook, month: Month) -> list[Item]:
    """Plans spread over the year, or paid in advance or arrears: accrued so far, less what was to be taken so far."""
    spread = [
        plan.id
        for plan in book.insurance_plans()
        if plan.deduction is not None
        and (plan.deduction.method is DeductionMethod.EVERY_PAY or plan.deduction.timing is not Timing.CURRENT)
    ]
    kinds = (
        "premium.accrued", "premium.accrued.reversed", "opening.share", "deduction.expected", "deduction.expected.void",
    )  # fmt: skip
    rows = session.rows(
        select(leg.c.plan, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.EMPLOYEE_SHARE_DUE,
            leg.c.plan.in_(spread),
            entry.c.type.in_(kinds),
            concerns(month),
        )
        .group_by(leg.c.plan)
    )
    return [Item(f"schedule remainder of {row.plan}", int(row.amount)) for row in rows]


def _differences(session: Session, month: Month, relation: str, insured: PlanBook | None = None) -> list[Item]:
    """Open differences in money, by type: what is missing on the vendor's side stays in the account."""
    rows = session.rows(
        select(difference).where(
            *session.where(difference, relation=relation),
            # The account holds what earlier months have left open, too.
            difference.c.period <= str(month),
            difference.c.state.in_(OPEN),
        )
    )
    sums: dict[str, int] = {}
    for row in rows:
        if row.type in (
            "WRONG_TAX_CLASS",
            "WRONG_SOURCE",
            "LATE",
            "PREMIUM_AT_RISK",
            "EMPLOYER_LINE_DIFF",
            "WITHHELD_NOT_DEPOSITED",
            "EARNINGS_NOT_DEPOSITED",
            "FEE",
            "CASH_APPLICATION",
        ):
            continue
        gap = (row.expected or 0) - (row.actual or 0)
        if insured is not None:
            if row.type == "UNKNOWN_TO_PAYROLL":
                gap = _insured_part(session, insured, row.person_id, Month.parse(row.period))
            elif row.plan is None or not insured.plan(row.plan).insured:
                continue
        sums[row.type] = sums.get(row.type, 0) + (gap if relation == "payroll" else -gap)
    return [Item(f"{name} ({relation})", amount) for name, amount in sorted(sums.items())]


def _paid_otherwise(session: Session, book: PlanBook, month: Month) -> list[Item]:
    """Where another amount was paid than is billed by now: credits that wait, and what is withheld in dispute."""
    open_ = _disputed(session, month)
    sums: dict[str, int] = {}
    for one in credits.paid_otherwise(session, month):
        carrier = str(book.plan(one.plan).carrier)
        if one.amount > 0 and book.terms(carrier).pay_policy != "pay_as_enrolled":
            name = f"paid to {carrier} beyond its bills, to be taken from the next payment"
        elif (one.person_id, one.plan, one.month) in open_:
            name = f"in dispute with {carrier}, not paid as billed"
        else:
            continue
        sums[name] = sums.get(name, 0) + one.amount
    return [Item(name, amount) for name, amount in sorted(sums.items())]


def _disputed(session: Session, month: Month) -> set[tuple[str | None, str, str]]:
    rows = session.rows(
        select(difference.c.person_id, difference.c.plan, difference.c.period).where(
            *session.where(difference, relation="premium"),
            difference.c.period <= str(month),
            difference.c.state.in_(OPEN),
        )
    )
    return {(row.person_id, row.plan, row.period) for row in rows}


def _insured_part(session: Session, book: PlanBook, person_id: str, month: Month) -> int:
    """What was expected of one person for insurance, all pay dates of the month."""
    plans = [plan.id for plan in book.insurance_plans()]
    total = session.connection.execute(
        select(func.sum(leg.c.amount))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.person_id == person_id,
            leg.c.plan.in_(plans),
            entry.c.type.in_(("deduction.expected", "deduction.expected.void")),
            entry.c.effective_date >= month.first,
            entry.c.effective_date < month.end,
        )
    ).scalar()
    return int(total or 0)


def _held_for_accounts(session: Session, book: PlanBook, month: Month) -> list[Item]:
    """Contributions to accounts that no connection pays over: held until somebody has."""
    return [
        Item(f"held for {one.dimensions['plan']}, to be paid over", one.amount)
        for one in ledger.balances(session, [chart.ACCOUNT_PAYABLE], by=("plan",), within=month)
        if not book.plan(one.dimensions["plan"]).custodian
    ]


def _with_custodian(session: Session, month: Month, types: tuple[str, ...]) -> list[Item]:
    """What open differences with the custodians leave in an account, by type."""
    rows = session.rows(
        select(difference.c.type, func.sum(difference.c.expected - difference.c.actual).label("gap"))
        .where(
            *session.where(difference, relation="accounts"),
            difference.c.period <= str(month),
            difference.c.state.in_(OPEN),
            difference.c.type.in_(types),
        )
        .group_by(difference.c.type)
        .order_by(difference.c.type)
    )
    return [Item(f"{row.type} (accounts)", -int(row.gap)) for row in rows]


def _in_flight(session: Session, month: Month) -> list[Item]:
    """Remittances that have left and are not confirmed yet."""
    sent = {
        row.dispatch_id: row.business_key
        for row in session.rows(
            select(dispatch.c.dispatch_id, dispatch.c.business_key).where(
                *session.where(dispatch, operation="premium.remit", state="sent")
            )
        )
    }
    return [
        Item(f"in flight: {sent[one.dimensions['batch']]}", one.amount)
        for one in ledger.balances(session, [chart.CARRIER_TRANSIT], by=("batch",), within=month)
        if one.dimensions["batch"] in sent
    ]


def _lost_earnings(session: Session, month: Month) -> list[Item]:
    """Lost earnings worked out for late deposits and not paid to the plan yet, by plan."""
    return [
        Item(f"lost earnings owed to {one.dimensions['plan']}", one.amount)
        for one in ledger.balances(session, [chart.EARNINGS_PAYABLE], by=("plan",), within=month)
        if one.dimensions["plan"]
    ]
