"""What a plan would cost one employee a month, tier by tier, by the same prices that accrual posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benehub.errors import BenehubError
from benehub.facts import Fact, Worker
from benehub.facts.pricing import Prices
from benehub.periods import FOREVER, Month
from benehub.planbook import Plan
from benehub.records import Tier
from benehub.rules.premium.line import Structure


@dataclass(frozen=True, slots=True)
class Price:
    """One tier of a plan in a month, in minor units; `mine` is the one in force."""

    tier: str
    own_minor: int
    employer_minor: int
    mine: bool = False


def prices(book_prices: Prices, plan: Plan, worker: Worker, cover: Fact | None, month: Month) -> list[Price]:
    """Both shares by tier; the employee's own alone where the price goes by age or pay, and none that lacks data."""
    if not plan.insured:
        return []
    mine = "" if cover is None else str(cover.data.get("tier") or "")
    tiers = list(_tiers(plan, month, book_prices.book.employer.currency)) if plan.structure is Structure.TIER else []
    found = []
    for tier in tiers or [Tier(mine) if mine else Tier.EE]:
        said: dict[str, Any] = dict(cover.data) if cover is not None and tier == mine else {}
        priced = _of(book_prices, plan, worker, said | {"plan": plan.id, "tier": tier.value}, month)
        if priced is not None:
            found.append(Price(tier.value, priced[0], priced[1], tier == mine))
    return found


def _tiers(plan: Plan, month: Month, currency: str) -> Mapping[Tier, int]:
    try:
        return plan.rates_minor(month, currency)
    except BenehubError:
        return {}  # a month without rates has no prices to show; `plan check` says so to whoever can mend it


def _of(
    book_prices: Prices, plan: Plan, worker: Worker, data: Mapping[str, Any], month: Month
) -> tuple[int, int] | None:
    data = {"dependents": [], **data}
    asked = Fact("coverage", worker.person_id, plan.slot, data, month.first, FOREVER, "", 0)
    try:
        lines = book_prices.lines(worker, [asked], month)
    except BenehubError:
        return None
    result = lines[0][2].result if lines else None
    return None if result is None else (result.employee_minor, result.employer_minor)
