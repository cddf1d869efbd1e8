"""What carriers answer to our files: each member moves on, or is marked refused; also when the refusal comes late.

A 999 may accept a file that the carrier's own report, a second 999 or a late TA1 then rejects, whole or in one member.
What was believed told is taken back to what it was before, what was posted as remitted is owed again, and the
obligation stands refused, so that `reconcile premium` tells it and it can be sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from benehub import dispatch, facts, obligations
from benehub.engine import Steps
from benehub.facts import Version
from benehub.flows.hub import Hub
from benehub.flows.payment_orders import money_left
from benehub.flows.premiums import take_back
from benehub.obligations import Wanted
from benehub.periods import FOREVER
from benehub.store import Session
from benehub.store.tables import confirmation, fact

ANSWERED = ("accepted", "accepted_with_errors", "rejected")
WHOLE = "the whole file was rejected"
LATE = "after it had been accepted: "
GONE = {"gone": True, "tier": "", "from": "", "to": None, "dependents": []}
"""What the carrier holds of a cover that it was told to end from its beginning, or never accepted."""


def acknowledged(hub: Hub, steps: Steps, employer: str, connection_id: str) -> dict[str, int]:
    """Take what the carrier answered to our files; gives how many were confirmed, refused, and refused late."""
    return steps.step("acks", _acknowledged, hub, employer, connection_id)


def _acknowledged(hub: Hub, employer: str, connection_id: str) -> dict[str, int]:
    tally = {"confirmed": 0, "refused": 0, "refused_late": 0}
    with hub.store.write(employer) as session:
        answers: dict[int, list[Any]] = {}
        for row in session.rows(
            select(confirmation)
            .where(*session.where(confirmation, kind="acknowledgement", connection_id=connection_id, current=1))
            .order_by(confirmation.c.seq)
        ):
            control = _control(session, connection_id, row)
            if control:
                answers.setdefault(control, []).append(row)
        for control, rows in answers.items():
            sent = dispatch.by_control(session, connection_id, control)
            if sent is None:
                continue
            verdict = _verdict(rows)
            if sent.ack_state in ANSWERED:
                _late(session, connection_id, sent, rows, verdict, tally)
            elif verdict:
                dispatch.acknowledge(session, sent.dispatch_id, verdict)
                with session.gathering():
                    _move_on(session, connection_id, sent, rows, verdict, tally)
    return tally


def _control(session: Session, connection_id: str, row: Any) -> int:
    """The file of ours an answer is about; a carrier's own report that names none speaks of the last one before it."""
    if row.reference.isdigit():
        return int(row.reference)
    if row.reference or row.part != "member":
        return 0
    last = dispatch.last_sent_before(session, connection_id, "enrollment.", row.seq)
    return 0 if last is None else last.control


def _verdict(rows: Sequence[Any]) -> str:
    """What the answers say of the file as a whole; empty while only the envelope is acknowledged.

    Where a carrier sends no 999, its own report is the only word on the file.
    """
    whole = [row for row in rows if not row.external_id]
    if any(row.part != "syntax" and row.detail["status"] == "rejected" for row in whole):
        return "rejected"
    syntax: list[str] = [row.detail["status"] for row in whole if row.part == "syntax"]
    report: list[str] = [row.detail["status"] for row in whole if row.part == "member"]
    return (syntax or report or [""])[-1]


def _named(rows: Sequence[Any]) -> dict[str, Any]:
    """The refusals of single members, by the carrier's spelling of the id: it answers in capitals, and for people we
    may not have linked."""
    return {row.external_id.upper(): row for row in rows if row.external_id and row.detail["status"] == "rejected"}


def _move_on(
    session: Session, connection_id: str, sent: Any, rows: Sequence[Any], verdict: str, tally: dict[str, int]
) -> None:
    refused = _named(rows)
    carried = obligations.of_dispatch(session, sent.dispatch_id)
    facts.preload(session, "told", [row.person_id for row in carried if row.person_id is not None])
    for row in carried:
        if row.kind == "enrollment.full" and verdict != "rejected":
            obligations.mark(session, [row.obligation_id], "confirmed", f"file {verdict}")
            for person_id, family in obligations.content(session, row)["families"].items():
                why = _named_in(family, refused)
                if why:
                    _refuse_family(session, connection_id, sent, row, person_id, family, why)
                else:
                    record_told(session, connection_id, person_id, family["told"], family["gone"], sent.dispatch_id)
                tally["refused" if why else "confirmed"] += 1
            continue
        why = _why_refused(session, row, refused, verdict == "rejected")
        if why:
            _refuse(session, sent, row, why)
            tally["refused"] += row.kind.startswith("enrollment.")
            continue
        obligations.mark(session, [row.obligation_id], "confirmed", f"file {verdict}")
        if row.kind == "enrollment.change":
            content = obligations.content(session, row)
            record_told(session, connection_id, row.person_id, content["told"], content["gone"], sent.dispatch_id)
            tally["confirmed"] += 1


