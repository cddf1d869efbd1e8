"""A table that a person uploads: kept sealed, mapped, tried, and then taken in as whatever any connection reads.

There is no second way in. A source of uploads is a connection of the `files` connector whose files lie nowhere; the
column map that a person decides on is that connection's own, so the next file of the source is suggested the same.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, select

from benehub import connections, intake
from benehub.connect.connector import Connector, Link
from benehub.connect.files import check_name
from benehub.connect.stored import StoredMailbox
from benehub.connections import Configured
from benehub.engine import Steps
from benehub.errors import ConfigError, DataError, FormatError, GuardTripped
from benehub.flows.connecting import must_name_listed
from benehub.flows.first_results import place_of
from benehub.flows.hub import Hub
from benehub.flows.rehearsal import rehearsal
from benehub.flows.runs import By
from benehub.flows.sync import apply, tell
from benehub.formats.delimited import read_delimited
from benehub.formats.rows import Table
from benehub.formats.workbook import read_workbook
from benehub.store import Session
from benehub.store.tables import fact, person, run, seen, upload
from benehub.store.version import must_be, version
from benehub.views.custody import details
from benehub.views.uploads import tells

READER: Final = "files"
"""The connector that reads tables."""

BY_HAND: Final = (
    "employee", "dependent", "compensation", "election", "register_line", "invoice_line", "credit", "leave_balance",
    "opening_balance",
)  # fmt: skip
"""Streams that are taken by hand."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes of a file, whatever the installation's own limit."""
MAX_UNPACKED: Final = 32 * 1024 * 1024
"""Bytes that a workbook may unpack to."""
MAX_PARTS: Final = 500
"""Files within a workbook."""
MAX_ROWS: Final = 20_000
SLUG: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
ENDINGS: Final = (".csv", ".txt", ".tsv", ".xlsx")
CHANGES_SHOWN = 60

FLOW: Final = "imports.take"
UNDECIDED: Final = "its columns are not decided yet"
DECIDE: Final = "Say which column is which field"


@dataclass(frozen=True, slots=True)
class Change:
    """One version of a fact that would be recorded: about whom, of what kind, from when, and whether it ends it."""

    member: str
    kind: str
    start: str
    ends: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What taking a file in would do; `held` says why it would stop and ask instead."""

    rows: int
    new: int
    changed: int
    unchanged: int
    ended: int
    quarantined: int
    superseded: int
    held: str = ""
    reasons: tuple[tuple[int, str], ...] = ()
    """(row, why it would wait) of the first ones in quarantine."""
    changes: tuple[Change, ...] = field(default=(), repr=False)


def receive(
    hub: Hub, employer: str, source: str, stream: str, name: str, data: bytes, who: str, most: int = MAX_BYTES,
    key: str = "",
) -> str:  # fmt: skip
    """Keep an uploaded table, unread; gives its id. Nothing of it is believed yet.

    Args:
        most: bytes that the installation takes.
        key: tells this upload from others of the same table: with the same one it is kept once, for as long as keys of
            writes are kept. Empty for a new one.

    Raises:
        DataError: no source or stream of this name can be uploaded to, or the file is no table that may be taken.
    """
    if not SLUG.fullmatch(source):
        raise DataError("a source's name is not one", where="source", mend="Small letters, digits and _, as `census`")
    if stream not in BY_HAND:
        raise DataError("no such kind of table", where="import", mend=f"There are {', '.join(BY_HAND)}")
    shown = file_name(name)
    _must_have_headings(table_of(shown, data, most), shown)
    with hub.store.write(employer) as session:
        _own(hub, session, source)
        seq, at = session.take_seq()
        digest = hashlib.sha256(data).hexdigest()

        def id_of(told: str) -> str:
            return session.id("upl", f"{source}/{stream}/{digest}/{told}")

        upload_id, before = (
            place_of(session, id_of, partial(_sent_at, session), key) if key else (id_of(str(seq)), False)
        )
        if before:
            return upload_id
        row = {"upload_id": upload_id, "source": source, "stream": stream, "name": shown, "digest": digest, "how": {}}
        sealed = session.seal(data, "upload")
        session.add(upload, [{**row, "data_sealed": sealed, "state": "waiting", "who": who[:80], "at": at, "seq": seq}])
    return upload_id


def _sent_at(session: Session, upload_id: str) -> str | None:
    query = select(upload.c.at).where(*session.where(upload, upload_id=upload_id))
    return session.connection.execute(query).scalar_one_or_none()


def _must_have_headings(table: Table, name: str) -> None:
    """That the first row is no person's: headings are told to whoever maps the columns."""
    for place, heading in enumerate(table.header, start=1):
        if tells(heading):
            raise FormatError(f"the heading of column {place} is a date or a number of a person", where=name,
                              mend="Put a row of headings, in words, above the first person")  # fmt: skip


