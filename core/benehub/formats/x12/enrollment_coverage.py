"""One line of coverage of a member, loop 2300 of the 834: health, dental, vision, disability income."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.formats.x12.enrollment_insurance import OtherInsurance
from benehub.formats.x12.enrollment_provider import Provider
from benehub.formats.x12.kernel import Elements, Segment
from benehub.formats.x12.lines import Lines, put, segments_of
from benehub.formats.x12.parts import Amount, Dated, Period, Reference, date_segment
from benehub.formats.x12.values import DAYS, write_amount


@dataclass(frozen=True, slots=True)
class Card:
    """IDC: cards a carrier is to make. `kind` `H` health, `D` dental, `P` drugs; `action` `1` add, `2` change, `RX`."""

    plan: str
    kind: str
    count: str = ""
    action: str = ""

    def segment(self) -> Elements:
        """The IDC."""
        return ("IDC", self.plan, self.kind, self.count, self.action)

    @classmethod
    def read(cls, segment: Segment) -> Card:
        """From an IDC."""
        return cls(segment.get(1), segment.get(2), segment.get(3), segment.get(4))


@dataclass(frozen=True, slots=True)
class Coverage:
    """HD and what follows it.

    Args:
        maintenance: HD01, `021` add, `024` end, `001` change, `025` reinstate, `030` audit, `002` delete.
        line: HD03, `HLT`, `DEN`, `VIS`, `PDG`, `STD`, `LTD`, ...
        plan: HD04, the carrier's plan description.
        tier: HD05, `EMP`, `ESP`, `ECH`, `FAM`, ...
        dates: `348` first day, `349` last day, `303` maintenance effective, `343` premium paid to.
        references: `1L` group or policy of this line, `17`, `CE`, `QQ` prior months, ...
        amounts: `P3` premium, `D2` deductible, ...
        late: HD09, `Y` for a late enrollee.
        periods: dates that are ranges, e.g. `695` previous period.
        extra: segments of the loop that the guide does not have there, in order.
    """

    maintenance: str
    line: str
    plan: str = ""
    tier: str = ""
    dates: tuple[Dated, ...] = ()
    references: tuple[Reference, ...] = ()
    amounts: tuple[Amount, ...] = ()
    late: str = ""
    periods: tuple[Period, ...] = ()
    cards: tuple[Card, ...] = ()
    providers: tuple[Provider, ...] = ()
    others: tuple[OtherInsurance, ...] = ()
    """Other insurance (COB), up to five."""
    extra: tuple[Elements, ...] = field(default=(), repr=False)

    def date(self, qualifier: str) -> date | None:
        """The first day under a DTP qualifier."""
        return next((day for code, day in self.dates if code == qualifier), None)

    def reference(self, qualifier: str) -> str:
        """The first REF under a qualifier, empty when there is none."""
        return next((value for code, value in self.references if code == qualifier), "")

    def segments(self) -> list[Elements]:
        """HD, DTP, AMT, REF, IDC and the inner loops, in the guide's order."""
        return segments_of(Coverage.write, self)

    def write(self, lines: Lines) -> int:
        """Append those segments; gives the marks in them."""
        head = f"HD\t{self.maintenance}\t\t{self.line}\t{self.plan}\t{self.tier}"
        marks = 5
        if self.late:
            head += f"\t\t\t\t{self.late}"
            marks = 9
        lines.append(head)
        for code, day in self.dates:
            lines.append(f"DTP\t{code}\tD8\t{DAYS[day]}")
            marks += 3
        if self.periods:
            marks += put(lines, [date_segment(*one) for one in self.periods])
        if self.amounts:
            marks += put(lines, [("AMT", code, write_amount(minor)) for code, minor in self.amounts])
        for code, value in self.references:
            lines.append(f"REF\t{code}\t{value}")
            marks += 2
        if self.cards or self.providers or self.others or self.extra:
            marks += put(lines, self._inner())
        return marks

    def _inner(self) -> Iterator[Elements]:
        yield from (card.segment() for card in self.cards)
        for place, provider in enumerate(self.providers, 1):
            yield from provider.segments(place)
        for other in self.others:
            yield from other.segments()
        yield from self.extra
