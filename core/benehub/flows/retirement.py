"""Retirement contributions: what payroll really took goes to the recordkeeper in time, and is followed to credit."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub import dispatch, ledger, obligations
from benehub.connections import Open
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows.contribution_file import SOURCES, base_key, told_by
from benehub.flows.contribution_file import rows as contribution_rows
from benehub.flows.deposit_sent import deposit_sent
from benehub.flows.file_chain import chain, drop
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.deadlines import deposit_deadline, send_by
from benehub.reconcile.not_contributions import carried
from benehub.records import ContributionRow
from benehub.rules.retirement.deposit_due import DepositDue
from benehub.store import Session
from benehub.store.tables import confirmation

CREDITED = {
    "credit": ("contribution.credited", "credit"),
    "earnings_credit": ("earnings.credited", "earnings-credit"),
}
"""Kind of confirmation -> the entry that it posts, and how its key begins."""
FORFEITED = "forfeiture_credit"
PAYABLE = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.LOAN_PAYABLE)
"""Where what a recordkeeper is owed stands until it is deposited."""
_OWED_ON = {"match": chart.MATCH_PAYABLE, "qnec": chart.MATCH_PAYABLE, "loan": chart.LOAN_PAYABLE}


def deposit(hub: Hub, steps: Steps, employer: str, plan_id: str, pay_date: str) -> dict[str, Any]:
    """Send the contributions of one pay date to the recordkeeper and post them as deposited."""
    return deposit_sent(hub, steps, employer, plan_id, date.fromisoformat(pay_date), prepare, _post)


def due(book: PlanBook, plan: Plan, pay_date: date) -> DepositDue:
    """When the contributions of a pay date must have reached the trust."""
    return deposit_deadline(book, plan, pay_date).required()


def withheld(session: Session, plan_id: str, pay_date: date) -> dict[str, dict[str, int]]:
    """What the ledger owes the recordkeeper for a pay date: person -> part -> minor units."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for one in ledger.balances(
        session, [*PAYABLE], by=("person_id", "money_source"),
        plan=plan_id, pay_date=pay_date,
    ):  # fmt: skip
        # What was taken from somebody unknown cannot be deposited for anybody; it stays a difference of its own.
        if one.dimensions["person_id"]:
            found[one.dimensions["person_id"]][one.dimensions["money_source"]] = -one.amount
    return found


def prepare(hub: Hub, employer: str, plan_id: str, pay_date: date) -> str:
    """Freeze the contribution file of a pay date, or its next correction; an empty text when nothing is owed.

    What has left already is posted first, so that it is not deposited again; what may have left is settled before
    anything new is said.

    Raises:
        DataError: the plan is paid contract by contract, or a participant has no SSN.
    """
    with hub.store.read(employer) as session:
        plan = hub.book(session).plan(plan_id)
    if plan.computed is not None:
        raise DataError(
            f"plan {plan_id} is paid contract by contract, not by a recordkeeper's file",
            where="plan book",
            mend="Pay it by bank transfer with the contract number as its purpose",
        )
    with hub.open(employer, plan.vendor) as opened, hub.store.write(employer) as session:
        return _freeze(session, opened, hub.book(session), plan_id, pay_date)


def _freeze(session: Session, opened: Open, book: PlanBook, plan_id: str, pay_date: date) -> str:
    plan, files = book.plan(plan_id), chain(session, base_key(plan_id, pay_date))
    for earlier in files.dispatches:
        # In this transaction: what somebody else has just sent and not posted yet must not count as owed.
        _record(session, book, plan_id, pay_date, earlier)
    if files.doubtful:
        return files.doubtful
    key = files.key
    rows = rows_due(session, book, plan, pay_date)
    if not rows:
        drop(session, key)
        return ""
    total, when = sum(sum(row.amounts.values()) for row in rows), due(book, plan, pay_date)
    contents = [row.model_dump(mode="json") for row in rows]
    obligations.want(
        session,
        [
            Wanted(
                kind="contribution.deposit", key=key, connection_id=plan.vendor, period=str(Month.of(pay_date)),
                due=when.outer_limit, send_by=send_by(book, plan.vendor, when.due, 0), content={"rows": contents},
                plan=plan_id, worth_minor=total, currency=book.employer.currency,
            )
        ],
    )  # fmt: skip
    return freeze_file(
        session, opened, "contribution.deposit", key, contents, [session.id("obl", key)], total,
        book.employer.currency,
    )  # fmt: skip


