"""Bitemporal facts: append-only versions, each true over `[effective_from, effective_to)`.

For day D as known at T, the version with the highest recorded number up to T whose interval covers D wins; an
ending is a version without data. Nothing is ever changed: what we believed last month can be asked again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, func, select

from benehub.periods import FOREVER, Interval
from benehub.store import Session, canonical
from benehub.store.session import CHUNK
from benehub.store.tables import fact


@dataclass(frozen=True, slots=True)
class Version:
    """One statement about the world: of `kind`, about `subject` (a person or pay group), under `key`.

    `data` None means that nothing is true over the interval (an ending). No SSN and no bank number stands in
    `data`; they are sealed with the person.
    """

    kind: str
    subject: str
    key: str
    effective_from: date
    data: Mapping[str, Any] | None = field(repr=False)
    effective_to: date = FOREVER


@dataclass(frozen=True, slots=True)
class Fact:
    """What is believed: the data, since when, and which recorded version says so."""

    kind: str
    subject: str
    key: str
    data: Mapping[str, Any] = field(repr=False)
    effective_from: date
    effective_to: date
    fact_id: str
    seq: int


def record(
    session: Session, versions: Iterable[Version], source: str, batch_id: str | None = None, row_no: int = 0
) -> int:
    """Append the versions that say something new; gives how many did.

    A version that says what is already believed over its whole interval is not stored again, so a step that
    runs twice records once. Of versions given together a later one wins over an earlier one.
    """
    fresh: list[Version] = []
    told: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for version in versions:
        before = told[(version.kind, version.subject, version.key)]
        if not _believed(session, version, before):
            fresh.append(version)
            before.append(_not_yet_stored(version))
    if not fresh:
        return 0
    first, recorded_at = session.take_seq(len(fresh))
    rows = []
    for seq, version in enumerate(fresh, first):
        digest = session.vault.content_hash(canonical(version.data))
        rows.append(
            {
                "fact_id": session.id("fct", version.kind, version.subject, version.key, str(seq), digest),
                "kind": version.kind,
                "subject": version.subject,
                "fact_key": version.key,
                "effective_from": version.effective_from,
                "effective_to": version.effective_to,
                "data": None if version.data is None else _plain(version.data),
                "seq": seq,
                "recorded_at": recorded_at,
                "batch_id": batch_id,
                "row_no": row_no or None,
                "source": source,
            }
        )
    return session.add(fact, rows)


def as_of(
    session: Session, kind: str, day: date, known_at: int | None = None, subjects: Sequence[str] | None = None
) -> list[Fact]:
    """What is true on `day` as known at `known_at` (default: now), for all subjects or those named."""
    newest = (
        func.row_number()
        .over(partition_by=(fact.c.subject, fact.c.fact_key), order_by=fact.c.seq.desc())
        .label("newest")
    )
    query = select(fact, newest).where(
        fact.c.employer_id == session.employer,
        fact.c.kind == kind,
        fact.c.effective_from <= day,
        fact.c.effective_to > day,
    )
    if known_at is not None:
        query = query.where(fact.c.seq <= known_at)
    found: list[Fact] = []
    for chunk in _chunks(subjects):
        part = (query if chunk is None else query.where(fact.c.subject.in_(chunk))).subquery()
        rows = session.rows(select(part).where(part.c.newest == 1).order_by(part.c.subject, part.c.fact_key))
        found.extend(_fact(row) for row in rows if row.data is not None)
    return found


def timelines(
    session: Session,
    kind: str,
    window: Interval,
    known_at: int | None = None,
    subjects: Sequence[str] | None = None,
) -> dict[tuple[str, str], list[Fact]]:
    """Per (subject, key) the believed facts that touch `window`, in order, without overlaps or endings.

    They are not cut at the window's edges: each says since when and until when it is really true.
    """
    # All versions are read, for one that begins after the window ends what holds in it.
    query = select(fact).where(fact.c.employer_id == session.employer, fact.c.kind == kind)
    if known_at is not None:
        query = query.where(fact.c.seq <= known_at)
    grouped: dict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for chunk in _chunks(subjects):
        part = query if chunk is None else query.where(fact.c.subject.in_(chunk))
        for row in session.rows(part.order_by(fact.c.seq)):
            grouped[(row.subject, row.fact_key)].append(row)
    resolved = {
        key: [f for f in resolve(rows) if f.effective_from < window.end and f.effective_to > window.start]
        for key, rows in grouped.items()
    }
    return {key: facts for key, facts in resolved.items() if facts}


def resolve(rows: Sequence[Any]) -> list[Fact]:
    """Believed segments of versions of one subject and key, given in recorded order: the later wins."""
    cuts = sorted({row.effective_from for row in rows} | {row.effective_to for row in rows})
    segments: list[Fact] = []
    for start, end in pairwise(cuts):
        covering = [row for row in rows if row.effective_from <= start < row.effective_to]
        if not covering or covering[-1].data is None:
            continue
        winner = covering[-1]
        last = segments[-1] if segments else None
        if last is not None and last.effective_to == start and last.data == winner.data:
            segments[-1] = _fact(winner, last.effective_from, end)
        else:
            segments.append(_fact(winner, start, end))
    return segments


def _believed(session: Session, version: Version, told: Sequence[Any]) -> bool:
    if version.effective_from == version.effective_to:
        return True  # it speaks of no day
    rows: list[Any] = list(
        session.rows(
            select(fact)
            .where(*session.where(fact, kind=version.kind, subject=version.subject, fact_key=version.key))
            .order_by(fact.c.seq)
        )
    )
    inside = [
        row
        for row in (*rows, *told)
        if row.effective_from < version.effective_to and row.effective_to > version.effective_from
    ]
    wanted = None if version.data is None else _plain(version.data)
    covered = resolve(inside)
    over = [f for f in covered if f.effective_from < version.effective_to and f.effective_to > version.effective_from]
    if wanted is None:
        return not over
    return (
        len(over) == 1
        and dict(over[0].data) == wanted
        and over[0].effective_from <= version.effective_from
        and over[0].effective_to >= version.effective_to
    )


def _not_yet_stored(version: Version) -> Any:
    """`version` in the shape of a stored row."""
    return SimpleNamespace(
        kind=version.kind, subject=version.subject, fact_key=version.key, fact_id="", seq=0,
        effective_from=version.effective_from, effective_to=version.effective_to,
        data=None if version.data is None else _plain(version.data),
    )  # fmt: skip


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in data.items()}


def _fact(row: Any, start: date | None = None, end: date | None = None) -> Fact:
    return Fact(
        row.kind, row.subject, row.fact_key, row.data,
        start or row.effective_from, end or row.effective_to, row.fact_id, row.seq,
    )  # fmt: skip


def _chunks(subjects: Sequence[str] | None) -> Iterable[Sequence[str] | None]:
    if subjects is None:
        return [None]
    return [subjects[start : start + CHUNK] for start in range(0, len(subjects), CHUNK)]
