"""Reading the head of an 820: what stands between ST and the first entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from benehub.errors import FormatError
from benehub.formats.x12.kernel import Delimiters, Elements, Segment, neutral_segment
from benehub.formats.x12.parts import Party, Reference, read_address, read_contacts
from benehub.formats.x12.remittance_details import Period
from benehub.formats.x12.remittance_records import (
    Bank,
    Delivery,
    IntermediaryBank,
    NamedContact,
    Remittance820,
)
from benehub.formats.x12.values import read_amount, read_date, read_range


@dataclass(slots=True)
class _Loop:
    """One N1 and what follows it."""

    n1: Segment
    n2: Segment | None = None
    n3: Segment | None = None
    n4: Segment | None = None
    rdm: Segment | None = None
    contacts: list[NamedContact] = field(default_factory=list)

    @property
    def name2(self) -> str:
        return self.n2.get(1) if self.n2 else ""

    def take(self, segment: Segment) -> bool:
        """Keep a segment that has its place here and is the first of its kind."""
        slot = {"N2": "n2", "N3": "n3", "N4": "n4", "RDM": "rdm"}.get(segment.tag, "")
        if segment.tag == "PER" and segment.get(1) == "IC" and self.n1.get(1) != "PE":
            self.contacts.append((segment.get(2), read_contacts(segment)))
        elif slot and getattr(self, slot) is None and (slot != "rdm" or self.n1.get(1) == "PE"):
            setattr(self, slot, segment)
        else:
            return False
        return True

    def bank(self) -> IntermediaryBank:
        """The loop as an intermediary bank."""
        address = read_address(self.n3, self.n4)
        return IntermediaryBank(self.n1.get(1), Party.read(self.n1), self.name2, address, tuple(self.contacts))


@dataclass(slots=True)
class Head:
    """What is gathered of the head while its segments pass; `position` is that of ST."""

    position: int
    bpr: Segment | None = None
    trn: Segment | None = None
    currency: tuple[str, str] | None = None
    loops: list[_Loop] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    dates: list[tuple[str, date]] = field(default_factory=list)
    period: Period | None = None
    extra: list[Elements] = field(default_factory=list)

    def take(self, segment: Segment, marks: Delimiters) -> None:
        """Put a segment in its place; what has none goes to `extra`.

        Raises:
            FormatError: a date that is none.
        """
        if segment.tag == "N1" and not self._known(segment.get(1)):
            self.loops.append(_Loop(segment))
        elif not (self.loops[-1].take(segment) if self.loops else self._own(segment)):
            self.extra.append(neutral_segment(segment, marks))

    def _known(self, role: str) -> bool:
        return role in ("PE", "PR") and any(loop.n1.get(1) == role for loop in self.loops)

    def _own(self, segment: Segment) -> bool:
        tag, qualifier = segment.tag, segment.get(1)
        if tag == "BPR" and self.bpr is None:
            self.bpr = segment
        elif tag == "TRN" and self.trn is None:
            self.trn = segment
        elif tag == "CUR" and self.currency is None and len(segment.elements) <= 3:
            self.currency = (qualifier, segment.get(2))
        elif tag == "REF" and len(segment.elements) == 3:
            self.references.append((qualifier, segment.get(2)))
        elif tag == "DTM" and qualifier == "582" and segment.get(5) == "RD8" and self.period is None:
            self.period = read_range(segment.get(6), segment.position, "DTM06")
        elif tag == "DTM" and segment.get(2) and all(code != qualifier for code, _ in self.dates):
            self.dates.append((qualifier, read_date(segment.get(2), segment.position, "DTM02")))
        else:
            return False
        return True

    def remittance(self) -> Remittance820:
        """The head as a record.

        Raises:
            FormatError: no payment, trace, payee or payer; a total or date that is none.
        """
        bpr, trn = self.bpr, self.trn
        payee = next((loop for loop in self.loops if loop.n1.get(1) == "PE"), None)
        payer = next((loop for loop in self.loops if loop.n1.get(1) == "PR"), None)
        if bpr is None or trn is None or payee is None or payer is None:
            raise FormatError(
                "the head of the 820 lacks BPR, TRN, N1*PE or N1*PR",
                where=f"segment {self.position} (ST)",
                mend="Ask the sender for a complete file",
                position=self.position,
            )
        return Remittance820(
            total=read_amount(bpr.get(2), bpr.position, "BPR02"),
            method=bpr.get(4),
            settlement=read_date(bpr.get(16), bpr.position, "BPR16"),
            trace=trn.get(2),
            payee=Party.read(payee.n1),
            payer=Party.read(payer.n1),
            handling=bpr.get(1),
            credit=bpr.get(3),
            payment_format=bpr.get(5),
            payer_bank=_bank(bpr, 6),
            payee_bank=_bank(bpr, 12),
            originator=bpr.get(10),
            supplemental=bpr.get(11),
            trace_type=trn.get(1),
            trace_extra=trn.get(4),
            references=tuple(self.references),
            dates=tuple(self.dates),
            period=self.period,
            payee_address=read_address(payee.n3, payee.n4),
            payer_address=read_address(payer.n3, payer.n4),
            payer_contacts=tuple(payer.contacts),
            extra=tuple(self.extra),
            currency=self.currency,
            payee_name2=payee.name2,
            payer_name2=payer.name2,
            delivery=Delivery(payee.rdm.get(1), payee.rdm.get(2), payee.rdm.get(3)) if payee.rdm else None,
            banks=tuple(loop.bank() for loop in self.loops if loop is not payee and loop is not payer),
            trace_originator=None if trn.get(3) == bpr.get(10) else trn.get(3),
        )


def _bank(bpr: Segment, at: int) -> Bank | None:
    qualifier, routing, kind, account = (bpr.get(at + step) for step in range(4))
    return Bank(routing, account, kind or "DA", qualifier) if routing or account else None
