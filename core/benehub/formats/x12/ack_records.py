"""The records of a 999/997: what was wrong with which element of which segment of which set."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from benehub.formats.x12.kernel import Element

SEGMENT_CODES = {
    "1": "segment not recognised", "2": "segment not expected", "3": "required segment missing",
    "4": "loop too often", "5": "segment too often", "6": "segment not in this set",
    "7": "segment out of order", "8": "segment has element errors", "I4": "segment not used here",
    "I6": "dependent segment missing", "I7": "loop not often enough", "I8": "segment not often enough",
    "I9": "dependent segment not used here",
}  # fmt: skip
"""IK304 in our words."""

ELEMENT_CODES = {
    "1": "required element missing", "2": "conditional element missing", "3": "too many elements",
    "4": "too short", "5": "too long", "6": "invalid character", "7": "invalid code", "8": "invalid date",
    "9": "invalid time", "10": "exclusion violated", "12": "too many repeats", "13": "too many components",
    "I6": "code not used here", "I9": "dependent element missing", "I10": "element not used here",
    "I11": "too few repeats", "I12": "pattern not matched", "I13": "dependent element not used here",
}  # fmt: skip
"""IK403 in our words."""

SET_CODES = {
    "1": "transaction set not supported", "2": "trailer missing", "3": "control numbers differ",
    "4": "segment count wrong", "5": "segments in error", "6": "invalid set id",
    "7": "invalid control number", "23": "control number not unique", "I5": "segments in error",
    "I6": "guide not supported",
}  # fmt: skip
"""IK502 to IK506 in our words."""

GROUP_CODES = {
    "1": "group not supported", "2": "version not supported", "3": "group trailer missing",
    "4": "control numbers differ", "5": "set count wrong", "6": "control number invalid",
    "19": "control number not unique",
}  # fmt: skip
"""AK905 to AK909 in our words."""


@dataclass(frozen=True, slots=True)
class Context:
    """CTX: the business unit or the trigger, e.g. ("SUBSCRIBER NUMBER REF02", the member's number)."""

    name: str
    value: str = field(default="", repr=False)
    rest: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True)
class ElementError:
    """IK4: element (and component, repeat), IK403 code, X12's element number, copy of the bad value.

    The copy may be an SSN or a birth date; reprs hide it.
    """

    element: int
    code: str
    number: str = ""
    component: str = ""
    repeat: str = ""
    bad_value: str = field(default="", repr=False)
    contexts: tuple[Context, ...] = ()

    @property
    def place(self) -> str:
        """Element, with its component where there is one."""
        return f"{self.element}:{self.component}" if self.component else str(self.element)

    @property
    def text(self) -> str:
        """What the code means."""
        return ELEMENT_CODES.get(self.code, "a code X12 does not list")

    def with_context(self, context: Context) -> ElementError:
        """The same with one more context."""
        return replace(self, contexts=(*self.contexts, context))


@dataclass(frozen=True, slots=True)
class SegmentError:
    """IK3: segment id, its position counted from ST = 1, IK304 code, loop id."""

    segment: str
    position: int
    code: str
    loop: str = ""
    contexts: tuple[Context, ...] = ()
    elements: tuple[ElementError, ...] = ()

    @property
    def text(self) -> str:
        """What the code means."""
        return SEGMENT_CODES.get(self.code, "a code X12 does not list")


@dataclass(frozen=True, slots=True)
class SetAck:
    """AK2 to IK5: one transaction set and its verdict (A, E, R, or M, W, X for security)."""

    transaction: str
    control: str
    verdict: str
    guide: str = ""
    errors: tuple[SegmentError, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the set was taken (with or without errors)."""
        return self.verdict in ("A", "E")


@dataclass(frozen=True, slots=True)
class Ack999:
    """AK1 to AK9: the group it answers (GS01, GS06, GS08), its verdict (A, E, P, R, ...) and counts."""

    group: str
    group_control: int
    guide: str
    verdict: str
    included: int
    received: int
    accepted: int
    sets: tuple[SetAck, ...] = ()
    codes: tuple[str, ...] = ()
