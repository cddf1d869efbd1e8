"""`benehub partner`: the trading partners and their profiles."""

from __future__ import annotations

import typer

from benehub.cli.opening import EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="Trading partners: what was agreed with each insurer on files.")


@app.callback()
def _root() -> None:
    """Trading partners: what was agreed with each insurer on files."""


@app.command()
def check(
    name: str = typer.Argument("", help="Connection of the partner; all insurers when left out."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Say everything that is wrong with a partner's profile, against the plan book; nothing is sent. 1 on a finding."""
    from benehub import connections
    from benehub.cli.console import FOUND, emit, say, table
    from benehub.connections.partners import check_partner, partners

    with opened(employer) as desk:
        book, known = desk.book(), connections.connectors(desk.hub.plugins)
        with desk.store.read(desk.employer) as session:
            rows = [connections.get(session, name)] if name else partners(connections.listed(session), known)
        data = [
            {"partner": row.connection_id, "field": one.field, "what": one.what, "mend": one.mend}
            for row in rows
            for one in check_partner(row, known, book)
        ]
    if not data and not as_json:
        say(f"{', '.join(row.connection_id for row in rows) or 'no partner'}: nothing wrong")
        return
    columns = ("partner", "field", "what", "mend")
    emit(data, as_json, table("partners", columns, [tuple(one.values()) for one in data]))
    if data:
        raise typer.Exit(FOUND)
