"""A run as server-sent events: each step once, each change of its state, its end; bounded in time, and resumable.

An event's id is the number of steps told so far, so that who comes again hears of the others only.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from pydantic import Field
from starlette.concurrency import run_in_threadpool

from benehub.api.v1.models import Model
from benehub.api.v1.office import Office
from benehub.api.v1.problems import Refused
from benehub.views import runs as view

ONGOING: Final = ("queued", "running", "interrupted")


class RunEvent(Model):
    """One event of the stream, as a reader of server-sent events tells it."""

    id: str = Field(examples=["3"])
    """Steps told so far; to be given as `Last-Event-ID`."""
    event: Literal["step", "state", "ended", "later"]
    """step: one has ended; state: the run's state is another one; ended: the run has; later: it goes on, and the
    stream ends: come again."""
    data: str
    """JSON: the step (as of `StepTold`) or the run (as of `RunTold`)."""
    retry: int = Field(default=2000, examples=[2000])
    """Milliseconds after which a reader whose line was cut comes again; told once, at the beginning."""


STREAM: Final = {
    "schema": {"type": "string"},
    "example": 'retry: 2000\n\nid: 1\nevent: step\ndata: {"number": 1, "name": "compare"}\n\n',
}
"""The stream: a text to whoever takes it whole, each event of which is a `RunEvent`."""


@dataclass
class Patience:
    """How long streams last, how often the books are looked at, and how many may stand open at once."""

    seconds: float = 300.0
    pause: float = 1.0
    silence: float = 15.0
    """A comment is sent after so long without an event, so that nobody in between takes the line for dead."""
    most: int = 100
    open: int = 0


def follow(at: Office, run_id: str, told: int, patience: Patience) -> AsyncIterator[str]:
    """The events of a run behind the first `told` steps.

    Raises:
        Refused: 429, too many follow runs already.
    """
    if patience.open >= patience.most:
        raise Refused(429, "too many runs are being followed", "Ask for the run instead", "retriable", 10)
    return _events(at, run_id, told, patience)


async def _events(at: Office, run_id: str, told: int, patience: Patience) -> AsyncIterator[str]:
    patience.open += 1
    try:
        until = time.monotonic() + patience.seconds
        spoken, state = time.monotonic(), ""
        yield "retry: 2000\n\n"
        while True:
            found, steps = await run_in_threadpool(_look, at, run_id)
            for number, step in enumerate(steps[told:], told + 1):
                yield _event("step", number, step)
            told = max(told, len(steps))
            over = found["state"] not in ONGOING
            if over or found["state"] != state:
                state, spoken = found["state"], time.monotonic()
                yield _event("ended" if over else "state", told, found)
            if over:
                return
            now = time.monotonic()
            if now >= until:
                yield _event("later", told, {"run": run_id, "state": state})
                return
            if now - spoken >= patience.silence:
                spoken = now
                yield ": still here\n\n"
            await asyncio.sleep(patience.pause)
    finally:
        patience.open -= 1


def _look(at: Office, run_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with at.read() as session:
        found = view.run(session, run_id)
    return found, [asdict(one) for one in at.hub.steps(at.employer, run_id)]


def _event(name: str, number: int, data: dict[str, Any]) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, default=str)}\n\n"
