"""What a person says about their BambooHR account: how to get in, and what their fields and words mean.

BambooHR is made of fields an employer names, and of lists an employer fills. So field names and words of
lists are settings, with the vendor's own names as defaults.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from benehub.records import EmploymentClass, Relationship

Reference = Annotated[str, StringConstraints(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands; never the secret."""

VendorField = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.]*$", max_length=120)]
"""A field's name in BambooHR; empty for a field that is not read."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OAuth(_Part):
    """An OAuth 2 application and the refresh token an administrator's consent gave it.

    The vendor changes the refresh token at each renewal, so it stands in a file (`file:`), which is rewritten then.
    `access_token` may be left empty: the first call then gets one. The consent needs the scopes
    `offline_access`, `report`, `employee`, `employee:compensation`, `employee:dependent` and `time_off`.
    """

    client_id: str = Field(min_length=1)
    client_secret: Reference
    refresh_token: Reference
    access_token: Reference | None = None


class Fields(_Part):
    """BambooHR's name of each field of an employee, as the dataset knows it.

    `GET /api/v1_2/datasets/{dataset}/fields` lists the names of an account. `id` is the vendor's own id of an
    employee, which is not the employee number.
    """

    id: VendorField = Field(default="eeid", min_length=1)
    status: VendorField = "status"
    employee_number: VendorField = Field(default="employeeNumber", min_length=1)
    first_name: VendorField = Field(default="firstName", min_length=1)
    last_name: VendorField = Field(default="lastName", min_length=1)
    middle_name: VendorField = "middleName"
    birth_date: VendorField = Field(default="dateOfBirth", min_length=1)
    sex: VendorField = "gender"
    ssn: VendorField = Field(default="ssn", min_length=1)
    email: VendorField = "workEmail"
    address1: VendorField = "address1"
    address2: VendorField = "address2"
    city: VendorField = "city"
    state: VendorField = "state"
    zip_code: VendorField = "zipcode"
    country: VendorField = "country"
    hire_date: VendorField = Field(default="hireDate", min_length=1)
    original_hire_date: VendorField = "originalHireDate"
    termination_date: VendorField = Field(default="terminationDate", min_length=1)
    employment_class: VendorField = Field(default="employmentHistoryStatus", min_length=1)
    weekly_hours: VendorField = "standardHoursPerWeek"
    pay_group: VendorField = "payGroup"
    department: VendorField = "department"
    location: VendorField = "location"
    marital_status: VendorField = "maritalStatus"

    def asked(self) -> list[str]:
        """The names to ask for, the id first, none twice."""
        return list(dict.fromkeys(name for name in self.model_dump().values() if name))


class Benefits(_Part):
    """Which of BambooHR's plans are whose of the plan book, and from which year on they are read.

    A plan that is empty text is left out; one without a line waits as a problem. `since` is the first calendar year:
    all years from it to the next one are read each time.
    """

    plans: dict[str, str] = Field(min_length=1)
    since: int = Field(ge=2000, le=2200)


class BambooSettings(_Part):
    """Settings of a `bamboohr` connection.

    Args:
        company: the word before `.bamboohr.com`.
        base_url: another address than `https://COMPANY.bamboohr.com`.
        api_key: reference to an API key (HTTP Basic), or
        oauth: an OAuth 2 application.
        dataset: the dataset that tells one row an employee.
        fields: names of the fields.
        extra_fields: further fields to keep beside the record.
        page_size: rows a page; the vendor's most is 1000.
        calls_a_minute: most calls to the account in a minute, over all workers; without it a 429 is waited out, for no
            limit of the vendor's is known here.
        ids_per_request: changed employees asked for at once.
        employment_classes: employment status -> class, added to the usual words.
        terminated_words: employment statuses that mean that the employment has ended.
        full_time_hours: weekly hours of a full-time employee or contractor without a figure.
        pay_groups: BambooHR's word -> pay group of the plan book; a word without a line stays as it is.
        default_pay_group: for everybody without one.
        pay_per: BambooHR's word of the compensation table -> `year`, `month`, `hour` or `pay`.
        currency: where a rate names none.
        relationships: a dependent's relationship -> ours, added to the usual words.
        benefits: BambooHR's plan ids -> plans of the plan book, to read who is enrolled; without it no elections are
            read. An API user has to have access to benefits, an OAuth 2 consent the scope `benefit`.
        leave_policies: id or name of a time off type -> leave policy of the plan book.
        leave_days_back, leave_days_ahead: the window of leave that is read, in days from today.
        hours_per_day: of a leave that is told in days.
        countries: country's name -> ISO code, added to a short list.
    """

    company: str = Field(pattern=r"^[A-Za-z0-9-]{1,63}$")
    base_url: str = ""
    api_key: Reference | None = None
    oauth: OAuth | None = None
    dataset: str = Field(default="employee", pattern=r"^[A-Za-z0-9_-]+$")
    fields: Fields = Fields()
    extra_fields: tuple[VendorField, ...] = ()
    page_size: int = Field(default=1000, ge=1, le=1000)
    calls_a_minute: int | None = Field(default=None, ge=1)
    ids_per_request: int = Field(default=500, ge=1, le=1000)
    employment_classes: dict[str, EmploymentClass] = Field(default_factory=dict)
    terminated_words: tuple[str, ...] = ("Terminated",)
    full_time_hours: int = Field(default=40, ge=1, le=168)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    default_pay_group: str = ""
    pay_per: dict[str, Annotated[str, StringConstraints(pattern=r"^(year|month|hour|pay)$")]] = Field(
        default_factory=dict
    )
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    relationships: dict[str, Relationship] = Field(default_factory=dict)
    benefits: Benefits | None = None
    leave_policies: dict[str, str] = Field(default_factory=dict)
    leave_days_back: int = Field(default=400, ge=0, le=4000)
    leave_days_ahead: int = Field(default=400, ge=0, le=4000)
    hours_per_day: int = Field(default=8, ge=1, le=24)
    countries: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.api_key is None) == (self.oauth is None):
            raise ValueError("name an api_key or oauth, and not both")
        if not self.fields.pay_group and not self.default_pay_group:
            raise ValueError("name fields.pay_group or default_pay_group: payroll needs a pay group")
        return self

    @property
    def address(self) -> str:
        """The account's base address."""
        return self.base_url or f"https://{self.company}.bamboohr.com"
