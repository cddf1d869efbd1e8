"""What leaves the hub, before a connector puts it in a vendor's words.

Each record is the business content of one item of a dispatch; it is frozen before the first attempt.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import Field

from benehub.records.bank import PaymentOrder
from benehub.records.base import Record
from benehub.records.election import Tier
from benehub.records.employee import Sex
from benehub.records.payroll import TaxClass
from benehub.records.recordkeeper import Source


class DeductionOrder(Record):
    """Operation `deduction.set`: the state payroll shall hold for one employee and deduction code.

    Amounts are minor units a pay; a rate (exact text, "4%") replaces the employee amount for deferrals.
    `active` false ends the deduction from `effective_from` on.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"employee_amount_minor", "employer_amount_minor"})

    employee: str
    """Payroll's id of the employee (from the crosswalk)."""
    plan: str
    code: str
    """Payroll's code of the deduction (from the plan book)."""
    tax_class: TaxClass
    employee_amount_minor: int = 0
    employee_rate: str = ""
    employer_amount_minor: int = 0
    employer_match: tuple[tuple[str, str], ...] = ()
    """Match tiers where payroll computes the match: (rate, up to this rate of pay), as exact text."""
    effective_from: date
    active: bool = True


class DeductionBooking(Record):
    """Operation `deduction.book`: what a payroll that adds up files shall book for one employee, code and pay date.

    In a correction the amount is the difference to what was sent before, and may be below zero.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"amount_minor"})

    person: str
    employee: str
    """Payroll's id of the employee (from the crosswalk); the employee number where there is none."""
    plan: str
    code: str
    """Payroll's code of the line (from the plan book)."""
    employer_side: bool = False
    """Whether it is the employer's part under the same code."""
    pay_date: date
    correction: int = Field(default=0, ge=0)
    """Which correction of the pay date's file the line is part of; 0: the first file."""
    amount_minor: int


class CoverageLine(Record):
    """One plan of a member in an enrollment file; `effective_to` is half-open."""

    plan: str
    tier: Tier | None
    """None where the plan has none (life, disability)."""
    maintenance: str = Field(pattern=r"^(001|002|021|024|025|026|030|032)$")
    """X12 HD01: 021 add, 024 end, 001 change, 030 audit."""
    effective_from: date
    effective_to: date | None = None
    premium_minor: int | None = None
    provider: str = Field(default="", max_length=80)
    """The primary care provider chosen for this member: NPI, or the carrier's number of him."""
    began: date | None = Field(default=None, exclude_if=lambda day: day is None)
    """The first day of unbroken cover in the plan, where the carrier is to correct it; None: the one he holds stands,
    and `effective_from` of a change is the day of the change."""


class EnrollmentMember(Record):
    """Operations `enrollment.full` and `enrollment.change`: one member; the subscriber precedes dependents."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn", "birth_date", "compensation_minor"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    person: str
    """The hub's person id of the member."""
    subscriber: str
    """The hub's person id of the subscriber (equal to `person` for the employee)."""
    member_id: str
    subscriber_id: str
    """What both sides call them: employee number, with a suffix for dependents (`1001`, `1001-01`)."""
    relationship: str
    """`self` or a `Relationship`."""
    maintenance: str = Field(pattern=r"^(001|021|024|025|030)$")
    reason: str = ""
    """X12 INS04."""
    first_name: str
    last_name: str
    middle_name: str = ""
    ssn: str | None = None
    birth_date: date
    sex: Sex
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    hire_date: date | None = None
    termination_date: date | None = None
    department: str = ""
    """The employee's department, which a carrier may know as a sub-group."""
    compensation_minor: int | None = None
    """Yearly pay of a subscriber, where the partner demands it."""
    coverages: tuple[CoverageLine, ...] = ()
    family: tuple[EnrollmentMember, ...] = ()
    """The employee's dependents, where a carrier takes the family in one call; in a file each member stands alone."""


class RemittanceLine(Record):
    """Operation `premium.remit`: what is paid for one subscriber, plan and coverage month."""

    person: str
    member_id: str
    first_name: str
    last_name: str
    plan: str
    coverage_month: str
    billed_minor: int
    paid_minor: int
    invoice: str = ""
    disputed: str = ""
    """Why less is paid than billed: type and id of the open difference; empty where all is paid."""


