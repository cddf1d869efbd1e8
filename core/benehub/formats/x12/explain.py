"""A segment in words: what each element is, its code spelled out, and personal data masked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benehub.crypto import mask
from benehub.formats.x12.envelope_check import ENVELOPE_TAGS
from benehub.formats.x12.kernel import Segment
from benehub.formats.x12.words import ALONE, CODES, DATE_ELEMENTS, LABELS, SILENT

HIDDEN: dict[str, frozenset[int]] = {
    "DMG": frozenset({2, 5}), "ICM": frozenset({2}), "HLH": frozenset(range(1, 9)), "DSB": frozenset(range(1, 10)),
    "N3": frozenset({1, 2}), "PER": frozenset({4, 6, 8}), "BPR": frozenset({9, 15}), "IK4": frozenset({4}),
    "AK4": frozenset({4}),
}  # fmt: skip
"""Elements that are masked whole: birth date, ethnicity, pay, health, address, contacts, accounts, copies of values."""

QUALIFIED = frozenset({"REF", "DTP", "DTM", "QTY", "AMT", "N1", "NM1"})
"""Segments whose first element says what the others are."""

_NAMES = (3, 4, 5)
_PLAIN = frozenset({"BPR", "TRN", "N1", "DTP", "DTM", "INS", "BGN"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Characters that would steer the terminal of whoever looks into a file."""
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")


def masked(segment: Segment) -> list[str]:
    """The elements with SSN, names of persons, birth date, contacts, accounts, income and health masked.

    The envelope stays as it is.
    """
    if segment.tag in ENVELOPE_TAGS:
        return list(segment.elements)
    return [_masked(segment, at, text) if at else text for at, text in enumerate(segment.elements)]


def _masked(segment: Segment, at: int, text: str) -> str:
    tag = segment.tag
    ssn = (tag, at) in (("NM1", 9), ("ENT", 4)) and segment.get(at - 1) == "34"
    if ssn or at in HIDDEN.get(tag, ()) or (tag == "REF" and at == 2 and segment.get(1) == "SY"):
        return "*" * len(text)
    if tag == "NM1" and at in _NAMES and segment.get(2) == "1":
        return text[:1] + "*" * (len(text) - 1)
    if tag in _PLAIN:
        return text  # Dates, and ids of banks and companies, are as long as an SSN or longer.
    return mask(text)


def spoken(segment: Segment, *, clear: bool = False) -> str:
    """The segment in words, without its id; codes stand behind their word in parentheses."""
    elements = segment.elements if clear else masked(segment)
    return _CONTROL.sub("?", ", ".join(_parts(segment, elements)))


def label(tag: str, at: int, qualifier: str = "") -> str:
    """What an element is, for one that stands alone: "premium paid to (343)", "last", "RMR04"."""
    lead = _word(tag, 1, qualifier) if tag in QUALIFIED and qualifier else ""
    own = LABELS.get(tag, {}).get(at, "" if lead else f"{tag}{at:02d}") or ALONE.get((tag, at), "")
    return " ".join(part for part in (lead, own) if part) or f"{tag}{at:02d}"


def _parts(segment: Segment, elements: list[str]) -> Iterator[str]:
    tag = segment.tag
    names = LABELS.get(tag, {})
    start, lead = 1, ""
    if tag in QUALIFIED:
        start, lead = 2, _word(tag, 1, segment.get(1))
    for at, text in enumerate(elements[start:], start):
        if not text.strip() or (tag, at) in SILENT:
            continue
        told = value(tag, at, text)
        name = names.get(at, f"{at:02d}")
        if lead:
            name, lead = f"{lead}: {name}" if tag in ("N1", "NM1") else f"{lead} {name}", ""
        yield f"{name.rstrip()} {told}".strip()
    if lead:
        yield lead


def value(tag: str, at: int, text: str) -> str:
    """One value as a person reads it: a code behind its word, a date with dashes."""
    if (tag, at) in DATE_ELEMENTS:
        return _DAY.sub(r"\1-\2-\3", text.replace("-", " to ", 1))
    return _word(tag, at, text.strip())


def _word(tag: str, at: int, text: str) -> str:
    known = CODES.get((tag, at), {}).get(text)
    return f"{known} ({text})" if known else text
