"""What has been read, at the end of a run of chaos, held against what the vendor has told at any time.

Every row of a batch is accounted for, and whom a whole list names stands in it once. What somebody is believed to be is
what the vendor holds; what he was believed to be before, he was, in that order, and each of it was written once, by the
row that told it. Every answer is recorded once, and what it means for money is posted once.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select

from benehub.flows import Hub
from benehub.store import Session
from benehub.store.tables import (
    confirmation,
    dispatch,
    entry,
    fact,
    intake_batch,
    intake_chunk,
    intake_row,
    leg,
    run,
    seen,
)

ENDS = ("applied", "unchanged", "quarantined", "superseded")
"""What may become of a row."""

READS = ("people", "register", "answers", "credits")
"""The schedules that read."""

FLOWS = ("sync", "payroll.results", "enrollments.acks", "retirement.credits")
"""What they start."""

CONNECTED = {"acknowledgement": "carrier", "credit": "keeper", "register_line": "payroll"}
"""Of whom each kind of answer is read."""

POSTED = {"register_line": "deduction.withheld", "credit": "contribution.credited"}
"""The entry that an answer about money makes for each person."""


def reading(hub: Hub, employers: list[str]) -> list[str]:
    """The flows that read and are at work now."""
    found = []
    for employer in employers:
        with hub.store.read(employer) as session:
            mine = [*session.where(run, state="running"), run.c.flow.in_([f"schedule.{one}" for one in FLOWS])]
            rows = session.rows(select(run.c.flow).where(*mine, run.c.executor != "queue"))
        found += [row.flow.partition(".")[2] for row in rows]
    return found


def behind(hub: Hub, employer: str, books: Any) -> bool:
    """Whether a further reading would tell something: somebody moved since, or an answer came."""
    with hub.store.read(employer) as session:
        told = all(len(recorded(session, kind)) >= len(books.rows(employer, kind)) for kind in CONNECTED)
        return not told or {who: past[-1] for who, past in believed(session).items()} != current(books, employer)


def current(books: Any, employer: str) -> dict[str, str]:
    """Employee number -> department, as the vendor holds it now."""
    return {str(1000 + number): past[-1] for (one, number), past in books.departments.items() if one == employer}


def believed(session: Session) -> dict[str, list[str]]:
    """Employee number -> every department that somebody was believed to be in, in the recorded order."""
    numbers = {row.subject: row.data["employee_number"] for row in identities(session)}
    found: dict[str, list[str]] = {}
    query = select(fact.c.subject, fact.c.data).where(*session.where(fact, kind="employment"))
    for row in session.rows(query.order_by(fact.c.seq)):
        found.setdefault(numbers[row.subject], []).append((row.data or {}).get("department", "gone"))
    return found


def identities(session: Session) -> list[Any]:
    """Who everybody is: nobody's name or number ever changes."""
    return list(session.rows(select(fact).where(*session.where(fact, kind="employee"))))


def recorded(session: Session, kind: str) -> list[Any]:
    """The answers of a kind, each version of each."""
    return list(session.rows(select(confirmation).where(*session.where(confirmation, kind=kind))))


def count(hub: Hub, employers: list[str], books: Any, report: Any) -> None:
    """Add what is lost, doubled or broken to the report."""
    for employer in employers:
        with hub.store.read(employer) as session:
            _custody(session, employer, books, report)
            _facts(session, employer, books, report)
            for kind in CONNECTED:
                _answers(session, employer, books, kind, report)


