"""How many calls a caller may make: so many in any few seconds, by whichever processes they are answered."""

from __future__ import annotations

import hashlib
import threading
from typing import Final

from benehub.api.v1.problems import Refused
from benehub.connect.limits import Shared, SharedWindow
from benehub.errors import RateLimited

CALLS: Final = 300
"""Calls that a caller may make within any `SECONDS`."""

SECONDS: Final = 6

MOST: Final = 10_000
"""Callers that a process remembers; what it had reserved for those it forgets counts until its time is over."""


class Limits:
    """The callers of one process; their calls are counted by `shared`, the database, for all processes."""

    def __init__(self, shared: Shared, calls: int = CALLS, seconds: float = SECONDS) -> None:
        self._shared, self._calls, self._seconds = shared, calls, seconds
        self._lock = threading.Lock()
        self._windows: dict[str, SharedWindow] = {}

    def take(self, user: str) -> None:
        """Take one call of a caller's.

        Raises:
            Refused: 429, with the seconds until the next one.
            RetriableError: the database does not answer.
        """
        try:
            self._window(user).acquire(max_wait=0)
        except RateLimited as error:
            raise Refused(429, f"more than {self._calls} calls within {self._seconds} seconds",
                          "Wait as Retry-After says; ask for larger pages", "retriable",
                          max(1, error.retry_after or 0)) from None  # fmt: skip

    def _window(self, user: str) -> SharedWindow:
        with self._lock:
            if user not in self._windows:
                if len(self._windows) >= MOST:
                    self._windows.clear()
                name = hashlib.sha256(f"api\x1f{user}".encode()).hexdigest()[:40]
                self._windows[user] = SharedWindow(self._shared, name, self._calls, self._seconds, whole=True)
            return self._windows[user]
