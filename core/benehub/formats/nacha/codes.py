"""The codes of NACHA files: kinds of account, transaction codes, service classes, and what a bank asks to correct."""

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
