"""`benehub person`: what a person says about an employee where no system says it any more."""

from __future__ import annotations

from contextlib import nullcontext

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, opened
from benehub.cli.opening import day as to_day

app = typer.Typer(no_args_is_help=True, help="What a person says about an employee where no system does any more.")


@app.callback()
def _group() -> None:
    """Keep `end` a command of its own while it is the only one."""


@app.command()
def end(
    employee: str = typer.Argument(..., help="Employee number, or the hub's id (per_...)."),
    last_day: str = typer.Option(..., "--last-day", help="Last day of work, as 2026-11-13."),
    note: str = typer.Option(..., "--note", help="How it is known; stands in the trail of the person."),
    who: str = typer.Option("cli", "--who", help="Who says so; stands in the trail of the person."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Enter the last day of work of an employee whom the HRIS no longer shows; cover and pay follow from it."""
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import persons

    with opened(employer) as desk:
        day = to_day(last_day, desk.today())
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            person = persons.end_employment(hub, desk.employer, employee, day, who, note)
        say(f"{person}: last day {day}{' (dry run)' if dry_run else ''}. Next: benehub enrollments decide")
