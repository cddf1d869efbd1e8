"""ADP's words in the hub's: how a deduction code is taxed, worker types, relationships, sexes.

Codes of a benefit plan are `PLAN.PART`, and the part says how the deduction is taxed. Codes of older companies are a
letter or three and say nothing.
"""

from __future__ import annotations

from benehub.records import EmploymentClass, Relationship, Sex, TaxClass

_TAXED = {
    TaxClass.PRETAX: (
        "ASSOCIATE_CONTRIBUTION_CAFE125", "ASSOCIATE_CONTRIBUTION_CAFE125_QUALIFIED",
        "BASE_ASSOCIATE_CONTRIBUTION_TRADITIONAL", "CATCHUP_ASSOCIATE_CONTRIBUTION_TRADITIONAL",
    ),
    TaxClass.ROTH: ("BASE_ASSOCIATE_CONTRIBUTION_ROTH", "CATCHUP_ASSOCIATE_CONTRIBUTION_ROTH"),
    TaxClass.POSTTAX: (
        "ASSOCIATE_CONTRIBUTION_NON_CAFE125", "ASSOCIATE_CONTRIBUTION_NON_QUALIFIED",
        "QUALIFIED_AFTER_TAX_ASSOCIATE_CONTRIBUTION", "DISABILITY_INSURANCE_ASSOCIATE_CONTRIBUTION_NO_TAX_ADVANTAGE",
    ),
}  # fmt: skip
_TAXED_BY_PART = {part: taxed for taxed, found in _TAXED.items() for part in found}


def tax_class(code: str) -> TaxClass | None:
    """How ADP taxes a deduction code; None where the code does not tell."""
    return _TAXED_BY_PART.get(code.rpartition(".")[2])


CLASSES = {
    "f": EmploymentClass.FULL_TIME,
    "full time": EmploymentClass.FULL_TIME,
    "full-time": EmploymentClass.FULL_TIME,
    "p": EmploymentClass.PART_TIME,
    "part time": EmploymentClass.PART_TIME,
    "part-time": EmploymentClass.PART_TIME,
    "seasonal": EmploymentClass.SEASONAL,
    "contractor": EmploymentClass.CONTRACTOR,
}

SEXES = {"f": Sex.FEMALE, "m": Sex.MALE}

RELATIONSHIPS = {
    "spouse": Relationship.SPOUSE,
    "child": Relationship.CHILD,
    "domestic partner": Relationship.DOMESTIC_PARTNER,
    "stepchild": Relationship.STEPCHILD,
    "step child": Relationship.STEPCHILD,
    "adopted child": Relationship.ADOPTED,
    "foster child": Relationship.FOSTER,
}

PAY_PER = {
    "annualRateAmount": "year",
    "monthlyRateAmount": "month",
    "payPeriodRateAmount": "pay",
    "hourlyRateAmount": "hour",
}
"""Rates of a base remuneration. A daily rate is missing on purpose: what it makes a year only the employer can say."""

WEEKS = {"weekly": 1, "biweekly": 2}
"""Weeks that standard hours are told for."""
