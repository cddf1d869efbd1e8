"""Applies staged rows in sets under a savepoint, each row wholly or not at all: nobody is ever half-applied."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Row, Select, and_, func, select, update
from sqlalchemy.exc import DataError as DatabaseDataError

from benehub import ledger
from benehub.crypto import mask
from benehub.errors import DataError, GuardTripped, IntegrityError
from benehub.intake import told, tries
from benehub.intake.guards import check
from benehub.intake.looking import look_up
from benehub.intake.packing import Waiting, kept
from benehub.intake.recognising import Unknown, name_of, note_unknown
from benehub.intake.relinking import relink
from benehub.intake.staging import Counts, batch, checker, validate, waiting_rows
from benehub.intake.superseding import is_overtaken, supersede, supersede_overtaken
from benehub.ledger import NewEntry
from benehub.planbook import PlanBook
from benehub.records import Record
from benehub.store import Session, without_collector
from benehub.store.tables import (
    LONGEST_ID,
    intake_batch,
    intake_chunk,
    intake_row,
    intake_same,
    row_names,
    row_unasked,
    row_waits,
    seen,
    stream_state,
)
from benehub.store.undoing import Undoable


class Origin(NamedTuple):
    """Where a row came from, for facts and confirmations to cite."""

    connection_id: str
    stream: str
    batch_id: str
    row_no: int
    key: str

    def __str__(self) -> str:
        return f"{self.batch_id}#{self.row_no}"


Applier = Callable[[Session, PlanBook, Origin, Record], str | Sequence[NewEntry] | None]
"""Turns one valid record into facts or confirmations; raises DataError to have the row quarantined.

