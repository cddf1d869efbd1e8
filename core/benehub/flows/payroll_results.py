"""Payroll results: what was really taken posts what was expected; pay that was short shortens what was due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import facts, ledger
from benehub.engine import Steps
from benehub.flows import history, match
from benehub.flows.arrears import carry
from benehub.flows.deductions import contribution_lines
from benehub.flows.expected import Expected, code_of, pending_entry
from benehub.flows.hub import Hub
from benehub.flows.leave_results import leave_paid, leave_taken
from benehub.flows.linking import map_codes
from benehub.flows.money import pay_calendar, posting
from benehub.flows.savings import contribute
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.ledger.arrears import ARREARS, DEDUCTION
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.records import LineKind
from benehub.store import Session
from benehub.store.tables import confirmation
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg as leg_table

_GRANTED = {"match": "match.accrued", "employer": "contribution.accrued"}
"""Parts that the employer gives beside the pay: they are owed, and no cash of the pay run."""


@dataclass(slots=True)
class Pending:
    """A pending entry waiting for its actual: payroll's code, coverage month, and what is left of its amount."""

    entry_id: str
    coverage_month: str
    left: int
    code: str = ""


def post(hub: Hub, steps: Steps, employer: str, connection_id: str, month: str) -> dict[str, int]:
    """Post every register line of the month's pay dates; gives how many entries are new."""
    parsed = Month.parse(month)
    shortened = steps.step("pay", _follow_pay, hub, employer, connection_id, parsed)
    posted = steps.step("post", _post, hub, employer, connection_id, parsed)
    matched = steps.step("match", match.accrue, hub, employer, parsed)
    return {"shortened": shortened, **posted, "matched": matched["new"] + matched["corrected"]}


