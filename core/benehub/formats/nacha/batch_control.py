"""Record 8: the totals of a batch, in US cents."""

from __future__ import annotations

from dataclasses import dataclass

from benehub.formats.nacha.layout import Cell, Kind, Layout, constant


@dataclass(frozen=True, slots=True)
class BatchControl:
    """The last record of a batch.

    Args:
        count: entries and addenda. `entry_hash`: sum of the receiving banks' eight digits, its last ten digits.
        debits, credits: US cents.
        authentication: message authentication code; rarely used.
    """

    service_class: int
    count: int
    entry_hash: int
    debits: int
    credits: int
    company_id: str
    bank: str
    number: int
    authentication: str = ""


LAYOUT = Layout(
    "batch control",
    BatchControl,
    constant(1, "8"),
    Cell("service_class", 2, 3, Kind.NUMBER),
    Cell("count", 5, 6, Kind.NUMBER),
    Cell("entry_hash", 11, 10, Kind.NUMBER),
    Cell("debits", 21, 12, Kind.NUMBER),
    Cell("credits", 33, 12, Kind.NUMBER),
    Cell("company_id", 45, 10),
    Cell("authentication", 55, 19),
    constant(74, " " * 6),
    Cell("bank", 80, 8, Kind.DIGITS),
    Cell("number", 88, 7, Kind.NUMBER),
)
