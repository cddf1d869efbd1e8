"""Staying under a vendor's rate limit: a sliding window per vendor account, shared by all its callers.

The window aims ten per cent under the vendor's figure, because the vendor counts with another clock. A
Retry-After slows the whole account, not just the call that met it. `SlidingWindow` is shared by the threads of one
process. Where the hub opens a connection it says with `sharing` who keeps one account for all workers (`Shared`, the
database); then a `SharedWindow` stands in its place, and takes slots in blocks, so that few calls cost a transaction.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol

from benehub.errors import RateLimited


class Limiter(Protocol):
    """Lets a call pass when the account's budget allows it."""

    def acquire(self, max_wait: float) -> None:
        """Wait for a slot, at most `max_wait` seconds; RateLimited (with the wait) if that is not enough."""
        ...

    def hold(self, seconds: float) -> None:
        """Let nothing pass for so many seconds."""
        ...


class _Window(ABC):
    """Waiting for a slot, whoever keeps the count."""

    _clock: Callable[[], float]
    _sleep: Callable[[float], None]

    def acquire(self, max_wait: float = math.inf) -> None:
        """Take a slot, sleeping until one is free.

        Raises:
            RateLimited: the wait would be longer than `max_wait` seconds.
        """
        give_up = self._clock() + max_wait
        while (wait := self._take()) > 0:
            if self._clock() + wait > give_up:
                raise _used_up(wait)
            self._sleep(wait)
            self._waited(wait)

    @abstractmethod
    def _take(self) -> float:
        """Seconds to wait before trying again; 0 when a slot was taken."""

    @abstractmethod
    def _waited(self, seconds: float) -> None:
        """A wait of so many seconds is over."""


class SlidingWindow(_Window):
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

    def hold(self, seconds: float) -> None:
        """Stop the whole account for so many seconds (a vendor's Retry-After)."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def _take(self) -> float:
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

    def _waited(self, seconds: float) -> None:
        """Nobody counts it: the hub's own windows are all shared."""


class Pause:
    """Lets everything pass, but for the wait that the vendor has asked for last.

    Args:
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._until = -math.inf

    def acquire(self, max_wait: float = math.inf) -> None:
        """Wait until the pause is over.

        Raises:
            RateLimited: it is longer than `max_wait` seconds.
        """
        give_up, waited_for = self._clock() + max_wait, -math.inf
        while self._until > waited_for and (wait := self._until - self._clock()) > 0:
            if self._clock() + wait > give_up:
                raise _used_up(wait)
            waited_for = self._until
            self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let nothing pass for so many seconds."""
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)


def _used_up(wait: float) -> RateLimited:
    return RateLimited(
        "our own limit for this vendor account is used up",
        mend="The run goes on after the wait",
        retry_after=math.ceil(wait),
    )


@dataclass(frozen=True, slots=True)
class Slots:
    """What was reserved: so many calls as block `block`, or none and the seconds after which to ask again."""

    count: int
    wait: float = 0.0
    block: int = 0


Waited = tuple[int, float]
"""How many waits, and their seconds together."""

NO_WAIT: Final[Waited] = (0, 0.0)


class Shared(Protocol):
    """Keeps the windows of vendor accounts for all processes that ask it."""

    def reserve(
        self,
        name: str,
        allowed: int,
        hold_seconds: float,
        wanted: int,
        back: tuple[int, int] | None,
        waited: Waited = NO_WAIT,
    ) -> Slots:
        """Up to `wanted` calls of the account `name`, where never more than `allowed` stand reserved at once.

        Each stands for `hold_seconds` from now; `back` (block, unused calls) is given back before, and the waits that
        ended since the last asking are added to the account's.
        """
        ...

    def hold(self, name: str, seconds: float) -> None:
        """Reserve nothing of the account for so many seconds."""
        ...

    def held_for(self, name: str) -> float:
        """Seconds for which the account was told to wait, from now on; 0 where it was not."""
        ...