def file_name(name: str) -> str:
    """The name alone, without any folder that a browser may send.

    Raises:
        DataError: it leads out of its folder, or is none of a table.
    """
    last = check_name(name.replace("\\", "/").strip()).rpartition("/")[2]
    if not last.casefold().endswith(ENDINGS):
        raise DataError("the file is no CSV and no XLSX table", where="import", mend="Save it as CSV UTF-8 or .xlsx")
    return last[-120:]


def table_of(name: str, data: bytes, most: int = MAX_BYTES) -> Table:
    """The table in a file, within what is taken by hand.

    Raises:
        FormatError: it is too large, packed or not, or no table.
    """
    if len(data) > most:
        raise FormatError(f"the file is larger than {most} bytes", mend="Split it, or connect the system itself")
    if not data:
        raise FormatError("the file is empty", mend="Export it again")
    if data.startswith(b"PK\x03\x04"):
        _unpacks(data)
        return read_workbook(data, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)
    return read_delimited(data, max_bytes=MAX_BYTES, max_rows=MAX_ROWS)


def _unpacks(data: bytes) -> None:
    """That a workbook is not a small file which becomes a large one, by what it says of itself and by its parts."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS:
                raise FormatError(f"the workbook has more than {MAX_PARTS} parts", mend="Save the table alone, as CSV")
            left = MAX_UNPACKED
            for part in parts:
                if part.file_size > left:
                    raise FormatError(f"the workbook unpacks to more than {MAX_UNPACKED} bytes", mend="Split it")
                left -= part.file_size
    except zipfile.BadZipFile:
        raise FormatError("not a readable XLSX workbook", mend="Save it as .xlsx, or as CSV UTF-8") from None


def decide(hub: Hub, employer: str, upload_id: str, how: Mapping[str, Any], expected: str = "") -> None:
    """Keep how the columns of a file are read, once it holds together; the source remembers it when it is taken.

    Raises:
        ConfigError: the map lacks a field that has to be filled, or names one that is none.
        DataError: there is no such file, it has been taken, a run is taking it in, or its map names a reference or
            address that is not listed.
        ChangedMeanwhile: its version is not the one `expected`, where one is named.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)  # whoever asks for a run at once comes before this, or behind it
        row = free(session, upload_id)
        must_be(expected, edited(row), row.name)
        settings, found = _settings(session, row.source, row.stream, how), connections.find(session, row.source)
        must_name_listed(hub, employer, _reader(hub), settings, {} if found is None else found.settings)
        connections.check(row.source, _reader(hub), settings)
        session.change(upload, {"upload_id": upload_id}, how=dict(how))


def edited(row: Row[Any]) -> dict[str, Any]:
    """What two people may edit of an uploaded file."""
    return {"how": row.how, "state": row.state}


def preview(hub: Hub, employer: str, upload_id: str) -> Preview:
    """Take the file in as it will be taken, and take everything back.

    Raises:
        DataError: there is no such file, it has been taken, or its columns are not decided yet.
    """
    with rehearsal(hub) as trial:
        with trial.store.read(employer) as session:
            row = waiting(session, upload_id)
            before = _seen(session, row.source, row.stream)
        batch_id = stage(trial, employer, upload_id)
        held = ""
        try:
            apply(trial, employer, batch_id)
        except GuardTripped as error:
            held = error.what
        with trial.store.read(employer) as session:
            after = _seen(session, row.source, row.stream)
            return _told(session, batch_id, after - before, held)


