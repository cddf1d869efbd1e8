"""The way out of lost earnings: what a late deposit has cost goes to the recordkeeper in a file of its own.

What has left is posted in the same transaction that asks what is still owed, so that nobody is paid twice; the
recordkeeper's credit report confirms it (`retirement credits`).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, facts, ledger, obligations
from benehub.engine import Steps
from benehub.flows.contribution_file import SOURCES
from benehub.flows.deposit_sent import deposit_sent
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import EarningsRow
from benehub.store import Session

OPERATION = "earnings.deposit"


def deposit(hub: Hub, steps: Steps, employer: str, plan_id: str, pay_date: str) -> dict[str, Any]:
    """Send the lost earnings of one late pay date to the recordkeeper and post them as deposited."""
    return deposit_sent(hub, steps, employer, plan_id, date.fromisoformat(pay_date), prepare, _post)


def prepare(hub: Hub, employer: str, plan_id: str, pay_date: date) -> str:
    """Freeze the file of a late pay date's earnings; an empty text when nothing is owed."""
    key = f"{OPERATION}/{plan_id}/{pay_date}"
    with hub.store.read(employer) as session:
        connection_id = hub.book(session).plan(plan_id).vendor
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        book = hub.book(session)
        post_sent(session, book, plan_id, pay_date)
        rows = [row.model_dump(mode="json") for row in _rows(session, plan_id, pay_date)]
        if not rows:
            return ""
        total = sum(sum(row["amounts"].values()) for row in rows)
        wanted = Wanted(
            kind=OPERATION, key=key, connection_id=connection_id, period=str(Month.of(pay_date)),
            # It is owed since the late deposit was received: there is no later day that would do.
            due=session.today(), send_by=session.today(), content={"rows": rows}, plan=plan_id, worth_minor=total,
            currency=book.employer.currency, anew=True,
        )  # fmt: skip
        obligations.want(session, [wanted])
        return freeze_file(
            session, opened, OPERATION, key, rows, [session.id("obl", key)], total, book.employer.currency
        )


def post_sent(session: Session, book: PlanBook, plan_id: str, pay_date: date) -> None:
    """Post what the files of a late pay date's earnings that left have deposited; again changes nothing."""
    for earlier in dispatch.revisions(session, f"{OPERATION}/{plan_id}/{pay_date}"):
        _post_one(session, book, earlier)


def _rows(session: Session, plan_id: str, pay_date: date) -> list[EarningsRow]:
    """What is owed of a pay date, participant by participant."""
    owed: dict[str, dict[str, int]] = defaultdict(dict)
    for one in ledger.balances(
        session, [chart.EARNINGS_PAYABLE], by=("person_id", "money_source"), plan=plan_id, pay_date=pay_date
    ):
        # Less than nothing was deposited too much: it stays a difference, and lowers nobody else's money.
        if one.dimensions["person_id"] and one.amount < 0:
            owed[one.dimensions["person_id"]][one.dimensions["money_source"]] = -one.amount
    persons, last = sorted(owed), Month.of(pay_date).last
    ssns = people.ssns(session, persons)
    names = {fact.subject: fact.data for fact in facts.as_of(session, "employee", last, subjects=persons)}
    return [
        EarningsRow(
            person=person_id, plan=plan_id, pay_date=pay_date, ssn=ssns.get(person_id, ""),
            first_name=names[person_id]["first_name"], last_name=names[person_id]["last_name"],
            amounts={SOURCES[part]: amount for part, amount in owed[person_id].items()},
        )
        for person_id in persons
    ]  # fmt: skip


def _post(hub: Hub, employer: str, _plan_id: str, _pay_date: date, dispatch_id: str) -> int:
    return post(hub, employer, dispatch_id)


def post(hub: Hub, employer: str, dispatch_id: str) -> int:
    """Post what a file that has left carries, once; gives how many amounts, none of one that has not left."""
    with hub.store.write(employer) as session:
        return _post_one(session, hub.book(session), dispatch.get(session, dispatch_id))


def _post_one(session: Session, book: PlanBook, sent: Row[Any]) -> int:
    """Post what a file that has left carries, once; gives how many amounts."""
    if sent.state != "sent":
        return 0
    # The day it left, not the day of this step: a step that runs again tomorrow must post the same.
    unit, today = book.employer.currency, dispatch.sent_on(session, sent.dispatch_id)
    parts = {source.value: part for part, source in SOURCES.items()}
    entries = []
    for row in obligations.of_dispatch(session, sent.dispatch_id):
        for one in obligations.content(session, row)["rows"]:
            pay_date = date.fromisoformat(one["pay_date"])
            for source, amount in one["amounts"].items():
                part = parts[source]
                dims = (one["person"], one["plan"], part, str(Month.of(pay_date)), pay_date, sent.dispatch_id)
                legs = (
                    Leg(chart.EARNINGS_PAYABLE, unit, amount, *dims),
                    Leg(chart.DEPOSIT_TRANSIT, unit, -amount, *dims),
                )
                key = f"earnings-deposit/{sent.dispatch_id}/{one['person']}/{part}"
                entries.append(NewEntry(key, "earnings.deposited", today, legs, sent.dispatch_id))
    ledger.record(session, entries)
    return len(entries)
