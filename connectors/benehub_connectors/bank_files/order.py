"""From the order to pay one insurer to the bank's file, tied to its remittance by TRN02.

The tie is taken from the remittance itself: the 820's own trace and total, as they were frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import ConfigError, DataError, FormatError
from benehub.formats.banking_days import settlement_day
from benehub.formats.nacha import build, ctx
from benehub.formats.nacha import file as nacha_file
from benehub.formats.nacha import remittance as ccd
from benehub.formats.nacha.codes import Sec
from benehub.formats.sepa import credit_transfer
from benehub.formats.sepa.characters import remittance as remittance_text
from benehub.formats.x12 import remittance_820 as x820
from benehub.records import PaymentOrder
from benehub_connectors.bank_files.settings import Address, BankSettings, Format, Payee

MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SEVEN_DIGITS = 10**7


@dataclass(frozen=True, slots=True)
class Tie:
    """What joins money to remittance: the reference, and who gave it (BPR10)."""

    reference: str
    originator: str = ""


def render_order(items: Sequence[Item], envelope: Envelope, settings: BankSettings) -> FileOut:
    """The file that orders one payment.

    Raises:
        ConfigError: the settings know no such payee.
        DataError: not exactly one payment, another total than the remittance's, or what cannot be written.
    """
    orders = [(item.key, item.as_record(PaymentOrder)) for item in items]
    if len(orders) != 1:
        raise DataError("not exactly one payment", where=envelope.reference, mend="Order each payment by itself")
    ((key, order),) = orders
    payee = settings.payees.get(order.payee)
    if payee is None:
        raise ConfigError(f"no account of {order.payee!r}", where="payees", mend="Add it to the bank connection")
    if order.paid_minor != envelope.total_minor:
        raise DataError("the order is not the total of the payment", where=f"item {key}", mend="Freeze it anew")
    try:
        tie = _tie(order)
        if settings.format is Format.SEPA:
            return _sepa(order, payee, tie, envelope, settings)
        return _nacha(order, payee, tie, envelope, settings)
    except DataError as error:
        where = ", ".join(part for part in (f"item {key}", error.where) if part)
        raise DataError(error.what, where=where, mend=error.mend) from None


def _tie(order: PaymentOrder) -> Tie:
    """TRN02 and BPR10 of the 820, whose total has to be the order's; the order's own reference where there is none."""
    if not order.remittance.startswith("ISA"):
        return Tie(order.reference)
    heads = [one.remittance for one in x820.parse(order.remittance)]
    if len(heads) != 1 or heads[0].total != order.paid_minor:
        raise FormatError("the 820 does not tell this payment", where="remittance", mend="Freeze both anew")
    return Tie(heads[0].trace, heads[0].originator)


def _nacha(order: PaymentOrder, payee: Payee, tie: Tie, envelope: Envelope, settings: BankSettings) -> FileOut:
    who = settings.nacha
    if who is None or order.currency != "USD":
        raise DataError(f"{order.currency} by ACH", where="currency", mend="Pay it by another connection")
    inside = settings.format is Format.CTX
    texts = ctx.cut(order.remittance.encode()) if inside else (ccd.trn(ccd.Trace(tie.reference, tie.originator)),)
    own = envelope.control % SEVEN_DIGITS
    created = envelope.created
    file = build.payment_file(
        build.Originator(who.bank, who.bank_name, who.company_name, who.company_id, who.origin),
        [
            build.Payment(
                payee.name, payee.routing, payee.account, order.paid_minor,
                payee.id or f"{settings.prefix}{envelope.control}"[:15], texts, payee.account_kind,
            )
        ],
        entry_class=Sec.CTX if inside else Sec.CCD,
        description=who.description,
        # an ACH payment that is handed in today settles on the next banking day
        effective=settlement_day("us", order.settle_on, created.date() + timedelta(days=1)),
        created=created,
        numbers=build.Numbers(MODIFIERS[envelope.control % len(MODIFIERS)], own, own),
    )  # fmt: skip
    return _out(f"ach_{envelope.control:09d}.ach", nacha_file.render(file), settings.format.value, order, settings)


def _sepa(order: PaymentOrder, payee: Payee, tie: Tie, envelope: Envelope, settings: BankSettings) -> FileOut:
    who = settings.sepa
    if who is None or order.currency != "EUR":
        raise DataError(f"{order.currency} by SEPA", where="currency", mend="Pay it by another connection")
    number = f"{settings.prefix}{envelope.control}"
    transfer = credit_transfer.Transfer(
        credit_transfer.Party(payee.name, payee.iban, payee.bic, _address(payee.address)),
        order.paid_minor,
        number,
        remittance_text(payee.contracts, tie.reference, where="remittance"),
    )
    data = credit_transfer.render(
        credit_transfer.Party(who.name, who.iban, who.bic, _address(who.address)),
        [transfer],
        message=number,
        execution=settlement_day("de", order.settle_on, envelope.created.date()),
        created=envelope.created,
        schema=who.schema_name,
        batch_booking=who.batch_booking,
    )
    return _out(f"pain001_{envelope.control:09d}.xml", data, settings.format.value, order, settings)


def _address(one: Address | None) -> credit_transfer.Address | None:
    return None if one is None else credit_transfer.Address(**one.model_dump())


def _out(name: str, data: bytes, kind: str, order: PaymentOrder, settings: BankSettings) -> FileOut:
    path = f"{settings.outbox}/{name}" if settings.outbox else name
    return FileOut(path, data, kind, {"payments": 1, "paid_minor": order.paid_minor})
