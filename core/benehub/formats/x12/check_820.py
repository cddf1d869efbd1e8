"""Checks over an 820 that no guide table holds: the payment against its details, numbering, trace, banks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benehub.errors import FormatError
from benehub.formats.x12.findings import Finding, Scope
from benehub.formats.x12.kernel import Segment
from benehub.formats.x12.remittance_records import WITHOUT_DETAILS
from benehub.formats.x12.values import read_amount

_MEND = "Take totals and lines from the same data and write the file anew"
_BANK = (
    (5, "format"), (7, "originating bank"), (9, "account"), (10, "originator"),
    (13, "receiving bank"), (15, "account of the receiver"),
)  # fmt: skip
_KINDS = frozenset({"2J", "2L", "AG", "NH", "RGA", "UN"})
"""ENT02: 2J is a person, the others are organizations."""

"""BPR01 of a payment alone and of a prenote: their 820 may go without entities."""

_NUMBERS = ("N", "EI")
"""NM108 of a member's number that is not his SSN."""

_ABA = "01"
"""BPR06 and BPR12 of an American routing number."""


class Checker820:
    """Fed the segments between ST and SE after the walk along the guide has placed them in `scope`."""

    watched = frozenset({"BPR", "TRN", "ENT", "NM1", "RMR", "ADX"})

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._payment: Segment | None = None
        self._sum = 0
        self._entities = 0
        self._kinds: set[bool] = set()
        self._item: Segment | None = None
        self._payer = ""
        self._adjusted = 0
        self._known = True
        self._item_known = True

    def feed(self, segment: Segment) -> Iterator[Finding]:
        """Findings that the next segment brings to light; only those of `watched` tell anything."""
        tag = segment.elements[0]
        if tag == "BPR":
            self._payment = segment
            yield from self._bank(segment)
        elif tag == "TRN" and self._payment:
            if segment.get(3) and self._payment.get(10) and segment.get(3) != self._payment.get(10):
                yield self._found(segment, "trace", "TRN03 differs from BPR10", 3)
        elif tag == "ENT":
            yield from self._close_item()
            yield from self._open_entity(segment)
        elif tag == "NM1" and segment.get(8) in _NUMBERS:
            self._scope.member = segment.get(9)
        elif tag == "RMR":
            yield from self._close_item()
            self._item, self._adjusted, self._item_known = segment, 0, True
            self._payer = self._scope.member
            self._sum += self._cents(segment.get(4))
        elif tag == "ADX" and self._item:
            self._adjusted += self._cents(segment.get(1))
        elif tag == "ADX":
            self._sum += self._cents(segment.get(1))

    def finish(self, trailer: Segment) -> Iterator[Finding]:
        """Findings about the whole set."""
        yield from self._close_item()
        if not self._entities and self._payment and self._payment.get(1) in WITHOUT_DETAILS:
            return
        if not self._entities:
            place = trailer.position - self._scope.first + 1
            text = "the 820 has no entity (ENT)"
            yield Finding(trailer.position, "ENT", "no-entity", text, _MEND, place, loop="2000A", ik="3")
        if self._payment and self._cents(self._payment.get(2)) != self._sum and self._known:
            text = "BPR02 is not the sum of RMR04 and previous-payment ADX"
            yield self._found(self._payment, "payment-total", text, 2, loop="")

    def _found(self, segment: Segment, code: str, text: str, element: int = 0, loop: str | None = None) -> Finding:
        return self._scope.found(segment, code, text, _MEND, element, loop=loop)

    def _cents(self, text: str) -> int:
        try:
            return read_amount(text)
        except FormatError:
            # The check of the element has said so; nothing can be added up with it.
            self._known = self._item_known = False
            return 0

    def _bank(self, segment: Segment) -> Iterator[Finding]:
        method = segment.get(4)
        if method == "ACH":
            for place, what in _BANK:
                # Where its kind is told, the guide's own rule misses it.
                kind = segment.get(place - 1) if place in (7, 9, 13, 15) else ""
                if not segment.get(place) and not kind:
                    yield self._found(segment, "bank", f"an ACH payment lacks its {what} (BPR{place:02d})", place)
        if method == "NON" and segment.get(2).strip("0."):
            yield self._found(segment, "bank", "BPR04 NON pays nothing, BPR02 has an amount", 2)
        for place in (7, 13):
            text = segment.get(place)
            if segment.get(place - 1) == _ABA and text and not (len(text) == 9 and text.isdecimal()):
                yield self._found(segment, "bank", f"BPR{place:02d} is a routing number that is not nine digits", place)

    def _open_entity(self, segment: Segment) -> Iterator[Finding]:
        self._entities += 1
        if segment.get(2) in _KINDS:
            self._kinds.add(segment.get(2) == "2J")
        if segment.get(1) != str(self._entities):
            yield self._found(segment, "entity-number", "ENT01 does not count 1, 2, 3, ...", 1)
        if len(self._kinds) == 2:
            yield self._found(segment, "mixed", "organizations and individuals in one 820", 2)
            self._kinds.pop()

    def _close_item(self) -> Iterator[Finding]:
        item, self._item = self._item, None
        if item is None or not item.get(5):
            return
        paid, billed = self._cents(item.get(4)), self._cents(item.get(5))
        if paid != billed + self._adjusted and self._item_known:
            loop = "2300B" if self._kinds == {True} else "2300A"
            found = self._found(item, "item-balance", "RMR04 is not RMR05 and its ADX", 4, loop=loop)
            # The walk may be at the next entity by now.
            yield replace(found, member=self._payer)
