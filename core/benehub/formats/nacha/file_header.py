"""Record 1: whose file it is, for which bank, made when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from benehub.formats.nacha.layout import Cell, Kind, Layout, constant


@dataclass(frozen=True, slots=True)
class FileHeader:
    """The first record.

    Args:
        destination: the bank's routing number behind a blank (10 characters).
        origin: what the bank assigned: a routing number behind a blank, or `1` and the tax id.
        created: day of the file. `created_at` HHMM, or empty.
        modifier: A to Z, 0 to 9: tells the files of one day apart.
    """

    destination: str
    origin: str
    created: date | None
    created_at: str = ""
    modifier: str = "A"
    destination_name: str = ""
    origin_name: str = ""
    reference: str = ""


LAYOUT = Layout(
    "file header",
    FileHeader,
    constant(1, "1"),
    constant(2, "01"),
    Cell("destination", 4, 10),
    Cell("origin", 14, 10),
    Cell("created", 24, 6, Kind.DATE),
    Cell("created_at", 30, 4),
    Cell("modifier", 34, 1),
    constant(35, "094101"),
    Cell("destination_name", 41, 23),
    Cell("origin_name", 64, 23),
    Cell("reference", 87, 8),
)
