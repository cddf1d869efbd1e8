"""`benehub people`: vendors' people who are linked to nobody here, who they may be, and a person's word on it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.known import must_know_connection
from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, opened

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(no_args_is_help=True, help="Who is who across systems: the unlinked, suggestions, and links.")

CONNECTION = typer.Option("", "--connection", "-c", help="Only of this connection.")
REF = typer.Argument(..., help="The vendor's person: its id (unl_...), or CONNECTION/VENDOR'S ID.")
OURS = typer.Argument(..., help="Employee number, member id, or the hub's id (per_...).")
NOTE = typer.Option(..., "--note", help="Why, and how it is known; stands in the trail of both.")
WHO = typer.Option("cli", "--who", help="Who says so; stands in the trail of both.")


@app.command()
def unlinked(
    connection: str = CONNECTION,
    aside: bool = typer.Option(False, "--aside", help="Show those laid aside as none of ours too."),
    count: bool = typer.Option(False, "--count", help="Only how many, by connection."),
    clear: bool = CLEAR,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List the people of vendors who are linked to nobody here. Ends with 1 while there are any."""
    from benehub.cli.console import FOUND, emit, fields, table
    from benehub.identity import strangers
    from benehub.views.strangers import unlinked as ask

    with opened(employer) as desk:
        must_know_connection(desk, connection)
        with desk.store.read(desk.employer) as session:
            by_name = strangers.counted(session)
            data = [] if count else ask(session, connection, aside, clear)
    counts = {name: number for name, number in by_name.items() if connection in ("", name)}
    columns = ("ref", "connection", "id", "stream", "name", "born", "number", "lines", "suggestions", "aside")
    rows = [[str(one[name]) for name in columns] for one in data]
    shown = fields("unlinked", counts) if count else table("unlinked", columns, rows, ("lines", "suggestions"))
    emit(counts if count else {"counts": counts, "people": data}, as_json, shown)
    if counts:
        raise typer.Exit(FOUND)


@app.command()
def suggest(
    connection: str = CONNECTION,
    clear: bool = CLEAR,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Link whom ids name by now, and suggest by name and birth date who the others may be. A suggestion links nobody.

    Points go to 100: birth date 45, last name 30, first name 25, e-mail 25, employee number 35. Ends with 1 while
    anybody is left.
    """
    from benehub.cli.console import FOUND, emit, fields, table
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import identities
    from benehub.views.strangers import suggested

    with opened(employer) as desk:
        must_know_connection(desk, connection)
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            counts = identities.suggest(hub, desk.employer, connection)
            with hub.store.read(desk.employer) as session:
                data = suggested(session, connection, clear)
    columns = ("ref", "connection", "id", "name", "employee", "known_as", "score", "level", "why")
    rows = [[str(one[name]) for name in columns[:-1]] + [", ".join(one["why"])] for one in data]
    title = f"suggestions{' (dry run)' if dry_run else ''}"
    emit({**counts, "people": data}, as_json, fields(title, counts), table(title, columns, rows, ("score", "level")))
    if counts["unlinked"]:
        raise typer.Exit(FOUND)


@app.command()
def duplicates(connection: str = CONNECTION, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List who comes twice: one person with two ids at a vendor, or two persons here with one name and birth date."""
    from benehub.cli.console import FOUND, emit, table
    from benehub.views.strangers import doubles

    with opened(employer) as desk:
        must_know_connection(desk, connection)
        with desk.store.read(desk.employer) as session:
            found = doubles(session, connection)
    columns = ("connection", "who", "what", "others")
    data = [{name: one[name] for name in columns} for one in found]
    rows = [(one["connection"] or "here", one["who"], one["what"], ", ".join(one["others"])) for one in data]
    emit(data, as_json, table("duplicates", columns, rows))
    if data:
        raise typer.Exit(FOUND)


@app.command()
def show(ref: str = REF, clear: bool = CLEAR, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show one person of a vendor's: what was told, whom he is linked to and how, and what was said of it."""
    from benehub.cli.console import emit, fields, table
    from benehub.views.strangers import details

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = details(session, ref, clear)
    head = {name: value for name, value in data.items() if name != "said"}
    said = [tuple(one.values()) for one in data["said"]]
    shown: list[Any] = [fields(data["ref"], head)]
    emit(data, as_json, *shown, *([table("said", ("at", "who", "what", "note"), said)] if said else []))


@app.command()
def link(
    ref: str = REF,
    ours: str = OURS,
    also: bool = typer.Option(False, "--also", help="Ours has another id there too, and both records are his."),
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Link a vendor's person to one of ours; what waited for it in quarantine is tried again at once."""
    from benehub.flows import identities

    _say("linked", employer, dry_run, as_json, identities.link, ref, ours, who, note, also)


@app.command()
def unlink(
    ref: str = REF,
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Take a link back; it is not made again by itself. Then post the results of the month anew, and reconcile."""
    from benehub.flows import identities

    _say("unlinked", employer, dry_run, as_json, identities.unlink, ref, who, note)


@app.command()
def reject(
    ref: str = REF,
    ours: str = typer.Option("", "--person", help="He is not this one; left out, he is none of ours at all."),
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Say that a vendor's person is not who is suggested, or is none of ours (laid aside, and not counted)."""
    from benehub.flows import identities

    _say("rejected", employer, dry_run, as_json, identities.reject, ref, ours, who, note)


def _say(
    title: str, employer: str, dry_run: bool, as_json: bool, act: Callable[..., dict[str, Any]], *arguments: Any
) -> None:
    from benehub.cli.console import emit, fields
    from benehub.cli.rehearsal import rehearsal

    with opened(employer) as desk, rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        counts = act(hub, desk.employer, *arguments)
    emit(counts, as_json, fields(f"{title}{' (dry run)' if dry_run else ''}", counts))
