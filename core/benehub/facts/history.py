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

from sqlalchemy import func, select

from benehub.periods import FOREVER, Interval
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import fact

_COLUMNS = (
    fact.c.fact_id, fact.c.kind, fact.c.subject, fact.c.fact_key, fact.c.effective_from, fact.c.effective_to,
    fact.c.data, fact.c.seq,
)  # fmt: skip
"""What a belief is made of; where it came from is asked by id."""


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
    told = list(versions)
    for kind in dict.fromkeys(version.kind for version in told):
        preload(session, kind, [version.subject for version in told if version.kind == kind])
    stored = _preloaded(session)
    count = 0
    for version in told:
        before = stored[version.kind, version.subject]
        data = None if version.data is None else _plain(version.data)
        if _believed(before, version, data):
            continue
        seq, recorded_at = session.take_seq()
        columns = {
            "fact_id": session.id("fct", version.kind, version.subject, version.key, str(seq)),
            "kind": version.kind, "subject": version.subject, "fact_key": version.key,
            "effective_from": version.effective_from, "effective_to": version.effective_to,
            "data": data, "seq": seq,
        }  # fmt: skip
        before.append(SimpleNamespace(**columns))
        origin = {"recorded_at": recorded_at, "batch_id": batch_id, "row_no": row_no or None, "source": source}
        session.defer(fact, columns | origin)
        count += 1
    session.written()
    return count


def preload(session: Session, kind: str, subjects: Iterable[str]) -> None:
    """Read every version about these subjects at once: this transaction asks for them no more.

    Versions that it records join them.
    """
    stored = _preloaded(session)
    missing = list(dict.fromkeys(one for one in subjects if (kind, one) not in stored))
    if missing:
        session.flush_deferred()
    for start in range(0, len(missing), CHUNK):
        part = missing[start : start + CHUNK]
        stored.update({(kind, subject): [] for subject in part})
        for row in session.rows(
            select(*_COLUMNS).where(*session.where(fact, kind=kind), fact.c.subject.in_(part)).order_by(fact.c.seq)
        ):
            stored[kind, row.subject].append(row)


def as_of(
    session: Session, kind: str, day: date, known_at: int | None = None, subjects: Sequence[str] | None = None
) -> list[Fact]:
    """What is true on `day` as known at `known_at` (default: now), for all subjects or those named."""
    if subjects is not None and known_at is None and _held(session, kind, subjects):
        return _newest(_preloaded(session), kind, day, subjects)
    session.flush_deferred()
    newest = (
        func.row_number()
        .over(partition_by=(fact.c.subject, fact.c.fact_key), order_by=fact.c.seq.desc())
        .label("newest")
    )
    query = select(*_COLUMNS, newest).where(
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
    if subjects is not None and known_at is None and _held(session, kind, subjects):
        return _within(window, _by_key(_preloaded(session)[kind, subject] for subject in dict.fromkeys(subjects)))
    session.flush_deferred()
    # All versions are read, for one that begins after the window ends what holds in it.
    query = select(*_COLUMNS).where(fact.c.employer_id == session.employer, fact.c.kind == kind)
    if known_at is not None:
        query = query.where(fact.c.seq <= known_at)
    parts = (query if chunk is None else query.where(fact.c.subject.in_(chunk)) for chunk in _chunks(subjects))
    return _within(window, _by_key(session.rows(part.order_by(fact.c.seq)) for part in parts))


def subjects_after(session: Session, kind: str, after: str, count: int) -> list[str]:
    """The next subjects of a kind in their order, for reading everybody part by part; `after` is the last one had."""
    session.flush_deferred()
    query = select(fact.c.subject).where(*session.where(fact, kind=kind), fact.c.subject > after)
    return [row.subject for row in session.rows(query.distinct().order_by(fact.c.subject).limit(count))]


def _by_key(parts: Iterable[Sequence[Any]]) -> dict[tuple[str, str], list[Any]]:
    grouped: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for rows in parts:
        for row in rows:
            grouped[(row.subject, row.fact_key)].append(row)
    return grouped


def _within(window: Interval, grouped: Mapping[tuple[str, str], list[Any]]) -> dict[tuple[str, str], list[Fact]]:
    resolved = {
        key: [f for f in resolve(rows) if f.effective_from < window.end and f.effective_to > window.start]
        for key, rows in grouped.items()
    }
    return {key: facts for key, facts in resolved.items() if facts}


def resolve(rows: Sequence[Any]) -> list[Fact]:
    """Believed segments of versions of one subject and key, given in recorded order: the later wins."""
    if len(rows) == 1:  # most of what is known was said once
        row = rows[0]
        return [] if row.data is None or row.effective_from >= row.effective_to else [_fact(row)]
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


def _preloaded(session: Session) -> dict[tuple[str, str], list[Any]]:
    """Versions by kind and subject that this transaction holds, in recorded order."""
    held: dict[tuple[str, str], list[Any]] = session.memo.setdefault("facts", {})
    return held


def _held(session: Session, kind: str, subjects: Sequence[str]) -> bool:
    held = _preloaded(session)
    return all((kind, subject) in held for subject in subjects)


def _newest(held: Mapping[tuple[str, str], list[Any]], kind: str, day: date, subjects: Sequence[str]) -> list[Fact]:
    winners = {
        (row.subject, row.fact_key): row
        for subject in subjects
        for row in held[kind, subject]
        if row.effective_from <= day < row.effective_to
    }
    return [_fact(row) for _, row in sorted(winners.items()) if row.data is not None]


def _believed(stored: Sequence[Any], version: Version, wanted: dict[str, Any] | None) -> bool:
    if version.effective_from == version.effective_to:
        return True  # it speaks of no day
    inside = [
        row
        for row in stored
        if row.fact_key == version.key
        and row.effective_from < version.effective_to
        and row.effective_to > version.effective_from
    ]
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
