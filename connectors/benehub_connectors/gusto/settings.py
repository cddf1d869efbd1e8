"""What one Gusto connection needs: the company, the credentials, and what Gusto's words mean at the employer.

Gusto knows a benefit by its uuid and shows its description; leave goes by the name of its type, a pay-out by the name
of a fixed compensation. The employer's plan book has codes of its own; the maps between them are data and stand here.
"""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.codes import own_targets

API_VERSION = "2025-06-15"
"""The dated version of the vendor's API that is sent with every call."""


class Payout(BaseModel):
    """How leave paid out in money appears on a check.

    Args:
        code: payroll's code of the pay-out in the plan book.
        hours_of: the time-off type whose pay-out hours belong to it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(min_length=1)
    hours_of: str = "Vacation Hours"


class GustoSettings(BaseModel):
    """Settings of a `gusto` connection.

    Args:
        company: Gusto's uuid of the company.
        client_id: of our registered application.
        client_secret: reference to its secret.
        refresh_token: reference to the refresh token. Gusto gives a new one at each renewal and forgets the
            old; `file:PATH` is rewritten then, any other reference is good for one renewal.
        base_url: `https://api.gusto-demo.com` for a demo company.
        aliases: description of a company benefit, or its uuid -> deduction code, where the two differ.
        codes: deduction code -> uuid of the company benefit, for what is read and written alike: it stays the same
            whatever the benefit is called, and tells two of one description apart. Filled by
            `GustoConnector.discover` for writing; an entry written here wins.
        types: deduction code -> Gusto's number of the benefit type; filled in the same way.
        open_payrolls: dates -> uuid of a payroll that is not processed yet; filled in the same way.
        pay_groups: uuid, custom name, name or frequency of a pay schedule -> pay group.
        leave_codes: name of a time-off type -> code of leave taken.
        payouts: name of a fixed compensation -> what it pays out.
        earning_code: code of the one line a check has for its gross pay.
        register_from: first check date of a full read; a year ago when empty.
        events_days: for so many days after a full read people are read by Gusto's events only; 0: always in full.
            The application needs the scope `events:read`.
        register_overlap_days: how far before its last check date a read starts again, for corrections.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    company: str = Field(min_length=1, max_length=64)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)
    refresh_token: str = Field(min_length=1, repr=False)
    base_url: str = "https://api.gusto.com"
    aliases: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, str] = Field(default_factory=dict)
    types: dict[str, int] = Field(default_factory=dict)
    open_payrolls: dict[str, str] = Field(default_factory=dict)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    leave_codes: dict[str, str] = Field(default_factory=dict)
    payouts: dict[str, Payout] = Field(default_factory=dict)
    earning_code: str = "GROSS"
    register_from: date | None = None
    events_days: int = Field(default=0, ge=0, le=29)
    register_overlap_days: int = Field(default=62, ge=1, le=180)

    @model_validator(mode="after")
    def _own_targets(self) -> Self:
        own_targets("codes", self.codes)
        return self

    def code_of(self, description: str, uuid: str = "") -> str:
        """The deduction code of a company benefit: by its uuid where the settings name that, else as described."""
        named = next((code for code, one in self.codes.items() if one == uuid), "")
        return named or self.aliases.get(uuid) or self.aliases.get(description, description)

    def names(self, uuid: str) -> bool:
        """Whether the settings say by its uuid what a company benefit is."""
        return uuid in self.aliases or uuid in self.codes.values()
