"""What a person says about their Personio account: how to get in, and what their attributes and words mean.

Personio keeps few attributes of its own. Birth date, address, personnel number and whatever else an employer wants
are custom attributes, known by a key of the account (`dynamic_24407`) that nobody outside can guess: so they are
settings.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from benehub.records import EmploymentClass

Reference = Annotated[str, StringConstraints(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands; never the secret."""

Attribute = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]*$", max_length=120)]
"""An attribute's key in Personio; empty for one that is not read."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fields(_Part):
    """Personio's key of each attribute of an employee.

    `GET /company/employees/attributes` lists the keys of an account. An attribute of Personio that is a thing by
    itself (office, department, subcompany) is read by its name. `employee_number` is Personio's own id unless a custom
    attribute holds the personnel number. `ssn` is the attribute with the nine digits of an SSN, which an employer in
    the US needs and no other has: Personio has none of its own. `salary_from` is the day from which the salary holds,
    which Personio does not tell either.
    """

    birth_date: Attribute = Field(min_length=1)
    ssn: Attribute = ""
    employee_number: Attribute = Field(default="id", min_length=1)
    first_name: Attribute = Field(default="first_name", min_length=1)
    last_name: Attribute = Field(default="last_name", min_length=1)
    middle_name: Attribute = ""
    sex: Attribute = "gender"
    email: Attribute = "email"
    address1: Attribute = ""
    address2: Attribute = ""
    city: Attribute = ""
    state: Attribute = ""
    zip_code: Attribute = ""
    country: Attribute = ""
    hire_date: Attribute = Field(default="hire_date", min_length=1)
    original_hire_date: Attribute = ""
    termination_date: Attribute = Field(default="termination_date", min_length=1)
    employment_class: Attribute = Field(default="employment_type", min_length=1)
    weekly_hours: Attribute = Field(default="weekly_working_hours", min_length=1)
    pay_group: Attribute = ""
    department: Attribute = "department"
    location: Attribute = "office"
    marital_status: Attribute = ""
    salary_from: Attribute = ""


class PersonioSettings(_Part):
    """Settings of a `personio` connection.

    Args:
        client_id, client_secret: of the API credentials; the secret is a reference.
        base_url: another address than the vendor's.
        partner_id, app_id: sent as X-Personio-Partner-ID and X-Personio-App-ID where given.
        fields: keys of the attributes.
        extra_attributes: further attributes to keep beside the record.
        page_size: rows a page; the vendor's most is 200.
        employment_classes: employment type -> class, added to `external`, which is a contractor. Everybody else is
            full-time or part-time by weekly hours.
        full_time_from: weekly hours from which somebody is full-time.
        pay_groups: Personio's word -> pay group of the plan book; a word without a line stays as it is.
        default_pay_group: for everybody without one.
        pay_per: Personio's salary interval -> `year`, `month`, `hour` or `pay`.
        currency: where a salary names none.
        undated_salary: a salary without `fields.salary_from` is a `problem`, or holds from the `hire_date` on
            (which tells past pay wrong after a raise).
        country: where an employee tells none.
        timezone: in which a moment becomes a day.
        leave_policies: id or name of an absence type -> leave policy of the plan book.
        leave_from: absences before this day are not read; all are unless given.
        hours_per_day: of an absence that is told in days.
    """

    client_id: str = Field(min_length=1)
    client_secret: Reference
    base_url: str = "https://api.personio.de/v1"
    partner_id: str = ""
    app_id: str = ""
    fields: Fields
    extra_attributes: tuple[Attribute, ...] = ()
    page_size: int = Field(default=200, ge=1, le=200)
    employment_classes: dict[str, EmploymentClass] = Field(default_factory=dict)
    full_time_from: int = Field(default=35, ge=1, le=168)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    default_pay_group: str = ""
    pay_per: dict[str, Annotated[str, StringConstraints(pattern=r"^(year|month|hour|pay)$")]] = Field(
        default_factory=dict
    )
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    undated_salary: Literal["problem", "hire_date"] = "problem"
    country: str = Field(default="DE", pattern=r"^[A-Z]{2}$")
    timezone: str = "Europe/Berlin"
    leave_policies: dict[str, str] = Field(default_factory=dict)
    leave_from: date | None = None
    hours_per_day: int = Field(default=8, ge=1, le=24)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("no time zone of the IANA list, such as Europe/Berlin")
        return name

    @model_validator(mode="after")
    def _some_pay_group(self) -> Self:
        if not self.fields.pay_group and not self.default_pay_group:
            raise ValueError("name fields.pay_group or default_pay_group: payroll needs a pay group")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)
