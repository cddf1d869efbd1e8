"""A line of pay that puts a premium's deduction right: collects at once what was not taken, or gives back what was
taken too much, with the tax class that the law leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from benehub import facts
from benehub.engine import Steps
from benehub.facts import Worker
from benehub.flows import deductions, history, payroll_file
from benehub.flows.account_deposits import contribution_year
from benehub.flows.fix_book import PAYROLL_LINE, pay_lines
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal
from benehub.flows.hub import Hub
from benehub.flows.money import own_pay_days, pay_calendar
from benehub.flows.retro import election_event
from benehub.ledger import arrears
from benehub.money import format_minor
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile import Relation, Type, tolerance
from benehub.records import TaxClass
from benehub.rules.deduction.calendar import deduction_days
from benehub.rules.deduction.section125 import ElectionFacts, section125
from benehub.store import Session
from benehub.store.tables import fact

AHEAD = 14
"""Months in which the next pay date is looked for."""


def _connection(book: PlanBook, _row: Row[Any]) -> str:
    return book.roles.payroll


def _draft(asked: Asked) -> Draft | Refusal:
    session, book, row = asked.session, asked.book, asked.row
    told, _, part = row.reference.partition("/")
    plan = book.plan(row.plan)
    if plan.recordkeeper and (row.actual or 0) > (row.expected or 0):
        return Refusal("a deferral is never given back with another pay: each pay has its own election")
    if part != "employee" or plan.deduction is None or not (plan.insured or plan.is_account):
        return Refusal("it is no employee's share of a premium: payroll or the plan's own correction puts it right")
    worker = facts.part_of(session, Interval(date.min, FOREVER), row.person_id).workers[0]
    day = _next_pay(session, book, worker, plan)
    if day is None:
        return Refusal("there is no coming pay date on which it could be taken or given back")
    if plan.is_account and contribution_year(plan, day) != contribution_year(plan, date.fromisoformat(told)):
        return Refusal("the next pay counts to another year of the account, whose election and limits are the year's")
    open_parts = _open_parts(session, book, row.person_id, plan.id, date.fromisoformat(told), day)
    if not open_parts:
        return Refusal("nothing of it is open any more, or payroll's results of that pay date are not posted yet")
    lines: list[dict[str, Any]] = []
    for month, amount in open_parts:
        taxed = _taxed(session, book, worker, plan, date.fromisoformat(told), day, month, amount)
        if isinstance(taxed, Refusal):
            return taxed
        lines += [{"code": code, "tax_class": kind.value, "coverage_month": month, "amount_minor": minor}
                  for code, kind, minor in taxed if minor]  # fmt: skip
    total = sum(line["amount_minor"] for line in lines)
    if total < 0 and (why := _below_zero(asked, worker, plan, day, total)):
        return Refusal(why)
    unit = book.employer.currency
    verb = "collect" if total > 0 else "give back"
    return Draft(
        {"person": row.person_id, "plan": plan.id, "group": worker.pay_group, "pay_date": day.isoformat(),
         "lines": lines},
        abs(total), f"{verb} {format_minor(abs(total), unit)} {unit} with the pay of {day}",
    )  # fmt: skip


def _open_parts(
    session: Session, book: PlanBook, person_id: str, plan: str, day: date, next_pay: date
) -> list[tuple[str, int]]:  # fmt: skip
    """What that pay date left open by coverage month, no more than is still open of the month; below zero: too much."""
    key = (person_id, plan)
    left = dict(tolerance.owed(session, book, next_pay, person_id).get(key, {}))
    for one in pay_lines(session, next_pay, [person_id]).get(person_id, ()):
        if one.plan == plan:
            left[one.coverage_month] = left.get(one.coverage_month, 0) - one.amount_minor
    found = []
    for pay_date, month, amount in (*arrears.missed(session, [key]).get(key, ()),
                                    *arrears.unasked(session, [key]).get(key, ())):  # fmt: skip
        rest = left.get(month, 0)
        part = max(0, min(amount, rest)) if amount > 0 else min(0, max(amount, rest))
        if pay_date == day and part:
            left[month] = rest - part
            found.append((month, part))
    return found


def _next_pay(session: Session, book: PlanBook, worker: Worker, plan: Plan) -> date | None:
    """The next pay date that takes the plan's deduction and may still be set; for one who has left, the next at all."""
    assert plan.deduction is not None
    first = Month.of(session.today())
    for month in (first.plus(number) for number in range(AHEAD)):
        periods = pay_calendar(session, book, month.year).get(worker.pay_group, [])
        cut = max(history.start(session, month).cut, session.today())
        days = deduction_days(own_pay_days(worker, periods), plan.deduction_rule())[0]
        for day in days:
            if day >= cut and Month.of(day) == month:
                return day
    return None


