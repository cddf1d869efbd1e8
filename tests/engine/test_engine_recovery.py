"""Two processes on one database: the work of the dead is taken up once, that of the living never."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS
from tests import forks

from benehub.crypto import Vault
from benehub.engine import Ending, Engine, Flow, Steps, recovery, runner
from benehub.engine.dozing import KEEPER, WORKER
from benehub.errors import ConfigError, DataError, NeedsPersonError
from benehub.store import Store, open_store
from benehub.store.locks import is_held, sign_of_life

OWN = runner.APPLICATION_VERSION
VAULT = Vault({"k1": b"k" * 32})

# The other process: it notes each step and stays in the second one until it is told to go on, or dies.
OTHER = """
import sys, time
from pathlib import Path
from typing import Any
from benehub.crypto import Vault
from benehub.engine import Engine, Flow
from benehub.store import open_store

url, folder, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]

def note(word):
    with (folder / "ran").open("a") as file:
        file.write(f"{word}\\n")
    return word

def second():
    note("second")
    while not (folder / "go").exists():
        time.sleep(0.05)
    return "second"

def story(steps):
    return [steps.step("first", note, "first"), steps.step("second", second), steps.step("third", note, "third")]

store = open_store(url, Vault({"k1": b"k" * 32}))
engine = Engine(store, {"story": Flow("story", story)}, name)
if name == "worker":
    engine.start(listen=True)
    with store.engine.connect().execution_options(benehub_write=True) as connection, connection.begin():
        engine.enqueue(connection, "story", "november", "acme/payroll")
    time.sleep(600)
