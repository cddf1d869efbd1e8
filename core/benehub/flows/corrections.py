"""What a back-dated fact changes, on all legs at once: payroll, premium, carrier's file and bill, match, leave.

There is no second arithmetic: the flows of every day work out earlier months again, and what they would write is read
here, leg by leg, with the fact behind it. `preview` lets them run and takes all back; `correct` lets them run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, case, func, or_, select

from benehub import facts, obligations
from benehub.engine import Steps
from benehub.errors import BenehubError
from benehub.facts.causes import Cause, cause_of, late_facts
from benehub.flows import coverage, deductions, enrollments, exchange, leave, match, premiums
from benehub.flows.hub import Hub
from benehub.flows.leave_payouts import EXPECTED
from benehub.flows.rehearsal import DirectSteps, rehearsal
from benehub.flows.retro import CHANGE
from benehub.hours import format_hours
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg, obligation, plan_book
from benehub.views.leave_history import ACCRUED as ACCRUED_LEAVE

ACCRUED = ("premium.accrued", "premium.accrued.reversed")


class Part(StrEnum):
    """The legs of a correction."""

    PAYROLL = "payroll"
    """The employee's share: taken (or given back, below zero) with a coming pay."""
    PREMIUM = "premium"
    """What is owed to the carrier for the month: charged, or credited below zero."""
    EMPLOYER = "employer"
    """The employer's part of that premium."""
    CARRIER = "carrier"
    """What the carrier is told."""
    INVOICE = "invoice"
    """What the bill already received says too much (below zero: a credit is expected) or too little."""
    MATCH = "match"
    """The employer's match of pay dates that are over."""
    LEAVE = "leave"
    """What leave earned by pay dates that are over is worth, and what a leaver is paid of it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One leg of what a fact changes.

    Args:
        amount_minor: by how much, in minor units; 0 where somebody is only told.
        on: the pay date, or the day the cover that is told begins or ends; None where there is none.
        says: the same in words.
        causes: ids of the facts behind it, or the plan book that was loaded since; empty where neither is known.
    """

    part: Part
    person_id: str
    plan: str
    month: str
    amount_minor: int
    on: date | None
    says: str
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corrections:
    """All legs, by person and month, and what could not be worked out."""

    found: tuple[Correction, ...]
    unit: str
    held: tuple[str, ...] = field(default=())

    def total(self, part: Part) -> int:
        """Sum of a leg in minor units."""
        return sum(one.amount_minor for one in self.found if one.part is part)


def preview(hub: Hub, employer: str, person_id: str = "") -> Corrections:
    """Every leg that back-dated facts change as known now, of one employee or of all; nothing is written."""
    with rehearsal(hub) as trial:
        with trial.store.read(employer) as session:
            before, today = session.latest_seq(), session.today()
        held = list(_work(trial, DirectSteps(), employer, today))  # type: ignore[arg-type]  # it steps like Steps
        with trial.store.read(employer) as session:
            book = trial.book(session)
            found = tuple(_found(session, book, before, Month.of(today), person_id))
    return Corrections(found, book.employer.currency, tuple(held))


def correct(hub: Hub, steps: Steps, employer: str) -> dict[str, Any]:
    """Let every leg be worked out again by its own flow: cover, premiums, pay, the carrier's changes, match and leave.

    What is owed by it leaves with the pushes and files of every day.
    """
    with hub.store.read(employer) as session:
        before, today = session.latest_seq(), session.today()
    held = list(_work(hub, steps, employer, today))
    with hub.store.read(employer) as session:
        found = list(_found(session, hub.book(session), before, Month.of(today), ""))
    counts = {part.value: sum(1 for one in found if one.part is part) for part in Part}
    return {**{name: count for name, count in counts.items() if count}, **({"waits": held} if held else {})}


