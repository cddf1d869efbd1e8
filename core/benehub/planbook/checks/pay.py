"""What pay groups and deductions may not say: no pay dates, more deductions than a month has pay dates."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.planbook.book import PlanBook
from benehub.planbook.checks.findings import Finding, Path, error
from benehub.planbook.parts.plan import Plan
from benehub.rules.deduction.calendar import DeductionMethod

DAYS_NEEDED = {"semimonthly": 2, "monthly": 1}
FEWEST_PAYS = {"weekly": 4, "biweekly": 2, "semimonthly": 2, "monthly": 1}
"""Pay dates that every month has at least."""


def schedule(book: PlanBook, plan: Plan, path: Path) -> Iterator[Finding]:
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


def pay_groups(book: PlanBook) -> Iterator[Finding]:
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
