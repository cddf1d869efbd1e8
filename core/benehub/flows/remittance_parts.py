"""A month's premium in several payments: each part has its own 820, its own money and its own TRN02.

A part takes what one payment carries; the next one is made of what is owed still, once this one has left and is posted.
So the parts tie to the bill to the cent, and no line can be in two of them. The same holds for what is paid later for a
month, when its price has gone up. A part that came back, or whose 820 was refused, is made anew before another begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.errors import NeedsPersonError, OutcomeUnknown
from benehub.flows.file_chain import drop
from benehub.periods import Month
from benehub.store import Session

DISPUTED = "the bank refused to take the payment back "
"""How the reason begins of a part that waits because nobody here knows who has its money."""


def part_key(carrier: str, month: Month | str, number: int = 1) -> str:
    """The business key of a part; the first has the month's own."""
    base = f"premium.remit/{carrier}/{month}"
    return base if number == 1 else f"{base}/p{number}"


def parts(session: Session, carrier: str, month: Month | str) -> list[Row[Any]]:
    """What has been owed of a month so far, part by part."""
    found: list[Row[Any]] = []
    while rows := obligations.by_ids(session, [session.id("obl", part_key(carrier, month, len(found) + 1))]):
        found += rows
    return found


def current(session: Session, carrier: str, month: Month) -> str:
    """The key of the part that is to be paid next: the first that has not left, or came back; else a new one.

    Raises:
        NeedsPersonError: the banks dispute who has the money of one.
        OutcomeUnknown: a later part may have left, and an earlier one is owed again.
    """
    known = parts(session, carrier, month)
    for number, row in enumerate(known, 1):
        if row.state == "held" and row.reason.startswith(DISPUTED):
            raise NeedsPersonError(
                row.reason, where=f"{carrier}, {month}",
                mend=f"Ask the bank; if it is back: benehub dispatches resend {row.dispatch_id} --note WHY",
            )  # fmt: skip
        if not _left(session, row):
            _drop_waiting(session, known[number:])
            return part_key(carrier, month, number)
    return part_key(carrier, month, len(known) + 1)


def _left(session: Session, row: Row[Any]) -> bool:
    if row.dispatch_id is None or row.state == "refused":
        return False
    sent = dispatch.get(session, row.dispatch_id)
    return bool(sent.state == "sent" and sent.ack_state != "rejected")


def _drop_waiting(session: Session, later: Sequence[Row[Any]]) -> None:
    """Take back later parts that wait, with their money: what they would pay is owed with this one again."""
    for row in later:
        if row.dispatch_id is None or _left(session, row):
            continue
        sent = dispatch.get(session, row.dispatch_id)
        order = f"payment.order/{row.business_key.removeprefix('premium.remit/')}/{sent.revision}"
        for key in (order, row.business_key):
            drop(session, key)
            for one in obligations.by_ids(session, [session.id("obl", key)]):
                if one.dispatch_id and dispatch.get(session, one.dispatch_id).state in ("sending", "unknown", "held"):
                    raise OutcomeUnknown(
                        "a later part of the month may have left", where=f"dispatch {one.dispatch_id}",
                        mend="Look at the vendor, then say so: benehub dispatches settle",
                    )  # fmt: skip
