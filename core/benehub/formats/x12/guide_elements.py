"""The thorough half of the element checks: every element, component and repeat of a segment, each fault named.

Asked only when a segment does not match its pattern (see `guide_match`), so it may take its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from benehub.formats.x12.findings import Finding, Scope
from benehub.formats.x12.guide import ElementSpec, RuleSpec, SegmentSpec
from benehub.formats.x12.guide_match import (
    MONEY,
    PERIOD,
    has,
    is_day,
    is_range,
    postal_error,
    rule,
    ssn_error,
    ssn_place,
)
from benehub.formats.x12.kernel import Delimiters, Segment

_ODD = re.compile(r"[^ -~]")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?)?")
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_WHOLE = re.compile(r"-?[0-9]+")
_AT_SOURCE = "Correct it at the source and write the file anew"

_FIXED = frozenset({"ISA"})
"""Segments of fixed width, whose blanks are no fault."""

Fault = tuple[str, str, str, str]
"""Code, IK403, what is wrong, what to do."""


class ElementCheck:
    """Looks at the segments of one file; `marks` are its delimiters."""

    def __init__(self, marks: Delimiters) -> None:
        self._marks = marks

    def findings(self, spec: SegmentSpec, segment: Segment, scope: Scope) -> Iterator[Finding]:
        """Everything wrong inside a segment that stands at a place of the guide."""
        elements, tag = segment.elements, segment.elements[0]
        if len(elements) - 1 > len(spec.elements):
            text = f"{tag} has {len(elements) - 1} elements, the guide {len(spec.elements)}"
            yield scope.found(
                segment, "too-many", text, "Remove what the guide has no place for", len(spec.elements) + 1, ik="3"
            )
        elif len(elements) > 1 and not elements[-1] and tag not in _FIXED:
            text = f"{tag} ends in an empty element"
            yield scope.found(
                segment, "trailing", text, "Leave empty elements at the end out", len(elements) - 1, ik="I10"
            )
        told = set()
        for place, one in enumerate(spec.elements, 1):
            for found in self._element(one, place, segment, scope):
                told.add(place)
                yield found
        for found in (found for bond in spec.rules for found in _bond(bond, segment, scope)):
            if found.element not in told:
                yield found
        yield from _ids(spec, segment, scope)

    def _element(self, spec: ElementSpec | None, place: int, segment: Segment, scope: Scope) -> Iterator[Finding]:
        text, name = segment.get(place), f"{segment.elements[0]}{place:02d}"
        if spec is None:
            if text:
                yield scope.found(
                    segment, "not-used", f"{name} is not used by the guide", "Leave it empty", place, ik="I10"
                )
            return
        if not text:
            if spec.required:
                yield scope.found(
                    segment, "required", f"{name} is empty", _AT_SOURCE, place, ik="1", number=spec.number
                )
            return
        repeats = self._repeats(spec, text, segment)
        if len(repeats) > spec.repeats:
            what = f"{name} is repeated more than {spec.repeats} times" if spec.repeats > 1 else f"{name} is repeated"
            yield scope.found(
                segment, "repeats", what, "Leave the repetition delimiter out", place, ik="12", number=spec.number
            )
            return
        for number, value in enumerate(repeats, 1):
            repeat = number if spec.repeats > 1 else 0
            qualifier = segment.get(place - 1) if place > 1 else ""
            yield from self._value(spec, value, (segment, place, repeat, name, qualifier), scope)

    def _repeats(self, spec: ElementSpec, text: str, segment: Segment) -> list[str]:
        if not self._marks.repetition or segment.elements[0] == "ISA":
            return [text]
        return text.split(self._marks.repetition)

    def _value(
        self, spec: ElementSpec, value: str, at: tuple[Segment, int, int, str, str], scope: Scope
    ) -> Iterator[Finding]:
        segment, place, repeat, name, qualifier = at
        parts = [value] if segment.elements[0] == "ISA" else value.split(self._marks.component)
        if not spec.parts:
            if len(parts) > 1:
                yield scope.found(
                    segment, "too-many", f"{name} has components", "Leave the component delimiter out", place, ik="13",
                    repeat=repeat, number=spec.number,
                )  # fmt: skip
                return
            for code, ik, text, mend in _faults(spec, value, name, qualifier, segment.elements[0] in _FIXED):
                yield scope.found(segment, code, text, mend, place, ik=ik, repeat=repeat, number=spec.number)
            return
        if len(parts) > len(spec.parts):
            text = f"{name} has {len(parts)} components, the guide {len(spec.parts)}"
            yield scope.found(segment, "too-many", text, "Leave the others out", place, ik="13", repeat=repeat)
            return
        for component, (part, inner) in enumerate(zip_longest(spec.parts, parts, fillvalue=""), 1):
            one = part if isinstance(part, ElementSpec) else None
            faults = _part(one, str(inner), f"{name}-{component}")
            for code, ik, text, mend in faults:
                yield scope.found(
                    segment, code, text, mend, place, ik=ik, component=component, repeat=repeat,
                    number=one.number if one else "",
                )  # fmt: skip


def _part(spec: ElementSpec | None, value: str, name: str) -> Iterator[Fault]:
    if value and spec is None:
        yield "not-used", "I10", f"{name} is not used by the guide", "Leave it empty"
    elif spec is not None and value:
        yield from _faults(spec, value, name, "", False)
    elif spec is not None and spec.required:
        yield "required", "1", f"{name} is empty", _AT_SOURCE


def _faults(spec: ElementSpec, value: str, name: str, qualifier: str, fixed: bool) -> Iterator[Fault]:
    if _ODD.search(value):
        yield "character", "6", f"{name} has a control or non-ASCII character", "Write it through the character policy"
        return
    if spec.codes:
        if value not in spec.codes:
            yield "code", "7", f"{name} is no code of the guide at this place", "Map it to one of the guide's codes"
        return
    yield from _length(spec, value, name)
    if spec.number == PERIOD:
        yield from _period(value, name, qualifier)
    elif spec.kind in ("AN", "ID"):
        if value.endswith(" ") and not fixed:
            yield "blank", "6", f"{name} ends in a blank", "Strip it"
    elif spec.kind == "DT":
        if not is_day(value if len(value) == 8 else f"20{value}"):
            yield "date", "8", f"{name} is no existing day of {spec.most} digits", _AT_SOURCE
    elif spec.kind == "TM":
        if _TIME.fullmatch(value) is None:
            yield "time", "9", f"{name} is no time HHMM", _AT_SOURCE
    else:
        yield from _number(spec, value, name)


def _length(spec: ElementSpec, value: str, name: str) -> Iterator[Fault]:
    size = len(value.replace("-", "").replace(".", "")) if spec.kind[0] in "NR" else len(value)
    if size < spec.least:
        yield "length", "4", f"{name} has fewer than {spec.least} characters", _AT_SOURCE
    elif size > spec.most:
        yield "length", "5", f"{name} has more than {spec.most} characters", "Shorten it"


def _number(spec: ElementSpec, value: str, name: str) -> Iterator[Fault]:
    if spec.kind == "R":
        if _NUMBER.fullmatch(value) is None:
            yield "amount", "6", f"{name} is no decimal number", "Write digits and a dot, without grouping"
        elif spec.number == MONEY and len(value.partition(".")[2]) > 2:
            yield "amount", "I12", f"{name} is an amount of more than two decimals", "Round it at the source"
    elif _WHOLE.fullmatch(value) is None:
        yield "number", "6", f"{name} is no whole number", "Write digits alone"


def _period(value: str, name: str, qualifier: str) -> Iterator[Fault]:
    if qualifier == "RD8":
        if not is_range(value):
            yield "date", "8", f"{name} is no range of two days CCYYMMDD-CCYYMMDD", _AT_SOURCE
        elif value[:8] > value[9:]:
            yield "date", "8", f"{name} ends before it begins", _AT_SOURCE
    elif not is_day(value):
        yield "date", "8", f"{name} is not an existing day of eight digits CCYYMMDD", _AT_SOURCE


_SAID = {
    "P": ("come together or not at all", "2"),
    "R": ("are all empty, one is needed", "2"),
    "E": ("exclude each other", "10"),
    "C": ("come with the first", "2"),
    "L": ("come with the first, one of them", "2"),
}


def _bond(bond: RuleSpec, segment: Segment, scope: Scope) -> Iterator[Finding]:
    elements = segment.elements
    if rule(bond)(elements):
        return
    said, ik = _SAID[bond.letter]
    names = ", ".join(f"{elements[0]}{place:02d}" for place in bond.places)
    if bond.letter == "E":
        place = next(place for place in reversed(bond.places) if has(elements, place))
    else:
        place = next((place for place in bond.places if not has(elements, place)), bond.places[0])
    yield scope.found(segment, "syntax", f"{names} {said}", _AT_SOURCE, place, ik=ik)


def _ids(spec: SegmentSpec, segment: Segment, scope: Scope) -> Iterator[Finding]:
    place = ssn_place(spec)
    if place and ssn_error(segment.elements, place):
        text = f"{segment.elements[0]}{place:02d} is an SSN that is not nine digits"
        yield scope.found(segment, "ssn", text, "Mend it at the source; never pad it", place, ik="I12")
    if spec.tag == "N4" and postal_error(segment.elements):
        yield scope.found(segment, "zip", "N403 is a US ZIP code of neither 5 nor 9 digits", _AT_SOURCE, 3, ik="I12")