engine.start()
print("result", engine.run("story", "november"))
engine.stop()
"""


def ran(folder: Path) -> list[str]:
    file = folder / "ran"
    return file.read_text().split() if file.exists() else []


def wait(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


Other = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def other(tmp_path: Path, db_url: str) -> Other:
    """Starts the other process; it is in its second step then."""

    @contextmanager
    def start(name: str = "other") -> Iterator[Any]:
        with forks.running(OTHER, db_url, tmp_path, name) as process:
            wait(lambda: process.poll() is not None or "second" in ran(tmp_path))
            assert process.poll() is None, process.stderr.read()
            yield process

    return start


@pytest.fixture
def store(db_url: str) -> Iterator[Store]:
    opened = open_store(db_url, VAULT)
    yield opened
    opened.close()


def make(store: Store, folder: Path, name: str = "") -> Engine:
    """An engine of this process that knows the same story, without the waiting."""

    def note(word: str) -> str:
        with (folder / "ran").open("a") as file:
            file.write(f"{word}\n")
        return word

    def story(steps: Steps) -> list[str]:
        return [steps.step(word, note, word) for word in ("first", "second", "third")]

    return Engine(store, {"story": Flow("story", story)}, name)


def test_the_living_are_left_alone_and_the_dead_taken_up_once(store: Store, tmp_path: Path, other: Other) -> None:
    with other() as process:
        engine = make(store, tmp_path)
        engine.start()
        try:
            for _ in range(3):
                assert engine.watch.look() == []
            assert ran(tmp_path) == ["first", "second"]
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            # Asked for by its key it is the same job: it waits for what is taken up in the background.
            assert engine.run("story", "november") == ["first", "second", "third"]
            assert engine.watch.look() == []
        finally:
            engine.stop()
    # The step in flight ran again, the finished one did not.
    assert ran(tmp_path) == ["first", "second", "second", "third"]


def test_one_that_only_asks_waits_for_the_living(store: Store, tmp_path: Path, other: Other) -> None:
    with other() as process:
        engine = make(store, tmp_path)
        engine.start()
        (tmp_path / "go").touch()
        assert engine.run("story", "november") == ["first", "second", "third"]
        engine.stop()
        assert process.stdout.read().strip() == "result ['first', 'second', 'third']"
    assert ran(tmp_path) == ["first", "second", "third"]


def test_without_the_private_call_the_public_one_takes_up(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: Other
) -> None:
    with other() as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    monkeypatch.delattr(DBOS, "_recover_pending_workflows")
    engine = make(store, tmp_path)
    engine.start()
    assert engine.run("story", "november") == ["first", "second", "third"]
    engine.stop()
    assert ran(tmp_path) == ["first", "second", "second", "third"]


@pytest.mark.parametrize("private", [True, False])
def test_what_a_dead_worker_had_in_hand_keeps_its_place_in_the_queue(
    private: bool, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: Other
) -> None:
    with other("worker") as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    if not private:
        monkeypatch.delattr(DBOS, "_recover_pending_workflows")
    engine = make(store, tmp_path)
    engine.start()  # it does not listen: it puts the work back for those who do
    try:
        wait(lambda: engine.watch.look() == [])
        assert ran(tmp_path) == ["first", "second"]
        job = DBOS.get_workflow_status("story:november")
        assert job is not None
        assert (job.status, job.queue_name, job.queue_partition_key) == ("ENQUEUED", "benehub", "acme/payroll")
    finally:
        engine.stop()
    worker = make(store, tmp_path)
    worker.start(listen=True)
    try:
        wait(lambda: not worker.is_open("story", "november"))
    finally:
        worker.stop()
    assert ran(tmp_path) == ["first", "second", "second", "third"]


def test_the_private_call_is_there() -> None:
    assert callable(DBOS._recover_pending_workflows), "the engine falls back to the public call: see recovery.py"


def test_a_name_lives_once(store: Store, tmp_path: Path, other: Other) -> None:
    with other("same"), pytest.raises(ConfigError, match="'same' is alive"):
        make(store, tmp_path, "same").start()

    def lives() -> bool:
        engine = make(store, tmp_path, "same")
        with suppress(ConfigError):  # PostgreSQL lets go of what a killed process held once it has noticed
            engine.start()
            engine.stop()
            return True
        return False

    wait(lives)


def test_a_canceled_flow_ends_before_its_next_step_and_can_go_on(store: Store, tmp_path: Path, other: Other) -> None:
    with other() as process:
        engine = make(store, tmp_path)
        engine.start()
        try:
            engine.cancel("story", "november")
            (tmp_path / "go").touch()
            assert "canceled" in process.stderr.read()
            assert ran(tmp_path) == ["first", "second"]
            with pytest.raises(NeedsPersonError, match="canceled"):
                engine.run("story", "november")
            assert engine.again("story", "november") == ["first", "second", "third"]
        finally:
            engine.stop()
    assert ran(tmp_path)[-1] == "third"


def test_what_ends_because_its_process_was_asked_to_goes_on_in_another(store: Store, tmp_path: Path) -> None:
    begun = threading.Event()
    asked: list[bool] = []

    def long(steps: Steps) -> list[str]:
        return [steps.step("first", lambda: "first"), steps.step("second", half)]

    def half() -> str:
        asked.append(worker.goes_on())
        begun.set()
        while worker.goes_on():
            time.sleep(0.01)
        raise Ending

    worker = Engine(store, {"story": Flow("story", long)})
    worker.start(listen=True)
    with store.engine.begin() as connection:
        worker.enqueue(connection, "story", "november", "acme")
    assert begun.wait(90)
    worker.stop()
    assert asked == [True] and worker.ending
    assert worker.goes_on()  # what is no job of an engine is not ended by its end
    another = make(store, tmp_path)
    another.start(listen=True)
    try:
        wait(lambda: "third" in ran(tmp_path))
        assert another.goes_on() and not another.ending and not another.in_job()
    finally:
        another.stop()
    assert ran(tmp_path) == ["second", "third"]  # the first is not done again


def test_a_process_shows_that_it_lives(store: Store, tmp_path: Path) -> None:
    def alive() -> bool:
        with store.engine.connect() as connection:
            return is_held(connection, sign_of_life(engine.executor))

    engine, another = make(store, tmp_path), make(store, tmp_path)
    assert engine.executor != another.executor
    assert not alive()
    engine.start()
    assert alive()
    engine.stop()
    assert not alive()
    assert not list(tmp_path.glob("*.lock"))


def test_a_lock_file_that_cannot_be_opened_ends_no_look_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, looks, again = recovery.Watch(store, "watched", OWN), list[int](), threading.Event()

    def look() -> list[str]:
        looks.append(1)
        if len(looks) == 2:
            raise OSError(24, "too many open files")
        if len(looks) == 4:
            again.set()
        return []

    monkeypatch.setattr(recovery, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(watch, "look", look)
    watch.appear()
    watch.begin()
    assert again.wait(10)
    watch.rest()
    watch.leave()


def test_a_worker_of_a_newer_version_takes_what_waits_and_leaves_what_was_begun(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: Other
) -> None:
    """A rolling upgrade whose flows do not fit: each version ends what it has begun, what waits goes to the newer."""
    with other("worker") as old:  # in its second step, and with another one waiting behind it
        writing = store.engine.connect().execution_options(benehub_write=True)
        asking = make(store, tmp_path)
        asking.start()
        with writing as connection, connection.begin():
            asking.enqueue(connection, "story", "december", "acme/payroll")
            asking.enqueue(connection, "story", "other", "other/payroll")
            os.kill(old.pid, signal.SIGKILL)  # before the commit: it would take up what is let in
            old.wait()
        asking.stop()
    with monkeypatch.context() as upgraded:
        upgraded.setattr(runner, "APPLICATION_VERSION", "newer")
        worker = make(store, tmp_path)
        worker.start(listen=True)
        try:
            wait(lambda: not worker.is_open("story", "other"))
            threads = [one.name for one in threading.enumerate()]
            assert WORKER + runner.QUEUE in threads and any(one.endswith(KEEPER) for one in threads)  # what dozes
            assert worker.watch.look() == []
            begun = DBOS.get_workflow_status("story:november")
            assert begun is not None and (begun.status, begun.app_version) == ("PENDING", OWN)
            with pytest.raises(DataError, match="begun by version"):
                worker.again("story", "november")
        finally:
            worker.stop()
    last = make(store, tmp_path)  # one of the older release, to end what it has begun
    last.start(listen=True)
    try:
        wait(lambda: not last.is_open("story", "november"))
    finally:
        last.stop()
    monkeypatch.setattr(runner, "APPLICATION_VERSION", "newer")
    newest = make(store, tmp_path)
    newest.start(listen=True)
    try:
        wait(lambda: not newest.is_open("story", "december"))  # its turn came when the one before it was done
    finally:
        newest.stop()
    assert ran(tmp_path).count("third") == 3


def test_a_worker_of_the_same_version_goes_on_with_all_of_it(store: Store, tmp_path: Path, other: Other) -> None:
    """A release that does not raise the version takes up what the one before had in hand, and what waits behind it."""
    with other("worker") as old:
        os.kill(old.pid, signal.SIGKILL)
        old.wait()
    worker = make(store, tmp_path)
    worker.start(listen=True)
    try:
        wait(lambda: not worker.is_open("story", "november"))
        assert worker.run("story", "november") == ["first", "second", "third"]
    finally:
        worker.stop()
