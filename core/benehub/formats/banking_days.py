"""On which banking day a payment is to settle: the day it is due, or the open day before it, and never in the past."""

from __future__ import annotations

from datetime import date, timedelta

from benehub.legal import bank_holidays


def is_banking_day(country: str, day: date) -> bool:
    """Whether the banks of a country (`us`, or one of the euro) are open.

    Raises:
        ConfigError: no calendar is known for the country or the year.
    """
    return day.weekday() < 5 and day not in bank_holidays(country, (day.year,))


def next_banking_day(country: str, day: date) -> date:
    """The first banking day that is not before `day`.

    Raises:
        ConfigError: as `is_banking_day`.
    """
    while not is_banking_day(country, day):
        day += timedelta(days=1)
    return day


def settlement_day(country: str, due: date, earliest: date) -> date:
    """The last banking day on or before `due`; the first one from `earliest` on where that has passed.

    Raises:
        ConfigError: as `is_banking_day`.
    """
    first = next_banking_day(country, earliest)
    while due > first and not is_banking_day(country, due):
        due -= timedelta(days=1)
    return max(due, first)
