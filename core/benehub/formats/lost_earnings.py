"""Lost earnings for a recordkeeper as plain CSV: what a late deposit has cost each participant, by source.

Columns `ssn,last_name,first_name,plan,source,pay_date,amount`; sources EE_PRETAX, EE_ROTH; `pay_date` is that of the
late contribution; `plan` as the recordkeeper calls it. No layout is published for it; a recordkeeper takes it as a file
of its own because the columns of a contribution file have no place for earnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.formats.layout import ISO_DATE, MONEY, SSN, TEXT, Column, Layout, one_of
from benehub.formats.rows import Parsed, Table
from benehub.records.recordkeeper import Source


@dataclass(frozen=True, slots=True)
class EarningsLine:
    """Earnings of one participant, source and late pay date; `amount` in US cents."""

    ssn: str = field(repr=False)
    plan: str
    source: Source
    pay_date: date
    amount: int = field(repr=False)
    last_name: str = ""
    first_name: str = ""


LAYOUT = Layout(
    "lost earnings",
    EarningsLine,
    (
        Column("ssn", "ssn", SSN, required=True),
        Column("last_name", "last_name", TEXT),
        Column("first_name", "first_name", TEXT),
        Column("plan", "plan", TEXT, required=True),
        Column("source", "source", one_of(Source), required=True),
        Column("pay_date", "pay_date", ISO_DATE, required=True),
        Column("amount", "amount", MONEY, required=True),
    ),
)


def parse(data: bytes | Table) -> Iterator[Parsed[EarningsLine]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file holds no lost earnings.
    """
    return LAYOUT.parse(data)


def render(lines: Iterable[EarningsLine]) -> Iterator[str]:
    """The file, a line at a time.

    Raises:
        DataError: a line that cannot be written; names row, column and mend.
    """
    return LAYOUT.render(lines)
