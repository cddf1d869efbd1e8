"""What payroll's register says of leave: hours taken and hours paid out, booked in minutes and money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from benehub import ledger
from benehub.facts import Worker
from benehub.flows.leave_payouts import EXPECTED
from benehub.hours import leave_unit
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import Rounding, round_to_int
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import entry as entry_table
from benehub.views.leave_history import PAID, TAKEN


def leave_taken(book: PlanBook, row: Row[Any], pay: Mapping[str, Worker]) -> tuple[list[NewEntry], int]:
    """The entry of leave taken, and what of the check's pay it was; the value is 0 where pay is not known."""
    policy = next((one for one in book.leave if one.taken_code == row.code), None)
    minutes = int(row.detail["minutes"])
    if policy is None:
        return [], 0
    key = f"register/{row.connection_id}/{row.row_key}/h"
    if not minutes:
        # A line that was corrected to nothing takes its old posting back.
        return [NewEntry(key, TAKEN, row.pay_date, (), row.reference)], 0
    unit, dims = leave_unit(policy.id), (row.person_id, policy.id, None, None, row.pay_date)
    legs = [Leg(chart.LEAVE_SOURCE, unit, minutes, *dims), Leg(chart.LEAVE_AVAILABLE, unit, -minutes, *dims)]
    worker = pay.get(row.person_id)
    rate = (
        worker.hourly_rate(row.pay_date, book.pay_group(worker.pay_group).pays_a_year) if worker is not None else None
    )
    value = 0 if rate is None else round_to_int(rate * minutes / 60, Rounding.HALF_UP)
    if value:
        legs += [
            Leg(chart.LEAVE_LIABILITY, row.unit, value, *dims),
            Leg(chart.PAYROLL_CLEARING, row.unit, -value, *dims),
        ]
    return [NewEntry(key, TAKEN, row.pay_date, tuple(legs), row.reference)], value


def leave_paid(book: PlanBook, row: Row[Any], session: Session) -> list[NewEntry]:
    """The entry of leave paid out; it posts the pay-out that was expected."""
    policy = next((one for one in book.leave if one.payout_code == row.code), None)
    if policy is None:
        return []
    dims = (row.person_id, policy.id, "payout", None, row.pay_date)
    pending_id = _expected(session, f"payout/{row.person_id}/{policy.id}/")
    legs = [
        Leg(chart.LEAVE_LIABILITY, row.unit, row.amount, *dims),
        Leg(chart.PAYROLL_CLEARING, row.unit, -row.amount, *dims),
    ]
    unit, minutes = leave_unit(policy.id), int(row.detail["minutes"])
    # Hours left over at a year's end are gone with its close; only the money was still owed.
    gone = pending_id is not None and all(leg.unit != unit for leg in ledger.legs_of(session, pending_id))
    if minutes and not gone:
        legs += [Leg(chart.LEAVE_SOURCE, unit, minutes, *dims), Leg(chart.LEAVE_AVAILABLE, unit, -minutes, *dims)]
    key, kept = f"register/{row.connection_id}/{row.row_key}/p", tuple(one for one in legs if one.amount)
    return [NewEntry(key, PAID, row.pay_date, kept, row.reference, pending_id=pending_id)]


def _expected(session: Session, prefix: str) -> str | None:
    """The pay-out that waits; of several revisions the newest one, for what it replaced was voided."""
    found: str | None = session.connection.execute(
        select(entry_table.c.entry_id)
        .where(
            *session.where(entry_table, type=EXPECTED, status="pending"),
            entry_table.c.idempotency_key.startswith(prefix, autoescape=True),
        )
        .order_by(entry_table.c.seq.desc())
        .limit(1)
    ).scalar()
    return found
