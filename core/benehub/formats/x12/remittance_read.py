"""Reading an 820: the head at once, the entities one by one, the arithmetic checked on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from benehub.errors import FormatError
from benehub.formats.x12.envelope import TransactionSet, read_sets
from benehub.formats.x12.kernel import Delimiters, Elements, Segment, Source, neutral_segment
from benehub.formats.x12.parts import Contact, Name, Party, Reference, read_address, read_contacts
from benehub.formats.x12.remittance_records import (
    Adjustment,
    Balance,
    Bank,
    Entity,
    Period,
    Remittance820,
    Remitted,
)
from benehub.formats.x12.values import read_amount, read_date, read_range

MAX_SEGMENTS_AN_ENTITY = 500_000
"""An organization may pay many invoices in one entity."""


@dataclass(frozen=True, slots=True)
class Received820:
    """One transaction set of a file: its envelope, its head, and its entities (to be read once)."""

    envelope: TransactionSet
    remittance: Remittance820
    entities: Iterator[Entity]


def parse(source: Source) -> Iterator[Received820]:
    """The 820 sets of a file; each set's entities have to be read before the next set is asked for.

    Raises:
        FormatError: a broken envelope, a set that is no 820, a head or entity that cannot be read, or
            arithmetic that does not hold (the payment against its details: after the last entity).
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
        head: list[Segment] = []
        first: Segment | None = None
        walk = iter(one.segments)
        for segment in walk:
            if segment.tag == "ENT":
                first = segment
                break
            head.append(segment)
        remittance = _Head(one.first).read(head, marks)
        yield Received820(one, remittance, _entities(first, walk, marks, Balance(remittance.total)))


@dataclass(slots=True)
class _Head:
    """What is gathered of the head while its segments pass."""

    position: int
    bpr: Segment | None = None
    trn: Segment | None = None
    parties: dict[str, Segment] = field(default_factory=dict)
    n3: dict[str, Segment] = field(default_factory=dict)
    n4: dict[str, Segment] = field(default_factory=dict)
    contact: tuple[str, tuple[Contact, ...]] | None = None
    references: list[Reference] = field(default_factory=list)
    dates: list[tuple[str, Segment]] = field(default_factory=list)
    period: Period | None = None
    extra: list[Elements] = field(default_factory=list)
    loop: str = ""

    def read(self, segments: list[Segment], marks: Delimiters) -> Remittance820:
        """The head as a record."""
        for segment in segments:
            if not self._take(segment):
                self.extra.append(neutral_segment(segment, marks))
        bpr, trn = self.bpr, self.trn
        if bpr is None or trn is None or not {"PE", "PR"} <= self.parties.keys():
            raise FormatError(
                "the head of the 820 lacks BPR, TRN, N1*PE or N1*PR",
                where=f"segment {self.position} (ST)",
                mend="Ask the sender for a complete file",
                position=self.position,
            )
        return Remittance820(
            total=read_amount(bpr.get(2), bpr.position, "BPR02"),
            method=bpr.get(4),
            settlement=read_date(bpr.get(16), bpr.position, "BPR16"),
            trace=trn.get(2),
            payee=Party.read(self.parties["PE"]),
            payer=Party.read(self.parties["PR"]),
            handling=bpr.get(1),
            credit=bpr.get(3),
            payment_format=bpr.get(5),
            payer_bank=_bank(bpr, 7),
            payee_bank=_bank(bpr, 13),
            originator=bpr.get(10),
            supplemental=bpr.get(11),
            trace_type=trn.get(1),
            trace_extra=trn.get(4),
            references=tuple(self.references),
            dates=tuple((code, read_date(s.get(2), s.position, "DTM02")) for code, s in self.dates),
            period=self.period,
            payee_address=read_address(self.n3.get("PE"), self.n4.get("PE")),
            payer_address=read_address(self.n3.get("PR"), self.n4.get("PR")),
            payer_contact=self.contact,
            extra=tuple(self.extra),
        )

    def _take(self, segment: Segment) -> bool:
        tag, qualifier = segment.tag, segment.get(1)
        if tag == "BPR":
            self.bpr = segment
        elif tag == "TRN":
            self.trn = segment
        elif tag == "N1":
            self.loop = qualifier
            if qualifier in ("PE", "PR"):
                self.parties[qualifier] = segment
            return qualifier in ("PE", "PR")
        elif tag == "REF" and not self.loop:
            self.references.append((qualifier, segment.get(2)))
        elif tag == "DTM" and qualifier == "582" and segment.get(5) == "RD8":
            self.period = read_range(segment.get(6), segment.position, "DTM06")
        elif tag == "DTM" and segment.get(2):
            self.dates.append((qualifier, segment))
        elif tag in ("N3", "N4") and self.loop in ("PE", "PR"):
            (self.n3 if tag == "N3" else self.n4)[self.loop] = segment
        elif tag == "PER" and self.loop == "PR" and self.contact is None:
            self.contact = (segment.get(2), read_contacts(segment))
        else:
            return False
        return True


def _bank(bpr: Segment, at: int) -> Bank | None:
    return Bank(bpr.get(at), bpr.get(at + 2), bpr.get(at + 1)) if bpr.get(at) else None


def _entities(first: Segment | None, walk: Iterator[Segment], marks: Delimiters, balance: Balance) -> Iterator[Entity]:
    loop = [first] if first else []
    for segment in walk:
        if segment.elements[0] == "ENT":
            yield _counted(loop, marks, balance)
            loop = [segment]
        elif len(loop) >= MAX_SEGMENTS_AN_ENTITY:
            raise FormatError(
                f"an entity of more than {MAX_SEGMENTS_AN_ENTITY} segments",
                where=f"segment {loop[0].position} (ENT)",
                mend="Ask the sender to check the file",
                position=loop[0].position,
            )
        else:
            loop.append(segment)
    if loop:
        yield _counted(loop, marks, balance)
    balance.close()


def _counted(loop: list[Segment], marks: Delimiters, balance: Balance) -> Entity:
    entity = _entity(loop, marks)
    balance.add(entity)
    return entity


def _entity(loop: list[Segment], marks: Delimiters) -> Entity:
    head = loop[0]
    starts = [at for at, segment in enumerate(loop) if segment.elements[0] == "RMR"]
    ends = [*starts[1:], len(loop)]
    own = loop[1 : starts[0]] if starts else loop[1:]
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


def _item(loop: list[Segment], marks: Delimiters) -> Remitted:
    head = loop[0]
    references: list[Reference] = []
    adjustments: list[Adjustment] = []
    extra: list[Elements] = []
    period: Period | None = None
    for segment in loop[1:]:
        tag = segment.tag
        if tag == "REF" and not extra and not period:
            references.append((segment.get(1), segment.get(2)))
        elif tag == "DTM" and segment.get(1) == "582" and segment.get(5) == "RD8" and period is None:
            period = read_range(segment.get(6), segment.position, "DTM06")
        elif tag == "ADX":
            adjustments.append(_adjustment(segment))
        else:
            extra.append(neutral_segment(segment, marks))
    return Remitted(
        qualifier=head.get(1),
        reference=head.get(2),
        paid=read_amount(head.get(4), head.position, "RMR04"),
        billed=read_amount(head.get(5), head.position, "RMR05") if head.get(5) else None,
        action=head.get(3),
        references=tuple(references),
        period=period,
        extra=tuple(extra),
        adjustments=tuple(adjustments),
    )
