"""`benehub users`: who may sign in, and what each may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import DRY_RUN, JSON, PASSWORD_FILE, opened_hub, password_from, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from benehub.flows import Hub

app = typer.Typer(no_args_is_help=True, help="Users: who may sign in, and what each may do.")

USER = typer.Argument(..., help="Email address or id (usr_...).")
WHO = typer.Option("cli", "--who", help="Who does it; stands in the audit trail.")
EVERYWHERE = typer.Option(False, "--everywhere", help="With every employer of the installation.")
FOR = typer.Option("", "--employer", "-e", help="The employer the role is for.")


@app.command("list")
def list_(
    find: str = typer.Option("", "--find", help="Only those with this in their address or name."),
    after: str = typer.Option("", "--after", help="Go on after this address."),
    limit: int = typer.Option(1000, "--limit", min=1, max=100_000, help="How many at most."),
    as_json: bool = JSON,
) -> None:
    """List users by address with their roles, how they sign in and when they did."""
    from benehub.access import users
    from benehub.cli.console import emit, table
    from benehub.store.schema import INSTALLATION

    with opened_hub() as (_, hub), hub.store.read(INSTALLATION) as session:
        data = users.listed(session, find, after, limit)
    columns = ("user", "email", "name", "state", "roles", "second_factor", "signed_in_at")
    rows = [[_shown(one[name]) for name in columns] for one in data]
    emit(data, as_json, table("users", columns, rows))


@app.command()
def add(
    email: str = typer.Argument(..., help="Email address to sign in with."),
    name: str = typer.Option(..., "--name", help="As pages show it."),
    password_file: str = PASSWORD_FILE,
    who: str = WHO,
    dry_run: bool = DRY_RUN,
) -> None:
    """Add a user who may do nothing yet. A password given here is changed at the first sign-in."""
    from benehub.flows import users

    password = password_from(password_file)
    _do(dry_run, "added", lambda hub: users.add(hub, who, email, name, password))


@app.command()
def invite(
    user: str = USER,
    provider: str = typer.Option(..., "--by", help="Name of the sign-in provider in the settings."),
    who: str = WHO,
    dry_run: bool = DRY_RUN,
) -> None:
    """Let a user come in by a sign-in provider, once it vouches for his address."""
    from benehub.errors import DataError
    from benehub.flows import users

    known = read_settings().oidc
    if provider not in known:
        raise DataError(f"there is no sign-in provider {provider[:40]!r}", where="--by",
                        mend=f"The settings have: {', '.join(known) or 'none'}")  # fmt: skip
    _do(dry_run, "invited", lambda hub: users.invite(hub, who, user, provider))


@app.command()
def role(
    user: str = USER,
    name: str = typer.Argument(..., help="owner, benefits_admin, finance, engineer, auditor or employee."),
    employer: str = FOR,
    everywhere: bool = EVERYWHERE,
    take: bool = typer.Option(False, "--take", help="Take the role back instead."),
    person: str = typer.Option("", "--person", help="The hub's id (per_...) of the person an employee is."),
    who: str = WHO,
    dry_run: bool = DRY_RUN,
) -> None:
    """Give a user a role, or take it back. What the user has open ends: the next sign-in has the new roles."""
    from benehub.access import Role
    from benehub.errors import DataError
    from benehub.flows import users
    from benehub.store.schema import INSTALLATION

    if bool(employer) == everywhere:
        raise DataError("a role is for an employer, or for all", mend="Give --employer or --everywhere")
    if name not in list(Role):
        raise DataError(f"there is no role {name[:20]!r}", mend=f"Roles: {', '.join(Role)}")
    role_for = INSTALLATION if everywhere else employer
    if take:
        _do(dry_run, "taken", lambda hub: users.take(hub, who, user, Role(name), role_for))
    else:
        _do(dry_run, "given", lambda hub: users.give(hub, who, user, Role(name), role_for, person))


@app.command()
def disable(
    user: str = USER,
    undo: bool = typer.Option(
        False, "--undo", help="Let the user in again; tokens stay revoked, providers are unlinked."
    ),
    who: str = WHO,
    dry_run: bool = DRY_RUN,
) -> None:
    """Let a user in no more: what is open ends at once, API tokens are revoked.

    With --undo he is let in again, by his password: whatever sign-in providers he came by are unlinked, and unused
    invitations go too. Invite him anew, or let him link his provider himself.
    """
    from benehub.flows import users

    _do(dry_run, "enabled" if undo else "disabled", lambda hub: users.disable(hub, who, user, undo))


@app.command()
def reset(
    user: str = USER,
    password_file: str = PASSWORD_FILE,
    second_factor: bool = typer.Option(False, "--second-factor", help="Forget the phone; it is enrolled anew."),
    who: str = WHO,
    dry_run: bool = DRY_RUN,
) -> None:
    """Give a user another password, to be changed at the next sign-in, and/or forget the second factor.

    Either way whatever sign-in providers he came by are unlinked, and unused invitations go too: invite him anew, or
    let him link his provider himself.
    """
    from benehub.flows import users

    password = password_from(password_file)
    _do(dry_run, "reset", lambda hub: users.reset(hub, who, user, password, second_factor))


def _do(dry_run: bool, told: str, act: Callable[[Hub], str]) -> None:
    from contextlib import nullcontext

    from benehub.cli.console import say
    from benehub.cli.rehearsal import rehearsal

    with opened_hub() as (_, opened), rehearsal(opened) if dry_run else nullcontext(opened) as hub:
        say(f"{told}: {act(hub)}{' (dry run)' if dry_run else ''}")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")