Gives entries that shall stand in the ledger, or what the row is about (a person's id, or a fact's `subject/key`)
where its absence from a full read says something later.
"""


APART = 64
"""Rows of known people after which it is asked again whether new ones follow, at most."""


@dataclass(frozen=True, slots=True)
class Together:
    """An applier that takes many rows at once where it can: as many as `leading` finds to, from the first on.

    `leading` says what each of them is about; the row behind them goes to `one`.
    """

    one: Applier
    leading: Callable[[Session, PlanBook, Origin, Sequence[tuple[Waiting, Record]]], Sequence[str]]

    def __call__(self, session: Session, book: PlanBook, origin: Origin, row: Record) -> Any:
        """Apply one row."""
        return self.one(session, book, origin, row)


def check_whole(session: Session, batch_id: str, book: PlanBook) -> None:
    """Look at the batch as a whole before any of its rows is applied.

    Raises:
        GuardTripped: the batch would end or empty too much, or is held already: whoever asks again, after a crash or
            by a retry, decides nothing. The caller holds it (`hold`) for a person.
        DataError: a person has discarded it.
    """
    header = _wanted(session, batch_id)
    if header.state not in ("staged", "held"):
        return
    reason = header.reason if header.state == "held" else check(session, header, book.guards)
    if reason:
        raise GuardTripped(reason, where=f"batch {batch_id}", mend=f"Release it: benehub sync --release {batch_id}")


def hold(session: Session, batch_id: str, reason: str, alone: bool = False) -> None:
    """Keep a batch for a person; none of its rows has been applied.

    `alone`: its rows come by themselves, not in reads of the whole stream. A later one overtakes them, so it has to be
    told apart from a repeat even where it takes back what is held.
    """
    session.change(intake_batch, {"batch_id": batch_id}, state="held", reason=reason)
    if alone:
        _forget(session, _header(session, batch_id), session.among(seen.c.row_key, told.all_keys(session, batch_id)))


@without_collector()
def apply_chunk(session: Session, batch_id: str, book: PlanBook, appliers: Mapping[str, Applier]) -> int:
    """Apply the next rows that wait; gives how many it took, 0 when none is left.

    Raises:
        DataError: a person has discarded the batch.
    """
    session.take_seq(0)  # the lock comes before any savepoint: undoing one would give the lock away with it
    header = _wanted(session, batch_id)
    rows, chunks = waiting_rows(session, batch_id)
    if not rows:
        return 0
    if chunks[0] == _first_chunk(session, batch_id):
        supersede(session, batch_id, header.stream)
    older = supersede_overtaken(session, header, rows)
    ended = [_ended(session, batch_id, row) for row in rows if row.row_no in older]
    session.change_all(intake_row, ("batch_id", "row_no"), ended)
    unfit = {row.row_no: problem for row in rows if row.row_no not in older and (problem := _unfit(row))}
    wanted = [row for row in rows if row.row_no not in older and row.row_no not in unfit]
    applied, problems, unknown = _apply_rows(session, header, book, appliers, wanted)
    unknown, names = _named(session, header, unknown)
    _quarantine(session, batch_id, rows, unfit | problems, names)
    _note_strangers(session, header, unknown.values())
    counts = Counter(chunks[bisect_right(chunks, one.row.row_no) - 1] for one in applied)
    session.change_all(
        intake_chunk, ("batch_id", "row_no"),
        [{"batch_id": batch_id, "row_no": one, "rows_sealed": None, "applied": counts[one]} for one in chunks],
    )  # fmt: skip
    _remember(session, header.connection_id, header.stream, applied)
    _resolve_older(session, header, {one.row.key: one.row.row_no for one in applied})
    return len(rows)


class Applied(NamedTuple):
    """A row that has been applied, and what it was found to be about."""

    row: Waiting
    about: str


def _first_chunk(session: Session, batch_id: str) -> int:
    first = select(func.min(intake_chunk.c.row_no)).where(*session.where(intake_chunk, batch_id=batch_id))
    return int(session.connection.execute(first).scalar_one())


def _ended(session: Session, batch_id: str, row: Waiting) -> dict[str, Any]:
    """The content of a row that is not applied is kept with it."""
    return {"batch_id": batch_id, "row_no": row.row_no, "row_sealed": session.seal(row.content, "intake_row")}


def _quarantine(
    session: Session, batch_id: str, rows: Sequence[Waiting], problems: Mapping[int, str], names: Mapping[int, str]
) -> None:
    waits = [
        {**_ended(session, batch_id, row), "row_key": row.key, "outcome": "quarantined", "reason": mask(problem),
         "names": names.get(row.row_no, "")}
        for row in rows
        if (problem := problems.get(row.row_no))
    ]  # fmt: skip
    session.add(intake_row, waits)


def _named(
    session: Session, header: Row[Any], unknown: Mapping[int, Unknown]
) -> tuple[dict[int, Unknown], dict[int, str]]:
    """By row number who is to be known, and by which id of the vendor's; an id that no link can hold is left out.

    Its row waits as the others do, until it is mended at the source.
    """
    names = {row_no: name_of(session, header.connection_id, who) for row_no, who in unknown.items()}
    fit = {row_no: name for row_no, name in names.items() if len(name) <= LONGEST_ID}
    return {row_no: unknown[row_no] for row_no in fit}, fit


def _note_strangers(session: Session, header: Row[Any], unknown: Iterable[Unknown]) -> None:
    """Whom quarantined rows name and nobody knows stands among the unlinked."""
    with session.gathering():
        for who in unknown:
            note_unknown(session, header.connection_id, who, header.stream)
    session.flush_deferred()


def _resolve_older(session: Session, header: Row[Any], applied: Mapping[str, int]) -> None:
    """Rows in quarantine whose key came in again and was applied are resolved by that; what was told later waits."""
    any_waits = select(intake_row.c.row_no).where(intake_row.c.employer_id == session.employer, row_waits).limit(1)
    if session.connection.execute(any_waits).first() is None:
        return
    waiting = session.rows(
        in_quarantine(session).where(
            intake_batch.c.connection_id == header.connection_id,
            intake_batch.c.stream == header.stream,
            intake_batch.c.opened_seq <= header.opened_seq,
            session.among(intake_row.c.row_key, applied),
        )
    )
    older = [row for row in waiting if row.batch_id != header.batch_id or row.row_no < applied[row.row_key]]
    if older:
        seq, _ = session.take_seq()
        session.change_all(intake_row, ("batch_id", "row_no"), [_key(row) | {"resolved_seq": seq} for row in older])


def in_quarantine(session: Session) -> Select[Any]:
    """Rows in quarantine that nothing has resolved yet, with their batch's connection and stream."""
    return (
        select(intake_row, intake_batch.c.connection_id, intake_batch.c.stream)
        .join(
            intake_batch,
            (intake_batch.c.employer_id == intake_row.c.employer_id)
            & (intake_batch.c.batch_id == intake_row.c.batch_id),
        )
        .where(intake_row.c.employer_id == session.employer, row_waits)
    )


