"""Credits that carriers owe: claimed by a person's word, lost when nobody claimed them in time, and told before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benehub import ledger
from benehub.crypto import mask
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows.hub import Hub
from benehub.flows.reconciling import tell
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.planbook import PlanBook
from benehub.reconcile import Outcome, credits
from benehub.reconcile.credits import Credit
from benehub.store import Session
from benehub.store.tables import credit_claim


def claim(
    hub: Hub, employer: str, credit_id: str, who: str, note: str, reference: str = "", amount: int = 0
) -> dict[str, Any]:  # fmt: skip
    """A person's word that a credit was claimed from the carrier: `amount` of it (0: all that nobody has claimed).

    Raises:
        DataError: no such credit, nothing of it is left to claim, more than that, its day is past, or nobody is named.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)  # of two who claim at once the second sees what the first has claimed
        book = hub.book(session)
        one = next((c for c in credits.standing(session, book) if c.credit_id == credit_id), None)
        if one is None:
            raise DataError("no such credit", where=credit_id[:60], mend="See `benehub premiums credits`")
        if one.past:
            raise DataError(
                f"the carrier takes no claim after {one.claim_by}", where=credit_id,
                mend="Ask for goodwill; what it gives back on a bill is taken all the same",
            )  # fmt: skip
        worth = amount or one.claimable
        if not 0 < worth <= one.claimable:
            raise DataError(_left(one), where=credit_id, mend=LEFT)
        if not who.strip() or not note.strip():
            raise DataError("a claim needs a name and a note", where=credit_id, mend="Say who claimed it, and how")
        _keep(session, one, worth, who, note, reference)
        outcome = credits.settle(session, book)
    _tell(hub, employer, outcome)
    return {"credit": credit_id, "claimed": worth}


LEFT = (
    "Claim what is left: `benehub premiums credits` shows what was claimed, `benehub fixes list` the claims that wait"
)


def _left(one: Credit) -> str:
    """What can be claimed, and why no more."""
    left = f"{format_minor(one.claimable)} of it can be claimed"
    return f"{left}: a fix claims {format_minor(one.underway)} and has not left yet" if one.underway else left


def _keep(session: Session, one: Credit, worth: int, who: str, note: str, reference: str) -> None:
    row = {
        "credit_id": one.credit_id, "claim_no": len(credits.claims_of(session, one.credit_id)) + 1,
        "connection_id": one.carrier, "person_id": one.person_id, "plan": one.plan, "coverage_month": one.month,
        "amount": worth, "claimed_on": one.today, "reference": mask(reference.strip())[:120],
        "who": mask(who.strip())[:80], "note": mask(note.strip())[:2000], "at": session.now(),
    }  # fmt: skip
    session.add(credit_claim, [row])


def look(hub: Hub, steps: Steps, employer: str) -> dict[str, int]:
    """Post what nobody claimed in time as lost, less what was given all the same; tell what must be claimed."""
    return steps.step("credits", _look, hub, employer)


def _look(hub: Hub, employer: str) -> dict[str, int]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        done = ledger.restate(session, _losses(book, credits.standing(session, book)))
        found = credits.standing(session, book)
        outcome = credits.settle(session, book)
    _tell(hub, employer, outcome)
    return {
        "credits": len(found), "lost": done.new, "corrected": done.corrected, "opened": len(outcome.opened),
        "closed": len(outcome.closed),
    }  # fmt: skip


def _losses(book: PlanBook, found: Iterable[Credit]) -> list[NewEntry]:
    """What has to stand as lost, credit by credit; an entry without legs takes back what stands."""
    entries = []
    unit = book.employer.currency
    for one in found:
        if (one.to_lose or one.lost) and one.claim_by is not None:
            dims: dict[str, Any] = {"person_id": one.person_id, "plan": one.plan, "coverage_month": one.month}
            legs = (
                Leg(chart.CREDITS_LOST, unit, one.to_lose, **dims),
                Leg(chart.PREMIUM_PAYABLE, unit, -one.to_lose, **dims),
            ) if one.to_lose else ()  # fmt: skip
            source = f"not claimed by {one.claim_by}"
            entries.append(NewEntry(f"credit-lost/{one.credit_id}", "credit.lost", one.claim_by, legs, source))
    return entries


def _tell(hub: Hub, employer: str, outcome: Outcome) -> None:
    tell(hub, employer, outcome.opened, "difference_opened")
    tell(hub, employer, outcome.closed, "difference_closed")
