"""Personio's words for what benehub's records say in theirs; the settings add an employer's own to them."""

from __future__ import annotations

from benehub.records import EmploymentClass, LeaveStatus, Sex

CLASSES = {"external": EmploymentClass.CONTRACTOR}
"""`internal` is missing on purpose: weekly hours say whether it is full-time."""

BY_HOURS = "internal"

SEXES = {"female": Sex.FEMALE, "male": Sex.MALE}

PAY_PER = {"yearly": "year", "monthly": "month", "hourly": "hour"}

LEAVE_STATUSES = {
    "pending": LeaveStatus.REQUESTED,
    "requested": LeaveStatus.REQUESTED,
    "approved": LeaveStatus.APPROVED,
    "rejected": LeaveStatus.DENIED,
    "denied": LeaveStatus.DENIED,
    "canceled": LeaveStatus.CANCELED,
    "cancelled": LeaveStatus.CANCELED,
}
