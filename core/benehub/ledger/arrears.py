"""What employees still owe of pay dates that are over, read from where their shares and their own accounts stand.

A pay date's results close its pending lines: what was taken posts them, and the rest is carried by an entry of type
MISSED (negative where more was taken than expected). Arrears are the sum of what was carried, less what was asked
for again, taken unasked, written off, or within the tolerance. There is no other record of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Executable, Row, and_, case, exists, func, or_, select

from benehub.ledger import accounts as chart
from benehub.ledger.entries import Leg, NewEntry
from benehub.store import Session
from benehub.store.tables import entry, leg

DEDUCTION = "deduction.expected"
ARREARS = "arrears.expected"
MISSED = "deduction.missed"
WRITTEN_OFF = "arrears.written_off"
TOLERATED = "difference.tolerated"
"""Cents of a payroll's rounding that nobody asks for: they went to the rounding account."""
FORGIVEN = tuple(f"{name}{end}" for name in (WRITTEN_OFF, TOLERATED) for end in ("", ".reversed"))
"""What lowers an employee's share though nothing was taken for it."""
WITHHELD = ("deduction.withheld", "deduction.withheld.reversed")
OWED_ON = (chart.EMPLOYEE_SHARE_DUE, chart.ACCOUNT_PAYABLE)
"""Where a deduction stands once it is taken: a premium's share, or what goes into an account of the employee's own."""

Key = tuple[str, str]
"""Person and plan."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A pending line with its rest: expected less taken less carried, in minor units; never zero."""

    entry_id: str
    person_id: str
    plan: str
    coverage_month: str
    pay_date: date
    unit: str
    rest: int
    carried: int
    """How many entries have carried something of it already."""
    account: str = chart.EMPLOYEE_SHARE_DUE
    """Where it stands once it is taken."""


