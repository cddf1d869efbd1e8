"""What a payment to a carrier is made of: the month's lines by its pay policy, then what earlier months left.

Earlier months come in where this month's bill corrects them: a charge that is late, and credits, which lower what is
paid. A credit is taken once: what another payment that is on its way has taken already is left out. No payment turns
negative by credits; what does not fit waits for the next one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from benehub import facts, ledger, obligations
from benehub.identity import people
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import carriers, credits
from benehub.reconcile.billed import Due, accepted, bill_lines
from benehub.reconcile.carriers import Key
from benehub.reconcile.unpaid import paid_by_key, paid_to_others, remitted
from benehub.records import RemittanceLine
from benehub.store import Session
from benehub.store.tables import confirmation, obligation


def lines_due(
    session: Session, book: PlanBook, connection_id: str, month: Month, part: str = ""
) -> list[RemittanceLine]:
    """What is to be paid now for a month; `part` is the key of the payment that this is for.

    The lines are what was billed, that less what is disputed, or what is enrolled, as the carrier's terms say.
    """
    policy = book.terms(connection_id).pay_policy
    elsewhere = _on_their_way(session, connection_id, part)
    if policy == "pay_as_enrolled":
        lines = [one for one in _enrolled(session, book, connection_id, month) if one.paid]
    else:
        lines = accepted(session, book, connection_id, str(month), bill_lines(session, connection_id, str(month)))
        lines = _less_remitted(session, book, connection_id, lines, elsewhere)
        lines += _late_charges(session, book, connection_id, month, elsewhere)
    total = sum(one.paid for one in lines)
    for one in _credits(session, book, connection_id, month, elsewhere, policy == "pay_as_enrolled"):
        if total + one.paid > 0:
            lines.append(one)
            total += one.paid
    names = {fact.subject: fact.data for fact in facts.as_of(session, "employee", month.last)}
    return [_line(one, names.get(one.person_id or "", {})) for one in lines if one.billed or one.paid]


def _line(one: Due, name: Mapping[str, Any]) -> RemittanceLine:
    return RemittanceLine(
        person=one.person_id or "", member_id=one.member_id, first_name=name.get("first_name", "UNKNOWN"),
        last_name=name.get("last_name", "UNKNOWN"), plan=one.plan, coverage_month=one.month,
        billed_minor=one.billed, paid_minor=one.paid, invoice=one.invoice, disputed=one.disputed,
    )  # fmt: skip


def _enrolled(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Due]:
    """What is owed for the month; what was only paid, and never accrued, stands as a credit.

    What is owed for a plan that no book ever had, and that nobody bills, is paid to none: a comparison tells it.
    """
    members = people.people(session)
    found = ledger.balances(session, [chart.PREMIUM_PAYABLE], by=("person_id", "plan"), coverage_month=str(month))
    owed: defaultdict[Key, int] = defaultdict(int)
    for one in found:
        if one.amount < 0 or book.find(one.dimensions["plan"]) is not None:
            owed[one.dimensions["person_id"], one.dimensions["plan"], str(month)] -= one.amount
    for _, key, amount in paid_to_others(session, book, month, month):
        owed[key] += amount
    whose = carriers.of_keys(session, book, owed)
    for key, amount in owed.items():
        if whose.get(key) == connection_id:
            yield Due(key[0], members[str(key[0])].member_id, key[1], str(month), "", amount, amount)


def _less_remitted(
    session: Session, book: PlanBook, connection_id: str, lines: Sequence[Due], elsewhere: Mapping[Key, int]
) -> list[Due]:  # fmt: skip
    """Lines less what has been remitted for them: a bill that is corrected is not paid a second time."""
    paid = _remitted(session, book, connection_id, {one.month for one in lines}, elsewhere)
    last = {one.key: number for number, one in enumerate(lines)}
    rest = []
    for number, one in enumerate(lines):
        settled = paid.get(one.key, 0) if last[one.key] == number else min(one.paid, paid.get(one.key, 0))
        if one.key in paid:
            paid[one.key] -= settled
        rest.append(replace(one, billed=one.billed - settled, paid=one.paid - settled))
    return rest


def _remitted(
    session: Session, book: PlanBook, connection_id: str, months: set[str], elsewhere: Mapping[Key, int]
) -> defaultdict[Key, int]:  # fmt: skip
    """What this carrier has been paid for each person, plan and month, with what is on its way in other payments.

    What was posted of a word that is no plan, and no payment says to whom, counts as its own: nothing is paid twice.
    """
    paid: defaultdict[Key, int] = defaultdict(
        int, {key: amount for key, amount in elsewhere.items() if key[2] in months}
    )
    left = paid_by_key(session, book, months)
    for whose in (connection_id, ""):
        for key, amount in left[whose].items():
            paid[key] += amount
    return paid


def _late_charges(
    session: Session, book: PlanBook, connection_id: str, month: Month, elsewhere: Mapping[Key, int]
) -> list[Due]:  # fmt: skip
    """What this month's bill charges for earlier months and nobody has paid yet."""
    mine = (
        select(confirmation.c.reference)
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.coverage_month == str(month), confirmation.c.part == "current",
        )
        .distinct()
    )  # fmt: skip
    rows = session.rows(
        select(
            confirmation.c.person_id, confirmation.c.external_id, confirmation.c.plan, confirmation.c.coverage_month,
            confirmation.c.reference, func.sum(confirmation.c.amount).label("amount"),
        )
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.coverage_month < str(month), confirmation.c.part == "adjustment",
            confirmation.c.reference.in_(mine),
        )
        .group_by(
            confirmation.c.person_id, confirmation.c.external_id, confirmation.c.plan, confirmation.c.coverage_month,
            confirmation.c.reference,
        )
        .having(func.sum(confirmation.c.amount) > 0)
        .order_by(confirmation.c.coverage_month, confirmation.c.external_id, confirmation.c.plan)
    )  # fmt: skip
    if not rows:
        return []
    months = {row.coverage_month for row in rows}
    lines = {month: bill_lines(session, connection_id, month) for month in months}
    taken = [one for month in months for one in accepted(session, book, connection_id, month, lines[month])]
    paid = _remitted(session, book, connection_id, months, elsewhere)
    billed = _open([one for month in months for one in lines[month]], paid)
    owed, disputed = _open(taken, paid), {one.key: one.disputed for one in taken if one.disputed}
    found = []
    for row in rows:
        key = (row.person_id, row.plan, row.coverage_month)
        asked, given = (_part_of(left, key, int(row.amount)) for left in (billed, owed))
        if asked:
            why = disputed.get(key, "") if given < asked else ""
            found.append(
                Due(row.person_id, row.external_id, row.plan, row.coverage_month, row.reference, asked, given, why)
            )
    return found


