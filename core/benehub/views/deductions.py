"""Every line of a pay date with what became of it: expected, sent, taken, and what is still owed of it.

Nothing here is stored: the state follows from the ledger's pending, posted and void entries and from what payroll
has confirmed to hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, or_, select

from benehub.ledger import accounts as chart
from benehub.ledger.arrears import ARREARS, DEDUCTION, MISSED, WITHHELD, WRITTEN_OFF
from benehub.planbook import PlanBook
from benehub.reconcile import tolerance
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg, obligation
from benehub.views.persons import find_person, member_ids

POSTED = (*WITHHELD, "match.accrued", "match.accrued.reversed")


class LineState(StrEnum):
    """Where a line stands: EXPECTED, SENT, then how it was TAKEN, then what came of that."""

    EXPECTED = "EXPECTED"
    SENT = "SENT"
    TAKEN = "TAKEN"
    PARTIAL = "PARTIAL"
    MISSED = "MISSED"
    EXTRA = "EXTRA"
    SETTLED = "SETTLED"
    ARREARS = "ARREARS"
    REFUND_DUE = "REFUND_DUE"
    WAIVED = "WAIVED"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; its key is (employee, code, pay date, sequence). Amounts in minor units.

    Args:
        sequence: number among the lines of one employee, code and pay date: what is due, corrections, arrears.
        kind: `due`, `correction` of an earlier month, `arrears`, or `unasked`.
        taken_as: TAKEN, PARTIAL, MISSED or EXTRA once results are in, else empty.
        open_minor: what is still owed of it (negative: to the employee).
        dispatch: the dispatch that told payroll, where one did.
        entries: ledger entries of the line, the pending one first.
    """

    employee: str
    code: str
    pay_date: date
    sequence: int
    plan: str
    part: str
    kind: str
    coverage_month: str
    expected_minor: int
    taken_minor: int
    open_minor: int
    taken_as: str
    state: str
    dispatch: str
    entries: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"pay_date": self.pay_date.isoformat(), "entries": list(self.entries)}


@dataclass(slots=True)
class _Sum:
    """What the entries of one pending line come to."""

    head: Row[Any]
    expected: int = 0
    taken: int = 0
    carried: int = 0
    closed: bool = False
    ids: tuple[str, ...] = ()


def lines(session: Session, book: PlanBook, pay_date: date, employee: str = "") -> list[Line]:
    """Every line of a pay date, of one employee if named; by employee, code and sequence.

    Raises:
        DataError: no such employee.
    """
    person_id = find_person(session, employee).subscriber_id if employee else ""
    sums = _sums(session, pay_date, person_id)
    members = member_ids(session, {one.head.person_id for one in sums})
    told = _told(session, pay_date, person_id)
    owed = _owed(session, book, person_id, sums)
    waived = _waived(session, person_id)
    codes = _codes(session, pay_date, person_id)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    found = []
    for one in sums:
        head = one.head
        code = _code(head, codes)
        counts[(head.person_id, code)] += 1
        kind = _kind(head)
        still = owed.get((head.person_id, head.plan, head.coverage_month, one.ids[0]), 0)
        taken_as = _taken_as(one, kind)
        dispatch_id = told.get((head.person_id, code))
        gone = (head.person_id, head.plan, head.coverage_month) in waived
        found.append(
            Line(
                members.get(head.person_id) or str(head.person_id), code, pay_date, counts[(head.person_id, code)],
                head.plan, head.money_source, kind, head.coverage_month, one.expected, one.taken, still, taken_as,
                _state(one, taken_as, still, dispatch_id is not None, gone), dispatch_id or "", one.ids,
            )
        )  # fmt: skip
    return sorted(found, key=lambda line: (line.employee, line.code, line.sequence))


def _sums(session: Session, pay_date: date, person_id: str) -> list[_Sum]:
    """Pending lines of the pay date with all that happened to them; the unasked as lines of their own."""
    query = (
        select(
            entry.c.entry_id, entry.c.type, entry.c.status, entry.c.pending_id, entry.c.reverses_id,
            entry.c.idempotency_key, entry.c.source, leg.c.person_id, leg.c.plan, leg.c.money_source,
            leg.c.coverage_month, leg.c.amount,
        )
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            entry.c.employer_id == session.employer,
            leg.c.pay_date == pay_date,
            leg.c.account.in_((chart.PAYROLL_CLEARING, chart.MATCH_EXPENSE)),
            leg.c.person_id.is_not(None),
            leg.c.plan.is_not(None),
            or_(entry.c.type.in_((DEDUCTION, ARREARS, *POSTED)), entry.c.pending_id.is_not(None)),
            leg.c.money_source.in_(("employee", "pretax", "roth", "match")),
        )
        .order_by(entry.c.type.desc(), leg.c.coverage_month, entry.c.seq)
    )  # fmt: skip
    if person_id:
        query = query.where(leg.c.person_id == person_id)
    rows = session.rows(query)
    heads = {row.entry_id: _Sum(row, int(row.amount), ids=(row.entry_id,)) for row in rows if row.status == "pending"}
    origin = {row.entry_id: row.pending_id for row in rows}
    unasked: dict[tuple[Any, ...], _Sum] = {}
    for row in rows:
        if row.status == "pending":
            continue
        one = heads.get(row.pending_id or origin.get(row.reverses_id) or "")
        if one is None:
            key = (row.person_id, row.plan, row.money_source, row.coverage_month)
            one = unasked.setdefault(key, _Sum(row, closed=True))
        one.ids = (*one.ids, row.entry_id)
        if row.type == MISSED:
            one.carried, one.closed = one.carried - int(row.amount), True
        elif row.status == "void":
            one.expected += int(row.amount)
        else:
            one.taken += int(row.amount)
    # What was taken back before anything happened is no line any more.
    return [one for one in (*heads.values(), *unasked.values()) if one.expected or one.taken or one.carried]


