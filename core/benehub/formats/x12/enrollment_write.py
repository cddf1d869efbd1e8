"""The members of an 834 as they are written: many together, and one by one where a character needs a closer look.

Looking at some dozens at once costs hardly more than looking at one, and few have anything odd in their names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benehub.errors import FormatError
from benehub.formats.x12.enrollment_head import FULL, Enrollment834
from benehub.formats.x12.enrollment_records import Member
from benehub.formats.x12.envelope import Block, Written
from benehub.formats.x12.lines import Lines
from benehub.formats.x12.seen import Seen
from benehub.formats.x12.writer import SegmentWriter

TOGETHER = 32
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
    full = enrollment.action == FULL
    seen = Seen()
    batch = _Batch(place)
    for member, number in zip(members, numbers, strict=False):
        count += 1
        if member.subscriber:
            subscribers += 1
            if full:
                seen.add(member.subscriber_number)
        elif full and member.subscriber_number not in seen:
            raise FormatError("a dependent comes before his subscriber", where=place(number), mend="Sort by family")
        batch.add(member, number)
        if len(batch.members) == TOGETHER:
            yield batch
            batch = _Batch(place)
    if not count:
        raise FormatError("an 834 without members", mend="Send nothing when there is nothing to say")
    actual = {"TO": count, "ET": subscribers, "DT": count - subscribers}
    if any(actual.get(code, told) != told for code, told in enrollment.totals):
        raise FormatError("the totals (QTY) are not those of the members", mend="Take them from totals_of(members)")
    if batch.members:
        yield batch


class _Batch:
    """Members who are written together."""

    def __init__(self, place: Place) -> None:
        self.members: list[Member] = []
        self._lines: Lines = []
        self._marks = self._last = 0
        self._place = place

    def add(self, member: Member, number: int) -> None:
        """One more, the `number`-th of the file."""
        self.members.append(member)
        self._last = number
        try:
            self._marks += member.write(self._lines)
        except FormatError as error:
            raise self._named(error, number) from error

    def written(self, writer: SegmentWriter) -> tuple[str, int]:
        """Their segments as text, and how many."""
        text = writer.lines(self._lines, self._marks)
        return self._closely(writer) if text is None else text, len(self._lines)

    def _closely(self, writer: SegmentWriter) -> str:
        first = self._last - len(self.members) + 1
        return "".join([self._one(writer, member, number) for number, member in enumerate(self.members, first)])

    def _one(self, writer: SegmentWriter, member: Member, number: int) -> str:
        lines: Lines = []
        text = writer.lines(lines, member.write(lines))
        if text is not None:
            return text
        try:
            return writer.block(member.segments())
        except FormatError as error:
            raise self._named(error, number) from error

    def _named(self, error: FormatError, number: int) -> FormatError:
        where = ", ".join(part for part in (self._place(number), error.where) if part)
        return FormatError(error.what, where=where, mend=error.mend)
