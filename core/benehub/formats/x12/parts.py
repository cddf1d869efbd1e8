"""Pieces that several sets share: parties (N1), persons (NM1), contacts (PER), addresses (N3, N4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from benehub.errors import FormatError
from benehub.formats.x12.kernel import Elements, Segment
from benehub.formats.x12.lines import Lines, segments_of
from benehub.formats.x12.values import read_date, write_date, write_range

Reference = tuple[str, str]
"""REF01 qualifier and REF02 value."""

Dated = tuple[str, date]
"""DTP01 qualifier and its day, e.g. ("336", hire date), ("348", first day covered)."""

Period = tuple[str, date, date]
"""DTP01 qualifier and a range, both days inclusive, e.g. ("695", first, last day of the previous period)."""

Amount = tuple[str, int]
"""AMT01 qualifier and US cents, e.g. ("P3", premium)."""


def date_segment(qualifier: str, first: date, last: date | None = None) -> Elements:
    """A DTP of a day, or of a range of days."""
    if last is None:
        return ("DTP", qualifier, "D8", write_date(first))
    return ("DTP", qualifier, "RD8", write_range(first, last))


def read_dated(segment: Segment) -> Dated:
    """From a DTP of one day.

    Raises:
        FormatError: no such day.
    """
    return segment.get(1), read_date(segment.get(3), segment.position, "DTP03")


def by_tag(loop: Sequence[Segment], most: Mapping[str, int]) -> dict[str, list[Segment]]:
    """The segments of a loop by id, as many of each as it may have; the others are left out."""
    found: dict[str, list[Segment]] = {tag: [] for tag in most}
    for segment in loop:
        if len(found.get(segment.tag, ())) < most.get(segment.tag, 0):
            found[segment.tag].append(segment)
    return found


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation: N1 without its role. `qualifier` FI is a tax id, 24 an employer's, 94 assigned."""

    name: str
    qualifier: str
    id: str

    def segment(self, role: str) -> Elements:
        """The N1."""
        return ("N1", role, self.name, self.qualifier, self.id)

    @classmethod
    def read(cls, segment: Segment) -> Party:
        """From an N1."""
        return cls(segment.get(2), segment.get(3), segment.get(4))


@dataclass(frozen=True, slots=True)
class Name:
    """A person: NM1 without its role. `id_qualifier` 34 is an SSN, which never shows in a repr."""

    last: str
    first: str = ""
    middle: str = ""
    prefix: str = ""
    suffix: str = ""
    id_qualifier: str = ""
    id: str = field(default="", repr=False)

    def segment(self, role: str, entity: str = "1") -> Elements:
        """The NM1; `entity` is `1` for a person, `2` for an organisation.

        Raises:
            FormatError: an SSN that is not nine digits; it is never padded.
        """
        return segments_of(Name.write, self, role, entity)[0]

    def write(self, lines: Lines, role: str, entity: str = "1") -> int:
        """Append the NM1; gives the marks in it.

        Raises:
            FormatError: see `segment`.
        """
        number = self.id
        if self.id_qualifier == "34" and not (len(number) == 9 and number.isdecimal()):
            raise FormatError(
                f"an SSN has {len(number)} characters, not nine digits",
                where=f"NM1*{role}",
                mend="Mend the SSN at the source; leading zeros may have been lost on the way",
            )
        if number:
            lines.append(
                f"NM1\t{role}\t{entity}\t{self.last}\t{self.first}\t{self.middle}\t{self.prefix}\t{self.suffix}"
                f"\t{self.id_qualifier}\t{number}"
            )
            return 9
        if self.suffix or self.prefix:
            lines.append(
                f"NM1\t{role}\t{entity}\t{self.last}\t{self.first}\t{self.middle}\t{self.prefix}\t{self.suffix}"
            )
            return 7
        if self.middle:
            lines.append(f"NM1\t{role}\t{entity}\t{self.last}\t{self.first}\t{self.middle}")
            return 5
        lines.append(f"NM1\t{role}\t{entity}\t{self.last}\t{self.first}")
        return 4

    @classmethod
    def read(cls, segment: Segment) -> Name:
        """From an NM1."""
        return cls(*segment.elements[3:10])


_NOWHERE = ("", "")


@dataclass(frozen=True, slots=True)
class Address:
    """N3 and N4. `location` is N405/N406, e.g. ("CY", county)."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    country: str = ""
    location: tuple[str, str] = _NOWHERE
    subdivision: str = ""

    def segments(self) -> list[Elements]:
        """N3 and N4, each where it says something."""
        return segments_of(Address.write, self)

    def write(self, lines: Lines) -> int:
        """Append N3 and N4, each where it says something; gives the marks in them."""
        marks = 0
        if self.line2:
            lines.append(f"N3\t{self.line1}\t{self.line2}")
            marks = 2
        elif self.line1:
            lines.append(f"N3\t{self.line1}")
            marks = 1
        if self.country or self.subdivision or (self.location is not _NOWHERE and self.location != _NOWHERE):
            kind, place = self.location
            lines.append(
                f"N4\t{self.city}\t{self.state}\t{self.zip_code}\t{self.country}\t{kind}\t{place}\t{self.subdivision}"
            )
            return marks + 7
        if self.city or self.state or self.zip_code:
            lines.append(f"N4\t{self.city}\t{self.state}\t{self.zip_code}")
            return marks + 3
        return marks


def read_address(n3: Segment | None, n4: Segment | None) -> Address | None:
    """An address from the segments found, None from none."""
    if n3 is None and n4 is None:
        return None
    lines = (n3.get(1), n3.get(2)) if n3 else ("", "")
    if n4 is None:
        return Address(*lines)
    return Address(*lines, n4.get(1), n4.get(2), n4.get(3), n4.get(4), (n4.get(5), n4.get(6)), n4.get(7))


Contact = tuple[str, str]
"""Kind and number of a PER pair: ("HP", "5551234567"), ("EM", address)."""


def contact_segment(function: str, contacts: tuple[Contact, ...], name: str = "") -> Elements:
    """A PER of up to three contacts.

    Raises:
        FormatError: more than three.
    """
    return segments_of(write_contacts, contacts, function, name)[0]


def write_contacts(contacts: tuple[Contact, ...], lines: Lines, function: str, name: str = "") -> int:
    """Append a PER of up to three contacts; gives the marks in it.

    Raises:
        FormatError: more than three.
    """
    if len(contacts) > 3:
        raise FormatError("a PER carries three contacts at most", mend="Leave one out")
    text = f"PER\t{function}\t{name}"
    for kind, number in contacts:
        text += f"\t{kind}\t{number}"
    lines.append(text)
    return 2 + 2 * len(contacts)


def read_contacts(segment: Segment) -> tuple[Contact, ...]:
    """The pairs of a PER."""
    pairs = ((segment.get(at), segment.get(at + 1)) for at in (3, 5, 7))
    return tuple(pair for pair in pairs if pair[0])
