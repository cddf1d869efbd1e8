"""Leave: accrued on each pay date in hours and money; what is left at the end of employment is owed in pay."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from benehub import facts, ledger
from benehub.engine import Steps
from benehub.facts import Worker
from benehub.flows.hub import Hub
from benehub.flows.money import PayPeriod, pay_calendar
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import Rounding, round_to_int
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import LeavePolicy, PlanBook
from benehub.rules.leave.accrual import accrue as accrue_rule
from benehub.rules.leave.payout import payout as payout_rule
from benehub.store import Session
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg

ACCRUED = ("leave.accrued", "leave.accrued.reversed")


def accrue(hub: Hub, steps: Steps, employer: str, month: str) -> dict[str, int]:
    """Accrue leave for the month's pay dates, and expect the pay-out of those who leave."""
    return steps.step("accrue", _accrue, hub, employer, Month.parse(month))


def _accrue(hub: Hub, employer: str, month: Month) -> dict[str, int]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        calendar = pay_calendar(session, book, month.year)
        people = facts.workers(session, Interval(date(month.year, 1, 1), month.end))
        accruals: list[NewEntry] = []
        for policy in book.leave:
            standing = _accruals(session, policy.id, month)
            # What the month itself accrued is worked out anew: it must not fill the cap before it begins.
            held = available(session, policy.id)
            for person_id, hours in standing.values():
                held[person_id] = held.get(person_id, 0) - hours
            year = _accrued_before(session, policy.id, month)
            wanted: list[NewEntry] = []
            for worker in people:
                periods = calendar[worker.pay_group]
                wanted += _worker(
                    book,
                    policy,
                    worker,
                    periods,
                    month,
                    held.get(worker.person_id, 0),
                    year.get(worker.person_id, 0),
                )
            accruals += wanted
            accruals += _taken_back(standing, wanted, month)
        done = ledger.restate(session, accruals)
        payouts = [
            one
            for policy in book.leave
            if policy.payout_on_termination
            for one in _payouts(session, book, policy, people, calendar, month)
        ]
        owed = ledger.restate(session, payouts)
    return {
        "accrued": done.new + done.corrected + done.unchanged,
        "payouts": len(payouts),
        "new": done.new + owed.new,
    }


def _accruals(session: Session, policy_id: str, month: Month) -> dict[str, tuple[str, int]]:
    """What stands accrued for the month's pay dates: key without revision -> person and hours."""
    found: dict[str, tuple[str, int]] = {}
    for row in session.rows(
        select(leg.c.person_id, leg.c.pay_date, func.sum(leg.c.amount).label("hours"))
        .join(
            entry_table,
            (entry_table.c.employer_id == leg.c.employer_id) & (entry_table.c.entry_id == leg.c.entry_id),
        )
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.LEAVE_AVAILABLE,
            leg.c.plan == policy_id,
            entry_table.c.type.in_(ACCRUED),
            leg.c.pay_date >= month.first,
            leg.c.pay_date < month.end,
        )
        .group_by(leg.c.person_id, leg.c.pay_date)
        .having(func.sum(leg.c.amount) != 0)
    ):
        found[f"leave/{policy_id}/{row.person_id}/{row.pay_date}"] = (row.person_id, int(row.hours))
    return found


def _taken_back(standing: dict[str, tuple[str, int]], wanted: list[NewEntry], month: Month) -> list[NewEntry]:
    """Entries without legs for what nobody accrues any more: who left before the pay period has not earned it."""
    keys = standing.keys() - {one.key for one in wanted}
    return [NewEntry(key, "leave.accrued", month.first, (), "no longer accrued") for key in sorted(keys)]


def available(session: Session, policy_id: str) -> dict[str, int]:
    """Hours available by person, in hundredths."""
    return {
        one.dimensions["person_id"]: one.amount
        for one in ledger.balances(session, [chart.LEAVE_AVAILABLE], by=("person_id",), plan=policy_id)
        if one.unit == f"HRS:{policy_id}"
    }


