"""Lost earnings against the recordkeeper: worked out, sent, and credited to each participant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import entry, leg

ON_THE_WAY = (
    "earnings.deposited", "earnings.deposited.reversed", "earnings.credited", "earnings.credited.reversed",
)  # fmt: skip
"""Entries that move lost earnings through the account of what is on its way to the trust."""


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """What of a participant's lost earnings was sent and is not credited; below zero is more credited than sent."""

    person_id: str
    plan: str
    part: str
    pay_date: date
    left: int


Clears = Callable[[Plan, date], date]
"""The last day on which the trust must have what is sent on a day, by the plan's deposit standard."""

Sent = dict[tuple[str, str, str, date], dict[date, int]]
"""Person, plan, part and pay date -> what was sent of it on which day, in minor units."""


def compare(
    session: Session, book: PlanBook, connection_id: str, month: Month, on_the_way: Sequence[OnTheWay], clears: Clears
) -> list[Finding]:
    """What is owed and was not sent, one a pay date; what was sent and not credited, participant by participant."""
    return [
        *_not_deposited(session, book, connection_id, month),
        *_not_credited(session, book, connection_id, month, on_the_way, clears),
    ]


def _not_deposited(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Finding]:
    owed: dict[tuple[str, date], int] = {}
    for one in ledger.balances(session, [chart.EARNINGS_PAYABLE], by=("plan", "pay_date")):
        plan, day = one.dimensions["plan"], one.dimensions["pay_date"]
        if day is not None and Month.of(day) == month and book.plan(plan).recordkeeper == connection_id:
            owed[plan, day] = -one.amount
    for (plan, day), amount in sorted(owed.items()):
        yield Finding(
            Relation.RETIREMENT, Type.EARNINGS_NOT_DEPOSITED, str(month), f"{day}", "hub", "finance",
            "lost earnings of a late deposit are owed to the plan", "Send them: benehub retirement deposit-earnings",
            plan=plan, expected=amount, actual=0, unit=book.employer.currency,
        )  # fmt: skip


def _not_credited(
    session: Session, book: PlanBook, connection_id: str, month: Month, on_the_way: Iterable[OnTheWay], clears: Clears
) -> Iterator[Finding]:  # fmt: skip
    # What was credited for a plan that is not here was never sent; it is a difference of its own.
    here = [one for one in on_the_way if one.left > 0 or book.find(one.plan) is not None]
    mine = [one for one in here if book.plan(one.plan).recordkeeper == connection_id]
    sent = _sent(session, month) if any(one.left > 0 for one in mine) else {}
    for row in mine:
        left, there_by = row.left, defaultdict[date, int](int)
        for day, amount in sent.get((row.person_id, row.plan, row.part, row.pay_date), {}).items():
            there_by[clears(book.plan(row.plan), day)] += amount
        clear_by = _clear_by(left, there_by, session.today())
        if clear_by is not None:
            cause = "lost earnings were sent, no credit seen yet"
        else:
            cause = "lost earnings were sent, and less was credited" if left > 0 else "more was credited than was sent"
        yield Finding(
            Relation.RETIREMENT, Type.EARNINGS_NOT_CREDITED, str(month), f"{row.pay_date}/{row.part}",
            "recordkeeper", "recordkeeper", cause, "Ask the recordkeeper for the status of the file",
            person_id=row.person_id, plan=row.plan, expected=max(0, left), actual=max(0, -left),
            unit=book.employer.currency, clear_by=clear_by,
        )  # fmt: skip


def _clear_by(left: int, sent: Mapping[date, int], today: date) -> date | None:
    """Until when what is left is on its way; None where it is not just what was sent last, or that must be there."""
    last = max(sent, default=None)
    if last is None or left <= 0:
        return None
    coming = {day: amount for day, amount in sent.items() if day >= today} or {last: sent[last]}
    return min(coming) if sum(coming.values()) == left else None


def _sent(session: Session, month: Month) -> Sent:
    """What was sent of the month's pay dates, less what came back, by the day on which it left."""
    keys = (leg.c.person_id, leg.c.plan, leg.c.money_source, leg.c.pay_date, entry.c.effective_date)
    rows = session.rows(
        select(*keys, (-func.sum(leg.c.amount)).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.DEPOSIT_TRANSIT,
            leg.c.posted_as.in_(ON_THE_WAY[:2]), leg.c.pay_date >= month.first, leg.c.pay_date < month.end,
        )
        .group_by(*keys)
    )  # fmt: skip
    found: Sent = defaultdict(dict)
    for row in rows:
        found[row.person_id, row.plan, row.money_source, row.pay_date][row.effective_date] = int(row.amount)
    return found
