"""`benehub retirement`: contributions to the recordkeeper in time, followed to the credit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, PERIOD, opened
from benehub.cli.opening import day as to_day
from benehub.cli.opening import month as to_month

if TYPE_CHECKING:
    from benehub.cli.opening import Desk

app = typer.Typer(no_args_is_help=True, help="Contributions to the recordkeeper in time, followed to the credit.")

PLAN = typer.Option("", "--plan", help="Retirement plan; may be left out when there is one only.")
PAY_DATE = typer.Option(..., "--pay-date", help="Pay date, as 2026-11-13.")


@app.command()
def preview(
    pay_date: str = PAY_DATE,
    plan: str = PLAN,
    employer: str = EMPLOYER,
    clear: bool = CLEAR,
    as_json: bool = JSON,
) -> None:
    """Show the contribution file that `deposit` would send, byte by byte; nothing is sent or changed."""
    with opened(employer) as desk:
        _preview(desk, plan, pay_date, clear, as_json)


@app.command()
def deposit(
    pay_date: str = PAY_DATE,
    plan: str = PLAN,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Send the contributions of a pay date, as payroll really took them, and post them as deposited."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        if dry_run:
            _preview(desk, plan, pay_date, False, as_json)
            return
        name, day = _plan(desk, plan), str(to_day(pay_date, desk.today()))
        counts = desk.run("retirement.deposit", f"{name}/{day}", name, day)
        show_counts(f"{name}: contributions of {day}", _amounts(desk, counts), as_json)


@app.command()
def credits(
    period: str = PERIOD,
    connection: str = typer.Option("", "--connection", "-c", help="Recordkeeper's connection."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Post what the recordkeeper has credited for the month's pay dates (sync its credits first)."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts
    from benehub.errors import ConfigError

    with opened(employer) as desk:
        where, month = connection or desk.book().roles.recordkeeper, to_month(period)
        if not where:
            raise ConfigError("the plan book names no recordkeeper", mend="Add roles.recordkeeper, or --connection")
        counts = run_or_try(desk, dry_run, "retirement.credits", f"{where}/{month}", where, month)
        show_counts(f"{where}: credits of {month}", counts, as_json)


@app.command(name="true-up")
def true_up(
    year: int = typer.Option(..., "--year", help="Calendar year, as 2026."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Post what the year's match formula gives beyond the match paid; a dry run shows it before the year is over."""
    from benehub.cli.shared import show_counts
    from benehub.flows import match

    with opened(employer) as desk:
        if dry_run:
            counts = match.preview(desk.hub, desk.employer, year)
        else:
            counts = desk.run("retirement.true-up", str(year), year)
        show_counts(f"match of {year} by the year's formula", _amounts(desk, counts), as_json)


@app.command(name="lost-earnings")
def lost_earnings(
    difference: str = typer.Argument(..., help="A difference of type LATE (dif_...)."),
    paid_on: str = typer.Option("", "--paid-on", help="Day the earnings are paid; left out: the day of receipt."),
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Post what a late deposit has cost its participants, by the method of the correction program."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        day = str(to_day(paid_on, desk.today())) if paid_on else ""
        counts = run_or_try(desk, dry_run, "retirement.lost-earnings", difference, difference, day)
        show_counts(f"lost earnings of {difference}", _amounts(desk, counts), as_json)


@app.command(name="deposit-earnings")
def deposit_earnings(
    pay_date: str = typer.Option(..., "--pay-date", help="Pay date of the late contributions, as 2026-11-13."),
    plan: str = PLAN,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Send what a late deposit has cost to the recordkeeper, in a file of its own; a dry run shows it byte by byte."""
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_counts, show_outgoing
    from benehub.flows import earnings_deposit

    with opened(employer) as desk:
        name, day = _plan(desk, plan), to_day(pay_date, desk.today())
        title = f"{name}: lost earnings of {day}"
        if dry_run:
            with rehearsal(desk.hub) as hub:
                made = earnings_deposit.prepare(hub, desk.employer, name, day)
                shown = frozen(hub, desk.employer, [made] if made else [], False)
            show_outgoing(title, {"rows": sum(one.items for one in shown)}, shown, as_json)
            return
        counts = desk.run("retirement.deposit-earnings", f"{name}/{day}", name, str(day))
        show_counts(title, counts, as_json)


@app.command()
def limits(
    year: int = typer.Option(0, "--year", help="Calendar year; this one when left out."),
    near: int = typer.Option(0, "--near", min=0, max=100, help="Only those from this percentage of a limit on."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show the year's legal limits, and who is near or over one: deferral with catch-up, and annual additions."""
    from benehub.cli.console import emit, fields, table
    from benehub.flows.savings import standings
    from benehub.money import format_minor
    from benehub.rules.retirement.limits import retirement_limits

    with opened(employer) as desk:
        chosen = year or desk.today().year
        known = retirement_limits(chosen)
        with desk.store.read(desk.employer) as session:
            found = [one for one in standings(session, desk.hub.book(session), chosen) if one.percent >= near]
        names = ("deferral", "catch_up", "super_catch_up", "additions", "compensation")
        legal = {name: format_minor(getattr(known, f"{name}_minor")) for name in names}
        columns = ("employee", "deferred", "of limit", "catch-up", "additions", "state")
        rows = [
            (
                one.member_id, format_minor(one.deferred_minor), f"{one.percent} %", format_minor(one.catch_up_minor),
                format_minor(one.additions_minor), one.state,
            )
            for one in found
        ]  # fmt: skip
        data = {
            "year": chosen,
            "limits": legal,
            "deferred": [dict(zip(columns, row, strict=True)) for row in rows],
        }
        shown = table("deferred so far", columns, rows, columns[1:5])
        emit(data, as_json, fields(f"limits of {chosen}, USD", legal), shown)


def _amounts(desk: Desk, counts: dict[str, Any]) -> dict[str, Any]:
    """Counts with their sums of money as text."""
    from benehub.money import format_minor

    unit = desk.book().employer.currency
    return {
        name.removesuffix("_minor"): format_minor(value, unit) if name.endswith("_minor") else value
        for name, value in counts.items()
    }


def _preview(desk: Desk, plan: str, pay_date: str, clear: bool, as_json: bool) -> None:
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.flows import retirement

    name, day = _plan(desk, plan), to_day(pay_date, desk.today())
    book = desk.book()
    with rehearsal(desk.hub) as hub:
        made = retirement.prepare(hub, desk.employer, name, day)
        shown = frozen(hub, desk.employer, [made] if made else [], clear)
        held = retirement.held(hub, desk.employer, name, day)
    when = retirement.due(book, book.plan(name), day)
    counts = {
        "rows": sum(one.items for one in shown),
        "due": str(when.due),
        "outer_limit": str(when.outer_limit),
        **_amounts(desk, held),
    }
    show_outgoing(f"{name}: contributions of {day}", counts, shown, as_json)


def _plan(desk: Desk, named: str) -> str:
    """The plan named, one that was dropped since too, or the only retirement plan.

    Raises:
        DataError: no such plan, or several and none named.
    """
    from benehub.errors import DataError

    with desk.store.read(desk.employer) as session:
        book = desk.hub.book(session)
        dropped = book.find(named)
    known = [plan.id for plan in book.retirement_plans()]
    if named in known or (dropped is not None and dropped.recordkeeper):
        return named
    if named or len(known) != 1:
        what = f"no retirement plan {named!r}" if named else "there is not exactly one retirement plan"
        raise DataError(what, mend=f"Name one: --plan {' | '.join(known) or '(the plan book has none)'}")
    return known[0]
