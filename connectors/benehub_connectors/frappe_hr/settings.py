"""What a person says about their Frappe site: how to get in, and what its fields and words mean at the employer.

A site belongs to its employer, who adds fields to it. Frappe has none for an SSN, a pay group or an address in
parts, so their names are settings; a name left empty is not asked for.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from benehub.connect.codes import own_targets, target_of
from benehub.records import EmploymentClass, TaxClass

Reference = Annotated[str, StringConstraints(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands; never the secret."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{0,100}$")]
"""A field's name in Frappe (`custom_ssn`); empty for a field that is not read."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fields(_Part):
    """Frappe's name of each field of an Employee. `name` is Frappe's own id of an employee."""

    employee_number: FieldName = Field(default="name", min_length=1)
    first_name: FieldName = Field(default="first_name", min_length=1)
    last_name: FieldName = Field(default="last_name", min_length=1)
    middle_name: FieldName = "middle_name"
    birth_date: FieldName = Field(default="date_of_birth", min_length=1)
    sex: FieldName = "gender"
    ssn: FieldName = Field(default="custom_ssn", min_length=1)
    email: FieldName = "company_email"
    address1: FieldName = ""
    address2: FieldName = ""
    city: FieldName = ""
    state: FieldName = ""
    zip_code: FieldName = ""
    country: FieldName = ""
    hire_date: FieldName = Field(default="date_of_joining", min_length=1)
    termination_date: FieldName = Field(default="relieving_date", min_length=1)
    employment_class: FieldName = Field(default="employment_type", min_length=1)
    weekly_hours: FieldName = ""
    pay_group: FieldName = ""
    department: FieldName = "department"
    location: FieldName = "branch"
    marital_status: FieldName = "marital_status"


class FrappeSettings(_Part):
    """Settings of a `frappe_hr` connection.

    Args:
        base_url: the site's address, such as `https://hr.example.com`.
        api_key, api_secret: references to the two halves of an API user's token.
        company: name of the Company; a site may keep several.
        currency: of its pay.
        timezone: the site's time zone (System Settings): Frappe writes its times without an offset.
        overlap_minutes: how far before its cursor a read starts again.
        page_size: rows a page; Frappe gives 20 unless asked.
        calls_a_minute: most calls in a minute, over all workers; without it a 429 is waited out, for the limit is the
            service's own.
        fields: names of the fields of an Employee.
        extra_fields: further fields of an Employee to keep beside the record.
        employment_classes: Employment Type -> class, added to the usual words.
        full_time_hours: weekly hours of a full-time employee or contractor without a figure.
        pay_groups: word of `fields.pay_group`, or Payroll Frequency of a slip -> pay group of the plan book.
        default_pay_group: for everybody without one.
        leave_policies: Leave Type -> leave policy of the plan book.
        leave_codes: Leave Type -> payroll's code of the leave; the Leave Type itself where it has no line.
        hours_per_day: of leave; Frappe counts it in days.
        components: deduction code of the plan book -> Salary Component, where the two differ.
        tax_classes: Salary Component -> how it is taxed, where Frappe's mark of exemption does not say it.
        register_from: first posting date of a full read of slips; a year ago when empty.
        pay_lag_days: days from the end of a pay period to its pay date.
        change_ahead_days: how many days before the end of its first pay period a change may be written. What it
            replaces stops at once, so it has to be less than a pay period, and enough for the day payroll is run.
        period_days: days of the longest pay period, so that what a person has payroll take once is seen in all of it;
            31 for months and 16 for halves of months, whatever day they end on. Without it only in its last
            `change_ahead_days`.
        beside_one_offs: whether a deduction is written although a person's Additional Salary takes the component once
            in its first pay period, so that both are taken.
        until: last day of what is written; a recurring Additional Salary has to have one.
        reference_field: a field of Additional Salary (made for benehub, type Data) by which it knows its own.
        today, leaving, inactive: filled by `FrappeConnector.discover`; the last day of who is active and leaves, and
            the status of who is not active.
    """

    base_url: str = Field(pattern=r"^https?://[^/?#]+/?$")
    api_key: Reference
    api_secret: Reference = Field(repr=False)
    company: str = Field(min_length=1)
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    timezone: str
    overlap_minutes: int = Field(default=10, ge=1, le=1440)
    page_size: int = Field(default=500, ge=1, le=5000)
    calls_a_minute: int | None = Field(default=None, ge=1)
    fields: Fields = Fields()
    extra_fields: tuple[FieldName, ...] = ()
    employment_classes: dict[str, EmploymentClass] = Field(default_factory=dict)
    full_time_hours: int = Field(default=40, ge=1, le=168)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    default_pay_group: str = ""
    leave_policies: dict[str, str] = Field(default_factory=dict)
    leave_codes: dict[str, str] = Field(default_factory=dict)
    hours_per_day: int = Field(default=8, ge=1, le=24)
    components: dict[str, str] = Field(default_factory=dict)
    tax_classes: dict[str, TaxClass] = Field(default_factory=dict)
    register_from: date | None = None
    pay_lag_days: int = Field(default=0, ge=0, le=60)
    change_ahead_days: int = Field(ge=0, le=30)
    period_days: int | None = Field(default=None, ge=1, le=366)
    beside_one_offs: bool = False
    until: date = date(2099, 12, 31)
    reference_field: FieldName = Field(default="custom_benehub_reference", min_length=1)
    today: date | None = None
    leaving: dict[str, date] = Field(default_factory=dict)
    inactive: dict[str, str] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise ValueError("no time zone of the IANA list, such as Europe/Berlin") from None
        return name

    @model_validator(mode="after")
    def _one_code_a_component(self) -> FrappeSettings:
        if not self.fields.pay_group and not self.default_pay_group:
            raise ValueError("name fields.pay_group or default_pay_group: payroll needs a pay group")
        own_targets("components", self.components)
        if self.period_days is not None and self.period_days <= self.change_ahead_days:
            raise ValueError("change_ahead_days: a change is written within its first pay period (period_days)")
        return self

    def ends(self, employee: str) -> date:
        """The last day that an Additional Salary of an employee's can have: Frappe takes none beyond the last day."""
        return min(self.until, self.leaving.get(employee, self.until))

    def component_of(self, code: str) -> str:
        """The Salary Component of a deduction code.

        Raises:
            DataError: the component of that name is named for another code.
        """
        return target_of(code, self.components)

    def code_of(self, component: str) -> str:
        """The deduction code of a Salary Component."""
        return next((code for code, known in self.components.items() if known == component), component)
