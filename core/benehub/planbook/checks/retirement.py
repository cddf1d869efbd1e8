"""What a retirement plan may not say: match tiers that do not ascend, a rate nobody can mean."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from benehub.money import parse_rate
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.plan import Plan

MAX_MATCH = 5
"""Largest match of a deferred dollar that is taken for meant."""


def retirement(plan: Plan, path: Path) -> Iterator[Finding]:
    """What is wrong with a retirement plan."""
    if plan.recordkeeper is None:
        yield error(path, f"plan {plan.id} has no recordkeeper", "Name its connection under `recordkeeper`")
    if plan.computed is not None:
        yield from _computed(plan, path)
    elif plan.deferral is None:
        yield error(path, f"plan {plan.id} has no deferral", "Give payroll's codes under `deferral`")
    if plan.rates or plan.deduction is not None:
        yield error(path, f"plan {plan.id} is retirement but has rates or deduction", "Remove them")
    if plan.account is not None or plan.volume is not None:
        yield error(path, f"plan {plan.id} is retirement but has an account or volume", "Remove it")
    if plan.match is not None:
        bounds = [parse_rate(tier.up_to) for tier in plan.match.tiers]
        rates = [parse_rate(tier.rate) for tier in plan.match.tiers]
        if any(one >= two for one, two in pairwise(bounds)):
            yield error(
                (*path, "match", "tiers"),
                "match tiers do not ascend",
                "Order them by up_to, each above the last",
            )
        if any(not 0 <= bound <= 1 for bound in bounds):
            yield error((*path, "match", "tiers"), "a match tier reaches above 100% of pay", 'Write "3%", not 3')
        if any(not 0 <= rate <= MAX_MATCH for rate in rates):
            yield error((*path, "match", "tiers"), f"a match rate is above {MAX_MATCH * 100}%", 'Write "50%", not 50')


def _computed(plan: Plan, path: Path) -> Iterator[Finding]:
    if plan.deferral is not None or plan.match is not None:
        yield error(path, f"plan {plan.id} is computed by a plugin but has deferral or match", "Remove them")
    sources = [line.source for line in plan.computed.lines.values()] if plan.computed else []
    if twice := sorted({one for one in sources if sources.count(one) > 1}):
        # the ledger tells lines of a plan and pay date apart by whose money they are
        yield error((*path, "computed", "lines"), f"two lines have the source {twice[0]}", "Give each line its own")
