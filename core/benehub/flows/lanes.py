"""Several calls under way at once, and never two about the same person.

Threads do nothing but the calls; what they tell is written down by the one who waits for it. What is about somebody
whose earlier call is still under way waits for its end, so that everybody's own order stays; the others go past.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
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
    """Works lots in the order they come, `at_once` of them at the same time; with one, in the caller's own thread.

    A thread that has ended one takes the next by itself: it does not wait for the caller, who may be writing.

    Args:
        at_once: how many.
        go_on: asked of each outcome as it is told, one after the other; where it says no, no other lot is begun.
        may_begin: asked before a lot is begun in a thread; where it says no, neither that one nor another is begun.
    """

    def __init__(
        self,
        at_once: int,
        go_on: Callable[[T], bool] = lambda _outcome: True,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:
        self._at_once = at_once
        self._go_on = go_on
        self._may_begin = may_begin
        self._pool = ThreadPoolExecutor(at_once, "benehub-send") if at_once > 1 else None
        # A copy for each lot, so that what a call logs names its run.
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._waiting: deque[Lot[T]] = deque()
        self._busy: set[str] = set()
        """Whom and what the lots under way are about."""
        self._under_way = 0
        self._halted = False
        """Whether no other lot is begun: one has raised, no thread was to be had, `go_on` or `may_begin` said no."""
        self._failed: BaseException | None = None
        """What raised first and nobody was told of: raised where somebody waits, or at the end of the block."""
        self._raised = False
        """Whether `wait` has raised one already: then those behind it are logged."""
        self._ended: SimpleQueue[BaseException | None] = SimpleQueue()
        self._told: deque[T] = deque()
        self._open = 0

    def __enter__(self) -> Lanes[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None and self._failed is not None:
            raise self._failed

    @property
    def several(self) -> bool:
        """Whether calls go on while one writes."""
        return self._pool is not None

    @property
    def halted(self) -> bool:
        """Whether nothing more is begun: then there is nothing to wait for but what `stop` waits for."""
        return self._halted

    @property
    def open(self) -> int:
        """Lots whose end is not known yet."""
        return self._open

    def put(self, lots: Sequence[Lot[T]]) -> None:
        """Have these done as soon as there is room.

        Raises:
            RuntimeError: no thread is to be had; `stop` gives back what was not begun.
        """
        self._open += len(lots)
        with self._lock:
            self._waiting.extend(lots)
            error = self._hand_out(self._begin()) if self._pool is not None else None
        if error is not None:
            raise error

    def told(self) -> list[T]:
        """What has been told since the last asking."""
        return [self._told.popleft() for _ in range(len(self._told))]

    def wait(self) -> None:
        """Until one more lot has ended, at least; with one at a time, do it.

        Raises:
            BaseException: what a lot raised; the others' words are there all the same.
        """
        if self._pool is None:
            self._open -= 1
            self._waiting.popleft().work(self._tell)
            return
        self._take(self._ended.get())
        while not self._ended.empty():
            self._take(self._ended.get())

    def stop(self) -> list[Lot[T]]:
        """Wait for what is under way and begin nothing more; gives the lots that nobody has begun.

        Only one error can be raised, by `wait` or at the end of the block. Those that came after it are logged.
        """
        with self._lock:
            left, self._waiting = list(self._waiting), deque()
        if self._pool is not None:
            self._pool.shutdown()
        while not self._ended.empty():
            error = self._ended.get()
            if error is not None and error is not self._failed:
                what = str(error) if isinstance(error, BenehubError) else ""
                log.error("another call failed too", error_class=type(error).__name__, error=what)
        self._open = 0
        return left

    def _tell(self, outcome: T) -> None:
        with self._lock:
            self._told.append(outcome)
            self._halted = self._halted or not self._go_on(outcome)

    def _take(self, error: BaseException | None) -> None:
        self._open -= 1
        if error is not None:
            with self._lock:
                self._failed, self._raised = None, True
            raise error

    def _begin(self) -> list[Lot[T]]:
        """What there is room for, in order, past those who wait for somebody's earlier call."""
        begun: list[Lot[T]] = []
        passed: list[Lot[T]] = []
        behind: set[str] = set()  # nobody overtakes himself
        while self._waiting and self._under_way < self._at_once and not self._halted:
            if not self._may_begin():
                self._halted = True
                break
            lot = self._waiting.popleft()
            if self._busy.isdisjoint(lot.about) and behind.isdisjoint(lot.about):
                self._busy |= lot.about
                self._under_way += 1
                begun.append(lot)
            else:
                passed.append(lot)
                behind |= lot.about
        self._waiting.extendleft(reversed(passed))
        return begun

    def _hand_out(self, lots: Sequence[Lot[T]]) -> RuntimeError | None:
        """Have threads work them; where none is to be had (the interpreter ends) they wait again, and it is told."""
        assert self._pool is not None
        for number, lot in enumerate(lots):
            try:
                self._pool.submit(self._work, lot)
            except RuntimeError as error:
                self._halted = True
                for one in reversed(lots[number:]):
                    self._busy -= one.about
                    self._under_way -= 1
                    self._waiting.appendleft(one)
                return error
        return None

    def _work(self, lot: Lot[T] | None) -> None:
        while lot is not None:
            error: BaseException | None = None
            try:
                self._context.copy().run(lot.work, self._tell)
            except BaseException as raised:  # raised again where its end is waited for
                error = raised
            with self._lock:
                self._busy -= lot.about
                self._under_way -= 1
                self._halted = self._halted or error is not None
                begun = self._begin()
                # Within the lock: what is begun stands with the pool before `stop` closes it.
                error = error or self._hand_out(begun[1:])
                if self._failed is None and not self._raised:
                    self._failed = error
            self._ended.put(error)
            lot = begun[0] if begun else None