def _custody(session: Session, employer: str, books: Any, report: Any) -> None:
    """Each batch was applied, and has an end for every row: of a whole list each name once, and nobody refused.

    Only one whose run failed stays as it was, where a later read has taken every row of it; it is counted. A stream of
    answers grows; what was applied of it in all is what there is.
    """
    applied: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for row in session.rows(select(fact.c.batch_id).where(*session.where(fact, kind="employment"))):
        kept[row.batch_id] += 1
    for one in session.rows(select(intake_batch).where(*session.where(intake_batch))):
        rows, told = one._mapping["rows"], one.applied + one.unchanged
        if one.state == "staged" and overtaken(session, one):
            report.overtaken += 1
            continue
        report.rows += rows
        applied[one.stream] += one.applied
        whole = one.stream in ("acknowledgement", "credit") or told == books.people
        balanced = one.state == "applied" and rows == told + one.quarantined + one.superseded
        if not balanced or not whole or one.quarantined or told > len(books.rows(employer, one.stream)):
            ends = {name: one._mapping[name] for name in ("state", "rows", *ENDS)}
            report.broken.append(f"custody of {employer}: {one.stream} {one.batch_id} {ends}")
        if one.stream == "employee" and kept[one.batch_id] != one.applied:
            report.broken.append(f"custody of {employer}: {one.applied} applied, {kept[one.batch_id]} facts")
    for stream in CONNECTED:
        if applied[stream] != len(books.rows(employer, stream)):
            report.broken.append(f"custody of {employer}: {applied[stream]} of {stream} applied")


def overtaken(session: Session, batch: Any) -> bool:
    """Whether its run failed, a later read of its stream was applied, and each row it had is one that was applied."""
    here = {"connection_id": batch.connection_id, "stream": batch.stream}
    later = select(intake_batch.c.batch_id).where(
        *session.where(intake_batch, state="applied", **here), intake_batch.c.seq > batch.seq
    )
    chunks = session.rows(select(intake_chunk.c.row_keys).where(*session.where(intake_chunk, batch_id=batch.batch_id)))
    refused = session.rows(select(intake_row.c.row_key).where(*session.where(intake_row, batch_id=batch.batch_id)))
    taken = session.rows(select(seen.c.row_key).where(*session.where(seen, **here), seen.c.row_hash != ""))
    waiting = {key for chunk in chunks for key in chunk.row_keys} | {row.row_key for row in refused}
    mine = session.where(run, run_id=batch.run_key.partition("/")[0])
    failed = [row.state for row in session.rows(select(run.c.state).where(*mine))] == ["failed"]
    return failed and bool(session.rows(later)) and waiting <= {row.row_key for row in taken}


def _facts(session: Session, employer: str, books: Any, report: Any) -> None:
    """Nobody is missing or there twice; his last department is the vendor's, those before were his, each once."""
    found = believed(session)
    report.duplicates += len(identities(session)) - len(found)
    report.losses += len(current(books, employer).keys() - found.keys())
    for who, departments in found.items():
        told = books.departments.get((employer, int(who) - 1000), [])
        report.facts += len(departments)
        report.duplicates += len(departments) - len(set(departments))
        places = [told.index(one) if one in told else -1 for one in departments]
        if -1 in places or places != sorted(places):
            report.broken.append(f"facts of {employer}: {departments} of {who}, never so told")
        report.losses += departments[-1:] != told[-1:]


def _answers(session: Session, employer: str, books: Any, kind: str, report: Any) -> None:
    """Each answer that was given is recorded once, under its key; what it pays is posted once a person, by any key."""
    told = dict(books.rows(employer, kind))
    rows = recorded(session, kind)
    times = Counter(row.row_key for row in rows)
    report.answers += len(told)
    report.losses += len(told.keys() - times.keys())
    report.duplicates += sum(times.values()) - len(times)
    if times.keys() - told.keys() or any(row.connection_id != CONNECTED[kind] for row in rows):
        report.broken.append(f"answers of {employer}: {kind} that nobody gave")
    if kind == "acknowledgement":
        _followed(session, employer, books, report)
        return
    wanted = Counter(books.owed(employer, kind))
    posted = Counter(
        abs(row.amount)
        for row in session.rows(
            select(entry.c.entry_id, leg.c.amount)
            .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
            .where(*session.where(entry, type=POSTED[kind]), leg.c.plan == "401k")
            .where(leg.c.amount > 0)
        )
    )
    report.losses += (wanted - posted).total()
    report.duplicates += (posted - wanted).total()


def _followed(session: Session, employer: str, books: Any, report: Any) -> None:
    """Each file that was answered is marked so."""
    files = {int(one) for one in books.files(employer, "acknowledgement")}
    sent = session.rows(select(dispatch).where(*session.where(dispatch, operation="enrollment.change")))
    if {row.control for row in sent if row.ack_state == "accepted"} != files:
        report.broken.append(f"answers of {employer}: files {files} are answered, another lot is marked")
