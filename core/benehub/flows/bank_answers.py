"""What the bank answers to our payments: settled money has left the bank, money that came back is owed again.

Settled: what was in transit to the carrier is taken from the bank account. Returned or rejected: what was posted is
reversed, order and remittance stand refused, and `premiums remit` makes both anew. Another amount than ordered is
posted by nobody: it stays in transit, with the reason on the order. Where our bank refuses a return (it is dishonored)
nobody here knows who has the money: the month is held, so that it is not paid twice, until the payee's bank answers or
a person says so.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, obligations
from benehub.engine import Steps
from benehub.flows import remittance_parts
from benehub.flows.hub import Hub
from benehub.flows.payment_orders import KIND, order_of
from benehub.flows.premiums import confirm_in, take_back
from benehub.flows.remittance_parts import DISPUTED, Part
from benehub.records import PaymentStatus
from benehub.store import Session
from benehub.store.tables import confirmation

COUNTS = ("accepted", "settled", "returned", "disputed", "other_amount", "to_correct", "unknown")
"""What an answer counts as."""


def answered(hub: Hub, steps: Steps, employer: str, bank: str) -> dict[str, int]:
    """Take what a bank answered; gives how many payments were settled, returned, accepted, and what needs a person."""
    return steps.step("answers", _answered, hub, employer, bank)


def _answered(hub: Hub, employer: str, bank: str) -> dict[str, int]:
    tally: dict[str, int] = dict.fromkeys(COUNTS, 0)
    with hub.store.write(employer) as session:
        rows = session.rows(
            select(confirmation)
            .where(*session.where(confirmation, kind="payment_answer", connection_id=bank, current=1))
            .order_by(confirmation.c.seq)
        )
        ended = {row.reference for row in rows if row.detail["status"] == PaymentStatus.CONTESTED.value}
        for row in rows:
            disputed = row.detail["status"] == PaymentStatus.DISPUTED.value
            if disputed and row.reference in ended:
                continue  # the payee's bank has the last word
            sent = dispatch.by_control(session, bank, int(row.reference))
            owed = [] if sent is None else obligations.of_dispatch(session, sent.dispatch_id)
            if sent is None or sent.operation != KIND:
                tally["unknown"] += 1
            elif owed and (sent.ack_state != "rejected" or disputed or row.reference in ended):
                what = _take(session, sent, owed[0], row)
                if what:
                    tally[what] += 1
    return tally


def _take(session: Session, sent: Row[Any], owed: Row[Any], row: Row[Any]) -> str:
    """Follow one answer; gives what it counts as, empty where it says nothing new."""
    status = PaymentStatus(row.detail["status"])
    reason = f"{row.code}: {row.detail['text']}" if row.detail["text"] else row.code
    if status is PaymentStatus.DISPUTED:
        return _dispute(session, sent, owed, reason)
    if sent.ack_state == "rejected":
        return _came_back_after_all(session, sent, owed, reason) if status is PaymentStatus.CONTESTED else ""
    if status in (PaymentStatus.RETURNED, PaymentStatus.REJECTED, PaymentStatus.CONTESTED):
        _came_back(session, sent, owed, f"the bank {status.value} the payment ({reason})"[:300])
        return "returned"
    if status is PaymentStatus.CORRECT:
        return _note(session, owed, f"the bank asks to correct what we send ({reason})"[:300], "to_correct")
    if sent.ack_state == "settled":
        return ""
    if status is PaymentStatus.SETTLED:
        if row.detail["amount_told"] and row.amount != sent.worth_minor:
            return _note(session, owed, "the bank booked another amount than was ordered", "other_amount")
        day = row.on_date or session.today()
        confirm_in(session, obligations.content(session, owed)["remittance"], day)
        dispatch.acknowledge(session, sent.dispatch_id, "settled")
        obligations.mark(session, [owed.obligation_id], "confirmed", "booked by the bank")
        return "settled"
    if status is PaymentStatus.ACCEPTED and not sent.ack_state:
        dispatch.acknowledge(session, sent.dispatch_id, "accepted")
        return "accepted"
    return ""


def _note(session: Session, owed: Row[Any], reason: str, what: str) -> str:
    if owed.reason == reason:
        return ""
    obligations.mark(session, [owed.obligation_id], owed.state, reason)
    return what


def _came_back(session: Session, sent: Row[Any], owed: Row[Any], why: str) -> None:
    content = obligations.content(session, owed)
    take_back(session, content["remittance"], booked=True)
    for row in _remitted(session, sent):
        # its control number is spent: what pays anew is told by a new file
        dispatch.acknowledge(session, row.dispatch_id, "rejected")
        obligations.mark(session, [row.obligation_id], "refused", why)
    dispatch.acknowledge(session, sent.dispatch_id, "rejected")
    obligations.mark(session, [owed.obligation_id], "refused", why)


def _remitted(session: Session, sent: Row[Any]) -> list[Part]:
    """The part of the month that an order pays, as it is owed; none where another order pays it by now."""
    key = f"{remittance_parts.KIND}/{sent.business_key.removeprefix(f'{KIND}/')}"
    found = []
    for part in remittance_parts.named(session, [key]):
        order = order_of(session, part.dispatch_id) if part.dispatch_id else None
        if order is not None and order.sent is not None and order.sent.dispatch_id == sent.dispatch_id:
            found.append(part)
    return found


def _dispute(session: Session, sent: Row[Any], owed: Row[Any], reason: str) -> str:
    """Our bank refused the return: what was to be paid anew is held, for the payee may have the money."""
    why = f"{DISPUTED}({reason})"[:300]
    for row in _remitted(session, sent):
        if row.state == "refused":
            obligations.mark(session, [row.obligation_id], "held", why)
    return _note(session, owed, why, "disputed")


def _came_back_after_all(session: Session, sent: Row[Any], owed: Row[Any], reason: str) -> str:
    """The payee's bank stands by its return: what was held is owed again."""
    why = f"the bank returned the payment after a dispute ({reason})"[:300]
    for row in _remitted(session, sent):
        if row.state == "held" and row.reason.startswith(DISPUTED):
            obligations.mark(session, [row.obligation_id], "refused", why)
    return _note(session, owed, why, "returned")
