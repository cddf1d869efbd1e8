"""Record 7: what goes with an entry: remittance (705), the reason it came back (799), or what to correct (798)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from benehub.formats.nacha.layout import Cell, Kind, Layout, constant
from benehub.formats.nacha.return_reasons import Step

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


@dataclass(frozen=True, slots=True)
class Dishonored:
    """799 of our bank: it sends a return back.

    Args:
        reason: `R61` to `R70`. `original_trace`: the trace number of the entry that we sent.
        return_trace, return_settled, return_reason: those of the return: its trace number, the day of the year it
            settled on, its reason without the R. `text`: free, 21 characters; for R69 the fields that were wrong.
    """

    reason: str
    original_trace: str
    original_bank: str
    return_trace: str
    return_settled: str
    return_reason: str
    trace: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Contested:
    """799 of the payee's bank: it stands by its return, or sends it corrected.

    Args:
        reason: `R71` to `R77`. `original_trace`: the trace number of the entry that we sent.
        returned_on, original_settled: when the entry was returned, and the day of the year on which it had settled.
        return_trace, return_settled, return_reason: as in `Dishonored`.
        dishonored_trace, dishonored_settled, dishonored_reason: the same of the dishonored return.
    """

    reason: str
    original_trace: str
    returned_on: date | None
    original_bank: str
    original_settled: str
    return_trace: str
    return_settled: str
    return_reason: str
    dishonored_trace: str
    dishonored_settled: str
    dishonored_reason: str
    trace: str


Addenda = Remittance | Return | Dishonored | Contested | Change

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
DISHONORED = Layout(
    "addenda 799 of a dishonored return",
    Dishonored,
    constant(1, "799"),
    Cell("reason", 4, 3),
    Cell("original_trace", 7, 15, Kind.DIGITS),
    constant(22, " " * 6),
    Cell("original_bank", 28, 8, Kind.DIGITS),
    constant(36, " " * 3),
    Cell("return_trace", 39, 15, Kind.DIGITS),
    Cell("return_settled", 54, 3),
    Cell("return_reason", 57, 2),
    Cell("text", 59, 21),
    Cell("trace", 80, 15, Kind.DIGITS),
)
CONTESTED = Layout(
    "addenda 799 of a contested return",
    Contested,
    constant(1, "799"),
    Cell("reason", 4, 3),
    Cell("original_trace", 7, 15, Kind.DIGITS),
    Cell("returned_on", 22, 6, Kind.DATE),
    Cell("original_bank", 28, 8, Kind.DIGITS),
    Cell("original_settled", 36, 3),
    Cell("return_trace", 39, 15, Kind.DIGITS),
    Cell("return_settled", 54, 3),
    Cell("return_reason", 57, 2),
    Cell("dishonored_trace", 59, 15, Kind.DIGITS),
    Cell("dishonored_settled", 74, 3),
    Cell("dishonored_reason", 77, 2),
    constant(79, " "),
    Cell("trace", 80, 15, Kind.DIGITS),
)
RETURNS: dict[Step, Layout[Any]] = {Step.RETURNED: RETURN, Step.DISHONORED: DISHONORED, Step.CONTESTED: CONTESTED}
"""The columns of a 799 by whose word it is; its reason, columns 4 to 6, says which."""
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
        case Dishonored():
            return DISHONORED.write(addenda)
        case Contested():
            return CONTESTED.write(addenda)
        case Change():
            return CHANGE.write(addenda)
