"""Retirement contributions: what payroll really took goes to the recordkeeper in time, and is followed to credit."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import func, select

from benehub import dispatch, facts, ledger, obligations
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows.files import carried, freeze_file
from benehub.flows.hub import Hub
from benehub.flows.send import send
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.legal import bank_holidays
from benehub.obligations import Wanted
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import ContributionRow, Source
from benehub.rules.retirement.deposit_due import DepositDue, deposit_due
from benehub.store import Session
from benehub.store.tables import confirmation

SOURCES = {"pretax": Source.EE_PRETAX, "roth": Source.EE_ROTH, "match": Source.ER_MATCH}
"""Whose money, as the ledger tells it -> as a recordkeeper does."""

CREDITED = {
    "credit": ("contribution.credited", "credit"),
    "earnings_credit": ("earnings.credited", "earnings-credit"),
}
"""Kind of confirmation -> the entry that it posts, and how its key begins."""

_ADDRESS = ("address1", "address2", "city", "state", "zip_code", "email")


def deposit(hub: Hub, steps: Steps, employer: str, plan_id: str, pay_date: str) -> dict[str, Any]:
    """Send the contributions of one pay date to the recordkeeper and post them as deposited."""
    day = date.fromisoformat(pay_date)
    dispatch_id = steps.step("prepare", prepare, hub, employer, plan_id, day)
    if not dispatch_id:
        return {"rows": 0}
    with hub.store.read(employer) as session:
        connection_id = hub.book(session).plan(plan_id).vendor
    tally = send(hub, steps, employer, connection_id, [dispatch_id])
    posted = steps.step("post", _post, hub, employer, plan_id, day, dispatch_id)
    return {"dispatch": dispatch_id, "rows": posted, **tally}


def due(book: PlanBook, plan: Plan, pay_date: date) -> DepositDue:
    """When the contributions of a pay date must have reached the trust."""
    holidays = bank_holidays(book.employer.country, (pay_date.year, pay_date.year + 1))
    return deposit_due(
        pay_date=pay_date, holidays=holidays, standard_bank_days=plan.deposit.standard_bank_days,
        participants=50 if plan.deposit.small_plan else None,
    ).required()  # fmt: skip


def withheld(session: Session, plan_id: str, pay_date: date) -> dict[str, dict[str, int]]:
    """What the ledger owes the recordkeeper for a pay date: person -> part -> minor units."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for one in ledger.balances(
        session, [chart.DEFERRAL_PAYABLE, chart.MATCH_PAYABLE], by=("person_id", "money_source"),
        plan=plan_id, pay_date=pay_date,
    ):  # fmt: skip
        # What was taken from somebody unknown cannot be deposited for anybody; it stays a difference of its own.
        if one.dimensions["person_id"]:
            found[one.dimensions["person_id"]][one.dimensions["money_source"]] = -one.amount
    return found


def prepare(hub: Hub, employer: str, plan_id: str, pay_date: date) -> str:
    """Freeze the contribution file of a pay date; an empty text when nothing is owed.

    What has left already is posted first, so that it is not deposited again.
    """
    for earlier in carried(hub, employer, f"contribution.deposit/{plan_id}/{pay_date}"):
        _post(hub, employer, plan_id, pay_date, earlier)
    with hub.store.read(employer) as session:
        connection_id = hub.book(session).plan(plan_id).vendor
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        book = hub.book(session)
        plan = book.plan(plan_id)
        if plan.computed is not None:
            raise DataError(
                f"plan {plan_id} is paid contract by contract, not by a recordkeeper's file",
                where="plan book",
                mend="Pay it by bank transfer with the contract number as its purpose",
            )
        rows = _rows(session, plan, pay_date)
        if not rows:
            return ""
        total = sum(sum(row.amounts.values()) for row in rows)
        key = f"contribution.deposit/{plan_id}/{pay_date}"
        when = due(book, plan, pay_date)
        content = {"rows": [row.model_dump(mode="json") for row in rows]}
        obligations.want(
            session,
            [
                Wanted(
                    kind="contribution.deposit", key=key, connection_id=connection_id,
                    period=str(Month.of(pay_date)), due=when.outer_limit, send_by=when.due, content=content,
                    plan=plan_id, worth_minor=total, currency=book.employer.currency,
                )
            ],
        )  # fmt: skip
        contents = [row.model_dump(mode="json") for row in rows]
        return freeze_file(
            session, opened, "contribution.deposit", key, contents, [session.id("obl", key)], total,
            book.employer.currency,
        )  # fmt: skip


