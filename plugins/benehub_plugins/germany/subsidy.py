"""The employer's subsidy to converted pay: flat 15 %, or exactly what is saved of social insurance if that is less."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from benehub.errors import DataError
from benehub.money import Rounding, round_to_int
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import (
    Calculation,
    Day,
    Positive,
    Rate,
    RuleModel,
    exact,
    explain,
    money_step,
    rounded_step,
)
from benehub.rules.registry import Calculator
from benehub_plugins.germany.conversion import Subsidy, subsidy_on
from benehub_plugins.germany.law import (
    EXTERNAL,
    Branch,
    PensionLaw,
    Way,
    employer_rate,
    pension_law,
    transition_range,
)

NAME = "bav.subsidy"
VERSION = "1"
CITATION = "Section 1a (1a), section 19 (1) BetrAVG"


class SubsidyInput(RuleModel):
    """One month's conversion, and how the employer subsidises it; amounts are euro cents a month."""

    pay_date: Day
    """The pay date; its rates and ceilings count."""
    conversion_minor: Positive | None = None
    """Pay that is converted, cents; or give contract_total_minor."""
    contract_total_minor: Positive | None = None
    """A contract whose contribution is fixed: it is divided into conversion and subsidy, cents."""
    employer_vwl_minor: Positive = 0
    """Capital-forming benefit (VWL) of the employer that is converted too, cents; subsidised like pay."""
    exact: bool = False
    """False: the flat rate. True ("spitz"): what the employer saves, at most the flat rate."""
    way: Way = Way.DIREKTVERSICHERUNG
    """Only direktversicherung, pensionskasse and pensionsfonds are subsidised by law."""
    rate: Subsidy | None = None
    """The employer's own rate, "20%"; the statutory 15 % when left out."""
    collective_agreement: bool = False
    """Whether a collective agreement rules the subsidy: it may be lower than the law's, and has to give the rate."""
    monthly_pay_minor: Positive | None = None
    """Pay of the month before conversion, subject to contributions, cents; for exact."""
    health_additional_rate: Annotated[Rate, Field(ge=0, le=Fraction(1, 10))] | None = None
    """Additional rate of the employee's health fund, both halves ("2.5%"); for exact, if insured there."""
    branches: Annotated[frozenset[Branch], Field(max_length=4)] = frozenset(Branch)
    """Branches to which the employer pays a part for this employee; all four when left out."""
    saxony: bool = False
    """Whether the place of work is in Saxony (the employer's part of care insurance is lower)."""
    east: bool = False
    """Whether the place of work is in the East: until 2024 with a pension ceiling of its own."""
    other_employer_minor: Positive = 0
    """What the employer pays beside it into external pensions, cents; it uses the social-free limit first."""
    employer_saving_minor: Positive | None = None
    """The saving as payroll computed it, cents; takes the place of the computation (e.g. in the transition range)."""

    @model_validator(mode="after")
    def _one_amount(self) -> SubsidyInput:
        if (self.conversion_minor is None) == (self.contract_total_minor is None):
            raise ValueError("give one of conversion_minor and contract_total_minor")
        if self.contract_total_minor is not None and self.employer_vwl_minor > self.contract_total_minor:
            raise ValueError("employer_vwl_minor is above contract_total_minor; mend one of them")
        return self


class SubsidyResult(RuleModel):
    """Who pays what into the contract, euro cents a month."""

    employee_minor: int
    """Pay the employee converts."""
    subsidy_minor: int
    """What the employer adds."""
    converted_minor: int
    """All that is converted: the employee's pay and the employer's VWL."""
    total_minor: int
    """Everything together; the fixed contribution of an existing contract."""
    flat_minor: int
    """The flat rate on what is converted."""
    saving_minor: int | None
    """What the employer saves of contributions; None where it was not asked."""
    obliged: bool
    """Whether the law asks for a subsidy at all."""


def subsidy(given: SubsidyInput) -> Calculation[SubsidyResult]:
    """The subsidy of one month.

    Raises:
        ConfigError: the year's values are not loaded.
        DataError: a rate below the statutory one without a collective agreement.
    """
    law = pension_law(given.pay_date)
    inputs = given.model_dump(mode="json", exclude_none=True, exclude={"monthly_pay_minor"})
    obliged = given.way in EXTERNAL
    needs = _needs(given, obliged)
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), needs)
    rate = _rate(given, law, obliged)
    saving = _saving(given, law) if given.exact else None
    employee, amount = _divided(given, rate, saving)
    converted = employee + given.employer_vwl_minor
    flat, flat_step = rounded_step(f"{exact(rate * 100)}% of converted pay", converted * rate, Rounding.HALF_UP, "EUR")
    saved = None if saving is None else saving(converted, amount)
    result = SubsidyResult(
        employee_minor=employee,
        subsidy_minor=amount,
        converted_minor=converted,
        total_minor=converted + amount,
        flat_minor=flat,
        saving_minor=saved,
        obliged=obliged,
    )
    told = money_step("subsidy", amount, amount, "EUR")
    steps = (flat_step, *_exact_steps(given, law, converted, amount, saved), told)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, _reasons(given, law, obliged), CITATION))


def _needs(given: SubsidyInput, obliged: bool) -> tuple[str, ...]:
    if given.collective_agreement and given.rate is None:
        return ("rate",)
    if not given.exact or given.employer_saving_minor is not None or not (obliged or given.rate):
        return ()
    needs = [] if given.monthly_pay_minor is not None else ["monthly_pay_minor"]
    if Branch.HEALTH in given.branches and given.health_additional_rate is None:
        needs.append("health_additional_rate")
    amount = given.conversion_minor if given.conversion_minor is not None else given.contract_total_minor or 0
    pay = given.monthly_pay_minor
    if pay is not None and pay - amount <= transition_range(given.pay_date):
        # Contributions follow another formula there: payroll has to say what it saves.
        needs.append("employer_saving_minor")
    return tuple(needs)


