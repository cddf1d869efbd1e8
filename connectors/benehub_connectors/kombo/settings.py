"""What one Kombo integration needs: key and integration, what its words mean here, and the push into DATEV."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from benehub.records import EmploymentClass
from benehub_connectors.datev.settings import WageType

Reference = Annotated[str, StringConstraints(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands; never the secret."""

PayUnit = Annotated[str, StringConstraints(pattern=r"^(year|month|hour|pay)$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PassThrough(_Part):
    """A list of the system behind Kombo that Kombo's own model does not have, asked for through Kombo.

    Args:
        api: Kombo's name of the system's API (it lists them in its documentation).
        path: of the list, as the system calls it.
        params: query parameters.
        items: where the rows stand in the system's answer, with dots; empty for a bare list.
        key: the row's id.
        fields: our field -> the system's name, with dots.
        values: our field -> the system's word -> ours.
        page: query parameter that carries the page's number, from 1; empty for a list that comes whole.
    """

    api: str = Field(min_length=1)
    path: str = Field(min_length=1)
    params: dict[str, str] = Field(default_factory=dict)
    items: str = ""
    key: str = "id"
    fields: dict[str, str] = Field(min_length=1)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    page: str = ""


class Datev(_Part):
    """The payroll in DATEV that bookings are pushed to.

    Args:
        wage_types: payroll's code in the plan book -> wage type; `CODE:employer` for the employer's part of a code.
            Never guessed: a code that is not here is refused.
        employee_by: how an employee is named to Kombo: by its own id (from the crosswalk of this very connection), or
            by DATEV's personnel number (the employee number).
    """

    wage_types: dict[str, WageType] = Field(min_length=1)
    employee_by: Literal["id", "remote"] = "id"


class KomboSettings(_Part):
    """Settings of a `kombo` connection.

    Args:
        api_key: reference to the API key.
        integration: Kombo's id of the integration (`personio:HWUTwvyx2wLoSUHphiWVrp28`).
        base_url: `https://api.us.kombo.dev/v1` in the United States.
        webhook_secret: reference to the secret that webhooks are signed with.
        page_size: rows a page; Kombo's most is 250.
        calls_a_minute: most calls to the account in a minute, over all workers; without it a 429 is waited out, for no
            limit of the vendor's is known here.
        employee_number: custom field that holds it; empty for Kombo's own.
        ssn: custom field that holds the nine digits; empty for Kombo's own, whose German numbers are left out.
        pay_group: custom field that holds it.
        pay_groups: its word -> pay group of the plan book; a word without a line stays as it is.
        default_pay_group: for everybody without one.
        employment_classes: Kombo's employment type -> class, added to the usual words.
        full_time_hours: weekly hours of full-time work without a figure.
        pay_per: Kombo's pay period -> `year`, `month`, `hour` or `pay`, added to the usual words.
        leave_policies: name or id of an absence type -> leave policy of the plan book.
        hours_per_day: of an absence that is told in days.
        dependents: where the system behind has dependents, which Kombo's model has not.
        datev: the push into DATEV, of an integration that is one.
    """

    api_key: Reference
    integration: str = Field(pattern=r"^[a-z0-9_]+:[A-Za-z0-9]+$")
    base_url: str = "https://api.kombo.dev/v1"
    webhook_secret: Reference | None = None
    page_size: int = Field(default=250, ge=1, le=250)
    calls_a_minute: int | None = Field(default=None, ge=1)
    employee_number: str = ""
    ssn: str = ""
    pay_group: str = ""
    pay_groups: dict[str, str] = Field(default_factory=dict)
    default_pay_group: str = ""
    employment_classes: dict[str, EmploymentClass] = Field(default_factory=dict)
    full_time_hours: int = Field(default=40, ge=1, le=168)
    pay_per: dict[str, PayUnit] = Field(default_factory=dict)
    leave_policies: dict[str, str] = Field(default_factory=dict)
    hours_per_day: int = Field(default=8, ge=1, le=24)
    dependents: PassThrough | None = None
    datev: Datev | None = None

    @property
    def tool(self) -> str:
        """The system behind, as Kombo calls it."""
        return self.integration.partition(":")[0]
