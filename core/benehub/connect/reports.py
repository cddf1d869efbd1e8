"""A carrier's own report on a file of ours: the parser that a package brings for it.

HIPAA asks for no answer about single members to an 834, so every carrier invents one: an "error and warning" list, a
discrepancy file, a return sheet. What they say is the same, how they say it never is; a parser turns one carrier's
bytes into `CarrierReport` records, and everything after that is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benehub.errors import DataError
from benehub.records import CarrierReport


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of a report: its 1-based number, and the record or the error that keeps it out."""

    row: int
    report: CarrierReport | None = None
    error: DataError | None = None


@dataclass(frozen=True, slots=True)
class ReportFormat:
    """A parser of one carrier's reports.

    Args:
        name: what a partner's settings call it.
        title: one line for people.
        parse: from the file's bytes and the partner's id to its lines, in order. It raises FormatError or FileRefused
            for a file that is refused whole, and never for what is wrong in one line.
    """

    name: str
    title: str
    parse: Callable[[bytes, str], Iterable[ReportLine]]
