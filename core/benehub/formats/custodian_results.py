"""A custodian's answer to a contribution file as plain CSV: each line accepted or rejected, by its reference.

Columns `file,line,employee_number,plan,pay_date,status,amount,posted_on,code,message`; status ACCEPTED or REJECTED;
dates ISO; `amount` is what was posted; an empty `line` speaks of the whole file. A later answer to the same line
takes the place of the earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from benehub.formats.layout import ISO_DATE, MONEY, TEXT, Column, Layout, one_of
from benehub.formats.rows import Parsed, Table


class Status(StrEnum):
    """What became of a line."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One answer; `amount` in minor units."""

    file: str
    pay_date: date
    status: Status
    posted_on: date
    line: str = ""
    employee_number: str = ""
    plan: str = ""
    amount: int = field(default=0, repr=False)
    code: str = ""
    message: str = ""


LAYOUT = Layout(
    "contribution results",
    ResultRow,
    (
        Column("file", "file", TEXT, required=True),
        Column("line", "line", TEXT),
        Column("employee_number", "employee_number", TEXT),
        Column("plan", "plan", TEXT),
        Column("pay_date", "pay_date", ISO_DATE, required=True),
        Column("status", "status", one_of(Status), required=True),
        Column("amount", "amount", MONEY),
        Column("posted_on", "posted_on", ISO_DATE, required=True),
        Column("code", "code", TEXT),
        Column("message", "message", TEXT),
    ),
)


def parse(data: bytes | Table) -> Iterator[Parsed[ResultRow]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file holds no contribution results.
    """
    return LAYOUT.parse(data)


def render(rows: Iterable[ResultRow]) -> Iterator[str]:
    """The file, a line at a time.

    Raises:
        DataError: a row that cannot be written; names row, column and mend.
    """
    return LAYOUT.render(rows)
