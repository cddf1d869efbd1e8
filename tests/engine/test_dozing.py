"""Looks into a queue are put off while nothing waits: not for long, not where something waits, never past the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benehub.crypto import Vault
from benehub.engine import dozing
from benehub.engine.dozing import IDLE_SECONDS, doze, waits
from benehub.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'hub.db'}", Vault({"k1": b"k" * 32}))
    yield opened
    opened.close()


class Ended(threading.Event):
    """An event on a clock of its own; it notes each wait."""

    def __init__(self, at: float = 1e9) -> None:
        super().__init__()
        self.now, self.at, self.waited = 0.0, at, 0

    def wait(self, timeout: float | None = None) -> bool:
        """No time passes but here."""
        self.waited += 1
        self.now += timeout or 0
        return self.now >= self.at


def in_thread(name: str, work: Callable[[], bool]) -> bool:
    """What the work says in a thread of that name."""
    said: list[bool] = []
    thread = threading.Thread(target=lambda: said.append(work()), name=name)
    thread.start()
    thread.join(60)
    return said[0]


@pytest.mark.parametrize(
    ("thread", "asked", "end", "said", "slept"),
    [
        ("queue-worker-mine", [False] * 1000, 1e9, False, IDLE_SECONDS + 0.5),  # seldom, but still
        ("queue-worker-mine", [False, False, True], 1e9, False, 1.5),  # as soon as something waits
        ("queue-worker-mine", [True], 1e9, False, 0.5),
        ("queue-worker-mine", [False] * 1000, 3, True, 3),  # the end comes in time
        ("queue-worker-mine", [], 0.5, True, 0.5),
        ("somebody else", [], 1e9, False, 0.5),
    ],
)
def test_a_look_is_put_off_while_nothing_waits(
    thread: str, asked: list[bool], end: float, said: bool, slept: float, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, answers, queues = Ended(end), iter(asked), set()

    def told(_: Store, queue: str) -> bool:
        queues.add(queue)
        return next(answers)

    monkeypatch.setattr(dozing, "waits", told)
    monkeypatch.setattr(dozing.time, "monotonic", lambda: event.now)
    doze([event], store, ["mine"])
    assert in_thread(thread, lambda: event.wait(0.5)) is said
    assert event.now == pytest.approx(slept, abs=0.51)
    assert queues <= {"mine"}


def test_the_keeper_of_the_queues_sleeps_once_each_has_its_thread(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = Ended()
    monkeypatch.setattr(dozing.time, "monotonic", lambda: event.now)
    doze([event], store, ["mine"])
    assert not in_thread("Thread-9 (queue_thread)", lambda: event.wait(1))
    assert event.now == 1  # that of `mine` has yet to be started
    over = threading.Event()
    worker = threading.Thread(target=over.wait, name="queue-worker-mine")
    worker.start()
    try:
        assert not in_thread("Thread-9 (queue_thread)", lambda: event.wait(1))
    finally:
        over.set()
        worker.join()
    assert event.now > IDLE_SECONDS


def test_a_database_that_cannot_say_is_looked_at(store: Store) -> None:
    assert waits(store, "benehub")  # the engine's tables are not made yet
