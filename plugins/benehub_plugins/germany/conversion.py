"""Converting pay into an occupational pension (Entgeltumwandlung): how much is free of tax and of social insurance."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.money import Rounding, round_to_int
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import Calculator
from benehub_plugins.germany.law import EXTERNAL, PensionLaw, Way, pension_law

NAME = "bav.conversion"
VERSION = "1"
CITATION = "Section 1a BetrAVG; section 3 no. 63 EStG; section 14 (1) SGB IV; section 1 (1) no. 9 SvEV"

Subsidy = Annotated[Rate, Field(ge=0, le=1)]


class ConversionInput(RuleModel):
    """One month of one employee's occupational pension; amounts are euro cents a month."""

    pay_date: Day
    """The pay date; its year's limits count."""
    conversion_minor: Positive
    """Pay that is converted, cents."""
    subsidy_minor: Positive = 0
    """The employer's subsidy on it, cents; it counts toward the same limits."""
    other_employer_minor: Positive = 0
    """What the employer pays beside it into external pensions, cents; it uses the limits first."""
    voluntary_minor: Positive = 0
    """What the employee pays on top from net pay, cents; in no limit."""
    flat_taxed_minor: Positive = 0
    """Contributions taxed flat under section 40b EStG (old contracts), cents; they lower the tax-free limit."""
    way: Way = Way.DIREKTVERSICHERUNG
    """direktversicherung, pensionskasse or pensionsfonds; direktzusage and unterstuetzungskasse know no tax limit."""
    months: Annotated[int, Field(strict=True, ge=1, le=12)] = 12
    """Months of the year with conversion, for the yearly minimum."""
    subsidy_rate: Subsidy | None = None
    """Rate of the subsidy in the largest conversion; the statutory 15 % when left out."""


class Conversion(RuleModel):
    """How the month divides; every amount is euro cents."""

    social_free_limit_minor: int
    """4 % of the pension ceiling."""
    tax_free_limit_minor: int
    """8 % of it, less what is taxed flat; what is converted where the way knows no limit."""
    free_of_both_minor: int
    """Of the employee's conversion: free of tax and of social insurance."""
    tax_free_only_minor: int
    """Of the conversion: free of tax only."""
    neither_minor: int
    """Of the conversion: neither."""
    employer_free_of_both_minor: int
    """Of the employer's contributions: free of tax and of social insurance."""
    claim_minor: int
    """What the employee may ask for a month; above it the employer has to agree."""
    above_claim_minor: int
    minimum_year_minor: int
    """The least yearly conversion that the employer may insist on, rounded up to the cent."""
    reaches_minimum: bool
    largest_minor: int
    """The largest conversion that fits the social-free limit, with its subsidy and the employer's other part."""
    largest_subsidy_minor: int
    """The subsidy on it."""
    total_minor: int
    """What goes into the contract: conversion, subsidy and voluntary part."""


def conversion(given: ConversionInput) -> Calculation[Conversion]:
    """Divide one month's conversion by the limits.

    Raises:
        ConfigError: the year's values are not loaded.
    """
    law = pension_law(given.pay_date)
    external = given.way in EXTERNAL
    employer = given.subsidy_minor + given.other_employer_minor
    # Employer's money uses the limits first; a pledge of the employer's own leaves them to the conversion alone.
    used = employer if external else 0
    social = max(0, law.social_free_minor - used)
    limit = max(0, law.tax_free_minor - given.flat_taxed_minor) if external else given.conversion_minor
    tax = min(given.conversion_minor, max(0, limit - used))
    both = min(given.conversion_minor, social, tax)
    rate = law.subsidy if given.subsidy_rate is None else given.subsidy_rate
    other = given.other_employer_minor
    largest, on_it = largest_conversion(law, rate, other) if external else (law.social_free_minor, 0)
    minimum, told = rounded_step("1/160 of the yearly reference pay", law.minimum_year_minor, Rounding.UP, "EUR")
    result = Conversion(
        social_free_limit_minor=law.social_free_minor,
        tax_free_limit_minor=limit,
        free_of_both_minor=both,
        tax_free_only_minor=tax - both,
        neither_minor=given.conversion_minor - tax,
        employer_free_of_both_minor=min(employer, law.social_free_minor) if external else employer,
        claim_minor=law.claim_minor,
        above_claim_minor=max(0, given.conversion_minor - law.claim_minor),
        minimum_year_minor=minimum,
        reaches_minimum=given.conversion_minor * given.months >= law.minimum_year_minor,
        largest_minor=largest,
        largest_subsidy_minor=on_it,
        total_minor=given.conversion_minor + given.subsidy_minor + given.voluntary_minor,
    )
    inputs = given.model_dump(mode="json", exclude_none=True)
    steps = (*_steps(law, result), told)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, _reasons(result), CITATION))


def largest_conversion(law: PensionLaw, rate: Fraction, other_minor: int = 0) -> tuple[int, int]:
    """The largest conversion that fits the social-free limit with its subsidy, and that subsidy (B09)."""
    room = max(0, law.social_free_minor - other_minor)
    guess = round_to_int(room / (1 + rate), Rounding.UP)
    while guess + subsidy_on(guess, rate) > room:
        guess -= 1
    return guess, subsidy_on(guess, rate)


def subsidy_on(converted_minor: int, rate: Fraction) -> int:
    """A flat subsidy, rounded half up to the cent (B07)."""
    return round_to_int(converted_minor * rate, Rounding.HALF_UP)


def _steps(law: PensionLaw, found: Conversion) -> tuple[Step, ...]:
    amounts = {
        "monthly pension ceiling": law.ceiling_minor,
        "limit free of social insurance": found.social_free_limit_minor,
        "limit free of tax": found.tax_free_limit_minor,
        "converted: free of both": found.free_of_both_minor,
        "converted: free of tax only": found.tax_free_only_minor,
        "converted: neither": found.neither_minor,
    }
    return tuple(money_step(label, amount, amount, "EUR") for label, amount in amounts.items())


def _reasons(found: Conversion) -> tuple[Reason, ...]:
    return (
        Reason(
            rule="within the employee's claim (4 % of the ceiling)",
            outcome=Outcome.FAIL if found.above_claim_minor else Outcome.PASS,
            inputs={"above_claim_minor": found.above_claim_minor},
            needed={"employer": "agrees to the part above"} if found.above_claim_minor else {},
            citation="Section 1a (1) sentence 1 BetrAVG",
        ),
        Reason(
            rule="yearly minimum",
            outcome=Outcome.PASS if found.reaches_minimum else Outcome.FAIL,
            needed={} if found.reaches_minimum else {"conversion a year": found.minimum_year_minor},
            citation="Section 1a (1) sentence 4 BetrAVG",
        ),
    )


CALCULATOR = Calculator(
    NAME,
    "How much converted pay is free of tax and of social insurance (Germany).",
    ConversionInput,
    Conversion,
    conversion,
    VERSION,
    {"pay_date": "2026-06-30", "conversion_minor": 200_00, "subsidy_minor": 30_00, "voluntary_minor": 50_00},
)