def _post(hub: Hub, employer: str, connection_id: str, month: Month) -> dict[str, int]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        map_codes(session, book)
        waiting = pending_by_line(session, month)
        rows = register(session, connection_id, month)
        pay = {one.person_id: one for one in facts.workers(session, Interval(date.min, month.end))}
        entries: list[NewEntry] = []
        cash: dict[tuple[str, date], int] = defaultdict(int)
        for row in rows:
            kind = row.detail["kind"]
            if kind == LineKind.LEAVE_TAKEN.value:
                taken, value = leave_taken(book, row, pay)
                entries += taken
                cash[(row.detail["pay_run"], row.pay_date)] -= value
            if kind == LineKind.LEAVE_PAYOUT.value:
                entries += leave_paid(book, row, session)
                cash[(row.detail["pay_run"], row.pay_date)] -= row.amount
            accounts = None if row.plan is None else posting(book.plan(row.plan), row.part)
            if accounts is None:
                continue
            entries += _actual(row, waiting, accounts)
            if row.part not in _GRANTED:
                cash[(row.detail["pay_run"], row.pay_date)] += row.amount
        for (pay_run, day), amount in sorted(cash.items()):
            entries.append(_settled(book, pay_run, day, amount))
        done = ledger.restate(session, entries)
        paid = {(row.person_id, row.pay_date) for row in rows if row.person_id is not None}
        carried = carry(session, connection_id, month, paid)
    counts = {"rows": len(rows), "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}
    return counts | {"carried": carried}


def register(session: Session, connection_id: str, month: Month) -> list[Row[Any]]:
    """The register lines of a month's pay dates, newest version of each."""
    return list(
        session.rows(
            select(confirmation)
            .where(
                *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
                confirmation.c.pay_date >= month.first,
                confirmation.c.pay_date < month.end,
            )
            .order_by(confirmation.c.pay_date, confirmation.c.row_key)
        )
    )


def pending_by_line(session: Session, month: Month) -> dict[tuple[str, str, str, date], list[Pending]]:
    """Pending entries of the month by person, plan, part and pay date; those voided are left out."""
    # What was carried as arrears keeps its place: read again, the register has to say the same.
    voided = select(entry_table.c.pending_id).where(
        entry_table.c.employer_id == session.employer,
        entry_table.c.type.in_((f"{DEDUCTION}.void", f"{ARREARS}.void")),
    )
    rows = session.rows(
        select(
            entry_table.c.entry_id, entry_table.c.idempotency_key, leg_table.c.person_id, leg_table.c.plan,
            leg_table.c.money_source,
            leg_table.c.pay_date, leg_table.c.coverage_month, leg_table.c.amount,
        )
        .join(
            leg_table,
            (leg_table.c.employer_id == entry_table.c.employer_id) & (leg_table.c.entry_id == entry_table.c.entry_id),
        )
        .where(
            entry_table.c.employer_id == session.employer,
            entry_table.c.type.in_((DEDUCTION, ARREARS)),
            entry_table.c.status == "pending",
            entry_table.c.effective_date >= month.first,
            entry_table.c.effective_date < month.end,
            entry_table.c.entry_id.not_in(voided),
            leg_table.c.account.in_((chart.PAYROLL_CLEARING, chart.MATCH_EXPENSE, chart.BENEFIT_COST)),
        )
        # What is due is served before arrears.
        .order_by(entry_table.c.type.desc(), leg_table.c.coverage_month, entry_table.c.seq)
    )  # fmt: skip
    # A restated line keeps its key with a higher revision: only the newest one is waiting.
    newest = {row.idempotency_key.rpartition("/r")[0]: row for row in rows}
    found: dict[tuple[str, str, str, date], list[Pending]] = defaultdict(list)
    for name, row in newest.items():
        key = (row.person_id, row.plan, row.money_source, row.pay_date)
        found[key].append(Pending(row.entry_id, row.coverage_month, row.amount, code_of(name)))
    return found


def _actual(
    row: Row[Any], waiting: Mapping[tuple[str, str, str, date], list[Pending]], accounts: tuple[str, str]
) -> list[NewEntry]:
    """One entry for a line, or one for each of the lines that it pays; without legs where it pays nothing of one.

    Nothing taken takes back what an earlier version of the line had posted.
    """
    debit, credit = accounts
    slots = waiting.get((row.person_id, row.plan, row.part, row.pay_date), [])
    slots = [one for one in slots if one.code == row.code] or slots or [Pending("", str(Month.of(row.pay_date)), 0)]
    entries = []
    for number, (slot, amount) in enumerate(zip(slots, split(row.amount, slots), strict=True), 1):
        slot.left -= amount
        dims = (row.person_id, row.plan, row.part, slot.coverage_month, row.pay_date)
        entries.append(
            NewEntry(
                key=f"register/{row.connection_id}/{row.row_key}/{number}",
                type=_GRANTED.get(row.part, "deduction.withheld"),
                effective_date=row.pay_date,
                legs=(Leg(debit, row.unit, amount, *dims), Leg(credit, row.unit, -amount, *dims)) if amount else (),
                source=f"{row.batch_id}#{row.row_no}",
                pending_id=slot.entry_id or None,
            )
        )
    return entries


def split(amount: int, slots: Sequence[Pending]) -> list[int]:
    """What of `amount` goes to each waiting line, in order; what is more than all of them goes to the last.

    A refund among them is honoured first, for payroll netted it before it took anything.
    """
    if not amount:
        return [0] * len(slots)
    parts = [min(slot.left, 0) for slot in slots]
    rest = amount - sum(parts)
    for place, slot in enumerate(slots):
        if slot.left > 0 and rest > 0:
            parts[place] = min(rest, slot.left)
            rest -= parts[place]
    parts[-1] += rest
    return parts


def _settled(book: PlanBook, pay_run: str, day: date, amount: int) -> NewEntry:
    unit = book.employer.currency
    legs = (
        Leg(chart.BANK, unit, amount, pay_date=day),
        Leg(chart.PAYROLL_CLEARING, unit, -amount, pay_date=day),
    )
    return NewEntry(f"settled/{pay_run}", "payroll.settled", day, legs if amount else (), f"pay run {pay_run}")


def _follow_pay(hub: Hub, employer: str, connection_id: str, month: Month) -> int:
    """Percentages follow the pay really paid: where a check's gross differs, contributions are expected anew."""
    with hub.store.write(employer) as session:
        book = hub.book(session)
        gross: dict[str, dict[date, int]] = defaultdict(dict)
        for row in register(session, connection_id, month):
            if row.person_id is not None and row.detail["gross_minor"]:
                gross[row.person_id][row.pay_date] = int(row.detail["gross_minor"])
        calendar = pay_calendar(session, book, month.year)
        savings = history.start(session, month).savings
        changed: list[Expected] = []
        for worker in facts.workers(session, Interval(month.first, month.end)):
            periods = {one.pay_date: one for one in calendar[worker.pay_group]}
            saved = savings.of(worker, month.year)
            for day, paid in sorted(gross[worker.person_id].items()):
                cover = facts.in_force(worker.coverages.get("retirement", ()), day)
                if cover is None or day not in periods:
                    continue
                plan = book.plan(cover.data["plan"])
                usual = worker.gross_minor(periods[day].end, book.pay_group(worker.pay_group).pays_a_year)
                parts = contribute(plan, worker, cover.data, paid, day, saved)
                if usual != paid:
                    changed += contribution_lines(plan, worker.person_id, day, parts, zeros=True)
        done = ledger.restate(session, [pending_entry(book, one) for one in changed])
    return done.new + done.corrected
