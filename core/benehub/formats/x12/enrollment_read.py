"""Reading an 834: the head at once, the members one by one.

What this reader has no field for is kept in `extra`, so a file can be read, looked at and written again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.errors import FormatError
from benehub.formats.x12.enrollment_records import (
    Amount,
    Coverage,
    Dated,
    Demographics,
    Enrollment834,
    Member,
)
from benehub.formats.x12.envelope import TransactionSet, read_sets
from benehub.formats.x12.kernel import Delimiters, Elements, Segment, Source, neutral, neutral_segment
from benehub.formats.x12.parts import Name, Party, Reference, read_address, read_contacts
from benehub.formats.x12.values import read_amount, read_date, read_number

MAX_SEGMENTS_A_MEMBER = 20_000


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
        marks = one.interchange.delimiters
        walk = iter(one.segments)
        head: list[Segment] = []
        first: Segment | None = None
        for segment in walk:
            if segment.tag == "INS":
                first = segment
                break
            head.append(segment)
        yield Received834(one, _head(head, one.first, marks), _members(first, walk, marks))


def _head(segments: list[Segment], position: int, marks: Delimiters) -> Enrollment834:
    begin = next((s for s in segments if s.tag == "BGN"), None)
    parties = {s.get(1): s for s in segments if s.tag == "N1"}
    if begin is None or "P5" not in parties or "IN" not in parties:
        raise FormatError(
            "the head of the 834 lacks BGN, N1*P5 or N1*IN",
            where=f"segment {position} (ST)",
            mend="Ask the sender for a complete file",
            position=position,
        )
    dates: list[Dated] = []
    totals: list[tuple[str, int]] = []
    extra: list[Elements] = []
    policy = ""
    for segment in segments:
        tag = segment.tag
        if tag == "REF" and segment.get(1) == "38" and not policy:
            policy = segment.get(2)
        elif tag == "DTP" and segment.get(2) == "D8":
            dates.append((segment.get(1), read_date(segment.get(3), segment.position, tag)))
        elif tag == "QTY" and (count := read_number(segment.get(2))) is not None:
            totals.append((segment.get(1), count))
        elif segment is not begin and segment is not parties["P5"] and segment is not parties["IN"]:
            extra.append(neutral_segment(segment, marks))
    return Enrollment834(
        reference=begin.get(2),
        created=read_date(begin.get(3), begin.position, "BGN03"),
        action=begin.get(8),
        sponsor=Party.read(parties["P5"]),
        payer=Party.read(parties["IN"]),
        purpose=begin.get(1),
        time=begin.get(4),
        zone=begin.get(5),
        original_reference=begin.get(6),
        policy=policy,
        dates=tuple(dates),
        totals=tuple(totals),
        extra=tuple(extra),
    )


def _members(first: Segment | None, walk: Iterator[Segment], marks: Delimiters) -> Iterator[Member]:
    if first is None:
        return
    loop = [first]
    for segment in walk:
        if segment.elements[0] == "INS":
            yield _member(loop, marks)
            loop = [segment]
        elif len(loop) >= MAX_SEGMENTS_A_MEMBER:
            raise FormatError(
                f"a member of more than {MAX_SEGMENTS_A_MEMBER} segments",
                where=f"segment {loop[0].position} (INS)",
                mend="Ask the sender to check the file",
                position=loop[0].position,
            )
        else:
            loop.append(segment)
    yield _member(loop, marks)


@dataclass(slots=True)
class _Person:
    """What is gathered of a member while its segments pass."""

    number: str | None = None
    references: list[Reference] = field(default_factory=list)
    dates: list[Dated] = field(default_factory=list)
    name: Segment | None = None
    contact: Segment | None = None
    n3: Segment | None = None
    n4: Segment | None = None
    demographics: Segment | None = None
    incorrect: Segment | None = None
    incorrect_demographics: Segment | None = None
    extra: list[Elements] = field(default_factory=list)
    loop: str = "2000"

    def take(self, segment: Segment, marks: Delimiters) -> None:
        """Put a segment in its place; what has none goes to `extra`."""
        tag, qualifier = segment.elements[0], segment.get(1)
        if tag == "NM1" and qualifier in ("IL", "74") and self.name is None:
            self.name, self.loop = segment, "2100A"
        elif tag == "NM1" and qualifier == "70" and self.incorrect is None:
            self.incorrect, self.loop = segment, "2100B"
        elif not (self.loop == "2000" and self._member(segment, tag, qualifier)) and not (
            self.loop in ("2100A", "2100B") and self._named(segment, tag)
        ):
            if tag in ("NM1", "DSB"):
                self.loop = "other"
            self.extra.append(neutral_segment(segment, marks))

    def _member(self, segment: Segment, tag: str, qualifier: str) -> bool:
        if tag == "REF" and qualifier == "0F" and self.number is None:
            self.number = segment.get(2)
        elif tag == "REF" and len(segment.elements) == 3:
            self.references.append((qualifier, segment.get(2)))
        elif tag == "DTP" and segment.get(2) == "D8":
            self.dates.append((qualifier, read_date(segment.get(3), segment.position, "DTP03")))
        else:
            return False
        return True

    def _named(self, segment: Segment, tag: str) -> bool:
        slot = {
            "2100A": {"PER": "contact", "N3": "n3", "N4": "n4", "DMG": "demographics"},
            "2100B": {"DMG": "incorrect_demographics"},
        }[self.loop].get(tag)
        if slot is None or getattr(self, slot) is not None:
            return False
        setattr(self, slot, segment)
        return True


def _member(loop: list[Segment], marks: Delimiters) -> Member:
    ins = loop[0]
    starts = [at for at, segment in enumerate(loop) if segment.elements[0] == "HD"] or [len(loop)]
    person = _Person()
    for segment in loop[1 : starts[0]]:
        person.take(segment, marks)
    if person.number is None or person.name is None:
        raise FormatError(
            "a member lacks REF*0F or its name (NM1*IL)",
            where=f"segment {ins.position} (INS)",
            mend="Ask the sender for a complete member",
            position=ins.position,
        )
    ends = [*starts[1:], len(loop)]
    medicare = neutral(ins.get(6), marks) if ins.get(6) else ()
    return Member(
        subscriber=ins.get(1) == "Y",
        relationship=ins.get(2),
        maintenance=ins.get(3),
        reason=ins.get(4),
        status=ins.get(5),
        subscriber_number=person.number,
        name=Name.read(person.name),
        medicare=(medicare,) if isinstance(medicare, str) else tuple(str(part) for part in medicare),
        cobra_event=ins.get(7),
        employment=ins.get(8),
        student=ins.get(9),
        handicapped=ins.get(10),
        death=read_date(ins.get(12), ins.position, "INS12") if ins.get(12) else None,
        confidentiality=ins.get(13),
        birth_sequence=ins.get(17),
        references=tuple(person.references),
        dates=tuple(person.dates),
        corrected=person.name.get(1) == "74",
        contacts=read_contacts(person.contact) if person.contact else (),
        address=read_address(person.n3, person.n4),
        demographics=_demographics(person.demographics, marks),
        incorrect=Name.read(person.incorrect) if person.incorrect else None,
        incorrect_demographics=_demographics(person.incorrect_demographics, marks),
        coverages=tuple(
            _coverage(loop[start:end], marks) for start, end in zip(starts, ends, strict=True) if start < end
        ),
        extra=tuple(person.extra),
    )


def _demographics(segment: Segment | None, marks: Delimiters) -> Demographics | None:
    if segment is None:
        return None
    birth: date | None = None
    if segment.get(2):
        birth = read_date(segment.get(2), segment.position, "DMG02")
    rest = tuple(neutral(element, marks) for element in segment.elements[5:])
    return Demographics(birth, segment.get(3), segment.get(4), rest)


def _coverage(loop: list[Segment], marks: Delimiters) -> Coverage:
    head = loop[0]
    dates: list[Dated] = []
    references: list[Reference] = []
    amounts: list[Amount] = []
    extra: list[Elements] = []
    own = True
    for segment in loop[1:]:
        tag = segment.elements[0]
        own = own and tag in ("DTP", "AMT", "REF")
        if own and tag == "DTP" and segment.get(2) == "D8":
            dates.append((segment.get(1), read_date(segment.get(3), segment.position, "DTP03")))
        elif own and tag == "AMT":
            amounts.append((segment.get(1), read_amount(segment.get(2), segment.position, "AMT02")))
        elif own and tag == "REF" and len(segment.elements) == 3:
            references.append((segment.get(1), segment.get(2)))
        else:
            extra.append(neutral_segment(segment, marks))
    return Coverage(
        maintenance=head.get(1),
        line=head.get(3),
        plan=head.get(4),
        tier=head.get(5),
        dates=tuple(dates),
        references=tuple(references),
        amounts=tuple(amounts),
        late=head.get(9),
        extra=tuple(extra),
    )
