"""A carrier's list bill as plain CSV: one row a member, plan and month, and a TOTAL row that is their sum.

Columns `invoice,invoice_date,due_date,member_id,last_name,first_name,plan,tier,coverage_month,premium,
adjustment`; dates ISO, months YYYY-MM; `adjustment` Y for a correction of a month billed before. A bill may have
one more column, `line_type`: `premium`, or for a part of the whole bill `fee`, `prior_balance` or `payment` (below
zero), with `-` under member_id and plan; then the TOTAL is the amount due. Behind it may stand what a price goes by:
`volume` (the insured amount charged, or the covered pay), `age_band` (`30-34`, `65+` or a single age) and `dependents`
(how many are covered beside the employee); a cell may be empty. The last row
says TOTAL under `invoice` and the sum under `premium`. A file without it, or with another sum, is
refused whole: a bill that was cut off must not pass for a smaller one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import chain
from operator import attrgetter

from benehub.errors import DataError
from benehub.formats import delimited
from benehub.formats.layout import FLAG, ISO_DATE, MONEY, MONTH, TEXT, Column, Kind, Layout, one_of, refuse_total
from benehub.formats.rows import Parsed, Row, Table
from benehub.money import format_minor, parse_minor
from benehub.periods import Month

TOTAL = "TOTAL"


class LineType(StrEnum):
    """What a row is: a member's premium, or a part of the whole bill."""

    PREMIUM = "premium"
    FEE = "fee"
    PRIOR_BALANCE = "prior_balance"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    """One line of the bill; `premium` in US cents (negative for a credit)."""

    invoice: str
    invoice_date: date
    due_date: date
    member_id: str
    last_name: str = ""
    first_name: str = ""
    plan: str
    coverage_month: Month
    premium: int
    tier: str = ""
    adjustment: bool = False
    line_type: LineType = LineType.PREMIUM
    volume: int | None = None
    """US cents."""
    age_band: str = ""
    dependents: int | None = None


def _read_band(text: str) -> str:
    if re.fullmatch(r"\d{1,3}(-\d{1,3}|\+)?", text) is None:
        raise DataError("no age band", mend="Write 30-34, 65+ or a single age")
    return text


def _read_count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 2:
        raise DataError("no number of dependents", mend="Write a whole number")
    return int(text)


BASIS = ("volume", "age_band", "dependents")
"""The columns of what a price goes by."""

LAYOUT = Layout(
    "carrier invoice",
    InvoiceRow,
    (
        Column("invoice", "invoice", TEXT, required=True),
        Column("invoice_date", "invoice_date", ISO_DATE, required=True),
        Column("due_date", "due_date", ISO_DATE, required=True),
        Column("member_id", "member_id", TEXT, required=True),
        Column("last_name", "last_name", TEXT),
        Column("first_name", "first_name", TEXT),
        Column("plan", "plan", TEXT, required=True),
        Column("tier", "tier", TEXT),
        Column("coverage_month", "coverage_month", MONTH, required=True),
        Column("premium", "premium", MONEY, required=True),
        Column("adjustment", "adjustment", FLAG),
    ),
    optional=(
        Column("line_type", "line_type", one_of(LineType)),
        Column("volume", "volume", MONEY),
        Column("age_band", "age_band", Kind(_read_band, str)),
        Column("dependents", "dependents", Kind(_read_count, str)),
    ),
)

_PREMIUM = LAYOUT.header.index("premium")


@dataclass(frozen=True, slots=True)
class Bill:
    """A whole list bill: its rows, each a record or an error, and its total in US cents.

    `verified` is false when a row's premium could not be read, so that the total could not be checked.
    """

    rows: tuple[Parsed[InvoiceRow], ...]
    total: int
    verified: bool


def parse(data: bytes | Table) -> Bill:
    """The bill, its total checked.

    Raises:
        FormatError: the file has other columns.
        FileRefused: no TOTAL row, rows after it, or a total that is not the sum.
    """
    table = delimited.read_delimited(data) if isinstance(data, bytes) else data
    columns = LAYOUT.columns_of(table)
    rows: list[Parsed[InvoiceRow]] = []
    total: tuple[int, int] | None = None
    added, verified = 0, True
    for problem in table.problems:
        rows.append(Parsed(problem.line, error=problem.error()))
        verified = False
    for row in table.rows:
        if total is not None:
            raise refuse_total("rows stand after the TOTAL row", row.line)
        if row.cells[0].strip().upper() == TOTAL:
            total = (row.line, _told(row))
            continue
        try:
            added += _amount(row)
        except DataError:
            verified = False  # The row itself becomes an error below.
        rows.append(LAYOUT.parse_row(row, columns))
    if total is None:
        raise refuse_total("the bill has no TOTAL row: it may be cut off", 0)
    if verified and added != total[1]:
        raise refuse_total("the TOTAL row is not the sum of the rows", total[0])
    return Bill(tuple(sorted(rows, key=attrgetter("row"))), total[1], verified)


def _told(row: Row) -> int:
    try:
        return _amount(row)
    except DataError:
        raise refuse_total("the TOTAL row has no amount under premium", row.line) from None


def _amount(row: Row) -> int:
    return parse_minor(row.cells[_PREMIUM], where=f"row {row.line}, premium")


def render(lines: Iterable[InvoiceRow], parts: bool = False, basis: bool = False) -> Iterator[str]:
    """The file with its TOTAL row, a line at a time; with `parts` it has the column `line_type`, with `basis` all.

    Raises:
        DataError: a line that cannot be written, an invoice called TOTAL, or a part without `parts`; names row, column
            and mend.
    """
    added = 0
    parts = parts or basis
    width = len(LAYOUT.header) - (not basis) * len(BASIS) - (not parts)

    def cells() -> Iterator[Sequence[str]]:
        nonlocal added
        for number, line in enumerate(lines, 2):
            if line.invoice.strip().upper() == TOTAL:
                raise DataError("an invoice is called TOTAL", where=f"row {number}", mend="Correct invoice")
            if line.line_type is not LineType.PREMIUM and not parts:
                raise DataError("a part of the whole bill", where=f"row {number}", mend="Write it with line types")
            added += line.premium
            yield LAYOUT.cells(line)[:width]

    def total() -> Iterator[Sequence[str]]:
        row = [""] * width
        row[0], row[_PREMIUM] = TOTAL, format_minor(added)
        yield row

    return delimited.lines(LAYOUT.header[:width], chain(cells(), total()))