def _open(lines: Sequence[Due], paid: Mapping[Key, int]) -> dict[Key, int]:
    """What is to be paid of these lines less what was, by key."""
    found: defaultdict[Key, int] = defaultdict(int)
    for one in lines:
        found[one.key] += one.paid
    return {key: amount - paid.get(key, 0) for key, amount in found.items()}


def _part_of(open_: dict[Key, int], key: Key, most: int) -> int:
    """Take of what is open of a key no more than this; gives how much, and leaves the rest."""
    amount = min(most, max(0, open_.get(key, 0)))
    open_[key] = open_.get(key, 0) - amount
    return amount


def _credits(
    session: Session, book: PlanBook, connection_id: str, month: Month, elsewhere: Mapping[Key, int], own_bill: bool
) -> Iterator[Due]:  # fmt: skip
    """Credits of earlier months, oldest first: granted on a bill or, where we bill ourselves, all in time."""
    members = people.people(session)
    for one in sorted(credits.standing(session, book, connection_id), key=lambda one: (one.month, one.plan)):
        if one.month >= str(month):
            continue
        worth = one.amount if own_bill and not one.past else min(one.granted, one.amount)
        worth += min(0, elsewhere.get((one.person_id, one.plan, one.month), 0))
        if worth > 0:
            member_id, invoice = _told_on(session, connection_id, one)
            if one.person_id:
                member_id = member_id or members[one.person_id].member_id
            yield Due(one.person_id, member_id, one.plan, one.month, invoice, -worth, -worth)


def _told_on(session: Session, connection_id: str, one: credits.Credit) -> tuple[str, str]:
    """The member's id on the bill that corrects the month, and that bill; empty where none does."""
    row = session.connection.execute(
        select(confirmation.c.external_id, confirmation.c.reference)
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.person_id == one.person_id if one.person_id else confirmation.c.person_id.is_(None),
            confirmation.c.plan == one.plan, confirmation.c.coverage_month == one.month, confirmation.c.amount < 0,
        )
        .order_by(confirmation.c.seq.desc())
        .limit(1)
    ).first()  # fmt: skip
    return (row.external_id, row.reference) if row is not None else ("", "")


def _on_their_way(session: Session, connection_id: str, part: str) -> dict[Key, int]:
    """What other payments that are made but not posted hold for months that are not their own."""
    rows = session.rows(
        select(obligation)
        .where(*session.where(obligation, kind="premium.remit", connection_id=connection_id))
        .where(obligation.c.business_key != part, obligation.c.state.in_(("open", "sent", "held")))
        .where(obligation.c.dispatch_id.is_not(None), ~remitted())
    )
    found: defaultdict[Key, int] = defaultdict(int)
    for row in rows:
        for line in obligations.content(session, row)["lines"]:
            if line["coverage_month"] != row.period:
                found[line["person"] or None, line["plan"], line["coverage_month"]] += line["paid_minor"]
    return found
