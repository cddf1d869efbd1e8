"""BambooHR's words for what benehub's records say in theirs; the settings add an employer's own to them."""

from __future__ import annotations

from collections.abc import Mapping

from benehub.connect.cells import find
from benehub.records import EmploymentClass, LeaveStatus, Relationship, Sex

CLASSES = {
    "full-time": EmploymentClass.FULL_TIME,
    "full time": EmploymentClass.FULL_TIME,
    "part-time": EmploymentClass.PART_TIME,
    "part time": EmploymentClass.PART_TIME,
    "seasonal": EmploymentClass.SEASONAL,
    "contractor": EmploymentClass.CONTRACTOR,
}

SEXES = {"female": Sex.FEMALE, "f": Sex.FEMALE, "male": Sex.MALE, "m": Sex.MALE}

RELATIONSHIPS = {
    "spouse": Relationship.SPOUSE,
    "child": Relationship.CHILD,
    "domestic partner": Relationship.DOMESTIC_PARTNER,
    "domestic_partner": Relationship.DOMESTIC_PARTNER,
    "stepchild": Relationship.STEPCHILD,
    "adopted child": Relationship.ADOPTED,
    "foster child": Relationship.FOSTER,
    "other": Relationship.OTHER,
}

PAY_PER = {"year": "year", "month": "month", "hour": "hour", "pay period": "pay"}
"""A week, a day or a piece is missing on purpose: what it makes a year only the employer can say."""

LEAVE_STATUSES = {
    "requested": LeaveStatus.REQUESTED,
    "approved": LeaveStatus.APPROVED,
    "denied": LeaveStatus.DENIED,
    "canceled": LeaveStatus.CANCELED,
    "superceded": LeaveStatus.CANCELED,  # the vendor's spelling; another request stands in its place
}

COUNTRIES = {
    "united states": "US",
    "united states of america": "US",
    "usa": "US",
    "canada": "CA",
    "mexico": "MX",
    "puerto rico": "PR",
    "united kingdom": "GB",
    "germany": "DE",
}

_STATES = (
    "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|"
    "DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|"
    "KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|"
    "MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|"
    "MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|"
    "NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|PR Puerto Rico|"
    "RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|"
    "WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming"
)
STATES = {name.casefold(): code for code, name in (entry.split(" ", 1) for entry in _STATES.split("|"))}
"""USPS codes by name; the vendor tells states by their full names."""


def code_or_text(word: str, usual: Mapping[str, str], own: Mapping[str, str] | None = None) -> str:
    """A code of two letters as it is, a known name as its code, anything else unchanged."""
    if len(word) == 2:
        return word.upper()
    return find(word, usual, own) or word
