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
from benehub.connect.exchange import Exchange
from benehub.dispatch import members
from benehub.engine import Steps
from benehub.facts import Version
from benehub.flows import answers_due, exchange, family_answers
from benehub.flows.enrollment_families import by_request
from benehub.flows.family_answers import TAKEN, Family
from benehub.flows.hub import Hub
from benehub.flows.payment_orders import money_left
from benehub.flows.premiums import take_back
from benehub.identity import people
from benehub.obligations import Wanted
from benehub.periods import FOREVER
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import confirmation, fact

ANSWERED = ("accepted", "accepted_with_errors", "rejected")
WHOLE = "the whole file was rejected"
WHOLE_SET = "its transaction set was rejected"
BY_REQUEST = "taken by the vendor"
LATE = "after it had been accepted: "
GONE = {"gone": True, "tier": "", "from": "", "to": None, "dependents": []}
"""What the carrier holds of a cover that it was told to end from its beginning, or never accepted."""


def acknowledged(hub: Hub, steps: Steps, employer: str, connection_id: str) -> dict[str, int]:
    """Take what the carrier answered to our files; gives how many were accepted, refused, and refused late.

    Then the roster is asked who of them is really covered, and whatever has no answer in time becomes a difference.
    """
    tally = steps.step("acks", _acknowledged, hub, employer, connection_id)
    return {**tally, **steps.step("deadlines", answers_due.look, hub, employer, connection_id)}


def taken(hub: Hub, employer: str, connection_id: str) -> dict[str, int]:
    """What follows of the receipts of requests, at once: taken, or refused, family by family; nothing for files."""
    with hub.open(employer, connection_id) as opened:
        if not by_request(opened.connector):
            return {}
    tally = _acknowledged(hub, employer, connection_id, receipts_only=True)
    return {"acked": tally["acked"]}


def _acknowledged(hub: Hub, employer: str, connection_id: str, receipts_only: bool = False) -> dict[str, int]:
    tally = {"acked": 0, "refused": 0, "refused_late": 0}
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        if by_request(opened.connector):
            tally["refused"] += family_answers.not_taken(session, connection_id)
            found = family_answers.news(session, connection_id, receipts_only)
            tally["acked"] += _take(session, connection_id, found.taken)
            confirmed = dict.fromkeys(found.confirmed, ("confirmed", "by the carrier's answer"))
            members.move(session, connection_id, confirmed)
            answered = found.refused
        else:
            answered = _answered(session, connection_id, exchange.agreed(opened))
        for sent, rows in answered:
            verdict = _verdict(rows)
            if sent.ack_state in ANSWERED:
                _late(session, connection_id, sent, rows, verdict, tally)
            elif verdict:
                dispatch.acknowledge(session, sent.dispatch_id, verdict)
                with session.gathering():
                    _move_on(session, connection_id, sent, rows, verdict, tally)
            _reported(session, connection_id, sent, rows)
    return tally


def _take(session: Session, connection_id: str, families: Sequence[Family]) -> int:
    """Families that the vendor has taken: he holds them now, and their members are acked; gives how many."""
    for start in range(0, len(families), CHUNK):
        part = families[start : start + CHUNK]
        ids = [one.sent.dispatch_id for one in part]
        dispatch.acknowledge_all(session, ids, "accepted")
        carried = obligations.of_dispatches(session, ids)
        obligations.mark(session, [row.obligation_id for row in carried], "confirmed", BY_REQUEST)
        facts.preload(session, "told", [row.person_id for row in carried])
        with session.gathering():
            for row in carried:
                content = obligations.content(session, row)
                record_told(session, connection_id, row.person_id, content["told"], content["gone"], row.dispatch_id)
        members.move(session, connection_id, dict.fromkeys((who for one in part for who in one.persons), ("acked", "")))
    return len(families)


def _answered(session: Session, connection_id: str, agreed: Exchange) -> list[tuple[Any, list[Any]]]:
    """Our files with what was answered to each, the oldest first; where no 999 is agreed, what has left is taken."""
    files: dict[tuple[str, str], Any] = {}
    found: dict[str, tuple[Any, list[Any]]] = {}
    for row in session.rows(
        select(confirmation)
        .where(*session.where(confirmation, kind="acknowledgement", connection_id=connection_id, current=1))
        .order_by(confirmation.c.seq)
    ):
        key = (row.detail.get("usage", ""), row.reference)
        if key not in files or not row.reference:
            files[key] = _file_of(session, connection_id, row)
        if (sent := files[key]) is not None:
            found.setdefault(sent.dispatch_id, (sent, []))[1].append(row)
    if agreed.acks.syntax_hours is None:
        for sent in dispatch.in_states(session, ["sent"], connection_id):
            if sent.file_name and sent.control_line and not sent.ack_state:
                found.setdefault(sent.dispatch_id, (sent, []))[1].append(TAKEN)
    return sorted(found.values(), key=lambda one: one[0].seq)


