"""The records of an 820 005010X218, premium payment, and the arithmetic that binds them.

Two equations of the guide, in US cents:
the payment (BPR02) = the sum of all RMR04 + the sum of all previous-payment adjustments (ADX under ENT);
each RMR04 (paid) = its RMR05 (billed) + the sum of its own adjustments (ADX under RMR).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.errors import FormatError
from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.parts import Address, Contact, Name, Party, Reference, contact_segment
from benehub.formats.x12.values import write_amount, write_date, write_range

ORGANIZATION_IDS = ("1", "24", "9", "FI")
"""ENT03 of an organization; an individual has 34 (SSN), EI or II."""

Period = tuple[date, date]
"""First and last day, both inclusive (RD8)."""

Adjustment = tuple[int, str]
"""ADX01 in US cents and ADX02 reason."""


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank account: ABA routing number, account kind (DA demand, SG savings) and number."""

    routing: str
    account: str = field(repr=False)
    kind: str = "DA"


@dataclass(frozen=True, slots=True)
class Remitted:
    """RMR: what is paid on one policy or invoice.

    Args:
        qualifier: RMR01, `AZ` health policy, `IK` invoice, `1L` group (organization), ...
        paid, billed: RMR04 and RMR05 in US cents; `billed` None when it is not told.
        action: RMR03 `PI`, `PO`, `PP`, `PA` (organization only).
        period: DTM*582, the days of cover paid for. `adjustments`: this payment's, with their reason.
        extra: other segments of the loop (head counts), in order.
    """

    qualifier: str
    reference: str
    paid: int
    billed: int | None = None
    action: str = ""
    references: tuple[Reference, ...] = ()
    period: Period | None = None
    extra: tuple[Elements, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether paid = billed + adjustments; nothing to compare when billed is not told."""
        return self.billed is None or self.paid == self.billed + sum(minor for minor, _ in self.adjustments)

    def segments(self) -> Iterator[Elements]:
        """RMR, REF, DTM, ADX in the guide's order."""
        billed = "" if self.billed is None else write_amount(self.billed)
        yield ("RMR", self.qualifier, self.reference, self.action, write_amount(self.paid), billed)
        yield from (("REF", code, value) for code, value in self.references)
        if self.period:
            yield ("DTM", "582", "", "", "", "RD8", write_range(*self.period))
        yield from self.extra
        yield from (("ADX", write_amount(minor), reason) for minor, reason in self.adjustments)


@dataclass(frozen=True, slots=True)
class Entity:
    """ENT: one member (`kind` 2J) or one organization (2L, UN, AG, NH, RGA) and what is paid for it.

    Args:
        names: NM1 of an individual with their role (`IL` insured, `EY` employee, ...).
        previous: adjustments of earlier payments, in US cents; they count towards the payment.
    """

    kind: str
    id_qualifier: str
    id: str = field(repr=False)
    items: tuple[Remitted, ...]
    names: tuple[tuple[str, Name], ...] = ()
    previous: tuple[Adjustment, ...] = ()

    @property
    def individual(self) -> bool:
        """Whether it is a person."""
        return self.kind == "2J"

    @property
    def total(self) -> int:
        """What it adds to the payment, in US cents."""
        return sum(item.paid for item in self.items) + sum(minor for minor, _ in self.previous)

    def segments(self, number: int) -> Iterator[Elements]:
        """ENT and its loops; `number` is ENT01."""
        ids = (self.id_qualifier, self.id) if self.id else ("", "")
        yield ("ENT", str(number), self.kind, *ids)
        yield from (name.segment(role) for role, name in self.names)
        yield from (("ADX", write_amount(minor), reason) for minor, reason in self.previous)
        for item in self.items:
            yield from item.segments()


@dataclass(frozen=True, slots=True)
class Remittance820:
    """The head of an 820: the payment, its trace, its references and parties.

    Args:
        total: BPR02 in US cents. `handling` BPR01 (C payment with remittance, I remittance only, ...).
        method: BPR04 `ACH`, `CHK`, ... `payment_format`: BPR05 `CTX` or `CCP`.
        originator: BPR10 and TRN03, `1` or `9` and the tax id. `settlement`: BPR16.
        trace: TRN02, joins money to remittance: unique for ever. `trace_type`: `1` or `3`.
        dates: DTM `009` processed, `035` delivered, `097`. `period`: DTM*582, days of cover.
        extra: other segments of the head (currency, intermediary banks), in order, after the payer.
    """

    total: int
    method: str
    settlement: date
    trace: str
    payee: Party
    payer: Party
    handling: str = "C"
    credit: str = "C"
    payment_format: str = ""
    payer_bank: Bank | None = None
    payee_bank: Bank | None = None
    originator: str = ""
    supplemental: str = ""
    trace_type: str = "3"
    trace_extra: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[tuple[str, date], ...] = ()
    period: Period | None = None
    payee_address: Address | None = None
    payer_address: Address | None = None
    payer_contact: tuple[str, tuple[Contact, ...]] | None = None
    """Name and numbers (PER*IC)."""
    extra: tuple[Elements, ...] = ()

    def segments(self) -> Iterator[Elements]:
        """BPR to the payer, in the guide's order."""
        yield (
            "BPR", self.handling, write_amount(self.total), self.credit, self.method, self.payment_format,
            *_bank(self.payer_bank), self.originator, self.supplemental, *_bank(self.payee_bank),
            write_date(self.settlement),
        )  # fmt: skip
        yield ("TRN", self.trace_type, self.trace, self.originator, self.trace_extra)
        yield from (extra for extra in self.extra if extra[0] == "CUR")
        yield from (("REF", code, value) for code, value in self.references)
        yield from (("DTM", code, write_date(day)) for code, day in self.dates)
        if self.period:
            yield ("DTM", "582", "", "", "", "RD8", write_range(*self.period))
        yield self.payee.segment("PE")
        yield from self.payee_address.segments() if self.payee_address else ()
        yield self.payer.segment("PR")
        yield from self.payer_address.segments() if self.payer_address else ()
        if self.payer_contact:
            yield contact_segment("IC", self.payer_contact[1], self.payer_contact[0])
        yield from (extra for extra in self.extra if extra[0] != "CUR")


def _bank(bank: Bank | None) -> Elements:
    return ("01", bank.routing, bank.kind, bank.account) if bank else ("", "", "", "")


class Balance:
    """Adds up a remittance while it passes and says where it does not hold."""

    def __init__(self, total: int) -> None:
        self._open = total
        self._count = 0

    def add(self, entity: Entity) -> None:
        """Take one entity in.

        Raises:
            FormatError: it pays for nothing, or one of its items is not billed + adjustments.
        """
        self._count += 1
        self._open -= entity.total
        if not entity.items:
            raise FormatError(
                "an entity without RMR", where=f"ENT {self._count}", mend="Leave out who has nothing to pay"
            )
        for index, item in enumerate(entity.items, 1):
            if not item.balanced:
                raise FormatError(
                    "paid (RMR04) is not billed (RMR05) + adjustments (ADX)",
                    where=f"ENT {self._count}, RMR {index}",
                    mend="Add an ADX with its reason, or correct the amounts",
                )

    def close(self) -> None:
        """All entities are in.

        Raises:
            FormatError: none at all, or the payment is not their sum.
        """
        if not self._count:
            raise FormatError("an 820 without entities", mend="Send nothing when nothing is due")
        if self._open:
            raise FormatError(
                "the payment (BPR02) is not the sum of its details (RMR04 + previous ADX)",
                where="BPR",
                mend="Take the total from the same lines that are sent",
            )
