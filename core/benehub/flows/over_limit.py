"""Retirement savings above a year's limits: one difference a person, limit and year, of the month that first went over.

What payroll is told to take ends at every limit. It is over all the same where payroll took more than it was told, or
where a fact came late: a birth date, a plan that allows no catch-up. Only this employer's money is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import case, func, literal, or_, select

from benehub import facts
from benehub.errors import ConfigError
from benehub.facts import Worker
from benehub.flows.savings import MADE_UP, MATCHED, TRUED_UP, WITHHELD, Saved, excess, saved_query, terms_of, unknown
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import OPEN, Finding, Relation, Type
from benehub.rules.retirement.limits import RetirementLimits, retirement_limits
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import difference, entry, leg

ACCOUNTS = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE)

MEND = (
    "Lower or end the deferral, and have the recordkeeper return what is above, with its earnings; then resolve it and "
    "say amount and day of the return"
)
AGE = "age"
"""The reference of deferrals of which only a birth date tells whether they are above the limit."""
Begun = dict[tuple[str | None, str, int], tuple[str, str | None]]
"""Person, which limit and year -> month and plan of the difference that stands for it."""


def compare(session: Session, book: PlanBook, month: Month) -> list[Finding]:
    """Everybody who is over the limits of the year, and of years before of which something is open.

    One difference a person, limit and year, with the year's whole excess: of the month whose pay first went over.
    """
    if not book.retirement_plans():
        return []
    begun, still = _begun(session)
    years = sorted({month.year, *(one for one in still if one < month.year)})
    found = [one for year in years for one in _year(session, book, year, begun, month)]
    return [one for one in found if one.period <= str(month)]


def _year(session: Session, book: PlanBook, year: int, begun: Begun, month: Month) -> list[Finding]:
    try:
        return list(_of_year(session, book, year, begun))
    except ConfigError as missing:
        at = min(month, Month(year, 12))
        period, _ = begun.get((None, "-", year), (str(at), None))
        return [_unknown(book, period, missing)] if _anybody(session, at) else []


def _begun(session: Session) -> tuple[Begun, set[int]]:
    """The differences there are of limits, the oldest of each, and the years of which any is open."""
    rows = session.rows(
        select(difference.c.person_id, difference.c.reference, difference.c.period, difference.c.plan,
               difference.c.state)
        .where(
            *session.where(difference, relation=Relation.RETIREMENT),
            difference.c.type.in_((Type.OVER_LIMIT, Type.LIMIT_UNKNOWN)),
        )
        .order_by(difference.c.period)
    )  # fmt: skip
    found: Begun = {}
    for row in rows:
        found.setdefault((row.person_id, row.reference, int(row.period[:4])), (row.period, row.plan))
    return found, {int(row.period[:4]) for row in rows if row.state in (*OPEN, "suppressed")}


def _anybody(session: Session, month: Month) -> bool:
    """Whether anybody has saved anything in the year so far."""
    query, *_ = saved_query(session, date(month.year, 1, 1), month.end)
    return bool(session.rows(query.limit(1)))


def _own_limits(book: PlanBook) -> list[int]:
    plans = [plan.deferral.rule().max_year_minor for plan in book.retirement_plans() if plan.deferral]
    return [most for most in plans if most is not None]


def _reached(session: Session, start: date, end: date, deferral_minor: int, additions_minor: int) -> list[str]:
    """Who can be above, and perhaps some who are not: what was taken back is not taken off here.

    Nearly nobody is. An index of the legs alone tells it for a tenth of looking every entry of the year up.
    """
    taken = select(leg.c.person_id, leg.c.account, (-leg.c.amount).label("amount")).where(
        leg.c.employer_id == session.employer, leg.c.account.in_(ACCOUNTS), leg.c.pay_date.is_not(None),
        leg.c.pay_date >= start, leg.c.pay_date < end, leg.c.amount < 0, leg.c.person_id.is_not(None),
        leg.c.posted_as.in_((*WITHHELD, *MATCHED, *TRUED_UP, *MADE_UP)),
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


def _of_year(session: Session, book: PlanBook, year: int, begun: Begun) -> Iterator[Finding]:
    limits, whole = retirement_limits(year), Interval(date(year, 1, 1), date(year + 1, 1, 1))
    low = min([limits.deferral_minor, *_own_limits(book)])
    persons = _reached(session, whole.start, whole.end, low, limits.additions_minor)
    for start in range(0, len(persons), CHUNK):
        query, deferred, everything = saved_query(session, whole.start, whole.end)
        query = query.where(leg.c.account.in_(ACCOUNTS), session.among(leg.c.person_id, persons[start : start + CHUNK]))
        # Who by the sums alone can be over
        query = query.having(or_(deferred > low, everything > limits.additions_minor))
        found = {row.person_id: Saved.told(row) for row in session.rows(query)}
        workers = list(facts.workers(session, whole, people=sorted(found)))
        above = {one.person_id: _above(book, one, found[one.person_id], limits) for one in workers}
        fresh = [
            one for one in workers
            if any((one.person_id, what, year) not in begun for what in above[one.person_id])
        ]  # fmt: skip
        known = _first_over(session, book, fresh, limits) | begun
        for worker in workers:
            for what, (most, taken) in above[worker.person_id].items():
                yield _finding(book, worker.person_id, *known[worker.person_id, what, year], what, most, taken)


def _above(book: PlanBook, worker: Worker, saved: Saved, limits: RetirementLimits) -> dict[str, tuple[int, int]]:
    """What is over, and what may be (`AGE`): the most that is sure to be allowed, and what was saved."""
    terms = terms_of(book, worker)
    above = excess(worker, saved, terms, limits)
    if unknown(worker, saved, terms, limits):
        above[AGE] = (saved.deferrals - saved.caught_up(limits, terms), saved.deferrals)
    return above


def _first_over(session: Session, book: PlanBook, workers: Sequence[Worker], limits: RetirementLimits) -> Begun:
    """The month whose pay first was above a limit, and the plan, of those of whom no difference stands."""
    by_id, year = {one.person_id: one for one in workers}, limits.year
    found: Begun = {}
    for number in range(1, 13) if by_id else ():
        month = Month(year, number)
        query, *_ = saved_query(session, date(year, 1, 1), month.end)
        for row in session.rows(query.where(session.among(leg.c.person_id, list(by_id)))):
            worker = by_id[row.person_id]
            plans = [one.data["plan"] for one in worker.coverages.get("retirement", ())]
            for what in _above(book, worker, Saved.told(row), limits):
                found.setdefault((row.person_id, what, year), (str(month), plans[-1] if plans else None))
    return found


def _finding(
    book: PlanBook, person_id: str, period: str, plan: str | None, what: str, most: int, taken: int
) -> Finding:
    if what == AGE:
        return Finding(
            Relation.RETIREMENT, Type.LIMIT_UNKNOWN, period, what, "hris", "hris",
            "the birth date is unknown: what was deferred above the regular limit is catch-up, or too much",
            "Have the HRIS tell the birth date, then compare again",
            person_id=person_id, plan=plan, expected=most, actual=taken, unit=book.employer.currency,
        )  # fmt: skip
    over = format_minor(taken - most, book.employer.currency)
    cause = (
        f"more was deferred in the year than law and plan allow, by {over}"
        if what == "deferral"
        else f"more was added to the account in the year than the law allows, by {over}"
    )
    return Finding(
        Relation.RETIREMENT, Type.OVER_LIMIT, period, what, "hub", "finance", cause, MEND,
        person_id=person_id, plan=plan, expected=most, actual=taken, unit=book.employer.currency,
    )  # fmt: skip


def _unknown(book: PlanBook, period: str, missing: ConfigError) -> Finding:
    return Finding(
        Relation.RETIREMENT, Type.LIMIT_UNKNOWN, period, "-", "hub", "hub",
        f"the limit is not loaded: {missing.what}"[:500], missing.mend or "Load the notice",
        unit=book.employer.currency,
    )  # fmt: skip
