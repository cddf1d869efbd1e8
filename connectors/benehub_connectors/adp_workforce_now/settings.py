"""What one connection to ADP Workforce Now needs: credentials with a certificate, and what its codes mean here."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from benehub.connect.codes import own_targets, target_of
from benehub.records import EmploymentClass, Relationship

Reference = Annotated[str, StringConstraints(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands; never the secret."""


class AdpSettings(BaseModel):
    """Settings of an `adp_workforce_now` connection.

    Args:
        client_id: of the project in ADP's portal.
        client_secret: reference to its secret.
        certificate: reference to the client certificate (PEM) that ADP has signed.
        key: reference to its private key (PEM), without a passphrase.
        authority: reference to an authority (PEM) of the server, where the system does not trust it.
        base_url: `https://iat-api.adp.com` for ADP's test system.
        calls_a_minute: ADP's limit for one project.
        employee_number: what the employee number is: ADP's worker id (Associate ID), or payroll's file number.
        payroll_group: company code of the one payroll that is meant, where people have positions in several.
        codes: deduction code of the plan book -> ADP's deduction code, where they differ.
        known_codes: ADP's deduction codes; filled by `AdpConnector.discover`.
        company_part_by_adp: the company's part is set up with the plan in ADP and left to it.
        pay_groups: company code, pay cycle (`B`, `Biweekly`) or both (`4AN/B`) -> pay group; both win.
        default_pay_group: of whoever has no company code.
        employment_classes: ADP's worker type -> class, added to the usual words.
        full_time_hours: weekly hours of full-time work.
        relationships: ADP's relationship of a dependent -> ours, added to the usual words.
        leave_codes: ADP's code of an earning that is leave -> code of leave taken.
        earning_code: code of the one line a check has for its gross pay.
        finished: states of a payroll that is done; one of a state that nobody has told is a problem row.
        register_from: first pay date of a full read; a year ago when empty.
        register_overlap_days: how far before its last pay date a read starts again, for corrections.
        events: whether changes of people are taken from ADP's queue, which must be this connection's alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(min_length=1)
    client_secret: Reference
    certificate: Reference
    key: Reference
    authority: Reference | None = None
    base_url: str = "https://api.adp.com"
    calls_a_minute: int = Field(default=300, ge=1)
    employee_number: Literal["worker_id", "file_number"] = "worker_id"
    payroll_group: str = ""
    codes: dict[str, str] = Field(default_factory=dict)
    known_codes: frozenset[str] = frozenset()
    company_part_by_adp: bool = False
    pay_groups: dict[str, str] = Field(default_factory=dict)
    default_pay_group: str = ""
    employment_classes: dict[str, EmploymentClass] = Field(default_factory=dict)
    full_time_hours: int = Field(default=40, ge=1, le=168)
    relationships: dict[str, Relationship] = Field(default_factory=dict)
    leave_codes: dict[str, str] = Field(default_factory=dict)
    earning_code: str = "GROSS"
    finished: frozenset[str] = frozenset({"Z99"})
    register_from: date | None = None
    register_overlap_days: int = Field(default=62, ge=1, le=180)
    events: bool = False

    @model_validator(mode="after")
    def _own_targets(self) -> Self:
        own_targets("codes", self.codes)
        return self

    def adp_code(self, code: str) -> str:
        """ADP's code of a deduction code.

        Raises:
            DataError: ADP's code of that name is named for another one.
        """
        return target_of(code, self.codes)

    def code_of(self, adp: str) -> str:
        """The deduction code of ADP's code; as it is where no map says."""
        return next((ours for ours, theirs in self.codes.items() if theirs == adp), adp)

    def pay_group_of(self, company: str, cycles: tuple[str, ...]) -> str:
        """The pay group by company code and pay cycle (its code and its name); empty where neither is told."""
        keys = [*(f"{company}/{cycle}" for cycle in cycles if cycle), company, *cycles]
        mapped = [self.pay_groups[key] for key in keys if key in self.pay_groups]
        return next(iter([*mapped, company]), "") or self.default_pay_group
