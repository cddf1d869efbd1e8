"""The plans of the plan book in force, as people ask for them: what each is, who is paid, and what a tier costs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from benehub.money import format_minor, parse_minor
from benehub.periods import FOREVER
from benehub.planbook import Plan
from benehub.store import Session
from benehub.store.tables import plan_book


def in_force_text(session: Session) -> str:
    """The text of the plan book in force, as it was loaded; empty where none is."""
    query = select(plan_book.c.content).where(*session.where(plan_book)).order_by(plan_book.c.seq.desc()).limit(1)
    return next((str(row.content) for row in session.rows(query)), "")


def told(plan: Plan) -> dict[str, Any]:
    """One plan."""
    return {
        "plan": plan.id, "name": plan.name, "benefit_type": plan.benefit_type, "vendor": plan.vendor,
        "slot": plan.slot, "effective_from": plan.effective_from,
        "effective_to": None if plan.effective_to == FOREVER else plan.effective_to,
    }  # fmt: skip


def rates(plan: Plan, currency: str) -> list[dict[str, Any]]:
    """What each tier costs a month, by date; nothing where the price goes by age or by an amount of insurance."""
    return [
        {
            "effective_from": table.valid_from, "effective_to": None if table.valid_to == FOREVER else table.valid_to,
            "region": table.region, "tier": tier.value, "premium": format_minor(parse_minor(text, currency), currency),
            "currency": currency,
        }
        for table in plan.rates
        for tier, text in table.tiers.items()
    ]  # fmt: skip
