"""Bitemporal facts: append-only versions, each true over `[effective_from, effective_to)`.

For day D as known at T, the version with the highest recorded number up to T whose interval covers D wins; an
ending is a version without data. Nothing is ever changed: what we believed last month can be asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, pairwise
from typing import Any, NamedTuple

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Select, Text, cast, select

from benehub.ids import numbered
from benehub.periods import FOREVER, Interval
from benehub.store import Session
from benehub.store.tables import fact, renamed

_COLUMNS = (
    fact.c.subject, fact.c.fact_key, cast(fact.c.data, Text), fact.c.effective_from, fact.c.effective_to,
    fact.c.fact_id, fact.c.seq,
)  # fmt: skip
"""What a belief is made of, its data as text; where it came from is asked by id."""

NAMES = ("first_name", "last_name")

Which = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Says of the column of subjects which of them are meant, where they are too many to be named."""


class Version(NamedTuple):
    """One statement about the world: of `kind`, about `subject` (a person or pay group), under `key`.

    `data` None means that nothing is true over the interval (an ending). No SSN and no bank number stands in
    `data`; they are sealed with the person.
    """

    kind: str
    subject: str
    key: str
    effective_from: date
    data: Mapping[str, Any] | None
    effective_to: date = FOREVER

    def __repr__(self) -> str:
        """Without the data, which is personal."""
        return f"Version({self.kind}, {self.subject}, {self.key!r}, [{self.effective_from}, {self.effective_to}))"


class Fact(NamedTuple):
    """What is believed: the data, since when, and which recorded version says so."""

    kind: str
    subject: str
    key: str
    data: Mapping[str, Any]
    effective_from: date
    effective_to: date
    fact_id: str
    seq: int

    def __repr__(self) -> str:
        """Without the data, which is personal."""
        return f"Fact({self.kind}, {self.subject}, {self.key!r}, [{self.effective_from}, {self.effective_to}))"


def record(
    session: Session, versions: Iterable[Version], source: str, batch_id: str | None = None, row_no: int = 0
) -> int:
    """Append the versions that say something new; gives how many did.

    A version that says what is already believed over its whole interval is not stored again, so a step that
    runs twice records once. Of versions given together a later one wins over an earlier one.
    """
    told = list(versions)
    stored = loaded(session)
    for version in told:
        if (version.kind, version.subject) not in stored:
            preload(session, version.kind, [one.subject for one in told if one.kind == version.kind])
    count = 0
    for version in told:
        kind, subject, key, start, given, end = version
        before = stored[kind, subject]
        data = None if given is None else _plain(given)
        if _believed(before, version, data):
            continue
        seq, recorded_at = session.take_seq()
        name = fact_id(session.employer, kind, subject, key, seq)
        before.append(_said(kind, subject, key, data, start, end, name, seq))
        if kind == "employee" and len(before) > 1:
            _note_names(session, subject, before)
        session.defer(
            fact,
            {"fact_id": name, "kind": kind, "subject": subject, "fact_key": key, "effective_from": start,
             "effective_to": end, "data": data, "seq": seq, "recorded_at": recorded_at, "batch_id": batch_id,
             "row_no": row_no or None, "source": source},
        )  # fmt: skip
        count += 1
    session.written()
    return count


def _note_names(session: Session, subject: str, versions: Sequence[Fact]) -> None:
    """Keep all names of an employee whose name was another one once, for those who search (`benehub.views.search`)."""
    names = [{str(row.data[name]) for row in versions if row.data and name in row.data} for name in NAMES]
    if any(len(one) > 1 for one in names):
        for word in sorted(set().union(*names)):
            session.defer(renamed, {"person_id": subject, "word": word}, new=True)


def fact_id(employer: str, kind: str, subject: str, key: str, seq: int) -> str:
    """A fact's id, by its number."""
    return numbered("fct", seq, f"{employer}/{kind}/{subject}/{key}")


def preload(session: Session, kind: str, subjects: Iterable[str]) -> None:
    """Read every version about these subjects at once: this transaction asks for them no more.

    Versions that it records join them.
    """
    stored = loaded(session)
    missing = list(dict.fromkeys(one for one in subjects if (kind, one) not in stored))
    if missing:
        stored.update({(kind, subject): [] for subject in missing})
        for row in _versions(session, kind, None, missing):
            stored[kind, row.subject].append(row)


def preload_new(session: Session, subject: str, *kinds: str) -> None:
    """This transaction has made the subject: there is nothing to be read about it."""
    loaded(session).update({(kind, subject): [] for kind in kinds})


def as_of(
    session: Session, kind: str, day: date, known_at: int | None = None, subjects: Sequence[str] | Which | None = None
) -> list[Fact]:
    """What is true on `day` as known at `known_at` (default: now), for all subjects or those named.

    They come in the order of subject and key.
    """
    known = _held(session, kind, known_at, subjects)
    if known is None:
        rows = _versions(session, kind, known_at, subjects, fact.c.effective_from <= day, fact.c.effective_to > day)
    else:
        rows = [row for versions in known for row in versions if row.effective_from <= day < row.effective_to]
    newest = {row[1:3]: row for row in rows}
    found = newest.items() if known is None else sorted(newest.items())
    return [row for _, row in found if row.data is not None]


