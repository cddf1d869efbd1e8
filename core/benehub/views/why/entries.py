"""Why the ledger holds an amount: the rule that gave it, the facts known then, and what came before and after.

An amount that was worked out again stands under one key in several revisions. Asked about the past, the
answer is the revision that stood then.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import facts, ledger
from benehub.ledger import CHART, Leg
from benehub.periods import FOREVER, Interval, Month
from benehub.store.tables import entry
from benehub.views.amounts import amount
from benehub.views.why.answer import Answer, Question, member, text, unknown_then

KINDS = ("employment", "compensation", "election", "coverage")
"""Facts an amount of one employee may rest on."""

MAX_FACTS = 12


def of_entry(question: Question, ref: str) -> Answer:
    """The chain behind a ledger entry."""
    session = question.session
    asked = ledger.entry_of(session, ref)
    revisions = _revisions(question, asked)
    if not revisions:
        return unknown_then(question, ref, f"ledger entry {asked.type}", asked.seq)
    row = asked if question.known_at is None else revisions[-1]
    legs = ledger.legs_of(session, row.entry_id)
    named_by = [
        *_naming(question, entry.c.reverses_id, row.entry_id),
        *_naming(question, entry.c.pending_id, row.entry_id),
    ]
    data: dict[str, Any] = {
        "type": row.type,
        "status": row.status,
        "effective_date": text(row.effective_date),
        "due_date": text(row.due_date),
        "recorded": f"number {row.seq} at {row.recorded_at}",
        "source": row.source,
        "key": row.idempotency_key,
        "legs": [_leg(question, one) for one in legs],
        "revisions": [f"{one.entry_id} (number {one.seq})" for one in revisions if one.entry_id != row.entry_id],
        "posted_or_voided_by": [one.entry_id for one in named_by if one.pending_id == row.entry_id],
        "reversed_by": [one.entry_id for one in named_by if one.reverses_id == row.entry_id],
    }
    cause = row.source.partition("#")[0]
    known = [one for one in (row.explanation_id, row.pending_id, row.reverses_id, _id_in(cause)) if one]
    # An actual or a taking back is answered by what it names; only a first word rests on facts.
    resting = () if row.pending_id or row.reverses_id else _facts(question, row, legs)
    return Answer(row.entry_id, f"ledger entry {row.type}", data, question.behind(*known, *resting))


def _revisions(question: Question, asked: Row[Any]) -> list[Row[Any]]:
    """All revisions of an entry's key that were known, oldest first; an entry without revisions is its own."""
    base, mark, number = asked.idempotency_key.rpartition("/r")
    if not mark or not number.isdecimal() or base.startswith(("reverse:", "void:")):
        return [asked] if question.knew(asked.seq) else []
    rows = question.session.rows(
        select(entry)
        .where(
            entry.c.employer_id == question.session.employer,
            entry.c.idempotency_key >= f"{base}/r",
            entry.c.idempotency_key < f"{base}/s",
        )
        .order_by(entry.c.seq)
    )
    return [row for row in rows if row.idempotency_key.rpartition("/r")[0] == base and question.knew(row.seq)]


def _naming(question: Question, column: Any, entry_id: str) -> list[Row[Any]]:
    rows = question.session.rows(
        select(entry.c.entry_id, entry.c.pending_id, entry.c.reverses_id, entry.c.seq)
        .where(entry.c.employer_id == question.session.employer, column == entry_id)
        .order_by(entry.c.seq)
    )
    return [row for row in rows if question.knew(row.seq)]


def _leg(question: Question, leg: Leg) -> dict[str, Any]:
    return {
        "account": f"{leg.account} {CHART[leg.account].name}",
        "amount": amount(leg.amount, leg.unit),
        "unit": leg.unit,
        "employee": member(question.session, leg.person_id),
        "plan": leg.plan,
        "source": leg.money_source,
        "coverage_month": leg.coverage_month,
        "pay_date": text(leg.pay_date),
    }


def _facts(question: Question, row: Row[Any], legs: tuple[Leg, ...]) -> list[str]:
    """What was known of the one employee of an entry when it was recorded, over the time it speaks of."""
    people = {leg.person_id for leg in legs if leg.person_id}
    if len(people) != 1:
        return []
    window = _time_of(row, legs)
    plans = {leg.plan for leg in legs}
    found: list[str] = []
    for kind in KINDS:
        for timeline in facts.timelines(question.session, kind, window, row.seq, list(people)).values():
            found += [one.fact_id for one in timeline if one.data.get("plan") in (None, "", *plans)]
    return found[:MAX_FACTS]


def _time_of(row: Row[Any], legs: tuple[Leg, ...]) -> Interval:
    month = next((leg.coverage_month for leg in legs if leg.coverage_month), None)
    if month:
        parsed = Month.parse(month)
        return Interval(parsed.first, parsed.end)
    day: date = next((leg.pay_date for leg in legs if leg.pay_date), row.effective_date)
    return Interval(day.replace(day=1), min(Month.of(day).end, FOREVER))


def _id_in(cause: str) -> str | None:
    """The id a source begins with, where it is one."""
    cause = cause.rpartition(" by ")[2]
    prefix = cause.partition("_")[0]
    return cause if prefix in ("dis", "int", "dif", "obl", "exp", "elg", "fct") and " " not in cause else None
