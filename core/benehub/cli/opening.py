"""Opens the installation for one command: settings, store, plugins, engine, and which employer is meant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.console import working
from benehub.errors import ConfigError, DataError

if TYPE_CHECKING:
    from benehub.flows import Hub
    from benehub.planbook import PlanBook
    from benehub.settings import Settings
    from benehub.store import Store

EMPLOYER = typer.Option("", "--employer", "-e", help="Employer's id; may be left out when there is one only.")
JSON = typer.Option(False, "--json", help="Print JSON for a program to read.")
PERIOD = typer.Option(..., "--period", "-p", help="Month, as 2026-11.")
KNOWN_AT = typer.Option(
    "", "--known-at", help="As known then: a date (its end, UTC), a date with time, or a recorded number; else now."
)
CLEAR = typer.Option(False, "--clear", "--unmasked", help="Show SSN, birth date and pay unmasked.")
DRY_RUN = typer.Option(False, "--dry-run", help="Show what would happen, and change nothing.")
PASSWORD_FILE = typer.Option(
    "", "--password-file", help="File whose first line is the password; - for standard input. Never an argument."
)


@dataclass
class Desk:
    """What a command works with: the settings, the hub and one employer."""

    settings: Settings
    hub: Hub
    employer: str
    started: bool = False

    @property
    def store(self) -> Store:
        """The open store."""
        return self.hub.store

    def book(self) -> PlanBook:
        """The plan book in force.

        Raises:
            ConfigError: the employer has none.
        """
        with self.store.read(self.employer) as session:
            return self.hub.book(session)

    def now(self) -> str:
        """The clock's time as text; makes the key of an intended run unique."""
        from benehub.store import iso

        return iso(self.store.clock())

    def today(self) -> date:
        """The employer's day."""
        with self.store.read(self.employer) as session:
            return session.today()

    def run(self, name: str, subject: str, *arguments: Any) -> Any:
        """Run a flow now, as a run of its own; the engine starts with the first one of a command.

        Raises:
            BenehubError: what the flow raised.
        """
        return self.run_as(name, f"{subject}/{self.now()}", *arguments)

    def run_as(self, name: str, key: str, *arguments: Any) -> Any:
        """As `run`, where the flow has to know the key of its run.

        Raises:
            BenehubError: what the flow raised.
        """
        with self._working(f"{name} {key}"):
            return self.hub.start_flow(name, self.employer, key, *arguments)

    def retry(self, run: str) -> Any:
        """Let a run go on.

        Raises:
            BenehubError: it cannot, or what the flow raised.
        """
        with self._working(f"retry {run}"):
            return self.hub.retry(self.employer, run)

    def cancel(self, run: str) -> None:
        """End a run before its next step.

        Raises:
            DataError: there is no such run, or it has ended.
        """
        with self._working(f"cancel {run}"):
            self.hub.cancel(self.employer, run)

    @contextmanager
    def _working(self, what: str) -> Iterator[None]:
        from benehub.errors import RetriableError
        from benehub.flows import Ending, bind

        with working(what) as status:
            self.hub.progress = status.update
            if not self.started:
                bind(self.hub).engine.start()
                self.started = True
            try:
                yield
            except Ending:
                raise RetriableError(
                    "the database forgot that this command lives, and another process may have its work",
                    where=what,
                    mend="It goes on there, or with the next command: benehub runs list",
                ) from None

    def close(self) -> None:
        """Stop the engine, where a flow was run."""
        if self.started:
            self.hub.engine.stop()
            self.started = False


def read_settings() -> Settings:
    """The settings, with logging at the level they name.

    Raises:
        ConfigError: a setting is unknown or wrong.
    """
    from pydantic import ValidationError

    from benehub.cli.logs import configure
    from benehub.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        names = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False))
        raise ConfigError(f"wrong value of setting {names}", mend="See docs/settings.md") from None
    configure(settings.log_level, settings.log_format)
    return settings


