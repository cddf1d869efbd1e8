"""Leave against payroll: what was approved and paid, and what a leaver is still owed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import func, select

from benehub import facts
from benehub.ledger import accounts as chart
from benehub.periods import Interval, Month
from benehub.planbook import LeavePolicy, PlanBook
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg

Periods = Mapping[str, Sequence[tuple[date, date, date]]]
"""Per person: pay date, first and last day of each pay period of the month."""


def compare(session: Session, book: PlanBook, connection_id: str, month: Month, periods: Periods) -> list[Finding]:
    """Every difference of leave for the month's pay dates."""
    findings: list[Finding] = []
    for policy in book.leave:
        findings += _payouts(session, book, connection_id, policy, month)
        findings += _taken(session, connection_id, policy, month, periods)
    return findings


def _payouts(
    session: Session, book: PlanBook, connection_id: str, policy: LeavePolicy, month: Month
) -> Iterator[Finding]:
    owed = {
        row.person_id: (int(row.amount), row.pay_date)
        for row in session.rows(
            select(leg.c.person_id, leg.c.pay_date, func.sum(leg.c.amount).label("amount"))
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                leg.c.employer_id == session.employer,
                leg.c.account == chart.LEAVE_LIABILITY,
                leg.c.plan == policy.id,
                entry.c.type.in_(("leave.payout_expected", "leave.payout_expected.void")),
                leg.c.pay_date >= month.first,
                leg.c.pay_date < month.end,
            )
            .group_by(leg.c.person_id, leg.c.pay_date)
            .having(func.sum(leg.c.amount) != 0)
        )
    }
    paid = {
        row.person_id: int(row.amount)
        for row in session.rows(
            select(confirmation.c.person_id, func.sum(confirmation.c.amount).label("amount"))
            .where(
                *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
                confirmation.c.code == policy.payout_code,
                confirmation.c.pay_date >= month.first,
                confirmation.c.pay_date < month.end,
            )
            .group_by(confirmation.c.person_id)
        )
    }
    for person_id, (amount, pay_date) in sorted(owed.items()):
        got = paid.get(person_id, 0)
        if got == amount or pay_date > session.today():
            continue
        kind = Type.PAYOUT_MISSING if not got else Type.PAYOUT_DIFF
        yield Finding(
            Relation.LEAVE, kind, str(month), f"{pay_date}", "payroll", "payroll",
            "the final check does not pay out the leave that was left" if not got else "another amount was paid out",
            "Pay it with an off-cycle check; states set deadlines for final pay",
            person_id=person_id, plan=policy.id, expected=amount, actual=got, unit=book.employer.currency,
        )  # fmt: skip


def _taken(
    session: Session, connection_id: str, policy: LeavePolicy, month: Month, periods: Periods
) -> Iterator[Finding]:
    """Approved hours fall into the pay period in which the leave begins."""
    approved: dict[tuple[str, date], int] = {}
    window = Interval(month.plus(-1).first, month.end)
    for (person_id, _), segments in facts.timelines(session, "leave_request", window).items():
        data, start = segments[-1].data, segments[0].effective_from
        if data["status"] != "approved" or data["policy"] != policy.id:
            continue
        for pay_date, first, last in periods.get(person_id, ()):
            if first <= start <= last:
                key = (person_id, pay_date)
                approved[key] = approved.get(key, 0) + int(data["hours_hundredths"])
    taken: dict[tuple[str, date], int] = {}
    for row in session.rows(
        select(confirmation.c.person_id, confirmation.c.pay_date, confirmation.c.detail).where(
            *session.where(confirmation, kind="register_line", connection_id=connection_id, current=1),
            confirmation.c.code == policy.taken_code,
            confirmation.c.person_id.is_not(None),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
        )
    ):
        key = (row.person_id, row.pay_date)
        taken[key] = taken.get(key, 0) + int(row.detail["hours_hundredths"])
    for key in sorted(approved.keys() | taken.keys()):
        want, got = approved.get(key, 0), taken.get(key, 0)
        if want != got:
            less = got < want
            yield Finding(
                Relation.LEAVE, Type.APPROVED_NOT_PAID if less else Type.TAKEN_NOT_APPROVED, str(month), f"{key[1]}",
                "payroll", "payroll",
                "approved leave is not on the check" if less else "payroll shows leave that nobody approved",
                "Correct the leave in payroll, or approve it in the HRIS",
                person_id=key[0], plan=policy.id, expected=want, actual=got, unit=f"HRS:{policy.id}",
            )  # fmt: skip
