"""The Ascensus 180 file: contributions of one pay run to the recordkeeper, one row an employee.

33 columns; SSN `NNN-NN-NNNN`, dates MM/DD/YYYY, amounts with two decimals. It takes the amounts payroll
really withheld, so nothing is rounded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from benehub.formats.contributions import Checks, summed
from benehub.formats.findings import Finding
from benehub.formats.layout import HUNDREDTHS, MONEY, SSN, TEXT, US_DATE, Column, Layout, stamp
from benehub.formats.rows import Parsed, Table


@dataclass(frozen=True, slots=True)
class Contribution180:
    """One employee's row; amounts in US cents, hours in hundredths.

    `employment_status`, `hce_code`, `key_employee_code`, `enrollment_eligibility`, `union_status` and
    `client_specific` are the recordkeeper's own codes of the plan.
    """

    ssn: str = field(repr=False)
    last_name: str
    first_name: str
    middle_initial: str = ""
    division: str = ""
    compensation: int = field(default=0, repr=False)
    pretax: int = field(default=0, repr=False)
    roth: int = field(default=0, repr=False)
    loan_payment: int = field(default=0, repr=False)
    match: int = field(default=0, repr=False)
    profit_sharing: int = field(default=0, repr=False)
    safe_harbor_match: int = field(default=0, repr=False)
    safe_harbor_nonelective: int = field(default=0, repr=False)
    client_specific: str = ""
    hours: int = 0
    address1: str = field(default="", repr=False)
    address2: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    state: str = ""
    zip_code: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    hire_date: date | None = None
    eligibility_date: date | None = None
    termination_date: date | None = None
    prior_hire_date: date | None = None
    prior_termination_date: date | None = None
    annual_compensation: int | None = field(default=None, repr=False)
    employment_status: str = ""
    hce_code: str = ""
    key_employee_code: str = ""
    enrollment_eligibility: str = ""
    union_status: str = ""
    email: str = field(default="", repr=False)


LAYOUT = Layout(
    "Ascensus 180",
    Contribution180,
    (
        Column("SOCIAL SECURITY", "ssn", SSN, required=True),
        Column("LAST NAME", "last_name", TEXT, required=True),
        Column("FIRST NAME", "first_name", TEXT, required=True),
        Column("MI", "middle_initial", TEXT),
        Column("DIVISIONAL CODE", "division", TEXT),
        Column("TOTAL COMPENSATION", "compensation", MONEY),
        Column("EMPLOYEE 401(K)", "pretax", MONEY),
        Column("ROTH 401(K)", "roth", MONEY),
        Column("LOAN PAYMENT AMOUNT", "loan_payment", MONEY),
        Column("MATCH", "match", MONEY),
        Column("PROFIT SHARING", "profit_sharing", MONEY),
        Column("SAFE HARBOR MATCH", "safe_harbor_match", MONEY),
        Column("SAFE HARBOR NEC", "safe_harbor_nonelective", MONEY),
        Column("CLIENT SPECIFIC", "client_specific", TEXT),
        Column("HOURS", "hours", HUNDREDTHS),
        Column("ADDRESS 1", "address1", TEXT),
        Column("ADDRESS 2", "address2", TEXT),
        Column("CITY", "city", TEXT),
        Column("STATE", "state", TEXT),
        Column("ZIP", "zip_code", TEXT),
        Column("DATE OF BIRTH", "birth_date", US_DATE),
        Column("CURRENT DATE OF HIRE", "hire_date", US_DATE),
        Column("EMPLOYEE ELIGIBILITY DATE", "eligibility_date", US_DATE),
        Column("CURRENT DATE OF TERM", "termination_date", US_DATE),
        Column("PRIOR DATE OF HIRE", "prior_hire_date", US_DATE),
        Column("PRIOR DATE OF TERM", "prior_termination_date", US_DATE),
        Column("ESTIMATED ANNUAL COMPENSATION", "annual_compensation", MONEY),
        Column("EMPLOYMENT STATUS", "employment_status", TEXT),
        Column("HCE CODE", "hce_code", TEXT),
        Column("KEY EE CODE", "key_employee_code", TEXT),
        Column("ENROLLMENT ELIGIBILITY", "enrollment_eligibility", TEXT),
        Column("UNION STATUS CODE", "union_status", TEXT),
        Column("EMPLOYEE WORK EMAIL", "email", TEXT),
    ),
)


MONEY_FIELDS = (
    "pretax", "roth", "loan_payment", "match", "profit_sharing", "safe_harbor_match", "safe_harbor_nonelective",
)  # fmt: skip
"""What is deposited; compensation is only told."""


@dataclass(frozen=True, slots=True)
class Totals180:
    """Control totals of a file, in US cents: what the deposit has to equal."""

    rows: int = 0
    compensation: int = 0
    pretax: int = 0
    roth: int = 0
    loan_payment: int = 0
    match: int = 0
    profit_sharing: int = 0
    safe_harbor_match: int = 0
    safe_harbor_nonelective: int = 0
    hours: int = 0
    """Hundredths."""

    @property
    def deposit(self) -> int:
        """All money that moves (everything but compensation)."""
        return sum(getattr(self, name) for name in MONEY_FIELDS)


def control_totals(rows: Iterable[Contribution180]) -> Totals180:
    """The sums over all rows."""
    return summed(Totals180, rows)


def validate(data: bytes | Table, expected: Totals180 | None = None, *, negative: bool = True) -> list[Finding]:
    """Everything that is wrong with a file: cells, nobody twice, dates in order, and its control totals.

    Args:
        expected: what the rows must sum to; the layout itself has no trailer.
        negative: whether the recordkeeper takes amounts below zero (corrections).

    Raises:
        FormatError, FileRefused: the file is no Ascensus 180.
    """
    return CHECKS.run(data, asdict(expected) if expected else {}, negative)


CHECKS = Checks(
    LAYOUT,
    key=lambda row: row.ssn,
    key_column="SOCIAL SECURITY",
    money=MONEY_FIELDS,
    totals=lambda rows: asdict(control_totals(rows)),
    in_order=(
        ("birth_date", "hire_date"),
        ("hire_date", "termination_date"),
        ("prior_hire_date", "prior_termination_date"),
        ("prior_termination_date", "hire_date"),
    ),
)


def file_name(environment: str, client: str, pay_run: str, created: datetime) -> str:
    """`{environment}_{client_id}_{payroll_run_id}_{MMDDYYYY.HHMMSS}.csv`."""
    return f"{environment}_{client}_{pay_run}_{stamp(created)}.csv"


def render(rows: Iterable[Contribution180]) -> Iterator[str]:
    """The file, a line at a time.

    Raises:
        DataError: a row without SSN or name, or an SSN that is not nine digits; names row, column and mend.
    """
    return LAYOUT.render(rows)


def parse(data: bytes | Table) -> Iterator[Parsed[Contribution180]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file is not an Ascensus 180.
    """
    return LAYOUT.parse(data)