def _told(session: Session, batch_id: str, new: int, held: str) -> Preview:
    header = intake.batch(session, batch_id)
    assert header is not None
    changes = _changes(session, batch_id)
    ended = int(header.gone) + len({one.member for one in changes if one.ends and one.kind == "employment"})
    waits = details(session, batch_id)["quarantine"]
    return Preview(
        rows=int(header._mapping["rows"]), new=new, changed=max(0, int(header.applied) - new),
        unchanged=int(header.unchanged), ended=ended, quarantined=int(header.quarantined),
        superseded=int(header.superseded), held=held, reasons=tuple((one["row"], one["reason"]) for one in waits),
        changes=tuple(changes[:CHANGES_SHOWN]),
    )  # fmt: skip


def _changes(session: Session, batch_id: str) -> list[Change]:
    rows = session.rows(
        select(fact.c.kind, fact.c.effective_from, fact.c.effective_to, fact.c.data, person.c.member_id)
        .join(person, (person.c.employer_id == fact.c.employer_id) & (person.c.person_id == fact.c.subject))
        .where(*session.where(fact, batch_id=batch_id))
        .order_by(fact.c.seq)
    )
    return [Change(one.member_id, one.kind, one.effective_from.isoformat(), one.data is None) for one in rows]


def _seen(session: Session, source: str, stream: str) -> int:
    query = select(func.count()).select_from(seen).where(*session.where(seen, connection_id=source, stream=stream))
    return int(session.connection.execute(query).scalar_one())


def version_of(row: Row[Any]) -> str:
    """The version of an uploaded file: other as soon as its columns are decided anew, or it waits no more."""
    return version(edited(row))


def take_by_run(hub: Hub, employer: str, upload_id: str, expected: str = "", by: By | None = None) -> str:
    """Have an uploaded table taken in, in a run of its own that a worker takes up; gives the run.

    Whoever asks again is told of the run that is under way, or that took it; after one that stopped there is another.

    Raises:
        DataError: there is no such file, it was laid aside, or its columns are not decided yet.
        ConfigError: the engine is not started.
        ChangedMeanwhile: its columns are not as they were at the version `expected`, where one is named.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)  # two who ask at once are told of one run
        row, last = kept(session, upload_id), attempt(session, upload_id)
        if expected != version_of(row):
            # Whether it is taken by now is told by its run.
            must_be(expected, edited(row) | {"state": "waiting"}, row.name)
        if last is not None and (last.state == "running" or (row.state == "taken" and not _half_way(session, row))):
            return str(last.run_id)
        if row.state != "taken" and not waiting(session, upload_id).how:
            raise DataError(UNDECIDED, where=row.name, mend=DECIDE)
        count = select(func.count()).select_from(run).where(*_taking(session, upload_id))
        before = session.connection.execute(count).scalar_one()
        return hub.enqueue_flow(session, FLOW, f"{_key(upload_id)}/{before + 1}", str(row.source), upload_id, by=by)


def attempt(session: Session, upload_id: str) -> Row[Any] | None:
    """The run that is to take a file in, or else the last one that was; None where nobody has asked for one."""
    query = select(run.c.run_id, run.c.state).where(*_taking(session, upload_id))
    order = ((run.c.state == "running").desc(), run.c.started_at.desc(), run.c.subject.desc())
    return next(iter(session.rows(query.order_by(*order).limit(1))), None)


def _key(upload_id: str) -> str:
    return f"by hand/{upload_id}"


def _taking(session: Session, upload_id: str) -> list[ColumnElement[bool]]:
    """What holds of the runs of a file."""
    return [*session.where(run, flow=FLOW), run.c.subject.startswith(_key(upload_id), autoescape=True)]


def _half_way(session: Session, row: Row[Any]) -> bool:
    """Whether a run has staged the rows, and did not come to apply them."""
    header = intake.batch(session, row.batch_id)
    return header is not None and header.state == "staged"


def take(hub: Hub, steps: Steps, employer: str, upload_id: str) -> dict[str, Any]:
    """Take an uploaded table in; gives the batch and its custody counts.

    Raises:
        GuardTripped: the batch is held for a person.
        DataError: there is no such file, or its columns are not decided.
    """
    batch_id = steps.step("stage", stage, hub, employer, upload_id)
    with hub.store.read(employer) as session:
        row = kept(session, upload_id)
    counts = steps.step("apply", apply, hub, employer, batch_id)
    steps.step("tell", tell, hub, employer, row.source, row.stream, counts)
    return {"batch": batch_id, **counts}


def stage(hub: Hub, employer: str, upload_id: str) -> str:
    """Stage the rows under the source's connection, which remembers the map; the file is in custody from then on."""
    with hub.store.write(employer) as session:
        session.take_seq(0)  # of two changes of a source the second reads what the first has made
        row = kept(session, upload_id)
        if row.state == "taken":
            return str(row.batch_id)  # a step that runs again
        row = waiting(session, upload_id)
        if not row.how:
            raise DataError(UNDECIDED, where=row.name, mend=DECIDE)
        settings = _settings(session, row.source, row.stream, row.how)
        connections.add(session, row.source, _reader(hub), settings, _mode(session, row.source))
        batch_id = intake.open_batch(session, row.source, row.stream, _key(upload_id))
        data = session.unseal(row.data_sealed, "upload")
        with _link(hub, session, employer, row, settings, data) as (connector, link):
            for page in connector.read(row.stream, link, None):
                intake.stage(session, batch_id, page)
        session.change(upload, {"upload_id": upload_id}, state="taken", batch_id=batch_id, data_sealed=None)
    return batch_id


