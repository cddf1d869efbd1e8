"""`benehub backup` and `benehub restore`: one file that holds an installation, but for its keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import JSON, opened_hub, opened_store, read_settings

if TYPE_CHECKING:
    from benehub.flows.backups import Told

FILE = typer.Argument(help="The backup file.")


def backup(file: Path = FILE, as_json: bool = JSON) -> None:
    """Write a backup of the database and the artefacts, of one moment, also while workers run; then prove it."""
    from benehub.cli.console import working
    from benehub.flows.backups import back_up

    settings = read_settings()
    with opened_store(settings) as store, working("backup"):
        told = back_up(store, file, Path(settings.artefacts))
    _show(f"backup {file}", told, as_json)


def restore(
    file: Path = FILE,
    force: bool = typer.Option(False, "--force", help="Also over a database that holds data: that is lost."),
    as_json: bool = JSON,
) -> None:
    """Put a backup back, proven before it takes the place of what is there. Stop every benehub process first."""
    from sqlalchemy.exc import OperationalError

    from benehub.cli.console import working
    from benehub.errors import ConfigError
    from benehub.flows.backups import restore as put_back
    from benehub.flows.connecting import seal_accounts
    from benehub.settings import vault
    from benehub.store import open_store

    settings = read_settings()
    store = open_store(settings.db, vault(settings))
    try:
        with working("restore"):
            told = put_back(store, file, Path(settings.artefacts), force)
    except OperationalError as error:
        raise ConfigError(
            f"the database cannot be opened ({type(error).__name__})", where="setting db", mend="Make it reachable"
        ) from None
    finally:
        store.close()
    with opened_hub() as (_, hub):
        seal_accounts(hub)  # a backup of an older release holds them in clear
    _show(f"restored from {file}", told, as_json)


def _show(title: str, told: Told, as_json: bool) -> None:
    from benehub.cli.console import emit, fields, table

    head: dict[str, Any] = {
        "as of": told.made_at, "database": told.database, "keys needed": ", ".join(told.keys),
        "artefacts": told.artefacts, "proof": f"{len(told.employers)} ledgers verify, their custody counted",
    }  # fmt: skip
    rows = [
        (name, one["entries"], one["custody"]["rows"], one["custody"]["waiting"], sum(one["dispatches"].values()),
         one["head"])
        for name, one in told.employers.items()
    ]  # fmt: skip
    columns = ("employer", "entries", "rows read", "waiting", "dispatches", "head")
    emit(told.as_json(), as_json, fields(title, head), table("", columns, rows, columns[1:5]))
