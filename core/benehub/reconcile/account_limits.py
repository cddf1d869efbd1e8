"""Accounts against the law's limits: what payroll took and the employer granted in a year, or for commuting in a month.

Of an HSA the limit goes by the tier of the medical cover on the first of each month, as believed for the whole year;
whether that cover is a high-deductible plan is not asked. Only this employer's money is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import func, select

from benehub import facts
from benehub.errors import ConfigError
from benehub.facts import Worker
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Interval, Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.records import Tier
from benehub.rules.account.limit import HSA_CATCH_UP_AGE, Account, AccountLimitInput, HsaCover, account_limit
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import entry, leg

KINDS = {
    "hsa": Account.HSA,
    "fsa_health": Account.HEALTH_FSA,
    "fsa_dependent": Account.DEPENDENT_CARE,
    "commuter": Account.COMMUTER,
}
PUT_IN = (
    "deduction.withheld", "deduction.withheld.reversed", "contribution.accrued", "contribution.accrued.reversed",
)  # fmt: skip


def compare(session: Session, book: PlanBook, month: Month) -> Iterator[Finding]:
    """Everybody who is over a limit and for whom money was put in on a pay date of the month."""
    for plan in book.account_plans():
        try:
            yield from _of_plan(session, book, plan, month)
        except ConfigError as missing:
            yield Finding(
                Relation.ACCOUNTS, Type.LIMIT_UNKNOWN, str(month), "-", "hub", "hub",
                f"the limit is not loaded: {missing.what}"[:500], missing.mend or "Load the notice", plan=plan.id,
                unit=book.employer.currency,
            )  # fmt: skip


def _of_plan(session: Session, book: PlanBook, plan: Plan, month: Month) -> Iterator[Finding]:
    kind = KINDS[plan.benefit_type]
    put_in = _put_in(session, plan, _since(plan, kind, month), month, own=kind is Account.HEALTH_FSA)
    persons, limits = sorted(put_in), dict[tuple[object, ...], int]()
    for start in range(0, len(persons), CHUNK):
        part = persons[start : start + CHUNK]
        workers = {one.person_id: one for one in facts.workers(session, Interval(date.min, month.end), people=part)}
        for person_id in part:
            most = _limit(plan, kind, workers.get(person_id), month, limits)
            if put_in[person_id] > most:
                yield _over(book, plan, person_id, month, put_in[person_id], most)


def _over(book: PlanBook, plan: Plan, person_id: str, month: Month, put_in: int, most: int) -> Finding:
    over = format_minor(put_in - most, book.employer.currency)
    return Finding(
        Relation.ACCOUNTS, Type.OVER_LIMIT, str(month), "-", "hub", "finance",
        f"more was put in than the law allows, by {over}",
        "End or lower the election, and have the excess taken out before it is taxed",
        person_id=person_id, plan=plan.id, expected=most, actual=put_in, unit=book.employer.currency,
    )  # fmt: skip


def _since(plan: Plan, kind: Account, month: Month) -> date:
    """First pay date that counts: of the calendar year, an FSA's plan year, or the month."""
    match kind:
        case Account.COMMUTER:
            return month.first
        case Account.HEALTH_FSA | Account.DEPENDENT_CARE:
            return plan.plan_year_start(month)
        case Account.HSA:
            return date(month.year, 1, 1)


def _put_in(session: Session, plan: Plan, since: date, month: Month, own: bool) -> dict[str, int]:
    """Person -> minor units since a day, for whom the month has any; `own` leaves the employer's money out."""
    query = (
        select(leg.c.person_id, func.sum(-leg.c.amount).label("amount"), func.max(leg.c.pay_date).label("last"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.ACCOUNT_PAYABLE,
            leg.c.plan == plan.id,
            leg.c.person_id.is_not(None),
            leg.c.pay_date >= since,
            leg.c.pay_date < month.end,
            entry.c.type.in_(PUT_IN),
        )
        .group_by(leg.c.person_id)
    )
    if own:
        query = query.where(leg.c.money_source == "employee")
    return {row.person_id: int(row.amount) for row in session.rows(query) if Month.of(row.last) == month}


def _limit(plan: Plan, kind: Account, worker: Worker | None, month: Month, known: dict[tuple[object, ...], int]) -> int:
    """The limit of one person; alike people are worked out once."""
    year = _since(plan, kind, month).year
    cover = _cover(worker, year) if kind is Account.HSA else None
    birth = _birth(worker) if kind is Account.HSA else None
    old = birth is not None and age_on(birth, date(year, 12, 31)) >= HSA_CATCH_UP_AGE
    key = (cover, old)
    if key not in known:
        given = AccountLimitInput(
            account=kind, year=year, cover=cover, birth_date=birth if old else None,
            month=month if kind is Account.COMMUTER else None,
        )  # fmt: skip
        known[key] = account_limit(given).required().limit_minor
    return known[key]


def _birth(worker: Worker | None) -> date | None:
    told: Mapping[str, object] = {} if worker is None else worker.identity
    return date.fromisoformat(str(told["birth_date"])) if told.get("birth_date") else None


def _cover(worker: Worker | None, year: int) -> tuple[HsaCover, ...]:
    """The medical cover on the first of each month; of somebody unknown none, so that nothing is allowed unseen."""
    timeline = () if worker is None else worker.coverages.get("medical", ())
    found = [facts.in_force(timeline, date(year, month, 1)) for month in range(1, 13)]
    return tuple(
        HsaCover.NONE if one is None else HsaCover.SELF if one.data["tier"] == Tier.EE.value else HsaCover.FAMILY
        for one in found
    )
