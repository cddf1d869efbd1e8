"""`benehub leave`: hours earned, taken and left, and what leavers are owed for them."""

from __future__ import annotations

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, PERIOD, opened
from benehub.cli.opening import day as to_day
from benehub.cli.opening import month as to_month

app = typer.Typer(no_args_is_help=True, help="Leave: hours earned, taken and left, and what leavers are owed.")


@app.command()
def balances(
    day: str = typer.Option("", "--day", help="As of this day; everything posted when left out."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show the hours left of every employee and policy, and their value in money."""
    from benehub.cli.console import emit, table
    from benehub.money import format_minor
    from benehub.views.leave import held

    with opened(employer) as desk:
        unit = desk.book().employer.currency
        with desk.store.read(desk.employer) as session:
            found = held(session, to_day(day, desk.today()) if day else None)
        rows = [(o.member, o.policy, format_minor(o.hours), format_minor(o.value, unit)) for o in found]
        columns = ("employee", "policy", "hours", "value")
        shown = table(f"leave, {unit}", columns, rows, columns[2:])
        emit([dict(zip(columns, row, strict=True)) for row in rows], as_json, shown)


@app.command()
def accrue(period: str = PERIOD, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Accrue leave for the month's pay dates, and expect the pay-out of those who leave."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        month = to_month(period)
        show_counts(f"leave of {month}", run_or_try(desk, dry_run, "leave.accrue", month, month), as_json)


@app.command()
def payout(period: str = PERIOD, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show what is owed for leave on the month's final checks, and what of it was paid."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.money import format_minor
    from benehub.periods import Month
    from benehub.views.leave import payouts

    with opened(employer) as desk:
        unit, month = desk.book().employer.currency, Month.parse(period)
        with desk.store.read(desk.employer) as session:
            found = payouts(session, month.first, month.end)
        rows = [
            (
                o.entry,
                o.member,
                o.policy,
                str(o.pay_date),
                format_minor(o.expected, unit),
                format_minor(o.paid, unit),
            )
            for o in found
        ]
        columns = ("entry", "employee", "policy", "pay_date", "expected", "paid")
        shown = table(f"pay-outs of {month}, {unit}", columns, rows, columns[4:])
        emit([dict(zip(columns, row, strict=True)) for row in rows], as_json, shown)
        if any(o.paid != o.expected and o.pay_date < desk.today() for o in found):
            raise typer.Exit(FOUND)