def _file_of(session: Session, connection_id: str, row: Any) -> Any | None:
    """The file of ours an answer is about; a carrier's own report that names none speaks of the last one before it."""
    if row.reference.isdigit():
        return dispatch.by_control(session, connection_id, int(row.reference), row.detail.get("usage", ""))
    if row.reference or row.part != "member":
        return None
    return dispatch.last_sent_before(session, connection_id, "enrollment.", row.seq)


def _verdict(rows: Sequence[Any]) -> str:
    """What the answers say of the file as a whole; empty while only the envelope is acknowledged.

    The word on the group counts before that on a set, which says what of an accepted group was refused. Where a
    carrier sends no 999, its own report is the only word on the file.
    """
    whole = [row for row in rows if not row.external_id]
    if any(row.part != "syntax" and row.detail["status"] == "rejected" for row in whole):
        return "rejected"
    syntax = [row for row in whole if row.part == "syntax"]
    groups = [row.detail["status"] for row in syntax if not row.detail.get("transaction")]
    report = [row.detail["status"] for row in whole if row.part == "member"]
    return str((groups or [row.detail["status"] for row in syntax] or report or [""])[-1])


def _named(rows: Sequence[Any]) -> dict[str, Any]:
    """The refusals of single members, by the carrier's spelling of the id: it answers in capitals, and for people we
    may not have linked. Of those whom we have, by the person too: the carrier may name him by an id of its own."""
    found = [row for row in rows if row.external_id and row.detail["status"] == "rejected"]
    return {row.external_id.upper(): row for row in found} | {row.person_id: row for row in found if row.person_id}


def _in_refused_sets(session: Session, sent: Any, rows: Sequence[Any]) -> set[str]:
    """The subscribers whose transaction set was refused while the group was taken."""
    sets = {row.detail.get("transaction", "") for row in rows
            if not row.external_id and row.part == "syntax" and row.detail["status"] == "rejected"} - {""}  # fmt: skip
    if not sets:
        return set()
    return {one.subscriber_id for one in members.of_file(session, sent.dispatch_id) if one.set_control in sets}


def _move_on(
    session: Session, connection_id: str, sent: Any, rows: Sequence[Any], verdict: str, tally: dict[str, int]
) -> None:
    refused, lost = _named(rows), _in_refused_sets(session, sent, rows)
    carried = obligations.of_dispatch(session, sent.dispatch_id)
    facts.preload(session, "told", [row.person_id for row in carried if row.person_id is not None])
    for row in carried:
        if row.kind == "enrollment.full" and verdict != "rejected":
            obligations.mark(session, [row.obligation_id], "confirmed", f"file {verdict}")
            families = obligations.content(session, row)["families"]
            newer = members.overtaken(session, connection_id, sent.dispatch_id, list(families), sent.file_group)
            for person_id, family in families.items():
                why = _named_in(family, refused) or (WHOLE_SET if person_id in lost else "")
                if why:
                    _refuse_family(session, connection_id, sent, row, person_id, family, why)
                elif person_id not in newer:
                    record_told(session, connection_id, person_id, family["told"], family["gone"], sent.dispatch_id)
                _moved(session, connection_id, sent, family, why)
                tally["refused" if why else "acked"] += 1
            continue
        content = obligations.content(session, row) if row.kind == "enrollment.change" else {}
        why = _why_refused(content, refused, verdict == "rejected") or (WHOLE_SET if row.person_id in lost else "")
        if content:
            _moved(session, connection_id, sent, content, why)
        if why:
            _refuse(session, sent, row, why)
            tally["refused"] += row.kind.startswith("enrollment.")
            continue
        obligations.mark(session, [row.obligation_id], "confirmed", f"file {verdict}")
        if content:
            if not members.overtaken(session, connection_id, sent.dispatch_id, [row.person_id], sent.file_group):
                record_told(session, connection_id, row.person_id, content["told"], content["gone"], sent.dispatch_id)
            tally["acked"] += 1
    if verdict == "rejected":
        states = {one.person_id: ("refused", WHOLE) for one in members.of_file(session, sent.dispatch_id)}
        members.move(session, connection_id, states, sent.file_group)


def _moved(session: Session, connection_id: str, sent: Any, family: Mapping[str, Any], why: str) -> None:
    """The family's members are acked, or refused; those of whom a newer file speaks already stay where they are."""
    persons = [one["person"] for one in family["members"]]
    mine = members.of_persons(session, connection_id, sent.dispatch_id, persons)
    members.move(
        session, connection_id, dict.fromkeys(mine, ("refused", why) if why else ("acked", "")), sent.file_group
    )


def _reported(session: Session, connection_id: str, sent: Any, rows: Sequence[Any]) -> None:
    """Members whom the carrier's own report names as taken are confirmed: it speaks of the cover, not of grammar."""
    named = [row.person_id for row in rows
             if row.part == "member" and row.person_id and row.detail["status"] != "rejected"]  # fmt: skip
    mine = members.of_persons(session, connection_id, sent.dispatch_id, named, ("sent", "acked"))
    members.move(session, connection_id, dict.fromkeys(mine, ("confirmed", "by the carrier's report")), sent.file_group)


