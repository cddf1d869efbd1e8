"""Meets a deadline: the job that does what it asks for, as the command does that stands in its mend."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from benehub.errors import DataError
from benehub.flows.deadlines import open_now
from benehub.flows.hub import Hub
from benehub.flows.runs import By
from benehub.flows.schedulable import PREFIX
from benehub.reconcile.unpaid import REMIT
from benehub.views.deadlines import Deadline, carriers, money, pay

FURTHEST = 366
"""Days ahead within which a deadline is looked up to be met."""


class Job(NamedTuple):
    """A job, and what it is told."""

    flow: str
    arguments: list[Any]


def job(one: Deadline, today: date) -> Job | None:
    """What meets a deadline on this day; nothing where a person or a vendor has to act.

    Args:
        one: the deadline.
        today: the employer's day.
    """
    told = one.subject.split("/")
    if one.kind == pay.PUSH and one.due < today:
        return None  # payroll takes no word on a pay date that is past
    if one.kind == pay.PUSH:
        return Job("deductions.push", told[1:])
    if one.kind == REMIT:
        return Job("premiums.remit", [one.connection, one.period])
    if one.kind == money.CONTRIBUTION:
        return Job("retirement.deposit", told[1:])
    if one.kind == money.ACCOUNT:
        return Job("accounts.deposit", [one.connection, told[-1]])
    if one.kind in (carriers.SEND, "enrollment.change"):
        return Job("enrollments.send", [one.connection, str(today)])
    if one.kind == "enrollment.full":
        return Job("enrollments.full", [one.connection, str(today)])
    if one.kind == "notice.send":
        return Job("notices.send", [str(today)])
    return _read(one)


def _read(one: Deadline) -> Job | None:
    """What looks up by itself what it has to do, as its schedule does."""
    flow = {carriers.ANSWER: "enrollments.acks", "deduction.set": "deductions.push",
            "deduction.book": "deductions.push"}.get(one.kind)  # fmt: skip
    return Job(f"{PREFIX}{flow}", [one.connection, {}]) if flow else None


def meet(hub: Hub, employer: str, subject: str, kind: str, key: str = "", by: By | None = None) -> str:
    """Do now what an open deadline asks for, by a run of its own; gives the run. The same `key` means the same run.

    Raises:
        DataError: it is no open deadline any more, or nothing here does it by itself.
    """
    known = open_now(hub, employer, FURTHEST)
    found = next((one for one in known if (one.subject, one.kind) == (subject, kind)), None)
    if found is None:
        raise DataError("it is no open deadline any more", mend="Look at it anew: it has changed")
    with hub.store.write(employer) as session:
        task = job(found, session.today())
        if task is None:
            raise DataError("nothing here does it by itself", where=kind, mend="Look at it, and do it by hand")
        timed = task.flow.startswith(PREFIX)
        # As the command's own run is called, so that one of them is known to make up for the other.
        named = f"{found.connection if timed else '/'.join(task.arguments)}/{key or session.now()}"
        more = [named] if timed else []
        return hub.enqueue_flow(session, task.flow, named, found.connection, *task.arguments, *more, by=by)
