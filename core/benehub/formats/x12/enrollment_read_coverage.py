"""Reading loop 2300 of an 834. What has no field in the records is kept in `extra`, whole.

Thousands of members have the same line from the same day: a coverage that was read before is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benehub.errors import FormatError
from benehub.formats.x12.body import Body
from benehub.formats.x12.enrollment_coverage import Card, Coverage
from benehub.formats.x12.enrollment_insurance import OtherInsurance
from benehub.formats.x12.enrollment_provider import Provider
from benehub.formats.x12.kernel import Delimiters, Elements, Segment, as_written, neutral_segment
from benehub.formats.x12.parts import Amount, Dated, Period, Reference
from benehub.formats.x12.quick import quick
from benehub.formats.x12.values import read_amount, read_date, read_range

_coverage = quick(Coverage)
_REMEMBERED = 2_048
_REMEMBERED_CHARACTERS = 500
_UNUSED = (1, 5, 6, 7)
"""HD02 and HD06 to HD08, counted from HD01 = 0."""


def misplaced(position: int, tag: str, what: str) -> FormatError:
    """The error of a segment that says more than the guide has a place for: nothing is dropped in silence."""
    return FormatError(
        what,
        where=f"segment {position} ({tag})",
        mend="Ask the sender to leave it out, or to send it where the guide has it",
        position=position,
    )


def loops_in(segments: Sequence[Segment], opens: Callable[[Segment], bool]) -> Iterator[list[Segment]]:
    """Segments in groups: each that `opens` says yes to begins one; what comes before the first is one too."""
    loop: list[Segment] = []
    for segment in segments:
        if loop and opens(segment):
            yield loop
            loop = []
        loop.append(segment)
    if loop:
        yield loop


def same(written: Sequence[Elements], loop: Sequence[Segment], marks: Delimiters) -> bool:
    """Whether a record writes to the letter what was read, so that nothing is lost by taking it for the loop."""
    return as_written(written) == as_written([neutral_segment(segment, marks) for segment in loop])


class CoverageReader:
    """Reads the coverages of one transaction set."""

    def __init__(self, body: Body, marks: Delimiters) -> None:
        self._body = body
        self._marks = marks
        self._known: dict[str, Coverage] = {}

    def read(self, text: str, position: int) -> Coverage:
        """From the text after `HD*`; `position` is that of the HD.

        Raises:
            FormatError: a date, amount or segment that cannot be.
        """
        found = self._known.get(text)
        if found is None:
            found = self._read(text, position)
            if len(text) <= _REMEMBERED_CHARACTERS:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[text] = found
        return found

    def _read(self, text: str, position: int) -> Coverage:
        separator = self._marks.element
        lines = text.split(self._marks.terminator)
        head = lines[0].split(separator)
        if len(head) > 5 and (len(head) > 9 or any(head[at] for at in _UNUSED if at < len(head))):
            raise misplaced(position, "HD", "HD has an element that the guide does not use")
        head += [""] * (9 - len(head))
        dates: list[Dated] = []
        periods: list[Period] = []
        amounts: list[Amount] = []
        references: list[Reference] = []
        inner: list[Segment] = []
        for at, line in enumerate(lines[1:], position + 1):
            elements = line.split(separator)
            tag, size = elements[0], len(elements)
            if inner:
                inner.append(Segment(at, elements))
            elif tag == "DTP" and size == 4 and elements[2] == "D8":
                dates.append((elements[1], read_date(elements[3], at, "DTP03")))
            elif tag == "REF" and size == 3:
                references.append((elements[1], elements[2]))
            elif tag == "AMT" and size == 3:
                amounts.append((elements[1], read_amount(elements[2], at, "AMT02")))
            elif tag == "DTP" and size == 4 and elements[2] == "RD8":
                periods.append((elements[1], *read_range(elements[3], at, "DTP03")))
            else:
                inner.append(Segment(at, elements))
        cards, providers, others, extra = self._inner(inner) if inner else ((), (), (), ())
        return _coverage(
            head[0], head[2], head[3], head[4], tuple(dates), tuple(references), tuple(amounts), head[8],
            tuple(periods), cards, providers, others, extra,
        )  # fmt: skip

    def _inner(
        self, segments: Sequence[Segment]
    ) -> tuple[tuple[Card, ...], tuple[Provider, ...], tuple[OtherInsurance, ...], tuple[Elements, ...]]:
        marks = self._marks
        cards: list[Card] = []
        providers: list[Provider] = []
        others: list[OtherInsurance] = []
        extra: list[Elements] = []
        for loop in loops_in(segments, lambda segment: segment.tag in ("IDC", "LX", "COB")):
            tag = loop[0].tag
            if tag == "IDC" and same([(card := Card.read(loop[0])).segment()], loop, marks):
                cards.append(card)
            elif tag == "LX" and (provider := self._provider(loop, len(providers) + 1)):
                providers.append(provider)
            elif tag == "COB" and (other := self._other(loop)):
                others.append(other)
            else:
                for segment in loop:
                    self._body.data(segment.elements, segment.position)
                    extra.append(neutral_segment(segment, marks))
        return tuple(cards), tuple(providers), tuple(others), tuple(extra)

    def _provider(self, loop: Sequence[Segment], place: int) -> Provider | None:
        if any(segment.tag == "NM1" for segment in loop):
            provider = Provider.read(loop, place)
            if same(provider.segments(place), loop, self._marks):
                return provider
        return None

    def _other(self, loop: Sequence[Segment]) -> OtherInsurance | None:
        other = OtherInsurance.read(loop, self._marks)
        return other if same(other.segments(), loop, self._marks) else None
