"""Record 6: one payment to one account. CTX counts its addenda where the others go on with the name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benehub.formats.nacha.layout import Cell, Kind, Layout, constant

if TYPE_CHECKING:
    from benehub.formats.nacha.addenda import Addenda


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with its addenda.

    Args:
        transaction: two digits: kind of account, and credit, debit, prenote or return.
        bank: first eight digits of the receiving bank's routing number. `check_digit`: the ninth.
        amount: US cents.
        id: how the receiver knows it, up to 15 characters.
        name: the receiver's, up to 22 characters, of CTX 16.
        addenda_flag: 1 where addenda follow. `addenda_count`: how many, of CTX only.
        trace: originating bank (8 digits) and a number that rises within the batch (7).
    """

    transaction: int
    bank: str
    check_digit: str
    account: str = field(repr=False)
    amount: int
    id: str
    name: str
    addenda_flag: int
    trace: str
    discretionary: str = ""
    addenda_count: int = 0
    addenda: tuple[Addenda, ...] = ()

    @property
    def routing(self) -> str:
        """The receiving bank's routing number."""
        return self.bank + self.check_digit


_HEAD = (
    constant(1, "6"),
    Cell("transaction", 2, 2, Kind.NUMBER),
    Cell("bank", 4, 8, Kind.DIGITS),
    Cell("check_digit", 12, 1, Kind.DIGITS),
    Cell("account", 13, 17),
    Cell("amount", 30, 10, Kind.NUMBER),
    Cell("id", 40, 15),
)
_TAIL = (
    Cell("discretionary", 77, 2),
    Cell("addenda_flag", 79, 1, Kind.NUMBER),
    Cell("trace", 80, 15, Kind.DIGITS),
)

LAYOUT = Layout("entry", Entry, *_HEAD, Cell("name", 55, 22), *_TAIL)

CTX_LAYOUT = Layout(
    "CTX entry",
    Entry,
    *_HEAD,
    Cell("addenda_count", 55, 4, Kind.NUMBER),
    Cell("name", 59, 16),
    constant(75, "  "),
    *_TAIL,
)
