"""The queue: flows of one order go one at a time and in turn, others meanwhile; only who listens takes them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dbos import DBOS
from sqlalchemy import text

from benehub.crypto import Vault
from benehub.engine import Engine, Flow, Steps, runner
from benehub.engine.dozing import waits
from benehub.engine.runner import QUEUE
from benehub.engine.told import steps_of
from benehub.errors import ConfigError, DataError
from benehub.store import Store, open_store
from benehub.store.locks import LISTENING, sign_of_life

VAULT = Vault({"k1": b"k" * 32})


def wait(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def store(db_url: str) -> Iterator[Store]:
    opened = open_store(db_url, VAULT)
    yield opened
    opened.close()


def put(store: Store, engine: Engine, *words: Any) -> None:
    """Into the queue, in a transaction of its own."""
    with store.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        engine.enqueue(connection, *words)


class Log:
    """What flows did, and whether two of one order were at it together."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self.at_it: set[str] = set()
        self.overlaps = 0
        self.meet: threading.Barrier | None = None
        """Where the first of each order wait for one another."""
        self.hold: Callable[[], None] = lambda: None
        """What the work in hand waits for."""
        self.beside = 0
        self.lock = threading.Lock()

    def work(self, steps: Steps, order: str, number: int) -> int:
        return steps.step("work", self._work, order, number)

    def _work(self, order: str, number: int) -> int:
        with self.lock:
            self.overlaps += order in self.at_it
            self.beside += bool(self.at_it - {order})
            self.at_it.add(order)
        if self.meet is not None and number == 0:
            self.meet.wait()
        self.hold()
        time.sleep(0.1)
        with self.lock:
            self.at_it.discard(order)
            self.done.append((order, number))
        return number


def test_one_order_goes_in_turn_and_others_beside_it(store: Store) -> None:
    log = Log()
    log.meet = threading.Barrier(2, timeout=90)
    engine = Engine(store, {"work": Flow("work", log.work)})
    engine.start(listen=True)
    try:
        for number in range(3):
            for order in ("acme/payroll", "acme/carrier"):
                put(store, engine, "work", f"{order}/{number}", order, order, number)
                put(store, engine, "work", f"{order}/{number}", order, order, number)  # asked twice, it is one
        wait(lambda: len(log.done) == 6)
        assert not log.overlaps
        assert log.beside
        for order in ("acme/payroll", "acme/carrier"):
            assert [number for one, number in log.done if one == order] == [0, 1, 2]
        wait(lambda: not engine.is_open("work", "acme/carrier/2"))
        assert not engine.is_open("work", "nobody's")
    finally:
        engine.stop()


def test_who_does_not_listen_takes_nothing_and_a_person_may_still_have_it_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, events = Log(), []
    monkeypatch.setattr(runner, "TAKEN_SECONDS", 0.2)
    monkeypatch.setattr(runner, "doze", lambda found, *_: events.extend(found))
    engine = Engine(store, {"work": Flow("work", log.work)})
    with pytest.raises(ConfigError, match="not started"):
        put(store, engine, "work", "1", "acme", "acme", 1)
    engine.start()
    assert events  # the engine's threads can be let sleep on
    try:
        assert not waits(store, QUEUE)
        put(store, engine, "work", "1", "acme", "acme", 1)
        assert waits(store, QUEUE) and not waits(store, "another")
        with pytest.raises(ConfigError, match="no flow"):
            put(store, engine, "nothing", "1", "acme")
        time.sleep(1.5)
        assert log.done == [] and engine.is_open("work", "1")
        assert engine.again("work", "1") == 1
        assert log.done == [("acme", 1)]
    finally:
        engine.stop()


def test_what_is_retried_goes_beside_no_other_of_its_order(store: Store) -> None:
    log, go, wrong = Log(), threading.Event(), ["once", "twice"]

    def flaky(steps: Steps, order: str, number: int) -> int:
        return steps.step("try", fail if number == 0 else lambda: 0) + log.work(steps, order, number)

    def fail() -> int:
        if wrong:
            raise DataError(wrong.pop())
        return 0

    engine = Engine(store, {"work": Flow("work", flaky)})
    engine.start(listen=True)
    try:
        put(store, engine, "work", "acme/0", "acme", "acme", 0)
        wait(lambda: not engine.is_open("work", "acme/0"))
        with pytest.raises(DataError):
            engine.again("work", "acme/0")
        log.hold = lambda: assert_set(go)
        put(store, engine, "work", "acme/1", "acme", "acme", 1)
        wait(lambda: log.at_it == {"acme"})
        again = threading.Thread(target=engine.again, args=("work", "acme/0"))
        again.start()
        time.sleep(1)
        assert log.done == [] and not log.overlaps
        go.set()
        again.join(90)
        assert (log.done, log.overlaps) == ([("acme", 1), ("acme", 0)], 0)
    finally:
        engine.stop()


def fails_once() -> Flow:
    """A flow whose only step fails the first time, and gives 7 from then on."""
    wrong = ["once"]

    def fail() -> int:
        if wrong:
            raise DataError(wrong.pop())
        return 7

    return Flow("work", lambda steps: steps.step("try", fail))


def assert_set(event: threading.Event) -> None:
    assert event.wait(90)


def test_what_is_retried_where_no_worker_lives_goes_on_here(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "TAKEN_SECONDS", 0.2)
    flaky = fails_once()
    worker = Engine(store, {"work": flaky})
    worker.start(listen=True)
    put(store, worker, "work", "acme/0", "acme")
    wait(lambda: not worker.is_open("work", "acme/0"))
    worker.stop()
    here = Engine(store, {"work": flaky})
    here.start()
    try:
        assert here.again("work", "acme/0") == 7
    finally:
        here.stop()


