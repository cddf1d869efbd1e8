"""The quick half of the element checks: one compiled pattern a segment that clean ones match, and what it cannot say.

A match means clean; no match only means that `guide_elements` has to look. So a pattern may be stricter than the
guide, never laxer: repeats and odd decimals simply take the slow way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from benehub.formats.x12.guide import ElementSpec, RuleSpec, SegmentSpec
from benehub.formats.x12.kernel import Delimiters

MONEY = "782"
"""X12's data element of amounts: two decimals at most."""

PERIOD = "1251"
"""The date or range whose format the element before it tells (D8, RD8)."""

FIRST_YEAR = 1800
"""No date in these files lies before; a year below is a slip of the keys."""

Check = Callable[[Sequence[str]], bool]
"""Whether the elements of a segment (id first) pass."""


@lru_cache(maxsize=16_384)
def is_day(text: str) -> bool:
    """Whether the text is an existing day CCYYMMDD."""
    if len(text) != 8 or not (text.isascii() and text.isdecimal()):
        return False
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).year >= FIRST_YEAR
    except ValueError:
        return False


def is_range(text: str) -> bool:
    """Whether the text is two existing days, CCYYMMDD-CCYYMMDD."""
    first, _, last = text.partition("-")
    return is_day(first) and is_day(last)


def pattern(spec: SegmentSpec, marks: Delimiters) -> re.Pattern[str]:
    """The pattern of a clean segment, without its terminator."""
    mark = re.escape(marks.element)
    values = [_value(one, marks) if one else "" for one in spec.elements]
    last = max((place for place, one in enumerate(spec.elements, 1) if one and one.required), default=0)
    text = spec.tag
    for one, value in zip(spec.elements[:last], values[:last], strict=True):
        text += mark + (value if one and one.required else f"(?:{value})?" if value else "")
    tail = ""
    for value in reversed(values[last:]):
        tail = f"(?:{mark}(?:{value})?{tail})?" if value else f"(?:{mark}{tail})?"
    return re.compile(text + tail)


def _value(spec: ElementSpec, marks: Delimiters) -> str:
    if spec.parts:
        return _composite(spec, marks)
    if spec.codes:
        return f"(?:{'|'.join(re.escape(code) for code in sorted(spec.codes, key=len, reverse=True))})"
    if spec.number == MONEY:
        return r"-?[0-9]{1,16}(?:\.[0-9]{1,2})?"
    if spec.number == PERIOD:
        return "[0-9]{8}(?:-[0-9]{8})?"
    if spec.kind in ("N0", "N2"):
        return f"-?[0-9]{{{spec.least},{spec.most}}}"
    if spec.kind == "R":
        return f"-?[0-9]{{1,{spec.most - 2}}}(?:\\.[0-9]{{1,2}})?"
    if spec.kind == "DT":
        return f"[0-9]{{{spec.most}}}"
    if spec.kind == "TM":
        return "(?:[01][0-9]|2[0-3])[0-5][0-9]" + ("(?:[0-5][0-9](?:[0-9]{2})?)?" if spec.most > 4 else "")
    used = {marks.element, marks.component, marks.repetition, marks.terminator}
    plain = "".join(re.escape(chr(code)) for code in range(33, 127) if chr(code) not in used)
    return f"[ {plain}]{{{spec.least - 1},{spec.most - 1}}}[{plain}]"


def _composite(spec: ElementSpec, marks: Delimiters) -> str:
    mark = re.escape(marks.component)
    first = spec.parts[0]
    if first is None or not first.required:
        return "(?!)"
    tail = ""
    for part in reversed(spec.parts[1:]):
        if part is None:
            tail = "(?!)" if tail else ""
        elif part.required:
            tail = mark + _value(part, marks) + tail
        else:
            tail = f"(?:{mark}{_value(part, marks)}{tail})?"
    return _value(first, marks) + tail


def checks(spec: SegmentSpec) -> tuple[Check, ...]:
    """What a clean segment must pass beside its pattern: its rules, its dates, ids and postal codes."""
    found = [rule(one) for one in spec.rules if _binds(one, spec)]
    for place, one in enumerate(spec.elements, 1):
        if one and one.number == PERIOD:
            found.append(_period(place))
        elif one and one.kind == "DT":
            found.append(_day(place, "20" if one.most == 6 else ""))
    if spec.tag == "N4":
        found.append(lambda elements: not postal_error(elements))
    elif (place := ssn_place(spec)) > 0:
        found.append(lambda elements: not ssn_error(elements, place))
    return tuple(found)


def _binds(one: RuleSpec, spec: SegmentSpec) -> bool:
    used = [place for place in one.places if spec.elements[place - 1]]
    sure = [place for place in used if (element := spec.elements[place - 1]) and element.required]
    if one.letter == "P":
        return len(sure) < len(one.places) and bool(used)
    if one.letter == "R":
        return not sure
    return len(used) > 1 if one.letter == "E" else one.places[0] in used


def has(elements: Sequence[str], place: int) -> bool:
    """Whether element `place` is there and not empty."""
    return place < len(elements) and elements[place] != ""


def rule(one: RuleSpec) -> Check:
    """A syntax rule as a check."""
    places, first, rest = one.places, one.places[0], one.places[1:]
    if one.letter == "P" and len(places) == 2:
        second = rest[0]
        return lambda elements: has(elements, first) == has(elements, second)
    if one.letter == "P":
        return lambda elements: len({has(elements, place) for place in places}) == 1
    if one.letter == "R":
        return lambda elements: any(has(elements, place) for place in places)
    if one.letter == "E":
        return lambda elements: sum(has(elements, place) for place in places) <= 1
    if one.letter == "C":
        return lambda elements: not has(elements, first) or all(has(elements, place) for place in rest)
    return lambda elements: not has(elements, first) or any(has(elements, place) for place in rest)


def _day(place: int, century: str) -> Check:
    return lambda elements: not has(elements, place) or is_day(century + elements[place])


def _period(place: int) -> Check:
    def check(elements: Sequence[str]) -> bool:
        if not has(elements, place):
            return True
        text = elements[place]
        if elements[place - 1] == "D8":
            return is_day(text)
        return elements[place - 1] == "RD8" and is_range(text) and text[:8] <= text[9:]

    return check


def ssn_place(spec: SegmentSpec) -> int:
    """The element that is an SSN when the one before it says so (34, SY); 0 where there is none."""
    for place, one in enumerate(spec.elements, 1):
        if one and one.codes & {"34", "SY"} and one.number in ("66", "128"):
            return place + 1
    return 0


def ssn_error(elements: Sequence[str], place: int) -> bool:
    """Whether an SSN stands at `place` that is not nine digits."""
    if not has(elements, place) or elements[place - 1] not in ("34", "SY"):
        return False
    text = elements[place]
    return not (len(text) == 9 and text.isascii() and text.isdecimal())


def postal_error(elements: Sequence[str]) -> bool:
    """Whether the ZIP code of an N4 inside the United States has neither five nor nine digits."""
    if not has(elements, 3) or (has(elements, 4) and elements[4] not in ("US", "USA")):
        return False
    # A Canadian or other postal code without its country is told by its letters.
    text = elements[3]
    foreign = has(elements, 2) and elements[2] in PROVINCES
    return not foreign and not (len(text) in (5, 9) and text.isascii() and text.isdecimal())


PROVINCES = frozenset({"AB", "BC", "MB", "NB", "NF", "NL", "NS", "NT", "NU", "ON", "PE", "PQ", "QC", "SK", "YT"})
"""N402 of Canada."""
