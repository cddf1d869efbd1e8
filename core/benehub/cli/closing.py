"""`benehub period`: whether a month is reconciled, signing it off, and the report that was signed."""

from __future__ import annotations

from pathlib import Path

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, PERIOD, opened

app = typer.Typer(no_args_is_help=True, help="Close months: check, sign off, report.")

WHO = typer.Option(..., "--who", help="Who signs; stands on the report.")
NOTE = typer.Option("", "--note", help="What the reader of the report should know.")
PDF = typer.Option(None, "--pdf", help="Write it as a PDF to this file.")


@app.command()
def check(period: str = PERIOD, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show what a month still lacks before it can be closed. Ends with 1 while anything is in the way."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.periods import Month
    from benehub.views.closing import checklist, silent

    month = Month.parse(period)
    with opened(employer) as desk:
        book = desk.book()
        with desk.store.read(desk.employer) as session:
            found, quiet = checklist(session, book, month), silent(session, month)
    rows = [
        ["yes" if one.holds else "no", one.name, "" if one.holds else one.count, "; ".join(one.found[:3]),
         "" if one.holds else one.mend]
        for one in found
    ]  # fmt: skip
    columns = ("holds", "condition", "in the way", "for example", "mend")
    told = table("nothing was compared with", ("relation", "connection"), [tuple(one.values()) for one in quiet])
    emit([one.as_json() for one in found], as_json, table(f"closing {month}", columns, rows), told)
    if not all(one.holds for one in found):
        raise typer.Exit(FOUND)


@app.command()
def close(
    period: str = PERIOD,
    who: str = WHO,
    note: str = NOTE,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Sign a month off: its books stay so, what comes later is a correction. Ends with 3 if it cannot be."""
    from contextlib import nullcontext

    from benehub.cli.console import emit, fields
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import closing
    from benehub.periods import Month

    month = Month.parse(period)
    with opened(employer) as desk, rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        done = closing.close(hub, desk.employer, month, who, note)
    emit({**done, "dry_run": dry_run}, as_json, fields(f"{month} {'can be closed' if dry_run else 'is closed'}", done))


@app.command("list")
def list_(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List the months that are signed off, the newest first."""
    from benehub.cli.console import emit, table
    from benehub.views.signed import signed

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = signed(session)
    columns = ("closing", "period", "who", "closed_at", "recorded_order", "digest")
    emit(data, as_json, table("closed months", columns, [[one[name] for name in columns] for one in data]))


@app.command()
def report(period: str = PERIOD, pdf: Path = PDF, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show the report of a closed month as it was signed, or write it as a PDF."""
    from benehub.cli.console import emit, fields, say, table
    from benehub.periods import Month
    from benehub.views.signed import signed_report

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = signed_report(session, Month.parse(period))
    if pdf is not None:
        from benehub.views.signed_pdf import signed_pdf

        pdf.write_bytes(signed_pdf(data))
        say(f"wrote {pdf}")
        return
    head = {
        name: data[name] for name in ("closing", "who", "note", "closed_at", "recorded_order", "chain_head", "digest")
    }
    accounts = ("account", "name", "unit", "opening", "debit", "credit", "closing")
    items = ("difference", "type", "period", "amount", "age_days", "clear_by")
    rules = ("rule", "relation", "type", "number", "amount", "unit", "ends")
    emit(
        data, as_json, fields(f"{data['employer']['name']}, {data['period']}", head),
        table("totals by account", accounts, [[one[name] for name in accounts] for one in data["accounts"]],
              accounts[3:]),
        table("open items", items, [[one[name] for name in items] for one in data["open_items"]], ("amount",)),
        table("set aside by rules", rules, [[one[name] for name in rules] for one in data.get("rules", ())],
              ("number", "amount")),
    )  # fmt: skip
