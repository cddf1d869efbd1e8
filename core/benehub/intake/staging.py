"""Takes rows into custody: staged in chunks, checked whole, then applied, each row wholly or not at all.

Every row in ends in exactly one of applied, unchanged (counted, not stored), quarantined with its reason, or
superseded. The database refuses a finished batch whose counts do not balance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, cast

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row, func, select

from benehub.connect.connector import Incoming, Page
from benehub.crypto import as_ssn, mask
from benehub.errors import DataError, RetriableError
from benehub.identity import people
from benehub.intake.absence import PERIODIC
from benehub.intake.packing import Packed, Packer, Waiting, as_kept, opened
from benehub.intake.told import keys_told_in, of_batch
from benehub.money import shape
from benehub.records import STREAMS, Record
from benehub.store import Session, without_collector
from benehub.store.tables import (
    batch_open,
    chunk_waits,
    intake_batch,
    intake_chunk,
    intake_page,
    intake_row,
    intake_same,
    payload,
    seen,
)

CHUNK = 1000
"""Rows taken into custody together, and applied together."""

KEY_LENGTH = 120
"""Characters of a row's key that are stored; a longer key ends in a digest of the whole."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Custody counts of a batch."""

    rows: int = 0
    applied: int = 0
    unchanged: int = 0
    quarantined: int = 0
    superseded: int = 0
    gone: int = 0
    """Rows known before that a full read did not tell any more; they are none of the rows in."""

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows == self.applied + self.unchanged + self.quarantined + self.superseded


def open_batch(session: Session, connection_id: str, stream: str, run_key: str, once: bool = False) -> str:
    """The batch of one read; opening it again (a step that runs twice) starts its staging afresh.

    A batch that was applied already is left as it is; where the vendor tells each row `once`, so is one that is held
    for a person or was discarded: nobody would tell again what it holds.
    """
    batch_id = session.id("int", connection_id, stream, run_key)
    found = batch(session, batch_id)
    if found is not None and (found.state == "applied" or (once and found.state != "staged")):
        return batch_id
    seq, recorded_at = session.take_seq()
    if found is not None:
        session.memo.pop(("staging", batch_id), None)
        # First: it waits for whoever stages right now, so that what he has put in is deleted with the rest.
        counts = dict.fromkeys(
            (
                "rows",
                "unchanged",
                "quarantined",
                "superseded",
                "applied",
                "gone",
                "full_read",
                "full_from",
                "looked_seq",
            ),
            0,
        )
        begun_anew = {"state": "staged", "reason": "", "seq": seq, "recorded_at": recorded_at, "opened_seq": seq}
        session.change(intake_batch, {"batch_id": batch_id}, **begun_anew, **counts)
        for table in (intake_row, intake_chunk, intake_same, intake_page):
            session.connection.execute(table.delete().where(*session.where(table, batch_id=batch_id)))
        return batch_id
    row = {"batch_id": batch_id, "connection_id": connection_id, "stream": stream, "run_key": run_key}
    counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
    session.add(
        intake_batch,
        [{**row, **counts, "state": "staged", "reason": "", "seq": seq, "recorded_at": recorded_at, "opened_seq": seq}],
    )
    return batch_id


def take_up(session: Session, connection_id: str, stream: str) -> list[str]:
    """Batches of changes that somebody has begun to read and nobody has applied, the oldest first.

    They are his who asks from now on: a reader who is alive yet puts nothing more into them. Whole reads are left out,
    since a part of one says of the others that they are gone.
    """
    mine = session.where(intake_batch, connection_id=connection_id, stream=stream, state="staged", full_read=0)
    query = select(intake_batch.c.batch_id).where(*mine, batch_open, intake_batch.c.rows > 0)
    found = [str(row.batch_id) for row in session.rows(query.order_by(intake_batch.c.opened_seq))]
    for batch_id in found:
        session.change(intake_batch, {"batch_id": batch_id}, seq=session.take_seq()[0])
    return found


def batch(session: Session, batch_id: str) -> Row[Any] | None:
    """The batch's row, or None."""
    return session.connection.execute(
        select(intake_batch).where(*session.where(intake_batch, batch_id=batch_id))
    ).first()


def state(session: Session, batch_id: str) -> str:
    """Where the batch stands: staged, held, applied or refused; empty when there is none."""
    found = batch(session, batch_id)
    return "" if found is None else str(found.state)


def begun(session: Session, batch_id: str) -> int | None:
    """The place in the recorded order at which its reading was begun last, which tells two readers of it apart; None
    where it is not being read any more."""
    header = batch(session, batch_id)
    assert header is not None, batch_id
    return int(header.seq) if header.state == "staged" else None