def _accrued_before(session: Session, policy_id: str, month: Month) -> dict[str, int]:
    rows = session.rows(
        select(leg.c.person_id, func.sum(leg.c.amount).label("hours"))
        .join(
            entry_table,
            (entry_table.c.employer_id == leg.c.employer_id) & (entry_table.c.entry_id == leg.c.entry_id),
        )
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.LEAVE_AVAILABLE,
            leg.c.plan == policy_id,
            entry_table.c.type.in_(ACCRUED),
            entry_table.c.effective_date >= date(month.year, 1, 1),
            entry_table.c.effective_date < month.first,
        )
        .group_by(leg.c.person_id)
    )
    return {row.person_id: int(row.hours) for row in rows}


def _worker(
    book: PlanBook, policy: LeavePolicy, worker: Worker, periods: Any, month: Month, held: int, year: int
) -> list[NewEntry]:
    rule = policy.accrual.rule(len(periods))
    balance, so_far = Fraction(held, 100), Fraction(year, 100)
    # Scheduled hours of one pay period: registers of this release do not tell hours worked.
    scheduled = int(worker.employment.data["weekly_hours"]) * 52 * 100 // len(periods) if periods else 0
    entries: list[NewEntry] = []
    for one in periods:
        if Month.of(one.pay_date) != month or not worker.on_payroll(one.start, one.end):
            continue
        result = accrue_rule(
            rule=rule, hours_worked_minor=scheduled, balance_hours=balance, accrued_hours=so_far
        ).required()
        balance, so_far = result.balance_hours, result.year_hours
        if result.posted_minor:
            entries.append(_accrual(book, policy, worker, one, result.posted_minor))
    return entries


def _accrual(book: PlanBook, policy: LeavePolicy, worker: Worker, one: PayPeriod, hours: int) -> NewEntry:
    unit, money = f"HRS:{policy.id}", book.employer.currency
    dims = (worker.person_id, policy.id, None, None, one.pay_date)
    legs = [Leg(chart.LEAVE_AVAILABLE, unit, hours, *dims), Leg(chart.LEAVE_SOURCE, unit, -hours, *dims)]
    rate = worker.hourly_rate(one.pay_date)
    value = 0 if rate is None else round_to_int(rate * hours / 100, Rounding.HALF_UP)
    if value:
        legs += [
            Leg(chart.LEAVE_EXPENSE, money, value, *dims),
            Leg(chart.LEAVE_LIABILITY, money, -value, *dims),
        ]
    key = f"leave/{policy.id}/{worker.person_id}/{one.pay_date}"
    return NewEntry(key, "leave.accrued", one.pay_date, tuple(legs), f"policy {policy.id}")


def _payouts(
    session: Session, book: PlanBook, policy: LeavePolicy, people: list[Worker], calendar: Any, month: Month
) -> list[NewEntry]:
    """What is owed on the final check of those whose employment ends in the month."""
    entries = []
    held = available(session, policy.id)
    for worker in people:
        gone = worker.terminated_on
        if gone is None or Month.of(gone) != month or worker.employment.effective_to == FOREVER:
            continue
        hours = held.get(worker.person_id, 0)
        rate = worker.hourly_rate(gone)
        final = next((one.pay_date for one in calendar[worker.pay_group] if one.end >= gone), None)
        if hours <= 0 or rate is None or final is None:
            continue
        amount = (
            payout_rule(
                hours_minor=hours,
                rate_minor=round_to_int(rate, Rounding.HALF_UP),
                currency=book.employer.currency,
            )
            .required()
            .gross_minor
        )
        dims = (worker.person_id, policy.id, "payout", None, final)
        unit = book.employer.currency
        counted = f"HRS:{policy.id}"
        legs = (
            Leg(chart.LEAVE_LIABILITY, unit, amount, *dims),
            Leg(chart.PAYROLL_CLEARING, unit, -amount, *dims),
            Leg(chart.LEAVE_SOURCE, counted, hours, *dims),
            Leg(chart.LEAVE_AVAILABLE, counted, -hours, *dims),
        )
        entries.append(
            NewEntry(
                f"payout/{worker.person_id}/{policy.id}", "leave.payout_expected", final, legs,
                f"employment ended {gone}", status="pending", due_date=final + timedelta(days=5),
            )
        )  # fmt: skip
    return entries
