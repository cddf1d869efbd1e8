"""A finding about an X12 file, as a value: a broken file yields a list, not the first exception."""

from __future__ import annotations

from dataclasses import dataclass

from benehub.errors import FormatError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in a file.

    Args:
        position: 1-based segment in the file (ISA is 1); one after the last for what is missing at the end.
        segment: its id ("HD").
        code: stable short name of the rule ("end-before-begin").
        text: what is wrong, without any value of a person.
        mend: what to do about it.
        in_set: 1-based segment counted from ST, as a 999 counts; 0 outside a transaction set.
        member: REF*0F of the member it is about, where known (hidden in reprs: it may be an SSN).
        element: which element of the segment (1 is the first after the id); 0 when it is the segment itself.
        loop: the guide's id of the loop ("2100A"), as IK303 names it; empty when not known.
        ik: what a 999 says of it: IK403 where `element` is told, else IK304; empty when not known.
    """

    position: int
    segment: str
    code: str
    text: str
    mend: str
    in_set: int = 0
    member: str = ""
    element: int = 0
    loop: str = ""
    ik: str = ""

    def __repr__(self) -> str:
        return f"Finding({self.position}, {self.segment!r}, {self.code!r}, {self.text!r})"

    def error(self) -> FormatError:
        """The finding as an exception, for a reader that refuses the file whole."""
        return FormatError(
            self.text,
            where=f"segment {self.position} ({self.segment})",
            mend=self.mend,
            position=self.position,
        )
