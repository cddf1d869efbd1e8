"""`benehub connection`: which systems the hub speaks to, configured."""

from __future__ import annotations

from pathlib import Path

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="The systems the hub speaks to, configured.")

SETTINGS = typer.Option(..., "--settings", help="YAML file with the connector's settings.")
NAME = typer.Argument(..., help="Name of the connection, as the plan book calls it.")


@app.command()
def add(
    name: str = NAME,
    connector: str = typer.Option(..., "--connector", help="Name of the connector, see `connector list`."),
    settings: Path = SETTINGS,
    mode: str = typer.Option("live", "--mode", help="live, watch (reads, writes nothing) or paused."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Configure a connection, or change its settings; secrets stand in it by reference only."""
    from benehub import connections
    from benehub.cli.console import say
    from benehub.cli.files import read_text
    from benehub.errors import ConfigError, DataError
    from benehub.flows.onboarding import connect
    from benehub.planbook.source import read

    if mode not in ("live", "watch", "paused"):
        raise DataError(f"no mode {mode[:20]!r}", mend="Choose live, watch or paused")
    values = read(read_text(settings), str(settings)).data
    if not isinstance(values, dict):
        raise ConfigError("the file holds no settings", where=str(settings), mend="Write `name: value` lines")
    with opened(employer) as desk:
        known = connections.connectors(desk.hub.plugins)
        if dry_run:
            with desk.store.read(desk.employer) as session:
                connections.check_given(session, name, connections.known(known, connector), values)
        else:
            connect(desk.hub, desk.employer, {name: {"connector": connector, "settings": values, "mode": mode}})
        say(f"{name}: {connector}, {mode}{' (dry run: settings are right)' if dry_run else ''}")


@app.command("list")
def list_(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List the connections: mode, writes at once, how many of their people nobody is linked to, when they were read."""
    from benehub import connections
    from benehub.cli.console import emit, table
    from benehub.views.connections import listed

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = listed(session, connections.connectors(desk.hub.plugins))
    rows = [
        (
            one["name"],
            one["connector"],
            one["mode"],
            str(one["at_once"] or "-"),
            str(one["unlinked"]),
            ", ".join(f"{s} {at[:16]}" for s, at in sorted(one["read"].items())),
        )
        for one in data
    ]
    emit(
        data,
        as_json,
        table(
            "connections",
            ("name", "connector", "mode", "at once", "unlinked", "last read"),
            rows,
            ("at once", "unlinked"),
        ),
    )


@app.command()
def test(name: str = NAME, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Open a connection and read the first page of each of its streams; nothing is kept."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.flows.connecting import try_out

    with opened(employer) as desk:
        connector, mode, tried = try_out(desk.hub, desk.employer, name)
    columns = ("stream", "ok", "what")
    rows = [(one.stream, one.ok, one.what) for one in tried]
    data = [dict(zip(columns, row, strict=True)) for row in rows]
    emit(data, as_json, table(f"{name} ({connector}, {mode})", columns, rows))
    if not all(one.ok for one in tried):
        raise typer.Exit(FOUND)


@app.command()
def watch(name: str = NAME, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Let a connection read and compare, and write nothing: dispatches to it are held."""
    _mode(name, employer, "watch", dry_run)


@app.command()
def pause(name: str = NAME, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Stop a connection: nothing is read and nothing is written until it is resumed."""
    _mode(name, employer, "paused", dry_run)


@app.command()
def resume(name: str = NAME, employer: str = EMPLOYER, dry_run: bool = DRY_RUN) -> None:
    """Let a connection read and write again."""
    _mode(name, employer, "live", dry_run)


def _mode(name: str, employer: str, mode: str, dry_run: bool) -> None:
    from benehub.cli.console import say
    from benehub.flows.connecting import set_mode

    with opened(employer) as desk:
        before = set_mode(desk.hub, desk.employer, name, mode, keep=not dry_run)
        say(f"{name}: {before} -> {mode}{' (dry run)' if dry_run else ''}")
