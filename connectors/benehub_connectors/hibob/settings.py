"""What a person says about their HiBob account: how to get in, and what their fields and words mean.

Bob's fields are known by ids such as `payroll.employment.contract`; custom ones have ids of the account. Words of
lists are the employer's. So both are settings, with the vendor's own names as defaults.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from benehub.records import EmploymentClass, Relationship

Reference = Annotated[str, StringConstraints(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands; never the secret."""

FieldId = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+)?$", max_length=200)]
"""A field's id in Bob, such as `work.startDate`; empty for a field that is not read."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fields(_Part):
    """Bob's id of each field of an employee; `GET /company/people/fields` lists those of an account.

    A field that the service user may not see, or that does not exist, is left out by Bob in silence: its rows then say
    which one is empty.
    """

    employee_number: FieldId = Field(default="work.employeeIdInCompany", min_length=1)
    first_name: FieldId = Field(default="root.firstName", min_length=1)
    last_name: FieldId = Field(default="root.surname", min_length=1)
    middle_name: FieldId = "root.middleName"
    birth_date: FieldId = Field(default="personal.birthDate", min_length=1)
    ssn: FieldId = Field(default="identification.ssnSerialNumber", min_length=1)
    email: FieldId = "root.email"
    address1: FieldId = "address.line1"
    address2: FieldId = "address.line2"
    city: FieldId = "address.city"
    state: FieldId = ""
    zip_code: FieldId = "address.zipCode"
    country: FieldId = "address.country"
    sex: FieldId = "home.legalGender"
    hire_date: FieldId = Field(default="work.startDate", min_length=1)
    original_hire_date: FieldId = "work.originalStartDate"
    termination_date: FieldId = Field(default="internal.terminationDate", min_length=1)
    status: FieldId = "internal.status"
    employment_class: FieldId = Field(default="payroll.employment.contract", min_length=1)
    employment_type: FieldId = "payroll.employment.type"
    weekly_hours: FieldId = "payroll.employment.weeklyHours"
    pay_group: FieldId = ""
    department: FieldId = "work.department"
    location: FieldId = "work.site"
    marital_status: FieldId = "home.familyStatus"


class Dependents(_Part):
    """The custom table that holds dependents, and the ids of its columns.

    `GET /people/custom-tables/metadata` lists the tables of an account and their columns. Where relationship or sex is
    a list, `relationships` maps the item's id.
    """

    table: str = Field(min_length=1)
    first_name: str = Field(min_length=1)
    last_name: str = Field(min_length=1)
    birth_date: str = Field(min_length=1)
    relationship: str = Field(min_length=1)
    relationships: dict[str, Relationship] = Field(default_factory=dict)
    sex: str = ""
    ssn: str = ""


class HibobSettings(_Part):
    """Settings of a `hibob` connection.

    Args:
        service_user: id of the service user.
        token: reference to its token.
        base_url: another address than production, e.g. `https://api.sandbox.hibob.com/v1`.
        fields: ids of the fields.
        extra_fields: further fields to keep beside the record.
        employment_classes: word of the contract field -> class, added to the usual words.
        full_time_hours: weekly hours of a full-time employee or contractor without a figure.
        pay_groups: Bob's word -> pay group of the plan book; a word without a line stays as it is.
        default_pay_group: for everybody without one.
        pay_per: Bob's pay period -> `year`, `month`, `hour` or `pay`.
        countries: Bob's name of a country -> ISO code.
        country: where an employee tells none.
        leave_policies: display name of a policy type -> leave policy of the plan book.
        leave_from: changes of time off before this day are not read; 180 days back unless given.
        hours_per_day: of time off that is told in days.
        calls_a_minute: most calls for pay and time off in a minute, over all workers: the smallest figure that Bob's
            reference has for their addresses. Searches and custom tables have theirs, 50 each.
        dependents: the custom table that holds them; without one they are not read.
    """

    service_user: str = Field(min_length=1)
    token: Reference
    base_url: str = "https://api.hibob.com/v1"
    fields: Fields = Fields()
    extra_fields: tuple[FieldId, ...] = ()
    employment_classes: dict[str, EmploymentClass] = Field(default_factory=dict)
    full_time_hours: int = Field(default=40, ge=1, le=168)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    default_pay_group: str = ""
    pay_per: dict[str, Annotated[str, StringConstraints(pattern=r"^(year|month|hour|pay)$")]] = Field(
        default_factory=dict
    )
    countries: dict[str, str] = Field(default_factory=dict)
    country: str = Field(default="US", pattern=r"^[A-Z]{2}$")
    leave_policies: dict[str, str] = Field(default_factory=dict)
    leave_from: date | None = None
    hours_per_day: int = Field(default=8, ge=1, le=24)
    calls_a_minute: int | None = Field(default=None, ge=1)
    dependents: Dependents | None = None

    @model_validator(mode="after")
    def _some_pay_group(self) -> Self:
        if not self.fields.pay_group and not self.default_pay_group:
            raise ValueError("name fields.pay_group or default_pay_group: payroll needs a pay group")
        return self
