"""Which loop of its guide a segment stands in, and how deep; for people who look into a file.

It follows the segments as they come and judges nothing: what stands where no guide has it stays in the loop before.
"""

from __future__ import annotations

from dataclasses import dataclass

from benehub.formats.x12.envelope_check import ENVELOPE_TAGS
from benehub.formats.x12.kernel import Segment
from benehub.formats.x12.remittance_details import INDIVIDUAL

_ENVELOPE_DEPTH = {"ISA": 0, "TA1": 1, "GS": 1, "ST": 2, "SE": 2, "GE": 1, "IEA": 0}
_NAMES = {
    "IL": "2100A", "74": "2100A", "70": "2100B", "31": "2100C", "36": "2100D", "M8": "2100E", "S3": "2100F",
    "45": "2100H",
}  # fmt: skip
_CLOSES = {"IK5": "2000", "AK5": "2000", "AK9": ""}
"""Segments that go back to a loop begun before."""
_PARTIES = {"P5": "1000A", "IN": "1000B", "PE": "1000A", "PR": "1000B"}
_DEPTHS = {
    "1000": 4, "1100": 5, "2000": 4, "2100": 5, "2110": 6, "2200": 5, "2300": 5, "2310": 6, "2312": 7, "2315": 7,
    "2320": 6, "2330": 7, "2700": 5, "2750": 6,
}  # fmt: skip
"""How deep the segments of a loop stand, by the loop without its letter."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a segment stands: `loop` is the guide's id, empty in envelope and head; `opens` says that it begins one.

    `kind` is the transaction set, empty outside one.
    """

    kind: str
    loop: str
    depth: int
    opens: bool = False


class Walker:
    """Fed every segment in order, it says where each stands."""

    def __init__(self) -> None:
        self._kind = ""
        self._loop = ""
        self._reporting = False
        self._side = ""

    def place(self, segment: Segment) -> Place:
        """The place of the next segment."""
        tag = segment.elements[0]
        if tag in ENVELOPE_TAGS:
            self._kind, self._loop, self._reporting = (segment.get(1) if tag == "ST" else ""), "", False
            return Place(self._kind, "", _ENVELOPE_DEPTH[tag])
        opened = "" if tag in _CLOSES else self._opened(segment)
        if tag in _CLOSES:
            self._loop = _CLOSES[tag]
        elif opened is not None:
            self._loop = opened
        return Place(self._kind, self._loop, _DEPTHS.get(self._loop[:4], 3), bool(opened))

    def _opened(self, segment: Segment) -> str | None:
        """The loop that a segment begins or goes back to; None when it stays where the one before stood."""
        tag, qualifier = segment.elements[0], segment.get(1)
        if self._kind == "834":
            return self._enrollment(tag, qualifier)
        if self._kind == "820":
            return self._remittance(tag, segment)
        return {"AK2": "2000", "IK3": "2100", "AK3": "2100", "IK4": "2110", "AK4": "2110"}.get(tag)

    def _enrollment(self, tag: str, qualifier: str) -> str | None:
        if tag in ("LS", "LE"):
            self._reporting = tag == "LS"
            return None
        if tag == "N1":
            return "2750" if self._reporting else _PARTIES.get(qualifier, "1000C")
        if tag == "NM1" and self._loop in ("2310", "2320", "2330"):
            return None if self._loop == "2310" else "2330"
        if tag == "NM1":
            return _NAMES.get(qualifier, "2100G")
        if tag == "LX":
            return "2700" if self._reporting else "2310"
        return {"INS": "2000", "ACT": "1100C", "DSB": "2200", "HD": "2300", "COB": "2320"}.get(tag)

    def _remittance(self, tag: str, segment: Segment) -> str | None:
        if tag == "N1":
            return _PARTIES.get(segment.get(1), "1000C")
        if tag == "ENT":
            self._side = "B" if segment.get(2) == INDIVIDUAL else "A"
        loop = {"ENT": "2000", "NM1": "2100", "RMR": "2300", "IT1": "2310", "SAC": "2312", "SLN": "2315"}.get(tag)
        if tag == "ADX":
            loop = "2320" if self._loop.startswith("23") else "2200"
        return f"{loop}{self._side}" if loop else None
