"""Record 9: the totals of the file, in US cents. Records of nines fill its last block."""

from __future__ import annotations

from dataclasses import dataclass

from benehub.formats.nacha.layout import WIDTH, Cell, Kind, Layout, constant

FILLER = "9" * WIDTH


@dataclass(frozen=True, slots=True)
class FileControl:
    """The last record that says anything; `blocks` counts ten records each, the fillers among them."""

    batches: int
    blocks: int
    count: int
    entry_hash: int
    debits: int
    credits: int


LAYOUT = Layout(
    "file control",
    FileControl,
    constant(1, "9"),
    Cell("batches", 2, 6, Kind.NUMBER),
    Cell("blocks", 8, 6, Kind.NUMBER),
    Cell("count", 14, 8, Kind.NUMBER),
    Cell("entry_hash", 22, 10, Kind.NUMBER),
    Cell("debits", 32, 12, Kind.NUMBER),
    Cell("credits", 44, 12, Kind.NUMBER),
    constant(56, " " * 39),
)
