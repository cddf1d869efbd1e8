"""Retirement savings above a year's limits, as differences of the month whose pay went over.

What payroll is told to take ends at every limit. It is over all the same where payroll took more than it was told, or
where a fact came late: a birth date, a plan that allows no catch-up. Only this employer's money is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import case, func, literal, or_, select

from benehub import facts
from benehub.errors import ConfigError
from benehub.facts import Worker
from benehub.flows.savings import MADE_UP, MATCHED, WITHHELD, Saved, excess, saved_query, terms_of
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import Finding, Relation, Type
from benehub.rules.retirement.limits import RetirementLimits, retirement_limits
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import entry, leg

ACCOUNTS = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE)

MEND = "Lower or end the deferral, and have the recordkeeper return what is above, with its earnings"


def compare(session: Session, book: PlanBook, month: Month) -> list[Finding]:
    """Everybody who is over the limits of the year and saved anything on a pay date of the month."""
    if not book.retirement_plans():
        return []
    try:
        limits = retirement_limits(month.year)
    except ConfigError as missing:
        return [_unknown(book, month, missing)] if any(_candidates(session, month, 0, 0)) else []
    low = min([limits.deferral_minor, *_own_limits(book)])
    return [
        finding
        for part in _candidates(session, month, low, limits.additions_minor)
        for finding in _over(session, book, month, limits, part)
    ]


def _own_limits(book: PlanBook) -> list[int]:
    plans = [plan.deferral.rule().max_year_minor for plan in book.retirement_plans() if plan.deferral]
    return [most for most in plans if most is not None]


def _candidates(
    session: Session, month: Month, deferral_minor: int, additions_minor: int
) -> Iterator[dict[str, Saved]]:
    """Who by the sums alone can be over, and had any of it in the month; part by part."""
    start = date(month.year, 1, 1)
    persons = _reached(session, start, month.end, deferral_minor, additions_minor)
    for at in range(0, len(persons), CHUNK):
        query, deferred, everything, last = saved_query(session, start, month.end)
        query = query.where(leg.c.account.in_(ACCOUNTS), session.among(leg.c.person_id, persons[at : at + CHUNK]))
        query = query.having(or_(deferred > deferral_minor, everything > additions_minor), last >= month.first)
        yield {row.person_id: Saved.told(row) for row in session.rows(query)}


def _reached(session: Session, start: date, end: date, deferral_minor: int, additions_minor: int) -> list[str]:
    """Who can be above, and perhaps some who are not: what was taken back is not taken off here.

    Nearly nobody is. An index of the legs alone tells it for a tenth of looking every entry of the year up.
    """
    taken = select(leg.c.person_id, leg.c.account, (-leg.c.amount).label("amount")).where(
        leg.c.employer_id == session.employer, leg.c.account.in_(ACCOUNTS), leg.c.pay_date.is_not(None),
        leg.c.pay_date >= start, leg.c.pay_date < end, leg.c.amount < 0, leg.c.person_id.is_not(None),
        leg.c.posted_as.in_((*WITHHELD, *MATCHED, *MADE_UP)),
    )  # fmt: skip
    # An opening balance has no pay date; its other leg leads to it.
    opened = (
        select(leg.c.person_id, literal(chart.DEFERRAL_PAYABLE), leg.c.amount)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.OPENING, leg.c.amount > 0,
            leg.c.posted_as.in_(WITHHELD), leg.c.person_id.is_not(None),
            entry.c.effective_date >= start, entry.c.effective_date < end,
        )
    )  # fmt: skip
    both = taken.union_all(opened).subquery()
    deferred = func.sum(case((both.c.account == chart.DEFERRAL_PAYABLE, both.c.amount), else_=0))
    query = select(both.c.person_id).group_by(both.c.person_id)
    query = query.having(or_(deferred > deferral_minor, func.sum(both.c.amount) > additions_minor))
    return sorted(row.person_id for row in session.rows(query))


def _over(
    session: Session, book: PlanBook, month: Month, limits: RetirementLimits, found: dict[str, Saved]
) -> Iterator[Finding]:
    year = Interval(date(month.year, 1, 1), month.end)
    for worker in facts.workers(session, year, people=sorted(found)):
        above = excess(worker, found[worker.person_id], terms_of(book, worker), limits)
        for what, (most, taken) in above.items():
            yield _finding(book, worker, month, what, most, taken)


def _finding(book: PlanBook, worker: Worker, month: Month, what: str, most: int, taken: int) -> Finding:
    over = format_minor(taken - most, book.employer.currency)
    cause = (
        f"more was deferred in the year than law and plan allow, by {over}"
        if what == "deferral"
        else f"more was added to the account in the year than the law allows, by {over}"
    )
    plans = [one.data["plan"] for one in worker.coverages.get("retirement", ())]
    return Finding(
        Relation.RETIREMENT, Type.OVER_LIMIT, str(month), what, "hub", "finance", cause, MEND,
        person_id=worker.person_id, plan=plans[-1] if plans else None, expected=most, actual=taken,
        unit=book.employer.currency,
    )  # fmt: skip


def _unknown(book: PlanBook, month: Month, missing: ConfigError) -> Finding:
    return Finding(
        Relation.RETIREMENT, Type.LIMIT_UNKNOWN, str(month), "-", "hub", "hub",
        f"the limit is not loaded: {missing.what}"[:500], missing.mend or "Load the notice",
        unit=book.employer.currency,
    )  # fmt: skip
