"""`benehub demo`: the main job on the built-in sandbox."""

from __future__ import annotations

import typer


def demo(
    seed: int = typer.Option(7, "--seed", help="Seed of the made-up company; the same seed, the same story."),
    keep: bool = typer.Option(False, "--keep", help="Leave the folder benehub-demo/ behind, to look around in."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    db: str = typer.Option("", "--db", help="Database to run on; a SQLite file of its own when left out."),
) -> None:
    """Run the hub's main job on the built-in sandbox, start to reconciled, faults included."""
    from pathlib import Path

    from benehub.cli.console import FOUND, emit, working
    from benehub.sandbox.demo import run_demo

    folder = Path("benehub-demo") if keep else None
    with working("demo") as status:
        report = run_demo(seed, folder, db or None, status.update)
    emit(report.as_json(), as_json, report.render())
    if not report.ok:
        raise typer.Exit(FOUND)
