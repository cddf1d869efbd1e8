"""What is changed by the command line stands in the audit trail of the employer, as what is changed by a page does.

In one place, for every command there is and will be: its store notes the first thing that is about to be written, and
the command's end notes what became of it. What only looks, and what is tried and taken back, is not written down.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError
from typer._click.globals import get_current_context  # typer carries its own copy of click

from benehub.access import audit
from benehub.errors import BenehubError, IntegrityError, RetriableError
from benehub.store import Session, Store
from benehub.store.schema import INSTALLATION

_ID: Final = re.compile(r"[a-z]{3}_[a-z2-7]{24}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""What things are called by; a text is none, and no folder."""
_WHICH: Final = ("period", "month", "year", "connection")
"""Options that say which thing is meant, beside those that hold an id."""

log = structlog.get_logger("benehub.cli")


@dataclass
class Act:
    """One command, as the trail has it."""

    who: str
    action: str
    refs: str
    _asked: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Employer -> whose trail has it, and the row."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, store: Store, employer: str) -> None:
        """Something of this employer's is about to be written; what is the installation's is noted where it is done."""
        with self._lock:
            if employer == INSTALLATION or employer in self._asked:
                return
            with store.read(INSTALLATION) as session:
                trail = audit.trail_of(session, employer)
            self._asked[employer] = trail, self._note(store, trail, "asked")

    def ended(self, store: Store, outcome: str) -> None:
        """It was done, refused, or went wrong; where that cannot be noted of one employer, it is of the others.

        What the command itself has to say is never hidden by it: the log tells which trail has no outcome.
        """
        for employer, (trail, row) in self._asked.items():
            try:
                self._note(store, trail, outcome, row)
            except (SQLAlchemyError, BenehubError) as error:
                log.warning("trail has no outcome", employer=employer, no=row, error=type(error).__name__)

    def _note(self, store: Store, trail: str, outcome: str, of_no: int = 0) -> int:
        with store.write(trail) as session:
            return audit.note(session, self.who, self.action, self.refs, outcome=outcome, of_no=of_no)


@dataclass(frozen=True)
class Noted(Store):
    """A store that says in the trail that something is about to be written to it."""

    act: Act | None = None

    @contextmanager
    def write(self, employer: str) -> Iterator[Session]:
        """As of any store, noted first.

        Raises:
            RetriableError: the database is written to by somebody else.
        """
        if self.act is not None:
            self.act.asked(_plain(self), employer)
        with super().write(employer) as session:
            yield session


@contextmanager
def noted(store: Store) -> Iterator[Store]:
    """The store for one command: what it changes of an employer's stands in the trail, with its outcome."""
    made = Noted(store.url, store.engine, store.vault, store.clock, _act())
    outcome = "failed"
    try:
        yield made
        outcome = "done"
    except typer.Exit:  # it has found something, or left the rest to a person
        outcome = "done"
        raise
    except BenehubError as error:
        outcome = "failed" if isinstance(error, IntegrityError | RetriableError) else "refused"
        raise
    finally:
        if made.act is not None:
            made.act.ended(store, outcome)
        made.windows.close()


def _plain(store: Store) -> Store:
    return Store(store.url, store.engine, store.vault, store.clock)


def _act() -> Act:
    context = get_current_context(silent=True)
    if context is None:
        return Act("cli", "benehub", "")
    words = context.command_path.split()[1:]
    arguments = {one.name for one in context.command.params if one.param_type_name == "argument"}
    return Act(str(context.params.get("who") or "cli"), " ".join(["benehub", *words]), _refs(context.params, arguments))


def _refs(told: Mapping[str, Any], arguments: set[str | None]) -> str:
    """Ids and names by which things are called, in the order in which they were given; never a text."""
    found = list[str]()
    for name, value in told.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            said = isinstance(one, str) and (name in arguments or name in _WHICH) and _NAME.fullmatch(one)
            if said or (isinstance(one, str) and _ID.fullmatch(one)):
                found.append(one)
    return " ".join(dict.fromkeys(found))
