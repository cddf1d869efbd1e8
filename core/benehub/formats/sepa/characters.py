"""The characters that every SEPA bank takes, and how a text comes to consist of them only.

Letters, digits, blank and `/ - ? : ( ) . , ' +` (EPC217-08). Umlauts are spelled out, accents dropped, `&` is `+`; a
letter without a rule is refused, for a name is never blanked out. References take no slash at either end and no two in
a row.
"""

from __future__ import annotations

import hashlib
import re

from benehub.errors import DataError
from benehub.formats.x12.writer import transliterate

REFERENCE = 35
"""Characters of an EndToEndId, a message id or a payment id."""
REMITTANCE = 140
"""Characters of unstructured remittance information."""
NAME = 70
"""Characters of a name."""

_OTHER = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_UMLAUTS = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "€": "EUR", "&": "+", "_": "-", "–": "-",
        '"': "'", "\u201c": "'", "\u201d": "'", "\u201e": "'", ";": ",", "[": "(", "]": ")", "{": "(", "}": ")",
        "@": "(at)", "#": ".", "*": ".", "%": ".", "=": ".", "!": ".", "|": "/", "\\": "/", "\t": " ", "\n": " ",
    }
)  # fmt: skip


def spelled(text: str, most: int, *, where: str) -> str:
    """`text` in the characters that banks take.

    Raises:
        DataError: empty, a letter or sign without a rule, or longer than `most` characters.
    """
    plain = " ".join(transliterate(text.translate(_UMLAUTS)).split())
    if not plain or _OTHER.search(plain):
        raise DataError(
            "empty, or a letter that SEPA does not know", where=where, mend="Write it in Latin letters and digits"
        )
    if len(plain) > most:
        raise DataError(f"{len(plain)} characters, and {most} fit", where=where, mend="Shorten it")
    return plain


def reference_fault(text: str) -> str:
    """What is wrong with a reference; empty when nothing is."""
    if not 1 <= len(text) <= REFERENCE:
        return f"is not 1 to {REFERENCE} characters long"
    if _OTHER.search(text) or text.strip() != text:
        return "has a character that SEPA does not take"
    if text.startswith("/") or text.endswith("/") or "//" in text:
        return "begins or ends with a slash, or has two in a row"
    return ""


def reference(text: str, *, where: str) -> str:
    """A reference as it stands.

    Raises:
        DataError: too long, or a character it may not have.
    """
    what = reference_fault(text)
    if what:
        raise DataError(f"the reference {what}", where=where, mend="Take short_reference of it")
    return text


def short_reference(key: str) -> str:
    """A key of ours as a reference: as it is where it fits, else its beginning and a digest of the whole."""
    if not reference_fault(key):
        return key
    head = re.sub(r"[^A-Za-z0-9.]+", "-", key).strip("-")[:18]
    return f"{head}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def remittance(contracts: tuple[str, ...], words: str = "", *, where: str) -> str:
    """The remittance information that names the contracts paid for.

    Raises:
        DataError: they do not fit into 140 characters, or one has a sign that SEPA does not know.
    """
    text = spelled(" ".join((words, ", ".join(contracts))), 10_000, where=where)
    if len(text) > REMITTANCE:
        raise DataError(
            f"{len(contracts)} contract numbers do not fit into {REMITTANCE} characters",
            where=where,
            mend="Make a transfer for each contract, or send the list apart",
        )
    return text