def _must_be_mine(session: Session, batch_id: str, begun_at: int) -> Row[Any]:
    """The batch's row, where nobody has begun to read it anew; and nobody does before this transaction ends."""
    query = select(intake_batch).where(*session.where(intake_batch, batch_id=batch_id, state="staged"))
    header = session.connection.execute(query.with_for_update(key_share=True)).first()
    if header is None or header.seq != begun_at:
        raise RetriableError("another process has begun to read it anew", where=f"batch {batch_id}",
                             mend="Nothing has to be done: it goes on there")  # fmt: skip
    return header


@without_collector()
def stage(session: Session, batch_id: str, *pages: Page, begun_at: int | None = None) -> None:
    """Take pages into custody: each payload sealed once by hash, the rows sorted by what they are.

    A row is unchanged when the vendor's key carries the same content as last time. A key that comes twice in
    one batch supersedes the earlier row when the batch is applied, be it only to say the old content again.

    Args:
        session: writes; where a batch is staged in several transactions, each has a session of its own.
        batch_id: the batch.
        pages: what came.
        begun_at: where it was opened in another transaction, what `begun` said there.

    Raises:
        RetriableError: the reading was begun anew since: a process that was taken for dead does not put its rows
            beside those of the one that took its work up.
    """
    mine = None if begun_at is None else _must_be_mine(session, batch_id, begun_at)
    header = _staging(session, batch_id, mine)
    hashes = [session.vault.content_hash(page.payload) for page in pages]
    _keep_payloads(session, {name: page.payload for name, page in zip(hashes, pages, strict=True)})
    session.add(
        intake_page,
        [{"batch_id": batch_id, "page_no": number, "name": mask(page.name)[:200], "payload_hash": name,
          "rows": len(page.rows)}
         for number, (name, page) in enumerate(zip(hashes, pages, strict=True), header.pages + 1)],
    )  # fmt: skip
    waiting: list[Incoming] = []
    for page in pages:
        header.pages += 1
        whole = page.full and (page.alone or header.pages == 1 or bool(header.full_read))
        if whole != bool(header.full_read) or page.alone:  # rows that are counted in another way
            _sort(session, header, waiting)
            waiting.clear()
            header.full_from = header.rows if page.alone else header.full_from
            header.full_read = int(whole)
        waiting += page.rows
        header.cursor = page.cursor if page.cursor is not None else header.cursor
    _sort(session, header, waiting)
    values = {name: getattr(header, name) for name in _COUNTED}
    session.change(intake_batch, {"batch_id": batch_id}, **values)


def _sort(session: Session, header: _Staging, rows: Sequence[Incoming]) -> None:
    """Sort and keep these rows, chunk by chunk."""
    for start in range(0, len(rows), CHUNK):
        chunk = _Chunk(session, header, header.rows + 1, rows[start : start + CHUNK])
        chunk.sort()
        chunk.keep()
        header.unchanged += len(chunk.same)
        header.quarantined += chunk.quarantined
        header.rows += len(chunk.rows)


_COUNTED = ("rows", "unchanged", "quarantined", "full_read", "full_from", "cursor")


@dataclass
class _Staging:
    """How far a batch has been staged in this transaction."""

    batch_id: str
    connection_id: str
    stream: str
    pages: int
    rows: int
    unchanged: int
    quarantined: int
    full_read: int
    full_from: int
    cursor: str | None
    open_before: Sequence[str]
    """Reads of its stream that were begun before it and may be applied yet."""
    whole_open: bool
    """One of those was whole: whom it does not tell is to be gone, unless this one has told him."""
    told_before: set[str] | None = None
    """Keys that those have told; gone through once, when they are first asked for."""


def _staging(session: Session, batch_id: str, row: Row[Any] | None = None) -> _Staging:
    found: _Staging | None = session.memo.get(("staging", batch_id))
    if found is None:
        header = row or batch(session, batch_id)
        assert header is not None, batch_id
        pages = _count(session, intake_page, batch_id)
        counted = {name: header._mapping[name] for name in _COUNTED}
        before = _open_before(session, header)
        whole = header.stream not in PERIODIC and any(one.full_read for one in before)
        ids = [str(one.batch_id) for one in before]
        found = _Staging(batch_id, header.connection_id, header.stream, pages, **counted, open_before=ids,
                         whole_open=whole)  # fmt: skip
        session.memo["staging", batch_id] = found
    return found


