"""Credits that carriers owe, and bills by their parts, as fronts show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benehub.identity import people
from benehub.money import format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import bill
from benehub.reconcile import credits as owed
from benehub.store import Session


def credits(session: Session, book: PlanBook, carrier: str = "") -> list[dict[str, Any]]:
    """Every credit, the first to expire first: whose, how much in which state, until when, and its claims.

    Amounts are text in the employer's currency; `days` are left to claim, below zero when the day
    is past, and none where the plan book does not tell the carrier's days.
    """
    found = owed.standing(session, book, carrier)
    members = {person_id: row.member_id for person_id, row in people.people(session).items()} if found else {}
    return [_credit(session, one, book.employer.currency, members) for one in found]


def _credit(session: Session, one: owed.Credit, unit: str, members: Mapping[str, str]) -> dict[str, Any]:
    parts = {"amount": one.amount, "unclaimed": one.unclaimed, "claimed": one.claimed, "granted": one.granted,
             "lost": one.lost}  # fmt: skip
    claims = [
        {"on": str(row.claimed_on), "who": row.who, "amount": format_minor(row.amount, unit),
         "reference": row.reference, "note": row.note}
        for row in owed.claims_of(session, one.credit_id)
    ]  # fmt: skip
    return {
        "id": one.credit_id, "carrier": one.carrier, "member": members.get(one.person_id or "", ""), "plan": one.plan,
        "month": one.month, "state": one.state.value,
        **{name: format_minor(value, unit) for name, value in parts.items()},
        "claim_by": str(one.claim_by or ""), "days": (one.claim_by - one.today).days if one.claim_by else None,
        "claims": claims,
    }  # fmt: skip


def walk(session: Session, book: PlanBook, carrier: str, month: Month) -> list[dict[str, Any]]:
    """Each invoice of a coverage month from the balance before it to what is due, every part named.

    `balance_before` is what the carrier says (prior balance and payments), `balance_before_by_us` what we were billed
    and have paid; a bill that does not tell them has none.
    """
    unit = book.employer.currency
    found = []
    for one in bill.bills(session, book, carrier, month):
        parts = {
            "prior_balance": one.prior, "current": one.current, "retro": one.retro, "fees": one.fees,
            "payments": one.payments, "credits": one.credits, "due": one.due, "open_before_by_us": one.open_before,
            "fees_open": one.fees_open(one.open_before) or 0,
        }  # fmt: skip
        found.append(
            {"invoice": one.invoice, "made": str(one.invoice_date), "due_date": str(one.due_date),
             **{name: format_minor(value, unit) for name, value in parts.items()}, "tells_balance": one.told}
        )  # fmt: skip
    return found
