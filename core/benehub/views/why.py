"""Answers why: the chain behind an entry, dispatch, difference, obligation, intake batch or explanation.

Only ids, amounts and reasons are told; of sealed content nothing is opened here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from benehub import dispatch, intake, ledger, obligations, reconcile
from benehub.errors import DataError
from benehub.ids import PREFIXES
from benehub.ledger import CHART
from benehub.money import EXPONENT, format_minor
from benehub.store import Session, acts
from benehub.store.tables import entry, explanation, intake_page, intake_row, obligation, person

MAX_BEHIND = 5
"""How far a chain is followed."""

HIDDEN = frozenset({"birth_date", "compensation_minor", "gross_minor", "rate_minor", "ssn"})
"""Inputs of a rule that are not shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reference is, in plain values, and the answers behind it."""

    ref: str
    title: str
    data: dict[str, Any]
    behind: tuple[Answer, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, the whole chain."""
        return {
            "ref": self.ref,
            "what": self.title,
            **self.data,
            "behind": [one.as_json() for one in self.behind],
        }


def why(session: Session, ref: str, depth: int = MAX_BEHIND) -> Answer:
    """The chain behind `ref`.

    Raises:
        DataError: a reference of no kind that is known here, or one that does not exist.
    """
    ask = ASK.get(ref.partition("_")[0])
    if ask is None:
        kinds = ", ".join(f"{prefix}_ ({PREFIXES[prefix]})" for prefix in ASK)
        raise DataError(f"nothing to explain is called {ref[:50]!r}", mend=f"References begin with {kinds}")
    return ask(session, ref, depth)


def _behind(session: Session, depth: int, *refs: str | None) -> tuple[Answer, ...]:
    known = [ref for ref in refs if ref and ref.partition("_")[0] in ASK]
    if depth <= 0:
        return ()
    return tuple(why(session, ref, depth - 1) for ref in dict.fromkeys(known))


def _entry(session: Session, ref: str, depth: int) -> Answer:
    row = ledger.entry_of(session, ref)
    data: dict[str, Any] = {
        "type": row.type,
        "status": row.status,
        "effective_date": _text(row.effective_date),
        "due_date": _text(row.due_date),
        "recorded": f"number {row.seq} at {row.recorded_at}",
        "source": row.source,
        "key": row.idempotency_key,
        "legs": [
            {
                "account": f"{leg.account} {CHART[leg.account].name}",
                "amount": amount(leg.amount, leg.unit),
                "unit": leg.unit,
                "employee": _member(session, leg.person_id),
                "plan": leg.plan,
                "source": leg.money_source,
                "coverage_month": leg.coverage_month,
                "pay_date": _text(leg.pay_date),
            }
            for leg in ledger.legs_of(session, ref)
        ],
        "posted_or_voided_by": [
            one.entry_id for one in session.rows(select(entry.c.entry_id).where(*session.where(entry, pending_id=ref)))
        ],
        "reversed_by": [
            one.entry_id for one in session.rows(select(entry.c.entry_id).where(*session.where(entry, reverses_id=ref)))
        ],
    }
    cause = row.source.partition("#")[0]
    behind = _behind(session, depth, row.explanation_id, row.pending_id, row.reverses_id, cause)
    return Answer(ref, f"ledger entry {row.type}", data, behind)


def _dispatch(session: Session, ref: str, depth: int) -> Answer:
    row = dispatch.get(session, ref)
    carried = obligations.of_dispatch(session, ref)
    data = {
        "operation": row.operation,
        "connection": row.connection_id,
        "key": row.business_key,
        "revision": row.revision,
        "file": row.file_name,
        "items": row.items,
        "worth": amount(row.worth_minor, row.currency),
        "state": row.state,
        "reason": row.reason,
        "guard": row.guard,
        "control": row.control,
        "prepared_at": row.prepared_at,
        "sent_at": row.sent_at,
        "receipt": row.receipt,
        "acknowledged": row.ack_state,
        "attempts": [f"{one.started_at} {one.outcome} {one.detail}".strip() for one in dispatch.attempts(session, ref)],
        "revisions": [
            f"{one.dispatch_id} revision {one.revision} {one.state} {one.ack_state}".strip()
            for one in dispatch.revisions(session, row.business_key)
            if one.dispatch_id != ref
        ],
        "said": [f"{one.at} {one.who}: {one.what}: {one.note}" for one in acts(session, ref)],
        "obligations": [one.obligation_id for one in carried],
        "entries": [
            one.entry_id
            for one in session.rows(
                select(entry.c.entry_id).where(*session.where(entry, source=ref)).order_by(entry.c.seq).limit(50)
            )
        ],
    }
    # A file of thousands: the obligations are named, only the first is followed.
    return Answer(
        ref,
        f"dispatch {row.operation}",
        data,
        _behind(session, min(depth, 1), *[o.obligation_id for o in carried[:1]]),
    )


