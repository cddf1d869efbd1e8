"""Contributions to accounts (HSA, FSA, commuter) for a custodian or administrator, as a delimited table.

One line a person, account and whose money it is. There is no common layout among custodians, so the columns, their
order and their names are the connection's: each names one of the fields of `ContributionLine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from benehub.formats import delimited
from benehub.formats.layout import ISO_DATE, MONEY, SSN, TEXT, Column, Kind, Layout
from benehub.formats.rows import Parsed, Table

YEAR = Kind(int, str)


@dataclass(frozen=True, slots=True)
class ContributionLine:
    """One line; `amount` in minor units, `source` EMPLOYEE or EMPLOYER."""

    file: str
    """Number of the file, which an answer names."""
    line: str
    """Reference of the line, which an answer names."""
    source: str
    pay_date: date
    amount: int = field(repr=False)
    account: str = ""
    plan: str = ""
    employee_number: str = ""
    ssn: str = field(default="", repr=False)
    last_name: str = ""
    first_name: str = ""
    tax_year: int | None = None
    contribution_year: int | None = None


FIELDS: dict[str, Kind] = {
    "file": TEXT,
    "line": TEXT,
    "employee_number": TEXT,
    "ssn": SSN,
    "last_name": TEXT,
    "first_name": TEXT,
    "account": TEXT,
    "plan": TEXT,
    "source": TEXT,
    "pay_date": ISO_DATE,
    "tax_year": YEAR,
    "contribution_year": YEAR,
    "amount": MONEY,
}
"""What a column can hold, and how it is written."""

NEEDED = ("file", "line", "source", "pay_date", "amount")
"""Without these no answer can be followed to what was sent."""

COLUMNS: dict[str, str] = {name: name for name in FIELDS if name not in ("ssn", "tax_year", "contribution_year")}
"""Columns where a connection names none of its own: the file's header -> the field."""


def layout(columns: Mapping[str, str]) -> Layout[ContributionLine]:
    """The layout of a custodian: the name of each column in its file, and the field it holds, in order."""
    return Layout(
        "a contribution file",
        ContributionLine,
        tuple(Column(name, field_name, FIELDS[field_name], required=True) for name, field_name in columns.items()),
    )


def render(columns: Mapping[str, str], lines: Iterable[ContributionLine], delimiter: str = ",") -> Iterator[str]:
    """The file, a line at a time.

    Raises:
        DataError: a line lacks what a column asks for; names row, column and mend.
    """
    made = layout(columns)
    return delimited.lines(made.header, (made.cells(line) for line in lines), delimiter=delimiter)


def parse(columns: Mapping[str, str], data: bytes | Table) -> Iterator[Parsed[ContributionLine]]:
    """Each row as a line or an error.

    Raises:
        FormatError, FileRefused: the file has other columns.
    """
    return layout(columns).parse(data)
