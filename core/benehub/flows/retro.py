"""Retroactive changes: coverage months that were told to payroll and cost something else as known now.

For plans taken per month: what a month was told to take is compared with the share as known now, and the difference
is one line in the next open pay. Plans spread over the year need none: their schedule goes on from what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select

from benehub.facts import Fact, Worker, in_force
from benehub.facts.causes import Cause, cause_of, late_facts
from benehub.facts.history import Which
from benehub.facts.pricing import Prices
from benehub.flows.expected import Expected, employee_shares
from benehub.flows.history import History
from benehub.flows.money import PayPeriod, own_pay_days
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.records import TaxClass
from benehub.rules.base import Calculation
from benehub.rules.deduction.calendar import DeductionMethod, coverage_month, deduction_days
from benehub.rules.deduction.retro import Then, retro_adjustments
from benehub.rules.deduction.section125 import ElectionEvent, ElectionFacts
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import fact

CHANGE = "retro change of "
"""How the source begins of a line that corrects an earlier month; the fact that changed it stands behind ` by `."""


@dataclass(frozen=True, slots=True)
class Late:
    """What was learned late: per cover (fact id) the day it was recorded, since when payroll has been told, and by
    person the facts behind it.

    A cover that is not in `recorded` was known before any month that can still be corrected.
    """

    since: Mapping[str, Month] = field(default_factory=dict)
    recorded: Mapping[str, date] = field(default_factory=dict)
    causes: Mapping[str, Sequence[Cause]] = field(default_factory=dict)


def load(
    session: Session, book: PlanBook, calendar: Mapping[str, Sequence[PayPeriod]], past: History, which: Which
) -> Late:
    """What retro lines need to know of these people, in one query; nothing where no month can have been told yet."""
    first = past.told_since
    widest = max((plan.deduction.retro.window_months for plan in book.insurance_plans() if plan.deduction), default=0)
    if first is None or not widest:
        return Late()
    month = Month.of(first)
    # A month of which the first pay date was told by somebody else is not ours to compare.
    since = {
        group: month if all(one.pay_date >= first for one in periods if Month.of(one.pay_date) == month)
        else month.plus(1)
        for group, periods in calendar.items()
    }  # fmt: skip
    rows = session.rows(
        select(fact.c.fact_id, fact.c.recorded_at).where(
            *session.where(fact, kind="coverage"),
            which(fact.c.subject),
            fact.c.recorded_at >= iso(datetime.combine(month.first, time(), session.zone())),
        )
    )
    recorded = {row.fact_id: session.day_of(row.recorded_at) for row in rows}
    return Late(since, recorded, late_facts(session, which, month.first))


def adjustments(
    prices: Prices, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History, late: Late
) -> Iterator[Expected]:
    """The lines that correct a worker's earlier coverage months, on the first pay date still to be set."""
    since = late.since.get(worker.pay_group)
    if since is None or since >= month:
        return
    timelines: dict[str, Sequence[Fact]] = {
        fact.data["plan"]: timeline for timeline in worker.coverages.values() for fact in timeline
    }
    for plan_id in sorted(timelines.keys() | past.plans.get(worker.person_id, frozenset())):
        plan = prices.book.plan(plan_id)
        terms = plan.deduction
        if terms is None or terms.method is not DeductionMethod.PER_MONTH or not terms.retro.window_months:
            continue
        yield from _of_plan(prices, worker, plan, timelines.get(plan_id, ()), periods, month, since, past, late)


def _of_plan(
    prices: Prices, worker: Worker, plan: Plan, timeline: Sequence[Fact], periods: Sequence[PayPeriod],
    month: Month, since: Month, past: History, late: Late,
) -> Iterator[Expected]:  # fmt: skip
    assert plan.deduction is not None
    terms = plan.deduction
    pay_month = coverage_month(month.first, terms.timing)
    shift = (pay_month.year - month.year) * 12 + pay_month.month - month.month
    # Only months whose own pay dates lie in this year and were told by us.
    months = [
        pay_month.plus(-back)
        for back in range(terms.retro.window_months, 0, -1)
        if pay_month.plus(-back - shift) >= since and pay_month.plus(-back - shift).year == month.year
    ]
    told: dict[Month, int] = dict.fromkeys(months, 0)
    for _, amount, covered in past.scheduled.get((worker.person_id, plan.id), ()):
        if covered in told:
            told[covered] += amount
    shares = employee_shares(prices, plan, worker, timeline, months)
    changed = [Then(one, told[one], shares[one]) for one in months if shares[one] != told[one]]
    if not changed:
        return
    days, _ = deduction_days(own_pay_days(worker, periods), plan.deduction_rule())
    next_pay = next((day for day in days if day >= past.cut and Month.of(day) == month), None)
    if next_pay is None:
        return
    for one in changed:
        answer = retro_adjustments(
            months=[one], pay_month=pay_month, next_pay=next_pay, window_months=terms.retro.window_months,
            tax_class=terms.tax_class, election=_election(worker, plan, timeline, one, late),
            catch_up=terms.retro.catch_up, currency=prices.book.employer.currency,
        )  # fmt: skip
        for part in answer.required().adjustments:
            cause = cause_of(late.causes, worker.person_id, part.month)
            yield _line(worker, plan, part.month, part.pay_date, part.amount_minor, part.tax_class, answer, cause)


def _line(
    worker: Worker,
    plan: Plan,
    month: Month,
    day: date,
    amount: int,
    tax_class: TaxClass,
    why: Calculation[Any],
    cause: Cause | None,
) -> Expected:
    assert plan.deduction is not None
    same = tax_class is plan.deduction.tax_class
    return Expected(
        worker.person_id, plan, "employee", plan.deduction.code if same else plan.deduction.posttax_code, tax_class,
        day, str(month), amount, source=f"{CHANGE}{month}" + (f" by {cause.fact_id}" if cause else ""), answer=why,
    )  # fmt: skip


def _election(worker: Worker, plan: Plan, timeline: Sequence[Fact], one: Then, late: Late) -> ElectionFacts | None:
    """The election behind a month's share; None where a running election only costs something else."""
    covers = [part for part in timeline if part.data["plan"] == plan.id]
    cover = in_force(covers, one.month.last) or next(
        (part for part in covers if part.effective_from < one.month.end and part.effective_to > one.month.first), None
    )
    if cover is None:
        return None
    elected = late.recorded.get(cover.fact_id)
    if elected is None or elected <= one.month.first:
        # Elected in time: what was not taken at all is still that election's; another price is no election.
        if one.old_minor:
            return None
        return ElectionFacts(ElectionEvent.OPEN_ENROLLMENT, min(one.month.first, elected or date.min), one.month.first)
    event = election_event(str(cover.data.get("event") or ""))
    return ElectionFacts(event, elected, cover.effective_from, cover.effective_from, worker.hired)


def election_event(word: str) -> ElectionEvent:
    """The ground in the source's word; a word that names none is no ground."""
    try:
        return ElectionEvent(word)
    except ValueError:
        return ElectionEvent.NONE
