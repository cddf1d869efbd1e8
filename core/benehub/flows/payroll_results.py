"""Payroll results: what was really taken posts what was expected; pay that was short shortens what was due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import facts, ledger
from benehub.engine import Steps
from benehub.flows import history, match
from benehub.flows.deductions import (
    Expected,
    contribution_lines,
    pending_entry,
)
from benehub.flows.hub import Hub
from benehub.flows.linking import map_codes
from benehub.flows.money import pay_calendar
from benehub.flows.savings import contribute
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.records import LineKind
from benehub.store import Session
from benehub.store.tables import confirmation
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg as leg_table

_ACCOUNTS = {
    "employee": (chart.PAYROLL_CLEARING, chart.EMPLOYEE_SHARE_DUE),
    "pretax": (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE),
    "roth": (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE),
    "match": (chart.MATCH_EXPENSE, chart.MATCH_PAYABLE),
}


@dataclass(frozen=True, slots=True)
class Pending:
    """A pending entry waiting for its actual: id, coverage month and amount."""

    entry_id: str
    coverage_month: str
    amount: int


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
        entries: list[NewEntry] = []
        cash: dict[tuple[str, date], int] = defaultdict(int)
        for row in rows:
            kind = row.detail["kind"]
            if kind == LineKind.LEAVE_TAKEN.value:
                entries += _leave_taken(book, row)
            if kind == LineKind.LEAVE_PAYOUT.value:
                entries += _leave_paid(book, row, session)
                cash[(row.detail["pay_run"], row.pay_date)] -= row.amount
            if row.plan is None or row.part not in _ACCOUNTS:
                continue
            entries += _actual(row, waiting)
            if row.part != "match":
                cash[(row.detail["pay_run"], row.pay_date)] += row.amount
        for (pay_run, day), amount in sorted(cash.items()):
            entries.append(_settled(book, pay_run, day, amount))
        done = ledger.restate(session, entries)
    return {"rows": len(rows), "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}


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
    voided = select(entry_table.c.pending_id).where(
        entry_table.c.employer_id == session.employer, entry_table.c.status == "void"
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
            entry_table.c.type == "deduction.expected",
            entry_table.c.status == "pending",
            entry_table.c.effective_date >= month.first,
            entry_table.c.effective_date < month.end,
            entry_table.c.entry_id.not_in(voided),
            leg_table.c.amount > 0,
        )
        .order_by(leg_table.c.coverage_month, entry_table.c.seq)
    )  # fmt: skip
    # A restated line keeps its key with a higher revision: only the newest one is waiting.
    newest = {row.idempotency_key.rpartition("/r")[0]: row for row in rows}
    found: dict[tuple[str, str, str, date], list[Pending]] = defaultdict(list)
    for row in newest.values():
        key = (row.person_id, row.plan, row.money_source, row.pay_date)
        found[key].append(Pending(row.entry_id, row.coverage_month, row.amount))
    return found


def _actual(row: Row[Any], waiting: Mapping[tuple[str, str, str, date], list[Pending]]) -> list[NewEntry]:
    """One entry for a line, or one a coverage month where the pay date takes for several."""
    debit, credit = _ACCOUNTS[row.part]
    expected = waiting.get((row.person_id, row.plan, row.part, row.pay_date), [])
    if not row.amount:
        # Nothing taken; a line that was corrected to zero takes its old posting back.
        key = f"register/{row.connection_id}/{row.row_key}/1"
        return [NewEntry(key, "deduction.withheld", row.pay_date, (), f"{row.batch_id}#{row.row_no}")]
    rest, entries = row.amount, []
    slots = expected or [Pending("", str(Month.of(row.pay_date)), row.amount)]
    for number, slot in enumerate(slots, 1):
        amount = rest if number == len(slots) else min(rest, slot.amount)
        rest -= amount
        if not amount:
            continue
        dims = (row.person_id, row.plan, row.part, slot.coverage_month, row.pay_date)
        entries.append(
            NewEntry(
                key=f"register/{row.connection_id}/{row.row_key}/{number}",
                type="match.accrued" if row.part == "match" else "deduction.withheld",
                effective_date=row.pay_date,
                legs=(Leg(debit, row.unit, amount, *dims), Leg(credit, row.unit, -amount, *dims)),
                source=f"{row.batch_id}#{row.row_no}",
                pending_id=slot.entry_id or None,
            )
        )
    return entries


def _settled(book: PlanBook, pay_run: str, day: date, amount: int) -> NewEntry:
    unit = book.employer.currency
    legs = (
        Leg(chart.BANK, unit, amount, pay_date=day),
        Leg(chart.PAYROLL_CLEARING, unit, -amount, pay_date=day),
    )
    return NewEntry(f"settled/{pay_run}", "payroll.settled", day, legs if amount else (), f"pay run {pay_run}")


def _leave_taken(book: PlanBook, row: Row[Any]) -> list[NewEntry]:
    policy = next((one for one in book.leave if one.taken_code == row.code), None)
    hours = int(row.detail["hours_hundredths"])
    if policy is None or not hours:
        return []
    unit, dims = f"HRS:{policy.id}", (row.person_id, policy.id, None, None, row.pay_date)
    legs = (Leg(chart.LEAVE_SOURCE, unit, hours, *dims), Leg(chart.LEAVE_AVAILABLE, unit, -hours, *dims))
    return [NewEntry(f"register/{row.connection_id}/{row.row_key}/h", "leave.taken", row.pay_date, legs, row.reference)]


def _leave_paid(book: PlanBook, row: Row[Any], session: Session) -> list[NewEntry]:
    policy = next((one for one in book.leave if one.payout_code == row.code), None)
    if policy is None:
        return []
    dims = (row.person_id, policy.id, "payout", None, row.pay_date)
    # Of several revisions the newest one waits; what it replaced was voided.
    pending_id = session.connection.execute(
        select(entry_table.c.entry_id)
        .where(
            *session.where(entry_table, type="leave.payout_expected", status="pending"),
            entry_table.c.idempotency_key.startswith(f"payout/{row.person_id}/{policy.id}/r", autoescape=True),
        )
        .order_by(entry_table.c.seq.desc())
        .limit(1)
    ).scalar()
    legs = [
        Leg(chart.LEAVE_LIABILITY, row.unit, row.amount, *dims),
        Leg(chart.PAYROLL_CLEARING, row.unit, -row.amount, *dims),
    ]
    hours = int(row.detail["hours_hundredths"])
    if hours:
        unit = f"HRS:{policy.id}"
        legs += [Leg(chart.LEAVE_SOURCE, unit, hours, *dims), Leg(chart.LEAVE_AVAILABLE, unit, -hours, *dims)]
    key = f"register/{row.connection_id}/{row.row_key}/p"
    return [
        NewEntry(key, "leave.paid", row.pay_date, tuple(one for one in legs if one.amount), row.reference,
                 pending_id=pending_id)
    ]  # fmt: skip


def _follow_pay(hub: Hub, employer: str, connection_id: str, month: Month) -> int:
    """Percentages follow the pay really paid: where a check's gross differs, contributions are expected anew."""
    with hub.store.write(employer) as session:
        book = hub.book(session)
        gross: dict[str, dict[date, int]] = defaultdict(dict)
        for row in register(session, connection_id, month):
            if row.person_id is not None and row.detail["gross_minor"]:
                gross[row.person_id][row.pay_date] = int(row.detail["gross_minor"])
        calendar = pay_calendar(session, book, month.year)
        savings = history.load(session, month).savings
        changed: list[Expected] = []
        for worker in facts.workers(session, Interval(month.first, month.end)):
            periods = {one.pay_date: one for one in calendar[worker.pay_group]}
            saved = savings.of(worker, month.year)
            for day, paid in sorted(gross[worker.person_id].items()):
                cover = facts.in_force(worker.coverages.get("retirement", ()), day)
                if cover is None or day not in periods:
                    continue
                plan = book.plan(cover.data["plan"])
                usual = worker.gross_minor(periods[day].end, book.pay_groups[worker.pay_group].pays_a_year)
                parts = contribute(plan, worker, cover.data, paid, day, saved)
                if usual != paid:
                    changed += contribution_lines(plan, worker.person_id, day, parts, zeros=True)
        done = ledger.restate(session, [pending_entry(book, one) for one in changed])
    return done.new + done.corrected
