"""Reads a stream of a connection into custody and applies it. Every arrow into the hub takes this way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from benehub import connections, intake
from benehub.connect.connector import Page
from benehub.engine import Steps
from benehub.errors import DataError, GuardTripped, NeedsPersonError
from benehub.flows.hub import Hub
from benehub.identity import strangers
from benehub.plugins import call_each
from benehub.records.notices import SyncNotice
from benehub.store import Session, without_collector

MAX_PAGES = 100_000
"""Pages of one read at most; a vendor that never ends is cut off, with an error by the pager before that."""

CHUNKS = 8
"""Chunks that are applied in one transaction: each commit writes what their rows have touched in every index."""

STAGED = 2000
"""Rows of as many pages as are staged in one transaction; a larger page has its own."""


def sync(hub: Hub, steps: Steps, employer: str, connection_id: str, stream: str, run_key: str, full: bool) -> Any:
    """Read `stream` and apply it; gives the custody counts.

    Raises:
        GuardTripped: the batch is held for a person.
        BenehubError: what the connector raised; nothing was applied and the cursor stays.
    """
    batch_id, waits = steps.step("read", read, hub, employer, connection_id, stream, run_key, full)
    counts = steps.step("apply", apply, hub, employer, batch_id)
    steps.step("tell", tell, hub, employer, connection_id, stream, counts)
    unlinked = steps.step("unlinked", _unlinked, hub, employer, connection_id)
    return {"batch": batch_id, "rate_limited": waits, **counts, "unlinked": unlinked}


def read(
    hub: Hub, employer: str, connection_id: str, stream: str, run_key: str, full: bool, keys: Sequence[str] = ()
) -> tuple[str, int]:
    """Stage the pages as they come, some in one transaction; the vendor is never called inside one.

    Of a stream whose vendor can be asked so, only the rows of these `keys` are read. Gives the batch, and how often
    the vendor asked to wait. Where the vendor gives changes once, those that a broken-off read has kept are applied
    before anything else is read.

    Raises:
        RetriableError: another process has begun it anew meanwhile, since this one was taken for dead.
        GuardTripped: what a broken-off read has kept is held for a person; the next read goes on without it.
    """
    with hub.open(employer, connection_id) as opened:
        if opened.mode == "paused":
            raise NeedsPersonError(
                "the connection is paused",
                where=f"connection {connection_id}",
                mend="Resume it: benehub connection resume",
            )
        once = stream in opened.connector.gives_once
        if once:
            _apply_kept(hub, employer, connection_id, stream)
        with hub.store.write(employer) as session:
            batch_id = intake.open_batch(session, connection_id, stream, run_key, once)
            begun_at, part = intake.begun(session, batch_id), 1
            while once and begun_at is None:  # half of it was kept, applied or held: what the vendor has yet is another
                part += 1
                batch_id = intake.open_batch(session, connection_id, stream, f"{run_key} part {part}", once)
                begun_at = intake.begun(session, batch_id)
            if begun_at is None:
                return batch_id, 0
            since = None if full else connections.cursor(session, connection_id, stream)
        some = opened.connector.reread(stream, opened.link, keys) if keys else None
        came, read = iter(opened.connector.read(stream, opened.link, since) if some is None else some), 0
        most = 1 if once and since is not None else STAGED // 10
        while pages := _together(came, most):
            read += len(pages)
            if read > MAX_PAGES:
                raise DataError(f"more than {MAX_PAGES} pages", where=connection_id, mend="Mend the connector's pager")
            with hub.store.write(employer) as session:
                intake.stage(session, batch_id, *pages, begun_at=begun_at)
            hub.progress(f"{connection_id} {stream}: page {read}")
        waits = 0 if opened.link.client is None else opened.link.client.rate_limited
    return batch_id, waits


@without_collector()
def _together(pages: Iterator[Page], most: int) -> list[Page]:
    """The next pages, `most` at most, as they are staged together; none at the end."""
    held: list[Page] = []
    rows = 0
    for page in pages:
        held.append(page)
        rows += len(page.rows)
        if rows >= STAGED or len(held) >= most:
            break
    return held


def _apply_kept(hub: Hub, employer: str, connection_id: str, stream: str) -> None:
    """Apply what reads that were broken off have kept of a stream's changes: the vendor does not tell them again."""
    with hub.store.write(employer) as session:
        left = intake.take_up(session, connection_id, stream)
    for batch_id in left:
        apply(hub, employer, batch_id)


def apply(hub: Hub, employer: str, batch_id: str) -> dict[str, int]:
    """Check the batch whole, apply it in atomic chunks, close it; a second run goes on where one stopped."""
    with hub.store.read(employer) as session:
        book = hub.book(session)
    try:
        with hub.store.read(employer) as session:
            intake.check_whole(session, batch_id, book)
    except GuardTripped as error:
        with hub.store.write(employer) as session:
            intake.hold(session, batch_id, error.what)
        raise
    return apply_checked(hub, employer, batch_id)


def apply_checked(hub: Hub, employer: str, batch_id: str) -> dict[str, int]:
    """Apply a batch that passed its checks, or that a person released."""
    taken = 1
    while taken:
        with hub.store.write(employer) as session:
            book = hub.book(session)
            with without_collector():
                for _ in range(CHUNKS):
                    taken = intake.apply_chunk(session, batch_id, book, intake.APPLIERS)
                    session.forget()
                    if not taken:
                        break
    taken = 1
    while taken:
        with hub.store.write(employer) as session:
            taken = intake.note_gone(session, batch_id)
    with hub.store.write(employer) as session:
        counts = intake.finish(session, batch_id)
        if intake.names_people(session, batch_id):
            intake.relink(session)
        return asdict(counts)


def apply_at_once(hub: Hub, session: Session, batch_id: str) -> dict[str, int]:
    """Apply a small batch, that nothing speaks against, within the caller's transaction; gives its custody counts."""
    book = hub.book(session)
    while intake.apply_chunk(session, batch_id, book, intake.APPLIERS):
        continue
    counts = asdict(intake.finish(session, batch_id))
    if counts["applied"]:
        intake.relink(session)
    return counts


def _unlinked(hub: Hub, employer: str, connection_id: str) -> int:
    """How many people of the connection nobody is linked to."""
    with hub.store.read(employer) as session:
        return strangers.counted(session).get(connection_id, 0)


def tell(hub: Hub, employer: str, connection_id: str, stream: str, counts: dict[str, int]) -> None:
    """Tell the plugins of a read that was applied."""
    notice = SyncNotice(employer, connection_id, stream, **counts)
    for _ in call_each(hub.plugins, "after_sync", sync=notice):
        continue
