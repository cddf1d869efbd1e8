"""`benehub tokens`: keys of programs that call the API."""

from __future__ import annotations

from contextlib import nullcontext

import typer

from benehub.cli.opening import DRY_RUN, JSON, opened_hub
from benehub.cli.users import WHO

app = typer.Typer(no_args_is_help=True, help="API tokens: what a program may do in a user's name, and for how long.")

SCOPE = typer.Option(..., "--scope", help="A permission it has, if its user has it; repeatable.")


@app.command("list")
def list_(as_json: bool = JSON) -> None:
    """List tokens with their scopes, ends and last use; never the token itself."""
    from benehub.access import tokens
    from benehub.cli.console import emit, table
    from benehub.store.schema import INSTALLATION

    with opened_hub() as (_, hub), hub.store.read(INSTALLATION) as session:
        data = tokens.listed(session)
    columns = ("token", "email", "label", "scopes", "state", "ends_at", "used_at")
    rows = [[", ".join(one[name]) if name == "scopes" else str(one[name] or "") for name in columns] for one in data]
    emit(data, as_json, table("tokens", columns, rows))


@app.command()
def add(
    user: str = typer.Argument(..., help="Email address or id of the user in whose name it calls."),
    label: str = typer.Option(..., "--label", help="What it is for."),
    scope: list[str] = SCOPE,
    days: int = typer.Option(90, "--days", min=1, help="Days it lasts."),
    who: str = WHO,
    as_json: bool = JSON,
    dry_run: bool = DRY_RUN,
) -> None:
    """Make a token. It is shown this once and kept nowhere: put it where the program finds it."""
    from benehub.access import Permission
    from benehub.cli.console import emit, fields
    from benehub.cli.rehearsal import rehearsal
    from benehub.errors import DataError
    from benehub.flows import users

    unknown = sorted(set(scope) - set(Permission))
    if unknown:
        raise DataError(f"there is no scope {unknown[0][:30]!r}", mend=f"Scopes: {', '.join(Permission)}")
    with opened_hub() as (_, opened), rehearsal(opened) if dry_run else nullcontext(opened) as hub:
        name, token = users.add_token(hub, who, user, label, [Permission(one) for one in scope], days)
    told = {"id": name, "token": "(dry run)" if dry_run else token}
    emit(told, as_json, fields("token", told))


@app.command()
def revoke(token: str = typer.Argument(..., help="Id (tok_...)."), who: str = WHO, dry_run: bool = DRY_RUN) -> None:
    """End a token at once."""
    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal
    from benehub.flows import users

    with opened_hub() as (_, opened), rehearsal(opened) if dry_run else nullcontext(opened) as hub:
        users.revoke_token(hub, who, token)
        say(f"revoked: {token}{' (dry run)' if dry_run else ''}")