def rows_due(session: Session, book: PlanBook, plan: Plan, pay_date: date) -> list[ContributionRow]:
    """The rows of a pay date's next file, the first or a correction; none where nothing is owed.

    Raises:
        DataError: a participant has no SSN.
    """
    files = chain(session, base_key(plan.id, pay_date))
    return contribution_rows(session, book, plan, pay_date, withheld(session, plan.id, pay_date), told_by(files))


def _post(hub: Hub, employer: str, plan_id: str, pay_date: date, dispatch_id: str) -> int:
    with hub.store.write(employer) as session:
        if dispatch.get(session, dispatch_id).state != "sent":
            return 0
        return _record(session, hub.book(session), plan_id, pay_date, dispatch_id)


def _record(session: Session, book: PlanBook, plan_id: str, pay_date: date, dispatch_id: str) -> int:
    """Post what a file that left has deposited; again changes nothing."""
    # The day it left, not the day of this step: a step that runs again tomorrow must post the same.
    unit, today = book.employer.currency, dispatch.sent_on(session, dispatch_id)
    row = obligations.of_dispatch(session, dispatch_id)[0]
    entries = []
    for one in obligations.content(session, row)["rows"]:
        for source, amount in one["amounts"].items():
            part = next(name for name, code in SOURCES.items() if code.value == source)
            payable = _OWED_ON.get(part, chart.DEFERRAL_PAYABLE)
            dims = (one["person"], plan_id, part, str(Month.of(pay_date)), pay_date, dispatch_id)
            legs = (Leg(payable, unit, amount, *dims), Leg(chart.DEPOSIT_TRANSIT, unit, -amount, *dims))
            key = f"deposit/{dispatch_id}/{one['person']}/{part}"
            entries.append(NewEntry(key, "contribution.deposited", today, legs, dispatch_id))
    ledger.record(session, entries)
    return len(entries)


def _spared(plan: Plan, part: str) -> str:
    """The account of money that forfeitures have paid instead of the employer: against the plan's rule, undecided."""
    allowed = part == "match" and plan.match is not None and plan.match.from_forfeitures
    return chart.MATCH_EXPENSE if allowed else chart.SUSPENSE


def credits(hub: Hub, steps: Steps, employer: str, connection_id: str, month: str) -> dict[str, int]:
    """Post what the recordkeeper has credited for the month's pay dates."""
    return steps.step("credits", _credits, hub, employer, connection_id, Month.parse(month))


def _credits(hub: Hub, employer: str, connection_id: str, month: Month) -> dict[str, int]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        rows = session.rows(
            select(confirmation).where(
                *session.where(confirmation, connection_id=connection_id, current=1),
                confirmation.c.kind.in_((*CREDITED, FORFEITED)),
                confirmation.c.pay_date >= month.first,
                confirmation.c.pay_date < month.end,
            )
        )
        entries = []
        for row in rows:
            dims = (row.person_id, row.plan, row.part, str(month), row.pay_date)
            if row.part == "loan" and not carried(book.plan(row.plan)):
                continue
            kind, key = CREDITED.get(row.kind, ("forfeiture.applied", "forfeiture"))
            paid = chart.BANK if row.kind in CREDITED else _spared(book.plan(row.plan), row.part)
            legs = (
                Leg(chart.DEPOSIT_TRANSIT, row.unit, row.amount, *dims),
                Leg(paid, row.unit, -row.amount, *dims),
            )
            key = f"{key}/{connection_id}/{row.row_key}"
            entries.append(NewEntry(key, kind, row.on_date, legs, f"{row.batch_id}#{row.row_no}"))
        done = ledger.restate(session, entries)
    return {"rows": len(rows), "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}
