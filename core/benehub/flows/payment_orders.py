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
    """The order that pays a carrier's month.

    Args:
        owed: its obligation. `sent`: its dispatch, None while it has none.
        remittance: dispatch of the remittance it was made for. `reference`: what joins the two.
        inside: the bank's file carries the remittance.
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


def order_of(session: Session, carrier: str, month: Month | str) -> Order | None:
    """The order that pays a carrier's month; None where no bank connection does."""
    rows = obligations.by_ids(session, [session.id("obl", f"{KIND}/{carrier}/{month}")])
    return _opened(session, rows[0]) if rows else None


def _opened(session: Session, row: Row[Any]) -> Order:
    content = obligations.content(session, row)
    sent = dispatch.get(session, row.dispatch_id) if row.dispatch_id else None
    return Order(row, sent, content["remittance"], content["reference"], content["inside"])


def money_left(session: Session, remitted: Row[Any]) -> bool:
    """Whether the money of a remittance's obligation is on its way, so that refusing the remittance takes none back."""
    order = order_of(session, remitted.connection_id, remitted.period)
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
    """Freeze the order for a remittance that is frozen; gives its dispatch.

    Raises:
        ConfigError, DataError: the bank connection cannot pay it; nothing of the transaction stands then.
    """
    row = dispatch.get(session, remittance)
    reference = f"{row.business_key}/{row.control}"
    key = f"{KIND}/{carrier}/{month}"
    content = {
        "remittance": remittance, "reference": reference, "carrier": carrier,
        "inside": bank.connector.remittance_inside(bank.link.settings),
    }  # fmt: skip
    wanted = Wanted(
        kind=KIND, key=key, connection_id=bank.link.connection, period=str(month), due=due, send_by=send_by,
        content=content, worth_minor=row.worth_minor, currency=book.employer.currency,
    )  # fmt: skip
    obligations.want(session, [wanted])
    order = {
        "payee": carrier, "paid_minor": row.worth_minor, "currency": book.employer.currency,
        "settle_on": due.isoformat(), "reference": reference,
        "remittance": dispatch.frozen_bytes(session, row).decode("ascii", "replace"),
    }  # fmt: skip
    return freeze_file(
        session, bank, KIND, key, [order], [session.id("obl", key)], row.worth_minor, book.employer.currency,
        due.isoformat(),
    )  # fmt: skip


def money_of(hub: Hub, employer: str, carrier: str, month: str, remittance: str) -> dict[str, Any]:
    """The order that has to leave with a remittance: `bank`, `dispatch` and `inside`; empty where none has to."""
    with hub.open(employer, carrier) as opened:
        live = opened.mode == "live"
    with hub.store.read(employer) as session:
        order = order_of(session, carrier, month)
        if order is None or order.remittance != remittance or order.sent is None or not live:
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


def unfinished(session: Session, carrier: str, month: Month, remittance: str) -> bool:
    """Whether the money of a remittance has left and the remittance itself has not: it goes first, as it is."""
    order = order_of(session, carrier, month)
    if order is None or not order.left or order.remittance != remittance:
        return False
    return dispatch.get(session, remittance).state in ("prepared", "sending", "unknown", "held")


def told_again(session: Session, carrier: str, month: Month) -> Order | None:
    """The order whose remittance the carrier refused although the money is on its way: only that is told again."""
    order = order_of(session, carrier, month)
    if order is None or not order.left:
        return None
    owed = obligations.by_ids(session, [session.id("obl", f"premium.remit/{carrier}/{month}")])
    return order if owed and owed[0].state == "refused" else None