def _told(session: Session, pay_date: date, person_id: str) -> dict[tuple[str, str], str]:
    """By person and payroll's code, the dispatch (may be empty) of what payroll is known to hold for the pay date."""
    query = select(obligation.c.person_id, obligation.c.business_key, obligation.c.dispatch_id).where(
        *session.where(obligation, kind="deduction.set", state="confirmed"), obligation.c.due_date <= pay_date
    )
    if person_id:
        query = query.where(obligation.c.person_id == person_id)
    return {(row.person_id, row.business_key.split("/", 3)[3]): row.dispatch_id or "" for row in session.rows(query)}


def _owed(
    session: Session, book: PlanBook, person_id: str, sums: Sequence[_Sum]
) -> dict[tuple[str, str, str, str], int]:  # fmt: skip
    """What is still owed of each carried line: a month's arrears lie on its newest lines, for the oldest go first."""
    left = {
        (who, plan, month): amount
        for (who, plan), months in tolerance.owed(session, book, person_id=person_id).items()
        for month, amount in months.items()
    }
    found: dict[tuple[str, str, str, str], int] = {}
    for one in reversed(sums):
        key = (one.head.person_id, one.head.plan, one.head.coverage_month)
        whole = one.carried or (one.expected - one.taken if one.closed else 0)
        balance = left.get(key, 0)
        part = min(whole, max(0, balance)) if whole > 0 else max(whole, min(0, balance))
        if part:
            found[(*key, one.ids[0])] = part
            left[key] = balance - part
    return found


def _waived(session: Session, person_id: str) -> set[tuple[str, str, str]]:
    query = (
        select(leg.c.person_id, leg.c.plan, leg.c.coverage_month)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(leg.c.employer_id == session.employer, entry.c.type == WRITTEN_OFF)
    )
    if person_id:
        query = query.where(leg.c.person_id == person_id)
    return {(row.person_id, row.plan, row.coverage_month) for row in session.rows(query)}


def _codes(session: Session, pay_date: date, person_id: str) -> Mapping[tuple[str, str, str], str]:
    """Payroll's own code of what it took, for lines that nothing had asked for."""
    query = select(confirmation.c.person_id, confirmation.c.plan, confirmation.c.part, confirmation.c.code).where(
        *session.where(confirmation, kind="register_line", current=1), confirmation.c.pay_date == pay_date
    )
    if person_id:
        query = query.where(confirmation.c.person_id == person_id)
    return {(row.person_id, row.plan, row.part): row.code for row in session.rows(query) if row.plan}


def _code(head: Row[Any], codes: Mapping[tuple[str, str, str], str]) -> str:
    if head.status == "pending":
        return "/".join(head.idempotency_key.rpartition("/r")[0].split("/")[2:-2])
    return codes.get((head.person_id, head.plan, head.money_source), "")


def _kind(head: Row[Any]) -> str:
    if head.status != "pending":
        return "unasked"
    if head.type == ARREARS:
        return "arrears"
    return "correction" if head.source.startswith("retro") else "due"


def _taken_as(one: _Sum, kind: str) -> str:
    if not one.taken and not one.closed:
        return ""
    if kind == "unasked":
        return LineState.EXTRA
    if one.taken == one.expected:
        return LineState.TAKEN
    if not one.taken:
        return LineState.MISSED
    return LineState.EXTRA if abs(one.taken) > abs(one.expected) else LineState.PARTIAL


def _state(one: _Sum, taken_as: str, still: int, told: bool, waived: bool) -> str:
    if not taken_as:
        return LineState.SENT if told else LineState.EXPECTED
    if not one.closed:
        # Taken to the cent it is settled; else the results of others of its pay run are still to be carried.
        return LineState.SETTLED if taken_as == LineState.TAKEN else taken_as
    if still > 0:
        return LineState.ARREARS
    if still < 0:
        return LineState.REFUND_DUE
    return LineState.WAIVED if waived else LineState.SETTLED
