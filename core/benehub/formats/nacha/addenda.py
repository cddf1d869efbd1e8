"""Record 7: what goes with an entry: remittance (705), the reason it came back (799), or what to correct (798)."""

from __future__ import annotations

from dataclasses import dataclass, field

from benehub.formats.nacha.layout import Cell, Kind, Layout, constant

TEXT = 80
"""Characters of remittance in one addenda."""


@dataclass(frozen=True, slots=True)
class Remittance:
    """705: 80 characters of remittance. `sequence` counts from 1; `entry` is the last seven digits of its trace."""

    text: str = field(repr=False)
    sequence: int
    entry: str


@dataclass(frozen=True, slots=True)
class Return:
    """799: the entry came back.

    Args:
        reason: `R01` and so on. `original_trace`: the trace number of the entry that we sent.
        death: date of death, six characters, where the reason is one.
        original_bank: the bank that had received it (8 digits). `text`: free, 44 characters.
        trace: the returning bank's.
    """

    reason: str
    original_trace: str
    original_bank: str
    trace: str
    death: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """798: the entry was taken, and the next one is to be sent with `corrected` in place of what we hold."""

    reason: str
    original_trace: str
    original_bank: str
    corrected: str = field(repr=False)
    trace: str


Addenda = Remittance | Return | Change

REMITTANCE = Layout(
    "addenda 705",
    Remittance,
    constant(1, "705"),
    Cell("text", 4, TEXT),
    Cell("sequence", 84, 4, Kind.NUMBER),
    Cell("entry", 88, 7, Kind.DIGITS),
)
RETURN = Layout(
    "addenda 799",
    Return,
    constant(1, "799"),
    Cell("reason", 4, 3),
    Cell("original_trace", 7, 15, Kind.DIGITS),
    Cell("death", 22, 6),
    Cell("original_bank", 28, 8, Kind.DIGITS),
    Cell("text", 36, 44),
    Cell("trace", 80, 15, Kind.DIGITS),
)
CHANGE = Layout(
    "addenda 798",
    Change,
    constant(1, "798"),
    Cell("reason", 4, 3),
    Cell("original_trace", 7, 15, Kind.DIGITS),
    constant(22, " " * 6),
    Cell("original_bank", 28, 8, Kind.DIGITS),
    Cell("corrected", 36, 29),
    constant(65, " " * 15),
    Cell("trace", 80, 15, Kind.DIGITS),
)


def write(addenda: Addenda) -> str:
    """The record.

    Raises:
        FormatError: a value does not fit its columns.
    """
    match addenda:
        case Remittance():
            return REMITTANCE.write(addenda)
        case Return():
            return RETURN.write(addenda)
        case Change():
            return CHANGE.write(addenda)