def _taxed(
    session: Session, book: PlanBook, worker: Worker, plan: Plan, missed: date, day: date, month: str, amount: int
) -> list[tuple[str, TaxClass, int]] | Refusal:
    """The amount by code and tax class.

    A refund keeps the class of what it gives back; what is taken late before tax has to be an election's that may
    reach so far, in the same year.
    """
    assert plan.deduction is not None
    terms = plan.deduction
    if amount < 0 or terms.tax_class is not TaxClass.PRETAX:
        return [(terms.code, terms.tax_class, amount)]
    pretax = amount
    election = _election(session, worker, plan, Month.parse(month))
    if missed.year != day.year:
        pretax = 0
    elif election is not None:
        answer = section125(election, [(Month.parse(month), amount)], book.employer.currency)
        pretax = answer.result.pretax_minor if answer.result is not None else 0
    if pretax != amount and not terms.posttax_code:
        late = format_minor(amount - pretax, book.employer.currency)
        return Refusal(
            f"{late} of {month} may not be taken before tax any more (section 125), and plan {plan.id} has no code "
            "after tax (posttax_code)"
        )
    return [(terms.code, TaxClass.PRETAX, pretax), (terms.posttax_code, TaxClass.POSTTAX, amount - pretax)]


def _election(session: Session, worker: Worker, plan: Plan, month: Month) -> ElectionFacts | None:
    """The election behind a month's cover where it was learned after the month began; None where it was in time."""
    covers = [one for timeline in worker.coverages.values() for one in timeline if one.data["plan"] == plan.id]
    cover = next((one for one in covers if one.effective_from < month.end and one.effective_to > month.first), None)
    if cover is None:
        return None
    # A later version that says the same is no later election: what counts is when it was first heard of.
    first = session.connection.execute(
        select(func.min(fact.c.recorded_at)).where(
            *session.where(fact, kind="coverage", subject=worker.person_id, fact_key=cover.key),
            fact.c.effective_from <= month.last,
        )
    ).scalar()
    elected = date.min if first is None else session.day_of(first)
    if elected <= max(month.first, cover.effective_from):
        return None
    event = election_event(str(cover.data.get("event") or ""))
    return ElectionFacts(event, elected, cover.effective_from, cover.effective_from, worker.hired)


def _below_zero(asked: Asked, worker: Worker, plan: Plan, day: date, total: int) -> str:
    """Why that pay cannot give so much back; empty where it can."""
    if payroll_file.BOOK in asked.opened.connector.files_out:
        return ""  # a payroll that adds up files takes a line below zero
    assert plan.deduction is not None
    month = Month.of(day)
    lines = deductions.expected(asked.session, asked.hub.plugins, asked.book, month, person=worker.person_id)
    due = sum(line.amount_minor for line in lines if line.pay_date == day and line.code == plan.deduction.code)
    if due + total >= 0:
        return ""
    unit = asked.book.employer.currency
    return (
        f"the pay of {day} takes {format_minor(due, unit)} under {plan.deduction.code}, and payroll holds no "
        f"deduction below zero: have it pay out {format_minor(-total, unit)}, then resolve the difference"
    )


def _run(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    return payroll_file.push(hub, steps, employer, connection_id, content["group"], content["pay_date"])


def _tried(hub: Hub, employer: str, connection_id: str, content: Content) -> Sequence[str]:
    day = date.fromisoformat(content["pay_date"])
    return payroll_file.preview(hub, employer, connection_id, content["group"], day)[1]


def _keys(session: Session, connection_id: str, content: Content) -> list[str]:
    """The orders of its codes, or the pay date's files where payroll is told by files."""
    codes = dict.fromkeys(one["code"] for one in content["lines"])
    orders = [f"deduction.set/{connection_id}/{content['person']}/{code}" for code in codes]
    day = date.fromisoformat(content["pay_date"])
    return [*orders, *payroll_file.keys_of(session, connection_id, content["group"], day)]


ACTION = Action(
    PAYROLL_LINE,
    "collect or give back with the next pay",
    frozenset(
        (Relation.PAYROLL, kind)
        for kind in (Type.NOT_TAKEN, Type.AMOUNT_DIFF, Type.TAKEN_NOT_EXPECTED, Type.DUPLICATE_DEDUCTION)
    ),
    _connection, _draft, _run, _tried, _keys,
)  # fmt: skip
