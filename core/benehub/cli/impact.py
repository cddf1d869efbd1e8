"""How `benehub plan diff` tells whom a change affects: counts and sums a plan; numbers and shares where asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from benehub.periods import Month
    from benehub.views.plan_impact import PlanImpact


def impact_data(month: Month, found: list[PlanImpact], currency: str, people: bool) -> dict[str, Any]:
    """For a program: amounts in minor units; people only where they were asked for."""
    plans = [asdict(one) for one in found]
    if not people:
        for plan in plans:
            del plan["people"]
    return {"month": str(month), "currency": currency, "plans": plans}


def impact_tables(month: Month, found: list[PlanImpact], currency: str, people: bool) -> Iterator[Table]:
    """For a person: a table of the plans, and one of the people where they were asked for."""
    from benehub.cli.console import table

    columns = (
        "plan", "terms", "covered", "other share", "shares by", "at most", "employer by", "unpriced",
        "lose cover", "other last day", "become eligible", "no longer", "unsettled",
    )  # fmt: skip
    rows = [
        (
            one.plan, one.status, one.covered, *_amounts(one, currency),
            one.loses_cover, one.other_last_day, one.becomes_eligible, one.no_longer_eligible, one.unsettled,
        )
        for one in found
    ]  # fmt: skip
    yield table(f"whom it affects in {month} ({currency} a month)", columns, rows, columns[2:])
    if not people:
        return
    listed = [
        (
            one.plan,
            who.employee_number,
            _money(who.before_minor, currency),
            "cover ends" if who.after_minor is None else _money(who.after_minor, currency),
            "" if who.last_day_before is None else f"{who.last_day_before} -> {who.last_day_after}",
        )
        for one in found
        for who in one.people
    ]
    yield table(
        f"{len(listed)} affected",
        ("plan", "employee", "share before", "after", "last day of cover"),
        listed,
        ("share before", "after"),
    )


def _amounts(one: PlanImpact, currency: str) -> tuple[Any, ...]:
    changes = (one.employee_minor, one.largest_minor, one.employer_minor)
    return (one.changed, *(_money(amount, currency, sign=True) for amount in changes), one.unpriced)


def _money(minor: int, currency: str, sign: bool = False) -> str:
    from benehub.money import format_minor

    return ("+" if sign and minor > 0 else "") + format_minor(minor, currency)
