"""The records of an 834 005010X220A1, benefit enrollment, each knowing its own segments.

`BGN08` decides what a file is: `4` a full file (everybody as he is), `2` a change file (what happened). The
codes stay X12's own here; which code a partner wants for which event is data of the trading-partner profile.
Dates are X12's too: an end date is the last day covered, unless the partner says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.formats.x12.kernel import Element, Elements
from benehub.formats.x12.parts import Address, Contact, Name, Party, Reference, contact_segment
from benehub.formats.x12.values import write_amount, write_date

FULL, CHANGE = "4", "2"
"""BGN08."""

Dated = tuple[str, date]
"""DTP01 qualifier and its day, e.g. ("336", hire date), ("348", first day covered)."""

Amount = tuple[str, int]
"""AMT01 qualifier and US cents, e.g. ("P3", premium)."""

PERSON_TAGS = frozenset({"EC", "ICM", "AMT", "HLH", "LUI"})
"""Segments of `Member.extra` that belong to the member's own name loop."""


@dataclass(frozen=True, slots=True)
class Demographics:
    """DMG: birth date, sex `F`/`M`/`U`, marital status; `rest` is DMG05 and on, as read."""

    birth: date | None
    sex: str = ""
    marital: str = ""
    rest: tuple[Element, ...] = ()

    def segment(self) -> Elements:
        """The DMG."""
        when = ("D8", write_date(self.birth)) if self.birth else ("", "")
        return ("DMG", *when, self.sex, self.marital, *self.rest)


@dataclass(frozen=True, slots=True)
class Coverage:
    """HD: one line of coverage.

    Args:
        maintenance: HD01, `021` add, `024` end, `001` change, `025` reinstate, `030` audit.
        line: HD03, `HLT`, `DEN`, `VIS`, ...
        plan: HD04, the carrier's plan description.
        tier: HD05, `EMP`, `ESP`, `ECH`, `FAM`, ...
        dates: `348` first day, `349` last day, `303` maintenance effective.
        references: `1L` group or policy of this line.
        amounts: `P3` premium.
        extra: every other segment of the loop (IDC, providers, other insurance), in order.
    """

    maintenance: str
    line: str
    plan: str = ""
    tier: str = ""
    dates: tuple[Dated, ...] = ()
    references: tuple[Reference, ...] = ()
    amounts: tuple[Amount, ...] = ()
    late: str = ""
    """HD09, `Y` for a late enrollee."""
    extra: tuple[Elements, ...] = ()

    def date(self, qualifier: str) -> date | None:
        """The first day under a DTP qualifier."""
        return next((day for code, day in self.dates if code == qualifier), None)

    def segments(self) -> Iterator[Elements]:
        """HD, DTP, AMT, REF and the rest, in the guide's order."""
        yield ("HD", self.maintenance, "", self.line, self.plan, self.tier, "", "", "", self.late)
        yield from (("DTP", code, "D8", write_date(day)) for code, day in self.dates)
        own = next((at for at, extra in enumerate(self.extra) if extra[0] != "DTP"), len(self.extra))
        yield from self.extra[:own]
        yield from (("AMT", code, write_amount(minor)) for code, minor in self.amounts)
        yield from (("REF", code, value) for code, value in self.references)
        yield from self.extra[own:]


