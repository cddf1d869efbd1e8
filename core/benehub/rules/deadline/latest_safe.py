"""The latest safe moment of anything that has a day to be there: counted back over closed days, with what is left.

It goes by three things that others decide: the day it has to be there, the bank days it travels (or that the other
side needs beforehand), and the hour after which the other side takes it for the next day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, Field

from benehub.errors import DataError
from benehub.legal import bank_holidays
from benehub.periods import business_day_before, nth_business_day
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, RuleModel, explain
from benehub.rules.registry import calculator

NAME = "deadline.latest-safe"
VERSION = "1"
EVERY_DAY = frozenset(range(1, 8))
SOON_DAYS, NEAR_DAYS = 5, 2
"""Business days that are left from when on it is coming, and near."""


class Level(StrEnum):
    """How pressing it is, by the business days that are left.

    CALM: more than five. T5: five or fewer. T2: two or fewer. TODAY: this is the last day. LATE: the moment is past.
    """

    CALM = "calm"
    T5 = "t5"
    T2 = "t2"
    TODAY = "today"
    LATE = "late"


ALARMS = (Level.T5, Level.T2, Level.TODAY, Level.LATE)
"""The levels that are told, the least pressing first."""


def told_from(level: Level) -> tuple[Level, ...]:
    """The levels that somebody is told who wants to hear from this one on."""
    return ALARMS[ALARMS.index(level) :]


class LatestSafeInput(RuleModel):
    """What has to be there by when, how long it travels, and when the other side takes it."""

    due: Day
    """The last day on which it may be there."""
    lead_bank_days: Annotated[int, Field(strict=True, ge=0, le=30)] = 0
    """Bank days between the day it leaves and the day it is there; 0: it arrives the day it leaves."""
    cutoff: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "17:00"
    """The hour, HH:MM, after which what is sent counts as sent the next day."""
    timezone: str = "America/New_York"
    """IANA name of the time zone that the cut-off is in."""
    weekdays: frozenset[Annotated[int, Field(strict=True, ge=1, le=7)]] = EVERY_DAY
    """Days of the week on which the other side takes it, 1 Monday to 7 Sunday; closed days never count."""
    country: Annotated[str, Field(pattern=r"^[a-zA-Z]{2}$")] = "us"
    """Whose bank holidays are closed days: us, or the two letters of a euro country."""
    as_of: AwareDatetime | None = None
    """The moment at which one asks how much is left, with its offset; empty: nobody asks."""


class LatestSafe(RuleModel):
    """The moment, the days on which to speak, and what is left; the moment is UTC."""

    send_by: date
    """The last day on which it may leave."""
    latest_safe: datetime
    """That day's cut-off, in UTC."""
    soon_on: date
    """Five business days before that day."""
    near_on: date
    """Two business days before it."""
    slack_days: int | None
    """Business days from as_of to send_by: 0 on the day itself, below zero once it is past; empty without as_of."""
    level: Level | None
    """How pressing it is at as_of; empty without one."""


def send_by(
    due: date, lead_bank_days: int, holidays: frozenset[date], weekdays: frozenset[int] = EVERY_DAY
) -> date:  # fmt: skip
    """The last day on which something may leave to be there by `due`; what would arrive on a closed day arrives before.

    Args:
        due: the last day on which it may be there.
        lead_bank_days: bank days it travels.
        holidays: closed weekdays, over all years that are counted through.
        weekdays: days of the week on which it is taken.
    """
    # counted from the day after, so that the day itself is used where the banks are open
    day = business_day_before(due + timedelta(days=1), lead_bank_days + 1, holidays)
    while day.isoweekday() not in weekdays:
        day = business_day_before(day, 1, holidays)
    return day


def slack(today: date, last: date, holidays: frozenset[date]) -> int:
    """Business days from `today` to `last`, without the first and with the last; below zero where it is past."""
    first, end = sorted((today, last))
    days = (first + timedelta(days=n) for n in range(1, (end - first).days + 1))
    count = sum(1 for day in days if day.weekday() < 5 and day not in holidays)
    return count if today <= last else -max(1, count)