def _open_before(session: Session, header: Row[Any]) -> Sequence[Row[Any]]:
    """Reads of the stream that were begun before and are not applied yet.

    One that a whole read has overtaken is none of them: nothing of it will be applied.
    """
    batch, other = intake_batch.c, intake_batch.alias()
    query = select(batch.batch_id, batch.full_read).where(
        *session.where(intake_batch, connection_id=header.connection_id, stream=header.stream),
        batch_open,
        batch.opened_seq < header.opened_seq,
    )
    if header.stream not in PERIODIC:
        overtaken = select(other.c.batch_id).where(
            other.c.employer_id == batch.employer_id, other.c.connection_id == batch.connection_id,
            other.c.stream == batch.stream, other.c.state == "applied", other.c.full_read == 1,
            other.c.seq > batch.opened_seq, other.c.opened_seq > batch.opened_seq,
            other.c.recorded_at >= batch.recorded_at,
        )  # fmt: skip
        query = query.where(~overtaken.exists())
    return session.rows(query)


class _Fresh(NamedTuple):
    """A row that is not the same as last time."""

    row_no: int
    key: str
    row: Incoming
    packed: Packed


@dataclass
class _Chunk:
    """Rows of a page that are taken into custody together."""

    session: Session
    header: _Staging
    first: int
    """The number of its first row."""
    rows: Sequence[Incoming]
    same: list[str] = field(default_factory=list)
    """Keys of the unchanged rows."""
    quarantined: int = 0
    _kept: list[dict[str, Any]] = field(default_factory=list)
    _staged: list[_Fresh] = field(default_factory=list)

    def sort(self) -> None:
        """Sort the rows by what they are: unchanged, not usable, or waiting to be applied."""
        self._packer = Packer(self.session)
        pack, fresh = self._packer.pack, []
        keys = _row_keys(self.session, self.header.stream, self.rows)
        known = _known_hashes(self.session, self.header, keys)
        # Only what is the same as last time can be overtaken by what this batch told in between.
        staged = self.header.rows > self.header.unchanged
        told = of_batch(self.session, self.header.batch_id, known) if staged and known else set[str]()
        told |= self._waiting_before(known)
        for row_no, (key, row) in enumerate(zip(keys, self.rows, strict=True), self.first):
            if row.problem:
                told.add(key)
                self._quarantine(row_no, key, row, row.problem, row.problem)
                continue
            packed = pack(row.data, row.extra, row.deleted)
            if known.get(key) == packed.hash and key not in told:
                self.same.append(key)
            else:
                told.add(key)
                fresh.append(_Fresh(row_no, key, row, packed))
        self._staged = fresh

    def _waiting_before(self, known: Mapping[str, str]) -> set[str]:
        """Keys that a read of before may say something else of yet: not what is known counts, but what is told now."""
        header = self.header
        if not header.open_before or not known:
            return set()
        if header.whole_open and not header.full_read:
            return set(known)
        if header.told_before is None:
            some = self.session.among(intake_batch.c.batch_id, header.open_before)
            told = [self.session.rows(query) for query in keys_told_in(self.session, some)]
            header.told_before = {row.row_key for rows in told for row in rows}
        return header.told_before & known.keys()

    def keep(self) -> None:
        """Write it down; of a full read also who was told unchanged."""
        batch_id = self.header.batch_id
        self.session.add(intake_row, [{"batch_id": batch_id, **one} for one in self._kept])
        if self._staged:
            rows = ((one.row_no, one.key, one.packed) for one in self._staged)
            first, count = self._staged[0].row_no, len(self._staged)
            follow = self._staged[-1].row_no - first + 1 == count
            chunk = {
                "batch_id": batch_id, "row_no": first, "rows": count, "applied": 0,
                "rows_sealed": self._packer.sealed(rows), "row_keys": [one.key for one in self._staged],
                "row_nos": None if follow else [one.row_no for one in self._staged],
            }  # fmt: skip
            self.session.add(intake_chunk, [chunk])
        if self.header.full_read and self.same:
            self.session.add(intake_same, [{"batch_id": batch_id, "row_no": self.first, "row_keys": self.same}])

    def _quarantine(self, row_no: int, key: str, row: Incoming, reason: str, problem: str = "") -> None:
        self.quarantined += 1
        sealed = self.session.seal(as_kept(row, mask(problem)), "intake_row")
        entry = {"outcome": "quarantined", "reason": mask(reason), "row_sealed": sealed, "names": ""}
        self._kept.append({"row_no": row_no, "row_key": key, **entry})


