"""Approved leave goes to payroll: what each check of a pay date shall show, as orders or as a file.

An order is the whole state of one employee, policy and pay date, so sending it again changes nothing and leave that
was cancelled goes out as zero. What payroll made of it is read back from the register and compared.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, facts, obligations
from benehub.connect.capabilities import Guard, require
from benehub.connect.connector import Item
from benehub.connections import Open
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.facts import PayPeriod
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.flows.send import awaken, send
from benehub.hours import format_hours
from benehub.identity import people
from benehub.obligations import Wanted
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.planbook.deadlines import send_by
from benehub.records import LeaveOrder
from benehub.store import Session
from benehub.store.tables import obligation
from benehub.views.leave_orders import approved

TAKE = "leave.take"


def handover(hub: Hub, steps: Steps, employer: str, connection_id: str, group: str, pay_date: str) -> dict[str, int]:
    """Tell payroll the approved leave of the next pay date of a group; what it has confirmed is not sent again."""
    day = date.fromisoformat(pay_date)
    counts = steps.step("orders", order, hub, employer, connection_id, group, day)
    ids = steps.step("freeze", freeze, hub, employer, connection_id, group, day)
    return {**counts, **send(hub, steps, employer, connection_id, ids)}


def order(hub: Hub, employer: str, connection_id: str, group: str, pay_date: date) -> dict[str, int]:
    """Open the obligations that bring payroll to what was approved.

    Raises:
        DataError: no such pay date, or it is past.
        Unsupported: the connection takes no leave; the message names who would have to change that.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        require(opened.connector.capabilities(), TAKE, where=f"connection {connection_id}")
        book = hub.book(session)
        period = _period(session, book, group, pay_date)
        names = _names(session, opened)
        members = {
            worker.person_id
            for worker in facts.workers(session, Interval(period.start, period.end + timedelta(days=1)))
            if worker.pay_group == group
        }
        found = approved(session, {person: [period] for person in members})
        wanted = {(person, plan): minutes for (person, plan, _), minutes in found.items()}
        for row in _told(session, connection_id, group, pay_date):
            wanted.setdefault((row.person_id, row.plan), 0)
        wants, unlinked, unmapped = [], 0, 0
        for (person, plan), minutes in sorted(wanted.items()):
            code = book.leave_policy(plan).taken_code
            unlinked += person not in names
            unmapped += not code
            if person in names and code:
                full = _order(names[person], plan, code, group, period, minutes)
                wants.append(_want(book, connection_id, person, full))
        change = obligations.want(session, wants)
    return {"opened": change.opened, "unchanged": change.unchanged, "unlinked": unlinked, "without_code": unmapped}


def _period(session: Session, book: PlanBook, group: str, pay_date: date) -> PayPeriod:
    if pay_date < session.today():
        raise DataError(
            f"pay date {pay_date} is past: payroll cannot be told any more what to show on it",
            where=f"pay group {group}", mend="Hand over the next pay date; what was not shown is reconciled",
        )  # fmt: skip
    for one in facts.pay_calendar(session, book, pay_date.year).get(group, ()):
        if one.pay_date == pay_date:
            return one
    raise DataError(f"{pay_date} is no pay date of {group!r}", mend="See the pay calendar, or sync it again")


def _names(session: Session, opened: Open) -> dict[str, str]:
    """What payroll calls people: its own ids, and employee numbers where a person reads a file."""
    linked = people.external_ids(session, opened.link.connection)
    if TAKE not in opened.connector.files_out:
        return linked
    return {one: row.member_id for one, row in people.people(session, "employee").items()}


def _order(employee: str, plan: str, code: str, group: str, period: PayPeriod, minutes: int) -> LeaveOrder:
    return LeaveOrder(
        employee=employee, policy=plan, code=code, pay_group=group, pay_date=period.pay_date,
        period_start=period.start, period_end=period.end, minutes=minutes, hours=format_hours(minutes),
    )  # fmt: skip


def _want(book: PlanBook, connection_id: str, person: str, one: LeaveOrder) -> Wanted:
    return Wanted(
        kind=TAKE, key=f"{TAKE}/{connection_id}/{person}/{one.policy}/{one.pay_date}", connection_id=connection_id,
        period=str(Month.of(one.pay_date)), due=one.pay_date, send_by=send_by(book, connection_id, one.pay_date),
        content=one.model_dump(mode="json"), person_id=person, plan=one.policy,
    )  # fmt: skip


def _told(session: Session, connection_id: str, group: str, pay_date: date) -> list[Row[Any]]:
    """Obligations of the pay date and group that were opened before; what left with them may have to be taken back."""
    rows = session.rows(
        select(obligation).where(
            *session.where(obligation, kind=TAKE, connection_id=connection_id, due_date=pay_date),
            obligation.c.state != "canceled",
        )
    )
    return [row for row in rows if obligations.content(session, row)["pay_group"] == group]


def freeze(hub: Hub, employer: str, connection_id: str, group: str, pay_date: date) -> list[str]:
    """Freeze the orders of a pay date: one file of all of them, or a dispatch each; gives their ids."""
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        rows = sorted(_told(session, connection_id, group, pay_date), key=lambda row: row.business_key)
        if TAKE in opened.connector.files_out:
            if not rows:
                return []
            contents = [obligations.content(session, row) for row in rows]
            key = f"{TAKE}/{connection_id}/{group}/{pay_date}"
            ids = [row.obligation_id for row in rows]
            return [freeze_file(session, opened, TAKE, key, contents, ids, 0, hub.book(session).employer.currency)]
        awaken(session, opened, TAKE)
        guard = opened.connector.guards.get(TAKE, Guard.NONE)
        found = []
        for row in rows:
            if row.state == "open":
                item = Item(TAKE, row.business_key, obligations.content(session, row))
                found.append(
                    dispatch.prepare(session, dispatch.freeze_item(connection_id, item, guard, 0, row.currency))
                )
                obligations.mark(session, [row.obligation_id], "open", "frozen, not sent yet", found[-1])
        return found
