"""Starts long work: a run is put into the queue, and the caller is told where to follow it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from fastapi import Response

from benehub.access import Permission
from benehub.api.own_runs import by
from benehub.api.v1.models import Model
from benehub.api.v1.office import Office
from benehub.api.v1.problems import BASE, Refused
from benehub.api.v1.route import Claim


class Started(Model):
    """Long work that has begun, or waits for a worker."""

    run: str
    """The run to follow; its address is in `Location`, its events at `.../events`."""


def start(
    claim: Claim, response: Response, flow: str, subject: str, order: str, *arguments: Any,
    also: Sequence[Permission] = (),
) -> Started:  # fmt: skip
    """Put a flow into the queue as a run of its own; a write that is repeated finds the same run.

    Args:
        also: what starting it took beside the permission of its route.

    Raises:
        Refused: 503, where this process has no job engine.
    """
    must_run(claim.office)
    key = f"{subject}/{key_of(claim)}"
    hub, mine = claim.office.hub, by(claim.office.request, *also)
    with hub.store.write(claim.office.employer) as session:
        run_id = hub.enqueue_flow(session, flow, key, order, *arguments, by=mine)
    return at_run(claim.office, response, run_id)


def at_run(at: Office, response: Response, run_id: str) -> Started:
    """The answer that names a run."""
    response.headers["location"] = f"{BASE}/employers/{at.employer}/runs/{run_id}"
    return Started(run=run_id)


def runs_here(at: Office) -> bool:
    """Whether this process has a job engine that runs."""
    return hasattr(at.hub, "engine") and at.hub.engine.running


def must_run(at: Office) -> None:
    """Go on where this process has a job engine.

    Raises:
        Refused: 503, where it has none.
    """
    if not runs_here(at):
        raise Refused(503, "the job engine is not started in this process", "Start `benehub up`", "retriable", 30)


def key_of(claim: Claim) -> str:
    """What tells the runs of a caller's writes apart, without his key."""
    return hashlib.sha256(f"{claim.office.caller.user}\x1f{claim.key}".encode()).hexdigest()[:16]
