"""Arrears: what a pay date's results left open is carried, asked for again by the plan's strategy, or written off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import func, select

from benehub import ledger
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.facts import Worker
from benehub.flows.account_deposits import contribution_year
from benehub.flows.expected import Expected
from benehub.flows.fix_book import FixLine
from benehub.flows.hub import Hub
from benehub.flows.money import PayPeriod, own_pay_days
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.ledger import arrears as account
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile import tolerance
from benehub.reconcile.to_come import GRACE_DAYS
from benehub.rules.deduction.calendar import deduction_days
from benehub.rules.deduction.collection import Collection, collection_step
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg
from benehub.views.persons import find_person

Paid = set[tuple[str, date]]
"""Who has a check on which pay date."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What everybody owes of pay dates that are over, with what the strategies ask about it.

    Args:
        by_person: per person and plan, the arrears of each coverage month (minor units).
        asked: how many pay dates were asked for a month's arrears already.
        net: net pay of each person's newest check, where a plan collects a part of it.
    """

    by_person: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    asked: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    net: Mapping[str, int] = field(default_factory=dict)

    def less(self, lines: Mapping[str, Iterable[FixLine]]) -> Owed:
        """The same without what lines of approved fixes ask for on coming pay dates."""
        if not lines:
            return self
        by_person = {person: {plan: dict(months) for plan, months in plans.items()}
                     for person, plans in self.by_person.items()}  # fmt: skip
        for one in (line for of_person in lines.values() for line in of_person):
            months = by_person.get(one.person_id, {}).get(one.plan)
            if months is not None:
                months[one.coverage_month] = months.get(one.coverage_month, 0) - one.amount_minor
        return replace(self, by_person=by_person)


def load(session: Session, book: PlanBook, cut: date) -> Owed:
    """What is owed and not on its way on a pay date before `cut`."""
    by_person: dict[str, dict[str, Mapping[str, int]]] = {}
    for (person_id, plan_id), months in tolerance.owed(session, book, before=cut).items():
        if sum(months.values()) > 0:
            by_person.setdefault(person_id, {})[plan_id] = months
    if not by_person:
        return Owed()
    collecting = (*book.insurance_plans(), *book.account_plans())
    strategies = {plan.collection_rule(book.employer.currency).strategy for plan in collecting}
    net = _net_pay(session) if Collection.MAX_PERCENT_OF_NET in strategies else {}
    return Owed(by_person, account.pays_asked(session, cut), net)


def _net_pay(session: Session) -> dict[str, int]:
    rows = session.rows(
        select(confirmation.c.person_id, confirmation.c.detail)
        .where(
            *session.where(confirmation, kind="register_line", part="earning", current=1),
            confirmation.c.person_id.is_not(None),
        )
        .order_by(confirmation.c.pay_date)
    )
    return {row.person_id: int(row.detail["net_pay_minor"]) for row in rows if row.detail["net_pay_minor"] is not None}


def collections(
    book: PlanBook, worker: Worker, periods: Sequence[PayPeriod], month: Month, cut: date, owed: Owed,
    usual: Mapping[str, int],
) -> Iterator[Expected]:  # fmt: skip
    """The lines that ask for a worker's arrears on the month's pay dates still to be set.

    Args:
        usual: the usual deduction of one pay by plan (minor units), which some strategies are a part of.
    """
    for plan_id, months in sorted(
        owed.by_person.get(worker.person_id, {}).items(), key=lambda one: (_priority(book.plan(one[0])), one[0])
    ):
        plan = book.plan(plan_id)
        if plan.deduction is None or not plan.deduction.arrears.carry:
            continue
        days = [day for day in deduction_days(own_pay_days(worker, periods), plan.deduction_rule())[0] if day >= cut]
        if plan.is_account:
            months, days = _of_year(plan, months, days, month)
        yield from _of_plan(book, worker.person_id, plan, months, days, month, owed, usual.get(plan_id, 0))


def _of_year(
    plan: Plan, months: Mapping[str, int], days: Sequence[date], month: Month
) -> tuple[dict[str, int], list[date]]:
    """Months and pay dates of the account's year that a month is in: its elections and limits are the year's."""
    year = contribution_year(plan, month.first)
    mine = {name: amount for name, amount in months.items()
            if contribution_year(plan, Month.parse(name).first) == year}  # fmt: skip
    return mine, [day for day in days if contribution_year(plan, day) == year]


def _priority(plan: Plan) -> int:
    return plan.deduction.arrears.priority if plan.deduction else 0


def _of_plan(
    book: PlanBook, person_id: str, plan: Plan, months: Mapping[str, int], days: Sequence[date], month: Month,
    owed: Owed, usual: int,
) -> Iterator[Expected]:  # fmt: skip
    assert plan.deduction is not None
    rule, currency = plan.collection_rule(book.employer.currency), book.employer.currency
    # What the employee is owed for one month is set against what he owes for the others, the oldest first.
    open_months = _less(dict(months), -sum(amount for amount in months.values() if amount < 0))
    done = max((owed.asked.get((person_id, plan.id, name), 0) for name in open_months), default=0)
    for number, day in enumerate(days):
        balance = sum(open_months.values())
        if Month.of(day) != month or balance <= 0:
            continue
        answer = collection_step(
            rule, balance, currency, usual_minor=usual or balance, net_minor=owed.net.get(person_id),
            pays_done=done, pays_left=sum(1 for later in days[number:] if later.year == day.year),
        )  # fmt: skip
        rest = _less(open_months, 0 if answer.result is None else answer.result.amount_minor)
        for name, before in open_months.items():
            taken = before - rest.get(name, 0)
            if taken:
                yield Expected(
                    person_id, plan, "employee", plan.deduction.code, plan.deduction.tax_class, day, name, taken,
                    account.ARREARS, f"arrears of {name}", answer,
                )  # fmt: skip
        open_months, done = rest, done + 1


def _less(months: Mapping[str, int], amount: int) -> dict[str, int]:
    """The positive months after `amount` is taken off, the oldest first."""
    rest: dict[str, int] = {}
    for name in sorted(months):
        if months[name] > 0:
            gone = min(amount, months[name])
            amount -= gone
            if months[name] > gone:
                rest[name] = months[name] - gone
    return rest


def carry(session: Session, connection_id: str, month: Month, paid: Paid) -> int:
    """Close the lines of the month's pay dates whose results are in; what they left open becomes arrears.

    Results are in for everybody who has a check, and for all others once the days of grace are over and the
    register of that day has been read. Gives how many lines were carried.
    """
    today = session.today()
    dates = {day for _, day in paid}
    lines = [
        one
        for one in account.open_lines(session, month.first, min(month.end, today))
        if (one.person_id, one.pay_date) in paid or (one.pay_date in dates and (today - one.pay_date).days > GRACE_DAYS)
    ]
    return ledger.record(session, account.carry(lines, f"results of {connection_id}")).new


def write_off(hub: Hub, steps: Steps, employer: str, employee: str, plan: str, reason: str, who: str) -> dict[str, int]:
    """Give up what an employee owes of past pay dates in a plan: the employer bears it.

    Raises:
        DataError: no such employee or plan, nothing owed, or nobody approved it.
    """
    return steps.step("write off", _write_off, hub, employer, employee, plan, reason, who)


def _write_off(hub: Hub, employer: str, employee: str, plan: str, reason: str, who: str) -> dict[str, int]:
    if not reason.strip() or not who.strip():
        raise DataError("a write-off without a reason or an approval", mend="Give --reason and --who")
    with hub.store.write(employer) as session:
        book = hub.book(session)
        person_id = find_person(session, employee).subscriber_id
        if book.plan(plan).is_account:
            raise DataError(
                f"plan {plan} is an account of the employee's own: nobody is owed what was not put in",
                where="arrears",
                mend="End or lower the election, or set `arrears.carry` of the plan's deduction to false",
            )  # fmt: skip
        plan = book.plan(plan).id
        today = session.today()
        months = tolerance.owed(session, book, today, person_id).get((person_id, plan), {})
        owed = _less(months, -sum(amount for amount in months.values() if amount < 0))
        if not owed:
            raise DataError(
                f"nothing is owed of past pay dates in plan {plan}", where="arrears",
                mend="See `benehub deductions lines`; what is due on a coming pay date is no arrears",
            )  # fmt: skip
        number, unit = _written_off(session, person_id, plan) + 1, book.employer.currency
        entries = []
        for name, amount in owed.items():
            legs = (
                Leg(chart.BENEFIT_COST, unit, amount, person_id, plan, "employer", name),
                Leg(chart.EMPLOYEE_SHARE_DUE, unit, -amount, person_id, plan, "employee", name),
            )
            key = f"write-off/{person_id}/{plan}/{name}/{number}"
            source = f"approved by {who}: {reason}"[:500]
            entries.append(NewEntry(key, account.WRITTEN_OFF, today, legs, source))
        ledger.record(session, entries)
        taken_back = ledger.restate(session, _coming(session, person_id, plan, today)).corrected
    return {"months": len(entries), "written_off_minor": sum(owed.values()), "lines_taken_back": taken_back}


def _written_off(session: Session, person_id: str, plan: str) -> int:
    query = select(func.count()).where(
        *session.where(entry, type=account.WRITTEN_OFF),
        entry.c.idempotency_key.startswith(f"write-off/{person_id}/{plan}/", autoescape=True),
    )
    return int(session.connection.execute(query).scalar_one())


def _coming(session: Session, person_id: str, plan: str, today: date) -> Iterable[NewEntry]:
    """Lines that would still ask for it, as entries without legs: they are taken back."""
    rows = session.rows(
        select(entry.c.idempotency_key, entry.c.effective_date)
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            *session.where(entry, type=account.ARREARS, status="pending"),
            entry.c.effective_date >= today,
            leg.c.person_id == person_id,
            leg.c.plan == plan,
        )
    )
    return [
        NewEntry(key, account.ARREARS, day, (), "written off", status="pending")
        for key, day in {row.idempotency_key.rpartition("/r")[0]: row.effective_date for row in rows}.items()
    ]
