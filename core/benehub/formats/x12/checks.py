"""Validates X12 files: each segment against its implementation guide, and what no guide table sees.

`check` gives every finding of a file as a value; it never raises for what is wrong inside. A clean list is
what a file has to show before it is sent. What is checked is told in docs/x12-validation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from benehub.errors import FormatError
from benehub.formats.x12.check_820 import Checker820
from benehub.formats.x12.check_834 import Checker834
from benehub.formats.x12.check_999 import Checker999
from benehub.formats.x12.check_envelope import EnvelopeElements
from benehub.formats.x12.envelope_check import ENVELOPE_TAGS, EnvelopeChecker
from benehub.formats.x12.findings import Finding, Scope
from benehub.formats.x12.guide_moves import machine
from benehub.formats.x12.guide_walk import Walker
from benehub.formats.x12.kernel import Delimiters, Segment, SegmentReader, Source

__all__ = ["Finding", "check", "check_files", "findings"]

MAX_FINDINGS = 1_000

Checker = Checker834 | Checker820 | Checker999

_CHECKERS: dict[str, type[Checker]] = {"834": Checker834, "820": Checker820, "999": Checker999}
_WALKED = frozenset({*_CHECKERS, "997"})


def check(source: Source, limit: int = MAX_FINDINGS) -> list[Finding]:
    """The first `limit` findings of a file by position; empty for a file with nothing wrong."""
    return _first(findings(source), limit)


def findings(source: Source) -> Iterator[Finding]:
    """All findings of a file, while it is read; what is missing is told when its loop ends."""
    return _findings(source, [])


def check_files(sources: Iterable[tuple[str, Source]], limit: int = MAX_FINDINGS) -> Iterator[tuple[str, Finding]]:
    """The findings of several files in order, `limit` of each, with the name of the file.

    Control numbers are held against each other too: an ISA13 that its sender has used towards the same receiver
    before is a file sent twice, or a number allocated twice.
    """
    seen: dict[tuple[str, ...], str] = {}
    for name, source in sources:
        heads: list[Segment] = []
        for one in _first(_findings(source, heads), limit):
            yield name, one
        for head in heads:
            key = tuple(head.get(place).strip() for place in (5, 6, 7, 8, 13))
            if key in seen:
                text = f"ISA13 was used before, in {seen[key]}"
                mend = "Send a file once; allocate the next number for another one"
                yield name, Finding(head.position, "ISA", "envelope-reuse", text, mend, element=13, ik="025")
            seen.setdefault(key, name)


def _first(found: Iterator[Finding], limit: int) -> list[Finding]:
    return sorted(islice(found, limit), key=lambda one: (one.position, one.element))


def _findings(source: Source, heads: list[Segment]) -> Iterator[Finding]:
    try:
        reader = SegmentReader(source)
    except FormatError as error:
        yield _unreadable(error)
        return
    walk = _Walk(reader, heads)
    try:
        for segment in reader:
            yield from walk.feed(segment)
    except FormatError as error:
        yield from walk.left()
        yield _unreadable(error)
    else:
        yield from walk.left()
        yield from walk.envelope.finish()


def _unreadable(error: FormatError) -> Finding:
    return Finding(error.position, "", "unreadable", error.what, error.mend)


class _Walk:
    """A file while it passes: the envelope, and in it one transaction set at a time."""

    def __init__(self, reader: SegmentReader, heads: list[Segment]) -> None:
        self._marks = reader.delimiters
        self._heads = heads
        self._elements = EnvelopeElements(reader.delimiters)
        self._set: _Set | None = None
        self.envelope = EnvelopeChecker(reader.delimiters)

    def feed(self, segment: Segment) -> Iterable[Finding]:
        """Findings about the next segment."""
        current = self._set
        if current is not None and segment.elements[0] not in ENVELOPE_TAGS:
            return current.feed(segment)
        return self._envelope(segment, current)

    def left(self) -> Iterable[Finding]:
        """What was found in a set that has no end."""
        current, self._set = self._set, None
        if current is None:
            return ()
        self.envelope.passed(current.last - current.scope.first, current.last)
        return current.waiting

    def _envelope(self, segment: Segment, current: _Set | None) -> Iterator[Finding]:
        tag = segment.elements[0]
        if tag == "SE" and current is not None:
            yield from current.finish(segment)
        yield from self.left()
        first = current.scope.first if tag == "SE" and current else 0
        if tag == "ISA":
            self._heads.append(segment)
        elif tag == "ST":
            self._set, first = _Set(segment, self._marks), segment.position
        yield from self.envelope.feed(segment)
        yield from self._elements.feed(segment, first)


class _Set:
    """A transaction set while it passes; what is found in a member waits until he is known."""

    def __init__(self, head: Segment, marks: Delimiters) -> None:
        kind = head.get(1)
        self.scope = Scope(head.position)
        self.last = head.position
        self._walker = Walker(machine(kind, marks), self.scope) if kind in _WALKED else None
        self._checker = _CHECKERS[kind](self.scope) if kind in _CHECKERS else None
        self._watched = self._checker.watched if self._checker else frozenset[str]()
        self._members = kind == "834"
        self.waiting: list[Finding] = []

    def feed(self, segment: Segment) -> Sequence[Finding]:
        """Findings about the next segment between ST and SE."""
        self.last = segment.position
        if self._walker is None:
            return ()
        tag = segment.elements[0]
        found = self._walker.feed(segment)
        if self._checker and tag in self._watched and (more := tuple(self._checker.feed(segment))):
            found = (*found, *more)
        if not found and not self.waiting:
            return found
        return self._told(found, tag)

    def finish(self, trailer: Segment) -> Iterator[Finding]:
        """Findings about the whole set; `trailer` is its SE."""
        if self._walker is not None:
            yield from self._told(tuple(self._walker.finish(trailer)), "SE")
        if self._checker is not None:
            yield from self._checker.finish(trailer)

    def _told(self, found: Sequence[Finding], tag: str) -> Sequence[Finding]:
        member, waiting = self.scope.member, self.waiting
        if tag in ("INS", "SE"):
            member, self.waiting = "", []
            if tag == "SE":
                return (*waiting, *found)
            # Only what is about the INS itself waits: the rest is about the member before.
            self.waiting = [one for one in found if one.segment == "INS"]
            return (*waiting, *(one for one in found if one.segment != "INS"))
        if self._members and not member and self.scope.loop.startswith("2"):
            self.waiting = [*waiting, *found]
            return ()
        self.waiting = []
        return (*(replace(one, member=member) for one in waiting), *found)
