"""What changes next: cover that begins or ends, and what the next pay takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import func, select

from benehub.facts import Worker
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import entry, leg
from benehub.views.statement.parts import Line, Money, Section, Word


def coming(session: Session, book: PlanBook, worker: Worker, day: date) -> Section:
    """Everything known today that is not true yet."""
    return Section("coming", (*_cover(book, worker, day), *_next_pay(session, book, worker.person_id, day)))


def _cover(book: PlanBook, worker: Worker, day: date) -> Iterator[Line]:
    for benefit_type, timeline in sorted(worker.coverages.items()):
        benefit = Word(f"benefit.{benefit_type}")
        for fact in timeline:
            plan = book.plan(fact.data["plan"]).name
            if fact.effective_from > day:
                yield Line("begins", {"benefit": benefit, "plan": plan, "day": fact.effective_from}, (fact.fact_id,))
            if day < fact.effective_to < FOREVER:
                yield Line("ends", {"benefit": benefit, "plan": plan, "day": fact.effective_to}, (fact.fact_id,))


def _next_pay(session: Session, book: PlanBook, person_id: str, day: date) -> Iterator[Line]:
    voided = select(entry.c.pending_id).where(entry.c.employer_id == session.employer, entry.c.status == "void")
    rows = session.rows(
        select(
            leg.c.pay_date, leg.c.plan, func.sum(leg.c.amount).label("amount"), func.min(entry.c.entry_id).label("ref")
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            entry.c.employer_id == session.employer,
            entry.c.type == "deduction.expected",
            entry.c.status == "pending",
            entry.c.entry_id.not_in(voided),
            leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.person_id == person_id,
            leg.c.pay_date > day,
        )
        .group_by(leg.c.pay_date, leg.c.plan)
        .order_by(leg.c.pay_date, leg.c.plan)
    )
    for row in rows:
        if row.pay_date == rows[0].pay_date:
            taken = Money(int(row.amount), book.employer.currency)
            yield Line("next_pay", {"day": row.pay_date, "plan": book.plan(row.plan).name, "taken": taken}, (row.ref,))