def finish(session: Session, batch_id: str) -> Counts:
    """Close the batch: the counts must balance, then the cursor moves in the same transaction.

    Raises:
        IntegrityError: a row is not accounted for; nothing of this transaction may be committed.
    """
    header = _header(session, batch_id)
    if header.state == "applied":
        return counts_of(header)
    tally = _tally(session, batch_id)
    counts = Counts(
        header.rows, tally.get("applied", 0), header.unchanged, tally.get("quarantined", 0),
        tally.get("superseded", 0), header.gone,
    )  # fmt: skip
    if not counts.balanced:
        raise IntegrityError(f"custody does not balance: {counts}", where=f"batch {batch_id}")
    seq, at = session.take_seq()
    session.change(
        intake_batch,
        {"batch_id": batch_id},
        state="applied", reason="", applied=counts.applied, quarantined=counts.quarantined,
        superseded=counts.superseded, seq=seq,
    )  # fmt: skip
    session.connection.execute(intake_same.delete().where(*session.where(intake_same, batch_id=batch_id)))
    if counts.quarantined:
        quarantined = select(intake_row.c.row_key).where(*session.where(intake_row, batch_id=batch_id), row_waits)
        _forget(session, header, seen.c.row_key.in_(quarantined))
    _move_cursor(session, header, seq, at)
    return counts


def _forget(session: Session, header: Row[Any], those: ColumnElement[bool]) -> None:
    """What was last applied for these keys is not what the vendor said last: the next row is no repeat."""
    mine = session.where(seen, connection_id=header.connection_id, stream=header.stream)
    session.connection.execute(update(seen).where(*mine, those).values(row_hash=""))


def redrive(
    session: Session, book: PlanBook, appliers: Mapping[str, Applier], batch_id: str = "",
    but: Collection[tuple[str, int]] = (), connection_id: str = "", names: str = "",
) -> Counts:  # fmt: skip
    """Try quarantined rows again, as they were read, of one batch, of one connection or all.

    Those that apply now are marked with when; of the others it is kept why they waited before.

    The batch keeps its counts as they were at the time; the row says that it was resolved later. Of rows
    with one key only the newest is tried, and resolves the older ones. Batches that are not applied (held,
    refused) are left alone, and the rows named in `but` (batch and row number), whose translation has been tried
    already. What the vendor deleted, and what its connector could not translate, stays: that has to be mended at
    the source and read again. With `names` only what waits for that person of the connection's vendor.
    """
    tried = [
        same for same in _same_keys(session, but, connection_id, names) if batch_id in ("", same[-1].batch_id)
    ]  # fmt: skip
    session.take_seq(0)  # before any savepoint, as above
    waits: dict[str, dict[int, tries.Why]] = {}
    done = replaced = 0
    for *older, row in tried:
        waiting = kept(session, row.row_no, row.row_key, row.row_sealed)
        problem, applied, unknown = _unfit(waiting), list[Applied](), dict[int, Unknown]()
        if not problem:
            applied, problems, unknown = _apply_rows(session, row, book, appliers, [waiting])
            problem = problems.get(row.row_no, "")
        if problem:
            nameable, for_whom = _named(session, row, unknown)
            waits.setdefault(row.batch_id, {})[row.row_no] = tries.Why(problem, *for_whom.values())
            _note_strangers(session, row, nameable.values())
            continue
        _remember(session, row.connection_id, row.stream, applied)
        seq, _ = session.take_seq()
        resolved = [_key(one) | {"resolved_seq": seq} for one in (*older, row)]
        session.change_all(intake_row, ("batch_id", "row_no"), resolved)
        done, replaced = done + 1, replaced + len(older)
    for tried_in, rows in waits.items():
        tries.in_vain(session, tried_in, rows)
    if done:
        relink(session)
    total = sum(len(same) for same in tried)
    return Counts(total, done, 0, total - done - replaced, replaced)


def _same_keys(
    session: Session, but: Collection[tuple[str, int]], connection_id: str, names: str
) -> Iterable[list[Row[Any]]]:
    """Rows in quarantine that may be tried again: those of one key together, the oldest first."""
    query = (
        in_quarantine(session)
        .where(intake_batch.c.state == "applied")
        .order_by(intake_batch.c.opened_seq, intake_row.c.row_no)
    )
    if connection_id:
        query = query.where(intake_batch.c.connection_id == connection_id)
    if names:
        query = query.where(session.among(intake_row.c.row_key, _keys_naming(session, connection_id, names)))
    same_key: dict[tuple[str, str, str], list[Row[Any]]] = {}
    for row in session.rows(query):
        if (row.batch_id, row.row_no) not in but:
            same_key.setdefault((row.connection_id, row.stream, row.row_key), []).append(row)
    return same_key.values()


