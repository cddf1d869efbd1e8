"""The employee as an HRIS tells it: identity, address and the current employment."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from benehub.records.base import Record

Ssn = Annotated[str, StringConstraints(pattern=r"^\d{9}$")]
"""Nine digits; one that lost its leading zeros is a data error, never filled up."""


class EmploymentClass(StrEnum):
    """How somebody is employed, as eligibility rules ask for it."""

    FULL_TIME = "full_time"
    PART_TIME = "part_time"
    SEASONAL = "seasonal"
    CONTRACTOR = "contractor"


class Sex(StrEnum):
    """As insurers ask for it (X12 DMG03)."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


class Employee(Record):
    """Stream `employee`: one row an employee, the state as of the read.

    `employee_number` is the employer's own number; the vendor's id is the row's key; the SSN is a third
    thing. Hours are scheduled hours a week.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn", "birth_date"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    employee_number: str = Field(min_length=1, max_length=32)
    first_name: str = Field(min_length=1, max_length=60)
    last_name: str = Field(min_length=1, max_length=60)
    middle_name: str = ""
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    ssn: Ssn | None = None
    """Every employee of an employer in the US has one; elsewhere there is none, and no other number takes its place."""
    email: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    zip_code: str = ""
    country: str = "US"
    hire_date: date
    original_hire_date: date | None = None
    termination_date: date | None = None
    """The last day of employment, inclusive, as vendors tell it."""
    employment_class: EmploymentClass = EmploymentClass.FULL_TIME
    weekly_hours: int = Field(default=40, ge=0, le=168)
    pay_group: str = Field(min_length=1)
    department: str = ""
    location: str = ""
    union: str | None = None
    """Bargaining unit; empty text for none, left out where the HRIS does not tell."""
    employment_type: str | None = None
    """Such as regular or temporary, in the employer's words."""
    work_authorisation: str | None = None
    """Right to work, in the employer's words."""
    marital_status: str = ""


class Compensation(Record):
    """Stream `compensation`: pay from a date on, in minor units; `per` says of what."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"rate_minor"})

    employee: str
    """The vendor's id of the employee."""
    effective_from: date
    rate_minor: int = Field(ge=0)
    per: str = Field(default="year", pattern=r"^(year|month|hour|pay)$")
    currency: str = "USD"


class Relationship(StrEnum):
    """How a dependent is related to the employee."""

    SPOUSE = "spouse"
    CHILD = "child"
    DOMESTIC_PARTNER = "domestic_partner"
    STEPCHILD = "stepchild"
    ADOPTED = "adopted"
    FOSTER = "foster"
    OTHER = "other"


class Dependent(Record):
    """Stream `dependent`: one row a dependent of an employee."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn", "birth_date", "disabled_evidence_until"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    employee: str
    """The vendor's id of the employee."""
    first_name: str = Field(min_length=1, max_length=60)
    last_name: str = Field(min_length=1, max_length=60)
    middle_name: str = ""
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    ssn: Ssn | None = None
    relationship: Relationship
    disabled_evidence_until: date | None = None
    """Last day for which evidence of a disability is on file: cover does not end by age before it."""
