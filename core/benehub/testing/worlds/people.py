"""The people of a world and their histories: hired lately or long ago, gone, or in another tier than before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from benehub.periods import Month, age_on
from benehub.testing.worlds.terms import BANDS, LIFE, PERIODS, PLANS, RATED_ON, UNIT, band_of, half_up
from benehub.testing.worlds.time_off import Request, opening, requests

FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gia", "Hal", "Ida", "Jon", "Kim", "Leo", "Mia", "Ned", "Ola")
LAST = ("Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Linden", "Maple", "Oak", "Pine", "Rowan", "Willow")
JOINED = date(2026, 1, 1)
TIERS = ("EE", "ES", "EC", "FAM")
LAST_DAYS = (date(2026, 9, 30), date(2026, 9, 30), date(2026, 10, 9))
"""A leaver is covered to the end of the month, and paid in full for the pay period of the last day."""
TIER_CHANGE = (date(2026, 9, 1), date(2026, 10, 1))


@dataclass(frozen=True, slots=True)
class Choice:
    """One election of cover; the next one of the same plan ends it."""

    plan: str
    tier: str
    start: date


@dataclass(frozen=True, slots=True)
class Employee:
    """One employee; `pay` in cents a pay date, `percent` of it deferred into `source` (pretax or roth).

    `opening` is leave in minutes.
    """

    number: int
    first: str
    last: str
    born: date
    hired: date
    left: date | None
    pay: int
    choices: tuple[Choice, ...]
    source: str
    percent: int
    opening: int
    requests: tuple[Request, ...]
    loan: int = 0
    """What each pay date repays of a plan loan, in cents."""

    @property
    def ssn(self) -> str:
        """From a range that is never given out."""
        return f"9{self.number:08d}"

    def paid(self, day: date) -> bool:
        """Whether this pay date pays the employee anything."""
        start, end = PERIODS[day]
        return self.hired <= end and (self.left is None or self.left >= start)

    def cover(self, plan: str, month: Month) -> tuple[str, date] | None:
        """Tier of a month and the day the cover as a whole began; None without cover. It ends with a month."""
        if self.left is not None and self.left < month.first:
            return None
        mine = [one for one in self.choices if one.plan == plan]
        if not mine:
            return None
        begin = max(mine[0].start, self.hired if plan != LIFE and PLANS[plan].daily else entry(self.hired))
        if begin > month.last:
            return None
        return [one.tier for one in mine if one.start <= max(month.first, begin)][-1], begin

    def premium(self, plan: str, month: Month) -> int:
        """The premium of a month in cents, zero without cover."""
        found = self.cover(plan, month)
        if found is None:
            return 0
        if plan == LIFE:
            return self.life_premium(self.volume, self.band)
        (tier, begin), terms = found, PLANS[plan]
        full = terms.in_month(month)[tier]
        if not terms.daily or begin <= month.first:
            return full
        return half_up(Fraction(full * ((month.last - begin).days + 1), month.last.day))

    @property
    def volume(self) -> int:
        """A year's pay up to the next unit, in cents."""
        return -(-self.pay * 24 // UNIT) * UNIT

    @property
    def band(self) -> int:
        """The place of the age band by the age on the rating day."""
        return band_of(age_on(self.born, RATED_ON))

    @staticmethod
    def life_premium(volume: int, band: int) -> int:
        """A month of group life in cents."""
        return volume // UNIT * BANDS[band][2]

    def family(self, tier: str) -> tuple[tuple[str, str], ...]:
        """First name and relationship of whom a tier covers beside the employee."""
        spouse, child = ("Sam", "spouse"), ("Kit", "child")
        return {"EE": (), "ES": (spouse,), "EC": (child,), "FAM": (spouse, child)}[tier]

    def takings(self, plan: str, month: Month) -> dict[date, int]:
        """What each pay date of a month takes of the share, so that the month sums exactly."""
        share = PLANS[plan].employee(self.premium(plan, month))
        days = [day for day in PERIODS if Month.of(day) == month and self.paid(day)]
        sums = [half_up(Fraction(share * number, len(days))) for number in range(len(days) + 1)] if days else []
        return {day: after - before for day, before, after in zip(days, sums, sums[1:], strict=False)}

    def deferral(self, pay: int | None = None) -> int:
        """What a pay date defers, in cents; of another pay, if one is given."""
        return half_up(Fraction((self.pay if pay is None else pay) * self.percent, 100))

    def match(self, pay: int | None = None) -> int:
        """What the employer adds on a pay date: all up to 3 % of pay, half of the next 2 %."""
        pay, own = self.pay if pay is None else pay, self.deferral(pay)
        first = min(Fraction(own), Fraction(pay * 3, 100))
        second = max(Fraction(0), min(Fraction(own), Fraction(pay * 5, 100)) - first)
        return half_up(first + second / 2)


def entry(hired: date) -> date:
    """The first of a month on or after 30 days of waiting."""
    over = hired + timedelta(days=30)
    return over if over.day == 1 else Month.of(over).plus(1).first


def population(random: Random, count: int) -> list[Employee]:
    """So many people: about one in eight hired lately, one in seven gone, one in six choices in a new tier."""
    return [_employee(random, 1001 + number) for number in range(count)]


def _employee(random: Random, number: int) -> Employee:
    lately = random.random() < 1 / 8
    hired = date(2026, 6, 1) + timedelta(random.randrange(150)) if lately else (
        date(2015, 1, 5) + timedelta(random.randrange(3900))
    )  # fmt: skip
    left = random.choice(LAST_DAYS) if not lately and random.random() < 1 / 6 else None
    saves = not lately and random.random() < 0.7
    return Employee(
        number, random.choice(FIRST), random.choice(LAST), date(1965, 1, 1) + timedelta(random.randrange(13000)), hired,
        left, random.randrange(150000, 450000, 25), _choices(random, hired if lately else JOINED, lately),
        random.choice(("pretax", "pretax", "roth")) if saves else "", random.randrange(2, 9) if saves else 0,
        opening(random, hired), requests(random, hired, left),
        random.randrange(4000, 20000, 50) if saves and random.random() < 0.4 else 0,
    )  # fmt: skip


def _choices(random: Random, start: date, lately: bool) -> tuple[Choice, ...]:
    found = []
    for plan in PLANS:
        if random.random() < 0.75:
            tier = random.choice(TIERS)
            found.append(Choice(plan, tier, start))
            if not lately and random.random() < 1 / 6:
                other = random.choice([one for one in TIERS if one != tier])
                found.append(Choice(plan, other, random.choice(TIER_CHANGE)))
    if random.random() < 0.75:
        found.append(Choice(LIFE, "EE", start))
    return tuple(found)
