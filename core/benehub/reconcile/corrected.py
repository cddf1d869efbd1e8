"""When the money of a pay date was known that only a corrected register told: it has a due day of its own.

What payroll tells first of somebody's pay is due by the pay date, whenever it was read. What it tells of the same pay
on a later day could not be sent before, so the plan's standard runs from that day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, Select, and_, case, func, or_, select

from benehub.ledger import accounts as chart
from benehub.ledger.credited import CREDIT
from benehub.planbook import Plan
from benehub.reconcile.not_contributions import LOAN, carried
from benehub.records import LineKind
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import confirmation, entry, intake_batch, leg

SENT = ("contribution.deposited", "contribution.deposited.reversed")
"""Entries by which contributions have left, less what came back."""

WITHHELD = (chart.DEFERRAL_PAYABLE, chart.LOAN_PAYABLE)
"""Where an employee's own money stands until it is deposited: it alone is late by the day of the pay."""

PAYABLE = (*WITHHELD, chart.MATCH_PAYABLE)

EMPLOYERS = ("match", "qnec")
"""Parts that are the employer's own money: by themselves they are not late by the day of the pay."""

_OF_LEG = and_(entry.c.employer_id == leg.c.employer_id, entry.c.entry_id == leg.c.entry_id)


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of an employee's own money of a pay date, pre-tax, Roth and loans in one.

    `reached` says from which day on the hub knew of at least so much (minor units); what is told as less, as another
    part or once more begins nothing anew. `last` is the day of the newest word.
    """

    reached: tuple[tuple[date, int], ...]
    last: date

    def since(self, covered: int) -> date | None:
        """The day from which on more was known than is covered; None where it is all covered."""
        return next((day for day, amount in self.reached if amount > covered), None)


def told_later(session: Session, plan: str, pay_date: date, after: date, whom: ColumnElement[bool]) -> dict[str, Told]:
    """Of everybody of whose own money of a pay date something was told after a day: all that was told.

    Somebody's first day counts as the pay date itself. `whom` says of whose legs it is asked: of few, as a rule. Who
    was only posted later, of what was told in time, is not among them.
    """
    # The earliest moment at which the day after has begun for any employer; whose day it was is looked at below.
    until = iso(datetime.combine(after, time(10), UTC))
    posted = select(leg.c.person_id).join(entry, _OF_LEG).where(
        *_of(session, plan, pay_date, WITHHELD), leg.c.posted_as.not_in(SENT), whom, entry.c.recorded_at >= until
    )  # fmt: skip
    if not session.rows(posted.limit(1)):
        return {}
    lines = (line for part in session.tuples(_register(session, plan, pay_date, posted)) for line in part)
    found = {}
    for person_id, mine in groupby(lines, lambda line: str(line[0])):
        told = _told(session, pay_date, plan, list(mine))
        if told is not None and told.last > after:
            found[person_id] = told
    return found


def _register(session: Session, plan: str, pay_date: date, posted: Select[Any]) -> Executable:
    """Every version of the register lines of these persons that are of the plan, or of a code that was of none."""
    line = confirmation.alias("line")
    unmapped = and_(line.c.plan.is_(None), line.c.part == LineKind.DEDUCTION.value)
    return (
        select(
            line.c.person_id, line.c.connection_id, line.c.row_key, line.c.plan, line.c.code, line.c.amount,
            intake_batch.c.recorded_at,
        )
        .join(
            intake_batch,
            (intake_batch.c.employer_id == line.c.employer_id) & (intake_batch.c.batch_id == line.c.batch_id),
        )
        .where(
            line.c.employer_id == session.employer, line.c.kind == "register_line", line.c.pay_date == pay_date,
            line.c.person_id.in_(posted), or_(line.c.plan == plan, unmapped), line.c.part.not_in(EMPLOYERS),
        )
        .order_by(line.c.person_id, line.c.seq)
    )  # fmt: skip


def _told(session: Session, pay_date: date, plan: str, lines: list[tuple[Any, ...]]) -> Told | None:
    """What one person's register lines said at the end of each day on which they said anything; None: nothing."""
    codes = {code for *_, of, code, _, _ in lines if of == plan}
    said: dict[tuple[str, str], int] = {}
    reached: list[tuple[date, int]] = []
    last: date | None = None
    for day, of_day in groupby(lines, lambda line: session.day_of(line[-1])):
        news = {(line[1], line[2]): int(line[5]) for line in of_day if line[4] in codes}
        if not news:
            continue
        last = pay_date if last is None else max(day, pay_date)
        said.update(news)
        if (total := sum(said.values())) > (reached[-1][1] if reached else 0):
            reached.append((last, total))
    return None if last is None else Told(tuple(reached), last)


