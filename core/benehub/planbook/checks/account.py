"""What an account plan (HSA, FSA, commuter) may not say: rates, a carrier, or an employer's part without an amount."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.money import parse_minor
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.plan import Plan


def account(plan: Plan, path: Path) -> Iterator[Finding]:
    """Everything that is wrong with one account plan."""
    if plan.deduction is None:
        yield error(path, f"plan {plan.id} has no deduction", "Give payroll's code and method under `deduction`")
    for name in ("rates", "volume", "factors", "employer_contribution", "deferral", "match"):
        if getattr(plan, name):
            yield error((*path, name), f"plan {plan.id} is an account but has {name}", "Remove it")
    if plan.account is None:
        return
    if plan.account.max_yearly is not None and parse_minor(plan.account.max_yearly) <= 0:
        yield error((*path, "account", "max_yearly"), "a most of 0 or less", "Write an amount, or leave it out")
    for tier, text in plan.account.employer_yearly.items():
        if parse_minor(text) < 0:
            yield error((*path, "account", "employer_yearly", tier.value), "an amount below 0", "Write 0 or more")
