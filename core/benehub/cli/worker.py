"""`benehub worker`: runs what schedules start, and takes up the work of workers that died."""

from __future__ import annotations

import os
import threading

import typer


def worker(
    name: str = typer.Option(
        "", "--name", envvar="BENEHUB_WORKER", help="Its name, its own among all that live; made up when left out."
    ),
    every: int = typer.Option(30, "--every", min=1, max=600, help="Seconds between two looks at the schedules."),
) -> None:
    """Run what schedules start until it is told to stop (SIGTERM, Ctrl-C). On PostgreSQL as many as wanted."""
    import signal

    from benehub.cli.console import say
    from benehub.cli.logs import configure
    from benehub.cli.opening import opened_hub
    from benehub.flows.worker import run_worker

    stop = threading.Event()
    with opened_hub() as (settings, hub):
        configure(settings.log_level, settings.log_format, runs=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end_soon(stop))
        run_worker(hub, stop, name, every, lambda: say(f"worker {hub.engine.executor} is at work"))


LATEST_END = 25.0
"""Seconds after which a worker that was asked to end does so whatever it waits for: a database that is away while the
job engine starts, say. Nothing is lost: what it had in hand goes on in another one, as after a crash."""


def end_soon(stop: threading.Event, seconds: float = LATEST_END) -> None:
    """Ask a worker to end; where it has not by then, its process ends with 1."""
    if not stop.is_set():
        stop.set()
        last = threading.Timer(seconds, os._exit, (1,))
        last.daemon = True
        last.start()
