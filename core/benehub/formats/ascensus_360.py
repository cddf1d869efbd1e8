"""The Ascensus 360 file: deferral changes and loans that come back from the recordkeeper.

Two kinds of rows under one header: `D` a deferral change (percent or amount), `L` a loan. A person with
several loans has several L rows; payroll withholds their sum. Dates are MMDDYYYY; MM/DD/YYYY is read too.
Percentages are percent ("6" is 6 %).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from benehub.errors import DataError
from benehub.formats.contributions import change_findings
from benehub.formats.findings import Finding
from benehub.formats.layout import COMPACT_DATE, MONEY, PERCENT, SSN, TEXT, Column, Layout, one_of
from benehub.formats.rows import Parsed, Table


class RecordType(StrEnum):
    """Column RecordType."""

    DEFERRAL = "D"
    LOAN = "L"


@dataclass(frozen=True, slots=True)
class Change360:
    """One row; `deferral_percent` is an exact rate (3/50 for 6 %), amounts are US cents.

    Raises:
        DataError: a D row without deferral code or with not exactly one of percent and amount; an L row
            without loan number or payment.
    """

    record_type: RecordType
    plan_id: str
    ssn: str = field(repr=False)
    last_name: str = ""
    first_name: str = ""
    middle_initial: str = ""
    effective_date: date | None = None
    contribution_code: str = ""
    deferral_percent: Fraction | None = None
    deferral_amount: int | None = None
    eligibility_date: date | None = None
    loan_number: str = ""
    loan_payment: int | None = field(default=None, repr=False)
    loan_total: int | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.record_type is RecordType.LOAN:
            if not self.loan_number or self.loan_payment is None:
                raise DataError("a loan row without loan number or payment", mend="Ask the recordkeeper")
        elif not self.contribution_code:
            raise DataError("a deferral row without contribution code", mend="Ask the recordkeeper")
        elif (self.deferral_percent is None) == (self.deferral_amount is None):
            raise DataError("a deferral row needs either a percentage or an amount", mend="Ask the recordkeeper")


LAYOUT = Layout(
    "Ascensus 360",
    Change360,
    (
        Column("RecordType", "record_type", one_of(RecordType), required=True),
        Column("PlanId", "plan_id", TEXT, required=True),
        Column("EmployeeLastName", "last_name", TEXT),
        Column("EmployeeFirstName", "first_name", TEXT),
        Column("EmployeeMiddleInitial", "middle_initial", TEXT),
        Column("EmployeeSSN", "ssn", SSN, required=True),
        Column("EffectiveDate", "effective_date", COMPACT_DATE),
        Column("ContributionCode", "contribution_code", TEXT),
        Column("DeferralPercent", "deferral_percent", PERCENT),
        Column("DeferralAmount", "deferral_amount", MONEY),
        Column("EmployeeEligibilityDate", "eligibility_date", COMPACT_DATE),
        Column("LoanNumber", "loan_number", TEXT),
        Column("LoanPaymentAmount", "loan_payment", MONEY),
        Column("TotalLoanAmount", "loan_total", MONEY),
    ),
)


@dataclass(frozen=True, slots=True)
class Loans:
    """What payroll withholds for all loans of one person: the sum of the payments, in US cents."""

    ssn: str = field(repr=False)
    plan_id: str
    payment: int = field(repr=False)
    loans: int


def summed_loans(changes: Iterable[Change360]) -> list[Loans]:
    """The loans of each person and plan as one sum, in the order the persons first appear."""
    return add_loans(
        (one.ssn, one.plan_id, one.loan_payment or 0) for one in changes if one.record_type is RecordType.LOAN
    )


def add_loans(payments: Iterable[tuple[str, str, int]]) -> list[Loans]:
    """(SSN, plan, payment) of each loan as one sum a person and plan."""
    sums: dict[tuple[str, str], list[int]] = {}
    for ssn, plan, payment in payments:
        sums.setdefault((ssn, plan), []).append(payment)
    return [Loans(ssn, plan, sum(held), len(held)) for (ssn, plan), held in sums.items()]


def parse(data: bytes | Table) -> Iterator[Parsed[Change360]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file is not an Ascensus 360.
    """
    return LAYOUT.parse(data)


def render(changes: Iterable[Change360]) -> Iterator[str]:
    """The file, a line at a time (a simulated recordkeeper writes it).

    Raises:
        DataError: a row that cannot be written; names row, column and mend.
    """
    return LAYOUT.render(changes)


def validate(data: bytes | Table, codes: Collection[str] = ()) -> list[Finding]:
    """Everything that is wrong with a file; with `codes`, also contribution codes that are none of them.

    Raises:
        FormatError, FileRefused: the file is not an Ascensus 360.
    """
    return change_findings(LAYOUT, data, _told, ("ContributionCode", "EffectiveDate"), codes)


def _told(change: Change360) -> tuple[str, date | None] | None:
    return None if change.record_type is RecordType.LOAN else (change.contribution_code, change.effective_date)
