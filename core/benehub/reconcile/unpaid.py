"""What of a carrier's premium has not left, by month of cover and bill: deadlines and comparisons ask here.

A month may be paid in several parts, have two bills, or be billed again at a higher amount. That some payment of it has
left says nothing of the rest, so amounts are held against each other: what is owed by the carrier's terms, and what was
remitted and has not come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Exists, Row, case, exists, func, literal, or_, select

from benehub import ledger, obligations
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.billed import accepted, bill_lines
from benehub.reconcile.carriers import Key
from benehub.reconcile.differences import UNSETTLED
from benehub.reconcile.findings import Type
from benehub.reconcile.payable import posted_out, still_dismissed
from benehub.store import Session
from benehub.store.tables import OF_CARRIERS, SOURCED, confirmation, difference, dispatch, entry, leg, obligation

REMIT = "premium.remit"
REMITTED = ("premium.remitted", "premium.remitted.reversed")
ACCRUED = ("premium.accrued", "premium.accrued.reversed")

Of = tuple[str, str]
"""Carrier and month of cover."""


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A bill that is not paid, or paid in part; of a month without one, what the ledger owes. Minor units.

    Args:
        reference: the bill's number; empty where none came.
        due: the day by which it has to be there.
        owed: by the carrier's terms. `remitted`: of it, what has left.
    """

    carrier: str
    month: str
    reference: str
    due: date
    owed: int
    remitted: int = 0

    @property
    def rest(self) -> int:
        """What has still to leave."""
        return self.owed - self.remitted


@dataclass(slots=True)
class _Left:
    """What has left of a month: all, and by person and plan."""

    total: int = 0
    by_key: defaultdict[Key, int] = field(default_factory=lambda: defaultdict(int))


def never_billed(book: PlanBook, row: Row[Any]) -> bool:
    """Whether a `PREMIUM_AT_RISK` is of a month of which the carrier sent no bill, and is paid by its bills."""
    carrier, bill = carriers.told_by(book, row)
    return bill == "-" and book.terms(carrier).pay_policy != "pay_as_enrolled"


def remitted() -> Exists:
    """Whether what an obligation's dispatch paid is posted."""
    return exists().where(
        entry.c.employer_id == obligation.c.employer_id, entry.c.source == obligation.c.dispatch_id, SOURCED,
        entry.c.type == "premium.remitted",
    )  # fmt: skip


def unpaid(session: Session, book: PlanBook, whose: Collection[str], until: Month | None = None) -> list[Unpaid]:
    """What has not left to these carriers, by carrier, month and bill; of months up to `until` where it is said.

    A carrier that is paid as billed is owed what its bills say, and until one comes what was accrued. What was paid too
    much of a month counts towards the rest of it, as the next payment of the month would take it.
    """
    bills = _bills(session, whose, until)
    accrued = _accrued(session, book, whose, until)
    on_way = _on_their_way(session, whose)
    left = _left(session, book, whose, {month for _, month in bills} | {month for (_, month), owed in accrued.items()
                                                                         if owed > 0})  # fmt: skip
    found: list[Unpaid] = []
    by_ledger: list[Unpaid] = []
    for of in sorted(bills.keys() | accrued.keys()):
        carrier, month = of
        gone = left.get(of, 0) + on_way[of].total
        own = bills.get(of, [])
        if book.terms(carrier).pay_policy == "pay_as_enrolled" or not own:
            rest = accrued.get(of, 0) - on_way[of].total
            if rest > 0:
                due = own[0].due if own else _due(book, carrier, month)
                by_ledger.append(Unpaid(carrier, month, own[0].reference if own else "", due, rest + gone, gone))
        elif sum(one.owed for one in own) > gone:
            found += _by_bill(session, book, own, gone, on_way[of])
    later = _accrued_later(session, book, [one for one in by_ledger if one.remitted])
    for one in by_ledger:
        found += _by_due_day(session, book, one, later.get((one.carrier, one.month), ()))
    return sorted(found, key=lambda one: (one.carrier, one.month))


def overpaid(session: Session, book: PlanBook, whose: Collection[str], until: Month) -> dict[Of, int]:
    """What was paid of a month beyond what stands accrued of it, where somebody's cover ended after the payment."""
    return {of: -owed for of, owed in _accrued(session, book, whose, until).items() if owed < 0}


