"""Staying under a vendor's rate limit: a sliding window per vendor account, shared by all its callers.

The window aims ten per cent under the vendor's figure, because the vendor counts with another clock. A
Retry-After slows the whole account, not just the call that met it. `SlidingWindow` is shared by the threads
of one process; workers on several machines plug a shared one in through the `Limiter` protocol.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from benehub.errors import RateLimited


class Limiter(Protocol):
    """Lets a call pass when the account's budget allows it."""

    def acquire(self, max_wait: float) -> None:
        """Wait for a slot, at most `max_wait` seconds; RateLimited (with the wait) if that is not enough."""
        ...

    def hold(self, seconds: float) -> None:
        """Let nothing pass for so many seconds."""
        ...


class SlidingWindow:
    """At most nine tenths of `limit` calls in any `period_seconds`.

    Args:
        limit: the vendor's published figure.
        period_seconds: its period.
        clock: monotonic seconds.
        sleep: waits so many seconds; must move `clock` on.
    """

    def __init__(
        self,
        limit: int,
        period_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if limit < 1 or period_seconds <= 0:
            raise ValueError(f"no usable limit: {limit} in {period_seconds} s")
        self.allowed = max(1, limit * 9 // 10)
        self._period = period_seconds
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()
        self._held_until = -math.inf

    def acquire(self, max_wait: float = math.inf) -> None:
        """Take a slot, sleeping until one is free.

        Raises:
            RateLimited: the wait would be longer than `max_wait` seconds.
        """
        give_up = self._clock() + max_wait
        while (wait := self._take()) > 0:
            if self._clock() + wait > give_up:
                raise RateLimited(
                    "our own limit for this vendor account is used up",
                    mend="The run goes on after the wait",
                    retry_after=math.ceil(wait),
                )
            self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """Stop the whole account for so many seconds (a vendor's Retry-After)."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def _take(self) -> float:
        """Seconds to wait before trying again; 0 when a slot was taken."""
        with self._lock:
            now = self._clock()
            if now < self._held_until:
                return self._held_until - now
            while self._calls and self._calls[0] <= now - self._period:
                self._calls.popleft()
            if len(self._calls) < self.allowed:
                self._calls.append(now)
                return 0.0
            # A floor keeps rounding of a sum of floats from spinning on a wait of 1e-16 s.
            return max(self._calls[0] + self._period - now, 0.001)


class LimitBook:
    """One limiter per vendor account in this process, however many clients are made for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str, str], SlidingWindow] = {}

    def window(
        self, vendor: str, account: str, limit: int, period_seconds: float, *, bucket: str = ""
    ) -> SlidingWindow:
        """The account's window, made at the first asking; later figures do not change it."""
        with self._lock:
            key = (vendor, account, bucket)
            if key not in self._windows:
                self._windows[key] = SlidingWindow(limit, period_seconds)
            return self._windows[key]
