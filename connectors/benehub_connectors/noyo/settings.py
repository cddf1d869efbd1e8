"""What one Noyo connection needs: the group, the credentials, and which of Noyo's plans each plan of ours is.

Noyo speaks for many insurers. Its ids of plan, carrier and line of coverage are of one group, so they stand here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from benehub.connect.exchange import Acks, Exchange, Files, Schedule

LIVE = "https://fulfillment.noyo.com"
SANDBOX = "https://fulfillment-sandbox.noyo.com"
TRACKING = "https://tracking.noyo.com"
TRACKING_SANDBOX = "https://tracking-sandbox.noyo.com"
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


class NoyoBill(_Part):
    """How premiums become bills: Noyo tells what is billed a month, and not until when it has to be paid."""

    due_day: int = Field(ge=1, le=28)
    """Day of the coverage month on which the insurers want their money."""


class NoyoExchange(_Part):
    """What was agreed on when changes leave, and by when a carrier has answered."""

    schedule: Schedule = Schedule()
    """When changes may leave."""
    retro_days: int | None = Field(default=None, ge=0, le=400)
    """Furthest day back that a change may take effect; further back it waits for a person."""
    future_days: int | None = Field(default=None, ge=0, le=400)
    """Furthest day ahead that a change may take effect; further ahead it waits until it is near enough."""
    answer_days: int | None = Field(default=10, ge=1)
    """Days after Noyo took a family until its carriers have answered; null: no alarm."""
    salary: bool = False
    """Whether the yearly pay of employees is told."""

    def agreed(self) -> Exchange:
        """As the hub obeys it: changes only, nothing waits for another, and no word on grammar."""
        return Exchange(
            files=Files.CHANGE, schedule=self.schedule, retro_days=self.retro_days, future_days=self.future_days,
            one_outstanding=False, acks=Acks(ta1_hours=None, syntax_hours=None, report_days=self.answer_days),
            salary=self.salary,
        )  # fmt: skip


class NoyoSettings(_Part):
    """Settings of a `noyo` connection.

    Args:
        group: Noyo's id of the group, which is the employer.
        client_id: of the API key; sandbox and live have keys of their own.
        client_secret: reference to its secret.
        plans: our plan -> the plan at Noyo.
        new_employees: needed before somebody new can be enrolled.
        exchange: when changes leave, and by when they are answered.
        bill: needed before premiums can be read.
        tracking: whether the differences that Noyo finds by comparing with carriers are read.
        member_requests: whether the requests that others make at Noyo for carriers that take no snapshot are read, too:
            what became of each. One call more an employee.
        test: changes are tried at Noyo (`member_snapshots/test`), and none is applied.
        sandbox: the sandbox's host instead of the live one.
        base_url: another host than either.
        tracking_url: another host for differences; base_url where that is given and this is not.
        token_url: where the key is exchanged for a token.
        calls_a_minute: most calls to the account in a minute, over all workers; without it a 429 is waited out, for no
            limit of the vendor's is known here.
        employees: employee number -> Noyo's id; filled by `NoyoConnector.discover`, an entry written here wins.
    """

    group: str = Field(pattern=_UUID)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)
    plans: dict[str, NoyoPlan] = Field(min_length=1)
    new_employees: NewEmployees | None = None
    exchange: NoyoExchange = NoyoExchange()
    bill: NoyoBill | None = None
    tracking: bool = True
    member_requests: bool = False
    test: bool = False
    sandbox: bool = False
    base_url: str = ""
    tracking_url: str = ""
    token_url: str = TOKEN
    calls_a_minute: int | None = Field(default=None, ge=1)
    employees: dict[str, str] = Field(default_factory=dict)

    @property
    def address(self) -> str:
        """The host that is spoken to."""
        return self.base_url or (SANDBOX if self.sandbox else LIVE)

    @property
    def tracking_address(self) -> str:
        """The host that tells differences."""
        return (self.tracking_url or self.base_url or (TRACKING_SANDBOX if self.sandbox else TRACKING)).rstrip("/")

    def plan_of(self, noyo_id: str) -> str:
        """Our plan of one of Noyo's; empty for a plan that is none of ours."""
        return next((ours for ours, one in self.plans.items() if one.id == noyo_id), "")
