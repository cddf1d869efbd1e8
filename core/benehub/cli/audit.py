"""`benehub audit`: the trail of who saw or changed what, for an auditor to take along, and whether it is whole."""

from __future__ import annotations

import typer

from benehub.cli.opening import JSON, moment, opened_hub
from benehub.cli.users import FOR, WHO

app = typer.Typer(no_args_is_help=True, help="The audit trail: take it along, and see that it is whole.")


@app.command()
def export(
    employer: str = FOR,
    csv: bool = typer.Option(False, "--csv", help="As CSV, safe to open in a spreadsheet; else JSON, a row a line."),
    since: str = typer.Option("", "--since", help="From this day or moment on (UTC)."),
    until: str = typer.Option("", "--until", help="Before this day or moment (UTC)."),
    out: str = typer.Option("-", "--out", help="File to write; - for standard output."),
    who: str = WHO,
) -> None:
    """Write the trail of an employer, or of the installation. The export itself is noted in it, at its end."""
    import sys
    from contextlib import ExitStack
    from pathlib import Path

    from benehub.access import audit
    from benehub.cli.files import new_text
    from benehub.store.schema import INSTALLATION

    trail = employer or INSTALLATION
    since, until = moment(since, "--since"), moment(until, "--until")
    lines = audit.csv_lines if csv else audit.json_lines
    with opened_hub() as (_, hub):
        _check_employer(hub, trail)
        with ExitStack() as opening, hub.store.read(trail) as session:
            file = opening.enter_context(new_text(Path(out))) if out != "-" else sys.stdout
            for line in lines(audit.read(session, since, until)):
                file.write(line)
        with hub.store.write(trail) as session:
            audit.note(session, who, "export the audit trail")


@app.command()
def verify(
    employer: str = FOR,
    expected: str = typer.Option("", "--head", help="A head (NO:DIGEST) kept elsewhere that it has to hold."),
    as_json: bool = JSON,
) -> None:
    """Compute the chain of a trail again. Ends with 1 where a row was changed, put in between or taken away.

    Keep the head that it tells elsewhere: given back by --head, it finds a trail that was set back as a whole.
    """
    from benehub.access import audit
    from benehub.cli.console import FOUND, emit, fields
    from benehub.store.schema import INSTALLATION

    with opened_hub() as (_, hub):
        trail = employer or INSTALLATION
        _check_employer(hub, trail)
        with hub.store.read(trail) as session:
            found = audit.verify(session, expected)
    told = {"trail": trail, "rows": found.rows, "head": found.head, "wrong": found.wrong}
    emit(told, as_json, fields("audit trail", told))
    if found.wrong:
        raise typer.Exit(FOUND)


def _check_employer(hub: object, trail: str) -> None:
    from benehub.access.audit import trail_of
    from benehub.errors import DataError
    from benehub.flows import Hub
    from benehub.store.schema import INSTALLATION

    assert isinstance(hub, Hub)
    with hub.store.read(INSTALLATION) as session:
        if trail_of(session, trail) != trail:
            raise DataError(f"there is no employer {trail[:40]!r}", mend="Name another, or none")
