"""A bill as a whole: what it says was open before and was paid since, and its fees, against what we know.

Only a bill that tells these parts is held to them; its own sum was checked when it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import confirmation, dispatch, entry, leg

IN_FLIGHT = timedelta(days=10)
"""A payment that left so shortly before a bill was made may be missing on it."""


@dataclass(frozen=True, slots=True)
class Bill:
    """One invoice, by its parts; minor units, credits and payments below zero."""

    invoice: str
    invoice_date: date
    due_date: date
    current: int
    retro: int
    """Charges for earlier months."""
    credits: int
    """Lines that give something back."""
    fees: int
    prior: int
    payments: int
    told: bool
    """Whether it says what was open before, or was paid."""
    open_before: int
    """What we know to have been open before it: billed earlier, less what had left by the day it was made."""
    just_left: int
    """Of what had left, the part that may not have arrived when it was made."""
    fees_before: tuple[int, ...] = ()
    """Fees of the bills before it that have any, the newest first: the hub pays none, and is not told who does."""

    @property
    def due(self) -> int:
        """Prior balance, current charges, retro charges, fees, payments and credits together."""
        return self.prior + self.current + self.retro + self.fees + self.payments + self.credits

    def fees_open(self, open_before: int) -> int | None:
        """What of the balance before it are fees, so that it walks from ours: those billed last; None: it does not.

        Fees are no premium: whoever pays them pays the oldest first.
        """
        gap = self.prior + self.payments - open_before
        return gap if gap in {0, *accumulate(self.fees_before)} else None


def bills(session: Session, book: PlanBook, carrier: str, month: Month) -> list[Bill]:
    """The invoices of a coverage month."""
    premium = confirmation.c.kind == "invoice_line"
    amount = confirmation.c.amount

    def total(which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((which, amount), else_=0)), 0)

    adjusts = and_(premium, confirmation.c.part == "adjustment")
    own = (
        select(confirmation.c.reference)
        .where(
            *session.where(confirmation, connection_id=carrier, current=1, coverage_month=str(month)),
            or_(and_(premium, confirmation.c.part == "current"), confirmation.c.kind == "invoice_part"),
        )
        .distinct()
    )
    rows = session.rows(
        select(
            confirmation.c.reference, func.min(confirmation.c.on_date).label("due"),
            total(and_(premium, confirmation.c.part == "current")).label("current"),
            total(and_(adjusts, amount > 0)).label("retro"), total(and_(adjusts, amount < 0)).label("credits"),
            total(confirmation.c.part == "fee").label("fees"),
            total(confirmation.c.part == "prior_balance").label("prior"),
            total(confirmation.c.part == "payment").label("payments"),
            func.sum(case((confirmation.c.part.in_(("prior_balance", "payment")), 1), else_=0)).label("told"),
        )
        .where(
            *session.where(confirmation, connection_id=carrier, current=1),
            confirmation.c.kind.in_(("invoice_line", "invoice_part")), confirmation.c.reference.in_(own),
        )
        .group_by(confirmation.c.reference)
        .order_by(confirmation.c.reference)
    )  # fmt: skip
    found = []
    for row in rows:
        made = _made(session, carrier, row.reference)
        before, fees = _billed_before(session, carrier, row.reference, made)
        left, just = (_left(session, book, carrier, day) for day in (made, made - IN_FLIGHT))
        found.append(
            Bill(row.reference, made, row.due, int(row.current), int(row.retro), int(row.credits), int(row.fees),
                 int(row.prior), int(row.payments), bool(row.told), before - left, left - just, fees)
        )  # fmt: skip
    return found


def _made(session: Session, carrier: str, invoice: str) -> date:
    detail = session.connection.execute(
        select(confirmation.c.detail)
        .where(
            *session.where(confirmation, connection_id=carrier, current=1, reference=invoice),
            confirmation.c.kind.in_(("invoice_line", "invoice_part")),
        )
        .limit(1)
    ).scalar_one()
    return date.fromisoformat(detail["invoice_date"])


def _billed_before(session: Session, carrier: str, invoice: str, made: date) -> tuple[int, tuple[int, ...]]:
    """What other invoices say that were made before this one: their premium, and their fees, the newest first."""
    fee = confirmation.c.part == "fee"
    premium, amount = confirmation.c.kind == "invoice_line", confirmation.c.amount
    rows = session.rows(
        select(
            confirmation.c.reference,
            func.sum(case((premium, amount), else_=0)).label("amount"),
            func.sum(case((and_(~premium, fee), amount), else_=0)).label("fees"),
        )
        .where(
            *session.where(confirmation, connection_id=carrier, current=1), or_(premium, fee),
            confirmation.c.kind.in_(("invoice_line", "invoice_part")), confirmation.c.reference != invoice,
        )
        .group_by(confirmation.c.reference)
    )  # fmt: skip
    before = [(day, row) for row in rows if (day := _made(session, carrier, row.reference)) < made]
    newest = sorted(((day, row.reference, int(row.fees)) for day, row in before if row.fees), reverse=True)
    return sum(int(row.amount) for _, row in before), tuple(fees for _, _, fees in newest)


def _left(session: Session, book: PlanBook, carrier: str, day: date) -> int:
    """What was sent to a carrier before a day, whatever it was for: it may bill a plan that no book has any more.

    What was posted without a payment of the hub's is of the plan's carrier.
    """
    rows = session.rows(
        select(dispatch.c.connection_id, leg.c.plan, func.sum(-leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .outerjoin(dispatch, (dispatch.c.employer_id == leg.c.employer_id) & (dispatch.c.dispatch_id == leg.c.batch))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.CARRIER_TRANSIT,
            or_(dispatch.c.connection_id == carrier, dispatch.c.connection_id.is_(None)),
            entry.c.type.in_(("premium.remitted", "premium.remitted.reversed")), entry.c.effective_date < day,
        )
        .group_by(dispatch.c.connection_id, leg.c.plan)
    )  # fmt: skip
    return sum(
        int(row.amount) for row in rows
        if row.connection_id or ((plan := book.find(row.plan)) is not None and plan.carrier == carrier)
    )  # fmt: skip


def compare(session: Session, book: PlanBook, carrier: str, month: Month) -> Iterator[Finding]:
    """Fees that are not agreed, and payments or balances that the carrier has otherwise than we."""
    found = bills(session, book, carrier, month)
    unit, agreed = book.employer.currency, book.terms(carrier).monthly_fee_minor
    fees = sum(one.fees for one in found)
    if found and fees != agreed and (fees or any(one.told for one in found)):
        yield Finding(
            Relation.PREMIUM, Type.FEE, str(month), carriers.reference(book, None, carrier, found[0].invoice),
            "carrier", "finance", "the bill has another fee than was agreed",
            "Ask the carrier, or set `monthly_fee` in the carrier's terms",
            expected=agreed, actual=fees, unit=unit,
        )  # fmt: skip
    for one in found:
        theirs = one.prior + one.payments
        if not one.told or one.fees_open(one.open_before) is not None:
            continue
        on_its_way = one.fees_open(one.open_before + one.just_left) is not None
        yield Finding(
            Relation.PREMIUM, Type.CASH_APPLICATION, str(month),
            carriers.reference(book, None, carrier, one.invoice), "carrier", "carrier" if on_its_way else "finance",
            "a payment that left just before the bill was made is not on it" if on_its_way
            else "the bill has another balance of earlier months than we have paid and were billed",
            "Wait for the next bill" if on_its_way
            else "Send the carrier the remittances since the last bill; see `benehub premiums walk`",
            expected=one.open_before, actual=theirs, unit=unit, clear_by=one.due_date if on_its_way else None,
        )  # fmt: skip