def _late(
    session: Session, connection_id: str, sent: Any, rows: Sequence[Any], verdict: str, tally: dict[str, int]
) -> None:
    """Bad news of a file that had been accepted; what has been sent anew since is answered by its own file."""
    refused = _named(rows)
    whole = verdict == "rejected" and sent.ack_state != "rejected"
    if whole:
        dispatch.acknowledge(session, sent.dispatch_id, "rejected")
    if not whole and not refused:
        return
    for row in obligations.of_dispatch(session, sent.dispatch_id):
        if row.state != "confirmed":
            continue
        if row.kind == "enrollment.full":
            _full_late(session, connection_id, sent, row, refused, whole, tally)
            continue
        why = _why_refused(session, row, refused, whole)
        if why:
            _refuse(session, sent, row, f"{LATE}{why}")
            if row.kind == "enrollment.change":
                _take_back_told(session, connection_id, row.person_id, sent.dispatch_id)
            tally["refused_late"] += 1


def _why_refused(session: Session, row: Any, refused: Mapping[str, Any], whole: bool) -> str:
    named = ""
    if row.kind == "enrollment.change" and refused:
        named = _named_in(obligations.content(session, row), refused)
    return named or (WHOLE if whole else "")


def _named_in(family: Mapping[str, Any], refused: Mapping[str, Any]) -> str:
    """Why a member of the family was refused; empty when none was."""
    members = [one["member_id"].upper() for one in family["members"]]
    named = next((refused[member] for member in members if member in refused), None)
    if named is None:
        return ""
    source = "the carrier's report" if named.part == "member" else "999"
    return f"{source} code {named.code}: {named.detail['text']}"


def _full_late(
    session: Session, connection_id: str, sent: Any, row: Any, refused: Mapping[str, Any], whole: bool,
    tally: dict[str, int],
) -> None:  # fmt: skip
    if whole:
        _refuse(session, sent, row, f"{LATE}{WHOLE}")
    for person_id, family in obligations.content(session, row)["families"].items():
        why = _named_in(family, refused)
        if not whole and (not why or _refused_already(session, connection_id, person_id, sent)):
            continue
        _take_back_told(session, connection_id, person_id, sent.dispatch_id)
        if not whole:
            _refuse_family(session, connection_id, sent, row, person_id, family, f"{LATE}{why}")
        tally["refused_late"] += 1


def _refuse_family(
    session: Session, connection_id: str, sent: Any, row: Any, person_id: str, family: dict[str, Any], why: str
) -> None:
    """One family of a full file was refused: it is owed as a change, which waits until its data are mended."""
    key = f"enrollment.change/{connection_id}/{person_id}"
    wanted = Wanted("enrollment.change", key, connection_id, row.period, row.due_date, row.send_by, family,
                    person_id=person_id, drifted=True)  # fmt: skip
    obligations.want(session, [wanted])
    obligations.mark(session, [session.id("obl", key)], "refused", why[:300], sent.dispatch_id)


def _refused_already(session: Session, connection_id: str, person_id: str, sent: Any) -> bool:
    rows = obligations.by_ids(session, [session.id("obl", f"enrollment.change/{connection_id}/{person_id}")])
    return any(row.dispatch_id == sent.dispatch_id and row.state == "refused" for row in rows)


def _refuse(session: Session, sent: Any, row: Any, why: str) -> None:
    obligations.mark(session, [row.obligation_id], "refused", why[:300])
    if row.kind == "premium.remit" and not money_left(session, sent.dispatch_id):
        take_back(session, sent.dispatch_id)


def record_told(
    session: Session,
    connection_id: str,
    person_id: str,
    told: Mapping[str, Any],
    gone: Sequence[str],
    source: str,
) -> None:
    """Note what the carrier holds now for one family."""
    states = {**told, **dict.fromkeys(gone, GONE)}
    versions = [
        Version("told", person_id, f"{connection_id}/{plan}", session.today(), state) for plan, state in states.items()
    ]
    facts.record(session, versions, source)


def _take_back_told(session: Session, connection_id: str, person_id: str, dispatch_id: str) -> None:
    """What the carrier was believed to hold since this file is what it held before; a later file's word stays."""
    last = FOREVER - timedelta(days=1)
    now = {one.key: one for one in facts.as_of(session, "told", last, subjects=[person_id])}
    rows = session.rows(
        select(fact.c.fact_key, fact.c.seq).where(
            *session.where(fact, kind="told", subject=person_id, source=dispatch_id),
            fact.c.fact_key.startswith(f"{connection_id}/", autoescape=True),
        )
    )
    versions = []
    for row in rows:
        if row.fact_key in now and now[row.fact_key].seq == row.seq:
            earlier = facts.as_of(session, "told", last, known_at=row.seq - 1, subjects=[person_id])
            state = next((one.data for one in earlier if one.key == row.fact_key), GONE)
            versions.append(Version("told", person_id, row.fact_key, session.today(), state))
    facts.record(session, versions, f"{dispatch_id}: refused late")
