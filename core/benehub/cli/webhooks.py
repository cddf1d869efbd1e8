"""`benehub webhooks`: who may call us, what came, and working it off; and who hears of our events."""

from __future__ import annotations

import typer

from benehub.cli import hooks_out
from benehub.cli.known import must_know, must_know_connection
from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, opened

STATES = ("waiting", "worked", "failed")
"""Of a delivery."""

app = typer.Typer(no_args_is_help=True, help="Vendors that call us, and those that hear of our events.")
app.add_typer(hooks_out.app, name="subscriptions")

CONNECTION = typer.Argument(..., help="Name of the connection.")


@app.command("open")
def open_(
    connection: str = CONNECTION,
    secret: str = typer.Option("", "--secret", help="Reference of what the vendor signs with: env:NAME or file:PATH."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Let the vendor of a connection call; again, to change its secret or to wait for a new handshake."""
    from contextlib import nullcontext

    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import webhooks

    with opened(employer) as desk:
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            webhooks.open_door(hub, desk.employer, connection, secret)
        say(f"open: POST /hooks/{desk.employer}/{connection}{' (dry run)' if dry_run else ''}")


@app.command()
def close(connection: str = CONNECTION, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Let the vendor call no more. What it has delivered goes with the door; facts stay."""
    from contextlib import nullcontext

    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import webhooks

    with opened(employer) as desk:
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            gone = webhooks.close_door(hub, desk.employer, connection)
        say(f"closed: {connection}; {gone} deliveries removed{' (dry run)' if dry_run else ''}")


@app.command()
def doors(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List the doors: their addresses, what waits, and how many calls were turned away and why."""
    from benehub.cli.console import emit, table
    from benehub.views.webhooks import doors as told

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = told(session)
    columns = ("connection", "connector", "mode", "address", "key", "waiting", "refused", "refused_at", "why")
    rows = [[str(one[name]) for name in columns] for one in data]
    emit(data, as_json, table("doors", columns, rows, ("waiting", "refused")))


@app.command("list")
def list_(
    state: str = typer.Option("", "--state", help="Only waiting, worked or failed ones."),
    connection: str = typer.Option("", "--connection", help="Only of this connection."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="Newest deliveries to show."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List what vendors delivered, the newest first."""
    from benehub.cli.console import emit, table
    from benehub.views.webhooks import COLUMNS, listed

    must_know("state of a delivery", state, STATES, "--state")
    with opened(employer) as desk:
        must_know_connection(desk, connection)
        with desk.store.read(desk.employer) as session:
            data = listed(session, connection, state, limit)
    emit(data, as_json, table("webhooks", COLUMNS, [[str(one[name])[:80] for name in COLUMNS] for one in data]))


@app.command()
def show(
    delivery: str = typer.Argument(..., help="Id of the delivery (whd_...)."),
    clear: bool = CLEAR,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show one delivery; its body with --clear only."""
    from benehub.cli.console import emit, fields
    from benehub.views.webhooks import details

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = details(session, delivery, clear)
    emit(data, as_json, fields(delivery, data))


@app.command()
def work(
    connection: str = typer.Argument("", help="Connection to work off; all when left out."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Work off what waits: read from the vendors what it points at. Ends with 1 while some could not be, or failed."""
    from benehub.cli.console import FOUND, NEEDS_PERSON, emit, fields, table
    from benehub.views.webhooks import COLUMNS, listed

    with opened(employer) as desk:
        if dry_run:
            with desk.store.read(desk.employer) as session:
                data = listed(session, connection, "waiting", 500)
            rows = [[str(one[name])[:80] for name in COLUMNS] for one in data]
            emit(data, as_json, table("would work off", COLUMNS, rows))
            return
        counts = desk.run("webhooks.work", connection or "all", connection)
    emit(counts, as_json, fields("worked off", counts))
    if counts["held"]:
        raise typer.Exit(NEEDS_PERSON)
    if counts["failed"] or counts["waiting"] or counts["quarantined"]:
        raise typer.Exit(FOUND)


@app.command()
def replay(
    delivery: str = typer.Argument("", help="Id of a delivery (whd_...); else name a connection."),
    connection: str = typer.Option("", "--connection", help="All of this connection that do not wait."),
    since: str = typer.Option("", "--since", help="Only what came on or after this day (UTC), as 2026-11-26."),
    until: str = typer.Option("", "--until", help="Only what came before this day (UTC)."),
    state: str = typer.Option("", "--state", help="Only worked or failed ones."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Let deliveries wait anew; `benehub webhooks work` then works them off. One effect, however often."""
    from contextlib import nullcontext
    from datetime import date

    from benehub.cli.console import say
    from benehub.cli.opening import day
    from benehub.cli.rehearsal import rehearsal
    from benehub.errors import DataError
    from benehub.flows import webhooks

    if bool(delivery) == bool(connection):
        raise DataError("name a delivery or a connection", mend="See `benehub webhooks list`")
    must_know("state of a delivery", state, STATES[1:], "--state")
    first, last = day(since, date.min).isoformat(), day(until, date.min).isoformat() if until else ""
    with opened(employer) as desk:
        must_know_connection(desk, connection)
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            count = webhooks.replay(hub, desk.employer, delivery, connection, first, state, last)
        say(f"{count} wait anew{' (dry run)' if dry_run else ''}")
