"""What the vendor of the story has published, counted at its door, and what it does wrong.

The limit is its account's, for all workers together: every call that arrives counts, those it refuses and those that
come again among them. Each kind of fault has to happen, so what chance has not brought in time is owed.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from benehub.errors import RetriableError

PERIOD = 3.0
"""Seconds for which the vendor publishes its limit."""

RETRY_AFTER = 3
"""Seconds for which it asks to be left alone, where it says so."""

GRACE = 1.0
"""Seconds after a wait stands for all workers in which calls still arrive: their slots were taken before."""

BEFORE = {"500": 0.04, "429": 0.01, "429 and a wait": 0.01, "cut": 0.02}
"""How often the vendor refuses what it has not done, by kind: shares of all writes; of reads half as much."""

AFTER = {"500 after": 0.02, "cut after": 0.02, "too late": 0.01}
"""How often its answer goes wrong, once it has done what was asked."""

KINDS = (*BEFORE, *AFTER)


class Faults:
    """Which call goes wrong, and how: by chance, and each kind at least once.

    Args:
        chance: whose numbers decide.
        writes: within two thirds of so many writes each kind comes, so that it may come again; 0: none has to.
    """

    def __init__(self, chance: random.Random, writes: int) -> None:
        self._chance = chance
        self._owed = [*KINDS] if writes else []
        chance.shuffle(self._owed)
        self._places = sorted(chance.randrange(1 + writes * 2 // 3) for _ in self._owed)
        self._again: list[str] = []
        self._writes = 0
        self._counting = threading.Lock()
        self.happened: Counter[str] = Counter()
        self.before = frozenset(BEFORE)
        """Kinds after which nothing was done."""

    def draw(self, write: bool, quiet: bool) -> str:
        """The fault of this call, or none; one at a time may ask.

        Args:
            write: whether it changes something.
            quiet: nothing happens to it by chance.
        """
        self._writes += write
        if self._again and (write or self._again[-1] in BEFORE):
            return self._again.pop()
        if write and self._owed and self._writes > self._places[-len(self._owed)]:
            return self._owed.pop(0)
        drawn = self._chance.random() * (1 if write else 2)
        for kind, share in (BEFORE | AFTER).items():
            if (drawn := drawn - share) < 0:
                return "" if quiet else kind
        return ""

    def came(self, kind: str, so: bool = True) -> None:
        """It has happened; or it came to nothing, so that it is owed once more, by whichever call is next."""
        with self._counting:
            if so:
                self.happened[kind] += 1
            elif not self.happened[kind]:
                self._again.append(kind)


class Door:
    """Counts what arrives.

    Args:
        limit: most calls of the account in any `PERIOD`, as published.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.retry_after = str(RETRY_AFTER)
        self.frozen: list[tuple[float, float]] = []
        """When a worker stood still: what it was about to send arrives when it goes on."""
        self.left_alone: list[tuple[float, float]] = []
        """When nothing may arrive, since a wait stood for all workers."""
        self.held_for: Callable[[], float] | None = None
        """Seconds for which the account is told to wait, as all workers know it."""
        self._arrived: list[float] = []

    def open(self) -> None:
        """Count from now on."""
        self._arrived.clear()

    def arrive(self) -> None:
        """One more call."""
        self._arrived.append(time.monotonic())

    def most(self) -> int:
        """The most calls in any window of the period, wherever it begins."""
        times, most, first = sorted(self._arrived), 0, 0
        for number, at in enumerate(times):
            while times[first] <= at - PERIOD:
                first += 1
            most = max(most, number - first + 1)
        return most

    def early(self) -> int:
        """Calls that did not wait as was asked, though whoever sent them could know."""
        late = [(stopped, went_on + GRACE) for stopped, went_on in self.frozen]
        return sum(_within(at, self.left_alone) and not _within(at, late) for at in self._arrived)

    def watch(self, told: Callable[[bool], None]) -> None:
        """A wait was asked for: look when it stands for all; who was told may die before he hands it on."""
        threading.Thread(target=lambda: told(self._stands()), daemon=True).start()

    def _stands(self) -> bool:
        """Whether it came to stand, for so long that calls after the grace can be told from those before."""
        until = time.monotonic() + RETRY_AFTER
        while self.held_for is not None and time.monotonic() < until:
            try:
                left = self.held_for()
            except RetriableError:
                left = 0.0  # the database is being restarted
            if left > GRACE + 0.5:
                now = time.monotonic()
                self.left_alone.append((now + GRACE, now + left - 0.1))
                return True
            time.sleep(0.02)
        return False


def _within(at: float, spans: list[tuple[float, float]]) -> bool:
    return any(begin <= at < end for begin, end in spans)