def _difference(session: Session, ref: str, depth: int) -> Answer:
    row = reconcile.get(session, ref)
    past = reconcile.history(session, ref)
    data = {
        "relation": row.relation,
        "type": row.type,
        "period": row.period,
        "employee": _member(session, row.person_id),
        "plan": row.plan,
        "reference": row.reference,
        "side": row.side,
        "severity": row.severity,
        "owner": row.owner,
        "cause": row.cause,
        "action": row.action,
        "expected": _amount(row.expected, row.unit),
        "actual": _amount(row.actual, row.unit),
        "at_stake": amount(row.at_stake, row.unit),
        "unit": row.unit,
        "clear_by": _text(row.clear_by),
        "state": row.state,
        "work_step": row.work_step,
        "seen": f"{row.times_seen} times, last {row.last_seen}",
        "history": [
            {"at": one.at, "who": one.who, "state": one.state, "work_step": one.work_step, "note": one.note}
            for one in past
        ],
    }
    entries = [one for event in past for one in event.entries]
    return Answer(ref, f"difference {row.type}", data, _behind(session, depth, *entries))


def _obligation(session: Session, ref: str, depth: int) -> Answer:
    found = obligations.by_ids(session, [ref])
    if not found:
        raise DataError(f"no obligation {ref}", mend="Take the id from what printed it")
    row = found[0]
    data = {
        "kind": row.kind,
        "connection": row.connection_id,
        "employee": _member(session, row.person_id),
        "plan": row.plan,
        "period": row.period,
        "due": _text(row.due_date),
        "send_by": _text(row.send_by),
        "worth": amount(row.worth_minor, row.currency),
        "state": row.state,
        "reason": row.reason,
        "dispatch": row.dispatch_id,
    }
    # The dispatch is named, not followed: it leads back here.
    return Answer(ref, f"obligation {row.kind}", data, _behind(session, depth, row.explanation_id))


def _batch(session: Session, ref: str, _depth: int) -> Answer:
    row = intake.batch(session, ref)
    if row is None:
        raise DataError(f"no intake batch {ref}", mend="Take the id from what printed it")
    where = session.where(intake_row, batch_id=ref)
    quarantined = session.rows(
        select(intake_row.c.row_no, intake_row.c.row_key, intake_row.c.reason, intake_row.c.resolved_seq)
        .where(*where, intake_row.c.outcome == "quarantined")
        .order_by(intake_row.c.row_no)
        .limit(50)
    )
    pages = session.connection.execute(
        select(func.count()).select_from(intake_page).where(*session.where(intake_page, batch_id=ref))
    ).scalar_one()
    names = ("rows", "applied", "unchanged", "quarantined", "superseded", "gone")
    data = {
        "connection": row.connection_id,
        "stream": row.stream,
        "state": row.state,
        "reason": row.reason,
        "recorded_at": row.recorded_at,
        "pages": pages,
        **{name: getattr(row, name) for name in names},
        "quarantine": [
            f"row {one.row_no}: {one.reason}{' (resolved since)' if one.resolved_seq else ''}" for one in quarantined
        ],
    }
    return Answer(ref, f"intake batch of {row.stream}", data)


def _explanation(session: Session, ref: str, _depth: int) -> Answer:
    row = session.connection.execute(select(explanation).where(*session.where(explanation, explanation_id=ref))).first()
    if row is None:
        raise DataError(f"no explanation {ref}", mend="Take the id from what printed it")
    content: Mapping[str, Any] = row.content
    data = {
        "rule": row.rule,
        "rule_version": row.rule_version,
        "plan_book": row.plan_book,
        "known_at": row.known_at,
        "inputs": _masked(content["inputs"]),
        "steps": [f"{one['label']}: {one['raw']} -> {one['value']}" for one in content["steps"]],
        "reasons": [_masked(one) for one in content["reasons"]],
        "citation": content["citation"],
        "used_by": _users(session, ref),
    }
    return Answer(ref, f"explanation by {row.rule}", data)


def _users(session: Session, ref: str) -> list[str]:
    """Entries and obligations that carry the explanation."""
    entries = session.rows(
        select(entry.c.entry_id).where(*session.where(entry, explanation_id=ref)).order_by(entry.c.seq).limit(20)
    )
    owed = session.rows(
        select(obligation.c.obligation_id).where(*session.where(obligation, explanation_id=ref)).limit(20)
    )
    return [row.entry_id for row in entries] + [row.obligation_id for row in owed]


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: "***" if name in HIDDEN else _masked(part) for name, part in value.items()}
    return [_masked(part) for part in value] if isinstance(value, list) else value


def _member(session: Session, person_id: str | None) -> str:
    if person_id is None:
        return ""
    found: Row[Any] | None = session.connection.execute(
        select(person.c.member_id).where(*session.where(person, person_id=person_id))
    ).first()
    return "" if found is None else str(found.member_id)


def amount(minor: int, unit: str) -> str:
    """Decimal text of minor units, or of hundredths of an hour."""
    return format_minor(minor, unit if unit in EXPONENT else "USD")


def _amount(minor: int | None, unit: str) -> str | None:
    return None if minor is None else amount(minor, unit)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


ASK: dict[str, Callable[[Session, str, int], Answer]] = {
    "ent": _entry,
    "dis": _dispatch,
    "dif": _difference,
    "obl": _obligation,
    "int": _batch,
    "exp": _explanation,
}
"""Who answers for which kind of reference."""
