"""`benehub x12`: look into an X12 file, and say everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

import typer

from benehub.cli.opening import JSON

app = typer.Typer(no_args_is_help=True, help="X12 files: 834, 820, 999, TA1.")

FILE = typer.Argument(..., help="The X12 file.")
BEFORE = typer.Argument(..., help="The older file, 834 or 820.")
AFTER = typer.Argument(..., help="The newer file, of the same kind.")
UNMASK = typer.Option(False, "--unmask", "--unmasked", "--clear", help="Show personal data as they are.")
FILES = typer.Argument(..., help="X12 files, in the order they were sent, or a folder of them.")


@app.command()
def check(
    files: list[Path] = FILES,
    limit: int = typer.Option(1000, "--limit", min=1, max=100_000, help="Findings to show of a file at most."),
    as_json: bool = JSON,
) -> None:
    """Say everything that is wrong in files: envelope, guide, dates, totals, ISA13 used twice; then ends with 1."""
    from benehub.cli.x12_check import check as checked

    checked(files, limit, as_json)


@app.command()
def show(
    file: Path = FILE,
    limit: int = typer.Option(2000, "--limit", min=1, max=10_000_000, help="Segments to show at most."),
    clear: bool = UNMASK,
    as_json: bool = JSON,
) -> None:
    """Show a file as a tree of its loops, codes spelled out; names, SSN, birth date, contacts, pay, health masked."""
    from benehub.cli.files import must_be_file
    from benehub.cli.x12_show import show as shown

    shown(must_be_file(file), limit, clear, as_json)


@app.command()
def diff(
    before: Path = BEFORE,
    after: Path = AFTER,
    limit: int = typer.Option(1000, "--limit", min=0, max=1_000_000, help="Members told in detail at most."),
    clear: bool = UNMASK,
    as_json: bool = JSON,
) -> None:
    """Show who was added, changed or ended between two files, by member and coverage. Ends with 1 on a difference."""
    from benehub.cli.console import FOUND
    from benehub.cli.files import must_be_file
    from benehub.cli.x12_diff import diff as differ

    if differ(must_be_file(before), must_be_file(after), limit, clear, as_json):
        raise typer.Exit(FOUND)
