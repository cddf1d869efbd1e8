"""The checks of a whole plan book, plan by plan and part by part."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from benehub.errors import ConfigError
from benehub.legal import bank_holidays
from benehub.planbook.book import PlanBook
from benehub.planbook.checks.account import account
from benehub.planbook.checks.design import design
from benehub.planbook.checks.eligibility import eligibility
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.checks.insurance import insurance
from benehub.planbook.checks.leave import LAW_OF, leave
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
        findings += _custodian(plan, path)
        findings += design(plan, (*path, "design"))
        if plan.deduction is not None:
            findings += schedule(book, plan, path)
        findings += eligibility(book, plan, path)
    findings += _employer(book)
    findings += _codes(book)
    findings += _carriers(book)
    findings += pay_groups(book)
    findings += leave(book)
    return findings


def _dates(plan: Plan, path: Path) -> Iterator[Finding]:
    if plan.effective_to <= plan.effective_from:
        yield error((*path, "effective_to"), "effective_to is not after effective_from", "It is the first day after")


def _custodian(plan: Plan, path: Path) -> Iterator[Finding]:
    if plan.custodian is not None and not plan.is_account:
        yield error((*path, "custodian"), f"plan {plan.id} is no account but has a custodian", "Remove it")


def _codes(book: PlanBook) -> Iterator[Finding]:
    owner: dict[str, str] = {}
    for number, plan in enumerate(book.plans):
        codes = [plan.deduction.code, plan.deduction.posttax_code] if plan.deduction else []
        own = plan.deferral
        codes += [own.pretax_code, own.roth_code, own.loan_code] if own else []
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
    for number, policy in enumerate(book.leave):
        for code in filter(None, (policy.taken_code, policy.payout_code)):
            if code in owner:
                yield error(
                    ("leave", number), f"code {code!r} is used by plan {owner[code]} already", "Give leave its own code"
                )


def _carriers(book: PlanBook) -> Iterator[Finding]:
    """A carrier whose name is nearly one under `carriers` is one misspelt: its terms would silently be the defaults."""
    for number, plan in enumerate(book.plans):
        if plan.carrier is None or plan.carrier in book.carriers:
            continue
        if near := difflib.get_close_matches(plan.carrier, book.carriers, n=1, cutoff=0.8):
            text = f"carrier {plan.carrier!r} has no terms under `carriers`, {near[0]!r} has"
            yield Finding("warning", ("plans", number, "carrier"), text, f"Write {near[0]}, or give terms of its own")


def _employer(book: PlanBook) -> Iterator[Finding]:
    country = book.employer.country
    try:
        bank_holidays(country, {LAW_OF.year})
    except ConfigError as refused:
        # a book whose pay dates are all listed can do without
        yield Finding("warning", ("employer", "country"), refused.what, refused.mend)
