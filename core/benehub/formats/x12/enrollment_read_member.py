"""Reading loop 2000 of an 834: the text of one member becomes its record.

What most members have (numbers, dates, name, address, birth) is read on the straight way; the rest is gathered
and read by the records themselves. What has no field is kept in `extra`, so that a file can be read, looked at
and written again; what could only be dropped is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from benehub.errors import FormatError
from benehub.formats.x12.body import Body, Loop
from benehub.formats.x12.enrollment_disability import Disability
from benehub.formats.x12.enrollment_person import Demographics, Health, Income, Language
from benehub.formats.x12.enrollment_read_coverage import CoverageReader, loops_in, misplaced, same
from benehub.formats.x12.enrollment_records import Member
from benehub.formats.x12.enrollment_related import ROLES, Related
from benehub.formats.x12.enrollment_reporting import ReportingCategory
from benehub.formats.x12.kernel import Delimiters, Elements, Segment, neutral, neutral_segment
from benehub.formats.x12.parts import Address, Contact, Dated, Name, Reference, by_tag, read_address
from benehub.formats.x12.quick import quick
from benehub.formats.x12.values import read_amount, read_date

_REMEMBERED = 8_192
_member, _name, _home, _born = quick(Member), quick(Name), quick(Address), quick(Demographics)
_COMPOSITES = {("INS", 6), ("DMG", 5), ("COB", 4)}
"""Where the guide has elements of parts or with repetitions."""


class MemberReader:
    """Reads the members of one transaction set."""

    def __init__(self, body: Body, marks: Delimiters) -> None:
        self._body = body
        self._marks = marks
        self._coverages = CoverageReader(body, marks)
        self._days: dict[str, date] = {}
        end, separator = marks.terminator, marks.element
        self._opens_coverage, self._opens_reporting = f"{end}HD{separator}", f"{end}LS{separator}"

    def read(self, loop: Loop) -> Member:
        """From the segments of one loop 2000, INS first.

        Raises:
            FormatError: what a member must have is missing, a date, amount or segment cannot be.
        """
        position, text = loop
        marks = self._marks
        if marks.component in text or (marks.repetition and marks.repetition in text):
            self._simple(loop)
        own, *covers = text.split(self._opens_coverage)
        last, opened, reporting = (covers[-1] if covers else own).partition(self._opens_reporting)
        if opened and covers:
            covers[-1] = last
        elif opened:
            own = last
        lines = own.split(marks.terminator)
        coverages, at = [], position + len(lines)
        for cover in covers:
            coverages.append(self._coverages.read(cover, at))
            at += cover.count(marks.terminator) + 1
        member = self._own(lines, position, tuple(coverages))
        return self._reported(member, reporting, at) if opened else member

    def _simple(self, loop: Loop) -> None:
        marks = self._marks
        for at, line in enumerate(loop.text.split(marks.terminator), loop.position):
            for place, element in enumerate(elements := line.split(marks.element)):
                if not isinstance(neutral(element, marks), str) and (elements[0], place) not in _COMPOSITES:
                    raise misplaced(at, elements[0], f"{elements[0]}{place:02d} has parts; the guide has none there")

    def _day(self, text: str, position: int, place: str) -> date:
        day = self._days.get(text)
        if day is None:
            if len(self._days) >= _REMEMBERED:
                self._days.clear()
            day = self._days[text] = read_date(text, position, place)
        return day

    def _own(self, lines: list[str], position: int, coverages: tuple[Any, ...]) -> Member:
        separator, days = self._marks.element, self._days
        number: str | None = None
        references: list[Reference] = []
        dates: list[Dated] = []
        name: list[str] = []
        contacts: tuple[Contact, ...] = ()
        n3: list[str] | None = None
        n4: list[str] | None = None
        demographics: Demographics | None = None
        rest: list[Segment] = []
        for at, line in enumerate(lines):
            elements = line.split(separator)
            tag, size = elements[0], len(elements)
            if not name:
                if tag == "REF" and size == 3:
                    if number is None and elements[1] == "0F":
                        number = elements[2]
                    else:
                        references.append((elements[1], elements[2]))
                    continue
                if tag == "DTP" and size == 4 and elements[2] == "D8":
                    day = days.get(elements[3]) or self._day(elements[3], position + at, "DTP03")
                    dates.append((elements[1], day))
                    continue
                if tag == "NM1" and elements[1] in ("IL", "74"):
                    name = elements
                    continue
                if tag == "INS" and not at:
                    continue
            elif rest:
                pass
            elif tag == "PER" and not contacts and size in (5, 7, 9) and elements[1] == "IP" and not elements[2]:
                contacts = tuple(zip(elements[3::2], elements[4::2], strict=True))
                continue
            elif tag == "N3" and n3 is None and size <= 3:
                n3 = elements
                continue
            elif tag == "N4" and n4 is None and size <= 8:
                n4 = elements
                continue
            elif tag == "DMG" and demographics is None and 3 <= size <= 5 and elements[1] == "D8":
                birth = days.get(elements[2]) or self._day(elements[2], position + at, "DMG02")
                sex, marital, *_ = (*elements[3:], "", "")
                demographics = _born(birth, sex, marital)
                continue
            rest.append(Segment(position + at, elements))
        if number is None or not name:
            raise FormatError(
                "a member lacks REF*0F or its name (NM1*IL)",
                where=f"segment {position} (INS)",
                mend="Ask the sender for a complete member",
                position=position,
            )
        member = self._member(lines[0].split(separator), position, number, name, tuple(references), tuple(dates),
                              contacts, _address(n3, n4), demographics, coverages)  # fmt: skip
        return self._rest(member, rest) if rest else member

    def _member(
        self, ins: list[str], position: int, number: str, name: list[str], references: tuple[Reference, ...],
        dates: tuple[Dated, ...], contacts: tuple[Contact, ...], address: Address | None,
        demographics: Demographics | None, coverages: tuple[Any, ...],
    ) -> Member:  # fmt: skip
        if not 6 <= len(ins) <= 18 or ins[1] not in ("Y", "N") or any(ins[14:17]):
            raise misplaced(position, "INS", "INS is too short, or has an element that the guide does not use")
        if len(name) > 10 or len(name) == 9 or name[2] != "1":
            raise misplaced(position, "INS", "the name (NM1) has an element that the guide does not use")
        ins += [""] * (18 - len(ins))
        medicare = neutral(ins[6], self._marks) if ins[6] else ()
        return _member(
            ins[1] == "Y", ins[2], ins[3], ins[4], ins[5], number, _name(*name[3:]),
            (medicare,) if isinstance(medicare, str) else tuple(map(str, medicare)),
            ins[7], ins[8], ins[9], ins[10],
            read_date(ins[12], position, "INS12") if ins[12] else None,
            ins[13], ins[17], references, dates, name[1] == "74", contacts, address, demographics,
            coverages=coverages,
        )  # fmt: skip

    def _rest(self, member: Member, segments: Sequence[Segment]) -> Member:
        more: dict[str, Any] = {}
        extra: list[Elements] = []
        for loop in loops_in(segments, lambda segment: segment.tag in ("NM1", "DSB")):
            if not self._take(member, loop, more, extra):
                for segment in loop:
                    self._keep(segment, extra)
        gathered: dict[str, Any] = {
            name: tuple(found) if isinstance(found, list) else found for name, found in more.items()
        }
        return replace(member, **gathered, extra=tuple(extra))

    def _take(self, member: Member, loop: Sequence[Segment], more: dict[str, Any], extra: list[Elements]) -> bool:
        head, marks = loop[0], self._marks
        role = head.get(1)
        if head.tag == "DSB":
            disability = Disability.read(loop)
            if same(disability.segments(), loop, marks):
                more.setdefault("disabilities", []).append(disability)
                return True
        elif head.tag != "NM1":
            for segment in loop:
                if not self._personal(member, segment, more):
                    self._keep(segment, extra)
            return True
        elif role == "70" and "incorrect" not in more:
            return self._incorrect(loop, more)
        elif role == "31" and "mailing" not in more:
            found = by_tag(loop, {"N3": 1, "N4": 1})
            address = read_address(next(iter(found["N3"]), None), next(iter(found["N4"]), None))
            if address and same([("NM1", "31", "1"), *address.segments()], loop, marks):
                more["mailing"] = address
                return True
        elif role in ROLES:
            related = Related.read(loop)
            if same(related.segments(), loop, marks):
                more.setdefault("related", []).append(related)
                return True
        return False

    def _incorrect(self, loop: Sequence[Segment], more: dict[str, Any]) -> bool:
        dmg = by_tag(loop, {"DMG": 1})["DMG"]
        name = Name.read(loop[0])
        demographics = Demographics.read(dmg[0], self._marks) if dmg else None
        written = [name.segment("70"), *((demographics.segment(),) if demographics else ())]
        if not same(written, loop, self._marks):
            return False
        more["incorrect"], more["incorrect_demographics"] = name, demographics
        return True

    def _personal(self, member: Member, segment: Segment, more: dict[str, Any]) -> bool:
        """Take a segment of loop 2100A that few members have."""
        tag, size = segment.tag, len(segment.elements)
        if tag == "EC" and size <= 4:
            more.setdefault("employment_classes", []).append(tuple(segment.elements[1:]))
        elif tag == "AMT" and size == 3:
            amount = read_amount(segment.get(2), segment.position, "AMT02")
            more.setdefault("amounts", []).append((segment.get(1), amount))
        elif tag == "ICM" and size <= 6 and "income" not in more:
            more["income"] = Income.read(segment)
        elif tag == "HLH" and size <= 4 and "health" not in more:
            more["health"] = Health.read(segment)
        elif tag == "LUI" and size <= 5:
            more.setdefault("languages", []).append(Language.read(segment))
        elif tag == "DMG" and member.demographics is None and "demographics" not in more:
            demographics = Demographics.read(segment, self._marks)
            if not same([demographics.segment()], [segment], self._marks):
                return False
            more["demographics"] = demographics
        else:
            return False
        return True

    def _keep(self, segment: Segment, extra: list[Elements]) -> None:
        self._body.data(segment.elements, segment.position)
        extra.append(neutral_segment(segment, self._marks))

    def _reported(self, member: Member, text: str, position: int) -> Member:
        """Reporting categories: the text after `LS*`, `position` that of the LS."""
        marks = self._marks
        lines = [line.split(marks.element) for line in text.split(marks.terminator)]
        segments = [Segment(at, elements) for at, elements in enumerate(lines[1:], position + 1)]
        if lines[0] != ["2700"] or not segments or segments[-1].elements != ["LE", "2700"]:
            raise misplaced(position, "LS", "reporting categories are not between LS*2700 and LE*2700")
        categories = []
        for place, loop in enumerate(loops_in(segments[:-1], lambda segment: segment.tag == "LX"), 1):
            category = ReportingCategory.read(loop, place)
            if not same(category.segments(place), loop, marks):
                for segment in loop:
                    self._body.data(segment.elements, segment.position)
                raise misplaced(loop[0].position, "LX", "a reporting category has a segment the guide does not have")
            categories.append(category)
        return replace(member, reporting=tuple(categories))


def _address(n3: list[str] | None, n4: list[str] | None) -> Address | None:
    line1, line2, *_ = (*n3[1:], "", "") if n3 else ("", "")
    if n4 is None:
        return _home(line1, line2) if n3 else None
    city, state, zip_code, country, kind, place, subdivision, *_ = (*n4[1:], "", "", "", "", "", "", "")
    return _home(line1, line2, city, state, zip_code, country, (kind, place), subdivision)