def _keys_naming(session: Session, connection_id: str, names: str) -> set[str]:
    """Keys of rows that wait for this person of a vendor's; of rows from before that was kept, all."""
    found: set[str] = set()
    for asked in (and_(row_names, intake_row.c.names == names), row_unasked):
        rows = session.rows(
            select(intake_row.c.row_key)
            .join(
                intake_batch,
                (intake_batch.c.employer_id == intake_row.c.employer_id)
                & (intake_batch.c.batch_id == intake_row.c.batch_id),
            )
            .where(intake_row.c.employer_id == session.employer, asked, intake_batch.c.connection_id == connection_id)
        )
        found |= {row.row_key for row in rows}
    return found


def counts_of(header: Row[Any]) -> Counts:
    """The counts that stand in a batch's row."""
    return Counts(header.rows, header.applied, header.unchanged, header.quarantined, header.superseded, header.gone)


def _header(session: Session, batch_id: str) -> Row[Any]:
    found = batch(session, batch_id)
    if found is None:
        raise DataError(f"no intake batch {batch_id}", mend="See `benehub runs list`")
    return found


def _wanted(session: Session, batch_id: str) -> Row[Any]:
    header = _header(session, batch_id)
    if header.state == "refused":
        raise DataError(header.reason, where=f"batch {batch_id}", mend="Sync again: benehub sync CONNECTION")
    return header


def _tally(session: Session, batch_id: str) -> dict[str, int]:
    rows = session.rows(
        select(intake_row.c.outcome, func.count().label("number"))
        .where(*session.where(intake_row, batch_id=batch_id))
        .group_by(intake_row.c.outcome)
    )
    applied = select(func.coalesce(func.sum(intake_chunk.c.applied), 0))
    mine = session.where(intake_chunk, batch_id=batch_id)
    found = {row.outcome: int(row.number) for row in rows}
    return {**found, "applied": int(session.connection.execute(applied.where(*mine)).scalar_one())}


def _unfit(row: Waiting) -> str:
    """Why a row cannot be applied whatever the hub knows; empty when it can be tried."""
    if row.problem:
        return row.problem
    if row.deleted:
        return "the vendor deleted it; nothing is ended by that alone. End it in the source, with a date"
    return ""