class ContributionRow(Record):
    """Operation `contribution.deposit`: one participant and pay date, amounts as payroll really took them.

    In a correction amounts, pay and hours are the difference to what was sent before, and may be below zero.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset(
        {"ssn", "birth_date", "compensation_minor", "year_compensation_minor", "year_amounts"}
    )
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    person: str
    plan: str
    pay_date: date
    correction: int = Field(default=0, ge=0)
    """Which correction of the pay date's file the row is part of; 0: the first file."""
    ssn: str
    employee_number: str = ""
    first_name: str
    last_name: str
    middle_name: str = ""
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    hire_date: date
    termination_date: date | None = None
    prior_hire_date: date | None = None
    """First day of the employment before this one, for somebody rehired."""
    prior_termination_date: date | None = None
    pay_group: str = ""
    pay_cycle: str = Field(default="", pattern=r"^(|weekly|biweekly|semimonthly|monthly)$")
    period_start: date | None = None
    period_end: date | None = None
    """Last day of the pay period."""
    compensation_minor: int
    hours_hundredths: int = 0
    amounts: dict[Source, int]
    """Minor units by source."""
    year_compensation_minor: int | None = None
    """Pay of the calendar year up to this pay date, as it stands now."""
    year_amounts: dict[Source, int] = Field(default_factory=dict)
    """Contributions of the calendar year by source, as they stand now; empty where they are not known for the plan."""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    email: str = ""


class EarningsRow(Record):
    """Operation `earnings.deposit`: what a late deposit has cost one participant, by source of the late money."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn", "amounts"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    person: str
    plan: str
    pay_date: date
    """Pay date of the late contribution."""
    ssn: str
    first_name: str
    last_name: str
    amounts: dict[Source, int]
    """Minor units by source."""


class AccountContribution(Record):
    """Operation `account.deposit`: one person, account and pay date, the employee's or the employer's money."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn", "amount_minor"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    reference: str
    """The obligation's id and whose money it is; the custodian answers by it."""
    person: str
    plan: str
    account: str
    """Kind of account: hsa, fsa_health, fsa_dependent or commuter."""
    pay_date: date
    employee_number: str
    ssn: str
    first_name: str
    last_name: str
    part: str = Field(pattern=r"^(employee|employer)$")
    amount_minor: int = Field(gt=0)
    tax_year: int
    """Year in which it was paid, on whose W-2 it stands."""
    contribution_year: int
    """Year whose limit it counts against: an HSA's calendar year, else the year the plan year began in."""


class NoticeLetter(Record):
    """Operation `notice.send`: a word to one employee that something waits behind a link; it says no more.

    What the notice is about stands in the obligation, sealed, and is shown behind the link after signing in.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"email"})

    email: str = Field(min_length=3, max_length=254)
    kind: str
    """Which notice: `eligible_soon`, `ageing_out`, `deduction_change`, ... (see `benehub.flows.notices`)."""
    language: str = "en"
    reference: str
    """The obligation's id, the last part of the link."""


class LeaveOrder(Record):
    """Operation `leave.take`: the approved leave that payroll shall show for one employee and pay date."""

    employee: str
    """Payroll's id of the employee (from the crosswalk); the employee number in a file."""
    policy: str
    code: str
    """Payroll's code of leave taken (from the plan book)."""
    pay_group: str
    pay_date: date
    period_start: date
    period_end: date
    """Last day of the pay period."""
    minutes: int = Field(ge=0)
    """All approved leave of the period; 0 takes back what was ordered before."""
    hours: str
    """The same in hours with two decimals."""


class CreditClaim(Record):
    """Operation `premium.claim`: premium that a carrier billed beyond what was owed, asked back in its days."""

    person: str = ""
    """The hub's person id; empty for a member nobody here knows."""
    carrier: str = ""
    """The carrier's connection: claims to several may leave through one; empty in claims of an older release."""
    member_id: str
    plan: str
    coverage_month: str
    billed_minor: int
    owed_minor: int
    claim_minor: int = Field(gt=0)
    currency: str = "USD"
    """Three letters (ISO 4217), of all its amounts."""
    invoices: tuple[str, ...] = ()
    """The carrier's numbers of the bills."""
    reason: str
    """Type of the difference, as BILLED_NOT_ENROLLED."""
    claim_by: date | None = None
    """Last day on which the carrier takes it; None where the plan book does not tell it."""


OPERATIONS: dict[str, type[Record]] = {
    "deduction.set": DeductionOrder,
    "deduction.book": DeductionBooking,
    "enrollment.full": EnrollmentMember,
    "enrollment.change": EnrollmentMember,
    "premium.remit": RemittanceLine,
    "contribution.deposit": ContributionRow,
    "earnings.deposit": EarningsRow,
    "account.deposit": AccountContribution,
    "notice.send": NoticeLetter,
    "leave.take": LeaveOrder,
    "payment.order": PaymentOrder,
    "premium.claim": CreditClaim,
}
"""Every operation a connector can write, and the record of its items."""
