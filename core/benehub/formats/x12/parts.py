"""Pieces that several sets share: parties (N1), persons (NM1), contacts (PER), addresses (N3, N4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from benehub.errors import FormatError
from benehub.formats.x12.kernel import Elements, Segment

Reference = tuple[str, str]
"""REF01 qualifier and REF02 value."""


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

    def segment(self, role: str) -> Elements:
        """The NM1.

        Raises:
            FormatError: an SSN that is not nine digits; it is never padded.
        """
        if self.id_qualifier == "34" and not (len(self.id) == 9 and self.id.isdecimal()):
            raise FormatError(
                f"an SSN has {len(self.id)} characters, not nine digits",
                where=f"NM1*{role}",
                mend="Mend the SSN at the source; leading zeros may have been lost on the way",
            )
        return (
            "NM1", role, "1", self.last, self.first, self.middle, self.prefix, self.suffix,
            self.id_qualifier if self.id else "", self.id,
        )  # fmt: skip

    @classmethod
    def read(cls, segment: Segment) -> Name:
        """From an NM1."""
        padded = [*segment.elements[3:10], "", "", "", "", "", "", ""]
        return cls(*padded[:7])


@dataclass(frozen=True, slots=True)
class Address:
    """N3 and N4. `location` is N405/N406, e.g. ("CY", county)."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    country: str = ""
    location: tuple[str, str] = ("", "")
    subdivision: str = ""

    def segments(self) -> Iterator[Elements]:
        """N3 and N4, each where it says something."""
        if self.line1:
            yield ("N3", self.line1, self.line2)
        n4 = (self.city, self.state, self.zip_code, self.country, *self.location, self.subdivision)
        if any(n4):
            yield ("N4", *n4)


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
    if len(contacts) > 3:
        raise FormatError("a PER carries three contacts at most", mend="Leave one out")
    return ("PER", function, name, *(text for pair in contacts for text in pair))


def read_contacts(segment: Segment) -> tuple[Contact, ...]:
    """The pairs of a PER."""
    pairs = ((segment.get(at), segment.get(at + 1)) for at in (3, 5, 7))
    return tuple(pair for pair in pairs if pair[0])
