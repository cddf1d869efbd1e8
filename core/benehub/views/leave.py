"""Leave by employee and policy: what the ledger holds, what may be used and when it lapses, what is owed to leavers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from sqlalchemy import func, select

from benehub import ledger
from benehub.hours import to_minutes
from benehub.identity import people
from benehub.ledger import accounts as chart
from benehub.planbook import PlanBook
from benehub.rules.leave.balance import next_accrual
from benehub.rules.leave.replay import Move
from benehub.store import Session
from benehub.store.tables import entry, leg
from benehub.views.leave_history import GRANT, History, histories
from benehub.views.persons import member_ids

AHEAD = timedelta(days=62)
"""How far ahead pay dates are looked at for the next accrual."""


@dataclass(frozen=True, slots=True)
class Held:
    """One employee's leave of one policy as booked: whole minutes, their value in minor units."""

    member: str
    policy: str
    minutes: int
    value: int


@dataclass(frozen=True, slots=True)
class Meter:
    """One employee's leave of one policy as replayed: what was earned, and what of it may be used."""

    member: str
    policy: str
    accrued: int
    """Minutes left in all."""
    available: int
    """Minutes that may be used on the day."""
    usable_on: date
    expiring: tuple[tuple[date, int], ...]
    """First day on which minutes are gone, and how many; the next first."""
    next_on: date | None
    """The next day on which leave is earned, as far as is known."""
    next_minutes: int
    value: int
    """What stands in the books for it, in minor units."""
    booked: int
    """Minutes that the ledger holds; other than `accrued` until the month is accrued or the year closed."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A pay-out at the end of employment, in minor units: due, and what of it was paid."""

    entry: str
    member: str
    policy: str
    pay_date: date
    expected: int
    paid: int


def held(session: Session, effective: date | None = None, only: Sequence[str] | None = None) -> list[Held]:
    """Everybody's leave, on a day or with everything posted so far; only of these people where they are named."""
    found: dict[tuple[str, str], list[int]] = {}
    accounts = [chart.LEAVE_AVAILABLE, chart.LEAVE_LIABILITY]
    for one in _balances(session, accounts, effective, only):
        pair = found.setdefault((one.dimensions["person_id"], one.dimensions["plan"]), [0, 0])
        if one.account == chart.LEAVE_AVAILABLE:
            pair[0] += one.amount
        else:
            pair[1] -= one.amount
    members = member_ids(session, {person for person, _ in found if person})
    rows = [Held(members.get(person, ""), policy or "", *pair) for (person, policy), pair in found.items()]
    return sorted(rows, key=lambda row: (row.member, row.policy))


def _balances(
    session: Session, accounts: Sequence[str], effective: date | None, only: Sequence[str] | None
) -> Iterator[ledger.Balance]:
    by = ("person_id", "plan")
    if only is None:
        yield from ledger.balances(session, accounts, by=by, effective=effective)
        return
    for one in only:
        yield from ledger.balances(session, accounts, by=by, effective=effective, person_id=one)


def meters(session: Session, book: PlanBook, day: date, only: Sequence[str] | None = None) -> list[Meter]:
    """Everybody's two meters at the end of a day, by replay; only of these people where they are named.

    Raises:
        ConfigError: a statutory policy or a legal number is not loaded.
    """
    members = (
        member_ids(session, only)
        if only is not None
        else {one: row.member_id for one, row in people.people(session).items()}
    )
    books = {(row.member, row.policy): row for row in held(session, day, only)}
    found = []
    for policy in book.leave:
        for history in histories(session, book, policy, day + AHEAD, people=only):
            member = members.get(history.worker.person_id, "")
            found.append(_meter(history, member, day, books.get((member, policy.id), Held(member, policy.id, 0, 0))))
    return sorted(found, key=lambda row: (row.member, row.policy))


def _meter(history: History, member: str, day: date, booked: Held) -> Meter:
    now, rule = history.to(day), history.rule
    usable_on = rule.usable_on(now.service_from or history.employments[0][0])
    left = to_minutes(now.balance)
    ahead = [
        (one.on, minutes)
        for one, minutes in history.to(day + AHEAD).booked()
        if one.on > day and (one.move is Move.ACCRUED or one.key.startswith(GRANT))
    ]
    next_on = ahead[0][0] if ahead else next_accrual(rule, history.employments, day)
    lots: dict[date, Fraction] = {}
    for lot in now.lots.held:
        if lot.expires_on is not None:
            lots[lot.expires_on] = lots.get(lot.expires_on, Fraction(0)) + lot.hours
    return Meter(
        member, history.policy.id, left, left if day >= usable_on else min(left, 0), usable_on,
        tuple((on, to_minutes(hours)) for on, hours in sorted(lots.items())),
        next_on, ahead[0][1] if ahead else 0, booked.value, booked.minutes,
    )  # fmt: skip


def payouts(session: Session, month_first: date, month_end: date) -> list[Owed]:
    """Pay-outs expected on final checks of `[month_first, month_end)`."""
    members = people.people(session)
    voided = select(entry.c.pending_id).where(entry.c.employer_id == session.employer, entry.c.status == "void")
    rows = session.rows(
        select(entry.c.entry_id, entry.c.effective_date, leg.c.person_id, leg.c.plan, leg.c.amount)
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            entry.c.employer_id == session.employer,
            entry.c.type == "leave.payout_expected",
            entry.c.status == "pending",
            entry.c.effective_date >= month_first,
            entry.c.effective_date < month_end,
            entry.c.entry_id.not_in(voided),
            leg.c.account == chart.LEAVE_LIABILITY,
        )
        .order_by(entry.c.effective_date, entry.c.seq)
    )
    paid = _paid(session, [row.entry_id for row in rows])
    return [
        Owed(
            row.entry_id,
            members[row.person_id].member_id,
            row.plan,
            row.effective_date,
            int(row.amount),
            paid.get(row.entry_id, 0),
        )
        for row in rows
    ]


def _paid(session: Session, pending: list[str]) -> dict[str, int]:
    rows = session.rows(
        select(entry.c.pending_id, func.sum(leg.c.amount).label("amount"))
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            entry.c.employer_id == session.employer,
            entry.c.pending_id.in_(pending),
            entry.c.status == "posted",
            leg.c.account == chart.LEAVE_LIABILITY,
        )
        .group_by(entry.c.pending_id)
    )
    return {row.pending_id: int(row.amount) for row in rows}
