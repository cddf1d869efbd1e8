"""The world's plans: their rates, how shares are split, and the same terms as a plan book for the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from benehub.periods import Month

EMPLOYER = "meadow"
CARRIER, KEEPER = "northstar", "summit"
MONTHS = (Month(2026, 9), Month(2026, 10))
PAY_DATES = (date(2026, 9, 15), date(2026, 9, 30), date(2026, 10, 15), date(2026, 10, 30))
PERIODS = {
    day: (day.replace(day=1 if day.day == 15 else 16), day if day.day == 15 else Month.of(day).last)
    for day in PAY_DATES
}  # fmt: skip
"""Pay date -> first and last day that it pays for."""
DEPOSIT_DAYS = 3
"""Bank days after which the trust has to have the money."""
TODAY = date(2026, 11, 2)
"""The day on which the world is compared: before the last pay date's money has to be with the trust (4 November)."""
DEFERRAL_PLAN = "401k"
CODES = {"pretax": "401K", "roth": "ROTH", "match": "MATCH", "loan": "LOAN"}


@dataclass(frozen=True, slots=True)
class Terms:
    """An insurance plan: rates in cents by tier, and the employer's part of them."""

    code: str
    rates: Mapping[str, int]
    percent: int = 0
    flat: int = 0
    daily: bool = False
    """The first month costs the days that are covered; cover begins on any day."""
    dearer: int = 0
    """What every tier costs more from the last month on, in cents."""

    def in_month(self, month: Month) -> Mapping[str, int]:
        """The rates of a month."""
        more = self.dearer if month >= MONTHS[-1] else 0
        return {tier: amount + more for tier, amount in self.rates.items()}

    def employee(self, premium: int) -> int:
        """The employee's share of a month's premium, in cents."""
        return premium - (half_up(Fraction(premium * self.percent, 100)) if self.percent else min(self.flat, premium))


PLANS: Mapping[str, Terms] = {
    "ppo": Terms("MED-PPO", {"EE": 60000, "ES": 126000, "EC": 114000, "FAM": 180000}, percent=80),
    "dental": Terms("DENTAL", {"EE": 3841, "ES": 7683, "EC": 8411, "FAM": 12293}, flat=2000, dearer=123),
    "vision": Terms("VISION", {"EE": 938, "ES": 1782, "EC": 1806, "FAM": 2750}, percent=50, daily=True),
}

RIVAL = ("hmo", Terms("MED-HMO", {"EE": 51000, "ES": 107100, "EC": 96900, "FAM": 153000}, percent=80))
"""A second medical plan that nobody chooses: who is billed for it is billed in the wrong plan."""


LIFE, LIFE_CODE = "life", "LIFE"
"""Group life: a year's pay up to the next 1,000, rated by age on the plan year's first day; the employer pays all."""
UNIT = 100000
"""What one rate is for, in cents, and the step to which the volume is rounded up."""
BANDS = ((0, 34, 6), (35, 44, 11), (45, 54, 23), (55, 99, 47))
"""First and last age, and cents a month for each unit of volume."""
RATED_ON = date(2026, 1, 1)
COVERED = (*PLANS, LIFE)


def band_of(age: int) -> int:
    """The place of the band that an age lies in."""
    return next(place for place, (first, last, _) in enumerate(BANDS) if first <= age <= last)


def band_text(place: int) -> str:
    """A band as bills tell it."""
    first, last, _ = BANDS[place]
    return f"{first}-{last}" if place < len(BANDS) - 1 else f"{first}+"


def half_up(value: Fraction) -> int:
    """To the nearest cent, halves up."""
    return int((value * 2 + 1) // 2)


def money(minor: int) -> str:
    """Cents as the files write them."""
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02d}"


def from_forfeitures(seed: int) -> bool:
    """Whether a world's plan lets forfeitures pay for the match."""
    return seed % 3 != 0


