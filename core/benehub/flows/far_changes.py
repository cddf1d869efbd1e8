"""Changes that take effect further back or ahead than the carrier takes them: held, and routed to a person.

One that lies ahead goes by itself once it is near enough. One that lies back waits for a word: the difference
RETRO_LIMIT, dismissed with the carrier's consent as its reason, lets the change leave.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from benehub import obligations, reconcile
from benehub.flows import exchange
from benehub.periods import Month
from benehub.reconcile import Finding, Outcome, Relation, Type
from benehub.store import Session
from benehub.store.tables import difference


def hold_far(session: Session, connection_id: str, beyond: Mapping[str, exchange.Far]) -> Outcome:
    """Hold the changes of these people (subscriber -> the line too far away); let go what is near enough now.

    Gives the differences that opened and closed with it.
    """
    agreed = consents(session)
    held = {person for person, away in beyond.items() if key_of(connection_id, person, away) not in agreed}
    rows = obligations.open_ones(session, exchange.CHANGE, connection_id, states=("open", "held"))
    for row in rows:
        if row.person_id in held and row.dispatch_id is None:
            obligations.mark(session, [row.obligation_id], "held", beyond[row.person_id].reason)
        elif row.state == "held" and row.reason.startswith(exchange.BEYOND):
            obligations.mark(session, [row.obligation_id], "open")
    findings = [_finding(connection_id, person, away) for person, away in beyond.items()]
    return reconcile.settle_within(session, Relation.ENROLLMENT, f"{connection_id}/limit/", findings, session.today())


def consents(session: Session) -> set[str]:
    """Keys of the differences that a person has dismissed: what they held back shall leave."""
    rows = session.rows(
        select(difference.c.content_key).where(
            *session.where(difference, relation=Relation.ENROLLMENT.value, state="dismissed"),
            difference.c.type.in_((Type.RETRO_LIMIT.value, Type.FUTURE_LIMIT.value)),
        )
    )
    return {row.content_key for row in rows}


def key_of(connection_id: str, person_id: str, away: exchange.Far) -> str:
    """The key of the difference that tells of a line too far away."""
    return _finding(connection_id, person_id, away).key


def _finding(connection_id: str, person_id: str, away: exchange.Far) -> Finding:
    action = "Ask the carrier: dismiss this with his consent, and the change is sent; or mend the date in the HRIS"
    return Finding(
        relation=Relation.ENROLLMENT,
        type=Type.RETRO_LIMIT if away.past else Type.FUTURE_LIMIT,
        period=str(Month.of(away.takes_effect)),
        reference=f"{connection_id}/limit/{away.takes_effect}",
        side="hris",
        owner="benefits",
        cause=f"not sent: {away.reason}",
        action=action if away.past else "Nothing: it is sent once it is near enough; or dismiss this to send it now",
        person_id=person_id,
        plan=away.plan,
        clear_by=None if away.past else away.near_on,
    )
