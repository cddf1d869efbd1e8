"""What eligibility rules may know of a person; what nobody told is None and never taken for a no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class EmployeeFacts:
    """What is known of the employee; None is unknown, except `terminated_on`: still employed.

    `hire_date` is where service begins: for somebody who came back and is continuing, the first hire. `leave` is
    the kind of leave the employee is on, empty for none, and `leave_ends` the first day back. `measured_full_time`
    is what the look-back found for the day asked about. `given` are answers to rules that were settled elsewhere.
    """

    hire_date: date | None
    employment_class: str | None
    scheduled_hours_minor: int | None
    terminated_on: date | None = None
    hours_reached_on: date | None = None
    pay_period_starts: tuple[date, ...] = ()
    union: str | None = None
    location: str | None = None
    employment_type: str | None = None
    measured_full_time: bool | None = None
    service_hours_minor: int | None = None
    birth_date: date | None = None
    work_authorisation: str | None = None
    enrolled_in: tuple[str, ...] | None = None
    leave: str | None = None
    leave_ends: date | None = None
    relation: str | None = None
    given: Mapping[str, bool] = field(default_factory=dict)
