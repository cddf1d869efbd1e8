"""The streaming X12 reader: delimiters from the ISA itself, one segment at a time, memory flat.

A file of any size is read in chunks; only the segment at hand is held. Positions are 1-based and count ISA.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, TextIO

from benehub.errors import FormatError

ISA_LENGTH = 105
"""Characters of an ISA without its terminator."""

_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
CHUNK_CHARACTERS = 65_536
MAX_SEGMENT_CHARACTERS = 20_000
MAX_SEGMENTS = 20_000_000

Source = str | Iterable[str] | TextIO
"""What is read: the whole text, chunks of it, or an open text file."""

Element = str | tuple[str, ...] | tuple[tuple[str, ...], ...]
"""A simple element, a composite (tuple of components), or a repeated composite (tuple of tuples)."""

Elements = tuple[Element, ...]
"""A segment with its id first, free of any delimiter."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The four characters that part a file; `repetition` is empty in versions before 00402.

    Raises:
        FormatError: two are the same, or one could occur in a number, a date or an id.
    """

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    terminator: str = "~"

    def __post_init__(self) -> None:
        used = [c for c in (self.element, self.component, self.repetition, self.terminator) if c]
        if len(set(used)) != len(used):
            raise FormatError("two delimiters are the same character", mend="Choose four different ones")
        if any(len(c) != 1 or c.isalnum() or c in " .-+" or ord(c) > 126 for c in used):
            raise FormatError(
                "a delimiter is a letter, digit, blank, dot or sign", mend="Use e.g. * : ^ ~ as delimiters"
            )
        if not (self.element and self.component and self.terminator):
            raise FormatError("a delimiter is empty", mend="Use e.g. * : ^ ~ as delimiters")

    @classmethod
    def of(cls, head: str) -> Delimiters:
        """From the first 106 characters of a file.

        Raises:
            FormatError: the file does not open with a fixed-width ISA.
        """
        if not head.startswith("ISA"):
            raise FormatError(
                "the file does not begin with ISA",
                where="segment 1",
                mend="Remove a byte-order mark, blanks or text before ISA; check that it is X12 at all",
                position=1,
            )
        if len(head) <= ISA_LENGTH or any(head[at] != head[3] for at in _SEPARATORS):
            raise FormatError(
                f"the ISA is not {ISA_LENGTH} characters of fixed width",
                where="segment 1 (ISA)",
                mend="Ask the sender to pad every ISA element to its width",
                position=1,
            )
        repetition = "" if head[82].isalnum() else head[82]
        return cls(head[3], head[104], repetition, head[ISA_LENGTH])


class Segment(NamedTuple):
    """One segment as read: its 1-based position and its elements, the id first."""

    position: int
    elements: list[str]

    @property
    def tag(self) -> str:
        """The segment id."""
        return self.elements[0]

    def get(self, index: int) -> str:
        """Element `index` (1 is the first after the id), empty when the segment is shorter."""
        elements = self.elements
        return elements[index] if index < len(elements) else ""


class SegmentReader:
    """Iterates over the segments of a source once; `delimiters` are known from the start.

    Raises:
        FormatError: no ISA, a segment without end, an empty or indented segment, a truncated last segment.
    """

    def __init__(self, source: Source) -> None:
        self._chunks = _chunks(source)
        self._head = _head(self._chunks)
        self.delimiters = Delimiters.of(self._head)

    def __iter__(self) -> Iterator[Segment]:
        terminator, separator = self.delimiters.terminator, self.delimiters.element
        buffer, position = "", 0
        for chunk in chain((self._head,), self._chunks):
            parts = (buffer + chunk).split(terminator)
            buffer = parts.pop()
            for part in parts:
                text = part.lstrip("\r\n")
                if not text and terminator in "\r\n":
                    continue
                elements = text.split(separator)
                position += 1
                tag = elements[0]
                if not (2 <= len(tag) <= 3 and tag.isalnum() and tag.isascii()):
                    raise _broken(position, "a segment is empty, indented or has no proper id")
                yield Segment(position, elements)
            if len(buffer) > MAX_SEGMENT_CHARACTERS:
                raise _broken(position + 1, "a segment has no terminator within the size limit")
            if position > MAX_SEGMENTS:
                raise _broken(position, f"more than {MAX_SEGMENTS} segments")
        if buffer.strip():
            raise _broken(position + 1, "the last segment has no terminator: the file is cut off")


def _broken(position: int, what: str) -> FormatError:
    return FormatError(what, where=f"segment {position}", mend="Get the file again from its sender", position=position)


def _chunks(source: Source) -> Iterator[str]:
    if isinstance(source, str):
        return (source[at : at + CHUNK_CHARACTERS] for at in range(0, len(source), CHUNK_CHARACTERS))
    if isinstance(source, io.TextIOBase):
        return iter(lambda: source.read(CHUNK_CHARACTERS), "")
    return iter(source)


def _head(chunks: Iterator[str]) -> str:
    head = ""
    for chunk in chunks:
        head += chunk
        if len(head) > ISA_LENGTH:
            break
    return head


def neutral(text: str, delimiters: Delimiters) -> Element:
    """An element of a file as a value without delimiters, so that another file's delimiters can carry it."""
    if delimiters.repetition and delimiters.repetition in text:
        repeats = text.split(delimiters.repetition)
        return tuple(tuple(repeat.split(delimiters.component)) for repeat in repeats)
    if delimiters.component in text:
        return tuple(text.split(delimiters.component))
    return text


def neutral_segment(segment: Segment, delimiters: Delimiters) -> Elements:
    """A whole segment so; for what a record keeps in `extra`."""
    return tuple(neutral(element, delimiters) for element in segment.elements)
