"""The one addenda of a CCD+ payment: one or two X12 segments that say which remittance the money belongs to.

`TRN*3*<reference>*<originator>\\` joins the payment to an 820 that came another way (its TRN02);
`RMR*IK*<invoice>**<paid>\\` names what is paid where there is no 820.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from benehub.errors import FormatError
from benehub.formats.nacha.addenda import TEXT
from benehub.money import format_minor

_SEGMENT = re.compile(r"([A-Z][A-Z0-9]{1,2})\*([^\\~]*)[\\~]")
_VALUE = re.compile(r"[ -~]{1,50}")


@dataclass(frozen=True, slots=True)
class Trace:
    """TRN: the reference that joins money to remittance, and the payer that gave it (BPR10 of the 820)."""

    reference: str
    originator: str = ""


def trn(trace: Trace, kind: str = "3") -> str:
    """The text of the addenda that joins it to an 820; `kind` as TRN01 of the 820 says.

    Raises:
        FormatError: a delimiter in the reference, or more than 80 characters.
    """
    return _text("TRN", kind, trace.reference, trace.originator)


def rmr(qualifier: str, reference: str, paid: int) -> str:
    """The text of an addenda that names what is paid: RMR01, RMR02 and RMR04 in US cents.

    Raises:
        FormatError: a delimiter in the reference, or more than 80 characters.
    """
    return _text("RMR", qualifier, reference, "", format_minor(paid))


def _text(*elements: str) -> str:
    text = "*".join(elements).rstrip("*") + "\\"
    wrong = any(one and (not _VALUE.fullmatch(one) or re.search(r"[*\\~]", one)) for one in elements)
    if wrong or len(text) > TEXT:
        raise FormatError(
            f"more than {TEXT} characters, or a delimiter inside",
            where=f"CCD+ addenda {elements[0]}",
            mend="Take a shorter reference of letters, digits, / and -",
        )
    return text


def segments(text: str) -> tuple[tuple[str, ...], ...]:
    """The segments of an addenda's text; none where it is free text."""
    found = _SEGMENT.findall(text)
    return tuple((tag, *rest.split("*")) for tag, rest in found)


def trace(text: str) -> Trace | None:
    """The TRN in a CCD+ addenda's text; None where there is none."""
    for tag, *rest in segments(text):
        if tag == "TRN" and len(rest) > 1 and rest[1]:
            return Trace(rest[1], rest[2] if len(rest) > 2 else "")
    return None
