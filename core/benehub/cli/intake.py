"""`benehub intake`: what was read and where every row of it is; a person's word on what waits."""

from __future__ import annotations

from contextlib import nullcontext

import typer

from benehub.cli.known import must_know, must_know_connection
from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="What was read, where every row is, and a person's word on what waits.")

BATCH = typer.Argument(..., help="Id of the batch (int_...).")
NOTE = typer.Option(..., "--note", help="Why; stands in the trail of the batch.")
WHO = typer.Option("cli", "--who", help="Who says so; stands in the trail of the batch.")
STATES = ("staged", "held", "applied", "refused")
COLUMNS = ("batch", "connection", "stream", "state", "rows", "applied", "unchanged", "quarantined", "gone", "open",
           "unlinked", "reason")  # fmt: skip


@app.command("list")
def list_(
    state: str = typer.Option("", "--state", help="Only staged, held, applied or refused ones."),
    waiting: bool = typer.Option(False, "--open", help="Only what waits: held batches, and rows in quarantine."),
    connection: str = typer.Option("", "--connection", help="Only of this connection."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="Newest batches to show."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List what was read, the newest first, with the counts of custody."""
    from benehub.cli.console import emit, table
    from benehub.views.custody import COUNTS, batches

    must_know("state of a batch", state, STATES, "--state")
    with opened(employer) as desk:
        must_know_connection(desk, connection)
        with desk.store.read(desk.employer) as session:
            data = batches(session, state, waiting, connection, limit)
    rows = [[str(one[name])[:80] for name in COLUMNS] for one in data]
    emit(data, as_json, table("intake", COLUMNS, rows, (*COUNTS, "open", "unlinked")))


@app.command()
def show(batch: str = BATCH, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show one batch: its pages, its counts, its rows in quarantine with their reasons, and what was done to it."""
    from benehub.cli.console import emit, fields, table
    from benehub.errors import DataError
    from benehub.views.custody import details
    from benehub.views.why import why

    if not batch.startswith("int_"):
        raise DataError(f"no batch {batch[:50]!r}", mend="See `benehub intake list`")
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        head = {name: value for name, value in why(session, batch).data.items() if name not in ("quarantine", "pages")}
        more = details(session, batch)
    shown = [fields(batch, head)]
    shown += [table(name, tuple(rows[0]), [tuple(one.values()) for one in rows]) for name, rows in more.items() if rows]
    emit({"batch": batch, **head, **more}, as_json, *shown)


@app.command()
def redrive(
    batch: str = typer.Argument(..., help="Id of a batch (int_...), or `all`."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Try quarantined rows again, after a mend: translated anew from what was kept where they were not translated.

    Ends with 1 while rows are left.
    """
    from benehub.cli.console import FOUND, emit, fields
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import custody

    with opened(employer) as desk, rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        counts = custody.redrive(hub, desk.employer, "" if batch == "all" else batch)
    emit(counts, as_json, fields(f"redriven{' (dry run)' if dry_run else ''}", counts))
    if counts["quarantined"]:
        raise typer.Exit(FOUND)


@app.command()
def discard(
    batch: str = BATCH,
    row: int = typer.Option(0, "--row", min=0, help="Only this row in quarantine; all of the batch when left out."),
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Lay aside a held batch, or rows in quarantine. Nothing is deleted, and who did it and why stays."""
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import custody

    with opened(employer) as desk:
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            count = custody.discard(hub, desk.employer, batch, row, who, note)
        say(f"{batch}: {count} rows discarded{' (dry run)' if dry_run else ''}")
