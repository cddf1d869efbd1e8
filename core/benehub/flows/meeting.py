"""Meets a deadline: the job that does what it asks for, as the command does that stands in its mend."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from benehub.flows.schedulable import PREFIX
from benehub.views.deadlines import Deadline, carriers, money, pay


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
    if one.kind == pay.PUSH:
        return Job("deductions.push", told[1:])
    if one.kind == money.REMIT:
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
