"""`benehub dispatches`: what leaves, where it stands, and a person's word on what stopped."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import CLEAR, DRY_RUN, EMPLOYER, JSON, opened

if TYPE_CHECKING:
    from benehub.cli.opening import Desk

app = typer.Typer(no_args_is_help=True, help="What leaves, where it stands, and a person's word on what stopped.")

DISPATCH = typer.Argument(..., help="Id of the dispatch (dis_...).")
NOTE = typer.Option(..., "--note", help="Why, and how it is known; stands in the trail of the dispatch.")
WHO = typer.Option("cli", "--who", help="Who says so; stands in the trail of the dispatch.")
OUT = typer.Option(Path(), "--out", help="Write the frozen bytes, unmasked and exact, to this new file.")
COLUMNS = ("dispatch", "connection", "operation", "key", "revision", "state", "acknowledged", "worth", "reason")


STATES = ("prepared", "held", "sending", "unknown", "sent", "refused", "failed")


@app.command("list")
def list_(
    state: str = typer.Option("", "--state", help="Only prepared, held, sending, unknown, sent, refused or failed."),
    connection: str = typer.Option("", "--connection", help="Only to this connection."),
    operation: str = typer.Option("", "--operation", help="Only this operation, e.g. premium.remit."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="Newest dispatches to show."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List dispatches, the newest first."""
    from benehub.cli.console import emit, table
    from benehub.cli.known import must_know, must_know_connection
    from benehub.views.outgoing import listed

    must_know("state of a dispatch", state, STATES, "--state")
    with opened(employer) as desk:
        must_know_connection(desk, connection)
        with desk.store.read(desk.employer) as session:
            data = listed(session, (state,) if state else (), connection, operation, limit)
    rows = [[str(one[name])[:80] for name in COLUMNS] for one in data]
    emit(data, as_json, table("dispatches", COLUMNS, rows, ("worth",)))