class SharedWindow(_Window):
    """As `SlidingWindow`, but one for all processes: slots come in blocks from `shared`.

    A block is good for a short lease only, and counts until the lease, the period and a margin for the way to the
    vendor are over; so no period sees more than is allowed, whoever calls. Blocks grow while they are used up, and what
    is left of one is given back. A hold stops the others as soon as their lease ends. A wait that is over is told with
    the next asking, which comes right behind it, so counting it costs nothing.

    Args:
        shared: who keeps the windows.
        name: the account, for it.
        limit: the vendor's published figure.
        period_seconds: its period.
        clock: monotonic seconds.
        sleep: waits so many seconds; must move `clock` on.
        whole: all of `limit` is used: it is ours, and nobody counts it with another clock.
    """

    def __init__(
        self,
        shared: Shared,
        name: str,
        limit: int,
        period_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        *,
        whole: bool = False,
    ) -> None:
        if limit < 1 or period_seconds <= 0:
            raise ValueError(f"no usable limit: {limit} in {period_seconds} s")
        self.allowed = limit if whole else max(1, limit * 9 // 10)
        self._shared, self._name, self._clock, self._sleep = shared, name, clock, sleep
        self._lease = min(max(period_seconds / 20, 0.02), MAX_LEASE)
        # What leaves at the end of its lease may arrive later than what leaves a period after it.
        self._stands = period_seconds + self._lease + min(period_seconds / 20, MAX_LEASE)
        self._most = max(1, self.allowed // 8)
        self._lock = threading.Lock()
        self._want, self._left, self._block, self._until = 1, 0, 0, -math.inf
        self._untold = NO_WAIT

    def hold(self, seconds: float) -> None:
        """Stop the whole account for so many seconds, in every process."""
        with self._lock:
            self._left = 0
            self._shared.hold(self._name, seconds)

    def _take(self) -> float:
        with self._lock:
            now = self._clock()
            if self._left and now < self._until:
                self._left -= 1
                return 0.0
            self._want = max(1, self._want - self._left) if self._left else min(self._most, 2 * self._want)
            back = (self._block, self._left) if self._left else None
            got = self._shared.reserve(self._name, self.allowed, self._stands, self._want, back, self._untold)
            self._untold = NO_WAIT
            self._left, self._block = max(0, got.count - 1), got.block
            # The lease is counted from before the asking: it ends here before it does where it was given.
            self._until = now + self._lease
            return 0.0 if got.count else max(got.wait, 0.001)

    def _waited(self, seconds: float) -> None:
        with self._lock:
            self._untold = self._untold[0] + 1, self._untold[1] + seconds


MAX_LEASE = 0.5
"""Seconds that reserved slots are good for at most: so late does a worker hear that another one was told to wait."""


class SharedHold:
    """Counts nothing, for accounts of which no limit is known: but a wait that the vendor asks for holds for all
    processes. Whether one does is asked twice a second at most, so late does another worker hear of it.

    Args:
        shared: who keeps the account.
        name: the account, for it.
        clock: monotonic seconds.
        sleep: waits so many seconds; must move `clock` on.
    """

    def __init__(
        self,
        shared: Shared,
        name: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._shared, self._name, self._clock, self._sleep = shared, name, clock, sleep
        self._lock = threading.Lock()
        self._asked = self._until = -math.inf

    def acquire(self, max_wait: float = math.inf) -> None:
        """Wait until nothing holds the account.

        Raises:
            RateLimited: that is longer than `max_wait` seconds.
            RetriableError: who keeps the account does not answer.
        """
        give_up = self._clock() + max_wait
        while (wait := self._left()) > 0:
            if self._clock() + wait > give_up:
                raise _used_up(wait)
            self._sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let nothing pass for so many seconds, in every process."""
        with self._lock:
            self._shared.hold(self._name, seconds)
            self._until = max(self._until, self._clock() + seconds)

    def _left(self) -> float:
        with self._lock:
            now = self._clock()
            if now >= max(self._asked + MAX_LEASE, self._until):
                self._asked, self._until = now, now + self._shared.held_for(self._name)
            return max(0.0, self._until - now)


_sharing: ContextVar[Shared | None] = ContextVar("sharing", default=None)


@contextmanager
def sharing(shared: Shared | None) -> Iterator[None]:
    """Let windows that are asked for in here be kept by `shared`, for all processes; None: each in its own."""
    before = _sharing.set(shared)
    try:
        yield
    finally:
        _sharing.reset(before)


class LimitBook:
    """One limiter per vendor account in this process, however many clients are made for it."""

    def wire(self, wiring: dict[str, Any], vendor: str, account: str, calls_a_minute: int | None) -> None:
        """Put an account's limit on all its calls into a client's wiring; without one what asks for a wait holds.

        Nothing is put where the network is replaced by a transport, or a limit is wired already.
        """
        if "transport" in wiring:
            return
        if calls_a_minute is not None:
            wiring.setdefault("limits", {"": self.window(vendor, account, calls_a_minute, 60)})
        else:
            wiring.setdefault("limits", self.holds(vendor, account))

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str, str, Shared | None], SlidingWindow | SharedWindow] = {}
        self._holds: dict[tuple[str, str, Shared], SharedHold] = {}

    def window(
        self, vendor: str, account: str, limit: int, period_seconds: float, *, bucket: str = ""
    ) -> SlidingWindow | SharedWindow:
        """The account's window, made at the first asking; later figures do not change it.

        Within `sharing` it holds for all workers, else for this process.
        """
        shared = _sharing.get()
        with self._lock:
            key = (vendor, account, bucket, shared)
            if key not in self._windows:
                if shared is None:
                    self._windows[key] = SlidingWindow(limit, period_seconds)
                else:
                    self._windows[key] = SharedWindow(shared, _name(*key[:3]), limit, period_seconds)
            return self._windows[key]

    def holds(self, vendor: str, account: str) -> dict[str, Limiter]:
        """For calls that no limit is known of: what lets them wait where a vendor asked any worker for it.

        Empty outside of `sharing`: a client minds by itself what it was told.
        """
        shared = _sharing.get()
        if shared is None:
            return {}
        with self._lock:
            key = (vendor, account, shared)
            return {"": self._holds.setdefault(key, SharedHold(shared, _name(vendor, account, "")))}


def _name(*account: str) -> str:
    return hashlib.sha256("\x1f".join(account).encode()).hexdigest()[:40]
