"""`benehub leave`: hours earned, taken and left, and what leavers are owed for them."""

from __future__ import annotations

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, PERIOD, opened
from benehub.cli.opening import day as to_day
from benehub.cli.opening import month as to_month

app = typer.Typer(no_args_is_help=True, help="Leave: hours earned, taken and left, and what leavers are owed.")


@app.command()
def balances(
    day: str = typer.Option("", "--day", help="At the end of this day; today when left out."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show what every employee has left of each policy: earned, usable, about to lapse, earned next, and its value."""
    from benehub.cli.console import emit, table
    from benehub.hours import clock_text, format_hours
    from benehub.money import format_minor
    from benehub.views.leave import meters

    with opened(employer) as desk:
        book = desk.book()
        with desk.store.read(desk.employer) as session:
            found = meters(session, book, to_day(day, desk.today()))
        rows = [
            (
                one.member, one.policy, format_hours(one.accrued), clock_text(one.accrued), format_hours(one.available),
                str(one.usable_on), "; ".join(f"{format_hours(minutes)} on {on}" for on, minutes in one.expiring),
                f"{format_hours(one.next_minutes)} on {one.next_on}" if one.next_on else "",
                format_minor(one.value, book.employer.currency), format_hours(one.booked),
            )
            for one in found
        ]  # fmt: skip
        columns = (
            "employee",
            "policy",
            "hours",
            "h_mm",
            "available",
            "usable_from",
            "lapses",
            "next",
            "value",
            "booked",
        )
        shown = table(
            f"leave, {book.employer.currency}", columns, rows, ("hours", "h_mm", "available", "value", "booked")
        )
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
def close(
    year: int = typer.Option(..., "--year", "-y", min=1996, max=2200, help="Leave years that end in or with it."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Book the end of leave years: what lapses, is carried, lost or paid out. German days lapse only after a notice."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        show_counts(f"leave years of {year}", run_or_try(desk, dry_run, "leave.close", str(year), year), as_json)


@app.command()
def handover(
    group: str = typer.Option("", "--group", "-g", help="Pay group; may be left out when there is one only."),
    pay_date: str = typer.Option("", "--pay-date", help="Pay date; the next one when left out."),
    connection: str = typer.Option("", "--connection", "-c", help="Payroll, or a files connection with an outbox."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Tell payroll the approved leave of the next pay date: as orders where it takes them, else as a CSV file."""
    from datetime import date

    from benehub.cli.paydates import target
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_counts, show_outgoing
    from benehub.flows import leave_handover

    with opened(employer) as desk:
        where, name, day = target(desk, group, pay_date, connection)
        title = f"{where}: leave of {name} on {day}"
        if not dry_run:
            show_counts(title, desk.run("leave.handover", f"{where}/{name}/{day}", where, name, day), as_json)
            return
        with rehearsal(desk.hub) as hub:
            counts = leave_handover.order(hub, desk.employer, where, name, date.fromisoformat(day))
            ids = leave_handover.freeze(hub, desk.employer, where, name, date.fromisoformat(day))
            shown = frozen(hub, desk.employer, ids, False)
        show_outgoing(title, counts, shown, as_json)


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
