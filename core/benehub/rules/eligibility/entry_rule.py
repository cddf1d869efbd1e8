"""How a plan words its waiting period, and which wordings are refused before anybody is hired under them.

A US medical plan has to cover an eligible employee by the 91st day, every calendar day counted
(29 CFR 2590.715-2708). A wording that only now and then runs past it is clamped to that day; one that the
limit would overrule for most start dates is a configuration error, because what it says is not what it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from benehub.errors import ConfigError
from benehub.legal import limit
from benehub.legal.tables import legal_tables
from benehub.periods import Month, add_months


class WaitUnit(StrEnum):
    """What the wait is counted in; HOURS are cumulative hours of service."""

    DAYS = "days"
    MONTHS = "months"
    HOURS = "hours"


class EntryGrid(StrEnum):
    """On which days cover can begin once the wait is over.

    FIRST_OF_MONTH counts a wait that ends on the first as that very day ("on or after");
    FIRST_OF_MONTH_AFTER does not ("strictly after"). QUARTERLY: the first of January, April, July and October.
    DATES: the plan's own days of each year, such as 1 January and 1 July, on or after the wait.
    """

    IMMEDIATE = "immediate"
    FIRST_OF_MONTH = "first_of_month"
    FIRST_OF_MONTH_AFTER = "first_of_month_after"
    FIRST_OF_PAY_PERIOD = "first_of_pay_period"
    QUARTERLY = "quarterly"
    DATES = "dates"


@dataclass(frozen=True, slots=True)
class EntryRule:
    """A plan's way from the start date to the first day of cover.

    `wait` is in `wait_unit`; `us_medical` switches the 91st-day limit on (off for excepted benefits).
    `entry_dates` are (month, day) pairs for the grid DATES; `wait_after_hours` are days that follow a wait in
    hours. `clamp` False: the plan does not say that cover begins by the limit at the latest, so a wording that
    runs past it on any start date is refused. `large_employer` adds the first day of the fourth full calendar
    month of employment as a limit.
    """

    wait: int = 0
    wait_unit: WaitUnit = WaitUnit.DAYS
    grid: EntryGrid = EntryGrid.IMMEDIATE
    orientation_months: int = 0
    us_medical: bool = True
    entry_dates: tuple[tuple[int, int], ...] = ()
    wait_after_hours: int = 0
    clamp: bool = True
    large_employer: bool = False


def month_day(text: str) -> tuple[int, int]:
    """A day of each year from `MM-DD`; 29 February is none.

    Raises:
        ConfigError: no such day.
    """
    try:
        day = date.fromisoformat(f"2023-{text}")
    except ValueError:
        raise ConfigError(
            f"no day of each year: {text!r}", where="entry rule: entry_dates", mend="Write MM-DD, such as 07-01"
        ) from None
    return day.month, day.day


def after_orientation(start: date, months: int) -> date:
    """First day of the wait: the day after an orientation of 0 or 1 calendar month (worked case E03).

    One month less a day; where the next month has no such day the orientation lasts to that month's end.
    """
    if months == 0:
        return start
    month = Month.of(start).plus(1)
    return month.end if start.day > month.days else date(month.year, month.month, start.day)


def wait_end(wait_start: date, rule: EntryRule, hours_reached_on: date | None) -> date | None:
    """First day after the wait; None while the day on which the hours were reached is unknown."""
    match rule.wait_unit:
        case WaitUnit.DAYS:
            return wait_start + timedelta(days=rule.wait)
        case WaitUnit.MONTHS:
            return add_months(wait_start, rule.wait)
        case WaitUnit.HOURS:
            if hours_reached_on is None:
                return None
            return max(wait_start, hours_reached_on) + timedelta(days=rule.wait_after_hours)


def on_grid(
    day: date,
    grid: EntryGrid,
    pay_period_starts: tuple[date, ...] = (),
    entry_dates: tuple[tuple[int, int], ...] = (),
) -> date | None:
    """The first entry day the grid offers from `day`; None where no loaded pay period starts late enough."""
    first = date(day.year, day.month, 1)
    match grid:
        case EntryGrid.IMMEDIATE:
            return day
        case EntryGrid.FIRST_OF_MONTH:
            return day if day == first else Month.of(day).end
        case EntryGrid.FIRST_OF_MONTH_AFTER:
            return Month.of(day).end
        case EntryGrid.FIRST_OF_PAY_PERIOD:
            return min((start for start in pay_period_starts if start >= day), default=None)
        case EntryGrid.QUARTERLY:
            quarter = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
            return quarter if day == quarter else add_months(quarter, 3)
        case EntryGrid.DATES:
            days = (date(year, *one) for year in (day.year, day.year + 1) for one in entry_dates)
            return min((one for one in days if one >= day), default=None)


def latest_legal(day_counted_from: date) -> date | None:
    """The 91st day, counting `day_counted_from` as the first (worked case E01); None before the law held."""
    if day_counted_from < law_from("waiting_period_days"):
        return None
    return day_counted_from + timedelta(days=limit("us", "waiting_period_days", day_counted_from).value)


def latest_offer(start: date) -> date | None:
    """First day of the fourth full calendar month of employment; a month begun on its first day is full."""
    if start < law_from("aca_offer_month"):
        return None
    first_full = start if start.day == 1 else Month.of(start).end
    return add_months(first_full, limit("us", "aca_offer_month", start).value - 1)


def law_from(key: str) -> date:
    """The first day on which a rule of US law held: people hired before it are older than the rule."""
    return legal_tables("us")[key].values[0].valid_from


@lru_cache(maxsize=1024)
def check_entry_rule(rule: EntryRule) -> None:
    """Refuse a wording that cannot be meant or cannot be kept; a plan book is checked with it when loaded.

    Raises:
        ConfigError: a negative wait, an orientation longer than a month, more hours than the law allows, or
            (US medical) the 91st-day limit would overrule the wording on more than half of all start dates,
            or on any where the plan does not clamp to it; a grid of dates without dates.
    """
    if rule.wait < 0 or rule.orientation_months < 0 or rule.wait_after_hours < 0:
        raise ConfigError("a waiting period is negative", where="entry rule", mend="Use 0 for no wait")
    if rule.orientation_months > 1:
        raise ConfigError(
            f"an orientation of {rule.orientation_months} months",
            where="entry rule: orientation_months",
            mend="At most one month is an orientation; move the rest into the wait",
        )
    if (rule.grid is EntryGrid.DATES) != bool(rule.entry_dates):
        raise ConfigError(
            "entry dates and the grid `dates` go together",
            where="entry rule: entry_dates",
            mend="Give the days of the year on which cover begins, or another grid",
        )
    if rule.wait_after_hours and rule.wait_unit is not WaitUnit.HOURS:
        raise ConfigError(
            "days after an hours condition, and no such condition",
            where="entry rule: wait_after_hours",
            mend="Put the days into the wait itself",
        )
    if not rule.us_medical:
        return
    hours = limit("us", "waiting_hours", _SAMPLE_START).value
    if rule.wait_unit is WaitUnit.HOURS and rule.wait > hours:
        raise ConfigError(
            f"a wait of {rule.wait} hours",
            where="entry rule: wait",
            mend=f"At most {hours} hours are allowed",
        )
    broken = _days_overruled(rule)
    percent = 100 * broken // _SAMPLE_DAYS
    if percent > 50 or (broken and not rule.clamp):
        often = f"{percent} %" if percent else f"{broken} of {_SAMPLE_DAYS}"
        raise ConfigError(
            f"a wait of {rule.wait} {rule.wait_unit.value} with entry {rule.grid.value} breaks the 91st-day "
            f"limit on {often} of start dates",
            where="entry rule",
            mend='Shorten the wait; "first of month on or after 60 days" is never later than day 91',
        )


_SAMPLE_START = date(2025, 1, 1)
_SAMPLE_DAYS = 1461
"""Four years of start dates: every month length and weekday is met."""


def _days_overruled(rule: EntryRule) -> int:
    """On how many start dates the wording runs past the 91st day (pay periods taken as biweekly)."""
    periods = tuple(_SAMPLE_START + timedelta(days=14 * k) for k in range(_SAMPLE_DAYS // 14 + 60))
    # the reach of one pay period is enough: a full scan of the list per day would be quadratic
    over = 0
    for offset in range(_SAMPLE_DAYS):
        start = _SAMPLE_START + timedelta(days=offset)
        counted = after_orientation(start, rule.orientation_months)
        done = wait_end(counted, rule, counted)
        assert done is not None
        near = (done - _SAMPLE_START).days // 14
        entry = on_grid(done, rule.grid, periods[near : near + 2], rule.entry_dates)
        legal = latest_legal(counted)
        over += entry is None or (legal is not None and entry > legal)
    return over
