"""The envelope ISA/GS/ST..SE/GE/IEA: building it, and walking through it set by set.

Control numbers and the time stamp are handed in; they are allocated where a file's bytes are frozen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from benehub.errors import FormatError
from benehub.formats.x12.body import Body
from benehub.formats.x12.envelope_check import EnvelopeChecker
from benehub.formats.x12.kernel import Delimiters, Elements, Segment, SegmentReader, Source
from benehub.formats.x12.values import read_number, write_date
from benehub.formats.x12.writer import CharacterPolicy, SegmentWriter

QUALIFIERS = ("01", "14", "20", "27", "28", "29", "30", "33", "ZZ")
"""ISA05 and ISA07 as the health guides allow them."""

MAX_CONTROL = 999_999_999

Block = list[Elements]
"""Segments that are written together, which is quicker than one by one."""


class Written(Protocol):
    """Segments that write themselves, given the writer."""

    def written(self, writer: SegmentWriter) -> tuple[str, int]:
        """Their text with terminators, and how many they are."""
        ...


@dataclass(frozen=True, slots=True)
class Guide:
    """Which implementation guide a group follows: GS01, ST01, GS08 (= ST03)."""

    group: str
    transaction: str
    version: str


@dataclass(frozen=True, slots=True)
class Interchange:
    """Who sends what to whom, under which numbers; everything the envelope says beside its counts.

    Args:
        sender, receiver: ISA06 and ISA08, 2 to 15 characters.
        control: ISA13; `group_control` is GS06, `set_control` ST02 of the first set (later sets count on).
        created: stamp of ISA09/10 and GS04/05; only its minutes are written.
        usage: `T` test or `P` production.
        ack_requested: ISA14, asks for a TA1.
        application_sender, application_receiver: GS02 and GS03 where they differ from ISA06 and ISA08.

    Raises:
        FormatError: an id, qualifier, usage or number the envelope cannot carry.
    """

    sender: str
    receiver: str
    control: int
    group_control: int
    created: datetime
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    usage: str = "T"
    ack_requested: bool = False
    application_sender: str = ""
    application_receiver: str = ""
    set_control: int = 1
    delimiters: Delimiters = field(default_factory=Delimiters)
    line_breaks: bool = False

    def __post_init__(self) -> None:
        ids = (self.sender, self.receiver, self.group_sender, self.group_receiver)
        marks = re.escape("".join(_marks(self.delimiters)))
        if any(re.fullmatch(r"(?=\S.*\S$)[ -~]{2,15}", i) is None or re.search(f"[{marks}]", i) for i in ids):
            raise FormatError(
                "a sender or receiver id is not 2 to 15 plain characters", mend="Correct the partner profile"
            )
        if {self.sender_qualifier, self.receiver_qualifier} - set(QUALIFIERS) or self.usage not in ("T", "P"):
            raise FormatError(
                "a qualifier or usage is none the guides know",
                mend=f"Use one of {', '.join(QUALIFIERS)}, and T or P",
            )
        numbers = (self.control, self.group_control, self.set_control)
        if not all(1 <= number <= MAX_CONTROL for number in numbers):
            raise FormatError("a control number is not 1 to 999999999", mend="Allocate the next number")

    @property
    def group_sender(self) -> str:
        """GS02."""
        return self.application_sender or self.sender

    @property
    def group_receiver(self) -> str:
        """GS03."""
        return self.application_receiver or self.receiver


def _marks(delimiters: Delimiters) -> tuple[str, ...]:
    return delimiters.element, delimiters.component, delimiters.repetition, delimiters.terminator


def isa(interchange: Interchange, end: str) -> str:
    """The fixed-width ISA with its terminator `end`."""
    marks = interchange.delimiters
    parts = (
        "ISA", "00", " " * 10, "00", " " * 10,
        interchange.sender_qualifier, interchange.sender.ljust(15),
        interchange.receiver_qualifier, interchange.receiver.ljust(15),
        interchange.created.strftime("%y%m%d"), interchange.created.strftime("%H%M"),
        marks.repetition, "00501", f"{interchange.control:09d}",
        "1" if interchange.ack_requested else "0", interchange.usage, marks.component,
    )  # fmt: skip
    return marks.element.join(parts) + end


def write(
    interchange: Interchange,
    guide: Guide,
    sets: Iterable[Iterable[Elements | Block | Written]],
    policy: CharacterPolicy | None = None,
) -> Iterator[str]:
    """One interchange with one group, see `write_groups`."""
    return write_groups(interchange, ((guide, sets),), policy)


def write_groups(
    interchange: Interchange,
    groups: Iterable[tuple[Guide, Iterable[Iterable[Elements | Block | Written]]]],
    policy: CharacterPolicy | None = None,
) -> Iterator[str]:
    """One interchange with its groups; each set is its segments without ST and SE. Yields text of each.

    Groups are numbered on from `group_control`, the sets of the file from `set_control`.

    Raises:
        FormatError: from the character policy, or from the sets themselves; nothing that was yielded until
            then may be sent.
    """
    if not interchange.delimiters.repetition:
        raise FormatError("version 00501 needs a repetition delimiter", mend="Use e.g. ^")
    writer = SegmentWriter(interchange.delimiters, policy, line_breaks=interchange.line_breaks)
    # Ids, codes and numbers of the envelope are the partner's own spelling: never upper-cased.
    plain = SegmentWriter(
        interchange.delimiters,
        replace(writer.policy, upper_case=False),
        line_breaks=interchange.line_breaks,
    )
    yield isa(interchange, writer.end)
    number, control = 0, interchange.set_control
    for number, (guide, sets) in enumerate(groups, 1):
        group = str(_allocated(interchange.group_control + number - 1))
        yield plain.segment(
            ("GS", guide.group, interchange.group_sender, interchange.group_receiver,
             write_date(interchange.created.date()), interchange.created.strftime("%H%M"), group, "X", guide.version)
        )  # fmt: skip
        first = control
        for body in sets:
            yield from _written_set(guide, f"{_allocated(control):04d}", body, writer, plain)
            control += 1
        yield plain.segment(("GE", str(control - first), group))
    yield plain.segment(("IEA", str(number), f"{interchange.control:09d}"))


def _allocated(number: int) -> int:
    if number > MAX_CONTROL:
        raise FormatError(f"a control number over {MAX_CONTROL}", mend="Start again at 1, as agreed with the partner")
    return number


def _written_set(
    guide: Guide, control: str, body: Iterable[Elements | Block | Written], writer: SegmentWriter, plain: SegmentWriter
) -> Iterator[str]:
    yield plain.segment(("ST", guide.transaction, control, guide.version))
    count = 2
    for part in body:
        if isinstance(part, tuple):
            count += 1
            yield writer.segment(part)
        elif isinstance(part, list):
            count += len(part)
            yield writer.block(part)
        else:
            text, more = part.written(writer)
            count += more
            yield text
    yield plain.segment(("SE", str(count), control))


@dataclass(frozen=True, slots=True)
class TransactionSet:
    """One ST..SE while it is read: its envelope, and its segments between ST and SE (to be read once).

    `first` is the position of its ST; a segment's place as a 999 counts it is `position - first + 1`.
    """

    interchange: Interchange
    guide: Guide
    control: str
    first: int
    segments: Body


def read_sets(source: Source | SegmentReader) -> Iterator[TransactionSet]:
    """The transaction sets of a file in order; the envelope is checked on the way.

    What of a set is not read by the time the next one is asked for is skipped.

    Raises:
        FormatError: the envelope is broken (order, counts, control numbers, cut off).
    """
    reader = source if isinstance(source, SegmentReader) else SegmentReader(source)
    checker = EnvelopeChecker(reader.delimiters)
    head: Segment | None = None
    group: Segment | None = None
    while (segment := reader.take()) is not None:
        for finding in checker.feed(segment):
            raise finding.error()
        if segment.tag == "ISA":
            head = segment
        elif segment.tag == "GS":
            group = segment
        elif segment.tag == "ST" and head is not None and group is not None:
            yield (one := _set(segment, head, group, reader))
            checker.passed(one.segments.skip(), reader.position)
    for finding in checker.finish():
        raise finding.error()


def _set(segment: Segment, head: Segment, group: Segment, reader: SegmentReader) -> TransactionSet:
    interchange = read_interchange(head, group, reader.delimiters)
    if control := read_number(segment.get(2)):
        interchange = replace(interchange, set_control=control)
    guide = Guide(group.get(1), segment.get(1), group.get(8))
    return TransactionSet(interchange, guide, segment.get(2), segment.position, Body(reader))


def read_interchange(head: Segment, group: Segment | None, delimiters: Delimiters) -> Interchange:
    """The envelope's own words from ISA and GS (no GS: a TA1 that comes alone).

    Raises:
        FormatError: a stamp, number or id that cannot be.
    """
    stamp = (group.get(4) + group.get(5)[:4]) if group else f"20{head.get(9)}{head.get(10)}"
    try:
        created = datetime.strptime(stamp, "%Y%m%d%H%M").replace(tzinfo=UTC)
        control, group_control = int(head.get(13)), int(group.get(6)) if group else 1
    except ValueError:
        raise FormatError(
            "date, time or control number of the envelope is not numeric",
            where="segment 1 (ISA)",
            mend="Get the file again from its sender",
            position=1,
        ) from None
    sender, receiver = head.get(6).strip(), head.get(8).strip()
    return Interchange(
        sender,
        receiver,
        control,
        group_control,
        created,
        head.get(5),
        head.get(7),
        head.get(15),
        head.get(14) == "1",
        _unless(group.get(2) if group else "", sender),
        _unless(group.get(3) if group else "", receiver),
        delimiters=delimiters,
    )


def _unless(text: str, same: str) -> str:
    return "" if text == same else text
