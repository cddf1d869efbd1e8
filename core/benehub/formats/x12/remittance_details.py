"""The details of an 820 005010X218: for whom something is paid (ENT), and on which policy or invoice (RMR).

Loop 2000A, an organization that pays a summary bill, may count heads and name charges; loop 2000B, one for each
member, names him.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.parts import Name, Reference
from benehub.formats.x12.values import write_amount, write_date, write_range

INDIVIDUAL = "2J"
"""ENT02 of a person; an organization has 2L (corporation), UN (union), AG, NH or RGA."""

Period = tuple[date, date]
"""First and last day, both inclusive (RD8)."""

Adjustment = tuple[int, str]
"""ADX01 in US cents and ADX02 reason."""


@dataclass(frozen=True, slots=True)
class Charge:
    """SAC: a charge named on a summary bill, for information. `code` A172, B680, D940 or G740; US cents."""

    code: str
    minor: int

    def segment(self) -> Elements:
        """The SAC; SAC05 has its two decimals implied."""
        return ("SAC", "C", self.code, "", "", str(self.minor))


@dataclass(frozen=True, slots=True)
class HeadCount:
    """SLN: how many are paid for. `unit` is `IE` persons, `10` groups or `PR` pairs; `line` SLN01."""

    count: int
    unit: str = "IE"
    line: str = "1"

    def segment(self) -> Elements:
        """The SLN."""
        return ("SLN", self.line, "", "O", str(self.count), self.unit)


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """IT1 with its charges (at most 4) and head counts (at most 3); organization only. `line` is IT101."""

    line: str = "1"
    charges: tuple[Charge, ...] = ()
    counts: tuple[HeadCount, ...] = ()

    def segments(self) -> Iterator[Elements]:
        """IT1, SAC, SLN."""
        yield ("IT1", self.line)
        yield from (charge.segment() for charge in self.charges)
        yield from (count.segment() for count in self.counts)


@dataclass(frozen=True, slots=True)
class Remitted:
    """RMR: what is paid on one policy or invoice.

    Args:
        qualifier: RMR01, `AZ` health policy, `IK` invoice, `1L` group (organization), ...
        paid, billed: RMR04 and RMR05 in US cents; `billed` None when it is not told.
        action: RMR03 `PI`, `PO`, `PP`, `PA` (organization only).
        period: the days of cover paid for. `adjustments`: this payment's, with their reason.
        extra: segments of the loop that have no field here, in order.
        summary: charges and head counts (organization only).
        day: DTM02, where a day is told instead of a period. `date_code`: DTM01, `582` or `AAG`.
    """

    qualifier: str
    reference: str
    paid: int
    billed: int | None = None
    action: str = ""
    references: tuple[Reference, ...] = ()
    period: Period | None = None
    extra: tuple[Elements, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    summary: SummaryLine | None = None
    day: date | None = None
    date_code: str = "582"

    @property
    def balanced(self) -> bool:
        """Whether paid = billed + adjustments; nothing to compare when billed is not told."""
        return self.billed is None or self.paid == self.billed + sum(minor for minor, _ in self.adjustments)

    def segments(self) -> Iterator[Elements]:
        """RMR, REF, DTM, IT1, SAC, SLN, ADX in the guide's order."""
        billed = "" if self.billed is None else write_amount(self.billed)
        yield ("RMR", self.qualifier, self.reference, self.action, write_amount(self.paid), billed)
        yield from (("REF", code, value) for code, value in self.references)
        if self.period or self.day:
            span = ("RD8", write_range(*self.period)) if self.period else ("", "")
            yield ("DTM", self.date_code, write_date(self.day) if self.day else "", "", "", *span)
        yield from self.summary.segments() if self.summary else ()
        yield from self.extra
        yield from (("ADX", write_amount(minor), reason) for minor, reason in self.adjustments)


@dataclass(frozen=True, slots=True)
class Entity:
    """ENT: one member (`kind` 2J) or one organization (2L, UN, AG, NH, RGA) and what is paid for it.

    Args:
        id_qualifier: ENT03, `34` SSN, `EI` employee or `II` for a person; `1`, `24`, `9`, `FI` for an organization.
        names: NM1 of an individual with their role (`IL` insured, `EY` employee, ...).
        previous: adjustments of earlier payments, in US cents; they count towards the payment.
    """

    kind: str
    id_qualifier: str
    id: str = field(repr=False)
    items: tuple[Remitted, ...]
    names: tuple[tuple[str, Name], ...] = ()
    previous: tuple[Adjustment, ...] = ()

    @property
    def individual(self) -> bool:
        """Whether it is a person."""
        return self.kind == INDIVIDUAL

    @property
    def total(self) -> int:
        """What it adds to the payment, in US cents."""
        return sum(item.paid for item in self.items) + sum(minor for minor, _ in self.previous)

    def segments(self, number: int) -> Iterator[Elements]:
        """ENT and its loops; `number` is ENT01."""
        ids = (self.id_qualifier, self.id) if self.id else ("", "")
        yield ("ENT", str(number), self.kind, *ids)
        yield from (name.segment(role) for role, name in self.names)
        yield from (("ADX", write_amount(minor), reason) for minor, reason in self.previous)
        for item in self.items:
            yield from item.segments()
