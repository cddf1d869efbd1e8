"""What stands between ST and SE while a file is read: its segments, or its loops as text.

A set of a million members is one loop after another. Handing a loop out whole, before it is taken apart, is
what makes reading typed records quick; the segments one by one are for everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from benehub.errors import FormatError
from benehub.formats.x12.envelope_check import ENVELOPE_TAGS
from benehub.formats.x12.kernel import Segment, SegmentReader, broken

MAX_LOOP_CHARACTERS = 2_000_000
"""Of one loop that is handed out whole: a member with all that the guide allows stays well below."""


class Loop(NamedTuple):
    """A loop as read: the position of its first segment, and its segments with terminators between them."""

    position: int
    text: str


class Body(Iterator[Segment]):
    """The segments of one transaction set, to be read once, in one of two ways."""

    def __init__(self, reader: SegmentReader) -> None:
        self.first = reader.position
        """The position of its ST."""
        self._reader = reader
        self._walk = self._segments()

    def __iter__(self) -> Iterator[Segment]:
        return self._walk

    def __next__(self) -> Segment:
        return next(self._walk)

    def _segments(self) -> Iterator[Segment]:
        reader, new = self._reader, tuple.__new__
        marks, known = reader.delimiters, set[str]()
        position = reader.position
        while text := reader.upto("SE"):
            for part in text[1:].split(marks.terminator):
                position += 1
                elements = part.split(marks.element)
                if elements[0] not in known:
                    self.data(elements, position)
                    known.add(elements[0])
                yield new(Segment, (position, elements))

    def loops(self, tag: str) -> Iterator[Loop]:
        """First what comes before the first segment `tag`, then each loop that a segment `tag` opens.

        The ids of the segments in a loop are not looked at: give those you do not know to `data`.

        Raises:
            FormatError: a loop of more than `MAX_LOOP_CHARACTERS`.
        """
        reader = self._reader
        end = reader.delimiters.terminator
        opening = f"{end}{tag}{reader.delimiters.element}"
        head, held, position = opening[1:], "", reader.position + 1
        first = True
        while text := reader.upto("SE"):
            pieces = (held + text).split(opening)
            held = pieces.pop()
            for piece in pieces:
                yield Loop(position, piece[1:] if first else head + piece)
                position += piece.count(end) + (not first)
                first = False
            if len(held) > MAX_LOOP_CHARACTERS:
                raise broken(position, f"a loop of more than {MAX_LOOP_CHARACTERS} characters")
        yield Loop(position, held[1:] if first else head + held)

    def data(self, elements: list[str], position: int) -> None:
        """Make sure that a segment may stand inside a set.

        Raises:
            FormatError: it is no proper segment, or one of the envelope.
        """
        self._reader.proper(elements, position)
        if elements[0] in ENVELOPE_TAGS:
            raise FormatError(
                f"{elements[0]} comes where it cannot",
                where=f"segment {position} ({elements[0]})",
                mend="Ask the sender to write the file anew",
                position=position,
            )

    def skip(self) -> int:
        """Leave the rest of the set unread; how many segments it had, ST not counted."""
        for _segment in self._walk:
            continue
        return self._reader.position - self.first
