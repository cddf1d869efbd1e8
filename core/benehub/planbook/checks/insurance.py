"""What an insurance plan may not say: rates with gaps, an employer's part that has no amount."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from benehub.errors import ConfigError
from benehub.money import parse_minor
from benehub.periods import FOREVER
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.insurance import EmployerContribution
from benehub.planbook.parts.plan import Plan
from benehub.records import Tier
from benehub.rules.premium.contribution import Scheme

SCHEME_FIELDS = {
    Scheme.FLAT: ("flat",),
    Scheme.PERCENT_OF_TIER: ("percent",),
    Scheme.PERCENT_SPLIT: ("percent_employee", "percent_dependents"),
    Scheme.DEFINED: ("defined",),
}
"""What each wording of the employer's part needs said; a share left out would be a zero nobody meant."""


def insurance(plan: Plan, path: Path) -> Iterator[Finding]:
    """Everything that is wrong with one insurance plan."""
    if plan.carrier is None:
        yield error(path, f"plan {plan.id} has no carrier", "Name its connection under `carrier`")
    if plan.deduction is None:
        yield error(path, f"plan {plan.id} has no deduction", "Give code and method under `deduction`")
    if plan.deferral is not None or plan.match is not None or plan.computed is not None:
        yield error(path, f"plan {plan.id} is insurance but has deferral, match or computed", "Remove them")
    if not plan.rates:
        yield error((*path, "rates"), f"plan {plan.id} has no rates", "Add a rate table")
    tables = sorted(enumerate(plan.rates), key=lambda pair: pair[1].valid_from)
    for (_, earlier), (number, later) in pairwise(tables):
        if earlier.valid_to != later.valid_from:
            what = "overlap" if earlier.valid_to > later.valid_from else "leave a gap"
            yield error(
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
            yield error(
                (*path, "employer_contribution"),
                "the employer's flat part is above the premium",
                "Lower it to the premium",
            )
    if plan.employer_contribution is not None:
        yield from _contribution(plan, plan.employer_contribution, (*path, "employer_contribution"))
        try:
            plan.contribution_rule()
        except ConfigError as refused:
            yield error((*path, "employer_contribution"), refused.what, refused.mend)


def _whole_term(plan: Plan, path: Path) -> Iterator[Finding]:
    """Rates hold for whole months, and from the plan's first day to its last."""
    for number, table in enumerate(plan.rates):
        here = (*path, "rates", number)
        if table.valid_to <= table.valid_from:
            yield error((*here, "to"), "`to` is not after `from`", "It is the first day after")
        if table.valid_from.day != 1 or (table.valid_to != FOREVER and table.valid_to.day != 1):
            yield error(here, "rates change within a month", "Let them change on the first of a month")
    if not plan.rates:
        return
    first = min(table.valid_from for table in plan.rates)
    last = max(table.valid_to for table in plan.rates)
    if first > plan.effective_from:
        yield error(
            (*path, "rates"),
            f"no rates from {plan.effective_from} to {first}",
            "Let them begin with the plan",
        )
    if last < plan.effective_to:
        # next year's rates are ordinarily not known yet while a plan runs on: told, not refused
        severity = "warning" if plan.effective_to == FOREVER else "error"
        yield Finding(severity, (*path, "rates"), f"no rates from {last} on", "Add them, or end the plan")


def _contribution(plan: Plan, terms: EmployerContribution, path: Path) -> Iterator[Finding]:
    if terms.scheme not in SCHEME_FIELDS:
        yield error(
            (*path, "scheme"),
            f"scheme {terms.scheme.value} has no rates of its base plan in a plan book",
            "Word it as flat, percent_of_tier, percent_split or defined",
        )
        return
    for name in SCHEME_FIELDS[terms.scheme]:
        if name not in terms.model_fields_set:
            yield error(path, f"scheme {terms.scheme.value} lacks {name}", f"Give {name}; write 0 where it is meant")
    if terms.scheme is Scheme.DEFINED and terms.defined:
        offered = {tier for table in plan.rates for tier in table.tiers}
        missing = sorted(tier.value for tier in offered - terms.defined.keys())
        if missing:
            yield error((*path, "defined"), f"no amount for {', '.join(missing)}", "Add the tier, if only with 0")