def _work(hub: Hub, steps: Steps, employer: str, today: date) -> Iterator[str]:
    """The flows of every day, in their order; gives what is held."""
    month = Month.of(today)
    coverage.decide(hub, steps, employer, today.isoformat())
    premiums.accrue(hub, steps, employer, str(month))
    for one in (month, month.plus(1)):
        # A pay date of this month may be over: its corrections go to the next one's.
        steps.step(f"expect {one}", deductions._expect, hub, employer, one)
    with hub.store.read(employer) as session:
        carriers = sorted({plan.carrier for plan in hub.book(session).insurance_plans() if plan.carrier})
        months, earned = _months(session, month, "match.accrued"), _months(session, month, ACCRUED_LEAVE)
    for connection_id in carriers:
        why = steps.step(f"tell {connection_id}", _tell, hub, employer, connection_id, today)
        if why:
            yield why
    for one in months:
        steps.step(f"match {one}", match.accrue, hub, employer, one)
    # The oldest first: a pay-out and a raise count what earlier months have come to. What was not earned after somebody
    # has left is taken back with the month he left in, before he is paid out what is left.
    for one in earned:
        steps.step(f"leave {one}", leave._accrue, hub, employer, one)


def _tell(hub: Hub, employer: str, connection_id: str, today: date) -> str:
    """Make owed what the carrier has to be told; gives why it is held instead."""
    try:
        enrollments.want_changes(hub, employer, connection_id, today)
    except BenehubError as error:
        return f"{connection_id}: {error.what}"
    return ""


def _months(session: Session, month: Month, kind: str) -> list[Month]:
    """Months of the year for which a match, or leave, was worked out already."""
    rows = session.rows(
        select(entry.c.effective_date)
        .where(
            *session.where(entry, type=kind), entry.c.effective_date >= date(month.year, 1, 1),
            entry.c.effective_date < month.end,
        )
        .distinct()
    )  # fmt: skip
    return sorted({Month.of(row.effective_date) for row in rows})


def _found(session: Session, book: PlanBook, before: int, month: Month, person_id: str) -> Iterator[Correction]:
    """What the flows have written since `before`, as corrections with their causes."""
    raw = [*_premiums(session, before, month), *_pays(session, before), *_told(session, before),
           *_matches(session, before), *_leave(session, before, month), *_paid_out(session, before)]  # fmt: skip
    raw += _billed(session, book, raw)
    raw += _unpaid(session, before, month, raw)
    mine = [one for one in raw if person_id in ("", one.person_id)]
    who = sorted({one.person_id for one in mine})
    causes = late_facts(session, who, date(month.year - 1, 1, 1))
    fresh, order = _loaded_since(session, book, before), list(Part)
    for one in sorted(mine, key=lambda c: (c.person_id, c.month, order.index(c.part), c.plan, c.on or date.min)):
        yield _caused(one, causes, fresh)


def _loaded_since(session: Session, book: PlanBook, before: int) -> str:
    """The plan book, where it was loaded after premiums were worked out last; empty where it was known then."""
    loaded = select(plan_book.c.seq).where(*session.where(plan_book, version=book.version)).scalar_subquery()
    last = select(func.max(entry.c.seq)).where(*session.where(entry), entry.c.type.in_(ACCRUED), entry.c.seq <= before)
    since = session.connection.execute(select(loaded > last.scalar_subquery())).scalar()
    return f"plan book {book.version}" if since else ""


def _caused(one: Correction, causes: Mapping[str, Iterable[Cause]], fresh: str) -> Correction:
    month = Month.parse(one.month)
    cause = cause_of(causes, one.person_id, month)
    if cause is None and one.part is Part.LEAVE:
        # Who leaves with a month's last day is gone from the next one on, and paid out with the check of this one.
        cause = cause_of(causes, one.person_id, month.plus(1))
    known = one.causes or ((cause.fact_id,) if cause else ())
    if not known and fresh and one.part not in (Part.MATCH, Part.LEAVE):
        known = (fresh,)
    return Correction(one.part, one.person_id, one.plan, one.month, one.amount_minor, one.on, one.says, known)


def _accrued(session: Session, before: int, month: Month, accounts: Sequence[str]) -> Sequence[Row[Any]]:
    """By how much premiums of months before this one were accrued otherwise since, by person, plan and account."""
    keys = (leg.c.person_id, leg.c.plan, leg.c.coverage_month, leg.c.account)
    return session.rows(
        select(*keys, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            entry.c.seq > before,
            entry.c.type.in_(ACCRUED),
            leg.c.account.in_(accounts),
            leg.c.coverage_month < str(month),
        )
        .group_by(*keys)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(*keys)
    )