def timelines(
    session: Session,
    kind: str,
    window: Interval,
    known_at: int | None = None,
    subjects: Sequence[str] | Which | None = None,
) -> dict[tuple[str, str], list[Fact]]:
    """Per (subject, key) the believed facts that touch `window`, in order, without overlaps or endings.

    They are not cut at the window's edges: each says since when and until when it is really true.
    """
    known = _held(session, kind, known_at, subjects)
    if known is not None and not any(known):
        return {}
    # All versions are read, for one that begins after the window ends what holds in it.
    stored = [_versions(session, kind, known_at, subjects)] if known is None else known
    grouped: dict[tuple[str, str], list[Fact]] = {}
    for row in chain.from_iterable(stored):
        grouped.setdefault((row[1], row[2]), []).append(row)
    start, end = window.start, window.end
    found = {}
    for key, rows in grouped.items():
        segments = [one for one in resolve(rows) if one.effective_from < end and one.effective_to > start]
        if segments:
            found[key] = segments
    return found


def subjects_after(session: Session, kind: str, after: str, count: int) -> list[str]:
    """The next subjects of a kind in their order, for reading everybody part by part; `after` is the last one had."""
    session.flush_deferred()
    query = select(fact.c.subject).where(*session.where(fact, kind=kind), fact.c.subject > after)
    return [row.subject for row in session.rows(query.distinct().order_by(fact.c.subject).limit(count))]


def _versions(
    session: Session, kind: str, known_at: int | None, subjects: Sequence[str] | Which | None,
    *also: ColumnElement[bool],
) -> list[Fact]:  # fmt: skip
    """Stored versions, endings among them, by subject and key in recorded order."""
    session.flush_deferred()
    query = select(*_COLUMNS).where(*session.where(fact, kind=kind), *also)
    if known_at is not None:
        query = query.where(fact.c.seq <= known_at)
    if subjects is None:
        return _read(session, kind, query)
    if callable(subjects):
        return _read(session, kind, query.where(subjects(fact.c.subject)))
    return _read(session, kind, query.where(session.among(fact.c.subject, subjects)))


def _read(session: Session, kind: str, query: Select[*tuple[Any, ...]]) -> list[Fact]:
    """One version a row. It runs for every fact of everybody: an index gives the order, text becomes data once."""
    rows: Sequence[Any] = session.rows(query.order_by(fact.c.subject, fact.c.fact_key, fact.c.seq))
    return [
        _said(kind, subject, key, None if text is None else from_json(text), start, end, fact_id, seq)
        for subject, key, text, start, end, fact_id, seq in rows
    ]


def _said(kind: str, subject: str, key: str, data: Any, start: date, end: date, fact_id: str, seq: int) -> Fact:
    """A version as a fact; an ending is one without data, and never leaves this module."""
    return Fact(kind, subject, key, data, start, end, fact_id, seq)


def resolve(rows: Sequence[Fact]) -> list[Fact]:
    """Believed segments of versions of one subject and key, given in recorded order: the later wins."""
    if len(rows) == 1:  # most of what is known was said once
        row = rows[0]
        return [] if row.data is None or row.effective_from >= row.effective_to else [row]
    if rows and _one_after_the_other(rows):
        return _successive(rows)
    cuts = sorted({row.effective_from for row in rows} | {row.effective_to for row in rows})
    segments: list[Fact] = []
    for start, end in pairwise(cuts):
        covering = [row for row in rows if row.effective_from <= start < row.effective_to]
        if not covering or covering[-1].data is None:
            continue
        winner = covering[-1]
        last = segments[-1] if segments else None
        if last is not None and last.effective_to == start and last.data == winner.data:
            segments[-1] = winner._replace(effective_from=last.effective_from, effective_to=end)
        else:
            segments.append(winner._replace(effective_from=start, effective_to=end))
    return segments


def _one_after_the_other(rows: Sequence[Fact]) -> bool:
    """Whether no version begins before an earlier one, and all end together: most histories are told so."""
    before, end = rows[0].effective_from, rows[0].effective_to
    for row in rows:
        if row.effective_from < before or row.effective_to != end:
            return False
        before = row.effective_from
    return True


def _successive(rows: Sequence[Fact]) -> list[Fact]:
    """As `resolve`, of versions one after the other: each holds until the next one begins."""
    end = rows[0].effective_to
    segments: list[Fact] = []
    for row, until in zip(rows, [*(row.effective_from for row in rows[1:]), end], strict=True):
        if row.data is None or row.effective_from >= until:
            continue
        since = row.effective_from
        if segments and segments[-1].effective_to == since and segments[-1].data == row.data:
            since = segments.pop().effective_from
        segments.append(Fact(row.kind, row.subject, row.key, row.data, since, until, row.fact_id, row.seq))
    return segments


def loaded(session: Session) -> dict[tuple[str, str], list[Fact]]:
    """Versions by kind and subject that this transaction holds, in recorded order within a key."""
    found: dict[tuple[str, str], list[Fact]] = session.memo.setdefault("facts", {})
    return found


def _held(
    session: Session, kind: str, known_at: int | None, subjects: Sequence[str] | Which | None
) -> list[list[Fact]] | None:
    """The versions about these subjects, where this transaction holds all of them."""
    if subjects is None or callable(subjects) or known_at is not None:
        return None
    known = loaded(session)
    if len(subjects) == 1:
        one = known.get((kind, subjects[0]))
        return None if one is None else [one]
    named = dict.fromkeys(subjects)
    return [known[kind, one] for one in named] if all((kind, one) in known for one in named) else None


def _believed(stored: Sequence[Fact], version: Version, wanted: dict[str, Any] | None) -> bool:
    if version.effective_from == version.effective_to:
        return True  # it speaks of no day
    if not stored:
        return wanted is None
    inside = [
        row
        for row in stored
        if row.key == version.key
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
