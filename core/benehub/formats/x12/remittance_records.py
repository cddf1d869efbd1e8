"""The head of an 820 005010X218: the payment, its trace, who pays whom, and through which banks.

What the money is for stands in `remittance_details`, the arithmetic between the two in `remittance_balance`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.parts import Address, Contact, Party, Reference, contact_segment
from benehub.formats.x12.remittance_details import Period
from benehub.formats.x12.values import write_amount, write_date, write_range

HANDLING = {
    "C": "payment with its remittance", "D": "payment only", "I": "remittance only", "P": "prenote",
    "U": "payment and remittance, to be split", "X": "payment and remittance, split as the handler likes",
}  # fmt: skip
"""BPR01 in our words."""

WITHOUT_DETAILS = frozenset({"D", "P"})
"""Handling codes under which an 820 may go without entities."""

METHODS = {
    "ACH": "clearing house", "BOP": "as the bank likes", "CHK": "cheque", "FWT": "Fedwire", "NON": "no payment",
    "SWT": "SWIFT",
}  # fmt: skip
"""BPR04 in our words."""

BANKED = frozenset({"ACH", "BOP", "FWT"})
"""Methods that need both bank accounts."""

CTX_CHARACTERS = 9_999 * 80
"""What the addenda of one CTX payment hold; a longer 820 goes as `U`, and the money as CCP joined by TRN02."""

_BEFORE_PERIOD = {"009": 0, "035": 1}


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank account: routing number, account, kind (DA demand, SG savings, ALC agency location).

    `qualifier` is BPR06 or BPR12: `01` ABA (nine digits), `02` SWIFT, `04` Canadian.
    """

    routing: str
    account: str = field(repr=False)
    kind: str = "DA"
    qualifier: str = "01"

    def elements(self) -> Elements:
        """Four elements of the BPR."""
        return (self.qualifier, self.routing, self.kind if self.account else "", self.account)


@dataclass(frozen=True, slots=True)
class Delivery:
    """RDM: how the payee wants the remittance (`EM` mail, `FX` fax, `FT` file, `OL` online, `BM` post, `IA`)."""

    method: str
    name: str = ""
    number: str = ""

    def segment(self) -> Elements:
        """The RDM."""
        return ("RDM", self.method, self.name, self.number)


NamedContact = tuple[str, tuple[Contact, ...]]
"""PER*IC: a name and up to three numbers."""


@dataclass(frozen=True, slots=True)
class IntermediaryBank:
    """Loop 1000C: a bank between the two. `role` is N101 (`BK`, `RB`, `IAT`, ...)."""

    role: str
    party: Party
    name2: str = ""
    address: Address | None = None
    contacts: tuple[NamedContact, ...] = ()

    def segments(self) -> Iterator[Elements]:
        """N1, N2, N3, N4, PER."""
        return _party(self.role, self.party, self.name2, self.address, self.contacts)


@dataclass(frozen=True, slots=True)
class Remittance820:
    """The head of an 820: the payment, its trace, its references and parties.

    Args:
        total: BPR02 in US cents (hundredths of `currency`, where one is named). `handling`: BPR01, see `HANDLING`.
        method: BPR04, see `METHODS`. `payment_format`: BPR05 `CTX` or `CCP`, with ACH only.
        originator: BPR10 and TRN03, `1` or `9` and the tax id. `settlement`: BPR16.
        trace: TRN02, joins money to remittance: unique for ever. `trace_type`: `1` or `3`.
        dates: DTM `009` processed, `035` delivered, `097` created. `period`: DTM*582, days of cover.
        extra: other segments of the head, in order, after the last party.
        currency: CUR01 (`PR` payer, `2B` bank) and the currency's code.
        payee_name2, payer_name2: N2.
        delivery: RDM. `payer_contacts`: PER. `banks`: loops 1000C, at most 14.
        trace_originator: TRN03 where a file tells another than BPR10.
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
    payer_contacts: tuple[NamedContact, ...] = ()
    extra: tuple[Elements, ...] = ()
    currency: tuple[str, str] | None = None
    payee_name2: str = ""
    payer_name2: str = ""
    delivery: Delivery | None = None
    banks: tuple[IntermediaryBank, ...] = ()
    trace_originator: str | None = None

    def segments(self) -> Iterator[Elements]:
        """BPR to the last intermediary bank, in the guide's order."""
        yield (
            "BPR", self.handling, write_amount(self.total), self.credit, self.method, self.payment_format,
            *_bank(self.payer_bank), self.originator, self.supplemental, *_bank(self.payee_bank),
            write_date(self.settlement),
        )  # fmt: skip
        traced = self.originator if self.trace_originator is None else self.trace_originator
        yield ("TRN", self.trace_type, self.trace, traced, self.trace_extra)
        if self.currency:
            yield ("CUR", *self.currency)
        yield from (extra for extra in self.extra if extra[0] == "CUR")
        yield from (("REF", code, value) for code, value in self.references)
        yield from self._dates()
        yield from _party("PE", self.payee, self.payee_name2, self.payee_address, ())
        if self.delivery:
            yield self.delivery.segment()
        yield from _party("PR", self.payer, self.payer_name2, self.payer_address, self.payer_contacts)
        for bank in self.banks:
            yield from bank.segments()
        yield from (extra for extra in self.extra if extra[0] != "CUR")

    def _dates(self) -> Iterator[Elements]:
        first = sorted((code for code, _ in self.dates if code in _BEFORE_PERIOD), key=_BEFORE_PERIOD.__getitem__)
        days = dict(self.dates)
        yield from (("DTM", code, write_date(days[code])) for code in first)
        if self.period:
            yield ("DTM", "582", "", "", "", "RD8", write_range(*self.period))
        yield from (("DTM", code, write_date(day)) for code, day in self.dates if code not in _BEFORE_PERIOD)


def split(remittance: Remittance820) -> tuple[Remittance820, Remittance820]:
    """The two heads of a payment whose money and details travel apart: payment only (D) and remittance only (I).

    Both keep total and trace, by which the payee joins them; the first is written without entities.
    """
    money = replace(remittance, handling="D", payment_format="CCP" if remittance.method == "ACH" else "")
    return money, replace(remittance, handling="I")


def _bank(bank: Bank | None) -> Elements:
    return bank.elements() if bank else ("", "", "", "")


def _party(
    role: str, party: Party, name2: str, address: Address | None, contacts: tuple[NamedContact, ...]
) -> Iterator[Elements]:
    yield party.segment(role)
    if name2:
        yield ("N2", name2)
    yield from address.segments() if address else ()
    yield from (contact_segment("IC", numbers, name) for name, numbers in contacts)
