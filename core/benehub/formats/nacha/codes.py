"""The codes of NACHA files: kinds of account, transaction codes, service classes, and why a payment comes back."""

from __future__ import annotations

from enum import StrEnum


class AccountKind(StrEnum):
    """The receiver's account; the first digit of a transaction code."""

    CHECKING = "2"
    SAVINGS = "3"
    LEDGER = "4"
    LOAN = "5"


class Sec(StrEnum):
    """Standard entry classes that are read; we originate the first two."""

    CCD = "CCD"
    """Between companies, with at most one addenda (then called CCD+)."""
    CTX = "CTX"
    """Between companies, with up to 9,999 addenda that hold an 820."""
    PPD = "PPD"
    """To or from a person; read only."""
    COR = "COR"
    """Notification of change; read only."""


RETURNED, LIVE, PRENOTE, ZERO = "1", "2", "3", "4"
"""Second digit of a credit's transaction code: return or change, money, test without money, no money but remittance."""

DEBIT = {RETURNED: "6", LIVE: "7", PRENOTE: "8", ZERO: "9"}
"""The same of a debit."""

CREDITS, DEBITS, MIXED = 220, 225, 200
"""Service class of a batch of credits, of debits, and of both."""

TRANSACTIONS = frozenset(
    int(kind + digit) for kind in "234" for digit in (*DEBIT, *DEBIT.values())
) | {51, 52, 53, 54, 55, 56}  # fmt: skip
"""Transaction codes that exist; a loan account takes no debit but the reversal of a credit (55)."""

RETURNS = {
    "R01": "not sufficient funds",
    "R02": "account closed",
    "R03": "no account, or unable to locate it",
    "R04": "account number is not valid",
    "R05": "debit to a consumer's account was not authorized",
    "R06": "returned as the originating bank asked",
    "R07": "authorization was revoked",
    "R08": "payment was stopped",
    "R09": "funds are not collected",
    "R10": "originator is not known or not authorized",
    "R11": "entry is not as authorized",
    "R12": "branch was sold to another bank",
    "R13": "routing number is not valid",
    "R14": "representative payee is dead or unable to go on",
    "R15": "beneficiary or account holder is dead",
    "R16": "account is frozen",
    "R17": "file record edit criteria, or questionable",
    "R18": "effective entry date is wrong",
    "R19": "amount is wrong",
    "R20": "account takes no such transactions",
    "R21": "company identification is not valid",
    "R22": "individual identification number is not valid",
    "R23": "receiver refused the credit",
    "R24": "duplicate entry",
    "R25": "addenda are wrong",
    "R26": "a mandatory field is wrong",
    "R27": "trace number is wrong",
    "R28": "check digit of the routing number is wrong",
    "R29": "corporate customer says it was not authorized",
    "R30": "receiving bank takes no truncated checks",
    "R31": "return of a CCD or CTX entry, as the originating bank permitted",
    "R32": "receiving bank does not settle",
    "R33": "return of an XCK entry",
    "R34": "receiving bank takes part only in a limited way",
    "R35": "improper debit entry",
}
"""Reasons of a return; others are read too, without a text of ours."""

CHANGES = {
    "C01": "account number",
    "C02": "routing number",
    "C03": "routing number and account number",
    "C04": "name of the receiver",
    "C05": "kind of account",
    "C06": "account number and kind of account",
    "C07": "routing number, account number and kind of account",
    "C08": "receiving bank's identification",
    "C09": "identification number of the receiver",
    "C13": "format of the addenda",
    "C14": "entry class for international payments",
}
"""What a notification of change says is wrong in what we send."""


def transaction(kind: AccountKind, digit: str, *, debit: bool = False) -> int:
    """The transaction code of an entry."""
    return int(kind.value + (DEBIT[digit] if debit else digit))


def is_credit(code: int) -> bool:
    """Whether a transaction code gives the receiver money."""
    return code % 10 < 5


def action(code: int) -> str:
    """RETURNED, LIVE, PRENOTE or ZERO."""
    digit = str(code % 10)
    return digit if is_credit(code) else {"6": RETURNED, "8": PRENOTE, "9": ZERO}.get(digit, LIVE)
