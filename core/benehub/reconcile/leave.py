"""Leave against payroll: what was approved and paid, what is left on both sides, and what a leaver is still owed.

Both sides are compared in whole minutes, each line rounded by itself: two decimals of an hour are less than half a
minute off, so rounding shows no difference and a minute that is really wrong always does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, func, select

from benehub import facts, ledger
from benehub.hours import leave_unit
from benehub.ledger import accounts as chart
from benehub.periods import Interval, Month
from benehub.planbook import LeavePolicy, PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg

Approved = Mapping[tuple[str, str, date], int]
"""(person, policy, pay date) -> minutes approved."""

_EXPECTED = ("leave.payout_expected", "leave.payout_expected.void")
_KEPT = ("opening.leave", "leave.accrued", "leave.payout_expected")
"""What is posted of leave that is kept here; what registers show of it is posted of older ones too."""


@dataclass
class _Taken:
    """What a register shows for one person and pay date: minutes in all, and line by line."""

    minutes: int = 0
    lines: list[int] = field(default_factory=list)


def compare(
    session: Session, book: PlanBook, connection_id: str, month: Month, approved: Approved, finals: Mapping[str, date]
) -> list[Finding]:
    """Every difference of leave for the month's pay dates.

    Args:
        session: of the employer.
        book: the plan book in force.
        connection_id: payroll's connection.
        month: the pay dates that are compared.
        approved: what was approved, pay date by pay date, of this month and the one before.
        finals: person -> final pay date, of those whose employment ended in the month.
    """
    findings: list[Finding] = []
    for policy in book.leave:
        findings += _payouts(session, book, connection_id, policy, month)
        findings += _taken(session, connection_id, policy, month, approved)
        findings += _balances(session, connection_id, policy, month)
        findings += _negative(session, policy, month, finals)
    return findings


def _payouts(
    session: Session, book: PlanBook, connection_id: str, policy: LeavePolicy, month: Month
) -> Iterator[Finding]:
    first = _kept_since(session, policy)
    if first >= month.end:
        return
    own, before = Interval(max(first, month.first), month.end), Interval(min(first, month.first), month.first)
    owed, paid = _owed(session, policy, own), _paid(session, connection_id, policy, own)
    earlier = _earlier(_owed(session, policy, before), _paid(session, connection_id, policy, before)) if paid else {}
    for person_id in sorted(owed.keys() | paid.keys()):
        mine, then = owed.get(person_id, {}), earlier.get(person_id, _Earlier())
        amounts = {day: int(row.amount) for day, row in mine.items()}
        got, beyond = _shared_out(amounts, then.recovered(paid.get(person_id, {})), then.open)
        for day, row in mine.items():
            waiting = day > session.today() and (row.due is None or row.due >= session.today())
            if got[day] != amounts[day] and (got[day] or not waiting):
                yield _payout(book, policy, month, person_id, day, amounts[day], got[day])
        for day, amount in beyond.items():
            if amount > 0:
                yield _payout(book, policy, month, person_id, day, 0, amount)
            elif lost := then.takes_back(-amount):
                told = _payout(book, policy, month, person_id, day, lost, 0)
                yield replace(told, cause="a later check takes back leave that was owed and had been paid out")


def _kept_since(session: Session, policy: LeavePolicy) -> date:
    """The first day of leave that is kept here; what was paid out before it was owed elsewhere."""
    first = session.connection.execute(
        select(func.min(entry.c.effective_date))
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            *session.where(entry), entry.c.type.in_(_KEPT), leg.c.plan == policy.id,
            leg.c.account.in_((chart.LEAVE_AVAILABLE, chart.LEAVE_LIABILITY)),
        )
    ).scalar()  # fmt: skip
    return first if first is not None else date.min


@dataclass(slots=True)
class _Earlier:
    """One person's pay-outs of earlier months, minor units.

    Args:
        open: owed and not paid. `over`: paid and not owed. `paid`: paid of what was owed.
    """

    open: int = 0
    over: int = 0
    paid: int = 0

    def recovered(self, paid: Mapping[date, int]) -> dict[date, int]:
        """What checks paid, without what those that take back recover of what was paid too much before."""
        found = dict(paid)
        for day in sorted(one for one in paid if paid[one] < 0):
            of_over = min(-found[day], self.over)
            self.over, found[day] = self.over - of_over, found[day] + of_over
        return {day: amount for day, amount in found.items() if amount}

    def takes_back(self, amount: int) -> int:
        """How much of what a check takes back had been owed; beyond all that was paid it recovers leave in advance."""
        of_over = min(amount, self.over)
        lost = min(amount - of_over, self.paid)
        self.over, self.paid = self.over - of_over, self.paid - lost
        return lost


def _earlier(
    owed: Mapping[str, Mapping[date, Row[Any]]], paid: Mapping[str, Mapping[date, int]]
) -> dict[str, _Earlier]:
    """How the pay-outs of earlier months stand, by person."""
    found: dict[str, _Earlier] = {}
    for person_id in owed.keys() | paid.keys():
        wanted = sum(int(row.amount) for row in owed.get(person_id, {}).values())
        got = sum(paid.get(person_id, {}).values())
        found[person_id] = _Earlier(max(0, wanted - got), max(0, got - wanted), max(0, min(wanted, got)))
    return found


def _shared_out(
    owed: Mapping[date, int], paid: Mapping[date, int], late: int
) -> tuple[dict[date, int], dict[date, int]]:
    """What each pay date that owes something got, and what was paid by others beyond all that was owed.

    A pay date's own check pays it first, what is left of any check then pays what is open, of earlier months (`late`)
    last. What is too much is told with the pay date it repeats, else with the last that owed something.
    """
    rest = dict(sorted(paid.items()))
    for day in [one for one in rest if rest[one] < 0]:  # a check that was taken back undoes what was paid before
        for other in sorted((one for one in rest if one < day), reverse=True):
            moved = min(-rest[day], max(0, rest[other]))
            rest[day], rest[other] = rest[day] + moved, rest[other] - moved
    got = dict.fromkeys(sorted(owed), 0)
    for own in (True, False):
        for day in got:
            for other in [day] if own else list(rest):
                moved = max(0, min(rest.get(other, 0), owed[day] - got[day]))
                if moved:
                    got[day], rest[other] = got[day] + moved, rest[other] - moved
    for day in rest:
        moved = max(0, min(rest[day], late))
        rest[day], late = rest[day] - moved, late - moved
    beyond = {day: amount for day, amount in rest.items() if amount}
    for day in [one for one in beyond if got and beyond[one] > 0]:
        again = next((one for one in got if owed[one] == beyond[day]), [*got][-1])
        got[day if day in got else again] += beyond.pop(day)
    return got, beyond


def _payout(
    book: PlanBook, policy: LeavePolicy, month: Month, person_id: str, day: date, amount: int, got: int
) -> Finding:
    kind, cause = Type.PAYOUT_DIFF, "another amount was paid out"
    if not got:
        kind, cause = Type.PAYOUT_MISSING, "the final check does not pay out the leave that was left"
    elif not amount:
        cause = "leave is paid out that nobody is owed"
    elif got == 2 * amount:
        kind, cause = Type.PAID_TWICE, "the leave that was left is paid out twice"
    action = "Pay it with an off-cycle check; states set deadlines for final pay"
    if got > amount:
        action = "Take the overpayment back as the law lets, with the employee's consent"
    return Finding(
        Relation.LEAVE, kind, str(month), f"{day}", "payroll", "payroll", cause, action,
        person_id=person_id, plan=policy.id, expected=amount, actual=got, unit=book.employer.currency,
    )  # fmt: skip


def _owed(session: Session, policy: LeavePolicy, window: Interval) -> dict[str, dict[date, Row[Any]]]:
    """Pay-outs expected on the pay dates of a time, by person and pay date: amount and the day it is due."""
    found: dict[str, dict[date, Row[Any]]] = {}
    for row in session.rows(
        select(
            leg.c.person_id, leg.c.pay_date, func.sum(leg.c.amount).label("amount"),
            func.min(entry.c.due_date).label("due"),
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.LEAVE_LIABILITY,
            leg.c.plan == policy.id,
            entry.c.type.in_(_EXPECTED),
            leg.c.pay_date >= window.start,
            leg.c.pay_date < window.end,
        )
        .group_by(leg.c.person_id, leg.c.pay_date)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(leg.c.person_id, leg.c.pay_date)
    ):  # fmt: skip
        found.setdefault(row.person_id, {})[row.pay_date] = row
    return found


def _paid(
    session: Session, connection_id: str, policy: LeavePolicy, window: Interval
) -> dict[str, dict[date, int]]:  # fmt: skip
    """What the registers pay out on the pay dates of a time, by person and pay date."""
    if not policy.payout_code:
        return {}
    found: dict[str, dict[date, int]] = {}
    for row in session.rows(
        select(confirmation.c.person_id, confirmation.c.pay_date, func.sum(confirmation.c.amount).label("amount"))
        .where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.code == policy.payout_code,
            confirmation.c.person_id.is_not(None),
            confirmation.c.pay_date >= window.start,
            confirmation.c.pay_date < window.end,
        )
        .group_by(confirmation.c.person_id, confirmation.c.pay_date)
    ):
        found.setdefault(row.person_id, {})[row.pay_date] = int(row.amount)
    return found


def _taken(
    session: Session, connection_id: str, policy: LeavePolicy, month: Month, approved: Approved
) -> Iterator[Finding]:
    if not policy.taken_code:
        return
    earlier = Interval(month.plus(-1).first, month.end)
    taken = _shown(session, connection_id, policy, earlier)
    wanted = {(person, day): minutes for (person, plan, day), minutes in approved.items() if plan == policy.id}
    read = _read_dates(session, connection_id, month)
    for key in sorted(wanted.keys() | taken.keys()):
        person_id, day = key
        want, got = wanted.get(key, 0), taken.get(key, _Taken())
        if Month.of(day) != month or want == got.minutes or day not in read:
            continue
        kind, cause = Type.APPROVED_NOT_PAID, "approved leave is not on the check"
        if got.minutes > want:
            kind, cause = Type.TAKEN_NOT_APPROVED, "payroll shows leave that nobody approved"
            if _twice(person_id, day, want, got, wanted, taken):
                kind, cause = Type.PAID_TWICE, "payroll shows the same leave twice"
        yield Finding(
            Relation.LEAVE, kind, str(month), f"{day}", "payroll", "payroll", cause,
            "Correct the leave in payroll, or approve it in the HRIS",
            person_id=person_id, plan=policy.id, expected=want, actual=got.minutes, unit=leave_unit(policy.id),
        )  # fmt: skip


def _twice(
    person_id: str, day: date, want: int, got: _Taken, wanted: Mapping[tuple[str, date], int],
    taken: Mapping[tuple[str, date], _Taken],
) -> bool:  # fmt: skip
    """Whether the surplus is leave that was paid already: in two lines of the day, or on another pay date."""
    surplus = got.minutes - want
    if want and surplus == want and len(got.lines) > 1:
        return True
    return any(
        minutes == surplus and taken[(person, other)].minutes == minutes
        for (person, other), minutes in wanted.items()
        if person == person_id and other != day and (person, other) in taken
    )


def _shown(
    session: Session, connection_id: str, policy: LeavePolicy, window: Interval
) -> dict[tuple[str, date], _Taken]:
    found: dict[tuple[str, date], _Taken] = defaultdict(_Taken)
    for row in session.rows(
        select(confirmation.c.person_id, confirmation.c.pay_date, confirmation.c.detail).where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.code == policy.taken_code,
            confirmation.c.person_id.is_not(None),
            confirmation.c.pay_date >= window.start,
            confirmation.c.pay_date < window.end,
        )
    ):
        one = found[(row.person_id, row.pay_date)]
        one.minutes += int(row.detail["minutes"])
        one.lines.append(int(row.detail["minutes"]))
    return dict(found)


def _read_dates(session: Session, connection_id: str, month: Month) -> set[date]:
    """Pay dates that are past, or whose register was read: the others show nothing yet."""
    rows = session.rows(
        select(confirmation.c.pay_date)
        .where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
        )
        .distinct()
    )
    past = {month.first + timedelta(days=n) for n in range(month.days)}
    return {row.pay_date for row in rows} | {day for day in past if day < session.today()}


def _balances(session: Session, connection_id: str, policy: LeavePolicy, month: Month) -> Iterator[Finding]:
    """What payroll shows as left against the ledger at the end of the same day; the newest of the month counts."""
    if not policy.taken_code:
        return
    newest: dict[str, Row[Any]] = {}
    for row in session.rows(
        select(confirmation)
        .where(
            *session.where(confirmation, kind="leave_balance", connection_id=connection_id, current=1),
            confirmation.c.code == policy.taken_code,
            confirmation.c.person_id.is_not(None),
            confirmation.c.on_date >= month.first,
            confirmation.c.on_date < month.end,
        )
        .order_by(confirmation.c.on_date, confirmation.c.row_key)
    ):
        newest[row.person_id] = row
    held: dict[date, dict[str, int]] = {}
    for person_id, row in sorted(newest.items()):
        if row.on_date not in held:
            held[row.on_date] = _held(session, policy, row.on_date)
        ours, theirs = held[row.on_date].get(person_id, 0), int(row.amount)
        if ours != theirs:
            yield Finding(
                Relation.LEAVE, Type.BALANCE_DIFF, str(month), f"{row.on_date}", "payroll", "payroll",
                "payroll shows another balance of leave than the ledger",
                "See `benehub leave balances` for what the hub counted, and correct the one that is wrong",
                person_id=person_id, plan=policy.id, expected=ours, actual=theirs, unit=leave_unit(policy.id),
            )  # fmt: skip


def _held(session: Session, policy: LeavePolicy, day: date) -> dict[str, int]:
    return {
        one.dimensions["person_id"]: one.amount
        for one in ledger.balances(session, [chart.LEAVE_AVAILABLE], by=("person_id",), effective=day, plan=policy.id)
    }


def _negative(session: Session, policy: LeavePolicy, month: Month, finals: Mapping[str, date]) -> Iterator[Finding]:
    """Leave taken in advance by who has left, which the final check did not recover."""
    past = {person: day for person, day in finals.items() if day <= session.today()}
    if not past:
        return
    held = _held(session, policy, session.today())
    for person_id, day in sorted(past.items()):
        minutes = held.get(person_id, 0)
        if minutes < 0:
            yield Finding(
                Relation.LEAVE, Type.NEGATIVE_NOT_RECOVERED, str(month), f"{day}", "payroll", "payroll",
                "leave taken in advance was not recovered on the final check",
                "Recover it as the law and the employee's consent let, or write it off",
                person_id=person_id, plan=policy.id, expected=0, actual=minutes, unit=leave_unit(policy.id),
            )  # fmt: skip


def finals(session: Session, month: Month, periods: Mapping[str, Mapping[date, date]]) -> dict[str, date]:
    """Final pay dates of those whose employment ended in the month.

    `periods` gives, by pay group, the last day of each pay period by its pay date.
    """
    found: dict[str, date] = {}
    for worker in facts.workers(session, Interval(month.first, month.end)):
        gone = worker.terminated_on
        if gone is None or Month.of(gone) != month:
            continue
        dates = [day for day, last in periods.get(worker.pay_group, {}).items() if last >= gone]
        if dates:
            found[worker.person_id] = min(dates)
    return found
