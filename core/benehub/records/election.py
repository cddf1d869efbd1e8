"""What an employee chose: a plan and tier, or a deferral rate; and leave asked for and approved."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from benehub.hours import parse_hours, to_minutes
from benehub.records.base import Record, leave_minutes


class Tier(StrEnum):
    """Coverage tier: the employee alone, with spouse, with children, with all.

    Plans that count heads say EE1 (the employee and one dependent), EC1 (one child), EC2 (two or more children).
    """

    EE = "EE"
    ES = "ES"
    EC = "EC"
    FAM = "FAM"
    EE1 = "EE1"
    EC1 = "EC1"
    EC2 = "EC2"


class Election(Record):
    """Stream `election`: one row an employee and plan. A waiver is a row with `waived`.

    Insurance plans carry a tier, or the volume elected; retirement plans carry `pretax_rate` and `roth_rate` as exact
    text ("4%"); accounts (HSA, FSA, commuter) carry `amount_minor` and `amount_per`; plans that a plugin computes
    carry `terms`.
    `dependents` are the vendor ids (or first names, resolved within the family) of those covered.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"terms"})

    employee: str
    """The id or employee number of the employee in the source."""
    plan: str = Field(min_length=1)
    tier: Tier | None = None
    pretax_rate: str = ""
    roth_rate: str = ""
    dependents: tuple[str, ...] = ()
    effective_from: date
    effective_to: date | None = None
    """First day no longer covered (half-open); empty while it runs on."""
    terms: dict[str, str] = Field(default_factory=dict, max_length=20)
    """For a plan that a plugin computes: what was chosen, in the words of its rule, all as text."""
    event: str = ""
    """Why: open_enrollment, new_hire, birth, marriage, divorce, loss_of_coverage, ..."""
    waived: bool = False
    volume_minor: int | None = Field(default=None, ge=0)
    """Volume of insurance elected, in minor units; empty where the plan makes it out of pay."""
    approved_volume_minor: int | None = Field(default=None, ge=0)
    """Volume the insurer has approved on evidence of insurability, or in an earlier plan; empty: none yet."""
    tobacco: bool | None = None
    """Whether the employee uses tobacco; empty: not told."""
    tobacco_dependents: tuple[str, ...] = ()
    """Those of `dependents` who use tobacco; counts only where `tobacco` is told."""
    wellness: bool | None = None
    """Whether the wellness program was completed; empty: not told."""
    amount_minor: int | None = Field(default=None, ge=0)
    """What the employee puts into an account, in minor units per `amount_per`."""
    amount_per: str = Field(default="year", pattern=r"^(year|month|pay)$")
    """Of what `amount_minor` is: the plan year (spread over its pay dates), a month, or each pay."""
    provider: str = Field(default="", max_length=80)
    """The primary care provider chosen: NPI, or the carrier's number of him. He is the employee's, and that of each
    dependent whom `providers` does not name."""
    providers: dict[str, str] = Field(default_factory=dict, max_length=40)
    """The provider chosen for single ones of `dependents`, by the same names; empty text: none was chosen for him."""


class DeferralChange(Record):
    """Stream `deferral_change`: a recordkeeper tells a new deferral rate (the 360 file)."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    ssn: str = Field(pattern=r"^\d{9}$")
    plan: str
    source: str = Field(pattern=r"^(EE_PRETAX|EE_ROTH)$")
    rate: str = ""
    amount_minor: int | None = None
    effective_from: date


class LeaveStatus(StrEnum):
    """Where a leave request stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DENIED = "denied"
    CANCELED = "canceled"


class NoticeKind(StrEnum):
    """What is told of a leave year in Germany, where leave lapses by law only after a notice.

    NOTICE: the employee was told of the year's days and that they lapse. CARRIED_NOTICE: he was told so of the days
    carried into the year. URGENT: urgent reasons kept him from taking the year's days. UNFIT: he could not work.
    """

    NOTICE = "notice"
    CARRIED_NOTICE = "carried_notice"
    URGENT = "urgent"
    UNFIT = "unfit"


class LeaveNotice(Record):
    """Stream `leave_notice`: a fact on which the lapse of a leave year depends."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"kind", "until"})

    employee: str
    policy: str
    year: int = Field(ge=1996, le=2200)
    kind: NoticeKind
    on: date
    """The day of the notice; the first day of an unfitness."""
    until: date | None = None
    """First day fit for work again; empty while it lasts."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until is not None and self.until <= self.on:
            raise ValueError("until is not after on")
        return self


class LeaveRequest(Record):
    """Stream `leave_request`: leave in hours as the source writes them ("7.33", "7:20"), both days inclusive."""

    employee: str
    policy: str
    start: date
    end: date
    hours: str
    """The source's own text; counted to the nearest minute."""
    status: LeaveStatus

    @property
    def minutes(self) -> int:
        """The hours to the nearest minute."""
        return to_minutes(parse_hours(self.hours))

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.end < self.start:
            raise ValueError("end lies before start")
        if leave_minutes(self.hours) <= 0:
            raise ValueError("hours must be more than nothing")
        return self
