"""Whether every clearing balance is the sum of named items: what is left over would be money nobody can explain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, or_, select

from benehub import facts, ledger
from benehub.ledger import CHART
from benehub.ledger import accounts as chart
from benehub.ledger.balances import concerns
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import to_come
from benehub.reconcile.accounts import ON_PAYABLE
from benehub.reconcile.given_up import NO_MONEY
from benehub.reconcile.in_flight import flights
from benehub.reconcile.not_contributions import carried
from benehub.reconcile.payable import held
from benehub.reconcile.to_come import Registers
from benehub.rules.deduction.calendar import Timing
from benehub.store import Session
from benehub.store.tables import difference, entry, leg
from benehub.views import awaited, suspense
from benehub.views.awaited import Item, named
from benehub.views.remainders import every_pay, remainders, shifted

ON_TRANSIT = ("DEPOSITED_NOT_CREDITED", "CREDITED_SHORT", "CREDITED_OVER")
"""Differences with a custodian that leave money on its way."""


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
    known = to_come.registers(session, book, book.roles.payroll)
    unpaid = list(_gaps(session, month, "payroll", book, known))
    items: dict[str, list[Item]] = {code: [] for code in balances}
    items[chart.EMPLOYEE_SHARE_DUE] += remainders(session, book, month)
    items[chart.EMPLOYEE_SHARE_DUE] += _later(session, book, month, known, unpaid)
    items[chart.EMPLOYEE_SHARE_DUE] += _to_take(session, book, known, month)
    items[chart.EMPLOYEE_SHARE_DUE] += _by_type(unpaid, "payroll")
    items[chart.PREMIUM_PAYABLE] += _by_type(_gaps(session, month, "premium", book), "premium")
    items[chart.PREMIUM_PAYABLE] += awaited.premiums(session, book, month)
    for code, found in awaited.deposits(session, book, month).items():
        items[code] += found
    items[chart.DEPOSIT_TRANSIT] += _by_type(_gaps(session, month, "retirement", book), "retirement")
    items[chart.DEPOSIT_TRANSIT] += _booked_as_loans(session, book, month)
    items[chart.CARRIER_TRANSIT] += _in_flight(session, book, month)
    items[chart.ACCOUNT_PAYABLE] += _with_custodian(session, month, ON_PAYABLE)
    items[chart.CUSTODIAN_TRANSIT] += _with_custodian(session, month, ON_TRANSIT)
    items[chart.EARNINGS_PAYABLE] += _lost_earnings(session, month)
    items[chart.SUSPENSE] += suspense.items(session, month)
    return [
        Clearing(code, CHART[code].name, balance, tuple(item for item in items[code] if item.amount))
        for code, balance in balances.items()
    ]


def _scheduled(session: Session, month: Month, plans: Sequence[str], *by: ColumnElement[Any]) -> Sequence[Row[Any]]:
    """Employees' shares that were accrued so far, less what was to be taken so far; what is not zero."""
    kinds = (
        "premium.accrued", "premium.accrued.reversed", "opening.share", "deduction.expected", "deduction.expected.void",
    )  # fmt: skip
    total = func.sum(leg.c.amount)
    return session.rows(
        select(*by, total.label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.EMPLOYEE_SHARE_DUE,
            leg.c.plan.in_(plans),
            entry.c.type.in_(kinds),
            concerns(month),
        )
        .group_by(*by)
        .having(total != 0)
    )


def _to_take(session: Session, book: PlanBook, known: Registers, month: Month) -> Iterator[Item]:
    """What pay dates are to take whose register is still to come: it is not missing before that is due."""
    for one in to_come.to_take(session, book, known, month):
        yield Item(f"to be taken from the pay of {one.pay_date} for {one.plan}", one.amount, one.clear_by)


