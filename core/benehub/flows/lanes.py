"""Several calls under way at once, and never two about the same person.

Threads do nothing but the calls; what they tell is written down by the one who waits for it. What is about somebody
whose earlier call is still under way waits for its end, so that everybody's own order stays; the others go past.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Generic, TypeVar

import structlog

from benehub.errors import BenehubError

T = TypeVar("T")

log = structlog.get_logger("benehub.send")


@dataclass(frozen=True, slots=True, eq=False)
class Lot(Generic[T]):
    """Work that goes in one piece.

    Args:
        about: whom and what it is about: two lots that share any of it are never under way at once.
        work: tells each outcome as it comes.
        rows: what it carries, for whoever gets it back.
    """

    about: frozenset[str]
    work: Callable[[Callable[[T], None]], None]
    rows: tuple[Any, ...] = ()


class Lanes(Generic[T]):
    """Works lots in the order they come, `at_once` of them at the same time; with one, in the caller's own thread."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._pool = ThreadPoolExecutor(at_once, "benehub-send") if at_once > 1 else None
        self._waiting: deque[Lot[T]] = deque()
        self._under_way: list[Lot[T]] = []
        self._ended: SimpleQueue[tuple[Lot[T], BaseException | None]] = SimpleQueue()
        self._told: deque[T] = deque()

    def __enter__(self) -> Lanes[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def several(self) -> bool:
        """Whether calls go on while one writes."""
        return self._pool is not None

    @property
    def open(self) -> int:
        """Lots whose end is not known yet."""
        return len(self._waiting) + len(self._under_way)

    def put(self, lots: Iterable[Lot[T]]) -> None:
        """Have these done as soon as there is room."""
        self._waiting.extend(lots)
        if self._pool is not None:
            self._start()

    def told(self) -> list[T]:
        """What has been told since the last asking."""
        return [self._told.popleft() for _ in range(len(self._told))]

    def wait(self) -> None:
        """Until one more lot has ended, at least; with one at a time, do it.

        Raises:
            BaseException: what a lot raised; the others' words are there all the same.
        """
        if self._pool is None:
            self._waiting.popleft().work(self._told.append)
            return
        self._take(*self._ended.get())
        while True:
            try:
                self._take(*self._ended.get_nowait())
            except Empty:
                break
        self._start()

    def stop(self) -> list[Lot[T]]:
        """Wait for what is under way and begin nothing more; gives the lots that nobody has begun.

        Only one error can be raised by `wait`; those of lots that ended after it are logged.
        """
        left, self._waiting = list(self._waiting), deque()
        if self._pool is not None:
            self._pool.shutdown()
        while not self._ended.empty():
            _, error = self._ended.get()
            if error is not None:
                what = str(error) if isinstance(error, BenehubError) else ""
                log.error("another call failed too", error_class=type(error).__name__, error=what)
        self._under_way = []
        return left

    def _take(self, lot: Lot[T], error: BaseException | None) -> None:
        self._under_way.remove(lot)
        if error is not None:
            raise error

    def _start(self) -> None:
        """Begin what there is room for, in order, past those who wait for somebody's earlier call."""
        assert self._pool is not None
        taken = {one for lot in self._under_way for one in lot.about}
        passed: list[Lot[T]] = []
        while self._waiting and len(self._under_way) < self._at_once:
            lot = self._waiting.popleft()
            if taken.isdisjoint(lot.about):
                self._under_way.append(lot)
                # A copy each, so that what a call logs names its run.
                self._pool.submit(contextvars.copy_context().run, self._work, lot)
            else:
                passed.append(lot)
            taken |= lot.about  # also of those passed: nobody overtakes himself
        self._waiting.extendleft(reversed(passed))

    def _work(self, lot: Lot[T]) -> None:
        error: BaseException | None = None
        try:
            lot.work(self._told.append)
        except BaseException as raised:  # raised again where its end is waited for
            error = raised
        self._ended.put((lot, error))
