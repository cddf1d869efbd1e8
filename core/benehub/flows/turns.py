"""Whose turn it is to write to a vendor, asked right before each write; and how long a lost one's call may linger.

A turn is a lock that the database keeps for a connection. Where that connection drops, another process has the turn
while a call of the first may still be on its way: read back it is not found, and would be made a second time. So who
finds a dispatch that another one was sending waits until that call can no longer be under way. It is over after the
longest time of an exchange, for no write is begun without the turn; and a claim that is older than `LEASE` is renewed
before its write leaves, so that of a long dead sender's nothing has to be waited for.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row

from benehub import dispatch
from benehub.connect.capabilities import Guard
from benehub.connections import Open
from benehub.errors import RetriableError
from benehub.flows.hub import Hub

LEASE = timedelta(seconds=30)
"""Time after its claim in which a write leaves; later the claim is renewed first."""

FRESH = timedelta(seconds=1)
"""Time for which the database's word that a turn stands is good, unless its connection has ended since."""

CLOCKS = timedelta(seconds=10)
"""Time by which the clocks of two machines may differ."""

WAITED_FOR = (Guard.READ_BACK, Guard.NATURAL_KEY_UPSERT, Guard.NONE)
"""Where a call that lands late does harm: made a second time, or over one that was made after it. Or where a person has
to settle what who made it may yet say: that it never left."""

PAUSE = timedelta(milliseconds=250)
"""Time between two looks whether to wait on."""

log = structlog.get_logger("benehub.send")


@dataclass
class Turn:
    """The turn of one sender; may be asked by many threads.

    Args:
        hub: whose database keeps it.
        employer: whose.
        asked: tells whether it stood so many seconds ago at the latest.
    """

    hub: Hub
    employer: str
    asked: Callable[..., bool]
    lost: bool = False
    """Whether it was gone at an asking: it comes back only by being taken anew."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stands(self) -> bool:
        """Whether the turn is still ours."""
        with self._lock:
            self.lost = self.lost or not self.asked(FRESH.total_seconds())
            return not self.lost

    def known(self) -> bool:
        """As `stands`, by what the database has said already: it is not asked. An old word is none."""
        with self._lock:
            return not self.lost and self.asked(FRESH.total_seconds(), ask=False)

    @contextmanager
    def ours(self) -> Iterator[None]:
        """What is written down in here, in threads that begin in here too, is of this turn."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Turn | None] = ContextVar("turn", default=None)


def turn_lost() -> bool:
    """Whether this is work of a turn that was lost: another process may have what it was about."""
    turn = _current.get()
    return turn is not None and not turn.stands()


def turn_known() -> bool:
    """Whether this is work of no turn, or of one of which it is known without asking that it stands."""
    turn = _current.get()
    return turn is None or turn.known()


@dataclass
class Claim:
    """Asks, right before a write of dispatches leaves, whether it may.

    Args:
        turn: within which they were claimed.
        ids: the dispatches.
        began: monotonic nanoseconds, from before they were claimed.
    """

    turn: Turn
    ids: Sequence[str]
    began: int

    def ask(self) -> None:
        """Nothing, where the write may leave.

        Raises:
            RetriableError: the turn was lost; nothing is sent.
        """
        now = time.monotonic_ns()
        if timedelta(microseconds=(now - self.began) // 1000) > LEASE:
            if self.turn.stands():  # else what is under way of these is another one's
                with self.turn.hub.store.write(self.turn.employer) as session:
                    dispatch.renew_all(session, self.ids)
            self.began = now
        # Last: before it, it may have waited for the database.
        if not self.turn.stands():
            raise RetriableError(
                "not sent: the database forgot whose turn it is", where=f"employer {self.turn.employer}",
                mend="It is sent by who has the turn next",
            )  # fmt: skip


def linger(turn: Turn, opened: Open, rows: Sequence[Row[Any]]) -> timedelta:
    """For how long a call of an earlier sender may still be under way for the business of any of these; else nothing.

    What is read back has to be waited for, and what the vendor keeps by the business's own key: an older revision may
    be the one on its way, which has the same key, and would undo a newer one that it comes after. What nothing can
    settle is waited for before it is held: its sender may say meanwhile that it never left. Else a repetition is
    harmless wherever it falls. Beside an SQLite file a turn goes with the process
    that has it.
    """
    keys = {row.business_key for row in rows if Guard(row.guard) in WAITED_FOR and not row.file_name}
    store = turn.hub.store
    if not keys or not store.forgets_locks or opened.link.client is None:
        return timedelta(0)
    with store.read(turn.employer) as session:
        doubtful = dispatch.doubtful(session, opened.link.connection)
        begun = dispatch.interrupted_at(session, [one for one, key in doubtful if key in keys])
    if not begun:
        return timedelta(0)
    longest = FRESH + timedelta(seconds=opened.link.client.longest_exchange)
    over = datetime.fromisoformat(max(begun)) + LEASE + longest + CLOCKS
    # Counted from now it is over after one exchange at the latest, whatever any clock says.
    return max(timedelta(0), min(longest, over - store.clock()))


def wait_out(hub: Hub, time_left: timedelta, goes_on: Callable[[], bool], connection: str) -> None:
    """Let so much time pass while it `goes_on`."""
    if not time_left:
        return
    seconds = math.ceil(time_left.total_seconds())
    log.info("waits for an earlier call", connection=connection, seconds=seconds)
    hub.progress(f"{connection}: waits up to {seconds} s, an earlier call may still be under way")
    until = time.monotonic() + time_left.total_seconds()
    while (left := until - time.monotonic()) > 0 and goes_on():
        time.sleep(min(left, PAUSE.total_seconds()))