def _later(session: Session, book: PlanBook, month: Month, known: Registers, unpaid: Sequence[_Gap]) -> list[Item]:
    """Months that cost something else as known later: lines of later pays, and what no pay settles for who has left."""
    spread = {plan.id for plan in every_pay(book)}
    late = [plan.id for plan in shifted(book) if plan.deduction_rule().timing is Timing.ARREARS]
    plans = [plan.id for plan in book.insurance_plans() if plan.deduction is not None and plan.id not in spread]
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.money_source == "employee", leg.c.plan.in_(plans), leg.c.pay_date >= month.end,
            leg.c.coverage_month <= str(month), entry.c.type.in_(("deduction.expected", "deduction.expected.void")),
            # In arrears the month itself is taken later by its own schedule.
            or_(leg.c.plan.not_in(late), leg.c.coverage_month < str(month)),
        )
        .group_by(leg.c.person_id, leg.c.plan)
    )  # fmt: skip
    coming = {(row.person_id, row.plan): int(row.amount) for row in rows}
    off = _scheduled(session, month, plans, leg.c.person_id, leg.c.plan)
    who = {(row.person_id, row.plan) for row in off if row.amount != coming.get((row.person_id, row.plan), 0)}
    left = _left(session, month, known, unpaid, who, coming)
    return [
        Item("retro lines on later pays", sum(coming.values())),
        Item("owed by employees who have left", sum(amount for amount in left if amount > 0)),
        Item("owed to employees who have left", sum(amount for amount in left if amount < 0)),
    ]


def _left(
    session: Session, month: Month, known: Registers, unpaid: Sequence[_Gap], who: set[tuple[str, str]],
    coming: Mapping[tuple[str, str], int],
) -> list[int]:  # fmt: skip
    """What is open of these persons and plans where nobody is employed any more and no difference names it."""
    if not who:
        return []
    persons = sorted({person_id for person_id, _ in who})
    ahead = Interval(session.today(), FOREVER)
    stay = {one.person_id for one in facts.workers(session, ahead, None, persons)}
    open_: dict[tuple[str, str], int] = {}
    for row in session.rows(
        select(leg.c.person_id, leg.c.plan, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.EMPLOYEE_SHARE_DUE,
            entry.c.status == "posted", session.among(leg.c.person_id, persons), concerns(month),
        )
        .group_by(leg.c.person_id, leg.c.plan)
    ):  # fmt: skip
        open_[row.person_id, row.plan] = int(row.amount)
    plans: dict[str, list[str]] = {}
    for person_id, plan in sorted(who):
        plans.setdefault(person_id, []).append(plan)
    for one in unpaid:
        mine = plans.get(one.person_id or "", [])
        # One who is unknown to payroll has one difference over all plans.
        if mine and one.plan in (None, *mine):
            key = (str(one.person_id), one.plan or mine[0])
            open_[key] = open_.get(key, 0) - one.amount
    still = to_come.of_persons(session, known, month, persons)
    return [
        open_.get(key, 0) - coming.get(key, 0) - still.get(key, 0) for key in sorted(who) if key[0] not in stay
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Gap:
    """Money that an open difference leaves in an account, in minor units."""

    type: str
    person_id: str | None
    plan: str | None
    amount: int
    dismissed: bool


def _name(type_: str, relation: str, dismissed: bool) -> str:
    return f"{type_} ({relation}, dismissed)" if dismissed else f"{type_} ({relation})"


def _gaps(
    session: Session, month: Month, relation: str, book: PlanBook, known: Registers | None = None
) -> Iterator[_Gap]:  # fmt: skip
    """Such differences in money: what is missing on the vendor's side stays in the account.

    Of payroll, with the registers that are `known`, only what is for insurance.
    """
    rows = session.rows(
        select(difference).where(
            *session.where(difference, relation=relation),
            # The account holds what earlier months have left open, too.
            difference.c.period <= str(month),
            named(),
            difference.c.type.not_in(NO_MONEY),
        )
    )
    of_premium = held(session, book, rows) if relation == "premium" else {}
    unknown = [(row.person_id, Month.parse(row.period)) for row in rows if known and row.type == "UNKNOWN_TO_PAYROLL"]
    insured = _insured_parts(session, book, unknown, known) if known and unknown else {}
    for row in rows:
        gap, dismissed = (row.expected or 0) - (row.actual or 0), row.state == "dismissed"
        gap = of_premium.get(row.difference_id, gap)
        if known:
            if row.type == "UNKNOWN_TO_PAYROLL":
                gap = insured.get((row.person_id, row.period), 0)
            elif (plan := book.find(row.plan)) is None or not plan.insured:
                continue
        yield _Gap(row.type, row.person_id, row.plan, gap if relation == "payroll" else -gap, dismissed)


def _by_type(gaps: Iterable[_Gap], relation: str) -> list[Item]:
    """The same, by type."""
    sums: dict[str, int] = {}
    for one in gaps:
        name = _name(one.type, relation, one.dismissed)
        sums[name] = sums.get(name, 0) + one.amount
    return [Item(name, amount) for name, amount in sorted(sums.items())]


def _booked_as_loans(session: Session, book: PlanBook, month: Month) -> list[Item]:
    """Deposits credited as repayments of loans that payroll sends itself: none of those is posted to clear them."""
    rows = session.rows(
        select(func.sum(difference.c.expected - difference.c.actual).label("amount")).where(
            *session.where(difference, relation="retirement", type="LOAN_IN_CONTRIB"),
            difference.c.period <= str(month),
            named(),
            difference.c.plan.in_([plan.id for plan in book.plans if not carried(plan)]),
        )
    )
    return [Item("LOAN_IN_CONTRIB (retirement)", -int(row.amount or 0)) for row in rows]


def _insured_parts(
    session: Session, book: PlanBook, unknown: Sequence[tuple[str, Month]], known: Registers
) -> dict[tuple[str, str], int]:  # fmt: skip
    """What was expected of persons for insurance, by person and month: pay dates that are still to come left out."""
    plans, months = [plan.id for plan in book.insurance_plans()], [month for _, month in unknown]
    rows = session.rows(
        select(leg.c.person_id, entry.c.effective_date, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PAYROLL_CLEARING,
            session.among(leg.c.person_id, sorted({person_id for person_id, _ in unknown})),
            leg.c.plan.in_(plans),
            entry.c.type.in_(("deduction.expected", "deduction.expected.void")),
            entry.c.effective_date >= min(months).first,
            entry.c.effective_date < max(months).end,
            func.coalesce(known.unread(session), False).is_(False),
        )
        .group_by(leg.c.person_id, entry.c.effective_date)
    )
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.person_id, str(Month.of(row.effective_date)))
        found[key] = found.get(key, 0) + int(row.amount)
    return found


