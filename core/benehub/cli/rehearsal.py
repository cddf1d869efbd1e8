"""Previews of the command line: the flow that would run, tried and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benehub.flows import JOBS
from benehub.flows.rehearsal import DirectSteps, rehearsal

if TYPE_CHECKING:
    from benehub.cli.opening import Desk

__all__ = ["DirectSteps", "rehearsal", "run_or_try"]


def run_or_try(desk: Desk, dry_run: bool, name: str, subject: str, *arguments: Any) -> Any:
    """Run a flow that sends nothing; with `dry_run`, only try it.

    Raises:
        BenehubError: what the flow raised.
    """
    if not dry_run:
        return desk.run(name, subject, *arguments)
    with rehearsal(desk.hub) as hub:
        return JOBS[name](hub, DirectSteps(), desk.employer, *arguments)
