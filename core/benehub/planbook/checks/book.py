"""The checks of a whole plan book, plan by plan and part by part."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.planbook.book import PlanBook
from benehub.planbook.checks.account import account
from benehub.planbook.checks.design import design
from benehub.planbook.checks.eligibility import eligibility
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.checks.insurance import insurance
from benehub.planbook.checks.leave import leave
from benehub.planbook.checks.pay import pay_groups, schedule
from benehub.planbook.checks.retirement import retirement
from benehub.planbook.parts.plan import Plan


def check(book: PlanBook) -> list[Finding]:
    """Everything that is wrong with the book."""
    findings: list[Finding] = []
    seen: set[str] = set()
    for number, plan in enumerate(book.plans):
        path: Path = ("plans", number)
        if plan.id in seen:
            findings.append(error((*path, "id"), f"plan {plan.id!r} stands here twice", "Give each plan its own id"))
        seen.add(plan.id)
        findings += _dates(plan, path)
        if plan.insured:
            findings += insurance(book, plan, path)
        else:
            findings += account(plan, path) if plan.is_account else retirement(plan, path)
        findings += design(plan, (*path, "design"))
        if plan.deduction is not None:
            findings += schedule(book, plan, path)
        findings += eligibility(book, plan, path)
    findings += _codes(book)
    findings += pay_groups(book)
    findings += leave(book)
    return findings


def _dates(plan: Plan, path: Path) -> Iterator[Finding]:
    if plan.effective_to <= plan.effective_from:
        yield error((*path, "effective_to"), "effective_to is not after effective_from", "It is the first day after")


def _codes(book: PlanBook) -> Iterator[Finding]:
    owner: dict[str, str] = {}
    for number, plan in enumerate(book.plans):
        codes = [plan.deduction.code, plan.deduction.posttax_code] if plan.deduction else []
        codes += [plan.deferral.pretax_code, plan.deferral.roth_code] if plan.deferral else []
        codes += [plan.match.code] if plan.match else []
        codes += [line.code for line in plan.computed.lines.values()] if plan.computed else []
        for code in filter(None, codes):
            if code in owner:
                yield error(
                    ("plans", number),
                    f"code {code!r} is used by {owner[code]} already",
                    "Give each deduction its own code",
                )
            owner[code] = plan.id
