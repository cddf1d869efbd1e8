"""What a month's premium comes to in all its payments, so that a push is held against the month before it.

A part alone says nothing: a month that needs two payments would look as if half of the people had left, and its tail as
if nobody were paid for. So all parts of a month count together, with what is due still and not in any of them yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from benehub import dispatch, obligations
from benehub.dispatch import Waiting
from benehub.flows.remittance_lines import lines_due
from benehub.flows.remittance_parts import KIND, Part, parts
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import dispatch as dispatch_table

ORDER = "payment.order"

OPERATIONS = frozenset({KIND, ORDER})
"""What pays a month's premium: its 820, and the order that moves the money of one."""


@dataclass
class Paid:
    """Who is paid for, and how much, in minor units."""

    people: set[str] = field(default_factory=set)
    worth_minor: int = 0


def compared(session: Session, book: PlanBook, one: Waiting) -> tuple[Paid, Paid] | None:
    """The month that a payment is about, and the last one before it; None where there is nothing to compare.

    That is so for the first month, for an 820 whose money has left (whatever it says, it has to be told), and for the
    rest of a month that was looked at as a whole when its earlier part left.
    """
    rest = one.key.partition("/")[2]
    if one.operation == KIND and _money_left(session, f"{ORDER}/{rest}/{one.revision}"):
        return None
    own, (carrier, month) = f"{KIND}/{rest}", rest.split("/")[:2]
    before = _before(session, carrier, month)
    if not before:
        return None
    known = parts(session, carrier, month)
    at = [part.key for part in known].index(own)
    if at and (told := known[at - 1].beside) and told == one.worth_minor + known[at].beside:
        return None
    now = _paid(session, [part for part in known if part.left or (part.key == own and not part.beside)])
    if known[at].beside:
        for line in lines_due(session, book, carrier, Month.parse(month), own):
            now.worth_minor += line.paid_minor
            now.people |= {line.person} - {""}
    return now, _paid(session, [part for part in parts(session, carrier, before) if part.left])


def _money_left(session: Session, order: str) -> bool:
    for row in obligations.by_ids(session, [session.id("obl", order)]):
        sent = dispatch.get(session, row.dispatch_id) if row.dispatch_id else None
        return sent is not None and sent.state == "sent" and sent.ack_state != "rejected"
    return False


def _before(session: Session, carrier: str, month: str) -> str:
    """The last month before this one of which something has left and stands; empty where there is none."""
    first = f"{KIND}/{carrier}/"
    key = dispatch_table.c.business_key
    last = session.connection.execute(
        select(func.max(key)).where(
            *session.where(dispatch_table, connection_id=carrier, operation=KIND, state="sent"),
            dispatch_table.c.ack_state != "rejected", key.startswith(first, autoescape=True), key < first + month,
        )
    ).scalar()  # fmt: skip
    return str(last).split("/")[2] if last else ""


def _paid(session: Session, found: Sequence[Part]) -> Paid:
    paid = Paid()
    for part in found:
        for row in obligations.by_ids(session, [part.obligation_id]):
            lines = obligations.content(session, row)["lines"]
            paid.people |= {line["person"] for line in lines} - {""}
            paid.worth_minor += sum(line["paid_minor"] for line in lines)
    return paid
