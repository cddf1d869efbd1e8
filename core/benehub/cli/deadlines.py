"""`benehub deadlines`: by when what has to leave, and what is late."""

from __future__ import annotations

import typer

from benehub.cli.opening import EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="By when what has to leave, and what is late.")

WITHIN = typer.Option(14, "--within", min=0, max=366, help="Days ahead that are looked at.")
COLUMNS = ("level", "kind", "connection", "plan", "period", "due", "send by", "latest safe", "left", "items", "mend")


@app.command("list")
def list_(within: int = WITHIN, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List what has not been done and has a day, the most pressing first. Ends with 1 while anything is late."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.flows.deadlines import open_now
    from benehub.rules.deadline.latest_safe import Level

    with opened(employer) as desk:
        found = open_now(desk.hub, desk.employer, within)
    rows = [
        [
            one.level.value, one.kind, one.connection, one.plan or "", one.period, str(one.due), str(one.send_by),
            f"{one.latest_safe:%Y-%m-%d %H:%M}", one.slack_days, one.items or "", one.mend,
        ]
        for one in found
    ]  # fmt: skip
    emit([one.as_json() for one in found], as_json, table("deadlines", COLUMNS, rows))
    if any(one.level is Level.LATE for one in found):
        raise typer.Exit(FOUND)


@app.command()
def check(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Raise what is due soon or late, each alarm once, and tell those who are to know. Ends with 1 if one was late."""
    from benehub.cli.console import FOUND, emit, fields

    with opened(employer) as desk:
        counts = desk.run("deadlines.check", "deadlines")
    emit(counts, as_json, fields("deadlines", counts))
    if counts["alarms late"] or counts["not_told"]:
        raise typer.Exit(FOUND)
