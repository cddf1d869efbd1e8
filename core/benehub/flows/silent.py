"""Which jobs tell or pay nobody outside, said of each; whatever is not said to keep silent may send.

Who lets a job run that may send needs the permission to send. So that the word can be relied on, a job that is said to
keep silent is stopped before anything of it leaves. The answer to a caller's handshake is none of the hub's content,
and who is named in the plan book for alarms is one of the employer's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from benehub.errors import FatalError
from benehub.flows.schedulable import FLOWS, PREFIX

SILENT: Final = frozenset(
    {
        "sync", "coverage", "adopt", "deductions.expect", "deductions.write_off", "payroll.results", "enrollments.acks",
        "premiums.accrue", "premiums.credits", "premiums.confirm", "premiums.answers", "accounts.confirmations",
        "retirement.credits", "retirement.true-up", "retirement.lost-earnings", "leave.accrue", "leave.close",
        "reconcile", "reconcile.year", "retro.correct", "webhooks.work", "deadlines.check", "statements.make",
        "retention", "jobs.trim", "imports.take", "intake.release", "intake.redrive", "people.suggest",
        "notices.reports", "plan_book.try",
    }
)  # fmt: skip
"""Jobs that read, compute and write down, and send nothing."""

_CARRIED: ContextVar[str] = ContextVar("the job that is carried out", default="")


def may_send(flow: str) -> bool:
    """Whether a flow may tell or pay somebody outside; one that nobody knows may."""
    if flow.startswith(PREFIX):
        known = FLOWS.get(flow.removeprefix(PREFIX))
        return known is None or known.writes
    return flow not in SILENT


@contextmanager
def carried(flow: str) -> Iterator[None]:
    """Remember which flow what is within belongs to."""
    token = _CARRIED.set(flow)
    try:
        yield
    finally:
        _CARRIED.reset(token)


def must_send() -> None:
    """Nothing, unless what is carried out is said to keep silent.

    Raises:
        FatalError: it is.
    """
    flow = _CARRIED.get()
    if flow and not may_send(flow):
        raise FatalError("it is said to send nothing, and wanted to", where=f"flow {flow}",
                         mend="It is a fault of the program: report it")  # fmt: skip
