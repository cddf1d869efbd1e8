"""What payroll knows: its pay calendar, the deductions it holds, and the register of what was taken."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from benehub.hours import parse_hours, to_minutes
from benehub.records.base import Record, leave_minutes
from benehub.records.employee import Ssn


class PayrollPerson(Record):
    """Stream `payroll_person`: somebody payroll knows, to be linked by employee number, SSN or e-mail.

    Name and birth date only suggest who it may be.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn", "birth_date"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    employee_number: str = ""
    first_name: str = ""
    last_name: str = ""
    birth_date: date | None = None
    email: str = ""
    ssn: Ssn | None = None
    active: bool = True


class PayDate(Record):
    """Stream `pay_calendar`: one pay run of a pay group; the period's days are inclusive."""

    pay_group: str
    pay_date: date
    period_start: date
    period_end: date


class HoursWorked(Record):
    """Stream `hours_worked`: an employee's hours of service over a day, week, pay period or month.

    Both days are inclusive. Paid hours not worked (vacation, holiday, illness) count as hours of service and stand in
    `paid_leave_hundredths`. Special unpaid leave and school breaks are rows with `excluded` and no hours.
    """

    employee: str
    start: date
    end: date
    hours_hundredths: int = Field(default=0, ge=0)
    paid_leave_hundredths: int = Field(default=0, ge=0)
    excluded: bool = False


class PayrollBenefit(Record):
    """Stream `payroll_benefit`: a deduction payroll holds for an employee (read for adoption and audit).

    Amounts are minor units a pay, or a rate as exact text where payroll computes a percentage.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"employee_amount_minor", "employer_amount_minor"})

    employee: str
    code: str
    employee_amount_minor: int = 0
    employee_rate: str = ""
    employer_amount_minor: int = 0
    active: bool = True
    version: str = ""


class TaxClass(StrEnum):
    """How payroll taxes a deduction."""

    PRETAX = "pretax"
    POSTTAX = "posttax"
    ROTH = "roth"
    EMPLOYER = "employer"
    IMPUTED = "imputed"


class LineKind(StrEnum):
    """What a register line is."""

    DEDUCTION = "deduction"
    EMPLOYER = "employer"
    EARNING = "earning"
    LEAVE_TAKEN = "leave_taken"
    LEAVE_PAYOUT = "leave_payout"


class RegisterLine(Record):
    """Stream `register_line`: one employee x code x check, as payroll really paid it.

    `plan_pay_minor` on a line of a retirement plan is the pay that payroll counted for it, where it tells that;
    `net_pay_minor` stands on every line of a check so that a deduction not taken can say why;
    `hours` is payroll's own text: of leave on a leave line, worked on an earning line; empty where it tells none.
    A reversal carries the original check in `reverses`.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"amount_minor", "gross_minor", "net_pay_minor", "plan_pay_minor"})

    pay_run: str
    check: str
    employee: str
    pay_group: str = ""
    pay_date: date
    period_start: date | None = None
    period_end: date | None = None
    kind: LineKind
    code: str
    tax_class: TaxClass | None = None
    amount_minor: int = 0
    hours: str = ""
    gross_minor: int = 0
    net_pay_minor: int | None = None
    plan_pay_minor: int | None = None
    reverses: str = ""

    @property
    def minutes(self) -> int:
        """The hours to the nearest minute."""
        return to_minutes(parse_hours(self.hours)) if self.hours else 0

    @model_validator(mode="after")
    def _hours_are_hours(self) -> Self:
        if self.hours:
            leave_minutes(self.hours)
        return self


class LeaveBalance(Record):
    """Stream `leave_balance`: what payroll shows as left of a leave code at the end of a day."""

    employee: str
    code: str
    as_of: date
    hours: str
    """Payroll's own text."""

    @property
    def minutes(self) -> int:
        """The hours to the nearest minute."""
        return to_minutes(parse_hours(self.hours))

    @model_validator(mode="after")
    def _hours_are_hours(self) -> Self:
        leave_minutes(self.hours)
        return self


class OpeningBalance(Record):
    """Stream `opening_balance`: what stood in the old system on the day the employer joined, with its source.

    `kind` says what: `leave_minutes` (minutes of leave available), `deferral_ytd` (deferred this year, minor
    units), `employee_share` (owed by the employee for cover so far, negative when paid ahead) or `prior_wages`
    (wages of the year before `as_of`, W-2 box 3: they decide whether catch-up has to be Roth).
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"amount"})

    employee: str
    kind: str = Field(pattern=r"^(leave_minutes|deferral_ytd|employee_share|prior_wages)$")
    plan: str
    as_of: date
    amount: int
