"""One file a job. A flow owns its transactions and runs its steps through the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benehub.engine import Engine, Flow
from benehub.flows import (
    coverage,
    deductions,
    enrollments,
    leave,
    onboarding,
    payroll_results,
    premiums,
    reconciling,
    retirement,
    send,
    sync,
)
from benehub.flows.hub import Hub

JOBS: dict[str, Callable[..., Any]] = {
    "sync": sync.sync,
    "coverage": coverage.decide,
    "adopt": onboarding.adopt,
    "deductions.expect": deductions.expect,
    "deductions.push": deductions.push,
    "payroll.results": payroll_results.post,
    "enrollments.send": enrollments.change_file,
    "enrollments.acks": enrollments.acknowledged,
    "premiums.accrue": premiums.accrue,
    "premiums.remit": premiums.remit,
    "premiums.confirm": premiums.confirm_paid,
    "retirement.deposit": retirement.deposit,
    "retirement.credits": retirement.credits,
    "leave.accrue": leave.accrue,
    "reconcile": reconciling.reconcile_month,
    "dispatch.send": send.send,
}
"""Every job by name."""


def bind(hub: Hub, executor: str = "local") -> Hub:
    """Give the hub its engine, with every flow bound to it; the caller starts and stops it."""

    def bound(job: Callable[..., Any]) -> Callable[..., Any]:
        return lambda steps, *arguments: job(hub, steps, *arguments)

    hub.engine = Engine(hub.store.url, {name: Flow(name, bound(job)) for name, job in JOBS.items()}, executor)
    return hub


__all__ = ["JOBS", "Hub", "bind"]
