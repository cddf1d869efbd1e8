"""One file a job. A flow owns its transactions and runs its steps through the engine."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benehub.engine import Ending, Engine, Flow, Steps
from benehub.errors import BenehubError, FatalError
from benehub.flows import (
    account_deposits,
    acknowledgements,
    arrears,
    bank_answers,
    corrections,
    coverage,
    credits,
    custody,
    deadlines,
    deductions,
    dispatches,
    earnings_deposit,
    enrollments,
    fixes,
    identities,
    imports,
    job_history,
    leave,
    leave_close,
    leave_handover,
    lost_earnings,
    match,
    notices,
    onboarding,
    payroll_file,
    payroll_results,
    premiums,
    reconciling,
    retention,
    retirement,
    scheduled,
    send,
    statements,
    sync,
    trial_runs,
    webhooks,
)
from benehub.flows.hub import Hub
from benehub.flows.schedulable import FLOWS, PREFIX
from benehub.flows.silent import carried
from benehub.store.database import patiently

JOBS: dict[str, Callable[..., Any]] = {
    "sync": sync.sync,
    "coverage": coverage.decide,
    "adopt": onboarding.adopt,
    "deductions.expect": deductions.expect,
    "deductions.push": payroll_file.push,
    "deductions.write_off": arrears.write_off,
    "payroll.results": payroll_results.post,
    "enrollments.send": enrollments.change_file,
    "enrollments.full": enrollments.full_file,
    "enrollments.acks": acknowledgements.acknowledged,
    "premiums.accrue": premiums.accrue,
    "premiums.remit": premiums.remit,
    "premiums.credits": credits.look,
    "premiums.confirm": premiums.confirm_paid,
    "premiums.answers": bank_answers.answered,
    "accounts.deposit": account_deposits.deposit,
    "accounts.confirmations": account_deposits.confirmations,
    "retirement.deposit": retirement.deposit,
    "retirement.credits": retirement.credits,
    "retirement.true-up": match.true_up_year,
    "retirement.deposit-earnings": earnings_deposit.deposit,
    "retirement.lost-earnings": lost_earnings.post,
    "leave.accrue": leave.accrue,
    "notices.send": notices.send,
    "notices.reports": notices.reports,
    "leave.close": leave_close.close,
    "leave.handover": leave_handover.handover,
    "reconcile": reconciling.reconcile_month,
    "reconcile.year": reconciling.reconcile_year,
    "fixes.carry": fixes.carry_out,
    "people.suggest": identities.look,
    "plan_book.try": trial_runs.try_book,
    "retro.correct": corrections.correct,
    "dispatch.send": send.send,
    "dispatch.resend": dispatches.resend,
    "webhooks.work": webhooks.work,
    "deadlines.check": deadlines.check,
    "statements.make": statements.make,
    "retention": retention.sweep,
    "jobs.trim": job_history.trim,
    "imports.take": imports.take,
    "intake.release": custody.let_in,
    "intake.redrive": custody.tried_again,
}
"""Every job by name."""

JOBS |= {f"{PREFIX}{name}": scheduled.job(name, JOBS) for name in FLOWS}


class _Quiet(Steps):
    """Steps whose unexpected errors keep their values to themselves: the engine stores what a step raises."""

    def step(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As `Steps.step`; an error that is none of ours goes on as its type and place, without its text.

        Where the database goes away meanwhile the step is run again, as after a crash.
        """
        return super().step(name, lambda: _quiet(f"step {name}", lambda: patiently(lambda: function(*args, **kwargs))))


def _quiet(what: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except BenehubError:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        told = f"{what} failed unexpectedly ({type(error).__name__})"
        raise FatalError(told, where=place, mend="It is a fault of the program: report it") from None


def bind(hub: Hub, executor: str = "") -> Hub:
    """Give the hub its engine, with every flow bound to it; the caller starts and stops it."""

    def bound(name: str, job: Callable[..., Any]) -> Callable[..., Any]:
        def work(*arguments: Any) -> Any:
            with carried(name):
                return _quiet(f"flow {name}", lambda: job(hub, _Quiet(), *arguments))

        return lambda _steps, run_id, employer, *arguments: hub.carry_out(work, run_id, employer, *arguments)

    hub.engine = Engine(hub.store, {name: Flow(name, bound(name, job)) for name, job in JOBS.items()}, executor)
    return hub


__all__ = ["JOBS", "Ending", "Hub", "bind"]
