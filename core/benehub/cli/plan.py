"""`benehub plan`: the plan book, checked, compared, and put in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened, opened_hub

if TYPE_CHECKING:
    from benehub.planbook import PlanBook

app = typer.Typer(no_args_is_help=True, help="The plan book: what the employer promises, and by when.")

OTHER = typer.Argument(None, help="A second plan book; the one in force when left out.")
FILE = typer.Argument(..., help="The plan book, a YAML file.")


@app.command()
def load(file: Path = FILE, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Check a plan book and put it in force; the first one of an employer creates the employer."""
    from benehub.cli.console import emit, fields
    from benehub.cli.files import read_text
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows.onboarding import load_plan_book

    text = read_text(file)
    with opened_hub() as (_, hub):
        if dry_run:
            with rehearsal(hub) as trial:
                employer, version = load_plan_book(trial, text, str(file))
        else:
            employer, version = load_plan_book(hub, text, str(file))
    data = {"employer": employer, "version": version, "in_force": not dry_run}
    emit(data, as_json, fields("plan book", data))


@app.command()
def check(file: Path = FILE, as_json: bool = JSON) -> None:
    """Say everything that is wrong or strange in a plan book, with line and mend. Ends with 1 if refused."""
    from benehub import planbook
    from benehub.cli.console import FOUND, emit, say, table
    from benehub.cli.files import read_text
    from benehub.errors import ConfigError

    try:
        book = planbook.load(read_text(file), str(file))
    except ConfigError as error:
        lines = str(error).splitlines()
        faults = lines[1:] or lines  # the first one only counts them
        emit(
            {"ok": False, "faults": faults},
            as_json,
            *([] if as_json else [table("", ("wrong",), [[f] for f in faults])]),
        )
        raise typer.Exit(FOUND) from None
    warnings = [
        {"severity": one.severity, "path": ".".join(map(str, one.path)), "text": one.text, "mend": one.mend}
        for one in planbook.check(book)
    ]
    rows = [tuple(one.values()) for one in warnings]
    emit(
        {"ok": True, "version": book.version, "warnings": warnings},
        as_json,
        table(f"{file}: right, version {book.version}", ("severity", "where", "what", "mend"), rows),
    )
    if not as_json and not warnings:
        say("nothing strange in it")


@app.command()
def diff(
    file: Path = FILE,
    other: Path = OTHER,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Compare a plan book with the one in force, or two files: from the first to the second."""
    from benehub import planbook
    from benehub.cli.console import emit, table
    from benehub.cli.files import read_text

    book = planbook.load(read_text(file), str(file))
    if other is not None:
        before, after = book, planbook.load(read_text(other), str(other))
    else:
        before, after = _in_force(employer or book.employer.id), book
    data = [{"path": c.path, "before": c.before, "after": c.after} for c in planbook.diff(before, after)]
    rows: list[list[Any]] = [list(one.values()) for one in data]
    title = f"{before.version} -> {after.version}: {len(rows)} changes"
    emit(data, as_json, table(title, ("field", "before", "after"), rows))


@app.command()
def schema() -> None:
    """Print the JSON Schema of the plan book, for editors and other programs."""
    from benehub import planbook
    from benehub.cli.console import emit

    emit(planbook.schema(), True)


def _in_force(employer: str) -> PlanBook:
    with opened(employer) as desk:
        return desk.book()