def _premiums(session: Session, before: int, month: Month) -> Iterator[Correction]:
    """Months before this one whose premium was worked out again."""
    for row in _accrued(session, before, month, (chart.PREMIUM_PAYABLE, chart.BENEFIT_COST)):
        payable = row.account == chart.PREMIUM_PAYABLE
        amount = -int(row.amount) if payable else int(row.amount)
        says = f"premium of {row.coverage_month}: {'charge' if amount > 0 else 'credit'}"
        yield Correction(
            Part.PREMIUM if payable else Part.EMPLOYER, row.person_id, row.plan, row.coverage_month, amount, None,
            says if payable else "the employer's part of it",
        )  # fmt: skip


def _pays(session: Session, before: int) -> Iterator[Correction]:
    """Lines that correct earlier months, and lines of coming pays that stand otherwise than they stood before."""
    rows = session.rows(
        select(entry.c.source, entry.c.idempotency_key, entry.c.seq, leg.c.person_id, leg.c.plan, leg.c.coverage_month,
               leg.c.pay_date, leg.c.amount)
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PAYROLL_CLEARING, entry.c.seq > before,
            entry.c.type.in_(("deduction.expected", "deduction.expected.void")),
            leg.c.money_source == "employee",
        )
        .order_by(entry.c.seq)
    )  # fmt: skip
    sums: dict[tuple[str, str, str, date], int] = {}
    behind: dict[tuple[str, str, str, date], str] = {}
    for row in rows:
        key = row.idempotency_key.removeprefix("void:")
        retro = row.source.removeprefix("restated: ").startswith(CHANGE)
        if not retro and key.endswith("/r1") and not row.idempotency_key.startswith("void:"):
            continue  # a line of a pay that was not expected yet
        line = (row.person_id, row.plan, row.coverage_month, row.pay_date)
        sums[line] = sums.get(line, 0) + int(row.amount)
        if retro and " by " in row.source:
            behind[line] = row.source.rpartition(" by ")[2]
    for line, amount in sums.items():
        if amount:
            person, plan, month, day = line
            word = "take" if amount > 0 else "give back"
            known = (behind[line],) if line in behind else ()
            yield Correction(Part.PAYROLL, person, plan, month, amount, day, f"{word} with the pay of {day}", known)


def _unpaid(session: Session, before: int, month: Month, found: Sequence[Correction]) -> Iterator[Correction]:
    """What somebody who has left owes or is owed for earlier months, where no coming pay settles it."""
    settled = {(one.person_id, one.plan) for one in found if one.part is Part.PAYROLL}
    rows = [row for row in _accrued(session, before, month, (chart.EMPLOYEE_SHARE_DUE,))
            if (row.person_id, row.plan) not in settled]  # fmt: skip
    ahead = Interval(session.today(), FOREVER)
    stay = {one.person_id for one in facts.workers(session, ahead, None, sorted({row.person_id for row in rows}))}
    for row in rows:
        if row.person_id not in stay:
            word = "owes it" if row.amount > 0 else "is owed it"
            says = f"no coming pay settles it: the employee {word}"
            yield Correction(Part.PAYROLL, row.person_id, row.plan, row.coverage_month, int(row.amount), None, says)


MAINTENANCE = {"021": "begins on", "024": "ends before", "001": "changes from"}


def _told(session: Session, before: int) -> Iterator[Correction]:
    """What carriers have to be told since."""
    rows = session.rows(
        select(obligation).where(
            *session.where(obligation, kind=exchange.CHANGE), obligation.c.seq > before,
            obligation.c.state.in_(("open", "held")),
        )
    )  # fmt: skip
    for row in rows:
        content = obligations.content(session, row)
        for line in (one for member in content["members"][:1] for one in member["coverages"]):
            day = date.fromisoformat(line["effective_to"] if line["maintenance"] == "024" else line["effective_from"])
            says = f"cover {MAINTENANCE.get(line['maintenance'], 'stands from')} {day}"
            told = f"{says}, tier {line['tier']}" if line["tier"] and line["maintenance"] != "024" else says
            waits = f" (held: {row.reason})" if row.state == "held" else ""
            yield Correction(Part.CARRIER, row.person_id, line["plan"], str(Month.of(day)), 0, day, told + waits)


