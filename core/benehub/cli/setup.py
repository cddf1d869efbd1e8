"""`benehub init`, `doctor` and `plugins`: a fresh installation, and whether it is in order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benehub.cli.opening import DRY_RUN, JSON, PASSWORD_FILE, opened_hub, password_from, read_settings

if TYPE_CHECKING:
    from benehub.flows import Hub
    from benehub.views.health import Check

SETTINGS = Path("benehub.toml")
KEYS = Path("benehub.keys")
DATABASE = "sqlite:///benehub.db"


def init(
    db: str = typer.Option(DATABASE, "--db", help="Database to write into fresh settings."),
    admin: str = typer.Option("", "--admin", help="Email address of the first admin, who owns the installation."),
    name: str = typer.Option("", "--name", help="The first admin's name; the address unless said."),
    password_file: str = PASSWORD_FILE,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Set up an installation here (settings, key file, database, first admin), or bring one up to date."""
    from benehub.cli.console import emit, fields
    from benehub.flows.connecting import seal_accounts

    password = password_from(password_file, needed=bool(admin))
    done = {"settings": f"{SETTINGS} is there already"}
    if not SETTINGS.exists() and "BENEHUB_CONFIG" not in os.environ:
        done["settings"] = f"{SETTINGS} written"
        if dry_run:
            done |= {"key": f"{KEYS} written, mode 0600", "database": f"{db.partition('@')[0]} set up"}
            emit(done, as_json, fields("would do", done))
            return
        SETTINGS.write_text(
            f'db = "{db}"\n# A reference, never the key. Back the key file up apart from the database.\n'
            f'secret_key = "file:{KEYS}"\n',
            encoding="utf-8",
        )
    settings = read_settings()
    kind, _, file = settings.secret_key.partition(":")
    fresh = kind == "file" and not Path(file).exists()
    done["key"] = f"{file} written, mode 0600" if fresh else f"{settings.secret_key} is used"
    if dry_run:
        emit({**done, "database": "brought up to date"}, as_json, fields("would do", done))
        return
    if fresh:
        write_key(Path(file))
    done["database"] = _migrate(Path(file) if fresh else None)
    with opened_hub() as (_, hub):
        if sealed := seal_accounts(hub):
            done["accounts"] = f"sealed in the settings of {sealed} connections"
        done["admin"] = _first_admin(hub, admin, name, password)
    emit(done, as_json, fields("installation", done))


def _first_admin(hub: Hub, email: str, name: str, password: str) -> str:
    from benehub.access import users
    from benehub.flows.users import first_owner
    from benehub.store.schema import INSTALLATION

    with hub.store.read(INSTALLATION) as session:
        owned = bool(users.owners(session))
    if owned:
        return "there is one already"
    if not email:
        return "none yet: benehub init --admin EMAIL --password-file FILE"
    return first_owner(hub, "init", email, name or email, password)


def write_key(path: Path) -> None:
    """Write a fresh master key that only the owner may read; an existing file is never overwritten."""
    from benehub.settings import new_key

    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(new_key() + "\n")


def _migrate(fresh_key: Path | None) -> str:
    from sqlalchemy.exc import DBAPIError

    from benehub.errors import ConfigError
    from benehub.settings import vault
    from benehub.store import open_store
    from benehub.views.employers import employers
    from benehub.views.health import revisions

    settings = read_settings()
    store = open_store(settings.db, vault(settings))
    try:
        if fresh_key is not None and revisions(store)[0] and employers(store):
            fresh_key.unlink()
            raise ConfigError(
                "the database holds data, and its key is not here",
                where="setting secret_key",
                mend="Restore the key file from its backup; a new key opens nothing of it",
            )
        store.migrate()
        return f"at revision {revisions(store)[0]}"
    except DBAPIError as error:
        raise ConfigError(
            f"the database cannot be opened ({type(error).__name__})",
            where="setting db",
            mend="Mend the setting, or make the database reachable",
        ) from None
    finally:
        store.close()


def doctor(as_json: bool = JSON) -> None:
    """Look at what can be wrong with this installation, each with its mend. Ends with 1 on a problem."""
    from benehub.cli.console import FOUND, emit, table

    checks = _examined()
    rows = [("ok" if one.ok else "WRONG", one.name, one.state, one.mend) for one in checks]
    data = [{"ok": one.ok, "name": one.name, "state": one.state, "mend": one.mend} for one in checks]
    emit(data, as_json, table("doctor", ("", "what", "state", "mend"), rows))
    if not all(one.ok for one in checks):
        raise typer.Exit(FOUND)


def _examined() -> list[Check]:
    from benehub.errors import BenehubError
    from benehub.flows.job_schedules import first_from
    from benehub.settings import vault
    from benehub.views.health import Check, examine, listed_in_vain

    checks: list[Check] = []
    try:
        settings = read_settings()
        checks.append(Check("settings", f"{SETTINGS if SETTINGS.exists() else 'defaults and environment'}"))
        vault(settings)
        checks.append(Check("master key", f"{settings.secret_key.partition(':')[0]}: resolves"))
        checks += _key_file(settings.secret_key)
        with opened_hub() as (_, hub):
            checks.append(Check("database", f"{hub.store.engine.dialect.name}, schema up to date"))
            checks.append(Check("plugins", f"{len(hub.plugins.get_plugins())} loaded"))
            checks += examine(hub.store, hub.plugins, hub.given_up, first_from)
            checks += listed_in_vain(hub.store, settings.connections_by_api, hub.connectors)
    except BenehubError as error:
        # What comes later needs what failed here: the first thing to mend is the last line.
        checks.append(Check(error.where or "installation", error.what, error.mend or "See docs/errors.md"))
    return checks


def _key_file(reference: str) -> list[Check]:
    from benehub.views.health import Check

    kind, _, name = reference.partition(":")
    if kind != "file" or not Path(name).stat().st_mode & 0o077:
        return []
    return [Check("key file", f"{name} can be read by others", f"chmod 600 {name}")]


def plugins(as_json: bool = JSON) -> None:
    """List what is loaded: plugins with the hooks they implement, and connectors with what they can do."""
    from benehub import connections
    from benehub import plugins as room
    from benehub.cli.console import emit, table

    manager = room.build()
    hooks: dict[str, list[str]] = {name or "": [] for name, _ in manager.list_name_plugin()}
    for name, caller in sorted(vars(manager.hook).items()):
        for impl in getattr(caller, "get_hookimpls", list)():
            hooks[impl.plugin_name].append(name)
    found = [(name, ", ".join(used)) for name, used in sorted(hooks.items()) if used]
    known = [(name, one.kind.value, one.__module__) for name, one in sorted(connections.connectors(manager).items())]
    data = {
        "plugins": [{"name": name, "hooks": hooks[name]} for name, _ in found],
        "connectors": [dict(zip(("name", "kind", "module"), one, strict=True)) for one in known],
    }
    emit(
        data,
        as_json,
        table("plugins", ("name", "hooks"), found),
        table("connectors", ("name", "kind", "module"), known),
    )