def test_what_is_retried_waits_for_as_long_as_a_worker_lives(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """All hands of the worker are at others: whoever else began it would have it begun twice once one is free."""
    monkeypatch.setattr(runner, "TAKEN_SECONDS", 0.2)
    log, told, wrong = Log(), list[int](), ["once"]

    def flaky(steps: Steps) -> int:
        return steps.step("try", fail) or log.work(steps, "acme", 0)

    def fail() -> int:
        if wrong:
            raise DataError(wrong.pop())
        return 0

    first = Engine(store, {"work": Flow("work", flaky)})
    first.start(listen=True)
    put(store, first, "work", "acme/0", "acme")
    wait(lambda: not first.is_open("work", "acme/0"))
    first.stop()
    worker, another = (store.lock(name, LISTENING) for name in ("a worker", "another"))
    assert worker.take() and another.take()
    here = Engine(store, {"work": Flow("work", flaky)})
    here.start()
    try:
        again = threading.Thread(target=lambda: told.append(here.again("work", "acme/0")))
        again.start()
        time.sleep(1)
        worker.release()
        time.sleep(0.6)
        assert log.done == [] and waits(store, QUEUE)
        another.release()
        again.join(90)
        assert (told, log.done) == ([0], [("acme", 0)])
    finally:
        here.stop()


def test_what_is_retried_does_not_wait_behind_what_an_older_version_has_left(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody of this version ever ends that: it is said by name. While a process of that version lives it is waited."""
    monkeypatch.setattr(runner, "TAKEN_SECONDS", 0.2)
    flaky = fails_once()
    here = Engine(store, {"work": flaky})
    here.start(listen=True)
    put(store, here, "work", "run_2", "acme/payroll")
    wait(lambda: not here.is_open("work", "run_2"))
    here.stop()
    here.start()
    old = store.lock(sign_of_life("gone"))
    try:
        left = {"workflow_id": "work:run_1", "status": "PENDING", "executor_id": "gone", "application_version": "1",
                "queue_partition_key": "acme/payroll"}  # fmt: skip
        copy_of_a_job(store, "work:run_2", left)
        with pytest.raises(DataError, match="work:run_1 stands before it: begun by version 1") as told:
            here.again("work", "run_2")
        assert told.value.mend.endswith("benehub runs cancel run_1")
        assert not here.is_open("work", "run_2")  # nothing of it was changed
        assert old.take()
        assert here._stuck("acme/payroll") is None
        here.cancel("work", "run_1")
        assert here.again("work", "run_2") == 7
    finally:
        old.release()
        here.stop()


def copy_of_a_job(store: Store, job: str, changed: dict[str, Any]) -> None:
    """A row of the job engine's own, as another process has left it."""
    table = "dbos.workflow_status" if store.engine.dialect.name == "postgresql" else "workflow_status"
    with store.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        row = dict(
            connection.execute(text(f"SELECT * FROM {table} WHERE workflow_uuid = :job"), {"job": job}).one()._mapping
        )
        row |= {"workflow_uuid": changed.pop("workflow_id")} | changed
        names = ", ".join(row)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{one}' for one in row)})"), row)


def test_a_worker_shows_that_it_takes_from_the_queue(store: Store) -> None:
    engine, lock = Engine(store, {}), store.lock(LISTENING)
    for listens in (True, False):
        engine.start(listen=listens)
        assert lock.take() is not listens
        lock.release()
        engine.stop()
        assert lock.take()
        lock.release()


def test_a_worker_that_stops_ends_what_it_has_in_hand_and_takes_nothing_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, told = Log(), threading.Event()
    destroy = DBOS.destroy

    def stopping(**how: Any) -> None:
        # The work ends once the worker was told to stop, so that nothing else could have been taken before.
        threading.Timer(0.5, told.set).start()
        destroy(**how)

    monkeypatch.setattr(DBOS, "destroy", stopping)
    log.hold = lambda: wait(told.is_set)
    engine = Engine(store, {"work": Flow("work", log.work)})
    engine.start(listen=True)
    for number in range(3):
        put(store, engine, "work", str(number), "acme", "acme", number)
    wait(lambda: "acme" in log.at_it)
    engine.stop()
    assert log.done == [("acme", 0)] and not log.at_it
    later = Engine(store, {"work": Flow("work", log.work)})
    later.start(listen=True)
    try:
        wait(lambda: len(log.done) == 3)
        assert log.done == [("acme", 0), ("acme", 1), ("acme", 2)]
    finally:
        later.stop()


def test_steps_are_told_without_an_engine(store: Store) -> None:
    assert steps_of(store, "story", "1") == []

    def fail() -> None:
        raise DataError("not a date, SSN 900-12-3456", where="row 7", mend="Mend the row")

    def story(steps: Steps) -> None:
        steps.step("first", time.sleep, 0.05)
        steps.step("second", fail)

    engine = Engine(store, {"story": Flow("story", story)})
    engine.start()
    try:
        with pytest.raises(DataError):
            engine.run("story", "1")
    finally:
        engine.stop()
    first, second = steps_of(store, "story", "1")
    assert (first.name, first.error_class, second.name) == ("first", "", "second")
    assert first.millis is not None and first.millis >= 50
    assert (second.error_class, second.mend) == ("DataError", "Mend the row")
    assert "900-12" not in second.error and "row 7" in second.error
    assert first.started_at.endswith("Z") and first.started_at <= second.started_at
