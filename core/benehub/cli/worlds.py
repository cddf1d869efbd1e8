"""`benehub worlds`: made-up employers whose mistakes are known; make one, or hold the hub to one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import JSON

if TYPE_CHECKING:
    from benehub.testing.worlds import Score

app = typer.Typer(no_args_is_help=True, help="Made-up employers whose mistakes are known: the proof of reconciliation.")

OUT = typer.Option(..., "--out", help="Folder to write; a new or an empty one.")
FOLDER = typer.Argument(..., help="Folder of a world, as `make` wrote it or somebody else did; it stays as it is.")


@app.command()
def make(
    out: Path = OUT,
    seed: int = typer.Option(1, "--seed", help="Seed of the made-up employer; the same seed, the same files."),
    employees: int = typer.Option(40, "--employees", help="How many people work there; at least 10."),
    rate: float = typer.Option(0.02, "--rate", help="About which part of all lines is wrong, up to 0.2."),
    as_json: bool = JSON,
) -> None:
    """Write a world: vendors' files, plan book, settings of the connections, and truth.json."""
    from benehub.cli.console import emit, fields
    from benehub.testing.worlds import make as made
    from benehub.testing.worlds import write

    world = made(seed, employees, rate)
    files = write(world, out)
    told = {
        "files": len(files), "employees": len(world.people), "mistakes": len(world.truth.discrepancies),
        "in flight": len(world.truth.pending), "set aside": len(world.truth.suppressed),
        "within the tolerance": len(world.truth.tolerated), "told of as nothing": len(world.truth.silent),
    }  # fmt: skip
    emit(told, as_json, fields(f"world {seed} in {out}", told))


@app.command()
def run(
    folder: Path = FOLDER,
    db: str = typer.Option("", "--db", help="An empty database to run on; a SQLite file of its own when left out."),
    as_json: bool = JSON,
) -> None:
    """Run a world through the hub and compare what was found with what was planted; ends with 1 where they differ."""
    import shutil
    import tempfile

    from benehub.cli.console import FOUND, working
    from benehub.testing.worlds import read_truth, run_world, score

    read_truth(folder)
    with tempfile.TemporaryDirectory(prefix="benehub-") as temporary, working("world") as status:
        copy = Path(temporary) / "world"
        shutil.copytree(folder, copy)
        told = score(*run_world(copy, db or f"sqlite:///{temporary}/hub.db", status.update))
    _show(told, as_json)
    if not told.perfect:
        raise typer.Exit(FOUND)


def _show(told: Score, as_json: bool) -> None:
    from dataclasses import asdict

    from benehub.cli.console import emit, table

    columns = ("state", "type", "planted", "found", "both", "precision", "recall")
    rows = [
        (state, kind, str(one.planted), str(one.found), str(one.both), one.precision, one.recall)
        for (state, kind), one in sorted(told.tallies.items())
    ]
    sides = {"missed": told.missed, "wrong": told.wrong}
    data = {name: [{"state": state, **asdict(row)} for state, row in found] for name, found in sides.items()}
    emit(
        {"perfect": told.perfect, "types": [dict(zip(columns, row, strict=True)) for row in rows], **data},
        as_json,
        table("found against planted", columns, rows, columns[2:]),
    )
