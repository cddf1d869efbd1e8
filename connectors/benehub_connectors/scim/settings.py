"""What a person says about their SCIM service: how to get in, and where each field of an employee stands.

SCIM (RFC 7643) describes people to software, not to payroll: it has no SSN, birth date, hire date or pay group.
Services carry these in extensions of their own, so every field is found by an attribute path that a setting names.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from benehub.records import EmploymentClass
from benehub_connectors.scim.attributes import ENTERPRISE, parse_path

Reference = Annotated[str, StringConstraints(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands; never the secret."""


def _path(text: str) -> str:
    if text:
        parse_path(text)
    return text


Path = Annotated[str, StringConstraints(max_length=300), AfterValidator(_path)]
"""An attribute path of RFC 7644, such as `name.givenName`, `addresses[type eq "home"].locality` or
`urn:acme:params:scim:schemas:hr:1.0:User:ssn`; empty for a field that the service does not tell."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OAuth(_Part):
    """Client credentials (RFC 6749 section 4.4), where the service takes no lasting token."""

    token_url: str = Field(pattern=r"^https?://")
    client_id: str = Field(min_length=1)
    client_secret: Reference
    scope: str = ""


class Attributes(_Part):
    """Where each field of an employee stands. The first ones are RFC 7643's own; what it lacks is empty."""

    employee_number: Path = f"{ENTERPRISE}:employeeNumber"
    first_name: Path = "name.givenName"
    last_name: Path = "name.familyName"
    middle_name: Path = "name.middleName"
    email: Path = "emails.value"
    address1: Path = "addresses.streetAddress"
    city: Path = "addresses.locality"
    state: Path = "addresses.region"
    zip_code: Path = "addresses.postalCode"
    country: Path = "addresses.country"
    department: Path = f"{ENTERPRISE}:department"
    location: Path = ""
    employment_class: Path = "userType"
    ssn: Path = ""
    birth_date: Path = ""
    hire_date: Path = ""
    termination_date: Path = ""
    pay_group: Path = ""
    weekly_hours: Path = ""
    sex: Path = ""
    marital_status: Path = ""

    def asked(self) -> tuple[str, ...]:
        """The attributes to ask for, each once and whole."""
        found = [parse_path(path) for path in (*self.model_dump().values(), "active") if path]
        return tuple(dict.fromkeys(one.asked for one in found))


class Translation(_Part):
    """What the words of a user mean at the employer, whichever side asks.

    Args:
        attributes: where each field stands.
        extra_attributes: further attributes to keep beside the record.
        employment_classes: word of `attributes.employment_class` -> class.
        default_class: for everybody without such a word.
        full_time_hours: weekly hours of a full-time employee or contractor without a figure.
        pay_groups: word of `attributes.pay_group` -> pay group; a word without a line stays as it is.
        default_pay_group: for everybody without one.
    """

    attributes: Attributes = Attributes()
    extra_attributes: tuple[Path, ...] = ()
    employment_classes: dict[str, EmploymentClass] = Field(default_factory=dict)
    default_class: EmploymentClass | None = None
    full_time_hours: int = Field(default=40, ge=1, le=168)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    default_pay_group: str = ""


class ScimSettings(Translation):
    """Settings of a `scim` connection; beside those of `Translation`:

    Args:
        base_url: the service's address with its version, such as `https://idp.example.com/scim/v2`.
        token: reference to a bearer token, or
        oauth: client credentials.
        ask_attributes: whether only these are asked for (`attributes`, RFC 7644 section 3.9); false for a service that
            then leaves out more than it should.
        filter: further filter of the people that are employees, such as `userType eq "Employee"`.
        sort_by: attribute to sort by; `id` where the service sorts, which keeps pages apart while people change.
        count: people a page.
        incremental: whether the service filters by `meta.lastModified`; false reads everybody each time.
        calls_a_minute: most calls in a minute, over all workers; without it a 429 is waited out, for the limit is the
            service's own.
        overlap_minutes: how far before its cursor a read starts again.
    """

    base_url: str = Field(pattern=r"^https?://[^?#\s]+$")
    token: Reference | None = None
    oauth: OAuth | None = None
    ask_attributes: bool = True
    filter: str = Field(default="", max_length=500)
    sort_by: str = Field(default="", max_length=100)
    count: int = Field(default=200, ge=1, le=5000)
    incremental: bool = True
    calls_a_minute: int | None = Field(default=None, ge=1)
    overlap_minutes: int = Field(default=10, ge=1, le=1440)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.token is None) == (self.oauth is None):
            raise ValueError("name a token or oauth, and not both")
        return self
