"""`benehub statements`: employees' statements made for everybody, and what was kept of them; and `retention`."""

from __future__ import annotations

import typer

from benehub.cli.opening import EMPLOYER, JSON, opened
from benehub.cli.opening import day as to_day

app = typer.Typer(no_args_is_help=True, help="Employees' statements made for everybody, and those that were kept.")

DAY = typer.Option("", "--day", help="Day of the statements, as 2026-11-30.")


@app.command()
def make(day: str = DAY, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Make everybody's statement of a day (today when left out) and keep it; one that is there stays as it is."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        when = to_day(day, desk.today())
        counts = desk.run("statements.make", str(when), str(when))
    show_counts(f"statements of {when}", counts, as_json)


@app.command("list")
def list_(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List the days of which statements were made."""
    from benehub.cli.console import emit, table
    from benehub.views.kept_statements import days

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = days(session)
    columns = ("day", "statements", "made_at")
    emit(data, as_json, table("statements", columns, [[one[name] for name in columns] for one in data]))


@app.command()
def show(
    employee: str = typer.Argument(..., help="Employee number, or the hub's id (per_...)."),
    day: str = DAY,
    employer: str = EMPLOYER,
) -> None:
    """Print an employee's statement of a day (the newest when left out) as it was made, as JSON."""
    from benehub.cli.console import emit
    from benehub.views.kept_statements import kept

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = kept(session, employee, to_day(day, desk.today()) if day else None)
    emit(data, True)


def retention(
    keep: int = typer.Option(90, "--keep", min=30, help="Days for which what is done is kept."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Delete runs, webhooks and messages that are done; facts, books and what left or came in stay."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        counts = desk.run("retention", "retention", keep)
    show_counts("deleted", counts, as_json)
