"""Takes rows into custody: staged in chunks, checked whole, then applied, each row wholly or not at all.

Every row in ends in exactly one of applied, unchanged (counted, not stored), quarantined with its reason, or
superseded. The database refuses a finished batch whose counts do not balance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, func, select

from benehub.connect.connector import Incoming, Page
from benehub.crypto import as_ssn, mask
from benehub.errors import DataError
from benehub.identity import people
from benehub.money import shape
from benehub.records import STREAMS, Record
from benehub.store import Session, canonical
from benehub.store.session import CHUNK
from benehub.store.tables import intake_batch, intake_page, intake_row, intake_same, payload, seen

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


def open_batch(session: Session, connection_id: str, stream: str, run_key: str) -> str:
    """The batch of one read; opening it again (a step that runs twice) starts its staging afresh.

    A batch that was applied already is left as it is.
    """
    batch_id = session.id("int", connection_id, stream, run_key)
    found = batch(session, batch_id)
    if found is not None and found.state == "applied":
        return batch_id
    if found is not None:
        for table in (intake_row, intake_same, intake_page):
            session.connection.execute(table.delete().where(*session.where(table, batch_id=batch_id)))
        session.change(intake_batch, {"batch_id": batch_id}, state="staged", reason="", rows=0, unchanged=0,
                       quarantined=0, superseded=0, applied=0, gone=0, full_read=0, full_from=0)  # fmt: skip
        return batch_id
    seq, recorded_at = session.take_seq()
    row = {"batch_id": batch_id, "connection_id": connection_id, "stream": stream, "run_key": run_key}
    counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
    session.add(
        intake_batch,
        [{**row, **counts, "state": "staged", "reason": "", "seq": seq, "recorded_at": recorded_at}],
    )
    return batch_id


def batch(session: Session, batch_id: str) -> Row[Any] | None:
    """The batch's row, or None."""
    return session.connection.execute(
        select(intake_batch).where(*session.where(intake_batch, batch_id=batch_id))
    ).first()


def state(session: Session, batch_id: str) -> str:
    """Where the batch stands: staged, held, applied or refused; empty when there is none."""
    found = batch(session, batch_id)
    return "" if found is None else str(found.state)


def stage(session: Session, batch_id: str, page: Page) -> None:
    """Take one page into custody: its payload sealed once by hash, its rows sorted by what they are.

    A row is unchanged when the vendor's key carries the same content as last time. A key that comes twice in
    one batch supersedes the earlier row when the batch is applied, be it only to say the old content again.
    """
    header = batch(session, batch_id)
    assert header is not None, batch_id
    page_hash = session.vault.content_hash(page.payload)
    _keep_payload(session, page_hash, page.payload)
    page_no = _count(session, intake_page, batch_id) + 1
    session.add(
        intake_page,
        [{"batch_id": batch_id, "page_no": page_no, "name": mask(page.name)[:200], "payload_hash": page_hash,
          "rows": len(page.rows)}],
    )  # fmt: skip
    tally = {"unchanged": 0, "quarantined": 0}
    told: set[str] = set()
    staged: list[dict[str, Any]] = []
    same: list[dict[str, Any]] = []
    for start in range(0, len(page.rows), CHUNK):
        chunk = page.rows[start : start + CHUNK]
        keys = [_row_key(session, header.stream, row) for row in chunk]
        known = _known_hashes(session, header, keys)
        told |= _told_before(session, batch_id, keys)
        for offset, (key, row) in enumerate(zip(keys, chunk, strict=True), header.rows + start + 1):
            outcome, entry = _sort(session, header.stream, row, None if key in told else known.get(key))
            if outcome == "unchanged":
                tally["unchanged"] += 1
                same.append({"batch_id": batch_id, "row_key": key, "row_no": offset})
                continue
            if outcome == "quarantined":
                tally["quarantined"] += 1
            told.add(key)
            staged.append({"batch_id": batch_id, "row_no": offset, "row_key": key, **entry})
    session.add(intake_row, staged)
    whole = page.full and (page.alone or page_no == 1 or bool(header.full_read))
    if whole:
        session.add(intake_same, same)
    session.change(
        intake_batch,
        {"batch_id": batch_id},
        rows=header.rows + len(page.rows),
        unchanged=header.unchanged + tally["unchanged"],
        quarantined=header.quarantined + tally["quarantined"],
        full_read=int(whole),
        full_from=header.rows if page.alone else header.full_from,
        cursor=page.cursor if page.cursor is not None else header.cursor,
    )


def staged_rows(session: Session, batch_id: str, after: int = 0) -> Sequence[Row[Any]]:
    """The next chunk of rows waiting to be applied, in their order."""
    return session.rows(
        select(intake_row)
        .where(*session.where(intake_row, batch_id=batch_id, outcome="staged"), intake_row.c.row_no > after)
        .order_by(intake_row.c.row_no)
        .limit(CHUNK)
    )


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


def _row_key(session: Session, stream: str, row: Incoming) -> str:
    """The vendor's key as it is stored: never with a secret in it, never cut so that two become one."""
    key = row.key
    for name in STREAMS[stream].secret:
        value = str(row.data.get(name) or "")
        if value and value in key:
            key = key.replace(value, session.vault.blind_index(f"{session.employer}/{value}", name)[:24])
    for name in STREAMS[stream].may_be_ssn:
        value = str(row.data.get(name) or "")
        if (ssn := as_ssn(value)) and value in key:
            key = key.replace(value, people.ssn_index(session, ssn)[:24])
    if len(key) > KEY_LENGTH:
        key = f"{key[:80]}~{hashlib.sha256(key.encode()).hexdigest()[:32]}"
    return key


def _told_before(session: Session, batch_id: str, keys: list[str]) -> set[str]:
    rows = session.rows(
        select(intake_row.c.row_key).where(
            *session.where(intake_row, batch_id=batch_id), intake_row.c.row_key.in_(keys)
        )
    )
    return {row.row_key for row in rows}


def _sort(session: Session, stream: str, row: Incoming, known: str | None) -> tuple[str, dict[str, Any]]:
    content = {"data": dict(row.data), "extra": dict(row.extra), "deleted": row.deleted}
    if row.problem:
        sealed = session.seal({**content, "problem": mask(row.problem)}, "intake_row")
        return "quarantined", {"outcome": "quarantined", "reason": mask(row.problem), "row_sealed": sealed}
    # The hash first: most rows of a full read are unchanged, and only what is kept has to be sealed.
    plain = canonical(content)
    if session.vault.content_hash(plain) == known:
        return "unchanged", {}
    sealed = session.seal(plain, "intake_row")
    try:
        if not row.deleted:
            validate(stream, row.data)
    except DataError as error:
        return "quarantined", {"outcome": "quarantined", "reason": mask(str(error)), "row_sealed": sealed}
    return "staged", {"outcome": "staged", "reason": "", "row_sealed": sealed}


def _known_hashes(session: Session, header: Row[Any], keys: list[str]) -> dict[str, str]:
    rows = session.rows(
        select(seen.c.row_key, seen.c.row_hash).where(
            *session.where(seen, connection_id=header.connection_id, stream=header.stream),
            seen.c.row_key.in_(keys),
        )
    )
    return {row.row_key: row.row_hash for row in rows}


def _keep_payload(session: Session, page_hash: str, content: bytes) -> None:
    known = session.connection.execute(
        select(payload.c.payload_hash).where(*session.where(payload, payload_hash=page_hash))
    ).first()
    if known is None:
        session.add(payload, [{"payload_hash": page_hash, "payload_sealed": session.seal(content, "payload")}])


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