def _bills(session: Session, whose: Collection[str], until: Month | None) -> dict[Of, list[Unpaid]]:
    """What each bill says for a month, the first due first."""
    line = confirmation.c
    rows = session.rows(
        select(
            line.connection_id, line.coverage_month, line.reference, func.min(line.on_date).label("due"),
            func.sum(line.amount).label("amount"),
        )
        .where(
            *session.where(confirmation, kind="invoice_line", current=1), line.coverage_month != "",
            *([line.coverage_month <= str(until)] if until else []),
            line.on_date.is_not(None),
        )
        .group_by(line.connection_id, line.coverage_month, line.reference)
        .order_by(func.min(line.on_date), line.reference)
    )  # fmt: skip
    found: dict[Of, list[Unpaid]] = {}
    for row in rows:
        if row.connection_id not in whose:
            continue
        one = Unpaid(row.connection_id, row.coverage_month, row.reference, row.due, int(row.amount))
        found.setdefault((one.carrier, one.month), []).append(one)
    return found


def _accrued(session: Session, book: PlanBook, whose: Collection[str], until: Month | None) -> dict[Of, int]:
    """What the ledger owes still; of a word that is no plan here, what stands open of those it is owed for.

    Who insures a plan is owed no less by what another carrier was paid of it.
    """
    found: defaultdict[Of, int] = defaultdict(int)
    for carrier, key, amount in paid_to_others(session, book, until):
        if carrier in whose:
            found[carrier, key[2]] += amount
    for plan, month, amount in _payable(session, until):
        known = book.find(plan)
        if known is not None:
            if known.carrier is not None and known.carrier in whose:
                found[known.carrier, month] -= amount
            continue
        if plan is None:
            continue
        open_ = ledger.balances(session, [chart.PREMIUM_PAYABLE], by=("person_id",), plan=plan, coverage_month=month)
        owed = {(row.dimensions["person_id"], plan, month): -row.amount for row in open_ if row.amount < 0}
        for key, carrier in carriers.of_keys(session, book, owed).items():
            if carrier in whose:
                found[carrier, month] += owed[key]
    return found


def _payable(session: Session, until: Month | None) -> Iterator[tuple[str | None, str, int]]:
    """Plan, month of cover and what stands open of them, from the index alone."""
    rows = session.tuples(
        select(leg.c.coverage_month, leg.c.plan, func.sum(leg.c.amount))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PREMIUM_PAYABLE, OF_CARRIERS,
            leg.c.coverage_month <= str(until) if until else leg.c.coverage_month.is_not(None),
            leg.c.posted_as.is_not(None),
        )
        .group_by(leg.c.coverage_month, leg.c.plan)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(leg.c.coverage_month, leg.c.plan)
    )  # fmt: skip
    for part in rows:
        for month, plan, amount in part:
            yield plan, month, int(amount)


def paid_to_others(
    session: Session, book: PlanBook, until: Month | None = None, since: Month | None = None
) -> Iterator[tuple[str, Key, int]]:
    """What another carrier was paid of a plan that it does not insure: by the carrier that does, and key.

    As long as the difference says so (`premium.of_bill`). One that a person has dismissed does until it is posted out
    of what is owed: a second person's word may be needed, and where the hub bills itself nothing is posted.
    """
    rows = session.rows(
        select(difference).where(
            *session.where(difference, relation="premium", type=Type.BILLED_NOT_ENROLLED.value),
            difference.c.reference.contains("/"),  # of a carrier's own plan it names no carrier
            *([difference.c.period <= str(until)] if until else []),
            *([difference.c.period >= str(since)] if since else []),
            or_(difference.c.state.in_(UNSETTLED), still_dismissed() & ~posted_out()),
        )
    )
    told = {(carriers.told_by(book, row)[0], row.plan, row.period, row.person_id) for row in rows}
    by = (leg.c.plan, leg.c.coverage_month, leg.c.person_id)
    for carrier, (plan, month, person_id), amount in _sums(session, book, by, {row.period for row in rows}):
        known = book.find(plan)
        if known is not None and known.carrier not in (None, carrier) and (carrier, plan, month, person_id) in told:
            yield str(known.carrier), (person_id, plan, month), amount


