"""The PayKonnect 180 file: contributions of one pay run to a recordkeeper behind PayKonnect, one row an employee.

87 columns, every cell in quotes; SSN `NNN-NN-NNNN`, dates MM/DD/YYYY, amounts with two decimals. For each money
source it tells the pay's amount, the year's, and the rate or amount elected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction

from benehub.formats.contributions import Checks, summed
from benehub.formats.findings import Finding
from benehub.formats.layout import DECIMAL, HUNDREDTHS, MONEY, PERCENT, SSN, TEXT, US_DATE, Column, Layout, one_of
from benehub.formats.rows import Parsed, Table


class PayCycle(StrEnum):
    """Column Pay_Cycle."""

    WEEKLY = "Weekly"
    BIWEEKLY = "Bi-Weekly"
    SEMIMONTHLY = "Semi-Monthly"
    MONTHLY = "Monthly"
    QUARTERLY = "Quarterly"
    ANNUALLY = "Annually"


class Gender(StrEnum):
    """Column Gender."""

    MALE = "Male"
    FEMALE = "Female"
    NOT_SPECIFIED = "Not Specified"


class EmployeeStatus(StrEnum):
    """Column Employee_Status_Code; it may be empty."""

    ACTIVE = "Active"
    TERMINATED = "Terminated"
    LEAVE = "Leave"


class Category(StrEnum):
    """Column Employee_Category."""

    FULL_TIME = "Full-Time"
    PART_TIME = "Part-Time"
    CONTRACTOR = "Contractor"


class PayType(StrEnum):
    """Column Employee_Pay_Type."""

    SALARIED = "Salaried"
    HOURLY = "Hourly"


@dataclass(frozen=True, slots=True)
class Contribution180:
    """One employee's row; amounts in US cents, hours in hundredths, rates exact (3/50 for 6 %).

    `..._ytd` are the year's sums with this pay; `..._rate` and `..._flat` are what was elected. Fields without
    further word are the recordkeeper's own codes of the plan.
    """

    plan_number: str
    pay_date: date
    ssn: str = field(repr=False)
    first_name: str
    last_name: str
    plan_name: str = ""
    ein: str = ""
    company_id: str = ""
    division: str = ""
    period_start: date | None = None
    period_end: date | None = None
    """Last day of the pay period."""
    run_type: str = ""
    pay_cycle: PayCycle | None = None
    employee_id: str = ""
    middle_name: str = ""
    name_suffix: str = ""
    birth_date: date | None = field(default=None, repr=False)
    gender: Gender | None = field(default=None, repr=False)
    marital_status: str = field(default="", repr=False)
    address1: str = field(default="", repr=False)
    address2: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    state: str = ""
    zip_code: str = field(default="", repr=False)
    country: str = ""
    home_phone: str = field(default="", repr=False)
    work_phone: str = field(default="", repr=False)
    work_phone_extension: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    work_email: str = field(default="", repr=False)
    hire_date: date | None = None
    termination_date: date | None = None
    rehire_date: date | None = None
    pay_group: str = ""
    category: Category | None = None
    pay_type: PayType | None = None
    work_status: str = ""
    status: EmployeeStatus | None = None
    employee_type: str = ""
    department: str = ""
    location: str = ""
    hours: int = 0
    compensation: int = field(default=0, repr=False)
    """Gross pay of the period."""
    plan_compensation: int | None = field(default=None, repr=False)
    excluded_compensation: int | None = field(default=None, repr=False)
    hours_ytd: int | None = None
    compensation_ytd: int | None = field(default=None, repr=False)
    plan_compensation_ytd: int | None = field(default=None, repr=False)
    excluded_compensation_ytd: int | None = field(default=None, repr=False)
    officer_type: str = ""
    ownership: Fraction | None = field(default=None, repr=False)
    highly_compensated: str = ""
    participation_date: date | None = None
    eligibility_code: str = ""
    salary: int | None = field(default=None, repr=False)
    termination_reason: str = field(default="", repr=False)
    sarbanes_oxley: str = ""
    federal_exemptions: str = field(default="", repr=False)
    projected_start: date | None = None
    adjusted_service_date: date | None = None
    match_eligibility_date: date | None = None
    annual_salary: int | None = field(default=None, repr=False)
    hourly_rate: Fraction | None = field(default=None, repr=False)
    """US dollars an hour, exact."""
    earnings: int | None = field(default=None, repr=False)
    earnings_ytd: int | None = field(default=None, repr=False)
    pretax: int = field(default=0, repr=False)
    pretax_ytd: int | None = field(default=None, repr=False)
    pretax_rate: Fraction | None = field(default=None, repr=False)
    pretax_flat: int | None = field(default=None, repr=False)
    roth: int = field(default=0, repr=False)
    roth_ytd: int | None = field(default=None, repr=False)
    roth_rate: Fraction | None = field(default=None, repr=False)
    roth_flat: int | None = field(default=None, repr=False)
    pretax_catch_up: int = field(default=0, repr=False)
    pretax_catch_up_ytd: int | None = field(default=None, repr=False)
    pretax_catch_up_rate: Fraction | None = field(default=None, repr=False)
    pretax_catch_up_flat: int | None = field(default=None, repr=False)
    roth_catch_up: int = field(default=0, repr=False)
    roth_catch_up_ytd: int | None = field(default=None, repr=False)
    roth_catch_up_rate: Fraction | None = field(default=None, repr=False)
    roth_catch_up_flat: int | None = field(default=None, repr=False)
    match: int = field(default=0, repr=False)
    match_ytd: int | None = field(default=None, repr=False)
    match_rate: Fraction | None = field(default=None, repr=False)
    match_flat: int | None = field(default=None, repr=False)
    loan_number: str = ""
    loan_payment: int = field(default=0, repr=False)


def _source(name: str, prefix: str) -> tuple[Column, ...]:
    """The four columns of a money source."""
    return (
        Column(f"CONT_{name}", prefix, MONEY),
        Column(f"CONT_YTD_{name}", f"{prefix}_ytd", MONEY),
        Column(f"CONT_Contribution_%_{name}", f"{prefix}_rate", PERCENT),
        Column(f"CONT_Contribution_$_{name}", f"{prefix}_flat", MONEY),
    )


LAYOUT = Layout(
    "PayKonnect 180",
    Contribution180,
    (
        Column("Plan_Number", "plan_number", TEXT, required=True),
        Column("Plan_Name", "plan_name", TEXT),
        Column("EIN", "ein", TEXT),
        Column("Company_ID", "company_id", TEXT),
        Column("Division", "division", TEXT),
        Column("Payroll_Date", "pay_date", US_DATE, required=True),
        Column("Payroll_Start_Date", "period_start", US_DATE),
        Column("Ending_Payroll_date", "period_end", US_DATE),
        Column("Payroll_Run_Type", "run_type", TEXT),
        Column("Pay_Cycle", "pay_cycle", one_of(PayCycle)),
        Column("SSN", "ssn", SSN, required=True),
        Column("Employee_ID", "employee_id", TEXT),
        Column("First_Name", "first_name", TEXT, required=True),
        Column("Middle_Name", "middle_name", TEXT),
        Column("Last_Name", "last_name", TEXT, required=True),
        Column("Name_Suffix", "name_suffix", TEXT),
        Column("Birth_Date", "birth_date", US_DATE),
        Column("Gender", "gender", one_of(Gender)),
        Column("Marital_Status", "marital_status", TEXT),
        Column("Address_Line_1", "address1", TEXT),
        Column("Address_Line_2", "address2", TEXT),
        Column("City", "city", TEXT),
        Column("State", "state", TEXT),
        Column("Zip_Code", "zip_code", TEXT),
        Column("Country_Code", "country", TEXT),
        Column("Home_Phone_Number", "home_phone", TEXT),
        Column("Work_Phone_Number", "work_phone", TEXT),
        Column("Work_Phone_Ext", "work_phone_extension", TEXT),
        Column("Email_Address", "email", TEXT),
        Column("Work_Email_Address", "work_email", TEXT),
        Column("Hire_Date", "hire_date", US_DATE),
        Column("Termination_Date", "termination_date", US_DATE),
        Column("ReHire_Date", "rehire_date", US_DATE),
        Column("Pay_Group", "pay_group", TEXT),
        Column("Employee_Category", "category", one_of(Category)),
        Column("Employee_Pay_Type", "pay_type", one_of(PayType)),
        Column("Employee_WorkStatus_Code", "work_status", TEXT),
        Column("Employee_Status_Code", "status", one_of(EmployeeStatus)),
        Column("Employee_Type", "employee_type", TEXT),
        Column("Employee_Department", "department", TEXT),
        Column("Employee_Location_Code", "location", TEXT),
        Column("Pay_Period_Hours", "hours", HUNDREDTHS),
        Column("Pay_Period_Gross_Wages", "compensation", MONEY),
        Column("Pay_Period_Plan_Wages", "plan_compensation", MONEY),
        Column("Pay_Period_Excluded_Wages", "excluded_compensation", MONEY),
        Column("YTD_Hours_Worked", "hours_ytd", HUNDREDTHS),
        Column("YTD_Total_Compensation", "compensation_ytd", MONEY),
        Column("YTD_Plan_Compensation", "plan_compensation_ytd", MONEY),
        Column("YTD_Excluded_Compensation", "excluded_compensation_ytd", MONEY),
        Column("Officer_Type", "officer_type", TEXT),
        Column("Ownership_Percentage", "ownership", PERCENT),
        Column("Highly_Comp_Code", "highly_compensated", TEXT),
        Column("Participation_Date", "participation_date", US_DATE),
        Column("Eligibility_Code", "eligibility_code", TEXT),
        Column("Salary_Amount", "salary", MONEY),
        Column("Termination_Reason_Code", "termination_reason", TEXT),
        Column("Sarbanes_Oxley_Reporting_Indicator", "sarbanes_oxley", TEXT),
        Column("Federal_Exemptions", "federal_exemptions", TEXT),
        Column("Projected Start Date", "projected_start", US_DATE),
        Column("Adjusted_Service_Date", "adjusted_service_date", US_DATE),
        Column("Match_Eligibility_Date", "match_eligibility_date", US_DATE),
        Column("Annual_Salary", "annual_salary", MONEY),
        Column("Hourly_Rate", "hourly_rate", DECIMAL),
        Column("Earnings", "earnings", MONEY),
        Column("Earnings_YTD", "earnings_ytd", MONEY),
        *_source("401K", "pretax"),
        *_source("ROTH_401K", "roth"),
        *_source("401K_CATCHUP", "pretax_catch_up"),
        *_source("ROTH_401K_CATCHUP", "roth_catch_up"),
        *_source("Company_Match", "match"),
        Column("LOAN_Ref_Number", "loan_number", TEXT),
        Column("LOAN_Amount", "loan_payment", MONEY),
    ),
    quote_all=True,
)

MONEY_FIELDS = ("pretax", "roth", "pretax_catch_up", "roth_catch_up", "match", "loan_payment")
"""What is deposited; compensation is only told."""


@dataclass(frozen=True, slots=True)
class Totals180:
    """Control totals of a file, in US cents and hundredths of hours: what the deposit has to equal."""

    rows: int = 0
    compensation: int = 0
    pretax: int = 0
    roth: int = 0
    pretax_catch_up: int = 0
    roth_catch_up: int = 0
    match: int = 0
    loan_payment: int = 0
    hours: int = 0

    @property
    def deposit(self) -> int:
        """All money that moves (everything but compensation)."""
        return sum(getattr(self, name) for name in MONEY_FIELDS)


def control_totals(rows: Iterable[Contribution180]) -> Totals180:
    """The sums over all rows."""
    return summed(Totals180, rows)


CHECKS = Checks(
    LAYOUT,
    # A person with several loans has a row for each.
    key=lambda row: (row.ssn, row.loan_number),
    key_column="SSN",
    money=MONEY_FIELDS,
    totals=lambda rows: asdict(control_totals(rows)),
    in_order=(
        ("birth_date", "hire_date"),
        ("hire_date", "termination_date"),
        ("hire_date", "rehire_date"),
        ("period_start", "period_end"),
    ),
)


def validate(data: bytes | Table, expected: Totals180 | None = None, *, negative: bool = True) -> list[Finding]:
    """Everything that is wrong with a file: cells, nobody twice, dates in order, and its control totals.

    Args:
        expected: what the rows must sum to; the layout itself has no trailer.
        negative: whether the recordkeeper takes amounts below zero (corrections).

    Raises:
        FormatError, FileRefused: the file is no PayKonnect 180.
    """
    return CHECKS.run(data, asdict(expected) if expected else {}, negative)


def file_name(plan: str, created: datetime) -> str:
    """`{plan_id}_{DDMMYYYY}_{HHMMSSmmm}.csv`."""
    return f"{plan}_{created:%d%m%Y}_{created:%H%M%S}{created.microsecond // 1000:03d}.csv"


def render(rows: Iterable[Contribution180]) -> Iterator[str]:
    """The file, a line at a time.

    Raises:
        DataError: a row without plan, pay date, SSN or name, or a value the file cannot carry; names row, column, mend.
    """
    return LAYOUT.render(rows)


def parse(data: bytes | Table) -> Iterator[Parsed[Contribution180]]:
    """Each row as a record or an error.

    Raises:
        FormatError, FileRefused: the file is no PayKonnect 180.
    """
    return LAYOUT.parse(data)
