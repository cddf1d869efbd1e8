"""Kombo's words in the hub's; a word that Kombo could not map is the system's own and needs the settings."""

from __future__ import annotations

from benehub.records import EmploymentClass, LeaveStatus, Sex

CLASSES = {
    "full_time": EmploymentClass.FULL_TIME,
    "part_time": EmploymentClass.PART_TIME,
    "contract": EmploymentClass.CONTRACTOR,
    "freelance": EmploymentClass.CONTRACTOR,
}
"""Interns, apprentices and working students are missing on purpose: what they are is the employer's to say."""

SEXES = {"male": Sex.MALE, "female": Sex.FEMALE}

PAY_PER = {"year": "year", "month": "month", "hour": "hour"}
"""A week, a day or half a month is missing on purpose: what it makes a year only the employer can say."""

LEAVE_STATUSES = {
    "requested": LeaveStatus.REQUESTED,
    "approved": LeaveStatus.APPROVED,
    "declined": LeaveStatus.DENIED,
    "cancelled": LeaveStatus.CANCELED,
    "deleted": LeaveStatus.CANCELED,
}