def plan_book(credit_days: int, forfeitures: bool) -> str:
    """The plan book of the world."""
    book = BOOK.replace("CREDIT_DAYS", str(credit_days)).replace("FORFEITURES", str(forfeitures).lower())
    return book + "".join([*(_plan(name, terms) for name, terms in (*PLANS.items(), RIVAL)), _life()])


def _life() -> str:
    ages = ", ".join(f"{{from: {first}, through: {last}, rate: {money(rate)}}}" for first, last, rate in BANDS)
    return f"""
  - id: {LIFE}
    name: Group life
    benefit_type: life
    carrier: {CARRIER}
    effective_from: {RATED_ON}
    volume: {{basis: year, round: {{to: {money(UNIT)}, mode: up}}}}
    rates: [{{from: {RATED_ON}, ages: [{ages}]}}]
    employer_contribution: {{scheme: percent_of_tier, percent: 100%}}
    eligibility: {{waiting: {{days: 30}}, entry: first_of_month}}
    deduction: {{code: {LIFE_CODE}, method: per_month, per_month: 2}}
"""


def _plan(name: str, terms: Terms) -> str:
    first, last = MONTHS[0], MONTHS[-1]
    rows = [("2026-01-01", last.first, terms.in_month(first)), (last.first, "2027-01-01", terms.in_month(last))]
    rates = "\n".join(
        f"      - {{from: {start}, to: {end}, tiers: {{"
        + ", ".join(f"{tier}: {money(amount)}" for tier, amount in found.items()) + "}}"
        for start, end, found in rows
    )  # fmt: skip
    share = f"scheme: percent_of_tier, percent: {terms.percent}%" if terms.percent else (
        f"scheme: flat, flat: {money(terms.flat)}"
    )  # fmt: skip
    entry = "{}" if terms.daily else "{waiting: {days: 30}, entry: first_of_month}"
    kind = "medical" if name in ("ppo", RIVAL[0]) else name
    return f"""
  - id: {name}
    name: {name.upper()}
    benefit_type: {kind}
    carrier: {CARRIER}
    effective_from: 2026-01-01
    rates:
{rates}
    employer_contribution: {{{share}}}
    eligibility: {entry}
    mid_period: {{start: {"daily" if terms.daily else "full_month"}}}
    deduction: {{code: {terms.code}, tax_class: pretax, method: per_month, per_month: 2}}
"""


TOLERANCE = (2, 5)
"""How much a line may be off by, and the lines of a file together, in cents."""

CENTS = f'{{line: "{TOLERANCE[0] / 100:.2f}", file: "{TOLERANCE[1] / 100:.2f}"}}'

BOOK = f"""# Written by `benehub worlds make`: the plans of a made-up employer.
schema_version: 1
employer: {{id: {EMPLOYER}, name: Meadow Tools, country: US, currency: USD, ein: 12-3456789}}
roles: {{hris: files, payroll: files, elections: files, recordkeeper: {KEEPER}}}
pay_groups:
  semimonthly: {{frequency: semimonthly, days: [15, last]}}
guards:
  push: {{end_percent: 40}}  # in two months far more people come and go here than anywhere
tolerance:
  payroll: {CENTS}
  premium: {CENTS}
  retirement: {CENTS}
carriers:
  {CARRIER}:
    {{premium_due_day: 1, grace_days: 31, pay_policy: pay_as_billed, transit_bank_days: 2, credit_days: CREDIT_DAYS}}
plans:
  - id: {DEFERRAL_PLAN}
    name: Meadow 401(k)
    benefit_type: retirement
    recordkeeper: {KEEPER}
    effective_from: 2026-01-01
    eligibility: {{waiting: {{months: 3}}, entry: quarterly}}
    deferral: {{pretax_code: {CODES["pretax"]}, roth_code: {CODES["roth"]}, loan_code: {CODES["loan"]}}}
    match:
      from_forfeitures: FORFEITURES
      code: {CODES["match"]}
      tiers: [{{rate: 100%, up_to: 3%}}, {{rate: 50%, up_to: 5%}}]
    deposit: {{standard_bank_days: {DEPOSIT_DAYS}}}
"""
