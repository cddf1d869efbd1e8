"""Claims of premium that a carrier billed too much, as plain CSV: one row a claim, and a TOTAL row that is their sum.

Columns `claim,carrier,claim_by,member_id,plan,coverage_month,billed,owed,claimed,currency,reason,invoices`; `carrier`
is its connection here, as files to several carriers may lie in one folder; the day ISO or empty, the month YYYY-MM;
several invoices are parted by a space. `reason` is the type of the difference, as
BILLED_NOT_ENROLLED. The last row says TOTAL under `claim` and the sum under `claimed`. A file without it, or with
another sum, is refused whole. The layout is benehub's own: there is no common one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from operator import attrgetter

from benehub.errors import DataError
from benehub.formats import delimited
from benehub.formats.layout import ISO_DATE, MONEY, MONTH, TEXT, Column, Layout, refuse_total
from benehub.formats.rows import Parsed, Row, Table
from benehub.money import format_minor, parse_minor
from benehub.periods import Month

TOTAL = "TOTAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One claim; amounts in minor units."""

    claim: str
    """What tells it from every other claim to this carrier."""
    carrier: str = ""
    claim_by: date | None = None
    member_id: str
    plan: str
    coverage_month: Month
    billed: int
    owed: int
    claimed: int
    currency: str
    reason: str
    invoices: str = ""


LAYOUT = Layout(
    "credit claims",
    ClaimRow,
    (
        Column("claim", "claim", TEXT, required=True),
        Column("carrier", "carrier", TEXT),
        Column("claim_by", "claim_by", ISO_DATE),
        Column("member_id", "member_id", TEXT, required=True),
        Column("plan", "plan", TEXT, required=True),
        Column("coverage_month", "coverage_month", MONTH, required=True),
        Column("billed", "billed", MONEY, required=True),
        Column("owed", "owed", MONEY, required=True),
        Column("claimed", "claimed", MONEY, required=True),
        Column("currency", "currency", TEXT, required=True),
        Column("reason", "reason", TEXT, required=True),
        Column("invoices", "invoices", TEXT),
    ),
)

_CLAIMED = LAYOUT.header.index("claimed")


@dataclass(frozen=True, slots=True)
class Claims:
    """A whole file: its rows, each a record or an error, and its total in minor units."""

    rows: tuple[Parsed[ClaimRow], ...]
    total: int


def parse(data: bytes | Table) -> Claims:
    """The claims, their total checked.

    Raises:
        FormatError: the file has other columns.
        FileRefused: no TOTAL row, rows after it, or a total that is not the sum.
    """
    table = delimited.read_delimited(data) if isinstance(data, bytes) else data
    columns = LAYOUT.columns_of(table)
    rows: list[Parsed[ClaimRow]] = [Parsed(one.line, error=one.error()) for one in table.problems]
    total: int | None = None
    added = 0
    for row in table.rows:
        if total is not None:
            raise refuse_total("rows stand after the TOTAL row", row.line)
        if row.cells[0].strip().upper() == TOTAL:
            total = _amount(row)
            continue
        added += _amount(row)
        rows.append(LAYOUT.parse_row(row, columns))
    if total is None:
        raise refuse_total("the file has no TOTAL row: it may be cut off", 0)
    if total != added:
        raise refuse_total("the TOTAL row is not the sum of the rows", 0)
    return Claims(tuple(sorted(rows, key=attrgetter("row"))), total)


def _amount(row: Row) -> int:
    try:
        return parse_minor(row.cells[_CLAIMED], where=f"row {row.line}, claimed")
    except DataError:
        raise refuse_total("no amount under claimed", row.line) from None


def render(claims: Iterable[ClaimRow]) -> Iterator[str]:
    """The file with its TOTAL row, a line at a time.

    Raises:
        DataError: a claim that cannot be written; names row, column and mend.
    """
    added = 0

    def cells() -> Iterator[Sequence[str]]:
        nonlocal added
        for one in claims:
            added += one.claimed
            yield LAYOUT.cells(one)

    def total() -> Iterator[Sequence[str]]:
        row = [""] * len(LAYOUT.header)
        row[0], row[_CLAIMED] = TOTAL, format_minor(added)
        yield row

    return delimited.lines(LAYOUT.header, chain(cells(), total()))
