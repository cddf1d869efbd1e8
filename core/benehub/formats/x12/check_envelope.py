"""Checks of the envelope's own elements: codes, widths, dates, the guide a group names, a TA1's verdict.

Order, counts and control numbers are the business of `envelope_check`, which readers ask too; what is here is
stricter than a reader has to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from benehub.formats.x12.findings import Finding, Scope
from benehub.formats.x12.guide_elements import ElementCheck
from benehub.formats.x12.guide_moves import machine
from benehub.formats.x12.kernel import Delimiters, Segment

VERSIONS = {
    "834": ("005010X220A1",),
    "820": ("005010X218",),
    "999": ("005010X231A1", "005010X231"),
}
"""ST01 -> the guides (GS08, ST03) its checks are made for."""

_KNOWN = frozenset({*VERSIONS, "997"})
_MEND = "Ask the sender to write the file anew"


class EnvelopeElements:
    """Fed the segments of the envelope, it says what is wrong inside each."""

    def __init__(self, marks: Delimiters) -> None:
        self._specs = {node.spec.tag: node.spec for node in machine("envelope", marks).nodes.values()}
        self._check = ElementCheck(marks)
        self._group: Segment | None = None

    def feed(self, segment: Segment, first: int) -> Iterator[Finding]:
        """Findings about a segment; `first` is the position of the ST it belongs to, 0 outside sets."""
        tag = segment.elements[0]
        spec = self._specs.get(tag)
        if spec is None:
            return
        # One after the segment, so that what is outside of a set counts as 0 inside it.
        scope = Scope(first or segment.position + 1)
        yield from self._check.findings(spec, segment, scope)
        if tag == "GS":
            self._group = segment
        elif tag == "ISA":
            for place in (6, 8):
                if not segment.get(place).strip():
                    yield scope.found(segment, "required", f"ISA{place:02d} is blank", _MEND, place)
        elif tag == "ST":
            yield from self._guide(segment, scope)
        elif tag == "TA1" and (segment.get(4) == "A") != (segment.get(5) == "000"):
            yield scope.found(segment, "ack-verdict", "TA104 and TA105 disagree: 000 is for A alone", _MEND, 5)

    def _guide(self, segment: Segment, scope: Scope) -> Iterator[Finding]:
        kind, group = segment.get(1), self._group
        if kind not in _KNOWN:
            yield scope.found(
                segment, "unknown-set", "ST01 is none of 834, 820, 999, 997", "Check it elsewhere", 1, ik="1"
            )
            return
        versions = VERSIONS.get(kind, ())
        if versions and not segment.get(3):
            yield scope.found(segment, "required", "ST03 is empty", _MEND, 3, ik="I6")
        if group is not None and versions and group.get(8) not in versions:
            text = f"GS08 is not {' or '.join(versions)}, the guide of an {kind}"
            yield Scope(group.position + 1).found(group, "envelope-guide", text, _MEND, 8, ik="2")
