"""Checks over the members of an 834: totals, families, dates against each other, codes against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from benehub.errors import FormatError
from benehub.formats.x12.enrollment_records import FULL
from benehub.formats.x12.findings import Finding
from benehub.formats.x12.kernel import Segment
from benehub.formats.x12.values import read_date

_SPANS = (("356", "357", "eligibility"), ("336", "337", "employment"), ("340", "341", "COBRA"))
_ENDED = "024"
_ENDS_ONLY = frozenset({"024", "002", "032"})
_MEND = "Correct it at the source and write the file anew"


@dataclass(slots=True)
class _Span:
    """A member, or one of his coverages, while its segments pass."""

    head: Segment
    dates: dict[str, date] = field(default_factory=dict)
    dated: bool = False


class Checker834:
    """Fed the segments between ST and SE; `first` is the position of ST."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._full = False
        self._told: dict[str, tuple[Segment, str]] = {}
        self._counts = {"TO": 0, "ET": 0, "DT": 0}
        self._member: _Span | None = None
        self._coverage: _Span | None = None
        self._number = ""
        self._named = False
        self._subscribers: set[str] = set()
        self._early: dict[str, Segment] = {}
        self._ids: set[str] = set()

    def feed(self, segment: Segment) -> Iterator[Finding]:
        """Findings that the next segment brings to light."""
        tag, qualifier = segment.elements[0], segment.get(1)
        if tag == "INS":
            yield from self._close_member()
            yield from self._open_member(segment)
        elif tag == "HD" and self._member:
            yield from self._close_coverage()
            self._coverage = _Span(segment)
            yield from self._contradiction(segment, self._member.head)
        elif tag == "DTP":
            self._date(segment)
        elif tag == "REF" and qualifier == "0F" and self._member and not self._number:
            self._number = segment.get(2)
            yield from self._family(segment)
        elif tag == "NM1" and qualifier in ("IL", "74") and self._member and not self._named:
            self._named = True
            yield from self._identity(segment)
        elif tag == "QTY":
            self._told[qualifier] = (segment, segment.get(2))
        elif tag == "BGN":
            self._full = segment.get(8) == FULL

    def finish(self, trailer: Segment) -> Iterator[Finding]:
        """Findings about the whole set."""
        yield from self._close_member()
        if not self._counts["TO"]:
            yield self._found(trailer, "no-member", "the 834 has no member", "Send nothing instead")
        for code, (segment, told) in self._told.items():
            if code in self._counts and told != str(self._counts[code]):
                text = f"QTY*{code} does not count the members: there are {self._counts[code]}"
                yield self._found(segment, "totals", text)
        if self._full:
            for number, segment in self._early.items():
                self._number = number
                text = "a dependent without his subscriber in a full file"
                yield self._found(segment, "dependent-without-subscriber", text)

    def _found(self, segment: Segment, code: str, text: str, mend: str = _MEND) -> Finding:
        place = segment.position - self._first + 1
        return Finding(segment.position, segment.tag, code, text, mend, place, self._number)

    def _open_member(self, segment: Segment) -> Iterator[Finding]:
        self._member, self._coverage = _Span(segment), None
        self._number, self._named = "", False
        subscriber = segment.get(1) == "Y"
        self._counts["TO"] += 1
        self._counts["ET" if subscriber else "DT"] += 1
        if subscriber != (segment.get(2) == "18"):
            yield self._found(segment, "relationship", "INS01 and INS02 disagree: 18 is for a subscriber")
        if segment.get(5) == "C" and not segment.get(7):
            yield self._found(segment, "cobra-event", "COBRA status (INS05 C) without its event (INS07)")

    def _family(self, segment: Segment) -> Iterator[Finding]:
        member = self._member
        if member and member.head.get(1) == "Y":
            self._subscribers.add(self._number)
            early = self._early.pop(self._number, None)
            if early and self._full:
                text = "a dependent comes before his subscriber"
                yield self._found(early, "dependent-before-subscriber", text, "Sort by family")
        elif self._number not in self._subscribers:
            self._early.setdefault(self._number, segment)

    def _identity(self, segment: Segment) -> Iterator[Finding]:
        identity = segment.get(9) if segment.get(8) == "34" else ""
        if self._full and identity and identity in self._ids:
            yield self._found(segment, "duplicate", "the same SSN stands twice in a full file")
        self._ids.add(identity)

    def _contradiction(self, segment: Segment, member: Segment) -> Iterator[Finding]:
        if member.get(3) == _ENDED and segment.get(1) not in _ENDS_ONLY:
            text = "INS03 ends the member, HD01 does not end the coverage"
            yield self._found(segment, "contradiction", text, "End the coverage too, or only one line of it")

    def _date(self, segment: Segment) -> None:
        span = self._coverage or self._member
        if span is None:
            return
        span.dated = True
        try:
            span.dates.setdefault(segment.get(1), read_date(segment.get(3)))
        except FormatError:
            return  # The check of the single segment has said so.

    def _close_member(self) -> Iterator[Finding]:
        yield from self._close_coverage()
        member, self._member = self._member, None
        if member is None:
            return
        if not self._number:
            yield self._found(member.head, "required", "a member without REF*0F (subscriber number)")
        if not self._named:
            yield self._found(member.head, "required", "a member without name (NM1*IL)")
        for begin, end, what in _SPANS:
            if begin in member.dates and end in member.dates and member.dates[end] < member.dates[begin]:
                text = f"{what} ends (DTP*{end}) before it begins (DTP*{begin})"
                yield self._found(member.head, "end-before-begin", text)

    def _close_coverage(self) -> Iterator[Finding]:
        coverage, self._coverage = self._coverage, None
        if coverage is None:
            return
        head, begin, end = coverage.head, coverage.dates.get("348"), coverage.dates.get("349")
        if not coverage.dated:
            yield self._found(head, "required", "a coverage without any date (DTP)")
        elif head.get(1) == _ENDED and end is None:
            yield self._found(head, "end-missing", "HD01 024 without end date (DTP*349)")
        # Cover that never took effect is told by some carriers with the day before its first day.
        slack = timedelta(days=1 if head.get(1) in _ENDS_ONLY else 0)
        if begin and end and end < begin - slack:
            yield self._found(head, "end-before-begin", "coverage ends (DTP*349) before it begins (DTP*348)")
