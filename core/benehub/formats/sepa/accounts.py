"""IBAN and BIC: whose check digits and lengths do not fit is refused by name, never shown."""

from __future__ import annotations

import re

from benehub.errors import DataError

LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
    "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21,
    "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "AL": 28, "MT": 31, "NL": 18, "NO": 15,
    "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}  # fmt: skip
"""Characters of an IBAN in the countries of SEPA (ISO 13616 registry)."""

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def iban(text: str, *, where: str) -> str:
    """The IBAN without blanks, in capitals.

    Raises:
        DataError: it is none, of no SEPA country, of a wrong length, or its check digits are wrong (mod 97).
    """
    bare = re.sub(r"[ \t]", "", text).upper()
    what = iban_fault(bare)
    if what:
        raise DataError(f"no IBAN: {what}", where=where, mend="Copy it from the bank's or insurer's own letter")
    return bare


def iban_fault(text: str) -> str:
    """What is wrong with an IBAN written without blanks; empty when nothing is."""
    if not _IBAN.fullmatch(text):
        return "not two letters, two digits and an account"
    country = text[:2]
    if country not in LENGTHS:
        return f"{country} takes no part in SEPA"
    if len(text) != LENGTHS[country]:
        return f"{len(text)} characters, and {country} has {LENGTHS[country]}"
    return "" if _mod97(text) == 1 else "its check digits are wrong"


def _mod97(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97


def bic(text: str, *, where: str) -> str:
    """The BIC in capitals, 8 or 11 characters (ISO 9362).

    Raises:
        DataError: it is none.
    """
    bare = text.strip().upper()
    if not _BIC.fullmatch(bare):
        raise DataError("no BIC: not 8 or 11 letters and digits", where=where, mend="Leave it out inside the EEA")
    return bare
