"""pain.002, the status report: what the bank says of a message, of its payments, and of single transfers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from benehub.errors import FormatError
from benehub.formats.sepa import xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ROOT = "CstmrPmtStsRpt"
GROUP = f"{ROOT}/OrgnlGrpInfAndSts"
PAYMENT = f"{ROOT}/OrgnlPmtInfAndSts"
TRANSACTION = f"{PAYMENT}/TxInfAndSts"
_HEAD = {f"{PAYMENT}/{name}" for name in ("OrgnlPmtInfId", "PmtInfSts", "StsRsnInf")}
_KEEP = frozenset({f"{ROOT}/GrpHdr", GROUP, TRANSACTION, *_HEAD})


class Level(StrEnum):
    """What a status is about."""

    GROUP = "group"
    PAYMENT = "payment"
    TRANSACTION = "transaction"


class Outcome(StrEnum):
    """What a status means for us."""

    ACCEPTED = "accepted"
    """Checked and taken; the money is on its way, or not yet moved."""
    PENDING = "pending"
    """Received, checks go on."""
    SETTLED = "settled"
    """The debtor's account is charged, or the creditor's credited."""
    REJECTED = "rejected"
    """It will not be carried out."""
    PARTIAL = "partial"
    """Some are taken, some are not: the levels below say which."""


OUTCOMES = {
    "ACTC": Outcome.ACCEPTED, "ACCP": Outcome.ACCEPTED, "ACSP": Outcome.ACCEPTED, "ACWC": Outcome.ACCEPTED,
    "ACFC": Outcome.ACCEPTED, "ACWP": Outcome.ACCEPTED, "ACSC": Outcome.SETTLED, "ACCC": Outcome.SETTLED,
    "RCVD": Outcome.PENDING, "PDNG": Outcome.PENDING, "PATC": Outcome.PENDING, "PART": Outcome.PARTIAL,
    "RJCT": Outcome.REJECTED, "CANC": Outcome.REJECTED, "BLCK": Outcome.REJECTED,
}  # fmt: skip
"""The status codes and what each means (ISO 20022 external code list)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code (`AC01` account number, `AM04` no funds, ...) and what the bank adds."""

    code: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """One status.

    Args:
        report: the bank's message id. `message`, `payment`, `reference`: our message id, payment id, EndToEndId, as far
            as the level goes.
        amount: minor units of `currency`, where the bank repeats it.
    """

    level: Level
    code: str
    outcome: Outcome
    report: str
    message: str
    payment: str = ""
    reference: str = ""
    reasons: tuple[Reason, ...] = ()
    amount: int | None = None
    currency: str = ""


def parse(source: bytes | BinaryIO) -> Iterator[Status]:
    """Every status in the report: the group's, then each payment's transactions and the payment itself.

    Raises:
        FormatError: no pain.002, or a status code that does not exist.
        DataError: an amount that is none.
    """
    report = message = ""
    head: dict[str, str] = {}
    reasons: list[Reason] = []
    for part in xml.walk(source, "pain.002", _KEEP, frozenset({PAYMENT})):
        name = part.path.rpartition("/")[2]
        if name == "GrpHdr":
            report = xml.text(part.element, "MsgId")
        elif part.path == GROUP:
            message = xml.text(part.element, "OrgnlMsgId")
            code = xml.text(part.element, "GrpSts")
            if code:
                yield _status(Level.GROUP, code, report, message, reasons=_reasons(part.element))
        elif part.path == PAYMENT and not part.end:
            head, reasons = {}, []
        elif part.path == TRANSACTION:
            yield _transaction(part.element, report, message, head)
        elif name == "StsRsnInf":
            reasons.append(_reason(part.element))
        elif part.path in _HEAD:
            head[name] = (part.element.text or "").strip()
        elif head.get("PmtInfSts"):
            payment = head.get("OrgnlPmtInfId", "")
            yield _status(Level.PAYMENT, head["PmtInfSts"], report, message, payment, reasons=tuple(reasons))


def _transaction(element: Element, report: str, message: str, head: dict[str, str]) -> Status:
    reference = xml.text(element, "OrgnlEndToEndId")
    code = xml.text(element, "TxSts")
    found = xml.find(element, "OrgnlTxRef/Amt/InstdAmt|OrgnlTxRef/IntrBkSttlmAmt")
    amount, currency = (None, "") if found is None else xml.minor(found, "TxInfAndSts/Amt")
    # a bank that tells one transaction only may leave its status to the payment above
    code = code or head.get("PmtInfSts", "")
    return _status(
        Level.TRANSACTION, code, report, message, head.get("OrgnlPmtInfId", ""), reference,
        _reasons(element), amount, currency,
    )  # fmt: skip


def _status(
    level: Level, code: str, report: str, message: str, payment: str = "", reference: str = "",
    reasons: tuple[Reason, ...] = (), amount: int | None = None, currency: str = "",
) -> Status:  # fmt: skip
    outcome = OUTCOMES.get(code)
    if outcome is None:
        shown = code if re.fullmatch(r"[A-Z]{4}", code) else "of another shape"
        raise FormatError(
            f"a status {shown} that is not known", where=f"pain.002 {level}", mend="Ask the bank what it means"
        )
    return Status(level, code, outcome, report, message, payment, reference, reasons, amount, currency)


def _reasons(element: Element) -> tuple[Reason, ...]:
    return tuple(map(_reason, xml.every(element, "StsRsnInf")))


def _reason(element: Element) -> Reason:
    notes = " ".join((one.text or "").strip() for one in xml.every(element, "AddtlInf"))
    return Reason(xml.text(element, "Rsn/Cd|Rsn/Prtry"), notes)
