"""The PayKonnect 360 file: deferral changes and loans that come back from a recordkeeper behind PayKonnect.

Two kinds of rows under one header: `D` a deferral change, `L` a loan. `Value` is a percentage ("6" is 6 %) or US
dollars, as `Value Type` says. A person with several loans has several L rows; payroll withholds their sum. Dates
are MMDDYYYY; MM/DD/YYYY is read too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from benehub.errors import DataError
from benehub.formats.ascensus_360 import Loans, RecordType, add_loans
from benehub.formats.contributions import change_findings
from benehub.formats.findings import Finding
from benehub.formats.layout import COMPACT_DATE, DECIMAL, SSN, TEXT, Column, Layout, one_of
from benehub.formats.rows import Parsed, Table


class ValueType(StrEnum):
    """Column Value Type: what Value counts."""

    PERCENT = "Percent"
    AMOUNT = "Amount"


@dataclass(frozen=True, slots=True)
class Change360:
    """One row; `value` is exact, as written.

    Raises:
        DataError: a deferral without code; a percentage outside 0 to 100; an amount below zero or in parts of a
            cent; a loan without number or with a percentage.
    """

    record_type: RecordType
    plan_number: str
    ssn: str = field(repr=False)
    value_type: ValueType
    value: Fraction = field(repr=False)
    code: str = ""
    effective_date: date | None = None
    eligibility_date: date | None = None
    transaction_date: date | None = None
    transaction_type: str = ""
    loan_number: str = ""
    loan_goal: Fraction | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        what = ""
        if self.record_type is RecordType.LOAN:
            if not self.loan_number or self.value_type is ValueType.PERCENT:
                what = "a loan row without loan number or amount"
        elif not self.code:
            what = "a deferral row without code"
        if self.value_type is ValueType.PERCENT and not 0 <= self.value <= 100:
            what = what or "a percentage outside 0 to 100"
        elif self.value_type is ValueType.AMOUNT and (self.value < 0 or (self.value * 100).denominator != 1):
            what = what or "an amount below zero, or in parts of a cent"
        if what:
            raise DataError(what, mend="Ask the recordkeeper")

    @property
    def rate(self) -> Fraction | None:
        """The deferral as a rate (3/50 for 6 %); None for an amount."""
        return self.value / 100 if self.value_type is ValueType.PERCENT else None

    @property
    def amount_minor(self) -> int | None:
        """The amount in US cents; None for a percentage."""
        return int(self.value * 100) if self.value_type is ValueType.AMOUNT else None


LAYOUT = Layout(
    "PayKonnect 360",
    Change360,
    (
        Column("Record Type", "record_type", one_of(RecordType), required=True),
        Column("Plan Number", "plan_number", TEXT, required=True),
        Column("SSN", "ssn", SSN, required=True),
        Column("Effective Date", "effective_date", COMPACT_DATE),
        Column("Eligibility Date", "eligibility_date", COMPACT_DATE),
        Column("Transaction Date", "transaction_date", COMPACT_DATE),
        Column("Transaction Type", "transaction_type", TEXT),
        Column("Code", "code", TEXT),
        Column("Value Type", "value_type", one_of(ValueType), required=True),
        Column("Value", "value", DECIMAL, required=True),
        Column("Loan Reference Number", "loan_number", TEXT),
        Column("Loan Goal", "loan_goal", DECIMAL),
    ),
    quote_all=True,
)


def summed_loans(changes: Iterable[Change360]) -> list[Loans]:
    """The loans of each person and plan as one sum, in the order the persons first appear."""
    return add_loans(
        (one.ssn, one.plan_number, one.amount_minor or 0) for one in changes if one.record_type is RecordType.LOAN
    )


def validate(data: bytes | Table, codes: Collection[str] = ()) -> list[Finding]:
    """Everything that is wrong with a file; with `codes`, also contribution codes that are none of them.

    Raises:
        FormatError, FileRefused: the file is not a PayKonnect 360.
    """
    return change_findings(LAYOUT, data, _told, ("Code", "Effective Date"), codes)


def _told(change: Change360) -> tuple[str, date | None] | None:
    return None if change.record_type is RecordType.LOAN else (change.code, change.effective_date)


def parse(data: bytes | Table) -> Iterator[Parsed[Change360]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file is not a PayKonnect 360.
    """
    return LAYOUT.parse(data)


def render(changes: Iterable[Change360]) -> Iterator[str]:
    """The file, a line at a time (a simulated recordkeeper writes it).

    Raises:
        DataError: a row that cannot be written; names row, column and mend.
    """
    return LAYOUT.render(changes)