def open_lines(session: Session, start: date, end: date) -> list[OpenLine]:
    """Lines of the employee's share on pay dates of `[start, end)` that are not settled to the cent."""
    origin = func.coalesce(entry.c.pending_id, entry.c.entry_id).label("origin")
    rest = func.sum(case((entry.c.status == "posted", -leg.c.amount), else_=leg.c.amount))
    keys = (leg.c.person_id, leg.c.plan, leg.c.coverage_month, leg.c.pay_date, leg.c.unit)
    rows = session.rows(
        select(origin, *keys, rest.label("rest"), func.sum(case((entry.c.type == MISSED, 1), else_=0)).label("carried"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PAYROLL_CLEARING,
            leg.c.money_source == "employee",
            leg.c.pay_date >= start,
            leg.c.pay_date < end,
            or_(entry.c.type.in_((DEDUCTION, ARREARS)), entry.c.pending_id.is_not(None)),
        )
        .group_by(origin, *keys)
        .having(rest != 0)
        .order_by(leg.c.pay_date, origin)
    )
    whole = ((leg.c.entry_id, leg.c.account), session.among(leg.c.entry_id, sorted({r.origin for r in rows})))
    others = select(*whole[0]).where(leg.c.employer_id == session.employer, whole[1], leg.c.account.in_(OWED_ON))
    stands = {r.entry_id: r.account for r in session.rows(others)}
    return [
        OpenLine(
            r.origin, r.person_id, r.plan, r.coverage_month, r.pay_date, r.unit, int(r.rest), int(r.carried),
            stands.get(r.origin, chart.EMPLOYEE_SHARE_DUE),
        )
        for r in rows
    ]  # fmt: skip


def carry(lines: Iterable[OpenLine], source: str) -> list[NewEntry]:
    """The entries that close these lines: what is left of each becomes arrears."""
    entries = []
    for one in lines:
        dims = (one.person_id, one.plan, "employee", one.coverage_month, one.pay_date)
        entries.append(
            NewEntry(
                key=f"missed/{one.entry_id}/{one.carried + 1}", type=MISSED, status="void",
                effective_date=one.pay_date,
                legs=(
                    Leg(chart.PAYROLL_CLEARING, one.unit, -one.rest, *dims),
                    Leg(one.account, one.unit, one.rest, *dims),
                ),
                source=source, pending_id=one.entry_id,
            )
        )  # fmt: skip
    return entries


def balances(session: Session, before: date | None = None, person_id: str = "") -> dict[Key, dict[str, int]]:
    """Arrears by person, plan and coverage month (minor units); negative where the employee is owed.

    Args:
        before: given, what was asked for again on pay dates before this day is on its way and counts no more;
            left out, arrears stand until they are collected or written off.
        person_id: only this person.
    """
    original = entry.alias("original")
    linked = func.coalesce(entry.c.pending_id, original.c.pending_id)
    withheld = and_(entry.c.type.in_(WITHHELD), leg.c.money_source == "employee")
    which = [entry.c.type.in_(FORGIVEN), and_(withheld, linked.is_(None))]
    if before is None:
        which += [
            and_(entry.c.type == MISSED, entry.c.pending_id.in_(_pending(session, DEDUCTION))),
            and_(withheld, linked.in_(_pending(session, ARREARS))),
        ]
    else:
        asked_before = and_(entry.c.type.in_((ARREARS, f"{ARREARS}.void")), entry.c.effective_date < before)
        which += [entry.c.type == MISSED, asked_before]
    total = func.sum(leg.c.amount)
    query = (
        select(leg.c.person_id, leg.c.plan, leg.c.coverage_month, total.label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .outerjoin(
            original,
            (original.c.employer_id == entry.c.employer_id) & (original.c.entry_id == entry.c.reverses_id),
        )
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account.in_(OWED_ON),
            or_(*which),
        )
        .group_by(leg.c.person_id, leg.c.plan, leg.c.coverage_month)
        .having(total != 0)
        .order_by(leg.c.coverage_month)
    )
    if person_id:
        query = query.where(leg.c.person_id == person_id)
    found: dict[Key, dict[str, int]] = defaultdict(dict)
    for row in session.rows(query):
        found[(row.person_id, row.plan)][row.coverage_month] = int(row.amount)
    return dict(found)


def _pending(session: Session, type_: str) -> Any:
    pending = entry.alias("pending")
    return select(pending.c.entry_id).where(pending.c.employer_id == session.employer, pending.c.type == type_)


def collected(session: Session) -> dict[tuple[str, str, str], list[tuple[date, int]]]:
    """What was taken (or given back) as arrears, by person, plan and coverage month: pay date and amount, in order."""
    which = and_(entry.c.type.in_(WITHHELD), entry.c.pending_id.in_(_pending(session, ARREARS)))
    found: dict[tuple[str, str, str], list[tuple[date, int]]] = defaultdict(list)
    for row in _sums(session, (leg.c.coverage_month, leg.c.pay_date), which, OWED_ON):
        found[(row.person_id, row.plan, row.coverage_month)].append((row.pay_date, -int(row.amount)))
    return found


def settled_since(session: Session) -> dict[tuple[str, str, str], int]:
    """What was collected as arrears or written off, by person, plan and coverage month (minor units)."""
    which = or_(
        entry.c.type.in_((WRITTEN_OFF, f"{WRITTEN_OFF}.reversed")),
        and_(entry.c.type.in_(WITHHELD), entry.c.pending_id.in_(_pending(session, ARREARS))),
    )
    rows = _sums(session, (leg.c.coverage_month,), which, OWED_ON)
    return {(row.person_id, row.plan, row.coverage_month): -int(row.amount) for row in rows}


def missed(session: Session, keys: Iterable[Key]) -> dict[Key, list[tuple[date, str, int]]]:
    """What regular lines were carried, by person and plan: pay date, coverage month, amount; the oldest first."""
    which = and_(entry.c.type == MISSED, entry.c.pending_id.in_(_pending(session, DEDUCTION)))
    wanted = set(keys)
    found: dict[Key, list[tuple[date, str, int]]] = defaultdict(list)
    for row in _sums(session, (leg.c.pay_date, leg.c.coverage_month), which, OWED_ON):
        if (row.person_id, row.plan) in wanted:
            found[(row.person_id, row.plan)].append((row.pay_date, row.coverage_month, int(row.amount)))
    return found


def unasked(session: Session, keys: Iterable[Key]) -> dict[Key, list[tuple[date, str, int]]]:
    """What was taken on pay dates that asked for nothing, by person and plan: pay date, month, minus the amount."""
    original = entry.alias("original")
    columns = (leg.c.person_id, leg.c.plan, leg.c.pay_date, leg.c.coverage_month)
    rows = session.rows(
        select(*columns, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .outerjoin(
            original,
            (original.c.employer_id == entry.c.employer_id) & (original.c.entry_id == entry.c.reverses_id),
        )
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account.in_(OWED_ON),
            leg.c.money_source == "employee",
            entry.c.type.in_(WITHHELD),
            func.coalesce(entry.c.pending_id, original.c.pending_id).is_(None),
            session.among(leg.c.person_id, sorted({person_id for person_id, _ in keys})),
        )
        .group_by(*columns)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(leg.c.pay_date, leg.c.coverage_month)
    )
    found: dict[Key, list[tuple[date, str, int]]] = defaultdict(list)
    for row in rows:
        found[(row.person_id, row.plan)].append((row.pay_date, row.coverage_month, int(row.amount)))
    return {key: lines for key, lines in found.items() if key in set(keys)}


def asked_too_much(
    session: Session, people: Sequence[str], today: date, forgiven: Mapping[tuple[str, str, str], int]
) -> list[NewEntry]:  # fmt: skip
    """Coming lines of these people that ask for more of a month than is owed of it, as they shall stand.

    `forgiven` is what no entry tells of, by person, plan and month.

    What was forgiven since a line was told is asked for no more: the last line of the month is less by it, or gone.
    """
    coming: dict[tuple[str, str, str], list[Row[Any]]] = defaultdict(list)
    for row in session.rows(_coming(session, people, today)):
        coming[(row.person_id, row.plan, row.coverage_month)].append(row)
    owed = balances(session, before=today) if coming else {}
    found = []
    for (person_id, plan, month), rows in coming.items():
        left = max(0, owed.get((person_id, plan), {}).get(month, 0) - forgiven.get((person_id, plan, month), 0))
        over = sum(int(row.amount) for row in rows) - left
        for row in reversed(rows):
            cut = min(max(0, over), int(row.amount))
            over -= cut
            if cut:
                found.append(_lowered(row, int(row.amount) - cut))
    return found


def _coming(session: Session, people: Sequence[str], today: date) -> Executable:
    """Lines that ask for arrears on pay dates from today on, of which nothing was taken yet; the first pay first."""
    ended = entry.alias("ended")
    return (
        select(
            entry.c.idempotency_key, entry.c.source, entry.c.effective_date, entry.c.due_date, leg.c.person_id,
            leg.c.plan, leg.c.coverage_month, leg.c.unit, leg.c.money_source, leg.c.account,
            (-leg.c.amount).label("amount"),
        )
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            *session.where(entry, type=ARREARS, status="pending"), entry.c.effective_date >= today,
            leg.c.account.in_(OWED_ON), leg.c.amount < 0, session.among(leg.c.person_id, people),
            ~exists().where(ended.c.employer_id == entry.c.employer_id, ended.c.pending_id == entry.c.entry_id),
        )
        .order_by(entry.c.effective_date, entry.c.idempotency_key)
    )  # fmt: skip