def match_since(session: Session, plan: Plan, pay_date: date) -> date:
    """From when the match of a pay date is awaited: one of a longer period from the day on which it was first posted,
    which is after the period's last pay."""
    if plan.match is None or plan.match.by_payroll:
        return pay_date
    first = select(func.min(entry.c.recorded_at)).select_from(leg).join(entry, _OF_LEG).where(
        *_of(session, plan.id, pay_date, (chart.MATCH_PAYABLE,)), leg.c.posted_as.not_in(SENT)
    )  # fmt: skip
    at = session.connection.execute(first).scalar()
    return max(session.day_of(at), pay_date) if at else pay_date


def with_open(session: Session, plan: str, pay_date: date) -> ColumnElement[bool]:
    """Legs of those of whose pay date something is not deposited."""
    keys = (leg.c.account, leg.c.person_id, leg.c.money_source)
    lines = select(leg.c.person_id).where(*_of(session, plan, pay_date, WITHHELD)).group_by(*keys)
    return leg.c.person_id.in_(lines.having(func.sum(leg.c.amount) < 0))


def with_credit_after(session: Session, plan: str, pay_date: date, after: date) -> ColumnElement[bool]:
    """Legs of those who have a credit of the pay date from after a day."""
    return leg.c.person_id.in_(
        select(confirmation.c.person_id).where(
            *session.where(confirmation, kind=CREDIT, current=1, plan=plan), confirmation.c.pay_date == pay_date,
            confirmation.c.on_date > after,
        )
    )  # fmt: skip


def open_since(session: Session, plan: str, pay_date: date, later: Mapping[str, Told], apart: Collection[str]) -> date:
    """The day from which what is not deposited of a pay date was known; of those `apart` is not asked.

    It is the pay date itself as soon as anything of anybody is open that was told at first. What was all deposited, as
    another part, is known from the word that it is this one.
    """
    paid = func.sum(case((leg.c.posted_as.in_(SENT), leg.c.amount), else_=0)).label("paid")
    lines = (
        select(leg.c.person_id, paid, func.sum(leg.c.amount).label("left"))
        .where(*_of(session, plan, pay_date, WITHHELD))
        .group_by(leg.c.person_id, leg.c.account, leg.c.money_source)
        .subquery()
    )
    rows = session.tuples(
        select(lines.c.person_id, func.sum(lines.c.paid)).group_by(lines.c.person_id).having(func.min(lines.c.left) < 0)
    )
    found = []
    for part in rows if later else ():
        for person_id, covered in part:
            if person_id in apart:
                continue
            told = later.get(person_id)
            if told is None:
                return pay_date
            found.append(told.since(int(covered)) or told.last)
    return min(found, default=pay_date)


def credits_of(session: Session, plan: Plan, pay_date: date, people: Collection[str]) -> dict[str, int]:
    """What the recordkeeper holds of these persons' own money of a pay date; minor units."""
    rows = session.rows(
        select(confirmation.c.person_id, func.sum(confirmation.c.amount).label("amount"))
        .where(*_credited_to(session, plan, pay_date, people))
        .group_by(confirmation.c.person_id)
    )
    return {row.person_id: int(row.amount) for row in rows}


def credited(
    session: Session, plan: Plan, pay_date: date, later: Mapping[str, Told]
) -> Iterator[tuple[Row[Any], date]]:
    """Credits of what only a correction told, each with the day since which that was known.

    What was taken back, or was more than anything told, counts as known on the day it was credited.
    """
    if not later:
        return
    rows = session.rows(
        select(confirmation)
        .where(*_credited_to(session, plan, pay_date, later))
        # What is moved from one part to the other on a day was never away.
        .order_by(confirmation.c.on_date, confirmation.c.amount.desc(), confirmation.c.row_key)
    )
    covered: Counter[str] = Counter()
    for row in rows:
        known = later[row.person_id].since(covered[row.person_id]) or row.on_date
        covered[row.person_id] += row.amount
        if known != pay_date:
            yield row, known


def _credited_to(
    session: Session, plan: Plan, pay_date: date, people: Collection[str]
) -> tuple[ColumnElement[bool], ...]:
    others = EMPLOYERS if carried(plan) else (*EMPLOYERS, LOAN)
    return (
        *session.where(confirmation, kind=CREDIT, current=1, plan=plan.id), confirmation.c.pay_date == pay_date,
        confirmation.c.part.not_in(others), session.among(confirmation.c.person_id, sorted(people)),
    )  # fmt: skip


def _of(
    session: Session, plan: str, pay_date: date, accounts: Collection[str] = PAYABLE
) -> tuple[ColumnElement[bool], ...]:
    return (
        leg.c.employer_id == session.employer, leg.c.account.in_(accounts), leg.c.plan == plan,
        leg.c.pay_date == pay_date, leg.c.posted_as.is_not(None),
    )  # fmt: skip
