"""The member of an 834 005010X220A1 (loop 2000): one covered person with all that is said of him.

`BGN08` decides what a file is: `4` a full file (everybody as he is), `2` a change file (what happened). The
codes stay X12's own here; which code a partner wants for which event is data of the trading-partner profile.
Dates are X12's too: an end date is the last day covered, unless the partner says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain

from benehub.formats.x12.enrollment_coverage import Coverage
from benehub.formats.x12.enrollment_disability import Disability
from benehub.formats.x12.enrollment_head import CHANGE, FULL, Enrollment834
from benehub.formats.x12.enrollment_person import Demographics, Health, Income, Language
from benehub.formats.x12.enrollment_related import Related
from benehub.formats.x12.enrollment_reporting import CLOSES, OPENS, ReportingCategory
from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.lines import Lines, put, segments_of
from benehub.formats.x12.parts import Address, Amount, Contact, Dated, Name, Reference, write_contacts
from benehub.formats.x12.values import DAYS, write_amount

__all__ = ["CHANGE", "FULL", "Enrollment834", "Member", "totals", "totals_of"]


@dataclass(frozen=True, slots=True)
class Member:
    """INS and what follows: one covered person. A subscriber precedes his dependents.

    Args:
        subscriber: INS01, `Y` or `N`. `relationship` INS02 (18 self). `maintenance` INS03. `reason` INS04.
        status: INS05 (A active, C COBRA, S surviving, T TEFRA). `cobra_event` INS07. `employment` INS08.
        subscriber_number: REF*0F, the family key; it may be an SSN, so reprs hide it.
        medicare: INS06, the plan `A` to `E` and the reason `0` age, `1` disability, `2` kidney disease.
        student: INS09, `F`, `N` or `P`. `handicapped` INS10. `death` INS12. `confidentiality` INS13, `R` or `U`.
        birth_sequence: INS17, tells twins apart.
        references: `1L` policy, `17`, `23` client number, `Q4` a former number, ...
        dates: `336` hire, `337` end of employment, `356`/`357` eligibility, `303`, `301`, `340`, `341`, ...
        corrected: write NM1*74 instead of NM1*IL because `incorrect` (NM1*70) says what was wrong before.
        amounts: AMT of the person, e.g. ("D2", deductible).
        employment_classes: EC, each up to three codes. `mailing`: loop 2100C, where mail goes instead.
        related: employers, schools, custodial parent, responsible persons, drop-off, in the guide's order.
        extra: segments that the guide does not have there, in order.
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
    employment_classes: tuple[tuple[str, ...], ...] = ()
    income: Income | None = None
    amounts: tuple[Amount, ...] = ()
    health: Health | None = None
    languages: tuple[Language, ...] = ()
    incorrect: Name | None = None
    incorrect_demographics: Demographics | None = field(default=None, repr=False)
    mailing: Address | None = field(default=None, repr=False)
    related: tuple[Related, ...] = ()
    disabilities: tuple[Disability, ...] = ()
    coverages: tuple[Coverage, ...] = ()
    reporting: tuple[ReportingCategory, ...] = ()
    extra: tuple[Elements, ...] = field(default=(), repr=False)

    def date(self, qualifier: str) -> date | None:
        """The first day under a member-level DTP qualifier."""
        return next((day for code, day in self.dates if code == qualifier), None)

    def reference(self, qualifier: str) -> str:
        """The first member-level REF under a qualifier, empty when there is none."""
        return next((value for code, value in self.references if code == qualifier), "")

    def relatives(self, *roles: str) -> tuple[Related, ...]:
        """Those of `related` in these roles."""
        return tuple(one for one in self.related if one.role in roles)

    def segments(self) -> list[Elements]:
        """All segments of loop 2000, in the guide's order.

        Raises:
            FormatError: an SSN that is not nine digits, or more contacts than a PER carries.
        """
        return segments_of(Member.write, self)

    def write(self, lines: Lines) -> int:
        """Append those segments; gives the marks in them.

        Raises:
            FormatError: see `segments`.
        """
        plan = "\v".join(self.medicare) if self.medicare else ""
        head = (
            f"INS\t{'Y' if self.subscriber else 'N'}\t{self.relationship}\t{self.maintenance}\t{self.reason}"
            f"\t{self.status}\t{plan}\t{self.cobra_event}\t{self.employment}"
        )
        marks = 10
        if plan or self.student or self.handicapped or self.death or self.confidentiality or self.birth_sequence:
            head, more = self._ins(head)
            marks += more
        lines.append(head)
        lines.append(f"REF\t0F\t{self.subscriber_number}")
        for code, value in self.references:
            lines.append(f"REF\t{code}\t{value}")
            marks += 2
        for code, day in self.dates:
            lines.append(f"DTP\t{code}\tD8\t{DAYS[day]}")
            marks += 3
        marks += self.name.write(lines, "74" if self.corrected else "IL")
        if self.contacts:
            marks += write_contacts(self.contacts, lines, "IP")
        if self.address:
            marks += self.address.write(lines)
        if self.demographics:
            marks += self.demographics.write(lines)
        if self.employment_classes or self.income or self.amounts or self.health or self.languages:
            marks += put(lines, self._person())
        if self.incorrect or self.incorrect_demographics or self.mailing or self.related:
            marks += put(lines, self._beside())
        if self.extra or self.disabilities:
            marks += put(lines, chain(self.extra, *(one.segments() for one in self.disabilities)))
        for coverage in self.coverages:
            marks += coverage.write(lines)
        if self.reporting:
            marks += put(lines, self._reported())
        return marks

    def _ins(self, head: str) -> tuple[str, int]:
        """The INS with what few have, and how many marks that adds."""
        marks = max(len(self.medicare) - 1, 0)
        if not (self.student or self.handicapped or self.death or self.confidentiality or self.birth_sequence):
            return head, marks
        death = f"D8\t{DAYS[self.death]}" if self.death else "\t"
        head += f"\t{self.student}\t{self.handicapped}\t{death}\t{self.confidentiality}\t\t\t\t{self.birth_sequence}"
        return head, marks + 9

    def _person(self) -> Iterator[Elements]:
        yield from (("EC", *codes) for codes in self.employment_classes)
        if self.income:
            yield self.income.segment()
        yield from (("AMT", code, write_amount(minor)) for code, minor in self.amounts)
        if self.health:
            yield self.health.segment()
        yield from (language.segment() for language in self.languages)

    def _beside(self) -> Iterator[Elements]:
        if self.incorrect:
            yield self.incorrect.segment("70")
        if self.incorrect_demographics:
            yield self.incorrect_demographics.segment()
        if self.mailing:
            yield ("NM1", "31", "1")
            yield from self.mailing.segments()
        for related in self.related:
            yield from related.segments()

    def _reported(self) -> Iterator[Elements]:
        yield OPENS
        for place, category in enumerate(self.reporting, 1):
            yield from category.segments(place)
        yield CLOSES


def totals_of(members: Iterable[Member]) -> tuple[tuple[str, int], ...]:
    """QTY totals of members: all, subscribers, dependents; a count of zero is left out."""
    flags = [member.subscriber for member in members]
    return totals(len(flags), sum(flags))


def totals(members: int, subscribers: int) -> tuple[tuple[str, int], ...]:
    """As `totals_of`, of members who have been counted."""
    counted = (("TO", members), ("ET", subscribers), ("DT", members - subscribers))
    return tuple((code, count) for code, count in counted if count)
