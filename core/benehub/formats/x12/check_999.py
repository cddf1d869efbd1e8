"""Checks over a 999 that no guide table holds: its verdicts against its errors, its counts against its sets."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.formats.x12.findings import Finding, Scope
from benehub.formats.x12.kernel import Segment

_MEND = "Ask the partner for the acknowledgement again"
_ACCEPTED = ("A", "E")
_ELEMENT_ERRORS = "8"
"""IK304 of a segment whose elements are wrong."""

_TRIGGER = "SITUATIONAL TRIGGER"
"""CTX01 of what made a segment or element necessary; any other names the business unit, e.g. a member."""

_GUIDES = {"BE": "005010X220", "RA": "005010X218", "FA": "005010X231"}
"""AK101 -> what AK103 begins with."""


class Checker999:
    """Fed the segments between ST and SE after the walk along the guide has placed them in `scope`."""

    watched = frozenset({"AK1", "AK2", "IK3", "IK4", "CTX", "IK5", "AK9"})

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._sets = 0
        self._accepted = 0
        self._verdicts = 0
        self._errors = 0
        self._error: Segment | None = None
        self._elements = 0
        self._units = 0

    def feed(self, segment: Segment) -> Iterator[Finding]:
        """Findings that the next segment brings to light."""
        tag = segment.elements[0]
        if tag == "AK1":
            guide = _GUIDES.get(segment.get(1), "")
            if not segment.get(3).startswith(guide):
                yield self._found(segment, "ack-guide", "AK103 is no guide of the group in AK101", 3)
        elif tag == "AK2":
            self._sets, self._errors, self._error = self._sets + 1, 0, None
        elif tag == "IK3":
            yield from self._close_error()
            self._error, self._elements, self._units = segment, 0, 0
            self._errors += 1
        elif tag == "IK4" and self._error:
            self._elements += 1
            if segment.get(1).startswith("0"):
                yield self._found(segment, "ack-position", "IK401 counts elements from 1", 1)
        elif tag == "CTX":
            yield from self._context(segment)
        elif tag == "IK5":
            yield from self._close_error()
            yield from self._verdict(segment)
        elif tag == "AK9":
            yield from self._counts(segment)

    def finish(self, trailer: Segment) -> Iterator[Finding]:
        """Nothing is left to say at the end."""
        return iter(())

    def _found(self, segment: Segment, code: str, text: str, element: int = 0) -> Finding:
        return self._scope.found(segment, code, text, _MEND, element)

    def _close_error(self) -> Iterator[Finding]:
        error, self._error = self._error, None
        if error is None:
            return
        told = error.get(4) == _ELEMENT_ERRORS
        if told and not self._elements:
            yield self._found(error, "ack-errors", "IK304 8 without an element error (IK4)", 4)
        elif self._elements and not told:
            yield self._found(error, "ack-errors", "element errors (IK4) under an IK304 other than 8", 4)

    def _context(self, segment: Segment) -> Iterator[Finding]:
        if segment.get(1).startswith(_TRIGGER):
            for place in (2, 3):
                if not segment.get(place):
                    text = f"CTX{place:02d} is empty in a situational trigger"
                    yield self._found(segment, "required", text, place)
            return
        self._units += 1
        if self._elements:
            yield self._found(segment, "code", "the context of an element (IK4) is a situational trigger alone", 1)
        elif self._units > 1:
            yield self._found(segment, "too-often", "a segment error has one business unit (CTX) at most")

    def _verdict(self, segment: Segment) -> Iterator[Finding]:
        verdict = segment.get(1)
        self._verdicts += 1
        self._accepted += verdict in _ACCEPTED
        if verdict == "A" and self._errors:
            yield self._found(segment, "ack-verdict", "IK501 accepts without errors, errors stand above", 1)

    def _counts(self, segment: Segment) -> Iterator[Finding]:
        told = [segment.get(place) for place in (2, 3, 4)]
        if not all(one.isdecimal() for one in told):
            return  # The check of the elements has said so.
        received, accepted = int(told[1]), int(told[2])
        # A partner may leave the sets out that he took without errors.
        unnamed = received - self._sets
        if unnamed < 0:
            yield self._found(segment, "ack-count", f"AK903 is below the sets answered: {self._sets}", 3)
        elif self._verdicts == self._sets and not self._accepted <= accepted <= self._accepted + unnamed:
            yield self._found(segment, "ack-count", f"AK904 does not count the accepted sets: {self._accepted}", 4)
        verdict = segment.get(1)
        wrong = {
            "A": accepted != received,
            "E": accepted != received,
            "P": not 0 < accepted < received,
            "R": accepted > 0,
        }.get(verdict, False)
        if wrong and unnamed >= 0:
            yield self._found(segment, "ack-verdict", "AK901 does not agree with received and accepted sets", 1)
