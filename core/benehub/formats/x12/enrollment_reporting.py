"""What a plan sponsor wants a member counted under: reporting categories, loops 2700 and 2750 of the 834."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benehub.formats.x12.kernel import Elements, Segment
from benehub.formats.x12.parts import Reference, by_tag, date_segment
from benehub.formats.x12.values import read_date, read_range

OPENS, CLOSES = ("LS", "2700"), ("LE", "2700")
"""What stands before the first category of a member and after the last."""


@dataclass(frozen=True, slots=True)
class ReportingCategory:
    """LX, N1*75, REF and DTP.

    Args:
        name: N102, what the category is about ("UNION", "COST CENTER").
        reference: the category itself, e.g. ("17", "LOCAL 12").
        effective: DTP*007, one day or the first and last day of a range.
        number: LX01; empty takes its place in the list.
    """

    name: str
    reference: Reference | None = None
    effective: tuple[date, ...] = ()
    number: str = ""

    def segments(self, place: int) -> list[Elements]:
        """LX, N1, REF, DTP; `place` counts from 1."""
        out: list[Elements] = [("LX", self.number or str(place)), ("N1", "75", self.name)]
        if self.reference:
            out.append(("REF", *self.reference))
        if self.effective:
            out.append(date_segment("007", *self.effective))
        return out

    @classmethod
    def read(cls, loop: Sequence[Segment], place: int) -> ReportingCategory:
        """From the segments of its loop, LX first.

        Raises:
            FormatError: a date that is no day.
        """
        found = by_tag(loop[1:], {"N1": 1, "REF": 1, "DTP": 1})
        effective: tuple[date, ...] = ()
        for dtp in found["DTP"]:
            text = dtp.get(3)
            if dtp.get(2) == "RD8":
                effective = read_range(text, dtp.position, "DTP03")
            else:
                effective = (read_date(text, dtp.position, "DTP03"),)
        return cls(
            found["N1"][0].get(2) if found["N1"] else "",
            (found["REF"][0].get(1), found["REF"][0].get(2)) if found["REF"] else None,
            effective,
            "" if loop[0].get(1) == str(place) else loop[0].get(1),
        )
