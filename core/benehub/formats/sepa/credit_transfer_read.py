"""Reads a pain.001 back: its transfers as they stand, and whether counts, sums, accounts and references hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, BinaryIO

from benehub.errors import DataError
from benehub.formats.banking_days import is_banking_day
from benehub.formats.file_finding import FileFinding
from benehub.formats.sepa import xml
from benehub.formats.sepa.accounts import bic, iban_fault
from benehub.formats.sepa.characters import REMITTANCE, reference_fault, spelled
from benehub.legal.calendars import FIRST_YEAR, LAST_YEAR
from benehub.money import parse_minor
from benehub.periods import parse_date

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ROOT = "CstmrCdtTrfInitn"
PAYMENT = f"{ROOT}/PmtInf"
TRANSFER = f"{PAYMENT}/CdtTrfTxInf"
_HEAD = {f"{PAYMENT}/{name}" for name in ("PmtInfId", "NbOfTxs", "CtrlSum", "ReqdExctnDt", "Dbtr", "DbtrAcct")}
_KEEP = frozenset({f"{ROOT}/GrpHdr", TRANSFER, *_HEAD})


@dataclass(frozen=True, slots=True)
class Sent:
    """One transfer as a file tells it; the amount in minor units of its currency."""

    message: str
    payment: str
    reference: str
    amount: int
    currency: str
    execution: date | None
    debtor_iban: str = field(repr=False)
    name: str
    iban: str = field(repr=False)
    remittance: str = field(repr=False)


@dataclass
class _Total:
    """What a head says, and what was counted: number of transfers and their sum in euro cents."""

    count: str = ""
    total: str = ""
    counted: int = 0
    summed: int = 0

    def add(self, amount: int) -> None:
        self.counted += 1
        self.summed += amount

    def faults(self, where: str) -> Iterator[FileFinding]:
        if self.count != str(self.counted):
            yield _finding(f"{where}/NbOfTxs", "count", f"{self.counted} transfers are in it")
        try:
            right = not self.total or parse_minor(self.total, "EUR") == self.summed
        except DataError:
            right = False
        if not right:
            yield _finding(f"{where}/CtrlSum", "control-sum", "is not the sum of the transfers")


def _finding(place: str, code: str, text: str, mend: str = "Make the file anew") -> FileFinding:
    return FileFinding(0, place, code, text, mend)


def transfers(source: bytes | BinaryIO) -> Iterator[Sent]:
    """The transfers.

    Raises:
        FormatError: no pain.001.
        DataError: the first thing that is wrong with it.
    """
    for one in read(source):
        if isinstance(one, FileFinding):
            raise one.error()
        yield one


def read(source: bytes | BinaryIO) -> Iterator[Sent | FileFinding]:
    """Transfers and findings as they come; the counts and sums of a part follow its transfers.

    Raises:
        FormatError: no pain.001 at all.
    """
    group, total, message = _Total(), _Total(), ""
    head: dict[str, Element] = {}
    seen: Counter[str] = Counter()
    for part in xml.walk(source, "pain.001", _KEEP, frozenset({PAYMENT})):
        if part.path == f"{ROOT}/GrpHdr":
            message = xml.text(part.element, "MsgId")
            group = _Total(xml.text(part.element, "NbOfTxs"), xml.text(part.element, "CtrlSum"))
            if reference_fault(message):
                yield _finding("GrpHdr/MsgId", "reference", f"the message id {reference_fault(message)}")
        elif part.path == PAYMENT and not part.end:
            head, total = {}, _Total()
        elif part.path in _HEAD:
            head[part.path.rpartition("/")[2]] = part.element
        elif part.path == TRANSFER:
            where = f"CdtTrfTxInf {group.counted + 1}"
            one = _sent(part.element, head, message, where)
            amount = one.amount if isinstance(one, Sent) else 0
            group.add(amount)
            total.add(amount)
            yield one
            if isinstance(one, Sent):
                seen[one.reference] += 1
                yield from _faults(one, part.element, where, seen)
        else:
            total.count, total.total = _own(head, "NbOfTxs"), _own(head, "CtrlSum")
            if total.count or total.total:
                yield from total.faults("PmtInf")
            yield from _payer(head)
    yield from group.faults("GrpHdr")


def _own(head: dict[str, Element], name: str) -> str:
    return (head[name].text or "").strip() if name in head else ""


def _sent(element: Element, head: dict[str, Element], message: str, where: str) -> Sent | FileFinding:
    try:
        amount, currency = xml.minor(xml.find(element, "Amt/InstdAmt"), f"{where}/Amt")
        execution = _execution(head)
    except DataError as error:
        return FileFinding(0, error.where, "value", error.what, error.mend)
    account = head.get("DbtrAcct")
    return Sent(
        message=message,
        payment=_own(head, "PmtInfId"),
        reference=xml.text(element, "PmtId/EndToEndId"),
        amount=amount,
        currency=currency,
        execution=execution,
        debtor_iban="" if account is None else xml.text(account, "Id/IBAN"),
        name=xml.text(element, "Cdtr/Nm"),
        iban=xml.text(element, "CdtrAcct/Id/IBAN"),
        remittance=xml.text(element, "RmtInf/Ustrd"),
    )


def _execution(head: dict[str, Element]) -> date | None:
    element = head.get("ReqdExctnDt")
    if element is None:
        return None
    told = xml.text(element, "Dt|DtTm") or (element.text or "").strip()
    return parse_date(told[:10], where="PmtInf/ReqdExctnDt")


def _faults(one: Sent, element: Element, where: str, seen: Counter[str]) -> Iterator[FileFinding]:
    if reference_fault(one.reference):
        yield _finding(f"{where}/EndToEndId", "reference", f"the reference {reference_fault(one.reference)}")
    elif seen[one.reference] > 1:
        yield _finding(f"{where}/EndToEndId", "reference-twice", "another transfer has the same reference")
    if iban_fault(one.iban):
        mend = "Copy it from the insurer's own letter"
        yield _finding(f"{where}/CdtrAcct", "iban", f"no IBAN: {iban_fault(one.iban)}", mend)
    if one.currency != "EUR" or not one.amount:
        yield _finding(f"{where}/Amt", "amount", "is nothing, or not in euro", "SEPA moves euro only")
    if len(one.remittance) > REMITTANCE or (one.remittance and _odd(one.remittance)):
        yield _finding(f"{where}/RmtInf", "remittance", f"over {REMITTANCE} characters, or signs SEPA does not take")
    if not one.name or _odd(one.name):
        yield _finding(f"{where}/Cdtr", "name", "is empty, or has signs SEPA does not take")
    told = xml.text(element, "CdtrAgt/FinInstnId/BICFI|CdtrAgt/FinInstnId/BIC")
    if told and _no_bic(told):
        yield _finding(f"{where}/CdtrAgt", "bic", "no BIC", "Leave it out inside the EEA")
    address = xml.find(element, "Cdtr/PstlAdr")
    if address is not None and not (xml.text(address, "TwnNm") and xml.text(address, "Ctry")):
        mend = "Write town and country in their own elements; free lines are not taken since November 2026"
        yield _finding(f"{where}/Cdtr", "address", "the address is not structured", mend)


def _odd(text: str) -> bool:
    try:
        return spelled(text, 10_000, where="") != " ".join(text.split())
    except DataError:
        return True


def _no_bic(text: str) -> bool:
    try:
        bic(text, where="")
    except DataError:
        return True
    return False


def _payer(head: dict[str, Element]) -> Iterator[FileFinding]:
    account = head.get("DbtrAcct")
    fault = iban_fault("" if account is None else xml.text(account, "Id/IBAN"))
    if fault:
        yield _finding("PmtInf/DbtrAcct", "iban", f"no IBAN: {fault}")
    try:
        execution = _execution(head)
    except DataError as error:
        yield FileFinding(0, error.where, "value", error.what, error.mend)
        return
    known = execution is not None and FIRST_YEAR <= execution.year <= LAST_YEAR
    if execution is None or not known or not is_banking_day("de", execution):
        yield _finding("PmtInf/ReqdExctnDt", "banking-day", "is no TARGET day", "Take a day TARGET is open")
