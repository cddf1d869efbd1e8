"""Follows one employee's plan and month through every station, from HR fact to the vendor's confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, select

from benehub import facts
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import OPEN
from benehub.store import Session
from benehub.store.tables import confirmation, difference, dispatch, entry, leg, obligation
from benehub.views.amounts import amount
from benehub.views.members import owed_word, said_of
from benehub.views.persons import find_person


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing on the way: which station, when, what, how much, and the id to ask `why` about."""

    station: str
    when: str
    what: str
    amount: str = ""
    ref: str = ""

    def as_json(self) -> dict[str, str]:
        """Plain values."""
        return asdict(self)


def trace(session: Session, book: PlanBook, employee: str, plan_id: str, month: Month) -> list[Stop]:
    """Every stop of one employee's plan in a month, in the order of the way.

    Raises:
        DataError: no such person or plan.
    """
    plan = book.plan(plan_id)
    one = find_person(session, employee)
    return [
        *_facts(session, one.person_id, plan.slot, plan_id, month),
        *_obligations(session, one.person_id, plan_id, plan.vendor, month),
        *_ledger(session, one.person_id, plan_id, month),
        *_confirmations(session, one.person_id, plan_id, month),
        *_differences(session, one.person_id, plan_id, month),
    ]


def _facts(session: Session, person_id: str, slot: str, plan_id: str, month: Month) -> list[Stop]:
    stops = []
    window = Interval(month.first, month.end)
    for kind in ("employment", "election", "coverage"):
        for (_, key), found in facts.timelines(session, kind, window, subjects=[person_id]).items():
            if kind != "employment" and key != slot:
                continue
            stops += [_fact(kind, one) for one in found if one.data.get("plan", plan_id) in (plan_id, "")]
    return stops


def _fact(kind: str, one: facts.Fact) -> Stop:
    until = "" if one.effective_to == FOREVER else f" to {one.effective_to}"
    shown = {
        "employment": ("employment_class", "weekly_hours", "pay_group"),
        "election": ("plan", "tier", "event", "waived"),
        "coverage": ("plan", "tier", "pretax_rate", "roth_rate"),
    }[kind]
    words = " ".join(str(one.data[name]) for name in shown if one.data.get(name))
    return Stop("facts", f"{one.effective_from}{until}", f"{kind}: {words}", ref=one.fact_id)


def _obligations(session: Session, person_id: str, plan_id: str, vendor: str, month: Month) -> list[Stop]:
    rows = session.rows(
        select(obligation, dispatch.c.state.label("sent"), dispatch.c.ack_state)
        .outerjoin(
            dispatch,
            (dispatch.c.employer_id == obligation.c.employer_id) & (dispatch.c.dispatch_id == obligation.c.dispatch_id),
        )
        .where(
            obligation.c.employer_id == session.employer,
            obligation.c.period == str(month),
            (obligation.c.person_id == person_id)
            | (obligation.c.person_id.is_(None) & (obligation.c.connection_id == vendor)),
            (obligation.c.plan == plan_id) | (obligation.c.plan.is_(None) & (obligation.c.connection_id == vendor)),
        )
        .order_by(obligation.c.seq)
    )
    stops = []
    for row in rows:
        worth = amount(row.worth_minor, row.currency) if row.person_id else ""
        stops.append(
            Stop(
                "obligation",
                str(row.due_date),
                f"{row.kind}: {owed_word(row.kind, row.state)} {row.reason}".strip(),
                worth,
                row.obligation_id,
            )
        )
        if row.dispatch_id:
            told = f", file {row.ack_state}" if row.ack_state else ""
            stops.append(Stop("dispatch", "", f"to {row.connection_id}: {row.sent}{told}", ref=row.dispatch_id))
    if vendor and (said := said_of(session, person_id, vendor)):
        stops.append(Stop("carrier", "", f"{vendor}: {said}"))
    return stops


def _ledger(session: Session, person_id: str, plan_id: str, month: Month) -> list[Stop]:
    rows: Sequence[Row[Any]] = session.rows(
        select(
            entry.c.entry_id,
            entry.c.type,
            entry.c.status,
            entry.c.effective_date,
            leg.c.account,
            leg.c.amount,
            leg.c.unit,
            leg.c.money_source,
        )
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            entry.c.employer_id == session.employer,
            leg.c.person_id == person_id,
            leg.c.plan == plan_id,
            (leg.c.coverage_month == str(month))
            | (leg.c.coverage_month.is_(None) & (leg.c.pay_date >= month.first) & (leg.c.pay_date < month.end)),
            leg.c.amount > 0,
        )
        .order_by(entry.c.seq, leg.c.leg_no)
    )
    return [
        Stop(
            "ledger",
            str(row.effective_date),
            " ".join(filter(None, (row.type, f"({row.status})" if row.status != "posted" else "", row.money_source))),
            f"{amount(row.amount, row.unit)} {row.unit}",
            row.entry_id,
        )
        for row in rows
    ]


def _confirmations(session: Session, person_id: str, plan_id: str, month: Month) -> list[Stop]:
    rows = session.rows(
        select(confirmation)
        .where(
            *session.where(confirmation, person_id=person_id, current=1),
            (confirmation.c.plan == plan_id) | confirmation.c.plan.is_(None),
            (confirmation.c.coverage_month == str(month))
            | ((confirmation.c.pay_date >= month.first) & (confirmation.c.pay_date < month.end))
            | (
                (confirmation.c.kind == "roster")
                & (confirmation.c.effective_from < month.end)
                & (confirmation.c.effective_to > month.first)
            ),
        )
        .order_by(confirmation.c.kind, confirmation.c.pay_date, confirmation.c.row_key)
    )
    stops = []
    for row in rows:
        if row.plan is None and row.kind == "register_line":
            continue  # pay, leave and other lines of the same check are no part of this plan
        when = row.pay_date or row.on_date or row.effective_from or row.coverage_month
        words = " ".join(filter(None, (f"{row.connection_id} {row.kind}:", row.part, row.code, row.tier)))
        worth = f"{amount(row.amount, row.unit)} {row.unit}" if row.amount else ""
        stops.append(Stop("confirmation", str(when), words, worth, row.batch_id))
    return stops


def _differences(session: Session, person_id: str, plan_id: str, month: Month) -> list[Stop]:
    rows = session.rows(
        select(difference)
        .where(
            *session.where(difference, person_id=person_id, period=str(month)),
            (difference.c.plan == plan_id) | difference.c.plan.is_(None),
        )
        .order_by(difference.c.first_seq)
    )
    return [
        Stop(
            "difference",
            "open" if row.state in OPEN else row.state,
            f"{row.type}: {row.cause}",
            f"{amount(row.at_stake, row.unit)} {row.unit}",
            row.difference_id,
        )
        for row in rows
    ]
