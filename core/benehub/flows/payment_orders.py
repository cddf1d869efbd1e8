"""The money of a remittance, where a bank connection moves it: one order a remittance, tied by its reference.

The order is frozen with the remittance and leaves before it. Where the bank's file carries the remittance inside (CTX)
the remittance counts as sent with it; else it is sent to the carrier once the money has been ordered. What is posted
follows the money: an order that has left is not ordered again, whatever becomes of the remittance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.connect.connector import Receipt
from benehub.connections import Open
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session

KIND = "payment.order"


@dataclass(frozen=True, slots=True)
class Order:
    """The order that pays one remittance.

    Args:
        owed: its obligation. `sent`: its dispatch, None while it has none.
        remittance: dispatch of the remittance it was made for; another one tells the same payment again.
        reference: what joins the two. `inside`: the bank's file carries the remittance.
    """

    owed: Row[Any]
    sent: Row[Any] | None
    remittance: str
    reference: str
    inside: bool

    @property
    def left(self) -> bool:
        """The money has been ordered, and has not come back."""
        return self.sent is not None and self.sent.state == "sent" and self.sent.ack_state != "rejected"


def order_of(session: Session, remittance: str) -> Order | None:
    """The order that pays a remittance; None where no bank connection does."""
    rows = obligations.by_ids(session, [session.id("obl", _key(dispatch.get(session, remittance)))])
    if not rows:
        return None
    content = obligations.content(session, rows[0])
    by = content["order"] or rows[0].dispatch_id
    sent = dispatch.get(session, by) if by else None
    return Order(rows[0], sent, content["remittance"], content["reference"], content["inside"])


def _key(remittance: Row[Any]) -> str:
    """Business key of a remittance's order: every revision is paid by its own."""
    return f"{_month_key(remittance)}/{remittance.revision}"


def _month_key(remittance: Row[Any]) -> str:
    return f"{KIND}/{remittance.business_key.removeprefix('premium.remit/')}"


def money_left(session: Session, remittance: str) -> bool:
    """Whether the money of a remittance is on its way, so that refusing the remittance takes none back."""
    order = order_of(session, remittance)
    return order is not None and order.left


@contextmanager
def bank_of(hub: Hub, employer: str, carrier: str) -> Iterator[Open | None]:
    """The bank connection that pays a carrier, open; None where the plan book names none."""
    with hub.store.read(employer) as session:
        bank = hub.book(session).terms(carrier).pay_through
    if bank is None:
        yield None
        return
    with hub.open(employer, bank) as opened:
        yield opened


def freeze_order(
    session: Session, book: PlanBook, bank: Open, carrier: str, month: Month, remittance: str, due: date, send_by: date
) -> str:
    """Freeze the order for a remittance that is frozen; gives its dispatch. One that has not left is replaced by it.

    Raises:
        ConfigError, DataError: the bank connection cannot pay it; nothing of the transaction stands then.
        OutcomeUnknown: an earlier order of the month may have arrived.
    """
    row = dispatch.get(session, remittance)
    unit, key = book.employer.currency, _key(row)
    reference = f"{row.business_key}/{row.control}"
    inside = bank.connector.remittance_inside(bank.link.settings)
    content = _content(carrier, remittance, reference, inside)
    obligations.want(session, [_wanted(bank.link.connection, key, month, due, send_by, content, row.worth_minor, unit)])
    order = {
        "payee": carrier, "paid_minor": row.worth_minor, "currency": unit, "settle_on": due.isoformat(),
        "reference": reference, "remittance": dispatch.frozen_bytes(session, row).decode("ascii", "replace"),
    }  # fmt: skip
    own = session.id("obl", key)
    made = freeze_file(session, bank, KIND, _month_key(row), [order], [own], row.worth_minor, unit, due.isoformat())
    waiting = obligations.open_ones(session, KIND, bank.link.connection, states=("open", "held"))
    older = [
        one.obligation_id
        for one in waiting
        if one.business_key.startswith(f"{_month_key(row)}/") and one.obligation_id != own
    ]
    obligations.mark(session, older, "replaced", f"by {made}")
    return made


def note_told_again(session: Session, order: Order, remittance: str) -> None:
    """A remittance that tells a payment again is paid by the order that has left already."""
    row, owed = dispatch.get(session, remittance), order.owed
    assert order.sent is not None
    carrier = obligations.content(session, owed)["carrier"]
    content = _content(carrier, order.remittance, order.reference, False, order.sent.dispatch_id)
    month = Month.parse(owed.period)
    wanted = _wanted(
        owed.connection_id, _key(row), month, owed.due_date, owed.send_by, content, 0, owed.currency, adopted=True
    )
    obligations.want(session, [wanted])


def _content(carrier: str, remittance: str, reference: str, inside: bool, order: str = "") -> dict[str, Any]:
    return {"carrier": carrier, "remittance": remittance, "reference": reference, "inside": inside, "order": order}


def _wanted(
    bank: str, key: str, month: Month, due: date, send_by: date, content: dict[str, Any], worth: int, unit: str,
    adopted: bool = False,
) -> Wanted:  # fmt: skip
    return Wanted(
        kind=KIND, key=key, connection_id=bank, period=str(month), due=due, send_by=send_by, content=content,
        worth_minor=worth, currency=unit, adopted=adopted,
    )  # fmt: skip


def money_of(hub: Hub, employer: str, carrier: str, remittance: str) -> dict[str, Any]:
    """The order that has to leave with a remittance: `bank`, `dispatch` and `inside`; empty where none has to."""
    with hub.store.read(employer) as session:
        order = order_of(session, remittance)
    if order is None or order.remittance != remittance or order.sent is None:
        return {}
    with hub.open(employer, carrier) as opened:
        if opened.mode != "live":
            return {}  # a carrier that is only watched gets neither
    return {"bank": order.owed.connection_id, "dispatch": order.sent.dispatch_id, "inside": order.inside}


def sent_inside(hub: Hub, employer: str, remittance: str, order: str) -> str:
    """A remittance whose bytes lie in the bank's file has left with it; gives its state."""
    with hub.store.write(employer) as session:
        at = dispatch.get(session, order).sent_at
        if dispatch.begin_all(session, [remittance]):
            dispatch.settle(session, remittance, Receipt(f"inside {order}"), "inside the bank's file", at or "")
            obligations.settle(session, {remittance: ("sent", "")})
        return str(dispatch.get(session, remittance).state)


def unfinished(session: Session, remittance: str) -> bool:
    """Whether the money of a remittance has left and the remittance itself has not: it goes first, as it is."""
    pending = dispatch.get(session, remittance).state in ("prepared", "sending", "unknown", "held")
    return pending and money_left(session, remittance)


def to_tell_again(session: Session, key: str) -> Order | None:
    """The order whose remittance was refused although the money is on its way: only that is told again."""
    owed = obligations.by_ids(session, [session.id("obl", key)])
    if not owed or owed[0].state != "refused" or owed[0].dispatch_id is None:
        return None
    order = order_of(session, owed[0].dispatch_id)
    return order if order is not None and order.left else None
