"""A SQLite file opened by several processes at once: what the driver's own waiting does not cover.

SQLite waits for a lock as long as `busy_timeout` says, except while a file changes to write-ahead logging: there it
answers "database is locked" at once, so the first processes on a new file would fail by chance.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

WAIT_SECONDS = 30
"""How long a connection waits for another's lock."""

PAGE_BYTES = 8192
"""A page of a new file: half as many of them to look for, to log and to copy as of SQLite's own 4096 bytes."""

_PAUSE = 0.02


def open_wal(
    raw: sqlite3.Connection,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Make a fresh connection wait for locks, and its file log ahead.

    Args:
        raw: the driver's connection, no transaction begun.
        clock: monotonic seconds.
        sleep: waits so many seconds.

    Raises:
        sqlite3.OperationalError: another one has held the file for all of `WAIT_SECONDS`.
    """
    raw.execute(f"PRAGMA busy_timeout={WAIT_SECONDS * 1000}")
    raw.execute(f"PRAGMA page_size={PAGE_BYTES}")  # a file that is there keeps its own
    give_up = clock() + WAIT_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or clock() > give_up:
                raise
            sleep(_PAUSE)
