"""Checks of one 834 or 820 segment on its own: codes, sizes, required elements, dates, amounts, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benehub.errors import FormatError
from benehub.formats.x12.codes import AMOUNTS, CODES, LENGTHS, REQUIRED
from benehub.formats.x12.findings import Finding
from benehub.formats.x12.kernel import Segment
from benehub.formats.x12.values import read_amount, read_date, read_range

_ODD = re.compile(r"[^ -~]")
_WATCHED = frozenset({*REQUIRED, *(tag for tag, _ in (*CODES, *LENGTHS)), "DTM"})
_BY_TAG_CODES = {tag: [(i, CODES[t, i]) for t, i in CODES if t == tag] for tag, _ in CODES}
_BY_TAG_LENGTHS = {tag: [(i, LENGTHS[t, i]) for t, i in LENGTHS if t == tag] for tag, _ in LENGTHS}
_BY_TAG_AMOUNTS = {
    tag: [int(name[-2:]) for name in sorted(AMOUNTS) if name[:-2] == tag] for tag in {name[:-2] for name in AMOUNTS}
}


def check_segment(segment: Segment, place: int) -> Iterator[Finding]:
    """What is wrong with a segment by itself; `place` counts from ST."""
    tag = segment.elements[0]

    def found(code: str, text: str, mend: str = "Correct it at the source") -> Finding:
        return Finding(segment.position, tag, code, text, mend, place)

    if any(_ODD.search(element) for element in segment.elements):
        yield found("character", "a control or non-ASCII character", "Write it through the character policy")
    if tag not in _WATCHED:
        return
    for index in REQUIRED.get(tag, ()):
        if not segment.get(index):
            yield found("required", f"{tag}{index:02d} is empty")
    for index, codes in _BY_TAG_CODES.get(tag, ()):
        if segment.get(index) and segment.get(index) not in codes:
            yield found("code", f"{tag}{index:02d} is no code of the guide")
    for index, (fewest, most) in _BY_TAG_LENGTHS.get(tag, ()):
        if segment.get(index) and not fewest <= len(segment.get(index)) <= most:
            yield found("length", f"{tag}{index:02d} has not {fewest} to {most} characters", "Shorten it")
    for index in _BY_TAG_AMOUNTS.get(tag, ()):
        if problem := _amount_error(segment, index):
            yield found("amount", problem)
    if tag in ("DTP", "DTM", "DMG", "INS") and (problem := _date_error(segment, tag)):
        yield found("date", problem)
    if tag == "NM1" and segment.get(8) == "34" and re.fullmatch(r"\d{9}", segment.get(9)) is None:
        yield found("ssn", "an SSN that is not nine digits", "Mend it at the source; never pad it")
    if tag == "ENT" and segment.get(3) == "34" and re.fullmatch(r"\d{9}", segment.get(4)) is None:
        yield found("ssn", "an SSN that is not nine digits", "Mend it at the source; never pad it")
    domestic = tag == "N4" and segment.get(4) in ("", "US")
    if domestic and re.fullmatch(r"(\d{5}(\d{4})?)?", segment.get(3)) is None:
        yield found("zip", "a US ZIP code of neither 5 nor 9 digits")


def _amount_error(segment: Segment, index: int) -> str:
    try:
        if segment.get(index):
            read_amount(segment.get(index))
    except FormatError as error:
        return f"{segment.tag}{index:02d}: {error.what}"
    return ""


def _date_error(segment: Segment, tag: str) -> str:
    try:
        if tag == "DTP":
            kind, text = segment.get(2), segment.get(3)
        elif tag == "DTM":
            kind, text = (segment.get(5), segment.get(6)) if segment.get(5) else ("D8", segment.get(2))
        elif tag == "DMG":
            kind, text = segment.get(1), segment.get(2)
        else:
            kind, text = segment.get(11), segment.get(12)
            if bool(kind) != bool(text):
                return "INS11 and INS12 (death) come together or not at all"
        if kind == "RD8":
            first, last = read_range(text)
            return "the range ends before it begins" if last < first else ""
        if kind or text:
            read_date(text)
    except FormatError as error:
        return error.what
    return ""
