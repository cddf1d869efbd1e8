"""Reading an 834: the head at once, the members one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benehub.errors import FormatError
from benehub.formats.x12.body import Loop
from benehub.formats.x12.enrollment_head import Broker, Enrollment834
from benehub.formats.x12.enrollment_read_member import MemberReader
from benehub.formats.x12.enrollment_records import Member
from benehub.formats.x12.envelope import TransactionSet, read_sets
from benehub.formats.x12.kernel import Elements, Segment, Source, neutral_segment
from benehub.formats.x12.parts import Dated, Party, read_dated
from benehub.formats.x12.values import read_date, read_number


@dataclass(frozen=True, slots=True)
class Received834:
    """One transaction set of a file: its envelope, its head, and its members (to be read once)."""

    envelope: TransactionSet
    enrollment: Enrollment834
    members: Iterator[Member]


def parse(source: Source) -> Iterator[Received834]:
    """The 834 sets of a file; each set's members have to be read before the next set is asked for.

    Raises:
        FormatError: a broken envelope, a set that is no 834, a head or member that cannot be read.
    """
    for one in read_sets(source):
        if one.guide.transaction != "834":
            raise FormatError(
                f"transaction set {one.guide.transaction} is no 834",
                where=f"segment {one.first} (ST)",
                mend="Give it to the reader of its kind",
                position=one.first,
            )
        loops = one.segments.loops("INS")
        yield Received834(one, _head(next(loops), one), _members(loops, one))


def _members(loops: Iterator[Loop], one: TransactionSet) -> Iterator[Member]:
    return map(MemberReader(one.segments, one.interchange.delimiters).read, loops)


def _head(loop: Loop, one: TransactionSet) -> Enrollment834:
    marks = one.interchange.delimiters
    lines = loop.text.split(marks.terminator) if loop.text else []
    head = _Head(one)
    for at, line in enumerate(lines, loop.position):
        segment = Segment(at, line.split(marks.element))
        one.segments.data(segment.elements, at)
        head.take(segment)
    return head.enrollment()


class _Head:
    """What is gathered of the head while its segments pass."""

    def __init__(self, one: TransactionSet) -> None:
        self._one = one
        self._bgn: Segment | None = None
        self._policy = ""
        self._dates: list[Dated] = []
        self._totals: list[tuple[str, int]] = []
        self._parties: dict[str, Party] = {}
        self._brokers: list[Broker] = []
        self._extra: list[Elements] = []

    def take(self, segment: Segment) -> None:
        """Put a segment in its place; what has none goes to `extra`."""
        tag, qualifier, size = segment.tag, segment.get(1), len(segment.elements)
        if tag == "BGN" and self._bgn is None and size == 9 and not segment.get(7):
            self._bgn = segment
        elif tag == "REF" and qualifier == "38" and size == 3 and not self._policy:
            self._policy = segment.get(2)
        elif tag == "DTP" and segment.get(2) == "D8" and size == 4:
            self._dates.append(read_dated(segment))
        elif tag == "QTY" and size == 3 and (count := read_number(segment.get(2))) is not None:
            self._totals.append((qualifier, count))
        elif tag == "N1" and qualifier in ("P5", "IN") and size <= 5 and qualifier not in self._parties:
            self._parties[qualifier] = Party.read(segment)
        elif tag == "N1" and qualifier in ("BO", "TV") and size <= 5:
            self._brokers.append(Broker(qualifier, Party.read(segment)))
        elif tag == "ACT" and self._brokers and not self._brokers[-1].account and self._is_account(segment):
            last = self._brokers[-1]
            self._brokers[-1] = Broker(last.role, last.party, qualifier, segment.get(6))
        else:
            self._extra.append(neutral_segment(segment, self._one.interchange.delimiters))

    @staticmethod
    def _is_account(segment: Segment) -> bool:
        return len(segment.elements) <= 7 and not any(segment.elements[2:6])

    def enrollment(self) -> Enrollment834:
        """The head as a record.

        Raises:
            FormatError: it lacks a segment that every 834 has.
        """
        bgn = self._bgn
        if bgn is None or not {"P5", "IN"} <= set(self._parties):
            first = self._one.first
            raise FormatError(
                "the head of the 834 lacks BGN, N1*P5 or N1*IN",
                where=f"segment {first} (ST)",
                mend="Ask the sender for a complete file",
                position=first,
            )
        return Enrollment834(
            reference=bgn.get(2),
            created=read_date(bgn.get(3), bgn.position, "BGN03"),
            action=bgn.get(8),
            sponsor=self._parties["P5"],
            payer=self._parties["IN"],
            purpose=bgn.get(1),
            time=bgn.get(4),
            zone=bgn.get(5),
            original_reference=bgn.get(6),
            policy=self._policy,
            dates=tuple(self._dates),
            totals=tuple(self._totals),
            brokers=tuple(self._brokers),
            extra=tuple(self._extra),
        )
