"""The members of an 834 as they are written: many together, and one by one where a character needs a closer look.

Looking at some dozens at once costs hardly more than looking at one, and few have anything odd in their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from benehub.errors import FormatError
from benehub.formats.x12.enrollment_head import FULL, Enrollment834
from benehub.formats.x12.enrollment_records import Member
from benehub.formats.x12.envelope import Block, Written
from benehub.formats.x12.lines import Lines
from benehub.formats.x12.seen import Seen
from benehub.formats.x12.writer import SegmentWriter

TOGETHER = 64
"""Members in memory at a time."""

Place = Callable[[int], str]
"""How the n-th member of a file is called in errors; never by a number of his that may be an SSN."""


def body(
    enrollment: Enrollment834, members: Iterable[Member], numbers: Iterator[int], place: Place
) -> Iterator[Block | Written]:
    """A transaction set without ST and SE; `numbers` counts the members of the whole file.

    Raises:
        FormatError: see `enrollment_834.render`.
    """
    yield list(enrollment.segments())
    count = subscribers = 0
    seen = Seen() if enrollment.action == FULL else None
    rest = iter(members)
    while some := list(islice(rest, TOGETHER)):
        first, *_ = islice(numbers, len(some))
        own = [member.subscriber_number for member in some if member.subscriber]
        if seen is not None:
            if len(own) < len(some):
                _families(some, first, seen, place)
            seen.update(own)
        count += len(some)
        subscribers += len(own)
        yield _Batch(some, first, place)
    if not count:
        raise FormatError("an 834 without members", mend="Send nothing when there is nothing to say")
    actual = {"TO": count, "ET": subscribers, "DT": count - subscribers}
    if any(actual.get(code, told) != told for code, told in enrollment.totals):
        raise FormatError("the totals (QTY) are not those of the members", mend="Take them from totals_of(members)")


def _families(members: Sequence[Member], first: int, seen: Seen, place: Place) -> None:
    """Hold in a full file that no dependent comes before his subscriber."""
    near: set[str] = set()
    for number, member in enumerate(members, first):
        if member.subscriber:
            near.add(member.subscriber_number)
        elif member.subscriber_number not in near and member.subscriber_number not in seen:
            raise FormatError("a dependent comes before his subscriber", where=place(number), mend="Sort by family")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Members who are written together; `first` is the number of the first in the file."""

    members: Sequence[Member]
    first: int
    place: Place

    def written(self, writer: SegmentWriter) -> tuple[str, int]:
        """Their segments as text, and how many."""
        lines: Lines = []
        marks = 0
        try:
            for member in self.members:
                marks += member.write(lines)
            text = writer.lines(lines, marks)
        except FormatError:
            text = None  # told again below, with the member's name
        return self._one_by_one(writer) if text is None else text, len(lines)

    def _one_by_one(self, writer: SegmentWriter) -> str:
        return "".join([self._one(writer, member, number) for number, member in enumerate(self.members, self.first)])

    def _one(self, writer: SegmentWriter, member: Member, number: int) -> str:
        lines: Lines = []
        try:
            text = writer.lines(lines, member.write(lines))
            return writer.block(member.segments()) if text is None else text
        except FormatError as error:
            where = ", ".join(part for part in (self.place(number), error.where) if part)
            raise FormatError(error.what, where=where, mend=error.mend) from error
