"""The streaming X12 reader: delimiters from the ISA itself, one segment at a time, memory flat.

A file of any size is read in chunks; only the segment at hand is held. Positions are 1-based and count ISA.
"""

from __future__ import annotations

import io
import re
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
"""Of one segment; the longest a guide of ours allows has a few hundred."""

MAX_ELEMENTS = 100
"""Of one segment with its id: places of elements have two digits."""

MAX_REPETITIONS = 100
"""Of one element; the 834 allows ten."""

MAX_SEGMENTS = 500_000_000
"""Of one file: the families of some ten million employees."""

MAX_FILE_CHARACTERS = 16_000_000_000
"""Of one file; a reader that is fed for ever has to stop somewhere."""

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
    """Goes through a source once; `delimiters` are known from the start.

    Four ways to go on from where it stands, which may be mixed: iterate over `Segment`s, `rows()` for bare lists
    of elements (the quickest), `take()` for one segment, `upto()` for text that is not taken apart yet. A loop
    over the first two owns the chunk at hand: leave it only at its end.

    Raises:
        FormatError: no ISA, a segment without end, an empty or indented segment, a truncated last segment, or
            more than one of the limits of this module.
    """

    def __init__(self, source: Source) -> None:
        chunks = _chunks(source)
        head = _head(chunks)
        self.delimiters = Delimiters.of(head)
        self.position = 0
        """Of the segment that was handed out last."""
        self._chunks = chain((head,), chunks)
        # Whole segments, each with a terminator before it, are handed out from `_text`; `_rest` is what follows.
        end = self.delimiters.terminator
        self._rest, self._text, self._at, self._read = end, "", 0, 0
        self._breaks = re.compile(f"{re.escape(end)}[\r\n]+")
        self._tags: set[str] = set()

    def __iter__(self) -> Iterator[Segment]:
        new = tuple.__new__  # Half the price of the call of a named tuple.
        first = self.position + 1
        for position, elements in enumerate(self.rows(), first):
            yield new(Segment, (position, elements))

    def rows(self) -> Iterator[list[str]]:
        """The elements of each further segment as a list, the id first."""
        separator, tags = self.delimiters.element, self._tags
        while text := self.upto(""):
            for at, part in enumerate(text.split(self.delimiters.terminator)):
                if not at:
                    continue  # Before the first terminator stands nothing.
                elements = part.split(separator)
                if elements[0] not in tags or len(elements) > MAX_ELEMENTS:
                    self.proper(elements, self.position - text.count(self.delimiters.terminator) + at)
                yield elements

    def take(self) -> Segment | None:
        """The next segment; None at the end of the file."""
        if self._at >= len(self._text) and not self._load():
            return None
        start = self._at + 1
        end = self._text.find(self.delimiters.terminator, start)
        self._at = end if end >= 0 else len(self._text)
        self.position += 1
        elements = self._text[start : self._at].split(self.delimiters.element)
        self.proper(elements, self.position)
        return Segment(self.position, elements)

    def upto(self, tag: str) -> str:
        """Whole segments as text, each with a terminator before it, up to the next segment `tag`.

        No more than what is in memory is given; it is empty where that segment comes next, and at the end of
        the file. An empty tag stands for no segment.
        """
        if self._at >= len(self._text) and not self._load():
            return ""
        end, start = self.delimiters.terminator, self._at
        found = self._text.find(f"{end}{tag}{self.delimiters.element}", start) if tag else -1
        self._at = found if found >= 0 else len(self._text)
        text = self._text[start : self._at]
        self.position += text.count(end)
        return text

    def proper(self, elements: list[str], position: int) -> None:
        """Make sure that a segment has an id and is no longer than any guide has it.

        Raises:
            FormatError: it is empty, indented, has no proper id or too many elements.
        """
        tag = elements[0]
        if not (2 <= len(tag) <= 3 and tag.isalnum() and tag.isascii()):
            raise broken(position, "a segment is empty, indented or has no proper id")
        if len(elements) > MAX_ELEMENTS:
            raise broken(position, f"a segment has more than {MAX_ELEMENTS} elements")
        self._tags.add(tag)

    def _load(self) -> bool:
        """Read on until a whole segment is at hand; false at the end of the file."""
        end = self.delimiters.terminator
        for chunk in chain(("",), self._chunks):
            # Whole segments before an endless one have been handed out by now.
            if len(self._rest) > MAX_SEGMENT_CHARACTERS:
                raise broken(self.position + 1, "a segment has no terminator within the size limit")
            self._read += len(chunk)
            text = self._rest + chunk
            if "\n" in text or "\r" in text:
                text = self._breaks.sub(end, text)
            cut = text.rfind(end)
            self._text, self._rest, self._at = text[:cut], text[cut:], 0
            self._limits()
            if cut > 0:
                return True
        self._text, self._at = "", 0
        if self._rest[1:].strip():
            raise broken(self.position + 1, "the last segment has no terminator: the file is cut off")
        return False

    def _limits(self) -> None:
        end, text = self.delimiters.terminator, self._text
        # A segment over the limit would fill one of these windows whole; few are looked at more closely.
        window = MAX_SEGMENT_CHARACTERS // 2
        starts = range(0, len(text) - window, window)
        if any(text.find(end, at, at + window) < 0 for at in starts):
            for number, part in enumerate(text.split(end)):
                if len(part) > MAX_SEGMENT_CHARACTERS:
                    raise broken(self.position + number, f"a segment of more than {MAX_SEGMENT_CHARACTERS} characters")
        if self.position > MAX_SEGMENTS:
            raise broken(self.position, f"more than {MAX_SEGMENTS} segments")
        if self._read > MAX_FILE_CHARACTERS:
            raise broken(self.position, f"a file of more than {MAX_FILE_CHARACTERS} characters")


def rows(source: Source) -> Iterator[list[str]]:
    """The raw reader: every segment of a file as a list of its elements, the id first.

    Raises:
        FormatError: see `SegmentReader`.
    """
    return SegmentReader(source).rows()


def broken(position: int, what: str) -> FormatError:
    """The error of a file that cannot be what its sender wrote."""
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
    """An element of a file as a value without delimiters, so that another file's delimiters can carry it.

    Raises:
        FormatError: more than `MAX_REPETITIONS`.
    """
    if delimiters.repetition and delimiters.repetition in text:
        repeats = text.split(delimiters.repetition)
        if len(repeats) > MAX_REPETITIONS:
            raise FormatError(
                f"an element of more than {MAX_REPETITIONS} repetitions", mend="Ask the sender to mend it"
            )
        return tuple(tuple(repeat.split(delimiters.component)) for repeat in repeats)
    if delimiters.component in text:
        return tuple(text.split(delimiters.component))
    return text


def as_written(segments: Iterable[Elements]) -> list[Elements]:
    """Segments without the empty elements at their ends, which the writer leaves out too."""
    return [trimmed(one) for one in segments]


def trimmed(elements: Elements) -> Elements:
    """A segment without the empty elements at its end."""
    last = len(elements)
    while last > 1 and not elements[last - 1]:
        last -= 1
    return elements[:last]


def neutral_segment(segment: Segment, delimiters: Delimiters) -> Elements:
    """A whole segment so; for what a record keeps in `extra`."""
    return tuple(neutral(element, delimiters) for element in segment.elements)
