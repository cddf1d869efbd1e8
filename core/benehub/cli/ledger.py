"""`benehub ledger`: balances, the journal, proof, and the books for other eyes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from benehub.cli.opening import EMPLOYER, JSON, KNOWN_AT, opened
from benehub.cli.opening import day as to_day

app = typer.Typer(no_args_is_help=True, help="The ledger: balances, journal, proof and export.")

BY = typer.Option([], "--by", help="Group by person_id, plan, money_source, coverage_month, pay_date or batch.")
OUT = typer.Option(None, "--out", "-o", help="File to write; standard output when left out.")
ACCOUNT = typer.Option([], "--account", "-a", help="Only this account (e.g. 2100); may be given several times.")


@app.command()
def balances(
    account: list[str] = ACCOUNT,
    by: list[str] = BY,
    effective: str = typer.Option("", "--effective", help="Only what is effective on or before this day."),
    known: str = KNOWN_AT,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show what the accounts hold: a debit is positive, a credit negative, a zero is left out."""
    from benehub.cli.console import emit, table
    from benehub.errors import DataError
    from benehub.ledger import CHART
    from benehub.ledger import balances as ask
    from benehub.ledger.balances import DIMENSIONS
    from benehub.views.amounts import amount
    from benehub.views.known import known_at

    _known_accounts(account)
    if unknown := [name for name in by if name not in DIMENSIONS]:
        raise DataError(f"no dimension {unknown[0]!r}", mend=f"There are {', '.join(DIMENSIONS)}")
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        day = to_day(effective, desk.today()) if effective else None
        found = ask(session, account, by, day, known_at(session, known))
    columns = ("account", "name", *by, "balance", "unit")
    rows = [
        (
            one.account,
            CHART[one.account].name,
            *(one.dimensions[name] for name in by),
            amount(one.amount, one.unit),
            one.unit,
        )
        for one in found
    ]
    data = [dict(zip(columns, row, strict=True)) for row in rows]
    emit(data, as_json, table("balances", columns, rows, ("balance",)))


@app.command()
def journal(
    account: list[str] = ACCOUNT,
    employee: str = typer.Option("", "--employee", help="Only legs of this employee (number or per_...)."),
    plan: str = typer.Option("", "--plan", help="Only legs of this plan."),
    month: str = typer.Option("", "--month", help="Only legs of this coverage month."),
    limit: int = typer.Option(200, "--limit", min=1, max=100_000, help="Newest entries to show."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show the entries with their legs, newest first."""
    from benehub.cli.console import emit, table
    from benehub.views.journal import journal as ask

    _known_accounts(account)
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        found = ask(session, account, employee, plan, month, limit)
    columns = ("entry", "effective", "type", "status", "account", "amount", "unit", "employee", "plan")
    rows = [
        (
            one["entry"],
            one["effective_date"],
            one["type"],
            one["status"],
            leg["account"],
            leg["amount"],
            leg["unit"],
            leg["employee"],
            leg["plan"],
        )
        for one in found
        for leg in one["legs"]
    ]
    emit(found, as_json, table("journal", columns, rows, ("amount",)))


@app.command()
def verify(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Prove the ledger from the database: sums, guards, links, hash chain. Ends with 1 on a problem."""
    from benehub.cli.console import FOUND, emit, fields, table
    from benehub.ledger import verify as prove

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        proof = prove(session)
    data: dict[str, Any] = {
        "ok": proof.ok,
        "entries": proof.entries,
        "legs": proof.legs,
        "head": proof.head,
        "problems": list(proof.problems),
    }
    shown = {**data, "problems": len(proof.problems)}
    emit(
        data,
        as_json,
        fields("ledger", shown),
        *([table("", ("problem",), [[p] for p in proof.problems])] * (not proof.ok)),
    )
    if not proof.ok:
        raise typer.Exit(FOUND)


@app.command()
def export(
    format: str = typer.Option("beancount", "--format", "-f", help="beancount, csv, journal or datev."),
    period: str = typer.Option("", "--period", "-p", help="Month, as 2026-11; needed for journal and datev."),
    draft: bool = typer.Option(False, "--draft", help="Also of a month that is still open."),
    out: Path = OUT,
    employer: str = EMPLOYER,
) -> None:
    """Write the books with opaque ids and no names.

    beancount (posted entries) and csv (all legs) hold everything; journal and datev a closed month for the general
    ledger, by the numbers that the plan book's books name.
    """
    import sys
    from itertools import chain

    from benehub.errors import DataError
    from benehub.ledger.export import beancount, csv_lines
    from benehub.periods import Month
    from benehub.views.general_ledger import datev_batch, journal_csv

    monthly = {"journal": journal_csv, "datev": datev_batch}
    whole = {"beancount": beancount, "csv": csv_lines}
    if format not in (*monthly, *whole):
        raise DataError(f"no format {format[:20]!r}", mend=f"Choose {', '.join((*whole, *monthly))}")
    if bool(period) != (format in monthly):
        raise DataError(
            f"{format} {'needs a month' if format in monthly else 'is of all months'}",
            mend="Add --period 2026-11" if format in monthly else "Leave --period out",
        )
    with opened(employer) as desk:
        book = desk.book() if format in monthly else None
        with desk.store.read(desk.employer) as session:
            lines: Iterator[bytes]
            if book is None:
                lines = ((f"{line}\n").encode() for line in whole[format](session))
            elif format == "datev":
                lines = datev_batch(session, book, Month.parse(period), draft)
            else:
                lines = ((f"{line}\n").encode() for line in journal_csv(session, book, Month.parse(period), draft))
            lines = chain([next(lines, b"")], lines)  # what is wrong is told before a file is begun
            if out is None:
                sys.stdout.buffer.writelines(lines)
                sys.stdout.flush()
                return
            with out.open("wb") as file:
                file.writelines(lines)


def _known_accounts(codes: list[str]) -> None:
    from benehub.errors import DataError
    from benehub.ledger import CHART

    if unknown := [code for code in codes if code not in CHART]:
        known = ", ".join(f"{code} {account.name}" for code, account in CHART.items())
        raise DataError(f"no account {unknown[0][:20]!r}", mend=f"There are {known}")
