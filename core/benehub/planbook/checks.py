"""What a plan book may not say: contradictions, found before anybody is enrolled under them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from benehub.errors import ConfigError
from benehub.money import parse_minor, parse_rate
from benehub.periods import FOREVER
from benehub.planbook.book import PlanBook
from benehub.planbook.models import EmployerContribution, Plan
from benehub.records import Tier
from benehub.rules.deduction.calendar import DeductionMethod
from benehub.rules.eligibility.entry_rule import check_entry_rule
from benehub.rules.premium.contribution import Scheme

DAYS_NEEDED = {"semimonthly": 2, "monthly": 1}
FEWEST_PAYS = {"weekly": 4, "biweekly": 2, "semimonthly": 2, "monthly": 1}
"""Pay dates that every month has at least."""
MAX_MATCH = 5
"""Largest match of a deferred dollar that is taken for meant."""
SCHEME_FIELDS = {
    Scheme.FLAT: ("flat",),
    Scheme.PERCENT_OF_TIER: ("percent",),
    Scheme.PERCENT_SPLIT: ("percent_employee", "percent_dependents"),
    Scheme.DEFINED: ("defined",),
}
"""What each wording of the employer's part needs said; a share left out would be a zero nobody meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or strange: `error` refuses the book, `warning` does not."""

    severity: str
    path: tuple[str | int, ...]
    text: str
    mend: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions of a book; None where the path is only in the other."""

    path: str
    before: Any
    after: Any


def check(book: PlanBook) -> list[Finding]:
    """Everything that is wrong with the book."""
    findings: list[Finding] = []
    seen: set[str] = set()
    for number, plan in enumerate(book.plans):
        path: tuple[str | int, ...] = ("plans", number)
        if plan.id in seen:
            findings.append(_error((*path, "id"), f"plan {plan.id!r} stands here twice", "Give each plan its own id"))
        seen.add(plan.id)
        findings += _dates(plan, path)
        findings += _insurance(plan, path) if plan.insured else _retirement(plan, path)
        if plan.deduction is not None:
            findings += _schedule(book, plan, path)
        if plan.eligibility.waiting.days and plan.eligibility.waiting.months:
            findings.append(
                _error((*path, "eligibility", "waiting"), "a wait in days and in months", "Keep one of them")
            )
        try:
            check_entry_rule(plan.eligibility_rule().entry)
        except ConfigError as error:
            findings.append(_error((*path, "eligibility"), error.what, error.mend))
    findings += _codes(book)
    findings += _pay_groups(book)
    findings += _leave(book)
    return findings


def diff(before: PlanBook, after: PlanBook) -> list[Change]:
    """What differs between two versions, by path."""
    one, two = (
        _flat(before.model_dump(mode="json", by_alias=True)),
        _flat(after.model_dump(mode="json", by_alias=True)),
    )
    return [
        Change(path, one.get(path), two.get(path))
        for path in sorted(one.keys() | two.keys())
        if one.get(path) != two.get(path)
    ]


def _insurance(plan: Plan, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if plan.carrier is None:
        yield _error(path, f"plan {plan.id} has no carrier", "Name its connection under `carrier`")
    if plan.deduction is None:
        yield _error(path, f"plan {plan.id} has no deduction", "Give code and method under `deduction`")
    if plan.deferral is not None or plan.match is not None:
        yield _error(path, f"plan {plan.id} is insurance but has deferral or match", "Remove them")
    if not plan.rates:
        yield _error((*path, "rates"), f"plan {plan.id} has no rates", "Add a rate table")
    tables = sorted(enumerate(plan.rates), key=lambda pair: pair[1].valid_from)
    for (_, earlier), (number, later) in pairwise(tables):
        if earlier.valid_to != later.valid_from:
            what = "overlap" if earlier.valid_to > later.valid_from else "leave a gap"
            yield _error(
                (*path, "rates", number),
                f"rate tables {what} at {later.valid_from}",
                "Let one end where the next begins",
            )
    yield from _whole_term(plan, path)
    for number, table in enumerate(plan.rates):
        missing = [tier.value for tier in Tier if tier not in table.tiers]
        if missing:
            yield Finding("warning", (*path, "rates", number), f"no rate for {', '.join(missing)}", "Add it if offered")
        terms = plan.employer_contribution
        cheapest = min(parse_minor(text) for text in table.tiers.values())
        if terms is not None and parse_minor(terms.flat) > cheapest:
            yield _error(
                (*path, "employer_contribution"),
                "the employer's flat part is above the premium",
                "Lower it to the premium",
            )
    if plan.employer_contribution is not None:
        yield from _contribution(plan, plan.employer_contribution, (*path, "employer_contribution"))
        try:
            plan.contribution_rule()
        except ConfigError as error:
            yield _error((*path, "employer_contribution"), error.what, error.mend)


def _retirement(plan: Plan, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if plan.recordkeeper is None:
        yield _error(path, f"plan {plan.id} has no recordkeeper", "Name its connection under `recordkeeper`")
    if plan.deferral is None:
        yield _error(path, f"plan {plan.id} has no deferral", "Give payroll's codes under `deferral`")
    if plan.rates or plan.deduction is not None:
        yield _error(path, f"plan {plan.id} is retirement but has rates or deduction", "Remove them")
    if plan.match is not None:
        bounds = [parse_rate(tier.up_to) for tier in plan.match.tiers]
        rates = [parse_rate(tier.rate) for tier in plan.match.tiers]
        if any(one >= two for one, two in pairwise(bounds)):
            yield _error(
                (*path, "match", "tiers"),
                "match tiers do not ascend",
                "Order them by up_to, each above the last",
            )
        if any(not 0 <= bound <= 1 for bound in bounds):
            yield _error((*path, "match", "tiers"), "a match tier reaches above 100% of pay", 'Write "3%", not 3')
        if any(not 0 <= rate <= MAX_MATCH for rate in rates):
            yield _error((*path, "match", "tiers"), f"a match rate is above {MAX_MATCH * 100}%", 'Write "50%", not 50')


def _dates(plan: Plan, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if plan.effective_to <= plan.effective_from:
        yield _error((*path, "effective_to"), "effective_to is not after effective_from", "It is the first day after")


def _whole_term(plan: Plan, path: tuple[str | int, ...]) -> Iterator[Finding]:
    """Rates hold for whole months, and from the plan's first day to its last."""
    for number, table in enumerate(plan.rates):
        here = (*path, "rates", number)
        if table.valid_to <= table.valid_from:
            yield _error((*here, "to"), "`to` is not after `from`", "It is the first day after")
        if table.valid_from.day != 1 or (table.valid_to != FOREVER and table.valid_to.day != 1):
            yield _error(here, "rates change within a month", "Let them change on the first of a month")
    if not plan.rates:
        return
    first = min(table.valid_from for table in plan.rates)
    last = max(table.valid_to for table in plan.rates)
    if first > plan.effective_from:
        yield _error(
            (*path, "rates"),
            f"no rates from {plan.effective_from} to {first}",
            "Let them begin with the plan",
        )
    if last < plan.effective_to:
        # next year's rates are ordinarily not known yet while a plan runs on: told, not refused
        severity = "warning" if plan.effective_to == FOREVER else "error"
        yield Finding(severity, (*path, "rates"), f"no rates from {last} on", "Add them, or end the plan")


