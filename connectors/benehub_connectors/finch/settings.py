"""What one Finch connection needs: the employer's access token, and what Finch's words mean at the employer.

Finch stands before some two hundred payrolls. It knows a benefit by its id, its description and its type; the
employer's plan book has codes of its own. The maps between them are data and stand here.
"""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.codes import own_targets

API_VERSION = "2020-09-17"
"""The dated version of the vendor's API that is sent with every call."""


class FinchSettings(BaseModel):
    """Settings of a `finch` connection.

    Args:
        access_token: reference to the token that Finch Connect gave for this employer. It does not end by itself.
        base_url: another address than the vendor's.
        aliases: description of a benefit, or its type (`s125_medical`) -> deduction code, where they differ.
        codes: deduction code -> Finch's id of the benefit, for what is read and written alike: it stays the same
            whatever the benefit is called, and tells two of one description apart. Filled by
            `FinchConnector.discover` for writing; an entry written here wins.
        types: deduction code -> Finch's type of the benefit; filled in the same way.
        as_of: the day of the push; filled in the same way.
        lead_days: an order goes out so many days before it takes effect at the earliest, for Finch takes no date.
        pay_groups: Finch's id of a pay group, or a pay frequency (`bi_weekly`) -> pay group.
        pay_group: the pay group of whatever `pay_groups` does not tell; right where there is only one.
        employee_number: the custom field that holds the employee number; empty for the payroll's own number.
        leave_codes: name or type (`pto`, `sick`) of an earning -> code of leave taken.
        earning_code: code of the one line a statement has for its gross pay.
        register_from: first pay date of a full read; a year ago when empty.
        register_overlap_days: how far before its last pay date a read starts again, for corrections.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_token: str = Field(min_length=1, repr=False)
    base_url: str = "https://api.tryfinch.com"
    aliases: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, str] = Field(default_factory=dict)
    types: dict[str, str] = Field(default_factory=dict)
    as_of: date | None = None
    lead_days: int = Field(default=14, ge=0, le=120)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    pay_group: str = ""
    employee_number: str = ""
    leave_codes: dict[str, str] = Field(default_factory=dict)
    earning_code: str = "GROSS"
    register_from: date | None = None
    register_overlap_days: int = Field(default=62, ge=1, le=180)

    @model_validator(mode="after")
    def _own_targets(self) -> Self:
        own_targets("codes", self.codes)
        return self

    def code_of(self, description: str, kind: str, benefit: str = "") -> str:
        """The deduction code of a benefit: by its id, by alias of its description or its type, else as described."""
        named = next((code for code, one in self.codes.items() if one == benefit), "") if benefit else ""
        return named or self.aliases.get(description) or self.aliases.get(kind) or description or kind

    def names(self, benefit: str) -> bool:
        """Whether the settings say by its id what a benefit is."""
        return benefit in self.codes.values()
