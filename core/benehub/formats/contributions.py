"""What every contribution file has to hold beyond its cells: nobody twice, dates in order, totals that tie.

Each recordkeeper's 180 and 360 name their columns themselves; the checks are the same and live here once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from benehub.formats.findings import Finding
from benehub.formats.layout import Layout
from benehub.formats.rows import Table
from benehub.money import format_minor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
S = TypeVar("S", bound="DataclassInstance")


@dataclass(frozen=True)
class Checks(Generic[T]):
    """What one layout is held to.

    Args:
        layout: its columns.
        key: what may stand once in a file (the participant; with the loan where loans have rows of their own).
        key_column: the column a repetition is reported at.
        money: fields whose sum is the deposit.
        totals: the control totals of rows, by field.
        in_order: pairs of date fields, of which the second is not before the first.
    """

    layout: Layout[T]
    key: Callable[[T], object]
    key_column: str
    money: Sequence[str]
    totals: Callable[[Iterable[T]], Mapping[str, int]]
    in_order: Sequence[tuple[str, str]]

    def run(self, data: bytes | Table, expected: Mapping[str, int], negative: bool) -> list[Finding]:
        """Everything that is wrong with a file; `expected` totals by field, `negative` when amounts may be below zero.

        Raises:
            FormatError, FileRefused: the file is not what it claims to be.
        """
        found: list[Finding] = []
        good: list[T] = []
        first: dict[object, int] = {}
        for line, record, wrong in self.layout.findings(data):
            found += wrong
            if record is None:
                continue
            good.append(record)
            found += self._row(line, record, negative)
            earlier = first.setdefault(self.key(record), line)
            if earlier != line:
                mend = "Add the two rows up, or take one out"
                found.append(Finding(line, self.key_column, "twice", f"stands in row {earlier} too", mend))
        return [*found, *self._totals(self.totals(good), expected)]

    def _row(self, line: int, record: T, negative: bool) -> Iterator[Finding]:
        names = {column.field: column.name for column in self.layout.columns}
        for field in () if negative else self.money:
            if getattr(record, field) < 0:
                mend = "Ask the recordkeeper how money is taken back; it takes no negative amount"
                yield Finding(line, names[field], "negative", "is below zero", mend)
        for before, after in self.in_order:
            start, end = getattr(record, before), getattr(record, after)
            if start is not None and end is not None and end < start:
                text = f"lies before {names[before]}"
                yield Finding(line, names[after], "date-order", text, "Mend one of the two dates at the source")

    def _totals(self, sums: Mapping[str, int], expected: Mapping[str, int]) -> Iterator[Finding]:
        names: dict[str, Any] = {column.field: column.name for column in self.layout.columns}
        for field, wanted in expected.items():
            if sums[field] != wanted:
                told = (str(sums[field]), str(wanted)) if field == "rows" else (_sum(sums[field]), _sum(wanted))
                text = f"sums to {told[0]}, the control total is {told[1]}"
                yield Finding(0, names.get(field, field), "total", text, "Ask the sender for the file again")


def _sum(minor: int) -> str:
    return format_minor(minor)


def summed(totals: type[S], rows: Iterable[object]) -> S:
    """Control totals over all rows: `totals` counts them in `rows` and sums each of its other fields."""
    names = [one.name for one in fields(totals) if one.name != "rows"]
    sums = dict.fromkeys(("rows", *names), 0)
    for row in rows:
        sums["rows"] += 1
        for name in names:
            sums[name] += getattr(row, name)
    return totals(**sums)


def change_findings(
    layout: Layout[T], data: bytes | Table, told: Callable[[T], tuple[str, date | None] | None],
    columns: tuple[str, str], codes: Collection[str],
) -> list[Finding]:  # fmt: skip
    """Everything that is wrong with a file of deferral changes.

    Args:
        layout: its columns.
        told: the code and the day of a change; None for a row that is none (a loan).
        columns: the columns in which these two stand.
        codes: the contribution codes that are known; none: any is.

    Raises:
        FormatError, FileRefused: the file is not what it claims to be.
    """
    found: list[Finding] = []
    for line, change, wrong in layout.findings(data):
        found += wrong
        if change is None or (row := told(change)) is None:
            continue
        if codes and row[0].upper() not in codes:
            found.append(Finding(line, columns[0], "unknown-code", "is no known code", "Map it to a source"))
        if row[1] is None:
            found.append(Finding(line, columns[1], "empty", "a change without a day", "Ask the recordkeeper"))
    return found