def _lowered(row: Row[Any], amount: int) -> NewEntry:
    dims = (row.person_id, row.plan, row.money_source, row.coverage_month, row.effective_date)
    legs = (
        Leg(chart.PAYROLL_CLEARING, row.unit, amount, *dims), Leg(row.account, row.unit, -amount, *dims)
    )  # fmt: skip
    return NewEntry(
        row.idempotency_key.rpartition("/r")[0], ARREARS, row.effective_date, legs if amount else (), row.source,
        status="pending", due_date=row.due_date,
    )  # fmt: skip


def _sums(session: Session, by: tuple[Any, ...], which: Any, accounts: Sequence[str]) -> Sequence[Row[Any]]:
    keys = (leg.c.person_id, leg.c.plan, *by)
    total = func.sum(leg.c.amount)
    return session.rows(
        select(*keys, total.label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(leg.c.employer_id == session.employer, leg.c.account.in_(accounts), which)
        .group_by(*keys)
        .having(total != 0)
        .order_by(*by, leg.c.person_id, leg.c.plan)
    )


def pays_asked(session: Session, before: date) -> dict[tuple[str, str, str], int]:
    """On how many pay dates before `before` arrears were asked for, by person, plan and coverage month."""
    which = and_(entry.c.type.in_((ARREARS, f"{ARREARS}.void")), entry.c.effective_date < before)
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in _sums(session, (leg.c.coverage_month, leg.c.pay_date), which, (chart.PAYROLL_CLEARING,)):
        counts[(row.person_id, row.plan, row.coverage_month)] += 1
    return dict(counts)
