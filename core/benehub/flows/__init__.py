"""One file a job. A flow owns its transactions and runs its steps through the engine."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benehub.engine import Engine, Flow, Steps
from benehub.errors import BenehubError, FatalError
from benehub.flows import (
    acknowledgements,
    coverage,
    deductions,
    dispatches,
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
    "enrollments.full": enrollments.full_file,
    "enrollments.acks": acknowledgements.acknowledged,
    "premiums.accrue": premiums.accrue,
    "premiums.remit": premiums.remit,
    "premiums.confirm": premiums.confirm_paid,
    "retirement.deposit": retirement.deposit,
    "retirement.credits": retirement.credits,
    "leave.accrue": leave.accrue,
    "reconcile": reconciling.reconcile_month,
    "dispatch.send": send.send,
    "dispatch.resend": dispatches.resend,
}
"""Every job by name."""


class _Quiet(Steps):
    """Steps whose unexpected errors keep their values to themselves: the engine stores what a step raises."""

    def step(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As `Steps.step`; an error that is none of ours goes on as its type and place, without its text."""

        def quiet() -> Any:
            try:
                return function(*args, **kwargs)
            except BenehubError:
                raise
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(last.filename).name}:{last.lineno}"
                what = f"step {name} failed unexpectedly ({type(error).__name__})"
                raise FatalError(what, where=place, mend="It is a fault of the program: report it") from None

        return super().step(name, quiet)


def bind(hub: Hub, executor: str = "local") -> Hub:
    """Give the hub its engine, with every flow bound to it; the caller starts and stops it."""

    def bound(job: Callable[..., Any]) -> Callable[..., Any]:
        return lambda _steps, *arguments: job(hub, _Quiet(), *arguments)

    hub.engine = Engine(hub.store.url, {name: Flow(name, bound(job)) for name, job in JOBS.items()}, executor)
    return hub


__all__ = ["JOBS", "Hub", "bind"]
