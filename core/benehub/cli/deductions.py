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
DAY = typer.Option(..., "--pay-date", help="Pay date, as 2026-11-13.")


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


@app.command()
def lines(
    pay_date: str = DAY,
    employee: str = typer.Option("", "--employee", help="Employee number; everybody when left out."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show every line of a pay date: what is expected, whether payroll was told, what it took, what is still owed."""
    from benehub.cli.console import emit, table
    from benehub.cli.opening import day
    from benehub.cli.paydates import must_be_one
    from benehub.money import format_minor
    from benehub.views import deductions as view

    with opened(employer) as desk:
        book = desk.book()
        wanted, unit = day(pay_date, desk.today()), book.employer.currency
        with desk.store.read(desk.employer) as session:
            found = view.lines(session, book, wanted, employee)
        if not found:
            must_be_one(desk, wanted)
    columns = ("employee", "code", "no.", "kind", "month", "expected", "taken", "open", "state", "entry")
    rows = [
        (
            one.employee, one.code, one.sequence, one.kind, one.coverage_month, format_minor(one.expected_minor, unit),
            format_minor(one.taken_minor, unit), format_minor(one.open_minor, unit), one.state, one.entries[0],
        )
        for one in found
    ]  # fmt: skip
    emit([one.as_json() for one in found], as_json, table(f"lines of {wanted}", columns, rows))


@app.command("write-off")
def write_off(
    employee: str = typer.Argument(..., help="Employee number."),
    plan: str = typer.Option(..., "--plan", help="Plan of the plan book."),
    reason: str = typer.Option(..., "--reason", help="Why; stands in the ledger, so name no health detail."),
    who: str = typer.Option("cli", "--who", help="Who approved it; stands in the ledger."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Give up what an employee owes of past pay dates in a plan; the employer bears it."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        counts = run_or_try(desk, dry_run, "deductions.write_off", f"{employee}/{plan}", employee, plan, reason, who)
        show_counts(f"arrears of {employee} in {plan}", counts, as_json)


def _preview(desk: Desk, where: str, group: str, day: str, clear: bool, as_json: bool) -> None:
    from datetime import date

    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.flows import payroll_file

    with rehearsal(desk.hub) as hub:
        counts, ids = payroll_file.preview(hub, desk.employer, where, group, date.fromisoformat(day))
        shown = frozen(hub, desk.employer, ids, clear)
    show_outgoing(f"{where}: deductions of {group} on {day}", counts, shown, as_json)
