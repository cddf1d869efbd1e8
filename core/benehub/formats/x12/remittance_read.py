"""Reading an 820: the head at once, the entities one by one, the arithmetic checked on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from benehub.errors import FormatError
from benehub.formats.x12.envelope import TransactionSet, read_sets
from benehub.formats.x12.kernel import Delimiters, Elements, Segment, Source, neutral_segment
from benehub.formats.x12.parts import Name, Reference
from benehub.formats.x12.remittance_balance import Balance
from benehub.formats.x12.remittance_details import (
    Adjustment,
    Charge,
    Entity,
    HeadCount,
    Remitted,
    SummaryLine,
)
from benehub.formats.x12.remittance_head import Head
from benehub.formats.x12.remittance_records import Remittance820
from benehub.formats.x12.values import read_amount, read_date, read_number, read_range

MAX_SEGMENTS_AN_ENTITY = 500_000
"""An organization may pay many invoices in one entity."""

MAX_SEGMENTS_A_HEAD = 1_000


@dataclass(frozen=True, slots=True)
class Received820:
    """One transaction set of a file: its envelope, its head, and its entities (to be read once)."""

    envelope: TransactionSet
    remittance: Remittance820
    entities: Iterator[Entity]


def parse(source: Source) -> Iterator[Received820]:
    """The 820 sets of a file; each set's entities have to be read before the next set is asked for.

    Raises:
        FormatError: a broken envelope, a set that is no 820, a head or entity that cannot be read, entities that
            are not numbered 1, 2, 3, or arithmetic that does not hold (the payment against its details: after the
            last entity).
    """
    for one in read_sets(source):
        if one.guide.transaction != "820":
            raise FormatError(
                f"transaction set {one.guide.transaction} is no 820",
                where=f"segment {one.first} (ST)",
                mend="Give it to the reader of its kind",
                position=one.first,
            )
        marks = one.interchange.delimiters
        head = Head(one.first)
        first: Segment | None = None
        walk = iter(one.segments)
        for taken, segment in enumerate(walk, 1):
            if segment.tag == "ENT":
                first = segment
                break
            if taken > MAX_SEGMENTS_A_HEAD:
                raise _broken(segment, f"a head of more than {MAX_SEGMENTS_A_HEAD} segments")
            head.take(segment, marks)
        remittance = head.remittance()
        yield Received820(one, remittance, _entities(first, walk, marks, Balance(remittance)))


def _entities(first: Segment | None, walk: Iterator[Segment], marks: Delimiters, balance: Balance) -> Iterator[Entity]:
    loop = [first] if first else []
    number = 1
    for segment in walk:
        if segment.elements[0] == "ENT":
            yield _counted(loop, number, marks, balance)
            loop = [segment]
            number += 1
        elif len(loop) >= MAX_SEGMENTS_AN_ENTITY:
            raise _broken(loop[0], f"an entity of more than {MAX_SEGMENTS_AN_ENTITY} segments")
        else:
            loop.append(segment)
    if loop:
        yield _counted(loop, number, marks, balance)
    balance.close()


def _counted(loop: list[Segment], number: int, marks: Delimiters, balance: Balance) -> Entity:
    told = loop[0].get(1)
    if read_number(told) != number:
        raise _broken(loop[0], f"ENT01 does not count 1, 2, 3: entity {number} has another number")
    entity = _entity(loop, marks)
    balance.add(entity)
    return entity


def _broken(segment: Segment, what: str) -> FormatError:
    return FormatError(
        what,
        where=f"segment {segment.position} ({segment.tag})",
        mend="Ask the sender to check the file",
        position=segment.position,
    )


def _entity(loop: list[Segment], marks: Delimiters) -> Entity:
    head = loop[0]
    starts = [at for at, segment in enumerate(loop) if segment.elements[0] == "RMR"]
    ends = [*starts[1:], len(loop)]
    own = loop[1 : starts[0]] if starts else loop[1:]
    if stranger := next((s for s in own if s.tag not in ("NM1", "ADX")), None):
        raise _broken(stranger, f"{stranger.tag} comes where it cannot")
    return Entity(
        kind=head.get(2),
        id_qualifier=head.get(3),
        id=head.get(4),
        items=tuple(_item(loop[a:b], marks) for a, b in zip(starts, ends, strict=bool(starts))),
        names=tuple((s.get(1), Name.read(s)) for s in own if s.tag == "NM1"),
        previous=tuple(_adjustment(s) for s in own if s.tag == "ADX"),
    )


def _adjustment(segment: Segment) -> Adjustment:
    return read_amount(segment.get(1), segment.position, "ADX01"), segment.get(2)


@dataclass(slots=True)
class _Item:
    """What is gathered of an RMR while its segments pass."""

    references: list[Reference] = field(default_factory=list)
    dated: Segment | None = None
    line: Segment | None = None
    charges: list[Charge] = field(default_factory=list)
    counts: list[HeadCount] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    extra: list[Elements] = field(default_factory=list)

    def take(self, segment: Segment, marks: Delimiters) -> None:
        """Put a segment in its place; once one has none, those after it follow it, to keep their order."""
        if segment.tag == "ADX":
            self.adjustments.append(_adjustment(segment))
        elif self.extra or not self._own(segment):
            self.extra.append(neutral_segment(segment, marks))

    def _own(self, segment: Segment) -> bool:
        tag, size = segment.tag, len(segment.elements)
        if tag == "REF" and size == 3 and self.dated is None and self.line is None:
            self.references.append((segment.get(1), segment.get(2)))
        elif tag == "DTM" and self.dated is None and self.line is None and _is_dated(segment):
            self.dated = segment
        elif tag == "IT1" and self.line is None and size == 2:
            self.line = segment
        elif tag == "SAC" and self.line is not None and not self.counts and _is_charge(segment):
            self.charges.append(Charge(segment.get(2), int(segment.get(5))))
        elif tag == "SLN" and self.line is not None and _is_count(segment):
            self.counts.append(HeadCount(int(segment.get(4)), segment.get(5), segment.get(1)))
        else:
            return False
        return True

    def summary(self) -> SummaryLine | None:
        """IT1 and what hangs on it."""
        if self.line is None:
            return None
        return SummaryLine(self.line.get(1), tuple(self.charges), tuple(self.counts))


def _is_dated(segment: Segment) -> bool:
    return not segment.get(3) and not segment.get(4) and (segment.get(5) == "RD8" or bool(segment.get(2)))


def _is_charge(segment: Segment) -> bool:
    amount = segment.get(5).removeprefix("-")
    plain = str(read_number(amount)) == amount
    return plain and segment.elements[:2] == ["SAC", "C"] and len(segment.elements) == 6 and not any(
        segment.elements[3:5]
    )  # fmt: skip


def _is_count(segment: Segment) -> bool:
    plain = str(read_number(segment.get(4))) == segment.get(4)
    return plain and segment.get(3) == "O" and len(segment.elements) == 6 and segment.get(2) == ""


def _item(loop: list[Segment], marks: Delimiters) -> Remitted:
    head, got = loop[0], _Item()
    for segment in loop[1:]:
        got.take(segment, marks)
    dated = got.dated
    ranged = dated is not None and dated.get(5) == "RD8"
    return Remitted(
        qualifier=head.get(1),
        reference=head.get(2),
        paid=read_amount(head.get(4), head.position, "RMR04"),
        billed=read_amount(head.get(5), head.position, "RMR05") if head.get(5) else None,
        action=head.get(3),
        references=tuple(got.references),
        period=read_range(dated.get(6), dated.position, "DTM06") if dated and ranged else None,
        extra=tuple(got.extra),
        adjustments=tuple(got.adjustments),
        summary=got.summary(),
        day=read_date(dated.get(2), dated.position, "DTM02") if dated and dated.get(2) else None,
        date_code=dated.get(1) if dated else "582",
    )
