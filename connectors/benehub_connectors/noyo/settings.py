"""What one Noyo connection needs: the group, the credentials, and which of Noyo's plans each plan of ours is.

Noyo speaks for many insurers. Its ids of plan, carrier and line of coverage are of one group, so they stand here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LIVE = "https://fulfillment.noyo.com"
SANDBOX = "https://fulfillment-sandbox.noyo.com"
TOKEN = "https://accounts.noyo.com/auth/public/token"  # noqa: S105 - an address

Line = Literal[
    "medical", "dental", "vision", "life", "add", "std", "ltd", "accident", "critical_illness", "cancer",
    "health_fund", "hospital_indemnity", "pharmacy", "wellness",
]  # fmt: skip
"""Noyo's lines of coverage."""

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoyoPlan(_Part):
    """A plan as Noyo knows it; `GET /api/v1/groups/{group}/plans` lists those of a group."""

    id: str = Field(pattern=_UUID)
    carrier: str = Field(pattern=_UUID)
    line: Line


class NewEmployees(_Part):
    """What is said of an employee whom Noyo does not know yet: it demands both, and an enrollment tells neither.

    Of whom Noyo knows, its own values stay.
    """

    status: Literal["full-time", "part-time", "contract", "disabled", "retired"]
    hours_worked: int = Field(ge=0, le=168)
    """Hours a week."""


class NoyoSettings(_Part):
    """Settings of a `noyo` connection.

    Args:
        group: Noyo's id of the group, which is the employer.
        client_id: of the API key; sandbox and live have keys of their own.
        client_secret: reference to its secret.
        plans: our plan -> the plan at Noyo.
        new_employees: needed before somebody new can be enrolled.
        test: changes are tried at Noyo (`member_snapshots/test`), and none is applied.
        sandbox: the sandbox's host instead of the live one.
        base_url: another host than either.
        token_url: where the key is exchanged for a token.
        employees: employee number -> Noyo's id; filled by `NoyoConnector.discover`, an entry written here wins.
    """

    group: str = Field(pattern=_UUID)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)
    plans: dict[str, NoyoPlan] = Field(min_length=1)
    new_employees: NewEmployees | None = None
    test: bool = False
    sandbox: bool = False
    base_url: str = ""
    token_url: str = TOKEN
    employees: dict[str, str] = Field(default_factory=dict)

    @property
    def address(self) -> str:
        """The host that is spoken to."""
        return self.base_url or (SANDBOX if self.sandbox else LIVE)

    def plan_of(self, noyo_id: str) -> str:
        """Our plan of one of Noyo's; empty for a plan that is none of ours."""
        return next((ours for ours, one in self.plans.items() if one.id == noyo_id), "")
