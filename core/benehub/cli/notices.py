"""`benehub notices`: what employees should be told before they ask, and whether it reached them."""

from __future__ import annotations

import typer

from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, opened
from benehub.cli.opening import day as to_day

app = typer.Typer(no_args_is_help=True, help="What employees should be told before they ask, sent once each.")

DAY = typer.Option("", "--day", help="What is due on this day, as 2026-11-13; today when left out.")


@app.command()
def due(day: str = DAY, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List the notices that are due: who is told what, and by when."""
    from benehub.cli.console import emit, table
    from benehub.views.notices import due as ask
    from benehub.views.persons import member_ids

    with opened(employer) as desk:
        book, when = desk.book(), to_day(day, desk.today())
        with desk.store.read(desk.employer) as session:
            found = list(ask(session, book, when))
            names = member_ids(session, {one.person_id for one in found})
    columns = ("kind", "employee", "occasion", "by", "refs")
    rows = [(one.kind, names.get(one.person_id, ""), one.occasion, one.by, ", ".join(one.refs)) for one in found]
    emit([dict(zip(columns, row, strict=True)) for row in rows], as_json, table(f"due on {when}", columns, rows))


@app.command()
def preview(day: str = DAY, employer: str = EMPLOYER, clear: bool = CLEAR, as_json: bool = JSON) -> None:
    """Show the messages that `send` would send, byte by byte; nothing is sent and nothing changes."""
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.flows import notices

    with opened(employer) as desk:
        when = to_day(day, desk.today())
        with rehearsal(desk.hub) as hub:
            counts = notices.want_notices(hub, desk.employer, when)
            ids = notices.freeze_notices(hub, desk.employer, notices.mail_connection(desk.book()))
            shown = frozen(hub, desk.employer, ids, clear)
    show_outgoing(f"notices of {when}", {"notices": counts}, shown, as_json)


@app.command()
def send(
    day: str = DAY, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON
) -> None:  # fmt: skip
    """Tell everybody what is due and was not told yet; whoever has no address is counted and held."""
    from benehub.cli.shared import show_counts

    if dry_run:
        preview(day, employer, False, as_json)
        return
    with opened(employer) as desk:
        when = str(to_day(day, desk.today()))
        show_counts(f"notices of {when}", desk.run("notices.send", when, when), as_json)


@app.command()
def reports(employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Take what the mail server reported (sync it first): delivered, or come back. Ends with 1 on bounces."""
    from benehub.cli.console import FOUND
    from benehub.cli.rehearsal import run_or_try
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        counts = run_or_try(desk, dry_run, "notices.reports", "reports")
        show_counts("delivery reports", counts, as_json)
        if counts["bounced"]:
            raise typer.Exit(FOUND)