def _rows(session: Session, plan: Plan, pay_date: date) -> list[ContributionRow]:
    owed = withheld(session, plan.id, pay_date)
    ssns = people.ssns(session, sorted(owed))
    gross = {
        row.person_id: row.gross
        for row in session.rows(
            select(confirmation.c.person_id, func.max(confirmation.c.amount).label("gross"))
            .where(*session.where(confirmation, kind="register_line", current=1, pay_date=pay_date, part="earning"))
            .group_by(confirmation.c.person_id)
        )
    }
    rows = []
    for worker in facts.workers(session, Interval(date.min, Month.of(pay_date).end)):
        amounts = owed.get(worker.person_id)
        if amounts is None:
            continue
        identity = worker.identity
        address: dict[str, Any] = {name: str(identity.get(name) or "") for name in _ADDRESS}
        rows.append(
            ContributionRow(
                person=worker.person_id, plan=plan.id, pay_date=pay_date, ssn=ssns[worker.person_id],
                first_name=identity["first_name"], last_name=identity["last_name"],
                middle_name=identity.get("middle_name") or "", birth_date=identity["birth_date"],
                hire_date=worker.hired, termination_date=worker.terminated_on,
                compensation_minor=int(gross.get(worker.person_id) or 0),
                amounts={SOURCES[part]: amount for part, amount in amounts.items()},
                **address,
            )
        )  # fmt: skip
    return rows


def _post(hub: Hub, employer: str, plan_id: str, pay_date: date, dispatch_id: str) -> int:
    with hub.store.write(employer) as session:
        if dispatch.get(session, dispatch_id).state != "sent":
            return 0
        # The day it left, not the day of this step: a step that runs again tomorrow must post the same.
        unit, today = hub.book(session).employer.currency, dispatch.sent_on(session, dispatch_id)
        row = obligations.of_dispatch(session, dispatch_id)[0]
        entries = []
        for one in obligations.content(session, row)["rows"]:
            for source, amount in one["amounts"].items():
                part = next(name for name, code in SOURCES.items() if code.value == source)
                payable = chart.MATCH_PAYABLE if part == "match" else chart.DEFERRAL_PAYABLE
                dims = (one["person"], plan_id, part, str(Month.of(pay_date)), pay_date, dispatch_id)
                legs = (Leg(payable, unit, amount, *dims), Leg(chart.DEPOSIT_TRANSIT, unit, -amount, *dims))
                key = f"deposit/{dispatch_id}/{one['person']}/{part}"
                entries.append(NewEntry(key, "contribution.deposited", today, legs, dispatch_id))
        ledger.record(session, entries)
        return len(entries)


def credits(hub: Hub, steps: Steps, employer: str, connection_id: str, month: str) -> dict[str, int]:
    """Post what the recordkeeper has credited for the month's pay dates."""
    return steps.step("credits", _credits, hub, employer, connection_id, Month.parse(month))


def _credits(hub: Hub, employer: str, connection_id: str, month: Month) -> dict[str, int]:
    with hub.store.write(employer) as session:
        rows = session.rows(
            select(confirmation).where(
                *session.where(confirmation, connection_id=connection_id, current=1),
                confirmation.c.kind.in_(CREDITED),
                confirmation.c.pay_date >= month.first,
                confirmation.c.pay_date < month.end,
            )
        )
        entries = []
        for row in rows:
            dims = (row.person_id, row.plan, row.part, str(month), row.pay_date)
            legs = (
                Leg(chart.DEPOSIT_TRANSIT, row.unit, row.amount, *dims),
                Leg(chart.BANK, row.unit, -row.amount, *dims),
            )
            kind, key = CREDITED[row.kind]
            key = f"{key}/{connection_id}/{row.row_key}"
            entries.append(NewEntry(key, kind, row.on_date, legs, f"{row.batch_id}#{row.row_no}"))
        done = ledger.restate(session, entries)
    return {"rows": len(rows), "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}