def _billed(session: Session, book: PlanBook, found: Sequence[Correction]) -> Iterator[Correction]:
    """Of months that were billed already, what the next bill has to put right."""
    changed = {(one.person_id, one.plan, one.month): one for one in found if one.part is Part.PREMIUM}
    months = sorted({month for _, _, month in changed})
    if not months:
        return
    bills = session.rows(
        select(confirmation.c.person_id, confirmation.c.plan, confirmation.c.coverage_month,
               func.sum(confirmation.c.amount).label("amount"))
        .where(*session.where(confirmation, kind="invoice_line", current=1), confirmation.c.coverage_month.in_(months))
        .group_by(confirmation.c.person_id, confirmation.c.plan, confirmation.c.coverage_month)
    )  # fmt: skip
    billed = {(row.person_id, row.plan, row.coverage_month): int(row.amount) for row in bills}
    seen = {month for _, _, month in billed}
    owed = _owed(session, months)
    for key, one in changed.items():
        if one.month not in seen:
            continue  # nothing was billed for that month yet
        gap = owed.get(key, 0) - billed.get(key, 0)
        if gap:
            says = f"expect {'a charge' if gap > 0 else 'a credit'} on the next bill of {book.plan(one.plan).carrier}"
            yield Correction(Part.INVOICE, *key, gap, None, says)


def _owed(session: Session, months: Sequence[str]) -> dict[tuple[str, str, str], int]:
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, leg.c.coverage_month, func.sum(-leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PREMIUM_PAYABLE,
            leg.c.coverage_month.in_(months), entry.c.type.in_(ACCRUED),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.coverage_month)
    )  # fmt: skip
    return {(row.person_id, row.plan, row.coverage_month): int(row.amount) for row in rows}


def _matches(session: Session, before: int) -> Iterator[Correction]:
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, leg.c.pay_date, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.MATCH_EXPENSE, entry.c.seq > before,
            entry.c.type.in_(("match.accrued", "match.accrued.reversed")),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.pay_date)
        .having(func.sum(leg.c.amount) != 0)
    )  # fmt: skip
    for row in rows:
        month = str(Month.of(row.pay_date))
        says = f"match of the pay of {row.pay_date}"
        yield Correction(Part.MATCH, row.person_id, row.plan, month, int(row.amount), row.pay_date, says)


def _leave(session: Session, before: int, month: Month) -> Iterator[Correction]:
    """Leave of pay dates before this month that was earned otherwise: its hours, and what they are worth."""
    minutes = func.sum(case((leg.c.account == chart.LEAVE_AVAILABLE, leg.c.amount), else_=0)).label("minutes")
    worth = func.sum(case((leg.c.account == chart.LEAVE_LIABILITY, -leg.c.amount), else_=0)).label("worth")
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, leg.c.pay_date, minutes, worth)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, entry.c.seq > before, leg.c.pay_date < month.first,
            entry.c.type.in_((ACCRUED_LEAVE, f"{ACCRUED_LEAVE}.reversed")),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.pay_date)
        .having(or_(minutes != 0, worth != 0))
    )  # fmt: skip
    for row in rows:
        what = "worth otherwise"
        if row.minutes:
            what = f"{format_hours(abs(int(row.minutes)))} hours {'more' if row.minutes > 0 else 'not earned'}"
        says, at = f"leave of the pay of {row.pay_date}: {what}", str(Month.of(row.pay_date))
        yield Correction(Part.LEAVE, row.person_id, row.plan, at, int(row.worth), row.pay_date, says)


def _paid_out(session: Session, before: int) -> Iterator[Correction]:
    """What leavers are paid of the leave that is left, with the check of their last pay period."""
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, leg.c.pay_date, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, entry.c.seq > before, leg.c.account == chart.LEAVE_LIABILITY,
            entry.c.type.in_((EXPECTED, f"{EXPECTED}.void")),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.pay_date)
        .having(func.sum(leg.c.amount) != 0)
    )  # fmt: skip
    for row in rows:
        says, at = f"leave left is paid out with the pay of {row.pay_date}", str(Month.of(row.pay_date))
        yield Correction(Part.LEAVE, row.person_id, row.plan, at, int(row.amount), row.pay_date, says)