def drop(hub: Hub, employer: str, upload_id: str) -> None:
    """Lay an uploaded table aside, unread; its bytes are gone.

    Raises:
        DataError: there is no such file, it has been taken, or a run is taking it in.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)  # as in `decide`
        free(session, upload_id)
        session.change(upload, {"upload_id": upload_id}, state="dropped", data_sealed=None)


@contextmanager
def _link(
    hub: Hub, session: Session, employer: str, row: Row[Any], settings: Mapping[str, Any], data: bytes
) -> Iterator[tuple[Connector, Link]]:
    """The connector, and a link whose mailbox holds this one file."""
    connector = _reader(hub)()
    checked = connections.check(row.source, _reader(hub), settings)
    zone = session.zone()
    mailbox = StoredMailbox(row.name, data)
    yield connector, Link(employer, row.source, checked, lambda: hub.store.clock().astimezone(zone), mailbox=mailbox)


def _reader(hub: Hub) -> type[Connector]:
    return connections.known(hub.connectors, READER)


def _settings(session: Session, source: str, stream: str, how: Mapping[str, Any]) -> dict[str, Any]:
    """The source's settings with this map; those of its other streams stay."""
    row = connections.find(session, source)
    streams = dict(row.settings["streams"]) if row is not None else {}
    streams[stream] = {"pattern": "*", **how}
    return {"place": {"uploads": True}, "streams": streams, "max_rows": MAX_ROWS}


def _own(hub: Hub, session: Session, source: str) -> None:
    row = connections.find(session, source)
    if row is not None and not is_by_hand(row):
        raise DataError(f"{source} is read by itself", where="import", mend="Name another source for files by hand")
    _reader(hub)


def is_by_hand(row: Configured) -> bool:
    """Whether a connection's files are uploaded."""
    return row.connector == READER and bool(row.settings.get("place", {}).get("uploads"))


def _mode(session: Session, source: str) -> str:
    row = connections.find(session, source)
    if row is not None and row.mode == "paused":
        raise ConfigError(f"connection {source!r} is paused", mend=f"benehub connection resume {source}")
    return "live" if row is None else str(row.mode)


def kept(session: Session, upload_id: str) -> Row[Any]:
    """An uploaded file, whatever became of it.

    Raises:
        DataError: there is none.
    """
    found = session.connection.execute(select(upload).where(*session.where(upload, upload_id=upload_id))).first()
    if found is None:
        raise DataError(f"no uploaded file {upload_id[:40]!r}", mend="Upload it again")
    return found


def waiting(session: Session, upload_id: str) -> Row[Any]:
    """An uploaded file that has neither been taken nor laid aside.

    Raises:
        DataError: there is none.
    """
    found = kept(session, upload_id)
    if found.state != "waiting":
        raise DataError(f"it has been {found.state}", where=found.name, mend="Upload the file again")
    return found


def free(session: Session, upload_id: str) -> Row[Any]:
    """An uploaded file that waits, and that no run is about to take in.

    Raises:
        DataError: there is none.
    """
    found, last = waiting(session, upload_id), attempt(session, upload_id)
    if last is not None and last.state == "running":
        raise DataError("a run is taking it in", where=found.name, mend="Wait for its run, or cancel it")
    return found
