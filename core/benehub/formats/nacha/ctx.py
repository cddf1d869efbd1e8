"""An 820 inside a CTX payment: its bytes cut into addenda of 80 characters, and put together again.

An addenda has no length of its own, so the last is filled with blanks; an 820 ends with its terminator, so what is
cut off there again was never part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from benehub.errors import FormatError
from benehub.formats.nacha.addenda import TEXT, Addenda, Remittance

MOST = 9999
"""Addenda of one CTX entry."""
CAPACITY = MOST * TEXT
"""Characters of an 820 that one CTX payment carries."""

_PRINTABLE = re.compile(rb"[ -~]+")


def fits(data: bytes) -> bool:
    """Whether one CTX payment carries so much."""
    return len(data) <= CAPACITY


def cut(data: bytes) -> tuple[str, ...]:
    """The texts of the addenda, in order.

    Raises:
        FormatError: empty, too long, with line ends or other characters that addenda do not hold, or with blanks
            at its end, which nobody could tell from filling.
    """
    where = "820 in CTX addenda"
    if not fits(data):
        raise FormatError(
            f"{len(data)} characters, and {MOST} addenda hold {CAPACITY}",
            where=where,
            mend="Split it into several payments, or pay by CCD+ and send the 820 apart (BPR01 U); TRN02 joins them",
        )
    if not _PRINTABLE.fullmatch(data):
        raise FormatError(
            "line ends, control characters or nothing at all",
            where=where,
            mend="Turn line_breaks off, and take a printable segment terminator",
        )
    if data.endswith(b" "):
        raise FormatError("ends with a blank", where=where, mend="End it with its segment terminator")
    text = data.decode("ascii")
    return tuple(text[at : at + TEXT] for at in range(0, len(text), TEXT))


def join(addenda: Iterable[Addenda]) -> bytes:
    """The bytes that were cut into these addenda.

    Raises:
        FormatError: one is missing, out of order, or no remittance.
    """
    parts: list[str] = []
    for number, one in enumerate(addenda, 1):
        if not isinstance(one, Remittance) or one.sequence != number:
            raise FormatError("is not the next remittance addenda", where=f"addenda {number}", mend="Ask for it anew")
        parts.append(one.text.ljust(TEXT))
    return "".join(parts).rstrip(" ").encode("ascii")
