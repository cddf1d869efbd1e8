"""Checks of a whole X12 file that no grammar sees: totals, dates against each other, money that adds up.

`check` gives every finding of a file as a value; it never raises for what is wrong inside. A clean list is
what a file has to show before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from benehub.errors import FormatError
from benehub.formats.x12.check_820 import Checker820
from benehub.formats.x12.check_834 import Checker834
from benehub.formats.x12.check_segment import check_segment
from benehub.formats.x12.codes import KNOWN
from benehub.formats.x12.envelope_check import EnvelopeChecker
from benehub.formats.x12.findings import Finding
from benehub.formats.x12.kernel import Segment, SegmentReader, Source

__all__ = ["Finding", "check", "findings"]

MAX_FINDINGS = 1_000


def check(source: Source, limit: int = MAX_FINDINGS) -> list[Finding]:
    """The first `limit` findings of a file in order; empty for a file with nothing wrong."""
    return list(islice(findings(source), limit))


def findings(source: Source) -> Iterator[Finding]:
    """All findings of a file, while it is read."""
    try:
        yield from _walk(SegmentReader(source))
    except FormatError as error:
        yield Finding(error.position, "", "unreadable", error.what, error.mend)


def _walk(reader: SegmentReader) -> Iterator[Finding]:
    envelope = EnvelopeChecker(reader.delimiters)
    checker: Checker834 | Checker820 | None = None
    kind, first = "", 0
    for segment in reader:
        yield from envelope.feed(segment)
        tag = segment.elements[0]
        if tag == "ST":
            kind, first = segment.get(1), segment.position
            checker = _checker(kind, first)
        elif tag == "SE":
            yield from checker.finish(segment) if checker else ()
            checker, first = None, 0
        elif first:
            yield from _inside(segment, kind, first, checker)
    yield from envelope.finish()


def _inside(segment: Segment, kind: str, first: int, checker: Checker834 | Checker820 | None) -> Iterator[Finding]:
    place = segment.position - first + 1
    if kind in KNOWN and segment.tag not in KNOWN[kind]:
        yield Finding(
            segment.position,
            segment.tag,
            "unknown-segment",
            f"the {kind} has no segment {segment.tag}",
            "Remove it",
            place,
        )
    if kind in ("834", "820"):
        yield from check_segment(segment, place)
    if checker:
        yield from checker.feed(segment)


def _checker(kind: str, first: int) -> Checker834 | Checker820 | None:
    if kind == "834":
        return Checker834(first)
    return Checker820(first) if kind == "820" else None