def _with_custodian(session: Session, month: Month, types: tuple[str, ...]) -> list[Item]:
    """What open differences with the custodians leave in an account, by type."""
    dismissed = case((difference.c.state == "dismissed", 1), else_=0)
    gap = func.sum(difference.c.expected - difference.c.actual).label("gap")
    rows = session.rows(
        select(difference.c.type, dismissed.label("dismissed"), gap)
        .where(
            *session.where(difference, relation="accounts"),
            difference.c.period <= str(month),
            named(),
            difference.c.type.in_(types),
        )
        .group_by(difference.c.type, dismissed)
        .order_by(difference.c.type, dismissed)
    )
    return [Item(_name(row.type, "accounts", bool(row.dismissed)), -int(row.gap)) for row in rows]


def _in_flight(session: Session, book: PlanBook, month: Month) -> list[Item]:
    """Remittances that have left and need not be confirmed yet; those an open difference says are overdue, too.

    One that a later month confirmed is named in the month that it left in.
    """
    told = {
        row.reference
        for row in session.rows(
            select(difference.c.reference).where(
                *session.where(difference, relation="premium", type="REMITTED_NOT_CONFIRMED"), named()
            )
        )
    }
    return [
        Item(f"in flight: {one.key}", one.amount, one.clear_by)
        for one in flights(session, book, month)
        if not one.open or session.today() <= one.clear_by or f"{one.carrier}/{one.dispatch_id}" in told
    ]


def _lost_earnings(session: Session, month: Month) -> list[Item]:
    """Lost earnings worked out for late deposits and not paid to the plan yet, by plan."""
    return [
        Item(f"lost earnings owed to {one.dimensions['plan']}", one.amount)
        for one in ledger.balances(session, [chart.EARNINGS_PAYABLE], by=("plan",), within=month)
        if one.dimensions["plan"]
    ]