def _rate(given: SubsidyInput, law: PensionLaw, obliged: bool) -> Fraction:
    if given.rate is None:
        return law.subsidy if obliged else Fraction(0)
    if obliged and given.rate < law.subsidy and not given.collective_agreement:
        raise DataError(
            f"the rate {exact(given.rate * 100)}% is below the statutory {exact(law.subsidy * 100)}%",
            where="rate",
            mend="Raise it, use `exact`, or set collective_agreement where one allows less",
        )
    return given.rate


Saving = Callable[[int, int], int]
"""What is saved by (converted, subsidy), cents: what the subsidy leaves of the social-free limit is what saves."""


def _saving(given: SubsidyInput, law: PensionLaw) -> Saving:
    def saved(converted: int, amount: int) -> int:
        if given.employer_saving_minor is not None:
            return given.employer_saving_minor
        free = min(converted, max(0, law.social_free_minor - given.other_employer_minor - amount))
        pay = given.monthly_pay_minor or 0
        return contributions(given, pay) - contributions(given, max(0, pay - free))

    return saved


def contributions(given: SubsidyInput, pay_minor: int) -> int:
    """The employer's part of all branches on a month's pay; each branch rounded half up to the cent."""
    return sum(round_to_int(min(pay_minor, ceiling) * rate, Rounding.HALF_UP) for rate, ceiling in _rates(given))


def _rates(given: SubsidyInput) -> list[tuple[Fraction, int]]:
    additional = given.health_additional_rate or Fraction(0)
    found = [
        employer_rate(branch, given.pay_date, additional, given.saxony, given.east)
        for branch in Branch
        if branch in given.branches
    ]
    return [(one.rate, one.ceiling_minor) for one in found]


def _subsidy_on(converted: int, rate: Fraction, saving: Saving | None) -> int:
    """The flat rate, or the largest amount that the saving it leaves still covers."""
    flat = subsidy_on(converted, rate)
    if saving is None or saving(converted, flat) >= flat:
        return flat
    low, high = 0, flat
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if saving(converted, middle) >= middle else (low, middle - 1)
    return low


def _divided(given: SubsidyInput, rate: Fraction, saving: Saving | None) -> tuple[int, int]:
    """The employee's conversion and the subsidy; a fixed contract is divided so that nothing is left over (B08)."""
    vwl = given.employer_vwl_minor
    if given.conversion_minor is not None:
        return given.conversion_minor, _subsidy_on(given.conversion_minor + vwl, rate, saving)
    total = given.contract_total_minor or 0
    flat = max(vwl, round_to_int(total / (1 + rate), Rounding.HALF_UP))
    if saving is None or _subsidy_on(flat, rate, saving) >= total - flat:
        return flat - vwl, total - flat
    low, high = flat, total
    # The least conversion that fills the contract with its subsidy; both only rise.
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle + _subsidy_on(middle, rate, saving) >= total else (middle + 1, high)
    return low - vwl, total - low


def _exact_steps(
    given: SubsidyInput, law: PensionLaw, converted: int, amount: int, saved: int | None
) -> tuple[Step, ...]:
    if saved is None:
        return ()
    told = money_step("employer's saving", saved, saved, "EUR")
    if given.employer_saving_minor is not None or given.monthly_pay_minor is None:
        return (told,)
    free = min(converted, max(0, law.social_free_minor - given.other_employer_minor - amount))
    pay = given.monthly_pay_minor
    steps = [
        Step(
            label=f"employer's {branch.value} rate, ceiling {one.ceiling_minor} cents",
            raw=exact(one.rate),
            value=f"{exact(one.rate * 100)}%",
        )
        for branch in Branch
        if branch in given.branches
        for one in (
            employer_rate(
                branch, given.pay_date, given.health_additional_rate or Fraction(0), given.saxony, given.east
            ),
        )
    ]
    before, after = contributions(given, pay), contributions(given, max(0, pay - free))
    return (
        *steps,
        money_step("conversion free of social insurance", free, free, "EUR"),
        money_step("employer's contributions before", before, before, "EUR"),
        money_step("employer's contributions after", after, after, "EUR"),
        told,
    )


def _reasons(given: SubsidyInput, law: PensionLaw, obliged: bool) -> tuple[Reason, ...]:
    reasons = [
        Reason(
            rule="subsidised by law",
            outcome=Outcome.PASS if obliged else Outcome.NOT_APPLICABLE,
            inputs={"way": given.way.value},
            citation="Section 1a (1a) BetrAVG: pension fund, Pensionskasse or direct insurance",
        )
    ]
    if given.collective_agreement:
        reasons.append(
            Reason(
                rule="collective agreement rules the subsidy",
                outcome=Outcome.PASS,
                inputs={"statutory": exact(law.subsidy)},
                citation="Section 19 (1) BetrAVG; BAG 20 August 2024, 3 AZR 286/23",
            )
        )
    return tuple(reasons)


CALCULATOR = Calculator(
    NAME,
    "The employer's subsidy to converted pay, flat or exact (Germany).",
    SubsidyInput,
    SubsidyResult,
    subsidy,
    VERSION,
    {
        "pay_date": "2023-05-31",
        "conversion_minor": 250_00,
        "exact": True,
        "monthly_pay_minor": 3_500_00,
        "health_additional_rate": "0.9%",
    },
)