def password_from(file: str, needed: bool = False) -> str:
    """The first line of a file, or of standard input for `-`, asked for at a terminal; empty where none is named.

    Raises:
        ConfigError: one is needed and none is named, or it cannot be read or is empty.
    """
    if not file:
        if needed:
            raise ConfigError("a password is needed", where="--password-file", mend="Name a file, or - to read it in")
        return ""
    try:
        text = _typed() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the password cannot be read ({type(error).__name__})", where="--password-file",
                          mend="Mend the file or its permissions") from None  # fmt: skip
    if not text.strip():
        raise ConfigError("the password is empty", where="--password-file", mend="Write it into the first line")
    return text.splitlines()[0]


def _typed() -> str:
    """A line of standard input; a person at a terminal is asked for it, and it is not shown."""
    return getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The store of the installation, closed at the end.

    Raises:
        ConfigError: there is no database yet, or it is not reachable.
    """
    from sqlalchemy.exc import DBAPIError

    from benehub.settings import vault
    from benehub.store import open_store
    from benehub.views.health import revisions

    store = open_store(settings.db, vault(settings))
    try:
        try:
            standing, wanted = revisions(store)
        except DBAPIError as error:
            raise ConfigError(
                f"the database cannot be opened ({type(error).__name__})",
                where="setting db",
                mend="Run `benehub init`, or mend the setting; `benehub doctor` says more",
            ) from None
        if standing != wanted:
            raise ConfigError(
                "the database is not set up" if not standing else f"the schema stands at revision {standing}",
                where="setting db",
                mend="Run `benehub init`: it brings the database up to date",
            )
        yield store
    finally:
        store.close()


@contextmanager
def opened(employer: str = "") -> Iterator[Desk]:
    """The desk of one employer.

    Raises:
        ConfigError: no database, no such employer, or several and none named.
    """
    with opened_hub(noted=True) as (settings, hub):
        desk = Desk(settings, hub, _choose(hub.store, employer))
        try:
            yield desk
        finally:
            desk.close()


@contextmanager
def opened_hub(noted: bool = False) -> Iterator[tuple[Settings, Hub]]:
    """Settings and hub, where no employer is needed yet.

    Args:
        noted: whether what the command changes of an employer's is written into the trail here; where it is not, the
            flow does so (users, tokens), or it is the work of others (a worker's).

    Raises:
        ConfigError: no database, or a plugin that cannot be loaded.
    """
    from benehub import plugins
    from benehub.cli.trail import noted as trailed
    from benehub.flows import Hub

    settings = read_settings()
    with opened_store(settings) as found, trailed(found) if noted else nullcontext(found) as store:
        hosts = frozenset(settings.webhook_hosts.split())
        yield settings, Hub(store, plugins.build(), hook_hosts=hosts, public_url=settings.public_url,
                            by_api=settings.connections_by_api)  # fmt: skip


def _choose(store: Store, wanted: str) -> str:
    from benehub.views.employers import employers

    known: list[str] = [row.employer_id for row in employers(store)]
    if wanted in known:
        return wanted
    if wanted:
        raise ConfigError(f"no employer {wanted!r}", mend=f"There are: {', '.join(known) or 'none yet'}")
    if not known:
        raise ConfigError("there is no employer yet", mend="Load its plan book: benehub plan load FILE")
    if len(known) > 1:
        raise ConfigError("there are several employers", mend=f"Name one: --employer {' | '.join(known)}")
    return known[0]


def month(text: str) -> str:
    """A month as given.

    Raises:
        DataError: it is none.
    """
    from benehub.periods import Month

    return str(Month.parse(text))


def day(text: str, default: date) -> date:
    """A day as given, or the default when nothing is.

    Raises:
        DataError: it is none.
    """
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise DataError(f"not a date: {text[:20]!r}", mend="Write it as YYYY-MM-DD") from None


def moment(text: str, where: str) -> str:
    """A day's begin or a moment, UTC where it names no zone, as the database keeps moments; nothing for nothing.

    Raises:
        DataError: it is none.
    """
    from datetime import UTC, datetime

    from benehub.store.session import iso

    try:
        told = datetime.fromisoformat(text) if text else None
    except ValueError:
        mend = "Write it as 2026-11-26 or 2026-11-26T14:30"
        raise DataError(f"not a day or moment: {text[:30]!r}", where=where, mend=mend) from None
    if told is None:
        return ""
    return iso(told if told.tzinfo else told.replace(tzinfo=UTC))
