"""Checks over the members of an 834 that no guide table holds: totals, families, dates and codes against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from benehub.formats.x12.enrollment_records import FULL
from benehub.formats.x12.findings import Finding, Scope
from benehub.formats.x12.guide_match import is_day
from benehub.formats.x12.kernel import Segment
from benehub.formats.x12.seen import Seen
from benehub.formats.x12.values import read_date

_SPANS = {
    "2000": (
        ("356", "357", "eligibility"), ("336", "337", "employment"), ("340", "341", "COBRA"),
        ("338", "339", "Medicare"), ("350", "351", "education"), ("385", "386", "credited service"),
        ("473", "474", "Medicaid"),
    ),
    "2200": (("360", "361", "disability"),),
    "2300": (("348", "349", "coverage"),),
    "2320": (("344", "345", "other insurance"),),
}  # fmt: skip
"""Loop -> first and last day that belong together, and of what."""

_PARTNERS = {
    (loop, one): (begin, end, what)
    for loop, spans in _SPANS.items()
    for begin, end, what in spans
    for one in (begin, end)
}
_OPENS = {"INS": "2000", "DSB": "2200", "HD": "2300", "COB": "2320"}
_AGAIN = ("15", "22")
"""BGN01 of a file that was sent before."""

_ENDED = "024"
_ENDS_ONLY = frozenset({"024", "002", "032"})
_MEND = "Correct it at the source and write the file anew"


class Checker834:
    """Fed the segments between ST and SE after the walk along the guide has placed them in `scope`."""

    watched = frozenset({"BGN", "QTY", "INS", "REF", "DTP", "NM1", "HD", "DSB", "COB", "LX", "LS"})

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._full = False
        self._told: dict[str, Segment] = {}
        self._counts = {"TO": 0, "ET": 0, "DT": 0}
        self._member: Segment | None = None
        self._coverage: Segment | None = None
        self._covered = ""
        self._referred = False
        self._dates: dict[tuple[str, str], Segment] = {}
        self._subscribers = Seen()
        self._early: dict[str, Segment] = {}
        self._ids = Seen()
        self._lines = 0

    def feed(self, segment: Segment) -> Iterator[Finding] | tuple[Finding, ...]:
        """Findings that the next segment brings to light; only those of `watched` tell anything."""
        tag, loop = segment.elements[0], self._scope.loop
        if tag == "DTP":
            return self._date(segment, loop)
        if tag == "REF":
            return self._reference(segment) if loop == "2000" else ()
        if tag == "INS":
            return self._open_member(segment)
        if tag == "HD":
            return self._open_coverage(segment)
        if tag == "NM1":
            return self._identity(segment) if loop == "2100A" else ()
        if tag == "LX":
            return self._line(segment)
        if tag == "QTY":
            self._told[segment.get(1)] = segment
        elif tag == "BGN":
            return self._begin(segment)
        elif tag == "LS":
            self._lines = 0
        else:
            self._forget(_OPENS[tag])
        return ()

    def finish(self, trailer: Segment) -> Iterator[Finding]:
        """Findings about the whole set."""
        yield from self._close_coverage()
        for code, segment in self._told.items():
            told = segment.get(2)
            if code in self._counts and not (told.isdecimal() and int(told) == self._counts[code]):
                text = f"QTY*{code} does not count the members: there are {self._counts[code]}"
                yield self._found(segment, "totals", text, element=2)
        for number, segment in self._early.items():
            self._scope.member = number
            text = "a dependent without his subscriber in a full file"
            yield self._found(segment, "dependent-without-subscriber", text, element=2)

    def _found(
        self, segment: Segment, code: str, text: str, mend: str = _MEND, element: int = 0, ik: str = ""
    ) -> Finding:
        return self._scope.found(segment, code, text, mend, element, ik=ik)

    def _forget(self, loop: str) -> None:
        self._dates = {key: one for key, one in self._dates.items() if key[0] != loop}

    def _begin(self, segment: Segment) -> Iterator[Finding]:
        self._full = segment.get(8) == FULL
        if segment.get(1) in _AGAIN and not segment.get(6):
            text = "BGN06 is empty: a resubmission or copy names the file it repeats"
            yield self._found(segment, "required", text, element=6, ik="2")

    def _open_member(self, segment: Segment) -> Iterator[Finding]:
        yield from self._close_coverage()
        self._member, self._referred = segment, False
        self._dates = {}
        told, himself = segment.get(1), segment.get(2) == "18"
        subscriber = told == "Y" or (told != "N" and himself)
        self._counts["TO"] += 1
        self._counts["ET" if subscriber else "DT"] += 1
        if subscriber != himself:
            yield self._found(segment, "relationship", "INS01 and INS02 disagree: 18 is for a subscriber", element=2)
        if segment.get(5) == "C" and not segment.get(7):
            text = "COBRA status (INS05 C) without its event (INS07)"
            yield self._found(segment, "cobra-event", text, element=7, ik="2")

    def _open_coverage(self, segment: Segment) -> Iterator[Finding]:
        yield from self._close_coverage()
        self._coverage, self._lines = segment, 0
        self._covered = self._scope.member
        self._forget("2300")
        member = self._member
        if member and member.get(3) == _ENDED and segment.get(1) not in _ENDS_ONLY:
            text = "INS03 ends the member, HD01 does not end the coverage"
            yield self._found(segment, "contradiction", text, "End the coverage too, or only one line of it", 1)

    def _close_coverage(self) -> Iterator[Finding]:
        head, self._coverage = self._coverage, None
        if head and head.get(1) == _ENDED and ("2300", "349") not in self._dates:
            text = "HD01 024 without end date (DTP*349)"
            found = self._scope.found(head, "end-missing", text, _MEND, ik="I6", loop="2300")
            # The walk may be at the next member by now.
            yield replace(found, member=self._covered)

    def _reference(self, segment: Segment) -> Iterator[Finding] | tuple[Finding, ...]:
        late, self._referred = self._referred, True
        if segment.get(1) != "0F":
            return ()
        if not self._scope.member:
            self._scope.member = segment.get(2)
            return self._family(segment, late)
        return ()

    def _family(self, segment: Segment, late: bool) -> Iterator[Finding]:
        number = segment.get(2)
        if late:
            text = "the subscriber number (REF*0F) is not the first REF of its member"
            yield self._found(segment, "reference-order", text, "Write REF*0F first", 1)
        if self._member and self._member.get(1) == "Y":
            if not self._full:
                return
            if number in self._subscribers:
                yield self._found(segment, "duplicate", "the same subscriber stands twice in a full file", element=2)
            self._subscribers.add(number)
            if early := self._early.pop(number, None):
                text = "a dependent comes before his subscriber"
                yield self._found(early, "dependent-before-subscriber", text, "Sort by family", 2)
        elif self._full and number not in self._subscribers:
            self._early.setdefault(number, segment)

    def _identity(self, segment: Segment) -> Iterator[Finding]:
        text = segment.get(9)
        if not self._full or segment.get(8) != "34" or not (text.isascii() and text.isdecimal()):
            return
        if text in self._ids:
            yield self._found(segment, "duplicate", "the same SSN stands twice in a full file", element=9)
        self._ids.add(text)

    def _date(self, segment: Segment, loop: str) -> tuple[Finding, ...]:
        key = (loop, segment.get(1))
        if key in self._dates or segment.get(2) == "RD8":
            return ()
        self._dates[key] = segment
        span = _PARTNERS.get(key)
        if span is None:
            return ()
        begin, end = self._dates.get((loop, span[0])), self._dates.get((loop, span[1]))
        if begin is None or end is None or not self._ends_early(begin.get(3), end.get(3), loop):
            return ()
        text = f"{span[2]} ends (DTP*{span[1]}) before it begins (DTP*{span[0]})"
        return (self._found(end, "end-before-begin", text, element=3, ik="8"),)

    def _ends_early(self, begin: str, end: str, loop: str) -> bool:
        if end >= begin or not (is_day(begin) and is_day(end)):
            return False
        # Cover that never took effect is told by some carriers with the day before its first day.
        ends_only = loop == "2300" and self._coverage is not None and self._coverage.get(1) in _ENDS_ONLY
        return not (ends_only and read_date(end) + timedelta(days=1) == read_date(begin))

    def _line(self, segment: Segment) -> Iterator[Finding]:
        self._lines += 1
        if segment.get(1) != str(self._lines):
            yield self._found(segment, "line-number", "LX01 does not count 1, 2, 3, ...", element=1)
