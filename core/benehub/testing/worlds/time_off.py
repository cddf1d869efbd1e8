"""Leave in a world: what stood in the old system, what was asked for, and what a leaver is paid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from benehub.testing.worlds.terms import PAY_DATES, PERIODS, half_up

POLICY, TAKEN, PAYOUT = "pto", "PTO", "PTO-OUT"
OPENED = date(2026, 8, 31)
"""The day of the opening balances."""
A_PAY = 300
"""Minutes earned with each pay: 120 hours a year on 24 pay dates."""
WORKING_YEAR = 2080
"""Hours that a yearly pay is for."""
LEAVE_POLICY = f"""leave:
  - id: {POLICY}
    name: Paid time off
    accrual: {{method: per_pay, annual_hours: 120, cap_hours: 400}}
    payout_on_termination: true
    taken_code: {TAKEN}
    payout_code: {PAYOUT}
"""


@dataclass(frozen=True, slots=True)
class Request:
    """Approved leave: so many minutes on each weekday from `start` on; it may reach into the next pay period."""

    start: date
    days: int
    a_day: int

    @property
    def dates(self) -> list[date]:
        """Its working days."""
        found: list[date] = []
        day = self.start
        while len(found) < self.days:
            found += [day] if day.weekday() < 5 else []
            day += timedelta(days=1)
        return found

    def by_pay_date(self) -> Mapping[date, int]:
        """Minutes that each pay date shows."""
        return {
            pay: minutes for pay, (first, last) in PERIODS.items()
            if (minutes := self.a_day * sum(first <= day <= last for day in self.dates))
        }  # fmt: skip


def opening(random: Random, hired: date) -> int:
    """Minutes of leave on the opening day; zero for who was not there."""
    return random.randrange(2400, 9600, 20) if hired <= OPENED else 0


def requests(random: Random, hired: date, left: date | None) -> tuple[Request, ...]:
    """At most one request a month; of whole days, or of 7:20 hours, which files write as 7.33."""
    if hired.year == 2026 or left is not None:
        return ()
    found = []
    for month, last in ((9, 28), (10, 27)):
        if random.random() < 0.4:
            start = date(2026, month, random.randint(3, last))
            found.append(Request(start, random.randint(1, 3), random.choice((480, 480, 440))))
    return tuple(found)


def hours(minutes: int) -> str:
    """As payroll writes hours: two decimals."""
    hundredths = half_up(Fraction(minutes * 100, 60))
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def worth(pay: int, minutes: int) -> int:
    """What so much leave is worth in cents at this pay of a pay date."""
    return half_up(Fraction(pay * 24 * minutes, WORKING_YEAR * 60))


def earned(until: date) -> int:
    """Minutes earned since the opening day up to a day."""
    return A_PAY * sum(day <= until for day in PAY_DATES)