def waiting_rows(session: Session, batch_id: str, after: int = 0) -> tuple[list[Waiting], list[int]]:
    """The next rows waiting to be applied, in their order, and the chunks they stood in, by first row number.

    Small chunks, as small pages make them, are taken together.
    """
    chunks = session.rows(
        select(intake_chunk.c.row_no, intake_chunk.c.rows)
        .where(*session.where(intake_chunk, batch_id=batch_id), chunk_waits, intake_chunk.c.row_no > after)
        .order_by(intake_chunk.c.row_no)
        .limit(CHUNK)
    )
    taken: list[int] = []
    size = 0
    for chunk in chunks:
        size += int(chunk._mapping["rows"])
        if taken and size > CHUNK:
            break
        taken.append(int(chunk.row_no))
    sealed = session.rows(
        select(intake_chunk.c.rows_sealed)
        .where(*session.where(intake_chunk, batch_id=batch_id), session.among(intake_chunk.c.row_no, taken))
        .order_by(intake_chunk.c.row_no)
    )
    return [row for chunk in sealed for row in opened(session, chunk.rows_sealed)], taken


@cache
def checker(stream: str) -> TypeAdapter[list[Record]]:
    """Checks all rows of a chunk at once."""
    rows: Any = list.__class_getitem__(STREAMS[stream])
    return TypeAdapter(rows)


def validate(stream: str, data: Any) -> Record:
    """The stream's record of a row's fields.

    Raises:
        DataError: a field is missing or wrong; the message names each field and the shape of its value.
    """
    try:
        return STREAMS[stream].model_validate(data)
    except ValidationError as error:
        sensitive = STREAMS[stream].sensitive
        parts = []
        for problem in error.errors(include_url=False, include_context=False):
            name = ".".join(str(step) for step in problem["loc"])
            given = problem.get("input")
            told = "" if problem["type"] == "missing" or not isinstance(given, str) else f" ({shape(given)!r})"
            said = (
                "not valid" if name.split(".")[0] in sensitive and problem["type"] == "value_error" else problem["msg"]
            )
            parts.append(f"{name or 'row'}: {mask(said)}{told}")
        raise DataError("; ".join(parts), mend="Mend the row at its source, then read it again") from None


def _row_keys(session: Session, stream: str, rows: Sequence[Incoming]) -> list[str]:
    """The vendor's keys as they are stored: never with a secret in it, never cut so that two become one."""
    secret, may_be_ssn = STREAMS[stream].secret, STREAMS[stream].may_be_ssn
    keys = []
    for row in rows:
        key, data = row.key, row.data
        for name in secret:
            value = str(data.get(name) or "")
            if value and value in key:
                key = key.replace(value, session.vault.blind_index(f"{session.employer}/{value}", name)[:24])
        for name in may_be_ssn:
            value = str(data.get(name) or "")
            if (ssn := as_ssn(value)) and value in key:
                key = key.replace(value, people.ssn_index(session, ssn)[:24])
        if len(key) > KEY_LENGTH:
            key = f"{key[:80]}~{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        keys.append(key)
    return keys


def _known_hashes(session: Session, header: _Staging, keys: list[str]) -> dict[str, str]:
    rows = session.rows(
        select(seen.c.row_key, seen.c.row_hash).where(
            *session.where(seen, connection_id=header.connection_id, stream=header.stream),
            session.among(seen.c.row_key, keys),
        )
    )
    return dict(cast("Sequence[tuple[str, str]]", rows))


def _keep_payloads(session: Session, told: Mapping[str, bytes]) -> None:
    """Keep what came, sealed, by its hash; the same content is kept once."""
    known = {
        row.payload_hash
        for row in session.rows(
            select(payload.c.payload_hash).where(
                payload.c.employer_id == session.employer, session.among(payload.c.payload_hash, told)
            )
        )
    }
    session.add(
        payload,
        [{"payload_hash": name, "payload_sealed": session.seal(content, "payload")}
         for name, content in told.items() if name not in known],
    )  # fmt: skip


def _count(session: Session, table: Any, batch_id: str) -> int:
    return int(
        session.connection.execute(
            select(func.count()).select_from(table).where(*session.where(table, batch_id=batch_id))
        ).scalar_one()
    )


def file_seen(session: Session, connection_id: str, stream: str, content: bytes) -> bool:
    """Whether a file with exactly this content was already taken in and applied on this connection."""
    page_hash = session.vault.content_hash(content)
    return (
        session.connection.execute(
            select(intake_page.c.batch_id)
            .join(
                intake_batch,
                (intake_batch.c.employer_id == intake_page.c.employer_id)
                & (intake_batch.c.batch_id == intake_page.c.batch_id),
            )
            .where(
                *session.where(intake_page, payload_hash=page_hash),
                intake_batch.c.connection_id == connection_id,
                intake_batch.c.stream == stream,
                intake_batch.c.state == "applied",
            )
            .limit(1)
        ).first()
        is not None
    )
