"""What all deposits to a recordkeeper have in common: a file is frozen, sent, and what has left is posted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from benehub.engine import Steps
from benehub.flows.hub import Hub
from benehub.flows.send import send


def deposit_sent(
    hub: Hub, steps: Steps, employer: str, plan_id: str, day: date,
    prepare: Callable[[Hub, str, str, date], str], post: Callable[[Hub, str, str, date, str], int],
) -> dict[str, Any]:  # fmt: skip
    """Send the file of a pay date to the plan's recordkeeper, and post it as deposited.

    Args:
        prepare: freezes the file and gives its dispatch; an empty text where there is nothing to deposit.
        post: posts what a dispatch that has left carries, once; gives how many amounts.
    """
    dispatch_id = steps.step("prepare", prepare, hub, employer, plan_id, day)
    if not dispatch_id:
        return {"rows": 0}
    with hub.store.read(employer) as session:
        connection_id = hub.book(session).plan(plan_id).vendor
    tally = send(hub, steps, employer, connection_id, [dispatch_id])
    posted = steps.step("post", post, hub, employer, plan_id, day, dispatch_id)
    return {"dispatch": dispatch_id, "rows": posted, **tally}
