"""What one Rippling connection needs: the credentials, and what Rippling's names mean in the plan book.

Rippling's own names of a deduction or an earning are what the company typed in. The plan book has codes of its own;
the maps between them are data and stand here.
"""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.codes import own_targets

LIVE = "https://api.rippling.com/platform/api"
TOKEN = "https://app.rippling.com/api/o/token/"  # noqa: S105 - an address

Account = Literal["traditional", "roth", "loan"]
"""The parts of an employee's 401(k) deductions that Rippling takes by API."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class App(_Part):
    """An app in Rippling's shop, installed by an administrator of the company.

    Args:
        client_id: of the app.
        client_secret: reference to its secret.
        refresh_token: reference to the refresh token; `file:PATH` is rewritten whenever Rippling gives a new one.
    """

    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)
    refresh_token: str = Field(min_length=1, repr=False)


class RipplingSettings(_Part):
    """Settings of a `rippling` connection.

    Args:
        api_key: reference to the company's own API key; or `app`.
        app: the app's credentials; or `api_key`.
        base_url: another address than the live one.
        token_url: where an app's token is renewed.
        calls_a_minute: most calls to the account in a minute, over all workers; without it a 429 is waited out, for no
            limit of the vendor's is known here.
        deferrals: deduction code -> the part of the 401(k) it is written to.
        tiered_match: the match is set up in Rippling (`tiered_match_401k`): the company's part is left to it.
        aliases: Rippling's name of a deduction -> deduction code, where the two differ.
        leave_codes: Rippling's name of an earning that is leave -> code of leave taken.
        pay_groups: Rippling's id of a pay schedule -> pay group.
        earning_code: code of the one line a check has for its gross pay.
        register_from: first check date of a full read; a year ago when empty.
        register_overlap_days: how far before its last check date a read starts again, for runs paid late.
    """

    api_key: str = Field(default="", repr=False)
    app: App | None = None
    base_url: str = LIVE
    token_url: str = TOKEN
    calls_a_minute: int | None = Field(default=None, ge=1)
    deferrals: dict[str, Account] = Field(default_factory=dict)
    tiered_match: bool = False
    aliases: dict[str, str] = Field(default_factory=dict)
    leave_codes: dict[str, str] = Field(default_factory=dict)
    pay_groups: dict[str, str] = Field(default_factory=dict)
    earning_code: str = "GROSS"
    register_from: date | None = None
    register_overlap_days: int = Field(default=62, ge=1, le=180)

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if bool(self.api_key) == (self.app is not None):
            raise ValueError("give either api_key or app")
        own_targets("deferrals", self.deferrals)
        return self

    def code_of(self, name: str) -> str:
        """The deduction code of a deduction with this name."""
        return self.aliases.get(name, name)

    def pay_group_of(self, schedule: str) -> str:
        """The pay group of a pay schedule: its id where the settings do not say."""
        return self.pay_groups.get(schedule, schedule)
