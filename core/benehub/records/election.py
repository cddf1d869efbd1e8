"""What an employee chose: a plan and tier, or a deferral rate; and leave asked for and approved."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from benehub.records.base import Record


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
    text ("4%"); accounts (HSA, FSA, commuter) carry `amount_minor` and `amount_per`.
    `dependents` are the vendor ids (or first names, resolved within the family) of those covered.
    """

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


class LeaveRequest(Record):
    """Stream `leave_request`: leave in hundredths of an hour, both days inclusive."""

    employee: str
    policy: str
    start: date
    end: date
    hours_hundredths: int = Field(gt=0)
    status: LeaveStatus
