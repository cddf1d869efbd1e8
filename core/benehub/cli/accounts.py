"""`benehub accounts`: contributions to HSA, FSA and commuter accounts, to the custodian and followed line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, PERIOD, opened
from benehub.cli.opening import day as to_day
from benehub.cli.opening import month as to_month

if TYPE_CHECKING:
    from benehub.cli.opening import Desk

app = typer.Typer(no_args_is_help=True, help="Contributions to the employees' accounts, followed to the custodian.")

CONNECTION = typer.Option("", "--connection", "-c", help="Custodian's connection; may be left out when there is one.")
PAY_DATE = typer.Option(..., "--pay-date", help="Pay date, as 2026-11-13.")


@app.command()
def preview(
    pay_date: str = PAY_DATE,
    connection: str = CONNECTION,
    employer: str = EMPLOYER,
    clear: bool = CLEAR,
    as_json: bool = JSON,
) -> None:
    """Show the contribution file that `deposit` would send, byte by byte; nothing is sent or changed."""
    with opened(employer) as desk:
        _preview(desk, connection, pay_date, clear, as_json)


@app.command()
def deposit(
    pay_date: str = PAY_DATE,
    connection: str = CONNECTION,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Send the account contributions of a pay date, as payroll really took them; also what was rejected before."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        if dry_run:
            _preview(desk, connection, pay_date, False, as_json)
            return
        where, day = _custodian(desk, connection), str(to_day(pay_date, desk.today()))
        counts = desk.run("accounts.deposit", f"{where}/{day}", where, day)
        show_counts(f"{where}: account contributions of {day}", counts, as_json)


@app.command()
def confirmations(
    period: str = PERIOD,
    connection: str = CONNECTION,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Post what the custodian answered to each line of the month's pay dates (sync its results first)."""
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        where, month = _custodian(desk, connection), to_month(period)
        counts = run_or_try(desk, dry_run, "accounts.confirmations", f"{where}/{month}", where, month)
        show_counts(f"{where}: answers of {month}", counts, as_json)


def _preview(desk: Desk, connection: str, pay_date: str, clear: bool, as_json: bool) -> None:
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.flows import account_deposits
    from benehub.planbook.deadlines import deposit_deadline

    where, day = _custodian(desk, connection), to_day(pay_date, desk.today())
    with rehearsal(desk.hub) as hub:
        made = account_deposits.prepare(hub, desk.employer, where, day)
        shown = frozen(hub, desk.employer, [made] if made else [], clear)
    book = desk.book()
    mine = [plan for plan in book.account_plans() if plan.custodian == where]
    whens = [deposit_deadline(book, plan, day).required() for plan in mine]
    counts = {
        "rows": sum(one.items for one in shown),
        "due": str(min(one.due for one in whens)),
        "outer_limit": str(min(one.outer_limit for one in whens)),
    }
    show_outgoing(f"{where}: account contributions of {day}", counts, shown, as_json)


def _custodian(desk: Desk, named: str) -> str:
    """The custodian named, or the only one.

    Raises:
        DataError: no account is kept there, or there are several and none was named.
    """
    from benehub.errors import DataError

    known = sorted({plan.custodian for plan in desk.book().account_plans() if plan.custodian})
    if named in known:
        return named
    if named or len(known) != 1:
        what = f"no account is kept at {named!r}" if named else "there is not exactly one custodian"
        raise DataError(what, mend=f"Name one: --connection {' | '.join(known) or '(no plan has a custodian)'}")
    return known[0]
