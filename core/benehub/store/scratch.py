"""Copies of an SQLite database that something is tried on, so that nobody waits for a look.

They hold what the database holds, and lie where it lies: few at once, only where there is room for them, readable by
their owner alone, and gone at the end; what a process left that died, the next one removes.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from benehub.errors import RetriableError
from benehub.filelocks import locked
from benehub.periods import Clock, system_clock
from benehub.store.copying import copy_sqlite

TRIED: Final = ".tried-"
"""How the folder of a copy begins."""

HELD: Final = "held"
"""The file in it that is locked as long as somebody uses the copy: who dies lets go of it."""

OUTLIVES: Final = 86_400.0
"""Seconds after which a folder goes that has no such file."""

ROOM: Final = 2
"""How often the database's size has to be free beside it: for the copy, and for what goes on meanwhile."""

AT_ONCE: Final = 2
"""Copies of a process that may be there at once."""

PATIENCE = 30.0
"""Seconds for which one waits for another to go."""

_slots = threading.BoundedSemaphore(AT_ONCE)
_copying = threading.Lock()
"""Of two that ask for room the second sees what the first has taken."""

log = structlog.get_logger("benehub.store")


@contextmanager
def scratch_sqlite(engine: Engine, most: int, clock: Clock = system_clock) -> Iterator[Connection | None]:
    """A connection to a copy of an SQLite database as it stands now, for what is tried. None where there is none: it is
    another database, not in a file, larger than `most` bytes, or there is no room beside it.

    `clock` is the one that dates files: the machine's, whatever day the hub has.

    Raises:
        RetriableError: the copy cannot be made, or too many are there already.
    """
    with ExitStack() as kept:
        path = _copied(engine, most, clock, kept)
        if path is None:
            yield None
            return
        copy = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True, poolclass=NullPool,
                             connect_args={"check_same_thread": False})  # fmt: skip
        event.listen(copy, "connect", _unhurt)
        event.listen(copy, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        yield kept.enter_context(copy.connect())


def sweep(engine: Engine, clock: Clock = system_clock) -> None:
    """Remove copies whose process died: nobody else would, and they hold what the database holds."""
    if (file := _file(engine)) is None:
        return
    for left in file.parent.glob(f"{TRIED}*"):
        with suppress(OSError):
            if left.is_dir() and _dead(left, clock().timestamp()):
                _remove(left)


def _file(engine: Engine) -> Path | None:
    file = Path(engine.url.database or "").resolve()
    return file if engine.dialect.name == "sqlite" and file.is_file() else None


def _copied(engine: Engine, most: int, clock: Clock, kept: ExitStack) -> Path | None:
    """A copy, which is gone when `kept` ends."""
    file = _file(engine)
    if file is None or _size(file) > most:
        return None
    kept.enter_context(_slot())
    try:
        with _copying:
            sweep(engine, clock)
            if shutil.disk_usage(file.parent).free < ROOM * _size(file):
                return None
            folder = Path(mkdtemp(prefix=TRIED, dir=file.parent))
            kept.callback(_remove, folder)
            if not locked(kept.enter_context((folder / HELD).open("wb")).fileno()):
                raise RetriableError("the copy of the database was taken for one that is left", mend="Try it again")
            copy_sqlite(engine, path := folder / "tried.db")
    except OSError as error:
        raise RetriableError("the database cannot be copied beside itself",
                             mend="See that its folder may be written to, and try it again") from error  # fmt: skip
    return path


def _size(file: Path) -> int:
    """Bytes of a database with its log."""
    log_of = file.with_name(f"{file.name}-wal")
    return file.stat().st_size + (log_of.stat().st_size if log_of.is_file() else 0)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=PATIENCE):
        raise RetriableError("as much is tried already as may be at once", mend="Try it again in a moment")
    try:
        yield
    finally:
        _slots.release()


def _dead(folder: Path, now: float) -> bool:
    try:
        with (folder / HELD).open("rb+") as held:
            return locked(held.fileno())
    except FileNotFoundError:  # it is just being made, or another release made it
        return folder.stat().st_mtime < now - OUTLIVES


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        log.warning("a copy of the database could not be removed: remove it by hand", folder=folder.name)


def _unhurt(raw: Any, _record: Any) -> None:
    """A copy need not outlive a power cut: it is thrown away."""
    raw.isolation_level = None
    for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")