def paid_by_key(
    session: Session, book: PlanBook, months: Collection[str]
) -> defaultdict[str, defaultdict[Key, int]]:  # fmt: skip
    """What was remitted for these months and has not come back: carrier -> person, plan and month -> minor units.

    What was posted of a word that no plan book ever had, without a payment of the hub's, is of nobody: of "".
    """
    found: defaultdict[str, defaultdict[Key, int]] = defaultdict(lambda: defaultdict(int))
    by = (leg.c.plan, leg.c.coverage_month, leg.c.person_id)
    for carrier, (plan, month, person_id), amount in _sums(session, book, by, months):
        if plan:  # what the bank has confirmed is of no plan
            found[carrier][person_id, plan, month] += amount
    return found


def _left(session: Session, book: PlanBook, whose: Collection[str], months: Collection[str]) -> dict[Of, int]:
    """What was remitted for these months and has not come back."""
    found: defaultdict[Of, int] = defaultdict(int)
    for carrier, (_, month), amount in _sums(session, book, (leg.c.plan, leg.c.coverage_month), months):
        if carrier in whose:
            found[carrier, month] += amount
    return found


def _of_months(session: Session, months: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    """Of these months of cover; the bounds say to every planner that the index by month is the narrow one."""
    return (leg.c.coverage_month.between(min(months), max(months)), session.among(leg.c.coverage_month, sorted(months)))


def _sums(
    session: Session, book: PlanBook, by: Sequence[ColumnElement[Any]], months: Collection[str]
) -> Iterator[tuple[str, tuple[Any, ...], int]]:
    """Carrier, columns (the plan is the first) and what left through transit; without looking up a leg's entry.

    What no payment of the hub's made is of the plan's carrier.
    """
    if not months:
        return
    rows = [
        one
        for part in session.tuples(
            select(leg.c.batch, *by, func.sum(-leg.c.amount))
            .where(
                leg.c.employer_id == session.employer, leg.c.account == chart.CARRIER_TRANSIT, OF_CARRIERS,
                leg.c.posted_as.in_(REMITTED), *_of_months(session, months),
            )
            .group_by(leg.c.batch, *by)
        )
        for one in part
    ]  # fmt: skip
    sent = sorted({one[0] for one in rows if one[0]})
    query = select(dispatch.c.dispatch_id, dispatch.c.connection_id)
    of = {
        row.dispatch_id: row.connection_id
        for row in (
            session.rows(query.where(*session.where(dispatch), session.among(dispatch.c.dispatch_id, sent)))
            if sent else ()
        )
    }  # fmt: skip
    for one in rows:
        yield of.get(one[0]) or _carrier(book, one[1]), one[1:-1], int(one[-1])


def _on_their_way(session: Session, whose: Collection[str]) -> defaultdict[Of, _Left]:
    """What payments hold that have left and are not posted yet."""
    rows = session.rows(
        select(obligation).where(
            *session.where(obligation, kind=REMIT), obligation.c.connection_id.in_(sorted(whose)),
            obligation.c.state.in_(("sent", "confirmed")), ~remitted(),
        )
    )  # fmt: skip
    found: defaultdict[Of, _Left] = defaultdict(_Left)
    for row in rows:
        for line in obligations.content(session, row)["lines"]:
            one, month = found[row.connection_id, line["coverage_month"]], line["coverage_month"]
            one.total += line["paid_minor"]
            one.by_key[line["person"] or None, line["plan"], month] += line["paid_minor"]
    return found


def _by_bill(session: Session, book: PlanBook, bills: Sequence[Unpaid], gone: int, on_way: _Left) -> Iterator[Unpaid]:
    """The bills of one month, each less what has left for its lines; what is paid beyond a line goes to the next."""
    carrier, month = bills[0].carrier, bills[0].month
    short = book.terms(carrier).pay_policy == "short_pay"
    if len(bills) == 1 and not short:
        yield replace(bills[0], remitted=gone)
        return
    found = accepted(session, book, carrier, month, bill_lines(session, carrier, month))
    owed: dict[str, int] = {one.reference: 0 for one in bills}
    paid = dict(owed)
    pool = _pool(session, book, carrier, month, on_way)
    for line in found:
        if line.paid <= 0:
            pool[line.key] -= line.paid
    order = {one.reference: number for number, one in enumerate(bills)}
    for line in sorted(found, key=lambda one: order.get(one.invoice, len(order))):
        if line.paid > 0 and line.invoice in owed:
            part = max(0, min(line.paid, pool[line.key]))
            pool[line.key] -= part
            owed[line.invoice] += line.paid
            paid[line.invoice] += part
    spare = sum(pool.values())
    for one in bills:
        more = min(spare, owed[one.reference] - paid[one.reference])
        spare -= more
        left = replace(one, owed=owed[one.reference], remitted=paid[one.reference] + more)
        if left.rest > 0:
            yield left


def _pool(session: Session, book: PlanBook, carrier: str, month: str, on_way: _Left) -> defaultdict[Key, int]:
    """What has left for a month to one carrier, by person and plan."""
    pool: defaultdict[Key, int] = defaultdict(int, on_way.by_key)
    for key, amount in paid_by_key(session, book, (month,))[carrier].items():
        pool[key] += amount
    return pool


def _carrier(book: PlanBook, plan: str | None) -> str:
    known = book.find(plan)
    return (known.carrier or "") if known is not None else ""


def _due(book: PlanBook, carrier: str, month: str) -> date:
    when = Month.parse(month)
    return date(when.year, when.month, book.terms(carrier).premium_due_day)


def _accrued_later(session: Session, book: PlanBook, paid: Sequence[Unpaid]) -> dict[Of, list[tuple[date, int]]]:
    """What was accrued for these months after the first payment of each: the day it was known, and how much."""
    if not paid:
        return {}
    own = [(leg.c.plan == plan.id, plan.carrier) for plan in book.insurance_plans() if plan.carrier]
    whose = case(*own, else_="") if own else literal("")
    of = (whose.label("carrier"), leg.c.coverage_month)
    of_month = (
        select(*of)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, OF_CARRIERS,
            *_of_months(session, {one.month for one in paid}),
        )
        .group_by(*of)
    )  # fmt: skip
    first = (
        of_month.add_columns(func.min(entry.c.seq).label("seq"))
        .where(leg.c.account == chart.CARRIER_TRANSIT, leg.c.posted_as == REMITTED[0])
        .subquery("first")
    )
    rows = session.rows(
        of_month.add_columns(entry.c.seq, entry.c.recorded_at, func.sum(-leg.c.amount).label("amount"))
        .join(first, (first.c.carrier == whose) & (first.c.coverage_month == leg.c.coverage_month)
              & (entry.c.seq > first.c.seq))
        .where(leg.c.account == chart.PREMIUM_PAYABLE, leg.c.posted_as.in_(ACCRUED))
        .group_by(entry.c.seq, entry.c.recorded_at)
        .order_by(entry.c.seq)
    )  # fmt: skip
    found: dict[Of, list[tuple[date, int]]] = {}
    asked = {(one.carrier, one.month) for one in paid}
    for row in rows:
        if (row.carrier, row.coverage_month) in asked:
            told = session.day_of(row.recorded_at), int(row.amount)
            found.setdefault((row.carrier, row.coverage_month), []).append(told)
    return found


def _by_due_day(
    session: Session, book: PlanBook, whole: Unpaid, later: Sequence[tuple[date, int]]
) -> Iterator[Unpaid]:  # fmt: skip
    """A month by the days on which its parts are due: what was accrued after it was paid, on the next one after that.

    What has left pays the oldest part first, and so does what is owed less. What is due by now is one.
    """
    parts: defaultdict[date, int] = defaultdict(int, {whole.due: whole.owed - sum(amount for _, amount in later)})
    for known, amount in later:
        this, following = (_due(book, whole.carrier, str(Month.of(known).plus(more))) for more in (0, 1))
        parts[max(whole.due, this if this >= known else following)] += amount
    pool = whole.remitted - sum(min(0, amount) for amount in parts.values())
    today, now = session.today(), replace(whole, owed=0, remitted=0)
    for due, amount in sorted(parts.items()):
        gone = min(pool, max(0, amount))
        pool -= gone
        if due <= today:
            first = now.due if now.rest else due
            now = replace(now, due=first, owed=now.owed + max(0, amount), remitted=now.remitted + gone)
        elif amount > gone:
            yield replace(whole, due=due, owed=amount, remitted=gone)
    if now.rest:
        yield now
