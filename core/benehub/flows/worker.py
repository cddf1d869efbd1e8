"""A worker: it ticks, takes what waits in the queue, and takes up what dead processes have left.

On PostgreSQL as many as wanted, each with a name of its own; beside an SQLite file one only, since two would break the
limits by which vendors are called.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import structlog

from benehub.connect import hooks_out
from benehub.engine.timetable import TICK_SECONDS
from benehub.errors import ConfigError, RetriableError
from benehub.flows import bind, hook_delivery, notifying
from benehub.flows.hub import Hub
from benehub.flows.tick import tick
from benehub.store import Store, scratch

LOOK_SECONDS = 1
"""Pause between two looks whether this worker may go on."""

ONLY_ONE = "the only worker"
"""The lock that a worker beside an SQLite file holds."""
DELIVER_SECONDS = 5
"""Pause between two looks for webhooks of ours that are due."""

log = structlog.get_logger("benehub.worker")


def run_worker(
    hub: Hub,
    stop: threading.Event,
    name: str = "",
    every: int = TICK_SECONDS,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Work until `stop` is set; what is in hand then has five seconds to end, the rest goes on in another worker.

    It binds and starts the hub's engine, for the whole process: whoever shares the hub runs flows through the same.

    Args:
        name: this worker's name, its own among all that live; made up when left out.
        every: seconds between two ticks.
        ready: called once work is taken.

    Raises:
        ConfigError: a worker of this name lives, one is at this SQLite file already, or the engine runs already.
        RetriableError: the database forgot that this worker lives; others may have its work. Start it again.
    """
    if hasattr(hub, "engine") and hub.engine.running:
        raise ConfigError("the job engine runs already", mend="Start the worker first: it starts the engine")
    with _only_one(hub.store):
        scratch.sweep(hub.store.engine)
        bind(hub, name).engine.start(listen=True)
        log.info("worker started", worker=hub.engine.executor)
        try:
            ready()
            with _delivering(hub, stop, every):
                _work(hub, stop, every)
        finally:
            hub.engine.stop()
            log.info("worker stopped", worker=hub.engine.executor)


@contextmanager
def worker_beside(hub: Hub, name: str = "", every: int = TICK_SECONDS) -> Iterator[threading.Event]:
    """A worker in a thread of its own while the caller does something else; gives what is set when it has ended.

    Raises:
        ConfigError, RetriableError: as `run_worker`; at once where it cannot begin, else at the end.
    """
    stop, begun, ended = threading.Event(), threading.Event(), threading.Event()
    wrong: list[Exception] = []

    def work() -> None:
        try:
            run_worker(hub, stop, name, every, begun.set)
        except Exception as error:
            wrong.append(error)
        finally:
            ended.set()
            begun.set()

    thread = threading.Thread(target=work, name="benehub worker")
    thread.start()
    try:
        begun.wait()
        if not ended.is_set():
            yield ended
    finally:
        stop.set()
        thread.join()
    if wrong:
        raise wrong[0]


@contextmanager
def engine_beside(hub: Hub) -> Iterator[threading.Event]:
    """The hub's engine without a worker: what is started here waits for one elsewhere. Gives what is set where the
    database forgot that this process lives.

    Raises:
        RetriableError: at the end, where it did: others may have its work. Start it again.
    """
    scratch.sweep(hub.store.engine)
    bind(hub).engine.start()
    try:
        yield hub.engine.watch.lost
        _must_live(hub, "process")
    finally:
        hub.engine.stop()


@contextmanager
def _delivering(hub: Hub, stop: threading.Event, every: int = TICK_SECONDS) -> Iterator[None]:
    """Our webhooks and alarms leave meanwhile, each kind in a thread of its own: a receiver or a mail server that is
    slow or deaf keeps no schedule waiting."""
    over = threading.Event()

    def done() -> bool:
        return over.is_set() or stop.is_set()

    def hooks() -> dict[str, int]:
        return asdict(hook_delivery.deliver(hub, done))

    def alarms() -> dict[str, int]:
        return notifying.deliver(hub, over=done)

    def again(what: str, deliver: Callable[[], dict[str, int]], pause: int) -> None:
        while not done():
            try:
                if any((told := deliver()).values()):
                    log.info(what, **told)
            except Exception as error:  # told, and tried again: nobody else looks after this thread
                log.warning(f"{what} failed", error_class=type(error).__name__)
            over.wait(pause)

    threads = [
        threading.Thread(target=again, args=one, name=f"benehub {one[0]}", daemon=True)
        for one in (("webhooks", hooks, DELIVER_SECONDS), ("notifiers", alarms, every))
    ]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        over.set()
        until = time.monotonic() + hooks_out.SECONDS
        for one in threads:
            one.join(max(0, until - time.monotonic()))


def _work(hub: Hub, stop: threading.Event, every: int) -> None:
    while not stop.is_set():
        try:
            if any((counts := asdict(tick(hub, stop.is_set))).values()):
                log.info("tick", **counts)
            hub.tell_given_up()
        except Exception as error:
            # The database, or a lock's file, may be away for a while; what was due then is due at the next tick.
            log.warning("tick failed", error_class=type(error).__name__)
        until = time.monotonic() + every
        while (rest := until - time.monotonic()) > 0 and not stop.wait(min(rest, LOOK_SECONDS)):
            _must_live(hub)
        _must_live(hub)


def _must_live(hub: Hub, what: str = "worker") -> None:
    if hub.engine.watch.lost.is_set():
        raise RetriableError(
            f"the connection that shows that this {what} lives was lost",
            where=f"{what} {hub.engine.executor}",
            mend="Start it again: its work goes on there, or in another worker",
        )


@contextmanager
def _only_one(store: Store) -> Iterator[None]:
    if store.engine.dialect.name != "sqlite":
        yield
        return
    lock = store.lock(ONLY_ONE)
    if not lock.take():
        raise ConfigError(
            "a worker is at this database already",
            where="setting db",
            mend="Beside an SQLite file works one; stop that one, or use PostgreSQL for more",
        )
    try:
        yield
    finally:
        lock.release()
