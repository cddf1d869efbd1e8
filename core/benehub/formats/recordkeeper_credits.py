"""A recordkeeper's report of credited money as plain CSV: one row a participant, source and pay date.

Columns `credit_id,ssn,last_name,first_name,plan,source,pay_date,trade_date,amount`; sources EE_PRETAX,
EE_ROTH, ER_MATCH, ER_QNEC, and LOAN for a repayment; dates ISO; `plan` as the recordkeeper calls it;
`trade_date` is the day the trust had the money; a reversal has a negative amount. A last column `kind` may
be there: CONTRIBUTION, EARNINGS for what a late deposit had cost, or FORFEITURE for what was paid from the
plan's forfeitures instead of a deposit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from benehub.formats.layout import ISO_DATE, MONEY, SSN, TEXT, Column, Layout, one_of
from benehub.formats.rows import Parsed, Table
from benehub.records.recordkeeper import Source


class CreditKind(StrEnum):
    """What was credited: what payroll took or the employer gave, lost earnings, or money from forfeitures."""

    CONTRIBUTION = "CONTRIBUTION"
    EARNINGS = "EARNINGS"
    FORFEITURE = "FORFEITURE"


@dataclass(frozen=True, slots=True)
class CreditRow:
    """One credit; `amount` in US cents."""

    credit_id: str
    ssn: str = field(repr=False)
    plan: str
    source: Source
    pay_date: date
    trade_date: date
    amount: int = field(repr=False)
    last_name: str = ""
    first_name: str = ""
    kind: CreditKind = CreditKind.CONTRIBUTION


LAYOUT = Layout(
    "recordkeeper credits",
    CreditRow,
    (
        Column("credit_id", "credit_id", TEXT, required=True),
        Column("ssn", "ssn", SSN, required=True),
        Column("last_name", "last_name", TEXT),
        Column("first_name", "first_name", TEXT),
        Column("plan", "plan", TEXT, required=True),
        Column("source", "source", one_of(Source), required=True),
        Column("pay_date", "pay_date", ISO_DATE, required=True),
        Column("trade_date", "trade_date", ISO_DATE, required=True),
        Column("amount", "amount", MONEY, required=True),
    ),
    optional=(Column("kind", "kind", one_of(CreditKind)),),
)


def parse(data: bytes | Table) -> Iterator[Parsed[CreditRow]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file is no credit report.
    """
    return LAYOUT.parse(data)


def render(credits: Iterable[CreditRow]) -> Iterator[str]:
    """The file, a line at a time.

    Raises:
        DataError: a credit that cannot be written; names row, column and mend.
    """
    return LAYOUT.render(credits)
