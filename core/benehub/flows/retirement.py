"""Retirement contributions: what payroll really took goes to the recordkeeper in time, and is followed to credit."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub import dispatch, ledger, obligations
from benehub.connect.connector import Item
from benehub.connections import Open
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows import arrived
from benehub.flows.contribution_file import SOURCES, NextFile, base_key, next_file, told_by, without
from benehub.flows.deposit_sent import deposit_sent
from benehub.flows.file_chain import chain, drop, take_over
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.ledger import Leg, NewEntry, credited
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.deadlines import deposit_deadline, send_by
from benehub.reconcile.not_contributions import LOAN, carried
from benehub.rules.retirement.deposit_due import DepositDue
from benehub.store import Session
from benehub.store.tables import confirmation

OPERATION = "contribution.deposit"

DEPOSITED = "contribution.deposited"

PAYABLE = (chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE, chart.LOAN_PAYABLE)
"""Where what a recordkeeper is owed stands until it is deposited."""
_OWED_ON = {"match": chart.MATCH_PAYABLE, "qnec": chart.MATCH_PAYABLE, "loan": chart.LOAN_PAYABLE}


def deposit(hub: Hub, steps: Steps, employer: str, plan_id: str, pay_date: str) -> dict[str, Any]:
    """Send the contributions of one pay date to the recordkeeper and post them as deposited.

    Whoever cannot be named in the file is held back; the counts say how many, and how much of theirs waits.
    """
    done = deposit_sent(hub, steps, employer, plan_id, date.fromisoformat(pay_date), prepare, _post)
    return {**done, **steps.step("held", held, hub, employer, plan_id, date.fromisoformat(pay_date))}


def held(hub: Hub, employer: str, plan_id: str, pay_date: date) -> dict[str, int]:
    """How many participants of a pay date are held back, and what of theirs waits; empty where none is."""
    with hub.store.read(employer) as session:
        rows = obligations.parts_of(session, base_key(plan_id, pay_date))
    return {"held_people": len(rows), "held_amount_minor": sum(row.worth_minor for row in rows)} if rows else {}


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
    """Freeze the contribution file of a pay date, or its next correction; an empty text when it would say nothing.

    What has left already is posted first, so that it is not deposited again; what may have left is settled before
    anything new is said. Whoever cannot be named in it is held back with the amount, and the others go.

    Raises:
        DataError: the plan is paid contract by contract.
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
    post_sent(session, book, plan_id, pay_date)
    if files.doubtful:
        return files.doubtful
    key = files.key
    made = fitting(file_due(session, book, plan, pay_date), opened, key)
    _hold_back(session, book, plan, pay_date, made)
    if not made.rows:
        drop(session, key)
        return ""
    contents = [row.model_dump(mode="json") for row in made.rows]
    wanted = _wanted(book, plan, pay_date, key, {"rows": contents}, made.total_minor)
    obligations.want(session, [wanted])
    take_over(session, files)
    return freeze_file(
        session, opened, OPERATION, key, contents, [session.id("obl", key)], made.total_minor, book.employer.currency
    )


def post_sent(session: Session, book: PlanBook, plan_id: str, pay_date: date) -> None:
    """Post what the files of a pay date that left have deposited; again changes nothing.

    In the transaction that asks what is owed: what somebody else has just sent and not posted yet must not count.
    """
    for earlier in chain(session, base_key(plan_id, pay_date)).dispatches:
        _record(session, book, plan_id, pay_date, earlier)


def fitting(made: NextFile, opened: Open, key: str) -> NextFile:
    """Without those whom the recordkeeper's layout cannot carry."""
    items = [Item(OPERATION, f"{key}#{row.person}", row.model_dump(mode="json")) for row in made.rows]
    unfit = opened.connector.unfit(OPERATION, items, opened.link.settings)
    return without(made, {name.rpartition("#")[2]: why for name, why in unfit.items()}) if unfit else made


def _wanted(
    book: PlanBook, plan: Plan, pay_date: date, key: str, content: dict[str, Any], worth: int, person: str | None = None
) -> Wanted:
    when = due(book, plan, pay_date)
    return Wanted(
        kind=OPERATION, key=key, connection_id=plan.vendor, period=str(Month.of(pay_date)), due=when.outer_limit,
        send_by=send_by(book, plan.vendor, when.due, 0), content=content, person_id=person, plan=plan.id,
        worth_minor=worth, currency=book.employer.currency,
    )  # fmt: skip


