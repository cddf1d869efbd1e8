"""The arithmetic that binds an 820, in US cents, and what a way of paying demands.

Two equations of the guide, held when a file is written and when one is read:
the payment (BPR02) = the sum of all RMR04 + the sum of all previous-payment adjustments (ADX under ENT);
each RMR04 (paid) = its RMR05 (billed) + the sum of its own adjustments (ADX under RMR).
"""

from __future__ import annotations

from benehub.errors import FormatError
from benehub.formats.x12.remittance_details import Entity
from benehub.formats.x12.remittance_records import BANKED, HANDLING, METHODS, WITHOUT_DETAILS, Bank, Remittance820

MAX_ENTITIES = 999_999
"""ENT01 has six digits."""

_ROUTING_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7, 1)


class Balance:
    """Adds up a remittance while it passes and says where it does not hold."""

    def __init__(self, remittance: Remittance820) -> None:
        self._open = remittance.total
        self._bare = remittance.handling in WITHOUT_DETAILS
        self._count = 0
        self._individual: bool | None = None

    def add(self, entity: Entity) -> None:
        """Take one entity in.

        Raises:
            FormatError: it pays for nothing, it is an organization among individuals, one of its items is not
                billed + adjustments, or it is one more than ENT01 can count.
        """
        self._count += 1
        self._open -= entity.total
        where = f"ENT {self._count}"
        if self._count > MAX_ENTITIES:
            raise FormatError(
                f"more than {MAX_ENTITIES} entities in a set", where=where, mend="Write several transaction sets"
            )
        if self._individual not in (None, entity.individual):
            raise FormatError(
                "organizations and individuals in one 820",
                where=where,
                mend="Write two files: a summary bill and a list bill are paid apart",
            )
        self._individual = entity.individual
        if not entity.items:
            raise FormatError("an entity without RMR", where=where, mend="Leave out who has nothing to pay")
        for index, item in enumerate(entity.items, 1):
            if not item.balanced:
                raise FormatError(
                    "paid (RMR04) is not billed (RMR05) + adjustments (ADX)",
                    where=f"{where}, RMR {index}",
                    mend="Add an ADX with its reason, or correct the amounts",
                )

    def close(self) -> None:
        """All entities are in.

        Raises:
            FormatError: none at all where the handling code promises details, or the payment is not their sum.
        """
        if not self._count and self._bare:
            return
        if not self._count:
            raise FormatError("an 820 without entities", mend="Send nothing when nothing is due")
        if self._open:
            raise FormatError(
                "the payment (BPR02) is not the sum of its details (RMR04 + previous ADX)",
                where="BPR",
                mend="Take the total from the same lines that are sent",
            )


def refuse_unpayable(remittance: Remittance820) -> None:
    """Refuse a head that no bank or clearing house could act on, before it is written.

    Raises:
        FormatError: an unknown handling or method, a negative total, money under NON or a prenote, a payment format
            without ACH, a bank, account, format or originator that the method needs, or a routing number whose
            check digit is wrong.
    """
    if problem := _unpayable(remittance):
        raise FormatError(problem, where="BPR", mend="Correct the payment part of the partner profile, or the amounts")


def _unpayable(remittance: Remittance820) -> str:
    method, total = remittance.method, remittance.total
    if remittance.handling not in HANDLING or method not in METHODS:
        return "BPR01 or BPR04 is no code of the guide"
    if total < 0:
        return "the credits exceed what is due: BPR02 would be negative"
    if total and (method == "NON" or remittance.handling == "P"):
        return "money is moved under a method (NON) or handling (P) that moves none"
    if bool(remittance.payment_format) != (method == "ACH"):
        return "BPR05 (CTX or CCP) goes with ACH, and with nothing else"
    if method in BANKED and not (remittance.payer_bank and remittance.payee_bank):
        return f"{method} needs both banks (BPR06 to BPR09, BPR12 to BPR15)"
    if method == "ACH" and not remittance.originator:
        return "ACH needs an originator (BPR10)"
    banks = (remittance.payer_bank, remittance.payee_bank)
    if any(bank and (not bank.account or not _routing(bank)) for bank in banks):
        return "a bank lacks its account, or its routing number (nine digits, the last checks the others) is wrong"
    return ""


def _routing(bank: Bank) -> bool:
    """Whether an ABA number passes its checksum (weights 3, 7, 1); other kinds of ids are taken as they are."""
    number = bank.routing
    if bank.qualifier != "01":
        return bool(number)
    if len(number) != 9 or not (number.isascii() and number.isdecimal()):
        return False
    return sum(weight * int(digit) for weight, digit in zip(_ROUTING_WEIGHTS, number, strict=True)) % 10 == 0
