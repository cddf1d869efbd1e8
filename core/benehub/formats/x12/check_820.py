"""Checks over an 820: the payment against its details, each item against its bill, numbering, trace."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.errors import FormatError
from benehub.formats.x12.findings import Finding
from benehub.formats.x12.kernel import Segment
from benehub.formats.x12.remittance_records import WITHOUT_DETAILS
from benehub.formats.x12.values import read_amount

_MEND = "Take totals and lines from the same data and write the file anew"


def _cents(text: str) -> int:
    try:
        return read_amount(text) if text else 0
    except FormatError:
        return 0  # The check of the single segment has said so.


class Checker820:
    """Fed the segments between ST and SE; `first` is the position of ST."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._payment: Segment | None = None
        self._sum = 0
        self._entities = 0
        self._kinds: set[bool] = set()
        self._entity: Segment | None = None
        self._item: Segment | None = None
        self._adjusted = 0
        self._items = 0

    def feed(self, segment: Segment) -> Iterator[Finding]:
        """Findings that the next segment brings to light."""
        tag = segment.elements[0]
        if tag == "BPR":
            self._payment = segment
            yield from self._bank(segment)
        elif tag == "TRN" and self._payment and segment.get(3) != self._payment.get(10):
            if segment.get(3) and self._payment.get(10):
                yield self._found(segment, "trace", "TRN03 differs from BPR10")
        elif tag == "ENT":
            yield from self._close_entity()
            yield from self._open_entity(segment)
        elif tag == "RMR":
            yield from self._close_item()
            self._item, self._items, self._adjusted = segment, self._items + 1, 0
            self._sum += _cents(segment.get(4))
        elif tag == "ADX" and self._item:
            self._adjusted += _cents(segment.get(1))
        elif tag == "ADX":
            self._sum += _cents(segment.get(1))

    def finish(self, trailer: Segment) -> Iterator[Finding]:
        """Findings about the whole set."""
        yield from self._close_entity()
        if not self._entities and self._payment is not None and self._payment.get(1) in WITHOUT_DETAILS:
            return
        if not self._entities:
            yield self._found(trailer, "no-entity", "the 820 has no entity (ENT)")
        if self._payment is None:
            yield self._found(trailer, "required", "the 820 has no payment (BPR)")
        elif _cents(self._payment.get(2)) != self._sum:
            text = "BPR02 is not the sum of RMR04 and previous-payment ADX"
            yield self._found(self._payment, "payment-total", text)

    def _found(self, segment: Segment, code: str, text: str, mend: str = _MEND) -> Finding:
        return Finding(segment.position, segment.tag, code, text, mend, segment.position - self._first + 1)

    def _bank(self, segment: Segment) -> Iterator[Finding]:
        if segment.get(4) == "ACH" and not all(segment.get(at) for at in (5, 7, 9, 10, 13, 15)):
            yield self._found(segment, "bank", "an ACH payment lacks a bank, account, format or originator")

    def _open_entity(self, segment: Segment) -> Iterator[Finding]:
        self._entities += 1
        self._entity, self._items = segment, 0
        self._kinds.add(segment.get(2) == "2J")
        if segment.get(1) != str(self._entities):
            yield self._found(segment, "entity-number", "ENT01 does not count 1, 2, 3, ...")
        if len(self._kinds) == 2:
            yield self._found(segment, "mixed", "organizations and individuals in one 820")
            self._kinds.pop()

    def _close_entity(self) -> Iterator[Finding]:
        yield from self._close_item()
        if self._entity and not self._items:
            yield self._found(self._entity, "required", "an entity without RMR")
        self._entity = None

    def _close_item(self) -> Iterator[Finding]:
        item, self._item = self._item, None
        if item and item.get(5) and _cents(item.get(4)) != _cents(item.get(5)) + self._adjusted:
            yield self._found(item, "item-balance", "RMR04 is not RMR05 and its ADX")
