"""Which weekdays the banks are closed on: no ACH or SEPA payment settles then.

The days come from the `holidays` library: of the United States the Federal Reserve Banks' (a holiday on a
Sunday is kept on the Monday; one on a Saturday is not kept, the Friday before is open), of a euro country the
closing days of TARGET, the euro's settlement system.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from benehub.errors import ConfigError

FIRST_YEAR = 2000
"""TARGET keeps its six closing days since then."""
LAST_YEAR = 2050
"""Further ahead than any plan, schedule or claim reaches; a later year is a typing error."""

FEDERAL_RESERVE = "XFED"
TARGET = "XECB"
EURO_COUNTRIES = frozenset(
    {
        *("at", "be", "bg", "cy", "de", "ee", "es", "fi", "fr", "gr", "hr"),
        *("ie", "it", "lt", "lu", "lv", "mt", "nl", "pt", "si", "sk"),
    }
)
"""Countries whose money is the euro (Bulgaria since 2026)."""


def bank_holidays(country: str, years: Iterable[int]) -> frozenset[date]:
    """Weekdays on which the banks of `country` are closed, in the given years.

    Raises:
        ConfigError: no calendar is known for the country, or a year lies outside 2000 to 2050.
    """
    market = _market(country)
    return frozenset(day for year in years for day in _closed(market, year))


def _market(country: str) -> str:
    code = country.lower()
    if code == "us":
        return FEDERAL_RESERVE
    if code in EURO_COUNTRIES:
        return TARGET
    raise ConfigError(
        f"no bank calendar is known for {country!r}",
        where="legal/calendars.py",
        mend=f"Use us or a euro country ({', '.join(sorted(EURO_COUNTRIES))})",
    )


@lru_cache(maxsize=256)
def _closed(market: str, year: int) -> frozenset[date]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ConfigError(
            f"no bank holidays are known for {year}",
            where="legal/calendars.py",
            mend=f"Check the date: calendars reach from {FIRST_YEAR} to {LAST_YEAR}",
        )
    import holidays  # only here: a tenth of a second is spared where no calendar is asked for

    # the language is named, or the names would follow the machine's locale
    found = holidays.financial_holidays(market, years=year, language="en_US")
    return frozenset(day for day in found if day.weekday() < 5)
