"""What a plan may not say of who is eligible: waits that break the law, rules that nobody can pass or settle."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.errors import ConfigError
from benehub.planbook.book import PlanBook
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.eligibility import CoverageWash, EligibilityTerms
from benehub.planbook.parts.plan import Plan
from benehub.records import EmploymentClass
from benehub.rules.eligibility.coverage_end import CoverageEndRule
from benehub.rules.eligibility.entry_rule import check_entry_rule
from benehub.rules.eligibility.lookback_terms import check_lookback
from benehub.rules.eligibility.tree import RuleTerm

CLASSES = frozenset(one.value for one in EmploymentClass)


def eligibility(book: PlanBook, plan: Plan, path: Path) -> Iterator[Finding]:
    """Everything that is wrong with a plan's eligibility, end of cover and measuring."""
    terms, here = plan.eligibility, (*path, "eligibility")
    yield from _waiting(terms, (*here, "waiting"))
    try:
        check_entry_rule(terms.entry_rule(plan.us_medical, book.employer.size == "large"))
    except ConfigError as refused:
        yield error(here, refused.what, refused.mend)
    if terms.measured is not None:
        try:
            check_lookback(terms.measured)
        except ConfigError as refused:
            yield error((*here, "measured"), refused.what, refused.mend)
    if terms.rules is not None:
        for leaf in terms.rules.leaves():
            yield from _leaf(book, plan, leaf, (*here, "rules"))
    if plan.coverage_wash != CoverageWash() and plan.coverage_end is not CoverageEndRule.WASH:
        yield error((*path, "coverage_wash"), "the plan has no wash rule", "Write coverage_end: wash, or remove it")


def _waiting(terms: EligibilityTerms, path: Path) -> Iterator[Finding]:
    waiting = terms.waiting
    said = [name for name in ("days", "months", "hours") if getattr(waiting, name)]
    if len(said) > 1:
        yield error(path, f"a wait in {' and in '.join(said)}", "Keep one of them")


def _leaf(book: PlanBook, plan: Plan, leaf: RuleTerm, path: Path) -> Iterator[Finding]:
    if leaf.kind == "class" and (unknown := sorted(set(leaf.any_of) - CLASSES)):
        yield error(path, f"no employment class {', '.join(unknown)}", f"There are {', '.join(sorted(CLASSES))}")
    if leaf.kind == "enrolled_elsewhere":
        known = {one.id for one in book.plans} - {plan.id}
        if unknown := sorted(set(leaf.any_of) - known):
            yield error(path, f"no other plan {', '.join(unknown)} to be enrolled in", "Name a plan of this book")
    if leaf.kind == "measured_hours" and plan.eligibility.measured is None:
        yield error(path, "measured hours, and no way to measure them", "Say how under `eligibility.measured`")
    if leaf.kind == "entry_grid":
        try:
            check_entry_rule(leaf.entry_rule())
        except ConfigError as refused:
            yield error(path, refused.what, refused.mend)