def _late(
    session: Session, connection_id: str, sent: Any, rows: Sequence[Any], verdict: str, tally: dict[str, int]
) -> None:
    """Bad news of a file that had been accepted; what has been sent anew since is answered by its own file."""
    refused, lost = _named(rows), _in_refused_sets(session, sent, rows)
    whole = verdict == "rejected" and sent.ack_state != "rejected"
    if whole:
        dispatch.acknowledge(session, sent.dispatch_id, "rejected")
    if not whole and not refused and not lost:
        return
    carried = obligations.of_dispatch(session, sent.dispatch_id)
    # A vendor who took a request has accepted nothing for the carrier behind him: his no is in time.
    late, counted = (LATE, "refused_late") if sent.file_name else ("", "refused")
    for row in carried:
        if row.state != "confirmed":
            continue
        if row.kind == "enrollment.full":
            _full_late(session, connection_id, sent, row, refused, lost, whole, tally)
            continue
        content = obligations.content(session, row) if row.kind == "enrollment.change" else {}
        why = _why_refused(content, refused, whole) or (WHOLE_SET if row.person_id in lost else "")
        if why:
            _refuse(session, sent, row, f"{late}{why}")
            if content:
                _take_back_told(session, connection_id, row.person_id, sent.dispatch_id)
                _moved(session, connection_id, sent, content, f"{late}{why}")
            tally[counted] += 1
    _late_overtaken(session, connection_id, sent, rows, whole, {row.person_id for row in carried}, tally)


def _late_overtaken(
    session: Session, connection_id: str, sent: Any, rows: Sequence[Any], whole: bool, seen: set[str | None],
    tally: dict[str, int],
) -> None:  # fmt: skip
    """The file was refused late for people who stand in a newer one by now: what it was believed to have told falls.

    Where the newer one has been accepted its word stands; where it is not answered yet, the carrier holds what it held
    before both.
    """
    if sent.operation != "enrollment.change":
        return
    told = session.rows(
        select(fact.c.subject).where(*session.where(fact, kind="told", source=sent.dispatch_id)).distinct()
    )
    known = people.people(session)
    named = {known[row.person_id].subscriber_id for row in _named(rows).values() if row.person_id in known}
    for row in told:
        if row.subject in seen or not (whole or row.subject in named):
            continue
        tally["refused_late"] += bool(_take_back_told(session, connection_id, row.subject, sent.dispatch_id))


def _why_refused(content: Mapping[str, Any], refused: Mapping[str, Any], whole: bool) -> str:
    named = _named_in(content, refused) if content and refused else ""
    return named or (WHOLE if whole else "")


def _named_in(family: Mapping[str, Any], refused: Mapping[str, Any]) -> str:
    """Why a member of the family was refused; empty when none was."""
    ids = [name for one in family["members"] for name in (one["member_id"].upper(), one["person"])]
    named = next((refused[member] for member in ids if member in refused), None)
    if named is None:
        return ""
    source = "the carrier's report" if named.part == "member" else "999"
    return f"{source} code {named.code}: {named.detail['text']}"


def _full_late(
    session: Session, connection_id: str, sent: Any, row: Any, refused: Mapping[str, Any], lost: set[str],
    whole: bool, tally: dict[str, int],
) -> None:  # fmt: skip
    if whole:
        _refuse(session, sent, row, f"{LATE}{WHOLE}")
    for person_id, family in obligations.content(session, row)["families"].items():
        why = _named_in(family, refused) or (WHOLE_SET if person_id in lost else "")
        if not whole and (not why or _refused_already(session, connection_id, person_id, sent)):
            continue
        _take_back_told(session, connection_id, person_id, sent.dispatch_id)
        _moved(session, connection_id, sent, family, f"{LATE}{why or WHOLE}")
        if not whole:
            _refuse_family(session, connection_id, sent, row, person_id, family, f"{LATE}{why}")
        tally["refused_late"] += 1


def _refuse_family(
    session: Session, connection_id: str, sent: Any, row: Any, person_id: str, family: dict[str, Any], why: str
) -> None:
    """One family of a full file was refused: it is owed as a change, which waits until its data are mended."""
    group = sent.file_group
    key = exchange.change_key(connection_id, person_id, group)
    content = exchange.of_group(family, group)
    wanted = Wanted("enrollment.change", key, connection_id, row.period, row.due_date, row.send_by, content,
                    person_id=person_id, drifted=True)  # fmt: skip
    obligations.want(session, [wanted])
    obligations.mark(session, [session.id("obl", key)], "refused", why[:300], sent.dispatch_id)


def _refused_already(session: Session, connection_id: str, person_id: str, sent: Any) -> bool:
    rows = obligations.by_ids(
        session, [session.id("obl", exchange.change_key(connection_id, person_id, sent.file_group))]
    )
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


def _take_back_told(session: Session, connection_id: str, person_id: str, dispatch_id: str) -> int:
    """What the carrier was believed to hold since this file is what it held before; a later file's word stays.

    Gives how many covers were taken back.
    """
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
    return len(versions)
