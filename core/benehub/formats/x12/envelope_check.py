"""The envelope checker: order, counts and control numbers of ISA/GS/ST..SE/GE/IEA, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.formats.x12.findings import Finding
from benehub.formats.x12.kernel import Delimiters, Segment
from benehub.formats.x12.seen import Seen
from benehub.formats.x12.values import read_number

ENVELOPE_TAGS = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA", "TA1"})

PAIRS = {"BE": ("834",), "RA": ("820",), "FA": ("999", "997")}
"""GS01 -> ST01 of the guides we speak."""

_COUNT = {"SE": "4", "GE": "5", "IEA": "021"}
_CONTROL = {"SE": "3", "GE": "4", "IEA": "001"}
_MISSING = {"SE": "2", "GE": "3", "IEA": "023"}

_PARENT = {"GS": "ISA", "ST": "GS", "SE": "ST", "GE": "GS", "IEA": "ISA"}
_OPENS = {"ISA", "GS", "ST"}


class EnvelopeChecker:
    """Fed every segment of a file in order, it says what is wrong with the envelope.

    Counts that disagree, control numbers that differ between head and trailer or repeat, GS08 against ST03,
    GS01 against ST01, segments outside a set, a second ISA with other delimiters, what is missing at the end.
    """

    def __init__(self, delimiters: Delimiters) -> None:
        self._delimiters = delimiters
        self._open: list[Segment] = []
        self._segments = 0
        self._sets = 0
        self._groups = 0
        self._seen = {"GS": Seen(), "ST": Seen()}
        self._last = 0

    def feed(self, segment: Segment) -> Iterator[Finding] | tuple[()]:
        """Findings about the next segment."""
        self._segments += 1
        self._last = segment.position
        if segment.elements[0] in ENVELOPE_TAGS:
            return self._envelope(segment)
        if self._open and self._open[-1].elements[0] == "ST":
            return ()
        return iter((_finding(segment, "envelope-order", "data outside a transaction set"),))

    def passed(self, count: int, last: int) -> None:
        """Count segments of a set that were read elsewhere; `last` is the position of the last of them."""
        self._segments += count
        self._last = last

    def finish(self) -> Iterator[Finding]:
        """Findings about what never came."""
        trailers = {"ISA": "IEA", "GS": "GE", "ST": "SE"}
        for head in reversed(self._open):
            tag = trailers[head.tag]
            yield Finding(
                self._last + 1,
                tag,
                "envelope-missing",
                f"the file ends without {tag}",
                "Get the whole file again from its sender",
                ik=_MISSING[tag],
            )

    def _envelope(self, segment: Segment) -> Iterator[Finding]:
        tag = segment.tag
        inside = self._open[-1].tag if self._open else ""
        if tag == "TA1":
            if inside != "ISA":
                yield _finding(segment, "envelope-order", "TA1 is not between ISA and GS")
            return
        if inside != _PARENT.get(tag, ""):
            yield _finding(segment, "envelope-order", f"{tag} comes where it cannot")
            if not self._realign(tag):
                return
        if tag in _OPENS:
            yield from self._begin(segment)
        elif self._open:
            yield from self._end(segment, self._open.pop())

    def _realign(self, tag: str) -> bool:
        # After a missing trailer the walk goes on at the level that fits, so one fault is one finding.
        parent = _PARENT.get(tag, "")
        if parent and all(head.tag != parent for head in self._open):
            return False
        while self._open and self._open[-1].tag != parent:
            self._open.pop()
        return True

    def _begin(self, segment: Segment) -> Iterator[Finding]:
        tag = segment.tag
        if tag == "ISA":
            self._groups, self._seen["GS"] = 0, Seen()
            if self._changes_delimiters(segment):
                yield _finding(segment, "envelope-order", "a second ISA uses other delimiters")
        elif tag == "GS":
            self._groups += 1
            self._sets = 0
            self._seen["ST"] = Seen()
            yield from self._unique(segment, 6, "GS06", "19")
        else:
            self._sets += 1
            self._segments = 1
            yield from self._unique(segment, 2, "ST02", "23")
            yield from self._guide(segment)
        self._open.append(segment)

    def _changes_delimiters(self, segment: Segment) -> bool:
        repetition = "" if segment.get(11).isalnum() else segment.get(11)
        return (segment.get(16), repetition) != (self._delimiters.component, self._delimiters.repetition)

    def _unique(self, segment: Segment, place: int, name: str, ik: str) -> Iterator[Finding]:
        seen, number = self._seen[segment.tag], segment.get(place)
        if number in seen:
            yield _finding(segment, "envelope-duplicate", f"{name} is used twice", place, ik)
        seen.add(number)

    def _guide(self, segment: Segment) -> Iterator[Finding]:
        group = self._open[-1] if self._open else segment
        if segment.get(3) and group.tag == "GS" and segment.get(3) != group.get(8):
            yield _finding(segment, "envelope-guide", "ST03 differs from GS08", 3, "I6")
        if group.get(1) in PAIRS and segment.get(1) not in PAIRS[group.get(1)]:
            yield _finding(segment, "envelope-guide", "ST01 does not belong in a group of this GS01", 1, "1")

    def _end(self, segment: Segment, head: Segment) -> Iterator[Finding]:
        tag = segment.tag
        count, number, counted = {
            "SE": (self._segments, head.get(2), "segments"),
            "GE": (self._sets, head.get(6), "transaction sets"),
            "IEA": (self._groups, head.get(13), "groups"),
        }[tag]
        told, closing = segment.get(1), segment.get(2)
        if read_number(told) != count:
            text = f"{tag}01 does not count the {counted}: there are {count}"
            yield _finding(segment, "envelope-count", text, 1, _COUNT[tag])
        same = closing == number if tag == "SE" else _number(closing) == _number(number)
        if not same:
            text = f"{tag}02 differs from the control number of {head.tag}"
            yield _finding(segment, "envelope-control", text, 2, _CONTROL[tag])


def _number(text: str) -> str:
    return text.lstrip("0") if text.isdecimal() else text


def _finding(segment: Segment, code: str, text: str, element: int = 0, ik: str = "") -> Finding:
    mend = "Ask the sender to write the file anew"
    return Finding(segment.position, segment.tag, code, text, mend, element=element, ik=ik)
