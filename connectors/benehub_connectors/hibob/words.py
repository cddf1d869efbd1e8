"""Bob's words for what benehub's records say in theirs; the settings add an employer's own to them."""

from __future__ import annotations

from benehub.records import EmploymentClass, Relationship, Sex

CLASSES = {
    "full time": EmploymentClass.FULL_TIME,
    "full-time": EmploymentClass.FULL_TIME,
    "part time": EmploymentClass.PART_TIME,
    "part-time": EmploymentClass.PART_TIME,
    "seasonal": EmploymentClass.SEASONAL,
    "contractor": EmploymentClass.CONTRACTOR,
    "freelance": EmploymentClass.CONTRACTOR,
}

SEXES = {"female": Sex.FEMALE, "male": Sex.MALE}

RELATIONSHIPS = {
    "spouse": Relationship.SPOUSE,
    "child": Relationship.CHILD,
    "son": Relationship.CHILD,
    "daughter": Relationship.CHILD,
    "domestic partner": Relationship.DOMESTIC_PARTNER,
    "stepchild": Relationship.STEPCHILD,
    "adopted child": Relationship.ADOPTED,
    "foster child": Relationship.FOSTER,
}

PAY_PER = {"annual": "year", "monthly": "month", "hourly": "hour"}
"""A day or a week is missing on purpose: what it makes a year only the employer can say."""
