"""The 999 implementation acknowledgement (997 too when reading): was the grammar of a group fine?

`A` means the grammar was fine, never that a member is enrolled. `CTX` names the member an error is about;
that is the key for repair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from benehub.errors import FormatError
from benehub.formats.x12 import ack_ta1
from benehub.formats.x12.ack_records import Ack999, Context, ElementError, SegmentError, SetAck
from benehub.formats.x12.ack_ta1 import Ta1
from benehub.formats.x12.envelope import Guide, Interchange, TransactionSet, read_sets, write
from benehub.formats.x12.kernel import Delimiters, Element, Elements, Segment, Source, neutral
from benehub.formats.x12.values import read_number
from benehub.formats.x12.writer import CharacterPolicy, SegmentWriter, transliterate

__all__ = [
    "GUIDE",
    "Ack999",
    "Context",
    "ElementError",
    "NamedMember",
    "Received999",
    "SegmentError",
    "SetAck",
    "acknowledge",
    "members_named",
    "parse",
    "render",
    "render_all",
]

GUIDE = Guide("FA", "999", "005010X231A1")
SUBSCRIBER = "SUBSCRIBER NUMBER REF02"
"""CTX01-1 that names a member by his REF*0F."""

_BAD_VALUE_LENGTH = 99
MAX_SEGMENTS_AN_ACK = 1_000_000
"""One set is held in memory while it is read."""


@dataclass(frozen=True, slots=True)
class Received999:
    """One 999 or 997 of a file, with its envelope."""

    envelope: TransactionSet
    ack: Ack999


@dataclass(frozen=True, slots=True)
class NamedMember:
    """A member an acknowledgement complains about: where, and with which codes.

    `element_codes` are pairs of element place (`3` or `3:1`) and IK403.
    """

    member: str = field(repr=False)
    set_control: str
    segment: str
    position: int
    code: str
    element_codes: tuple[tuple[str, str], ...] = ()


def members_named(ack: Ack999) -> Iterator[NamedMember]:
    """The members named by CTX, in order; one that is named twice comes twice."""
    for answered in ack.sets:
        for error in answered.errors:
            contexts = [*error.contexts, *(c for e in error.elements for c in e.contexts)]
            codes = tuple((element.place, element.code) for element in error.elements)
            for member in dict.fromkeys(c.value for c in contexts if c.name == SUBSCRIBER):
                yield NamedMember(member, answered.control, error.segment, error.position, error.code, codes)


def acknowledge(group: Guide, group_control: int, sets: Sequence[SetAck], received: int | None = None) -> Ack999:
    """The answer to a group, its verdict and counts drawn from the answers to its sets.

    `group` is the guide of what was received; `received` how many sets came, when not all are answered.
    """
    accepted = sum(one.accepted for one in sets)
    if accepted == 0:
        verdict = "R"
    elif accepted < len(sets):
        verdict = "P"
    else:
        verdict = "A" if all(one.verdict == "A" for one in sets) else "E"
    count = len(sets) if received is None else received
    return Ack999(group.group, group_control, group.version, verdict, count, count, accepted, tuple(sets))


def render(interchange: Interchange, ack: Ack999, guide: Guide = GUIDE) -> Iterator[str]:
    """A file with one 999. Copies of bad values are sanitised: they are bad because of what is in them.

    Raises:
        FormatError: a context whose member cannot be written.
    """
    return render_all(interchange, (ack,), guide=guide)


def render_all(
    interchange: Interchange, acks: Iterable[Ack999], ta1: Ta1 | None = None, guide: Guide = GUIDE
) -> Iterator[str]:
    """A file of several 999s, a transaction set for each group answered, with the TA1 before them when given.

    Raises:
        FormatError: as `render`; a TA1 verdict or note X12 does not know.
    """
    policy = CharacterPolicy(upper_case=False)
    lines = write(interchange, guide, (_body(ack) for ack in acks), policy)
    yield next(lines)  # ISA
    if ta1 is not None:
        yield ack_ta1.segment(SegmentWriter(interchange.delimiters, line_breaks=interchange.line_breaks), ta1)
    yield from lines


def _body(ack: Ack999) -> Iterator[Elements]:
    yield ("AK1", ack.group, str(ack.group_control), ack.guide)
    for answered in ack.sets:
        yield ("AK2", answered.transaction, answered.control, answered.guide)
        for error in answered.errors:
            yield ("IK3", error.segment, str(error.position), error.loop, error.code)
            yield from map(_context, error.contexts)
            for element in error.elements:
                place: Element = element.place
                if element.component or element.repeat:
                    place = (str(element.element), element.component, element.repeat)
                yield ("IK4", place, element.number, element.code, _sane(element.bad_value))
                yield from map(_context, element.contexts)
        yield ("IK5", answered.verdict, *answered.codes)
    yield ("AK9", ack.verdict, str(ack.included), str(ack.received), str(ack.accepted), *ack.codes)


def _context(context: Context) -> Elements:
    name: Element = (context.name, context.value) if context.value else context.name
    return ("CTX", name, *context.rest)


def _sane(text: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9 .,/()'-]", " ", transliterate(text))
    return plain[:_BAD_VALUE_LENGTH].strip()


def parse(source: Source) -> Iterator[Received999]:
    """Every 999 and 997 of a file, over all its groups.

    Raises:
        FormatError: a broken envelope, another transaction set, or a segment where it cannot be.
    """
    for one in read_sets(source):
        if one.guide.transaction not in ("999", "997"):
            raise FormatError(
                f"transaction set {one.guide.transaction} is no 999 or 997",
                where=f"segment {one.first} (ST)",
                mend="Give it to the reader of its kind",
                position=one.first,
            )
        yield Received999(one, _Gather(one.first).read(one.segments, one.interchange.delimiters))


@dataclass(slots=True)
class _Gather:
    """What is gathered while the segments of one 999 pass; records are frozen, so lists grow here."""

    position: int
    head: Segment | None = None
    trailer: Segment | None = None
    sets: list[SetAck] = field(default_factory=list)
    opened: Segment | None = None
    errors: list[SegmentError] = field(default_factory=list)
    error: Segment | None = None
    contexts: list[Context] = field(default_factory=list)
    elements: list[ElementError] = field(default_factory=list)

    def read(self, segments: Iterator[Segment], marks: Delimiters) -> Ack999:
        """The whole set as a record."""
        for number, segment in enumerate(segments):
            if number >= MAX_SEGMENTS_AN_ACK:
                raise self._broken(segment.position, f"an acknowledgement of more than {MAX_SEGMENTS_AN_ACK} segments")
            self._take(segment, marks)
        head, trailer = self.head, self.trailer
        group = read_number(head.get(2)) if head else None
        if head is None or trailer is None or group is None:
            raise self._broken(self.position, "an acknowledgement without AK1 or AK9")
        included, received, accepted = (read_number(trailer.get(at)) or 0 for at in (2, 3, 4))
        return Ack999(
            head.get(1),
            group,
            head.get(3),
            trailer.get(1),
            included,
            received,
            accepted,
            tuple(self.sets),
            tuple(filter(None, trailer.elements[5:])),
        )

    def _take(self, segment: Segment, marks: Delimiters) -> None:
        tag = segment.tag
        if tag == "AK1":
            self.head = segment
        elif tag == "AK2":
            self.opened = segment
        elif tag in ("IK3", "AK3"):
            self._close_error()
            self.error = segment
        elif tag in ("IK4", "AK4") and self.error is not None:
            self.elements.append(_element(segment, marks))
        elif tag == "CTX" and self.error is not None:
            self._add(_read_context(segment, marks))
        elif tag in ("IK5", "AK5") and self.opened is not None:
            self._close_error()
            self._close_set(segment)
        elif tag == "AK9":
            self.trailer = segment
        else:
            raise self._broken(segment.position, f"{tag} comes where it cannot")

    def _add(self, context: Context) -> None:
        if not self.elements:
            self.contexts.append(context)
            return
        last = self.elements[-1]
        self.elements[-1] = last.with_context(context)

    def _close_error(self) -> None:
        segment = self.error
        if segment is None:
            return
        position = read_number(segment.get(2)) or 0
        self.errors.append(
            SegmentError(
                segment.get(1),
                position,
                segment.get(4),
                segment.get(3),
                tuple(self.contexts),
                tuple(self.elements),
            )
        )
        self.error, self.contexts, self.elements = None, [], []

    def _close_set(self, segment: Segment) -> None:
        opened = self.opened
        if opened is not None:
            codes = tuple(filter(None, segment.elements[2:]))
            self.sets.append(
                SetAck(opened.get(1), opened.get(2), segment.get(1), opened.get(3), tuple(self.errors), codes)
            )
        self.opened, self.errors = None, []

    @staticmethod
    def _broken(position: int, what: str) -> FormatError:
        return FormatError(
            what, where=f"segment {position}", mend="Ask the partner for the file again", position=position
        )


def _element(segment: Segment, marks: Delimiters) -> ElementError:
    place = neutral(segment.get(1), marks)
    parts = [place] if isinstance(place, str) else [str(part) for part in place]
    element, component, repeat, *_ = [*parts, "", "", ""]
    return ElementError(read_number(element) or 0, segment.get(3), segment.get(2), component, repeat, segment.get(4))


def _read_context(segment: Segment, marks: Delimiters) -> Context:
    first = neutral(segment.get(1), marks)
    rest = tuple(neutral(element, marks) for element in segment.elements[2:])
    if isinstance(first, str):
        return Context(first, "", rest)
    name, value, *_ = [*(str(part) for part in first), ""]
    return Context(name, value, rest)
