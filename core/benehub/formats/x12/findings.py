"""A finding about an X12 file, as a value: a broken file yields a list, not the first exception."""

from __future__ import annotations

from dataclasses import dataclass

from benehub.errors import FormatError
from benehub.formats.x12.kernel import Segment


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a file.

    Args:
        position: 1-based segment in the file (ISA is 1); of what is missing, where it should have come; one after the
            last for what is missing at the end.
        segment: its id ("HD").
        code: stable short name of the rule ("end-before-begin").
        text: what is wrong, without any value of a person.
        mend: what to do about it.
        in_set: 1-based segment counted from ST, as a 999 counts; 0 outside a transaction set.
        member: REF*0F of the member it is about, where known (hidden in reprs: it may be an SSN).
        element, component, repeat: the place inside the segment, each 0 where it is about the whole.
        loop: the guide's name of the loop ("2100A"), empty outside loops.
        ik: the code an acknowledgement says it with, empty where it has none: IK403 where `element` is told, else
            IK304; of ST and SE it is IK502, of GS and GE AK905, of ISA, TA1 and IEA TA105.
        number: X12's data element number (IK402), where the guide has one.
    """

    position: int
    segment: str
    code: str
    text: str
    mend: str
    in_set: int = 0
    member: str = ""
    element: int = 0
    component: int = 0
    repeat: int = 0
    loop: str = ""
    ik: str = ""
    number: str = ""

    def __repr__(self) -> str:
        return f"Finding({self.position}, {self.place!r}, {self.code!r}, {self.text!r})"

    @property
    def place(self) -> str:
        """Segment and element as people write them: "HD05", "INS06-2"; the segment alone for a whole one."""
        part = f"-{self.component}" if self.component else ""
        return f"{self.segment}{self.element:02d}{part}" if self.element else self.segment

    def error(self) -> FormatError:
        """The finding as an exception, for a reader that refuses the file whole."""
        return FormatError(
            self.text,
            where=f"segment {self.position} ({self.segment})",
            mend=self.mend,
            position=self.position,
        )


@dataclass(slots=True)
class Scope:
    """What all findings of a transaction set share: where its ST stands, and whose segments pass."""

    first: int
    member: str = ""
    loop: str = ""

    def found(
        self,
        segment: Segment,
        code: str,
        text: str,
        mend: str,
        element: int = 0,
        *,
        ik: str = "",
        loop: str | None = None,
        component: int = 0,
        repeat: int = 0,
        number: str = "",
    ) -> Finding:
        """A finding at a segment of the set; `loop` is the one at hand unless told."""
        return Finding(
            segment.position,
            segment.elements[0],
            code,
            text,
            mend,
            segment.position - self.first + 1,
            self.member,
            element,
            component,
            repeat,
            self.loop if loop is None else loop,
            ik,
            number,
        )
