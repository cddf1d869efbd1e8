"""Record 5: who pays, what kind of entries follow, and on which banking day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from benehub.formats.nacha.layout import Cell, Kind, Layout, constant


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """The first record of a batch.

    Args:
        service_class: 220 credits only, 225 debits only, 200 both.
        company_id: ten characters, `1` and the tax id unless the bank says otherwise.
        entry_class: `CCD`, `CTX`, ...
        description: what the receiver reads ("PREMIUM"). `descriptive_date`: likewise, six free characters.
        effective: the banking day the money is to settle; None in what banks send back.
        settled: day of the year it settled, three digits; the ACH operator fills it in.
        bank: the first eight digits of the originating bank's routing number.
    """

    service_class: int
    company_name: str
    company_id: str
    entry_class: str
    description: str
    effective: date | None
    bank: str
    number: int
    discretionary: str = ""
    descriptive_date: str = ""
    settled: str = ""
    originator_status: str = "1"


LAYOUT = Layout(
    "batch header",
    BatchHeader,
    constant(1, "5"),
    Cell("service_class", 2, 3, Kind.NUMBER),
    Cell("company_name", 5, 16),
    Cell("discretionary", 21, 20),
    Cell("company_id", 41, 10),
    Cell("entry_class", 51, 3),
    Cell("description", 54, 10),
    Cell("descriptive_date", 64, 6),
    Cell("effective", 70, 6, Kind.DATE),
    Cell("settled", 76, 3),
    Cell("originator_status", 79, 1),
    Cell("bank", 80, 8, Kind.DIGITS),
    Cell("number", 88, 7, Kind.NUMBER),
)
