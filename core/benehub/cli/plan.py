"""`benehub plan`: the plan book, checked, compared, and put in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened, opened_hub

if TYPE_CHECKING:
    from benehub.cli.opening import Desk
    from benehub.periods import Month
    from benehub.planbook import PlanBook
    from benehub.views.plan_impact import PlanImpact

app = typer.Typer(no_args_is_help=True, help="The plan book: what the employer promises, and by when.")

OTHER = typer.Argument(None, help="A second plan book; the one in force when left out.")
TRIED = typer.Argument(None, help="A plan book to try; the one in force when left out.")
FILE = typer.Argument(..., help="The plan book, a YAML file.")


@app.command()
def load(file: Path = FILE, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Check a plan book and put it in force; the first one of an employer creates the employer."""
    from benehub.cli.console import emit, fields
    from benehub.cli.files import read_text
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows.onboarding import load_plan_book

    text = read_text(file)
    with opened_hub(noted=True) as (_, hub):
        if dry_run:
            with rehearsal(hub) as trial:
                employer, version = load_plan_book(trial, text, str(file))
        else:
            employer, version = load_plan_book(hub, text, str(file))
    data = {"employer": employer, "version": version, "in_force": not dry_run}
    emit(data, as_json, fields("plan book", data))


@app.command()
def check(file: Path = FILE, as_json: bool = JSON) -> None:
    """Say everything that is wrong or strange in a plan book, with line and mend. Ends with 1 if refused."""
    from benehub import planbook
    from benehub.cli.console import FOUND, emit, say, table
    from benehub.cli.files import read_text
    from benehub.errors import ConfigError

    try:
        book = planbook.load(read_text(file), str(file))
    except ConfigError as error:
        lines = str(error).splitlines()
        faults = lines[1:] or lines  # the first one only counts them
        emit(
            {"ok": False, "faults": faults},
            as_json,
            *([] if as_json else [table("", ("wrong",), [[f] for f in faults])]),
        )
        raise typer.Exit(FOUND) from None
    warnings = [
        {"severity": one.severity, "path": ".".join(map(str, one.path)), "text": one.text, "mend": one.mend}
        for one in planbook.check(book)
    ]
    rows = [tuple(one.values()) for one in warnings]
    emit(
        {"ok": True, "version": book.version, "warnings": warnings},
        as_json,
        table(f"{file}: right, version {book.version}", ("severity", "where", "what", "mend"), rows),
    )
    if not as_json and not warnings:
        say("nothing strange in it")


@app.command()
def diff(
    file: Path = FILE,
    other: Path = OTHER,
    month: str = typer.Option("", "--month", "-m", help="Coverage month that is priced, as 2026-11; else the current."),
    people: bool = typer.Option(False, "--people", help="List who is affected: employee number, old and new share."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Compare a plan book with the one in force, or two files: from the first to the second.

    Tells every field that changed and, for the employees of this installation, whom it affects and by how much a
    month. Without an installation (two files only), the fields alone.
    """
    from benehub import planbook
    from benehub.cli.console import emit, say, table
    from benehub.cli.files import read_text
    from benehub.cli.impact import impact_data, impact_tables
    from benehub.errors import ConfigError

    book = planbook.load(read_text(file), str(file))
    second = planbook.load(read_text(other), str(other)) if other is not None else None
    found: tuple[Month, list[PlanImpact]] | None = None
    unasked: ConfigError | None = None
    before, after = book, second or book
    try:
        with opened(employer or book.employer.id) as desk:
            before = desk.book() if second is None else book
            found = _impact(desk, before, after, month, people)
    except ConfigError as error:
        if second is None or month or people:
            raise
        unasked = error  # two files can be compared anywhere
    changes = planbook.diff(before, after)
    data = {
        "before": before.version,
        "after": after.version,
        "changes": [{"path": c.path, "before": c.before, "after": c.after} for c in changes],
        "impact": None if found is None else impact_data(*found, after.employer.currency, people),
        "not_asked": "" if unasked is None else unasked.what,
    }
    title = f"{before.version} -> {after.version}: {len(changes)} changes"
    shown = [table(title, ("field", "before", "after"), [(c.path, c.before, c.after) for c in changes])]
    if found is not None:
        shown += impact_tables(*found, after.employer.currency, people)
    emit(data, as_json, *shown)
    if unasked is not None and not as_json:
        say(f"whom it affects was not asked: {unasked.what}")


@app.command()
def affordability(
    file: Path = TRIED,
    month: str = typer.Option("", "--month", "-m", help="Coverage month, as 2026-11; else the current."),
    basis: str = typer.Option("rate_of_pay", "--basis", help="Income: rate_of_pay, or fpl (federal poverty line)."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Say for whom of the full-time employees (US) no plan's own cover is affordable. Ends with 1 if there is anybody.

    The cheapest own cover of the month is held against the share of income that law allows; incomes are not told.
    """
    from benehub import planbook
    from benehub.cli.affordable import show, to_basis
    from benehub.cli.console import FOUND
    from benehub.cli.files import read_text
    from benehub.periods import Month
    from benehub.views.affordable import offers

    other = planbook.load(read_text(file), str(file)) if file is not None else None
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        book = other or desk.book()
        asked = Month.parse(month) if month else Month.of(session.today())
        open_ones = show(offers(session, book, asked, to_basis(basis)), asked, book.employer.currency, as_json)
    if open_ones:
        raise typer.Exit(FOUND)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the plan book, for editors and other programs."""
    from benehub import planbook
    from benehub.cli.console import emit

    emit(planbook.schema(), True)


def _impact(desk: Desk, before: PlanBook, after: PlanBook, month: str, people: bool) -> tuple[Month, list[PlanImpact]]:
    """The month asked for, and what the later book changes in it."""
    from benehub.cli.console import working
    from benehub.flows.plan_trial import impact
    from benehub.periods import Month

    what = "tried on the employees"
    with desk.store.read(desk.employer) as session, working(what) as status:
        asked = Month.parse(month) if month else Month.of(session.today())
        told = impact(session, before, after, asked, people, lambda count: status.update(f"{what}: {count:,}"))
        return asked, told
