"""A provider a member has chosen for a coverage, loop 2310 of the 834: his primary care physician, dentist, ..."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from benehub.formats.x12.kernel import Elements, Segment
from benehub.formats.x12.parts import Address, Contact, Name, by_tag, contact_segment, read_address, read_contacts
from benehub.formats.x12.values import read_date, write_date


@dataclass(frozen=True, slots=True)
class Provider:
    """LX, NM1, N3, N4, PER, PLA.

    Args:
        role: NM101, `P3` primary care, `QA` pharmacy, `QN` dentist, `3D` obstetrician, `FA` facility, ...
        name: its `id_qualifier` is `XX` for the national provider id, `SV` for the carrier's own number.
        relation: NM110, `25` established patient, `26` not, `72` unknown.
        entity: NM102, `1` a person, `2` an organisation.
        more_lines: a second N3. `contacts` up to two PER.
        change: PLA, the day the member leaves him and the reason (`AA` to `AJ`, `14`, `22`, `46`).
        number: LX01; empty takes its place in the list.
    """

    role: str
    name: Name
    relation: str
    entity: str = "1"
    address: Address | None = field(default=None, repr=False)
    more_lines: tuple[str, str] | None = field(default=None, repr=False)
    contacts: tuple[tuple[Contact, ...], ...] = field(default=(), repr=False)
    change: tuple[date, str] | None = None
    number: str = ""

    def segments(self, place: int) -> list[Elements]:
        """LX, NM1, N3, N4, PER, PLA; `place` counts from 1.

        Raises:
            FormatError: an SSN that is not nine digits.
        """
        name = self.name.segment(self.role, self.entity)
        out: list[Elements] = [("LX", self.number or str(place)), (*name, *[""] * (10 - len(name)), self.relation)]
        lines = list(self.address.segments()) if self.address else []
        if self.more_lines:
            lines.insert(1 if lines and lines[0][0] == "N3" else 0, ("N3", *self.more_lines))
        out += lines
        out += [contact_segment("IC", one) for one in self.contacts]
        if self.change:
            out.append(("PLA", "2", "1P", write_date(self.change[0]), "", self.change[1]))
        return out

    @classmethod
    def read(cls, loop: Sequence[Segment], place: int) -> Provider:
        """From the segments of its loop, LX first.

        Raises:
            FormatError: a date that is no day.
        """
        found = by_tag(loop[1:], {"NM1": 1, "N3": 2, "N4": 1, "PER": 2, "PLA": 1})
        head = found["NM1"][0] if found["NM1"] else loop[0]
        n3 = found["N3"]
        return cls(
            head.get(1),
            Name.read(head),
            head.get(10),
            head.get(2),
            read_address(n3[0] if n3 else None, next(iter(found["N4"]), None)),
            (n3[1].get(1), n3[1].get(2)) if len(n3) > 1 else None,
            tuple(map(read_contacts, found["PER"])),
            next(((read_date(one.get(3), one.position, "PLA03"), one.get(5)) for one in found["PLA"]), None),
            "" if loop[0].get(1) == str(place) else loop[0].get(1),
        )
