"""Leave as the ledger holds it: hours and their value by employee and policy, and what is owed to leavers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from benehub import ledger
from benehub.identity import people
from benehub.ledger import accounts as chart
from benehub.store import Session
from benehub.store.tables import entry, leg


@dataclass(frozen=True, slots=True)
class Held:
    """One employee's leave of one policy: hours in hundredths, their value in minor units."""

    member: str
    policy: str
    hours: int
    value: int


@dataclass(frozen=True, slots=True)
class Owed:
    """A pay-out at the end of employment, in minor units: due, and what of it was paid."""

    entry: str
    member: str
    policy: str
    pay_date: date
    expected: int
    paid: int


def held(session: Session, effective: date | None = None) -> list[Held]:
    """Everybody's leave, on a day or with everything posted so far."""
    members = people.people(session)
    found: dict[tuple[str, str], list[int]] = {}
    accounts = [chart.LEAVE_AVAILABLE, chart.LEAVE_LIABILITY]
    for one in ledger.balances(session, accounts, by=("person_id", "plan"), effective=effective):
        pair = found.setdefault((one.dimensions["person_id"], one.dimensions["plan"]), [0, 0])
        if one.account == chart.LEAVE_AVAILABLE:
            pair[0] += one.amount
        else:
            pair[1] -= one.amount
    rows = [
        Held(members[person].member_id if person in members else "", policy or "", *pair)
        for (person, policy), pair in found.items()
    ]
    return sorted(rows, key=lambda row: (row.member, row.policy))


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
