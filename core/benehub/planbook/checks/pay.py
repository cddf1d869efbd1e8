"""What pay groups and deductions may not say: too few pay dates, arrears that nothing says how to collect."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.errors import ConfigError
from benehub.planbook.book import PlanBook
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.plan import Plan
from benehub.rules.deduction.calendar import DeductionMethod

DAYS_NEEDED = {"semimonthly": 2, "monthly": 1}
FEWEST_PAYS = {"weekly": 4, "biweekly": 2, "semimonthly": 2, "monthly": 1}
"""Pay dates that every month has at least."""


def schedule(book: PlanBook, plan: Plan, path: Path) -> Iterator[Finding]:
    """Whether every pay group has the pay dates a month that a plan's deductions need."""
    terms = plan.deduction
    if terms is None:
        return
    here = (*path, "deduction")
    yield from _arrears(book, plan, here)
    if terms.method is not DeductionMethod.PER_MONTH:
        return
    if terms.pays_a_year is not None:
        yield error(
            (*here, "pays_a_year"), "pays_a_year with method per_month", "Use method every_pay, or leave it out"
        )
    for name, group in book.pay_groups.items():
        if terms.per_month > FEWEST_PAYS[group.frequency]:
            yield Finding(
                "warning",
                here,
                f"{terms.per_month} deductions a month, and pay group {name} has months with fewer pay dates",
                "Lower per_month, or use method every_pay",
            )


def _arrears(book: PlanBook, plan: Plan, path: Path) -> Iterator[Finding]:
    """Terms of arrears and retro that cannot be carried out."""
    assert plan.deduction is not None
    terms = plan.deduction.arrears
    try:
        plan.collection_rule(book.employer.currency)
    except ConfigError as refused:
        yield error((*path, "arrears"), refused.what, refused.mend)
    numbers = (terms.max_extra, terms.percent_of_usual, terms.percent_of_net, terms.pays)
    if terms.strategy is None and any(numbers):
        yield error((*path, "arrears"), "a number of a strategy, and no strategy", "Name the strategy it belongs to")
    if not terms.carry and terms.strategy is not None:
        yield error((*path, "arrears"), "a strategy for arrears that are not carried", "Drop it, or carry: true")


def pay_groups(book: PlanBook) -> Iterator[Finding]:
    """Everything that keeps a pay group from having pay dates."""
    for name, group in book.pay_groups.items():
        if group.pay_dates:
            continue
        needed = DAYS_NEEDED.get(group.frequency, 0)
        if not needed and group.first_pay_date is None:
            yield error(
                ("pay_groups", name),
                f"{group.frequency} pay without first_pay_date",
                "Give one, or list pay_dates",
            )
        if needed and len(set(group.days)) != needed:
            yield error(
                ("pay_groups", name),
                f"{group.frequency} pay with {len(set(group.days))} days instead of {needed}",
                "Name the days of the month, e.g. [15, last], or list pay_dates",
            )
