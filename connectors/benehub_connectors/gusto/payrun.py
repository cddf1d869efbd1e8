"""The simulated payroll's arithmetic: one check from what an employee holds. Integer minor units throughout.

It is a payroll in the small: a flat quarter of gross as tax, deductions taken whole or not at all, in the
order in which the company benefits were made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from benehub.money import Rounding, round_to_int
from benehub_connectors.gusto.words import IMPUTED_TYPES, RETIREMENT_TYPES

TAX_PERCENT = 25


@dataclass(slots=True)
class SimEmployee:
    """An employee of the simulated company; `gross_minor` is the pay of one period."""

    uuid: str
    code: str
    first_name: str
    last_name: str
    birth: date
    schedule: str
    gross_minor: int = field(repr=False)
    hired: date = date(2000, 1, 1)
    last_day: date | None = None
    work_email: str = ""


@dataclass(slots=True)
class SimCompanyBenefit:
    """A company benefit of the simulated company."""

    uuid: str
    description: str
    benefit_type: int
    active: bool = True


@dataclass(slots=True)
class SimHolding:
    """An employee benefit. `percent` replaces the flat deduction; contributions as Gusto means them."""

    uuid: str
    employee: str
    company_benefit: str
    deduction_minor: int = 0
    percent: Fraction | None = None
    scheme: str = "amount"
    contribution_minor: int = 0
    contribution_percent: Fraction = Fraction(0)
    tiers: tuple[tuple[Fraction, Fraction], ...] = ()
    elective: bool = False
    active: bool = True
    starts: date = date(1970, 1, 1)
    ends: date | None = None
    changes: int = 0

    def runs_on(self, day: date) -> bool:
        """Whether a check of that day takes it."""
        return self.active and self.starts <= day and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class Taken:
    """One benefit on a check."""

    benefit: SimCompanyBenefit
    deduction: int
    contribution: int


@dataclass(frozen=True, slots=True)
class SimCheck:
    """One employee's check; `pto` is name -> thousandths of an hour, `payout` such hours and the amount."""

    employee: SimEmployee
    gross: int
    tax: int
    benefits: tuple[Taken, ...]
    pto: Mapping[str, int]
    payout: tuple[int, int] | None = None

    @property
    def net(self) -> int:
        """What is paid."""
        return self.gross - self.tax - sum(one.deduction for one in self.benefits)


def check(
    employee: SimEmployee,
    gross: int,
    held: Sequence[tuple[SimCompanyBenefit, SimHolding]],
    holiday: Collection[str],
    pto: Mapping[str, int],
    payout: tuple[int, int] | None,
) -> SimCheck:
    """The check: each deduction whole while net pay lasts, none on its holiday; then the company's part.

    The match of a tiered contribution is worked out over all retirement deferrals of the check.
    """
    tax = gross * TAX_PERCENT // 100
    rest, taken = gross - tax, []
    on_check = [(benefit, one) for benefit, one in held if benefit.description not in holiday]
    for benefit, one in on_check:
        share = one.deduction_minor if one.percent is None else _part(gross, one.percent)
        share = share if share <= rest else 0
        rest -= share
        taken.append((benefit, one, share))
    deferred = sum(share for benefit, _, share in taken if benefit.benefit_type in RETIREMENT_TYPES)
    lines = tuple(Taken(benefit, share, _contribution(one, gross, share, deferred)) for benefit, one, share in taken)
    return SimCheck(employee, gross, tax, lines, pto, payout)


def is_imputed(benefit: SimCompanyBenefit) -> bool:
    """Whether the company's part counts as the employee's income."""
    return benefit.benefit_type in IMPUTED_TYPES


def match(gross: int, deferred: int, tiers: Sequence[tuple[Fraction, Fraction]]) -> int:
    """The match: each tier's rate on the deferral between the threshold before and its own."""
    total, before = Fraction(0), Fraction(0)
    for rate, threshold in tiers:
        within = min(Fraction(deferred), gross * threshold) - gross * before
        total += rate * max(Fraction(0), within)
        before = threshold
    return round_to_int(total, Rounding.HALF_UP)


def _contribution(one: SimHolding, gross: int, share: int, deferred: int) -> int:
    if one.scheme == "tiered":
        return match(gross, deferred, one.tiers)
    flat = _part(gross, one.contribution_percent) if one.scheme == "percentage" else one.contribution_minor
    return min(flat, share) if one.elective else flat


def _part(gross: int, rate: Fraction) -> int:
    return round_to_int(gross * rate, Rounding.HALF_UP)


def reversed_check(one: SimCheck) -> SimCheck:
    """The same check with every figure turned round."""
    lines = tuple(Taken(line.benefit, -line.deduction, -line.contribution) for line in one.benefits)
    return SimCheck(one.employee, -one.gross, -one.tax, lines, {}, None)
