"""How many calls a caller may make: a bucket that fills again, per process and caller."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benehub.api.v1.problems import Refused

BURST: Final = 300
"""Calls that a caller may make at once."""

PER_SECOND: Final = 50
"""Calls a second that come back to him."""

MOST: Final = 10_000
"""Callers that are remembered; beyond it those whose bucket is full are forgotten."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limits:
    """The buckets of one process."""

    def __init__(
        self, burst: int = BURST, per_second: int = PER_SECOND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.burst, self.per_second = burst, per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}

    def take(self, user: str) -> None:
        """Take one call of a caller's.

        Raises:
            Refused: 429, with the seconds until the next one.
        """
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(user, _Bucket(self.burst, now))
            bucket.left = min(self.burst, bucket.left + (now - bucket.at) * self.per_second)
            bucket.at = now
            allowed = bucket.left >= 1
            if allowed:
                bucket.left -= 1
            wait = math.ceil((1 - bucket.left) / self.per_second) if not allowed else 0
            if len(self._buckets) > MOST:
                self._forget(now)
        if not allowed:
            raise Refused(429, f"more than {self.burst} calls at once, or {self.per_second} a second",
                          "Wait as Retry-After says; ask for larger pages", "retriable", max(1, wait))  # fmt: skip

    def _forget(self, now: float) -> None:
        full = [
            user for user, one in self._buckets.items() if one.left + (now - one.at) * self.per_second >= self.burst
        ]
        for user in full:
            del self._buckets[user]
