"""A disability of a member, loop 2200 of the 834."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benehub.formats.x12.kernel import Elements, Segment
from benehub.formats.x12.parts import Dated, by_tag, date_segment, read_dated


@dataclass(frozen=True, slots=True)
class Disability:
    """DSB and its DTP; health detail, so no repr shows it.

    Args:
        kind: DSB01, `1` short-term, `2` long-term, `3` permanent or total, `4` none.
        qualifier: DSB07, `DX` for a diagnosis code, and `code` DSB08.
        dates: `360` begin, `361` end.
    """

    kind: str = field(repr=False)
    qualifier: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    dates: tuple[Dated, ...] = field(default=(), repr=False)

    def segments(self) -> list[Elements]:
        """DSB and its dates."""
        head: Elements = ("DSB", self.kind)
        if self.qualifier or self.code:
            head = ("DSB", self.kind, "", "", "", "", "", self.qualifier, self.code)
        return [head, *(date_segment(*one) for one in self.dates)]

    @classmethod
    def read(cls, loop: Sequence[Segment]) -> Disability:
        """From the segments of its loop, DSB first.

        Raises:
            FormatError: a date that is no day.
        """
        head = loop[0]
        dates = by_tag(loop[1:], {"DTP": 2})["DTP"]
        return cls(head.get(1), head.get(7), head.get(8), tuple(map(read_dated, dates)))
