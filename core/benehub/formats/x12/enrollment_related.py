"""Who belongs to a member beside the covered: employer, school, custodial parent, responsible person, drop-off.

Loops 2100D to 2100H of the 834; one record, told apart by its role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benehub.formats.x12.kernel import Elements, Segment
from benehub.formats.x12.parts import Address, Contact, Name, by_tag, contact_segment, read_address, read_contacts

EMPLOYER, SCHOOL, CUSTODIAL_PARENT, DROP_OFF = "36", "M8", "S3", "45"
"""NM101 of loops 2100D, 2100E, 2100F and 2100H."""

RESPONSIBLE = ("6Y", "9K", "E1", "EI", "EXS", "GB", "GD", "J6", "LR", "QD", "S1", "TZ", "X4")
"""NM101 of loop 2100G: `GD` guardian, `QD` responsible party, `S1` parent, `E1` power of attorney, ..."""

ROLES = {EMPLOYER: "EP", SCHOOL: "SK", CUSTODIAL_PARENT: "PQ", **dict.fromkeys(RESPONSIBLE, "RP"), DROP_OFF: ""}
"""NM101 -> PER01 of its loop, in the guide's order; a drop-off has no PER."""

MOST = {EMPLOYER: 3, SCHOOL: 3, CUSTODIAL_PARENT: 1, DROP_OFF: 1}
"""How many a member may have; of responsible persons thirteen."""

ORDER = {role: number for number, role in enumerate(ROLES)}


@dataclass(frozen=True, slots=True)
class Related:
    """One person or organisation beside the covered.

    Args:
        role: NM101, see `ROLES`.
        name: of a person; an organisation has only `last`.
        entity: NM102, `1` a person, `2` an organisation (every school, most employers).
        contacts: up to three. `contact_name` PER02.
    """

    role: str
    name: Name = field(default_factory=lambda: Name(""))
    entity: str = "1"
    contacts: tuple[Contact, ...] = field(default=(), repr=False)
    contact_name: str = ""
    address: Address | None = field(default=None, repr=False)

    def segments(self) -> list[Elements]:
        """NM1, PER, N3, N4."""
        out = [self.name.segment(self.role, self.entity)]
        if self.contacts:
            out.append(contact_segment(ROLES.get(self.role, ""), self.contacts, self.contact_name))
        if self.address:
            out += self.address.segments()
        return out

    @classmethod
    def read(cls, loop: Sequence[Segment]) -> Related:
        """From the segments of its loop, NM1 first; what is no part of it is not looked at."""
        head = loop[0]
        found = by_tag(loop[1:], {"PER": 1, "N3": 1, "N4": 1})
        per = found["PER"][0] if found["PER"] else None
        return cls(
            head.get(1),
            Name.read(head),
            head.get(2),
            read_contacts(per) if per else (),
            per.get(2) if per else "",
            read_address(next(iter(found["N3"]), None), next(iter(found["N4"]), None)),
        )
