"""What is asked of plugins that compute plans: one question for each such plan that covers an employee on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from benehub import facts
from benehub.facts import Worker
from benehub.planbook import PlanBook
from benehub.records.computed import DeductionQuestion


def questions(book: PlanBook, worker: Worker, pay_date: date, period_end: date) -> Iterator[DeductionQuestion]:
    """One for each computed plan in force on `pay_date`; pay is that of a full period, as on `period_end`."""
    group = book.pay_groups.get(worker.pay_group)
    pays = group.pays_a_year if group is not None else 12
    for plan in book.retirement_plans():
        cover = facts.in_force(worker.coverages.get(plan.slot, ()), pay_date)
        if plan.computed is None or cover is None:
            continue
        yield DeductionQuestion(
            employer=book.employer.id,
            currency=book.employer.currency,
            person=worker.person_id,
            plan=plan.id,
            rule=plan.computed.rule,
            options=plan.computed.options,
            terms=cover.data.get("terms", {}),
            pay_date=pay_date,
            pays_a_year=pays,
            gross_minor=worker.gross_minor(period_end, pays),
        )