def _apply_rows(
    session: Session, header: Row[Any], book: PlanBook, appliers: Mapping[str, Applier], wanted: Sequence[Waiting]
) -> tuple[list[Applied], dict[int, str], dict[int, Unknown]]:
    """Apply rows in sets, each row wholly or not at all.

    Gives those applied, problems by row number, and by row number whom the others name and nobody knows.

    A row that fails before it has written anything is left out of its set. One that fails later has the set
    undone: those before it are a set of their own then, and so are those behind it.
    """
    applied: list[Applied] = []
    problems: dict[int, str] = {}
    unknown: dict[int, Unknown] = {}
    sets = [wanted] if wanted else []
    while sets:
        rows = sets.pop()
        tried = _apply_set(session, header, book, appliers, rows)
        if not tried.undone:
            applied += tried.applied
            problems |= tried.problems
            unknown |= tried.unknown
        elif len(rows) == 1:
            problems[rows[0].row_no] = tried.undone
            unknown |= {rows[0].row_no: tried.undone_by} if tried.undone_by else {}
        else:
            # Where nobody knows which row it was, each half is tried.
            at = len(rows) // 2 if tried.at is None else tried.at
            behind = at
            if tried.at is not None:
                problems[rows[at].row_no] = tried.undone
                unknown |= {rows[at].row_no: tried.undone_by} if tried.undone_by else {}
                behind = at + 1
            sets += [part for part in (rows[behind:], rows[:at]) if part]
    return applied, problems, unknown


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a set: rows applied, rows left out by number, or why (by which row, where known) it was undone."""

    applied: list[Applied]
    problems: dict[int, str]
    unknown: Mapping[int, Unknown] = field(default_factory=dict[int, Unknown])
    """By number of a row left out, whom it names and nobody knows."""
    undone: str = ""
    at: int | None = None
    undone_by: Unknown | None = None
    """Whom the row that undid it names and nobody knows."""


def _apply_set(
    session: Session, header: Row[Any], book: PlanBook, appliers: Mapping[str, Applier], wanted: Sequence[Waiting]
) -> Tried:
    """Apply these rows in one savepoint."""
    problems: dict[int, str] = {}
    applied: list[Applied] = []
    unknown: dict[int, Unknown] = {}
    at: int | None = None
    connection_id, stream = header.connection_id, header.stream
    batch = Origin(connection_id, stream, header.batch_id, 0, "")
    applier = appliers[stream]
    work = Undoable(session)
    try:
        with work.watched(), session.gathering():
            records = _records(stream, wanted, problems)
            look_up(session, connection_id, stream, [(wanted[n].key, record) for n, record in records])
            entries: list[NewEntry] = []
            rows, done = [(wanted[number], record) for number, record in records], 0
            ask, apart = 0, 1  # those who are known stand together as well: they are not looked at for each of them
            while done < len(rows):
                if isinstance(applier, Together) and done >= ask:
                    at, rest = None, rows[done:]
                    about = applier.leading(session, book, batch, rest)
                    applied += [Applied(row, said) for (row, _), said in zip(rest, about, strict=False)]
                    done += len(about)
                    if done == len(rows):
                        break
                    apart = 1 if about else min(2 * apart, APART)
                    ask = done + apart
                at, record = records[done]
                done += 1
                row, touched = wanted[at], session.touched
                try:
                    said = applier(session, book, batch._replace(row_no=row.row_no, key=row.key), record)
                except DataError as error:
                    if session.touched != touched:
                        raise
                    if isinstance(error, Unknown):
                        unknown[row.row_no] = error
                    problems[row.row_no] = str(error)
                    continue
                if isinstance(said, str):
                    applied.append(Applied(row, said))
                else:
                    applied.append(Applied(row, ""))
                    entries += said or ()
            at = None
            if not entries:
                work.settle()
            session.flush_deferred()
            ledger.restate(session, entries)
    except DataError as error:
        session.undone()
        return Tried([], {}, {}, str(error), at, error if isinstance(error, Unknown) else None)
    except DatabaseDataError:
        if work.stands:
            raise
        session.undone()
        return Tried([], {}, {}, "a value is longer than its column. Mend it at the source, then re-drive")
    return Tried(applied, problems, unknown)


def _records(stream: str, wanted: Sequence[Waiting], problems: dict[int, str]) -> list[tuple[int, Record]]:
    """The valid records with their place; of the others the problem is noted."""
    try:
        return list(enumerate(checker(stream).validate_python([one.data for one in wanted])))
    except ValidationError:
        records = []
    for number, one in enumerate(wanted):
        try:
            records.append((number, validate(stream, one.data)))
        except DataError as error:
            problems[one.row_no] = str(error)
    return records


def _remember(session: Session, connection_id: str, stream: str, applied: Sequence[Applied]) -> None:
    """Keep of each applied row the hash of its content and which fields were filled."""
    key = {"connection_id": connection_id, "stream": stream}
    names = [one.row.key for one in applied]
    employer = session.employer
    session.connection.execute(seen.delete().where(*session.where(seen, **key), session.among(seen.c.row_key, names)))
    session.add_ready(
        seen, _SEEN,
        [
            (employer, connection_id, stream, row.key, row.hash, row.filled, about[:200])
            for row, about in applied
        ],
    )  # fmt: skip


_SEEN = ("employer_id", "connection_id", "stream", "row_key", "row_hash", "filled", "about")


def _move_cursor(session: Session, header: Row[Any], seq: int, at: str) -> None:
    key = {"connection_id": header.connection_id, "stream": header.stream}
    found = session.connection.execute(select(stream_state.c.cursor).where(*session.where(stream_state, **key))).first()
    kept = found.cursor if found else None
    cursor = kept if header.cursor is None or (kept is not None and is_overtaken(session, header)) else header.cursor
    values = {"cursor": cursor, "seq": seq, "read_at": at, **({"told_at": at} if header.rows else {})}
    if found is None:
        session.add(stream_state, [{**key, **values}])
    else:
        session.change(stream_state, key, **values)


def _key(row: Row[Any]) -> dict[str, Any]:
    return {"batch_id": row.batch_id, "row_no": row.row_no}