@app.command()
def show(dispatch: str = DISPATCH, employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """Show one dispatch: its attempts, what came of it, what was said of it, and what it carries."""
    from benehub.cli.console import emit, fields, table
    from benehub.views.why import why

    _must_be_one(dispatch)
    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        found = why(session, dispatch)
    lists = ("attempts", "said", "revisions", "obligations", "entries")
    shown: list[Any] = [fields(found.title, {name: v for name, v in found.data.items() if name not in lists})]
    shown += [table(name, (" ",), [(line,) for line in found.data[name]]) for name in lists if found.data[name]]
    emit({"ref": found.ref, **found.data}, as_json, *shown)


@app.command()
def preview(
    dispatch: str = DISPATCH,
    clear: bool = CLEAR,
    out: Path = OUT,
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show what a dispatch carries: a file byte for byte, an item with the calls that write it. Nothing is sent."""
    from benehub.cli.shared import frozen, show_outgoing
    from benehub.flows import dispatches

    with opened(employer) as desk:
        shown = frozen(desk.hub, desk.employer, [dispatch], clear)
        calls = [
            {"call": place, "body": body if clear else _masked(desk, dispatch, body)}
            for place, body in dispatches.calls(desk.hub, desk.employer, dispatch)
        ]
        if out != Path():
            _write(desk, dispatch, out)
    told = {f"call {number}": f"{one['call']} {one['body']}".strip() for number, one in enumerate(calls, 1)}
    show_outgoing(dispatch, {"calls": calls} if as_json else told, shown, as_json)


@app.command()
def settle(
    dispatch: str = DISPATCH,
    has: bool | None = typer.Option(None, "--has/--has-not", help="Whether the vendor has it; look there first."),
    came_back: bool = typer.Option(False, "--came-back", help="A deposit that had left was returned."),
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Say whether the vendor has what stopped half-way: then it counts as sent, or the next run sends it anew.

    Of a deposit that had left, say --came-back once it was returned: its money is owed again, and goes in a new file.
    """
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.errors import DataError
    from benehub.flows import dispatches

    if (has is None) != came_back:
        raise DataError("it says one thing at a time", where="dispatches settle",
                        mend="Give one of --has, --has-not and --came-back")  # fmt: skip
    with opened(employer) as desk:
        row = _row(desk, dispatch)
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            if has is None:
                state = dispatches.came_back(hub, desk.employer, dispatch, who, note)
            else:
                state = dispatches.settle(hub, desk.employer, dispatch, has, who, note)
        then = "" if has else f"; it is sent anew by {dispatches.next_command(row)}"
        say(f"{dispatch}: {state}{then}{' (dry run)' if dry_run else ''}")


@app.command()
def hold(
    dispatch: str = DISPATCH, note: str = NOTE, who: str = WHO, employer: str = EMPLOYER, dry_run: bool = DRY_RUN
) -> None:
    """Keep what waits to leave; `benehub dispatches resend` lets it go."""
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import dispatches

    with opened(employer) as desk:
        _row(desk, dispatch)
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            dispatches.hold(hub, desk.employer, dispatch, who, note)
        say(f"{dispatch}: held{' (dry run)' if dry_run else ''}")


@app.command()
def resend(
    dispatch: str = DISPATCH,
    same_bytes: bool = typer.Option(False, "--same-bytes", help="A file that has left: the very bytes once more."),
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Let a dispatch leave: one that was never tried goes now; what a vendor refused goes with the next run, anew.

    Anew means a new control number, and the number of the file it replaces. Only --same-bytes repeats a number.
    """
    from benehub.cli.rehearsal import rehearsal
    from benehub.cli.shared import show_counts
    from benehub.flows import dispatches

    with opened(employer) as desk:
        row = _row(desk, dispatch)
        with rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
            let_go = dispatches.same_bytes if same_bytes else dispatches.reopen
            state = let_go(hub, desk.employer, dispatch, who, note)
        told: dict[str, Any] = {"dispatch": dispatch, "state": state}
        if state == "open":
            told["next"] = dispatches.next_command(row)
        elif not dry_run:
            told |= desk.run("dispatch.resend", f"{dispatch} again" if same_bytes else dispatch, dispatch)
            told["state"] = _row(desk, dispatch).state
        show_counts(f"{dispatch}{' (dry run)' if dry_run else ''}", told, as_json)


@app.command()
def permit(
    connection: str = typer.Argument(..., help="Name of the connection."),
    operation: str = typer.Argument(..., help="Operation that was stopped, e.g. deduction.set."),
    people: int = typer.Option(..., "--people", min=1, help="How many may be changed or ended, as the stop said."),
    note: str = NOTE,
    who: str = WHO,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
) -> None:
    """Let a push leave that stopped because it changes or ends many: for a day, and no more people than named."""
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import push_guard

    with opened(employer) as desk, rehearsal(desk.hub) if dry_run else nullcontext(desk.hub) as hub:
        push_guard.permit(hub, desk.employer, connection, operation, people, who, note)
    say(f"{connection}: {operation} of up to {people} people permitted{' (dry run)' if dry_run else ''}; run it again")


def _row(desk: Desk, dispatch: str) -> Any:
    from benehub import dispatch as room

    with desk.store.read(desk.employer) as session:
        return room.get(session, dispatch)


def _write(desk: Desk, dispatch: str, out: Path) -> None:
    """The exact bytes; they hold personal data, so that only the owner may read the file.

    Raises:
        DataError: there is such a file already, or it cannot be written.
    """
    import os

    from benehub import dispatch as room
    from benehub.errors import DataError

    with desk.store.read(desk.employer) as session:
        content = room.frozen_bytes(session, room.get(session, dispatch))
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise DataError(f"cannot be written ({type(error).__name__})", where=str(out), mend="Name a new file") from None


def _masked(desk: Desk, dispatch: str, body: str) -> str:
    from benehub.views.outgoing import masked_of

    with desk.store.read(desk.employer) as session:
        return masked_of(session, dispatch, body)


def _must_be_one(dispatch: str) -> None:
    from benehub.errors import DataError

    if not dispatch.startswith("dis_"):
        raise DataError(f"no dispatch {dispatch[:50]!r}", mend="See `benehub dispatches list`")
