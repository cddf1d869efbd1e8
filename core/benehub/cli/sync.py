"""`benehub sync`: read a connection into custody and apply it; every row is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened

if TYPE_CHECKING:
    from benehub.cli.opening import Desk
    from benehub.connect.connector import Page

MAX_DRY_ROWS = 100_000
"""Rows of one stream that a dry run looks at."""

COUNTS = ("rows", "applied", "unchanged", "quarantined", "superseded", "gone")


def sync(
    connection: str = typer.Argument("", help="Connection to read."),
    stream: str = typer.Argument("", help="Stream to read; all that the connection has when left out."),
    full: bool = typer.Option(False, "--full", help="Read everything, not only what changed."),
    dry_run: bool = DRY_RUN,
    release: str = typer.Option(
        "",
        "--release",
        help="Apply this held batch (int_...), looked at by a person; or `all` of a SCIM client's.",
    ),
    redrive: str = typer.Option("", "--redrive", help="Try quarantined rows of this batch again, or of `all`."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Read a connection and apply what it says. Ends with 1 on quarantined rows, 3 on a held batch."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.errors import DataError

    with opened(employer) as desk:
        if release:
            done = [_released(desk, connection, release, dry_run)]
        elif redrive:
            done = [_redriven(desk, redrive, dry_run)]
        elif connection:
            done = _read(desk, connection, stream, full, dry_run)
        else:
            raise DataError("nothing to read is named", mend="Name a connection: benehub connection list")
        columns = ("stream", *COUNTS, "unlinked", "batch")
        rows = [[one.get(name, "") for name in columns] for one in done]
        title = f"{connection}{' (dry run: nothing kept)' if dry_run else ''}"
        emit(done, as_json, table(title, columns, rows, (*COUNTS, "unlinked")), *_problems(done), *_unlinked(done))
        if any(one["quarantined"] for one in done):
            raise typer.Exit(FOUND)


def _read(desk: Desk, connection: str, stream: str, full: bool, dry_run: bool) -> list[dict[str, Any]]:
    from benehub.errors import ConfigError, Unsupported

    with desk.hub.open(desk.employer, connection) as link:
        names, mode = [stream] if stream else link.streams, link.mode
    if mode == "paused":
        raise ConfigError(
            f"connection {connection!r} is paused", mend=f"benehub connection resume {connection}, or watch"
        )
    if dry_run:
        return _tried(desk, connection, names, full)
    done = []
    for name in names:
        subject = f"{connection}/{name}"
        try:
            counts = desk.run("sync", subject, connection, name, f"{subject}/{desk.now()}", full)
            done.append({"stream": name, **counts, "problems": _quarantine(desk, counts["batch"])})
        except Unsupported:
            if stream:
                raise
    return done


def _tried(desk: Desk, connection: str, streams: list[str], full: bool) -> list[dict[str, Any]]:
    """What reading would do: it is read, its rows are staged and applied, and all taken back."""
    from benehub import intake
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows.sync import apply

    # Everything is read before the trial begins: no vendor is waited for while it holds the write lock.
    read = [(name, _pages(desk, connection, name, full)) for name in streams]
    done = []
    with rehearsal(desk.hub) as hub:
        for name, pages in read:
            with hub.store.write(desk.employer) as session:
                batch = intake.open_batch(session, connection, name, f"dry run {desk.now()}")
                for page in pages:
                    intake.stage(session, batch, page)
            counts = apply(hub, desk.employer, batch)
            told = {**counts, "unlinked": _unknown(desk, connection, hub), "batch": ""}
            done.append({"stream": name, **told, "problems": _quarantine(desk, batch, hub)})
    return done


def _pages(desk: Desk, connection: str, stream: str, full: bool) -> list[Page]:
    """What a connection has to say about a stream, up to the limit of a dry run.

    Raises:
        DataError: there are more rows, or the vendor would forget what he has told.
    """
    from benehub import connections
    from benehub.errors import DataError

    pages: list[Page] = []
    with desk.hub.open(desk.employer, connection) as link:
        with desk.store.read(desk.employer) as session:
            since = None if full else connections.cursor(session, connection, stream)
        if link.connector.takes_away(stream, link.link.settings, since):
            raise DataError(
                "the vendor gives each change once, so one that is only tried would be lost",
                where=f"dry run of {connection} {stream}",
                mend="Sync without --dry-run, or try the whole read: --full --dry-run",
            )
        for page in link.connector.read(stream, link.link, since):
            pages.append(page)
            if sum(len(one.rows) for one in pages) > MAX_DRY_ROWS:
                raise DataError(
                    f"more than {MAX_DRY_ROWS} rows",
                    where=f"dry run of {connection} {stream}",
                    mend="Sync without --dry-run: a batch is checked whole before it is applied",
                )
    return pages


def _released(desk: Desk, connection: str, batch: str, dry_run: bool) -> dict[str, Any]:
    from contextlib import nullcontext

    from benehub.cli.rehearsal import rehearsal
    from benehub.errors import DataError
    from benehub.flows import custody

    if batch == "all" and not connection:
        raise DataError(
            "it names no connection", where="--release all", mend="Name it: benehub sync CONNECTION --release all"
        )
    with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        if batch == "all":
            counts = custody.release_all(hub, desk.employer, connection, "cli", "looked at and let in")
            told = f"{counts.pop('batches')} let in, {counts.pop('aside')} laid aside"
            return {"stream": "released", **dict.fromkeys(COUNTS, 0), **counts, "batch": told, "problems": []}
        counts = custody.release(hub, desk.employer, batch, "cli", "looked at and let in")
        return {"stream": "released", **counts, "batch": batch, "problems": _quarantine(desk, batch, hub)}


def _redriven(desk: Desk, batch: str, dry_run: bool) -> dict[str, Any]:
    from contextlib import nullcontext

    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import custody

    with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        counts = custody.redrive(hub, desk.employer, "" if batch == "all" else batch)
    return {"stream": "redriven", **counts, "batch": batch, "problems": []}


def _quarantine(desk: Desk, batch: str, hub: Any = None) -> list[str]:
    from benehub.views.why import why

    with (hub or desk.hub).store.read(desk.employer) as session:
        found: list[str] = why(session, batch).data["quarantine"]
    return found


def _unknown(desk: Desk, connection: str, hub: Any) -> int:
    from benehub.identity import strangers

    with hub.store.read(desk.employer) as session:
        return strangers.counted(session).get(connection, 0)


def _unlinked(done: list[dict[str, Any]]) -> list[str]:
    """Whoever is not linked is said, with what to do about it."""
    count = max((one.get("unlinked", 0) for one in done), default=0)
    return [f"{count} people there are linked to nobody here: benehub people unlinked"] if count else []


def _problems(done: list[dict[str, Any]]) -> list[Any]:
    from benehub.cli.console import table

    rows = [(one["stream"], text) for one in done for text in one["problems"][:20]]
    return [table("quarantined", ("stream", "why"), rows)] if rows else []
