"""camt.053, the bank statement: what was booked on an account, each entry with its details, and the balances.

Amounts are minor units of their currency; a debit is money that left the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, BinaryIO

from benehub.errors import FormatError
from benehub.formats.sepa import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

STATEMENT = "BkToCstmrStmt/Stmt"
ENTRY = f"{STATEMENT}/Ntry"
DETAIL = f"{ENTRY}/NtryDtls/TxDtls"
_KEEP = frozenset({*(f"{STATEMENT}/{name}" for name in ("Id", "ElctrncSeqNb", "Acct", "Bal")), ENTRY, DETAIL})


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance: `OPBD` opening booked, `CLBD` closing booked, `PRCD`, `ITBD`, ...; negative when overdrawn."""

    kind: str
    amount: int
    currency: str
    on: date | None


@dataclass(frozen=True, slots=True)
class Statement:
    """The head of a statement; it comes before its entries."""

    id: str
    sequence: str
    iban: str = field(repr=False)
    currency: str
    balances: tuple[Balance, ...]

    def balance(self, *kinds: str) -> Balance | None:
        """The first balance of one of these kinds."""
        return next((one for kind in kinds for one in self.balances if one.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Detail:
    """One transaction of an entry.

    Args:
        reference: EndToEndId. `message`, `payment`: our message and payment id.
        amount: None where the bank tells none. `debit`: money left the account.
        remittance: its lines, joined. `reason`: return reason code (`AC04`, ...), empty where nothing came back.
    """

    reference: str
    message: str
    payment: str
    amount: int | None
    currency: str
    debit: bool
    name: str
    remittance: str = field(repr=False)
    reason: str = ""
    bank_reference: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a single transaction, or a batch with its details (none where the bank lists them elsewhere).

    Args:
        bank_reference: AcctSvcrRef. `code`: BkTxCd, its parts joined by `/`. `reversal`: it takes back an earlier one.
        booked: BOOK, not PDNG or INFO. `batch_count`, `batch_payment`: what the bank says of a batch.
    """

    statement: str
    bank_reference: str
    amount: int
    currency: str
    debit: bool
    reversal: bool
    booked: bool
    booking_date: date | None
    value_date: date | None
    code: str
    batch_count: int | None
    batch_payment: str
    details: tuple[Detail, ...]

    @property
    def signed(self) -> int:
        """What it does to the account, in minor units."""
        return -self.amount if self.debit else self.amount

    @property
    def explained(self) -> bool:
        """Whether the details are the whole entry; nothing to compare where there are none, or in other currencies."""
        parts = [one for one in self.details if one.amount is not None and one.currency == self.currency]
        if not self.details or len(parts) < len(self.details):
            return True
        return sum(-(one.amount or 0) if one.debit else one.amount or 0 for one in parts) == self.signed


def parse(source: bytes | BinaryIO) -> Iterator[Statement | Entry]:
    """Each statement's head, then its entries, one at a time.

    Raises:
        FormatError: no camt.053, or an indicator that is neither debit nor credit.
        DataError: an amount or a date that is none.
    """
    told: dict[str, str] = {}
    account: Element | None = None
    balances: list[Balance] = []
    details: list[tuple[Detail, bool | None]] = []
    open_head = False
    for part in xml.walk(source, "camt.053", _KEEP, frozenset({STATEMENT})):
        name = part.path.rpartition("/")[2]
        if part.path == STATEMENT and not part.end:
            told, account, balances, details, open_head = {}, None, [], [], True
        elif name == "Acct":
            account = part.element
        elif name == "Bal":
            balances.append(_balance(part.element))
        elif part.path == DETAIL:
            details.append(_detail(part.element))
        elif part.path in (ENTRY, STATEMENT):
            if open_head:
                yield _head(told, account, balances)
                open_head = False
            if part.path == ENTRY:
                yield _entry(part.element, told.get("Id", ""), details)
                details = []
        else:
            told[name] = (part.element.text or "").strip()


def _head(told: dict[str, str], account: Element | None, balances: list[Balance]) -> Statement:
    iban = "" if account is None else xml.text(account, "Id/IBAN|Id/Othr/Id")
    currency = "" if account is None else xml.text(account, "Ccy")
    currency = currency or next((one.currency for one in balances), "")
    return Statement(told.get("Id", ""), told.get("ElctrncSeqNb", ""), iban, currency, tuple(balances))


def _debit(element: Element, where: str) -> bool:
    told = xml.text(element, "CdtDbtInd")
    if told not in ("CRDT", "DBIT"):
        raise FormatError("neither CRDT nor DBIT", where=f"{where}/CdtDbtInd", mend="Ask the bank for the file anew")
    return told == "DBIT"


def _balance(element: Element) -> Balance:
    amount, currency = xml.minor(xml.find(element, "Amt"), "Bal/Amt")
    signed = -amount if _debit(element, "Bal") else amount
    return Balance(
        xml.text(element, "Tp/CdOrPrtry/Cd|Tp/CdOrPrtry/Prtry"), signed, currency, xml.day(element, "Dt", "Bal/Dt")
    )


def _entry(element: Element, statement: str, details: list[tuple[Detail, bool | None]]) -> Entry:
    amount, currency = xml.minor(xml.find(element, "Amt"), "Ntry/Amt")
    debit = _debit(element, "Ntry")
    count = xml.text(element, "NtryDtls/Btch/NbOfTxs")
    alone = len(details) == 1
    return Entry(
        statement=statement,
        bank_reference=xml.text(element, "AcctSvcrRef"),
        amount=amount,
        currency=currency,
        debit=debit,
        reversal=xml.text(element, "RvslInd") in ("true", "1"),
        booked=xml.text(element, "Sts/Cd|Sts/Prtry|Sts") == "BOOK",
        booking_date=xml.day(element, "BookgDt", "Ntry/BookgDt"),
        value_date=xml.day(element, "ValDt", "Ntry/ValDt"),
        code=_code(element),
        batch_count=int(count) if count.isascii() and count.isdigit() and len(count) < 16 else None,
        batch_payment=xml.text(element, "NtryDtls/Btch/PmtInfId"),
        details=tuple(_filled(one, amount, currency, debit, alone) for one in details),
    )


def _code(element: Element) -> str:
    parts = ("BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd")
    told = "/".join(filter(None, (xml.text(element, part) for part in parts)))
    return told or xml.text(element, "BkTxCd/Prtry/Cd")


def _detail(element: Element) -> tuple[Detail, bool | None]:
    """A transaction, and its own sign where it has one."""
    found = xml.find(element, "Amt|AmtDtls/TxAmt/Amt|AmtDtls/InstdAmt/Amt")
    amount, currency = (None, "") if found is None else xml.minor(found, "TxDtls/Amt")
    sign = _debit(element, "TxDtls") if xml.text(element, "CdtDbtInd") else None
    # the other side: whom we paid, or who paid us; its name lies deeper since version 08
    names = ("RltdPties/Cdtr/Pty/Nm|RltdPties/Cdtr/Nm", "RltdPties/Dbtr/Pty/Nm|RltdPties/Dbtr/Nm")
    detail = Detail(
        reference=xml.text(element, "Refs/EndToEndId"),
        message=xml.text(element, "Refs/MsgId"),
        payment=xml.text(element, "Refs/PmtInfId"),
        amount=amount,
        currency=currency,
        debit=bool(sign),
        name=next(filter(None, (xml.text(element, one) for one in names)), ""),
        remittance=" ".join((one.text or "").strip() for one in xml.every(element, "RmtInf/Ustrd")),
        reason=xml.text(element, "RtrInf/Rsn/Cd|RtrInf/Rsn/Prtry"),
        bank_reference=xml.text(element, "Refs/AcctSvcrRef"),
    )
    return detail, sign


def _filled(told: tuple[Detail, bool | None], amount: int, currency: str, debit: bool, alone: bool) -> Detail:
    """What a detail leaves to its entry: the sign, and the amount where it is the only one."""
    detail, sign = told
    if detail.amount is None and alone:
        detail = replace(detail, amount=amount, currency=currency)
    return replace(detail, debit=debit if sign is None else sign)