@dataclass(frozen=True, slots=True)
class Member:
    """INS and what follows: one covered person. A subscriber precedes his dependents.

    Args:
        subscriber: INS01, `Y` or `N`. `relationship` INS02 (18 self). `maintenance` INS03. `reason` INS04.
        status: INS05 (A active, C COBRA). `employment` INS08. `death` INS12. `birth_sequence` INS17.
        subscriber_number: REF*0F, the family key; it may be an SSN, so reprs hide it.
        references: `1L` policy, `17`, `23` client number, ...
        dates: `336` hire, `337` end of employment, `356`/`357` eligibility, `303`, `301`, `340`, `341`, ...
        corrected: write NM1*74 instead of NM1*IL because `incorrect` (NM1*70) says what was wrong before.
        extra: segments of the member that have no field here, in order.
    """

    subscriber: bool
    relationship: str
    maintenance: str
    reason: str
    status: str
    subscriber_number: str = field(repr=False)
    name: Name
    medicare: tuple[str, ...] = ()
    cobra_event: str = ""
    employment: str = ""
    student: str = ""
    handicapped: str = ""
    death: date | None = None
    confidentiality: str = ""
    birth_sequence: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[Dated, ...] = ()
    corrected: bool = False
    contacts: tuple[Contact, ...] = field(default=(), repr=False)
    address: Address | None = field(default=None, repr=False)
    demographics: Demographics | None = field(default=None, repr=False)
    incorrect: Name | None = None
    incorrect_demographics: Demographics | None = field(default=None, repr=False)
    coverages: tuple[Coverage, ...] = ()
    extra: tuple[Elements, ...] = field(default=(), repr=False)

    def date(self, qualifier: str) -> date | None:
        """The first day under a member-level DTP qualifier."""
        return next((day for code, day in self.dates if code == qualifier), None)

    def reference(self, qualifier: str) -> str:
        """The first member-level REF under a qualifier, empty when there is none."""
        return next((value for code, value in self.references if code == qualifier), "")

    def segments(self) -> Iterator[Elements]:
        """All segments of loop 2000, in the guide's order."""
        yield self._ins()
        yield ("REF", "0F", self.subscriber_number)
        yield from (("REF", code, value) for code, value in self.references)
        yield from (("DTP", code, "D8", write_date(day)) for code, day in self.dates)
        yield self.name.segment("74" if self.corrected else "IL")
        if self.contacts:
            yield contact_segment("IP", self.contacts)
        if self.address:
            yield from self.address.segments()
        if self.demographics:
            yield self.demographics.segment()
        own = next((at for at, e in enumerate(self.extra) if e[0] not in PERSON_TAGS), len(self.extra))
        yield from self.extra[:own]
        if self.incorrect:
            yield self.incorrect.segment("70")
        if self.incorrect_demographics:
            yield self.incorrect_demographics.segment()
        yield from self.extra[own:]
        for coverage in self.coverages:
            yield from coverage.segments()

    def _ins(self) -> Elements:
        death = ("D8", write_date(self.death)) if self.death else ("", "")
        return (
            "INS", "Y" if self.subscriber else "N", self.relationship, self.maintenance, self.reason,
            self.status, self.medicare if len(self.medicare) > 1 else "".join(self.medicare),
            self.cobra_event, self.employment, self.student, self.handicapped, *death,
            self.confidentiality, "", "", "", self.birth_sequence,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Enrollment834:
    """The head of an 834: BGN, master policy, dates, totals and parties.

    Args:
        reference: BGN02, unique for ever per sender. `created` and `time` (HHMM) BGN03 and BGN04.
        action: BGN08, `FULL` or `CHANGE`. `purpose` BGN01: `00` original, `15` resubmission, `22` copy.
        policy: REF*38. `dates`: `007` effective. `totals`: QTY, `TO` all, `ET` subscribers, `DT` dependents.
        extra: other segments of the head (broker, account), in order.
    """

    reference: str
    created: date
    action: str
    sponsor: Party
    payer: Party
    purpose: str = "00"
    time: str = "0000"
    zone: str = ""
    original_reference: str = ""
    policy: str = ""
    dates: tuple[Dated, ...] = ()
    totals: tuple[tuple[str, int], ...] = ()
    extra: tuple[Elements, ...] = ()

    def segments(self) -> Iterator[Elements]:
        """BGN to the last N1, in the guide's order."""
        yield (
            "BGN", self.purpose, self.reference, write_date(self.created), self.time, self.zone,
            self.original_reference, "", self.action,
        )  # fmt: skip
        if self.policy:
            yield ("REF", "38", self.policy)
        yield from (("DTP", code, "D8", write_date(day)) for code, day in self.dates)
        yield from (("QTY", code, str(count)) for code, count in self.totals)
        yield self.sponsor.segment("P5")
        yield self.payer.segment("IN")
        yield from self.extra


def totals_of(members: Iterable[Member]) -> tuple[tuple[str, int], ...]:
    """QTY totals of members: all, subscribers, dependents; a count of zero is left out."""
    flags = [member.subscriber for member in members]
    counted = (("TO", len(flags)), ("ET", sum(flags)), ("DT", len(flags) - sum(flags)))
    return tuple((code, count) for code, count in counted if count)