def level_at(now: datetime, latest: datetime, left: int) -> Level:
    """How pressing it is at a moment, with so many business days left."""
    if now > latest:
        return Level.LATE
    if left <= 0:
        return Level.TODAY
    if left <= NEAR_DAYS:
        return Level.T2
    return Level.T5 if left <= SOON_DAYS else Level.CALM


def last_days(today: date, passed: bool, holidays: frozenset[date]) -> dict[Level, date]:
    """For each alarm, the latest day to send that is at this level or a more pressing one; for many rows at once.

    Args:
        today: the day on the wall.
        passed: whether today's cut-off is past.
        holidays: closed weekdays.
    """
    return {
        Level.T5: nth_business_day(today, SOON_DAYS + 1, holidays) - timedelta(days=1),
        Level.T2: nth_business_day(today, NEAR_DAYS + 1, holidays) - timedelta(days=1),
        Level.TODAY: nth_business_day(today, 1, holidays) - timedelta(days=1),
        Level.LATE: today if passed else today - timedelta(days=1),
    }


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name.

    Raises:
        DataError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(
            f"no time zone is named {name!r}", where="timezone", mend="Use a name such as America/New_York"
        ) from None


def latest_safe(
    *,
    due: date,
    holidays: frozenset[date],
    lead_bank_days: int = 0,
    cutoff: time = time(17, 0),
    timezone: str = "America/New_York",
    weekdays: frozenset[int] = EVERY_DAY,
    as_of: datetime | None = None,
) -> Calculation[LatestSafe]:
    """The latest safe moment, and how much is left at `as_of`.

    Raises:
        DataError: no such time zone, or it is taken on no weekday that is open.
    """
    zone = zone_of(timezone)
    if not weekdays & {1, 2, 3, 4, 5}:
        raise DataError(
            "it is taken on no day on which banks are open", where="weekdays", mend="Name one of 1 (Monday) to 5"
        )
    last = send_by(due, lead_bank_days, holidays, weekdays)
    latest = datetime.combine(last, cutoff, zone).astimezone(UTC)
    left = None if as_of is None else slack(as_of.astimezone(zone).date(), last, holidays)
    result = LatestSafe(
        send_by=last,
        latest_safe=latest,
        soon_on=business_day_before(last, SOON_DAYS, holidays),
        near_on=business_day_before(last, NEAR_DAYS, holidays),
        slack_days=left,
        level=None if as_of is None or left is None else level_at(as_of, latest, left),
    )
    inputs = {
        "due": due, "lead_bank_days": lead_bank_days, "cutoff": cutoff.isoformat("minutes"), "timezone": timezone,
        "weekdays": sorted(weekdays), "as_of": as_of,
    }  # fmt: skip
    there = send_by(due, 0, holidays)
    steps = [
        Step(label="there by", raw=f"{due}, or the open day before it", value=there.isoformat()),
        Step(label="leaves by", raw=f"{lead_bank_days} bank days before {there}", value=last.isoformat()),
        Step(label="latest safe moment", raw=f"{cutoff:%H:%M} {timezone}", value=latest.isoformat()),
    ]
    if as_of is not None and result.level is not None:
        steps.append(Step(label="left", raw=f"business days from {as_of.isoformat()}", value=str(left)))
        steps.append(Step(label="level", raw=f"{left} business days left", value=result.level.value))
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps)))


@calculator(
    NAME,
    "By when something has to leave to be there in time, and how much is left.",
    LatestSafeInput,
    LatestSafe,
    VERSION,
    example={"due": "2026-11-30", "lead_bank_days": 2, "cutoff": "15:00", "as_of": "2026-11-23T14:00:00-05:00"},
)
def compute(given: LatestSafeInput) -> Calculation[LatestSafe]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: no such time zone, or a bank calendar is not loaded.
    """
    first = given.due - timedelta(days=3 * given.lead_bank_days + 40)
    asked = given.as_of.astimezone(zone_of(given.timezone)).date() if given.as_of else given.due
    years = range(min(first, asked).year, max(given.due, asked).year + 1)
    return latest_safe(
        due=given.due,
        holidays=bank_holidays(given.country, years),
        lead_bank_days=given.lead_bank_days,
        cutoff=time.fromisoformat(given.cutoff),
        timezone=given.timezone,
        weekdays=given.weekdays,
        as_of=given.as_of,
    )
