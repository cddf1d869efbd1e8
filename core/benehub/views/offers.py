"""Offers to compare: plans of a plan book with what they promise and cost, and offers in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benehub.errors import BenehubError, DataError
from benehub.money import parse_minor, parse_rate
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.rules.compare.offer import Offer
from benehub.rules.premium.contribution import contribution

MAX_FAULTS_SHOWN = 5
_OFFERS = TypeAdapter(tuple[Offer, ...])


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A plan that cannot be compared, and why."""

    plan: str
    why: str


def book_offers(book: PlanBook, benefit_type: str, month: Month, suffix: str = "") -> tuple[list[Offer], list[LeftOut]]:
    """The plans of a benefit type as offers, priced in `month`; those that cannot be are named with the reason."""
    offers: list[Offer] = []
    left: list[LeftOut] = []
    for plan in book.plans:
        if plan.benefit_type != benefit_type or not plan.effective_from < month.end or plan.effective_to <= month.first:
            continue
        if plan.design is None:
            left.append(LeftOut(plan.id, "it has no `design:` in the plan book"))
            continue
        try:
            offers.append(book_offer(plan, month, book.employer.currency, suffix))
        except BenehubError as error:
            left.append(LeftOut(plan.id, error.what))
    return offers, left


def book_offer(plan: Plan, month: Month, currency: str, suffix: str = "") -> Offer:
    """A plan of the book as an offer, with full-month rates and the employer's part of each tier.

    Raises:
        DataError: it has no design, no rates by tier for the month, or a contribution that cannot be computed.
    """
    rates = plan.rates_minor(month, currency)
    if plan.design is None or not rates:
        raise DataError(
            f"plan {plan.id} has no design or no rates by tier for {month}", mend="Add them to the plan book"
        )
    rule = plan.contribution_rule(currency)
    shares = {
        tier: contribution(premium_minor=premium, tier=tier, rule=rule, rates_minor=rates, currency=currency).required()
        for tier, premium in rates.items()
    }
    side = plan.design.employer
    return Offer(
        id=f"{plan.id}{suffix}",
        name=f"{plan.name}{suffix}",
        design=plan.design.rule(currency),
        premiums_minor=dict(rates),
        employee_minor={tier: share.employee_minor for tier, share in shares.items()},
        hsa_minor={tier: parse_minor(text, currency) for tier, text in side.hsa.items()},
        hra_minor={tier: parse_minor(text, currency) for tier, text in side.hra.items()},
        fees_minor=parse_minor(side.fees, currency),
        taxes_minor=parse_minor(side.taxes, currency),
        renewal=parse_rate(side.renewal),
        self_funding=None if side.self_funding is None else side.self_funding.rule(currency),
    )


def file_offers(text: str, name: str) -> tuple[Offer, ...]:
    """Offers in a JSON file: `{"offers": [...]}`, each as `benehub calc compare.plans --schema` says.

    Raises:
        DataError: it is no such JSON; the offer, the field and the mend are named.
    """
    try:
        # Decimals stay text: a rate that passed through a binary float is refused.
        data: Any = json.loads(text, parse_float=str)
    except ValueError:
        raise DataError("it is no JSON", where=name, mend='Write {"offers": [...]}') from None
    listed = data.get("offers") if isinstance(data, dict) else None
    if not isinstance(listed, list) or not listed:
        raise DataError("it has no list `offers`", where=name, mend='Write {"offers": [...]}')
    try:
        return _OFFERS.validate_python(listed)
    except ValidationError as error:
        raise DataError(_faults(error, listed), where=name, mend="See `benehub calc compare.plans --schema`") from None


def _faults(error: ValidationError, listed: Sequence[Any]) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False)[:MAX_FAULTS_SHOWN]:
        number, *path = fault["loc"]
        offer = listed[int(number)]
        label = offer.get("id", number) if isinstance(offer, dict) else number
        said = fault["msg"].removeprefix("Value error, ")
        lines.append(f"offer {label}: {'.'.join(map(str, path))}{': ' if path else ''}{said}")
    return "; ".join(lines)
