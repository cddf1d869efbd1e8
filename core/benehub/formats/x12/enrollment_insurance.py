"""Other insurance of a member beside a coverage, loops 2320 and 2330 of the 834: who pays first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from benehub.formats.x12.kernel import Delimiters, Element, Elements, Segment, neutral
from benehub.formats.x12.parts import (
    Address,
    Dated,
    Reference,
    by_tag,
    date_segment,
    read_address,
    read_dated,
)


@dataclass(frozen=True, slots=True)
class OtherInsurer:
    """NM1, N3, N4 and PER of who is behind the other insurance.

    Args:
        role: NM101, `IN` insurer, `GW` group, `36` employer.
        name, qualifier, id: NM103, and NM108 and NM109 (`FI` tax id, `XV` national plan id, `NI` NAIC).
        telephone: of its department (PER*CN).
    """

    role: str
    name: str = ""
    qualifier: str = ""
    id: str = ""
    address: Address | None = None
    telephone: str = ""

    def segments(self) -> list[Elements]:
        """NM1, N3, N4, PER."""
        head: Elements = ("NM1", self.role, "2", self.name)
        if self.qualifier or self.id:
            head = (*head, "", "", "", "", self.qualifier, self.id)
        out = [head, *(self.address.segments() if self.address else ())]
        if self.telephone:
            out.append(("PER", "CN", "", "TE", self.telephone))
        return out

    @classmethod
    def read(cls, loop: Sequence[Segment]) -> OtherInsurer:
        """From the segments of its loop, NM1 first."""
        head = loop[0]
        found = by_tag(loop[1:], {"N3": 1, "N4": 1, "PER": 1})
        address = read_address(next(iter(found["N3"]), None), next(iter(found["N4"]), None))
        telephone = found["PER"][0].get(4) if found["PER"] else ""
        return cls(head.get(1), head.get(3), head.get(8), head.get(9), address, telephone)


@dataclass(frozen=True, slots=True)
class OtherInsurance:
    """COB and what follows it.

    Args:
        order: COB01, `P` the other one pays first, `S` second, `T` third, `U` unknown.
        policy: COB02. `coordination` COB03, `1` is coordinated, `5` unknown, `6` none.
        services: COB04, service types that it covers (`35` dental, `48` hospital, `90` mail-order drugs, ...).
        references: `60` account, `6P` group, `SY` SSN, `ZZ`. `dates`: `344` begin, `345` end.
        insurers: up to three.
    """

    order: str
    policy: str = ""
    coordination: str = ""
    services: tuple[str, ...] = ()
    references: tuple[Reference, ...] = field(default=(), repr=False)
    dates: tuple[Dated, ...] = ()
    insurers: tuple[OtherInsurer, ...] = ()

    def segments(self) -> list[Elements]:
        """COB, REF, DTP, and the loops of the insurers."""
        services: Element = "".join(self.services)
        if len(self.services) > 1:
            services = tuple((code,) for code in self.services)
        out: list[Elements] = [("COB", self.order, self.policy, self.coordination, services)]
        out += [("REF", *one) for one in self.references]
        out += [date_segment(*one) for one in self.dates]
        for insurer in self.insurers:
            out += insurer.segments()
        return out

    @classmethod
    def read(cls, loop: Sequence[Segment], marks: Delimiters) -> OtherInsurance:
        """From the segments of its loop, COB first.

        Raises:
            FormatError: a date that is no day.
        """
        head = loop[0]
        starts = [at for at, segment in enumerate(loop) if segment.tag == "NM1"] + [len(loop)]
        found = by_tag(loop[1 : starts[0]], {"REF": 4, "DTP": 2})
        services = neutral(head.get(4), marks)
        codes = (services,) if isinstance(services, str) else tuple("".join(one) for one in services)
        return cls(
            head.get(1),
            head.get(2),
            head.get(3),
            tuple(filter(None, codes)),
            tuple((one.get(1), one.get(2)) for one in found["REF"]),
            tuple(map(read_dated, found["DTP"])),
            tuple(OtherInsurer.read(loop[a:b]) for a, b in pairwise(starts)),
        )
