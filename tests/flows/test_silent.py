"""Which flows may send: said of each, and held when something is about to leave."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import FatalError
from benehub.flows import JOBS, send
from benehub.flows.schedulable import FLOWS, PREFIX
from benehub.flows.silent import SILENT, carried, may_send


def test_every_silent_job_is_a_job_and_whatever_is_not_said_to_be_one_may_send() -> None:
    assert set(JOBS) > SILENT
    assert may_send("a flow that somebody adds") and may_send(f"{PREFIX}another")
    assert all(may_send(f"{PREFIX}{name}") == one.writes for name, one in FLOWS.items())
    # What a schedule of this name starts is the job of this name, among what is read for it.
    assert all(may_send(name) == one.writes for name, one in FLOWS.items() if name in JOBS)


@pytest.mark.parametrize("flow", sorted(name for name in JOBS if not may_send(name)))
def test_nothing_leaves_from_within_a_job_that_is_said_to_be_silent(flow: str) -> None:
    class NoHub:
        """A hub that nothing is asked of."""

    steps: Any = None
    hub: Any = NoHub()
    with carried(flow), pytest.raises(FatalError, match="is said to send nothing"):
        send.send(hub, steps, "acme", "payroll", ["dis_x"])


def test_what_may_send_is_stopped_by_nothing_of_this() -> None:
    class Asked(Exception):
        """It went on."""

    class Steps:
        """Steps that go no further."""

        def step(self, *_args: Any) -> Any:
            raise Asked

    steps: Any = Steps()
    hub: Any = None
    for flow in sorted(name for name in JOBS if may_send(name)):
        with carried(flow), pytest.raises(Asked):
            send.send(hub, steps, "acme", "payroll", ["dis_x"])
    with pytest.raises(Asked):
        send.send(hub, steps, "acme", "payroll", ["dis_x"])
