"""`benehub deductions`: what pay dates should take, telling payroll so, and what payroll really took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, PERIOD, opened
from benehub.cli.opening import month as to_month
from benehub.cli.paydates import target

if TYPE_CHECKING:
    from benehub.cli.opening import Desk

app = typer.Typer(no_args_is_help=True, help="What pay should show, what payroll is told, and what it took.")

CONNECTION = typer.Option("", "--connection", "-c", help="Payroll's connection; the plan book's when left out.")
GROUP = typer.Option("", "--group", "-g", help="Pay group; may be left out when there is one only.")
PAY_DATE = typer.Option("", "--pay-date", help="Pay date, as 2026-11-13; the group's next one when left out.")


@app.command()
def expect(period: str = PERIOD, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Write what the pay dates of a month should take as pending entries."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        month = to_month(period)
        counts = run_or_try(desk, dry_run, "deductions.expect", month, month)
        show_counts(f"expected for {month}", counts, as_json)


@app.command()
def preview(
    group: str = GROUP,
    pay_date: str = PAY_DATE,
    connection: str = CONNECTION,
    employer: str = EMPLOYER,
    clear: bool = CLEAR,
    as_json: bool = JSON,
) -> None:
    """Show what `push` would tell payroll, item by item; nothing is sent and nothing changes."""
    with opened(employer) as desk:
        _preview(desk, *target(desk, group, pay_date, connection), clear, as_json)


@app.command()
def push(
    group: str = GROUP,
    pay_date: str = PAY_DATE,
    connection: str = CONNECTION,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Tell payroll what the next pay date of a group shall take; what it holds already is not sent."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        where, name, day = target(desk, group, pay_date, connection)
        if dry_run:
            _preview(desk, where, name, day, False, as_json)
            return
        counts = desk.run("deductions.push", f"{where}/{name}/{day}", where, name, day)
        show_counts(f"{where}: deductions of {name} on {day}", counts, as_json)


@app.command()
def results(
    period: str = PERIOD,
    connection: str = CONNECTION,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Post what payroll really took on the month's pay dates, as its registers say (sync them first)."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        where, month = connection or desk.book().roles.payroll, to_month(period)
        counts = run_or_try(desk, dry_run, "payroll.results", f"{where}/{month}", where, month)
        show_counts(f"{where}: results of {month}", counts, as_json)


def _preview(desk: Desk, where: str, group: str, day: str, clear: bool, as_json: bool) -> None:
    from datetime import date

    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.flows import deductions

    with rehearsal(desk.hub) as hub:
        counts = deductions.order(hub, desk.employer, where, group, date.fromisoformat(day))
        ids = deductions.freeze_orders(hub, desk.employer, where)
        shown = frozen(hub, desk.employer, ids, clear)
    show_outgoing(f"{where}: deductions of {group} on {day}", counts, shown, as_json)
