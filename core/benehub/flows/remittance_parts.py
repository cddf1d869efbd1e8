"""A month's premium in several payments: each part has its own 820, its own money and its own TRN02.

A part takes what one payment carries; the next one is made of what is owed still, once this one has left and is posted.
So the parts tie to the bill to the cent, and no line can be in two of them. The same holds for what is paid later for a
month, when its price has gone up. A part that came back, or whose 820 was refused, is made anew before another begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select

from benehub import dispatch, obligations
from benehub.errors import NeedsPersonError, OutcomeUnknown
from benehub.flows.file_chain import drop
from benehub.periods import Month
from benehub.reconcile.unpaid import remitted
from benehub.store import Session
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation

AT_ONCE = 100
"""Parts that are asked for by one query."""

KIND = "premium.remit"

DISPUTED = "the bank refused to take the payment back "
"""How the reason begins of a part that waits because nobody here knows who has its money."""


@dataclass(frozen=True, slots=True)
class Part:
    """One payment of a month as it stands, without what it carries.

    Args:
        key: its business key. `obligation_id`, `state` and `reason`: of what is owed.
        dispatch_id: of its newest 820; empty while it has none. `revision`: of that one.
        left: that one has left, and was not rejected. `posted`: it was posted as remitted.
        beside: what was due of the month beside this part when it was made, in minor units.
    """

    key: str
    obligation_id: str
    state: str
    reason: str
    dispatch_id: str
    revision: int
    left: bool
    posted: bool
    beside: int


def part_key(carrier: str, month: Month | str, number: int = 1) -> str:
    """The business key of a part; the first has the month's own."""
    base = f"{KIND}/{carrier}/{month}"
    return base if number == 1 else f"{base}/p{number}"


def parts(session: Session, carrier: str, month: Month | str) -> list[Part]:
    """What has been owed of a month so far, part by part."""
    found: list[Part] = []
    while True:
        numbers = range(len(found) + 1, len(found) + 1 + AT_ONCE)
        known = {one.key: one for one in named(session, [part_key(carrier, month, number) for number in numbers])}
        for number in numbers:
            one = known.get(part_key(carrier, month, number))
            if one is None:
                return found
            found.append(one)


def named(session: Session, keys: Sequence[str]) -> list[Part]:
    """The parts with these keys, in no order."""
    owed, sent = obligation.c, dispatch_table.c
    rows = session.rows(
        select(
            owed.business_key, owed.obligation_id, owed.state, owed.reason, owed.dispatch_id, owed.beside_minor,
            sent.revision, sent.state.label("sent_state"), sent.ack_state, remitted().label("posted"),
        )
        .outerjoin(
            dispatch_table, and_(sent.employer_id == owed.employer_id, sent.dispatch_id == owed.dispatch_id)
        )
        .where(
            owed.employer_id == session.employer, owed.obligation_id.in_([session.id("obl", key) for key in keys])
        )
    )  # fmt: skip
    return [
        Part(row.business_key, row.obligation_id, row.state, row.reason, row.dispatch_id or "", row.revision or 0,
             row.state != "refused" and row.sent_state == "sent" and row.ack_state != "rejected", bool(row.posted),
             row.beside_minor)
        for row in rows
    ]  # fmt: skip


def current(session: Session, carrier: str, month: Month) -> str:
    """The key of the part that is to be paid next: the first that has not left, or came back; else a new one.

    Raises:
        NeedsPersonError: the banks dispute who has the money of one.
        OutcomeUnknown: a later part may have left, and an earlier one is owed again.
    """
    known = parts(session, carrier, month)
    for number, one in enumerate(known, 1):
        if one.state == "held" and one.reason.startswith(DISPUTED):
            raise NeedsPersonError(
                one.reason, where=f"{carrier}, {month}",
                mend=f"Ask the bank; if it is back: benehub dispatches resend {one.dispatch_id} --note WHY",
            )  # fmt: skip
        if not one.left:
            _drop_waiting(session, known[number:])
            return one.key
    return part_key(carrier, month, len(known) + 1)


def _drop_waiting(session: Session, later: Sequence[Part]) -> None:
    """Take back later parts that wait, with their money: what they would pay is owed with this one again."""
    for part in later:
        if not part.dispatch_id or part.left:
            continue
        order = f"payment.order/{part.key.removeprefix(f'{KIND}/')}/{part.revision}"
        for key in (order, part.key):
            drop(session, key)
            for one in obligations.by_ids(session, [session.id("obl", key)]):
                if one.dispatch_id and dispatch.get(session, one.dispatch_id).state in ("sending", "unknown", "held"):
                    raise OutcomeUnknown(
                        "a later part of the month may have left", where=f"dispatch {one.dispatch_id}",
                        mend="Look at the vendor, then say so: benehub dispatches settle",
                    )  # fmt: skip