def _contribution(plan: Plan, terms: EmployerContribution, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if terms.scheme not in SCHEME_FIELDS:
        yield _error(
            (*path, "scheme"),
            f"scheme {terms.scheme.value} has no rates of its base plan in a plan book",
            "Word it as flat, percent_of_tier, percent_split or defined",
        )
        return
    for name in SCHEME_FIELDS[terms.scheme]:
        if name not in terms.model_fields_set:
            yield _error(path, f"scheme {terms.scheme.value} lacks {name}", f"Give {name}; write 0 where it is meant")
    if terms.scheme is Scheme.DEFINED and terms.defined:
        offered = {tier for table in plan.rates for tier in table.tiers}
        missing = sorted(tier.value for tier in offered - terms.defined.keys())
        if missing:
            yield _error((*path, "defined"), f"no amount for {', '.join(missing)}", "Add the tier, if only with 0")


def _schedule(book: PlanBook, plan: Plan, path: tuple[str | int, ...]) -> Iterator[Finding]:
    terms = plan.deduction
    if terms is None or terms.method is not DeductionMethod.PER_MONTH:
        return
    for name, group in book.pay_groups.items():
        if terms.per_month > FEWEST_PAYS[group.frequency]:
            yield Finding(
                "warning",
                (*path, "deduction"),
                f"{terms.per_month} deductions a month, and pay group {name} has months with fewer pay dates",
                "Lower per_month, or use method every_pay",
            )


def _pay_groups(book: PlanBook) -> Iterator[Finding]:
    for name, group in book.pay_groups.items():
        if group.pay_dates:
            continue
        needed = DAYS_NEEDED.get(group.frequency, 0)
        if not needed and group.first_pay_date is None:
            yield _error(
                ("pay_groups", name),
                f"{group.frequency} pay without first_pay_date",
                "Give one, or list pay_dates",
            )
        if needed and len(set(group.days)) != needed:
            yield _error(
                ("pay_groups", name),
                f"{group.frequency} pay with {len(set(group.days))} days instead of {needed}",
                "Name the days of the month, e.g. [15, last], or list pay_dates",
            )


def _leave(book: PlanBook) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, policy in enumerate(book.leave):
        if policy.id in seen:
            yield _error(("leave", number, "id"), f"policy {policy.id!r} stands here twice", "Give each its own id")
        seen.add(policy.id)
        if policy.payout_on_termination and not policy.payout_code:
            yield _error(("leave", number), "leave is paid out, but there is no payout_code", "Give payroll's code")


def _codes(book: PlanBook) -> Iterator[Finding]:
    owner: dict[str, str] = {}
    for number, plan in enumerate(book.plans):
        codes = [plan.deduction.code] if plan.deduction else []
        codes += [plan.deferral.pretax_code, plan.deferral.roth_code] if plan.deferral else []
        codes += [plan.match.code] if plan.match else []
        for code in filter(None, codes):
            if code in owner:
                yield _error(
                    ("plans", number),
                    f"code {code!r} is used by {owner[code]} already",
                    "Give each deduction its own code",
                )
            owner[code] = plan.id


def _error(path: tuple[str | int, ...], text: str, mend: str) -> Finding:
    return Finding("error", path, text, mend)


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = [(f"{path}.{key}" if path else str(key), one) for key, one in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}[{_label(one, n)}]", one) for n, one in enumerate(value)]
    else:
        return {path: value.isoformat() if isinstance(value, date) else value}
    found: dict[str, Any] = {}
    for name, one in items:
        found |= _flat(one, name)
    return found


def _label(value: Any, number: int) -> str:
    return str(value["id"]) if isinstance(value, dict) and "id" in value else str(number)
