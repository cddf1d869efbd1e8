"""What an employee chose: a plan and tier, or a deferral rate; and leave asked for and approved."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from benehub.records.base import Record


class Tier(StrEnum):
    """Coverage tier."""

    EE = "EE"
    ES = "ES"
    EC = "EC"
    FAM = "FAM"


class Election(Record):
    """Stream `election`: one row an employee and plan. A waiver is a row with `waived`.

    Insurance plans carry a tier; retirement plans carry `pretax_rate` and `roth_rate` as exact text ("4%"); plans
    that a plugin computes carry `terms`.
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