def _hold_back(session: Session, book: PlanBook, plan: Plan, pay_date: date, made: NextFile) -> None:
    """Name each whom the file cannot tell of, with what of his waits: a person has to mend it."""
    base, unit = base_key(plan.id, pay_date), book.employer.currency
    parts = []
    for one in made.held:
        key = obligations.part_key(base, one.person_id)
        content = {"pay_date": pay_date.isoformat(), "amount_minor": one.amount_minor}
        money = f"{format_minor(one.amount_minor, unit)} {unit} of the pay of {pay_date}"
        wanted = _wanted(book, plan, pay_date, key, content, one.amount_minor, one.person_id)
        parts.append((wanted, f"{one.why}; {money} wait. {one.mend}, then deposit again"))
    obligations.hold_back(session, base, parts)


def file_due(session: Session, book: PlanBook, plan: Plan, pay_date: date) -> NextFile:
    """What a pay date's next file says, the first or a correction, and whom it cannot name."""
    files = chain(session, base_key(plan.id, pay_date))
    return next_file(session, book, plan, pay_date, withheld(session, plan.id, pay_date), told_by(files))


def _post(hub: Hub, employer: str, plan_id: str, pay_date: date, dispatch_id: str) -> int:
    with hub.store.write(employer) as session:
        return _record(session, hub.book(session), plan_id, pay_date, dispatch_id)


def _record(session: Session, book: PlanBook, plan_id: str, pay_date: date, dispatch_id: str) -> int:
    """Post what a file that left has deposited; again changes nothing, and nothing of one that came back."""
    # Locked: that it came back is said under the same lock, and reverses only what is posted by then.
    sent = dispatch.get(session, dispatch_id, lock=True)
    if sent.state != "sent" or sent.ack_state == "rejected":
        return 0
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
            entries.append(NewEntry(key, DEPOSITED, today, legs, dispatch_id))
    ledger.record(session, entries)
    return len(entries)


def take_back(session: Session, dispatch_id: str) -> int:
    """A file came back after it had left: what it had deposited is owed again. Gives how many entries were reversed.

    Whatever it was posted under stays; again changes nothing.
    """
    return ledger.record(session, ledger.reversals(session, dispatch_id, DEPOSITED, f"came back: {dispatch_id}")).new


def _spared(plan: Plan | None, part: str) -> str:
    """The account of money that forfeitures have paid instead of the employer: against the plan's rule, undecided."""
    match = plan.match if plan is not None else None
    allowed = part == "match" and match is not None and match.from_forfeitures
    return chart.MATCH_EXPENSE if allowed else chart.SUSPENSE


def credits(hub: Hub, steps: Steps, employer: str, connection_id: str, month: str) -> dict[str, int]:
    """Post what the recordkeeper has credited for the month's pay dates, and confirm the files that have arrived."""
    return steps.step("credits", _credits, hub, employer, connection_id, Month.parse(month))


def _credits(hub: Hub, employer: str, connection_id: str, month: Month) -> dict[str, int]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        rows = session.rows(
            select(confirmation).where(
                *session.where(confirmation, connection_id=connection_id, current=1),
                confirmation.c.kind.in_(credited.KINDS),
                confirmation.c.pay_date >= month.first,
                confirmation.c.pay_date < month.end,
            )
        )
        entries = []
        for row in rows:
            dims = (row.person_id, row.plan, row.part, str(month), row.pay_date)
            # A repayment that payroll sends itself was never on its way from here; what it has earned may be.
            # What no plan here has, is posted: its difference holds it until somebody says what it is.
            plan = book.find(row.plan)
            others = row.part == LOAN and row.kind == credited.CREDIT and plan is not None and not carried(plan)
            if others and row.version == 1:
                continue
            forfeited = row.kind == credited.FORFEITURE
            paid = _spared(plan, row.part) if forfeited else chart.BANK
            legs = (
                Leg(chart.DEPOSIT_TRANSIT, row.unit, row.amount, *dims),
                Leg(paid, row.unit, -row.amount, *dims),
            )
            key, kind = credited.credited_key(row.kind, connection_id, row.row_key), credited.POSTED[row.kind][0]
            # Corrected to one, it takes back what it had posted before.
            entries.append(NewEntry(key, kind, row.on_date, () if others else legs, f"{row.batch_id}#{row.row_no}"))
        done = ledger.restate(session, entries)
        confirmed = arrived.confirm(session, connection_id, month)
    counts = {"rows": len(rows), "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}
    return {**counts, "arrived": confirmed}
