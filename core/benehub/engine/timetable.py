"""When a schedule is due next: cron or interval, zone, business days, blackouts, jitter. Pure: no clock, no chance.

Cron goes by the clock on the wall of its zone: a time that the change to summer time leaves out comes at the first
moment after it, one that comes twice in autumn is kept once. An interval goes by elapsed time and knows no such
change. What falls into a blackout comes at its end, and what comes at the same moment is one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterBadDateError

from benehub.engine.blackouts import Blackout
from benehub.errors import ConfigError, DataError
from benehub.legal.calendars import bank_holidays

HORIZON_YEARS = 12
"""29 February comes back within eight years; what does not come within these never comes."""

TICK_SECONDS = 30
"""Pause between two looks for what is due."""

EDGE = timedelta(seconds=2 * TICK_SECONDS)
"""So long before a blackout or a closed day a spread time comes at the latest: the next look still finds it open."""

MAX_WINDOWS = 1000
"""Blackouts and closed days in a row that are walked over at most."""

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_CHANCE = re.compile(r"(?<![a-z])[hr](?![a-z])")

Draw = Callable[[str, int], int]
"""Gives a number from 0 to a bound for a key: the same key, the same number."""


class Closed(StrEnum):
    """What becomes of a time on a day that is no business day."""

    RUN = "run"
    """It is kept: days make no difference."""
    SKIP = "skip"
    """It is left out."""
    BEFORE = "before"
    """It comes at the same hour of the last business day before."""
    AFTER = "after"
    """It comes at the same hour of the next business day."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """What one schedule goes by; either `cron` or `every`."""

    zone: ZoneInfo
    cron: str = ""
    """Five fields: minute, hour, day, month, weekday."""
    every: timedelta = timedelta()
    anchor: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    """What intervals are counted from."""
    closed: Closed = Closed.RUN
    country: str = ""
    """Whose bank calendar tells business days."""
    blackouts: tuple[Blackout, ...] = ()
    jitter: int = 0
    """Seconds at most by which a time is spread."""

    def business(self, day: date) -> bool:
        """Whether it is a business day."""
        return day.weekday() < 5 and day not in bank_holidays(self.country, (day.year,))


def check(table: Timetable) -> None:
    """Refuse what cannot be kept.

    Raises:
        DataError: neither or both of cron and interval, a cron nobody can read, or days moved under an interval.
        ConfigError: no bank calendar is known for the country.
    """
    if bool(table.cron) == bool(table.every):
        raise DataError("a schedule goes by a cron or by an interval", mend="Give one of --cron and --every")
    fields = table.cron.split()
    if table.cron and (len(fields) != 5 or _CHANCE.search(table.cron.lower()) or not croniter.is_valid(table.cron)):
        raise DataError(f"no cron: {table.cron[:60]!r}",
                        mend='Five fields: minute hour day month weekday, as "0 6 * * mon-fri"')  # fmt: skip
    if table.every and table.every < timedelta(minutes=1):
        raise DataError("an interval is a minute at least", mend="Give --every as 15m, 6h or 1d")
    if table.every and table.closed in (Closed.BEFORE, Closed.AFTER):
        raise DataError("an interval has no hour of the day to be moved", mend="Use --closed-days skip, or --cron")
    if table.closed is not Closed.RUN:
        bank_holidays(table.country, (table.anchor.year,))


def next_slot(table: Timetable, after: datetime) -> datetime:
    """The first time strictly after a moment, in UTC, before it is spread by jitter.

    Raises:
        ConfigError: none comes within twelve years, or the bank calendar does not reach so far.
    """
    shut = _shut(table, after) if table.blackouts else None
    if shut is not None:
        base = _next_base(table, shut[0] - _TICK)
        if base < shut[1]:
            return shut[1]
    else:
        base = _next_base(table, after)
    later = _shut(table, base) if table.blackouts else None
    return base if later is None else later[1]


def opens(table: Timetable, at: datetime) -> datetime | None:
    """When something may start again, where nothing may at a moment: a blackout, a closed day where days are minded.

    Raises:
        ConfigError: the blackouts leave no time open.
    """
    held = _shut(table, at)
    return None if held is None else held[1]


def drawn(key: str, bound: int) -> int:
    """Chance by name: it spreads schedules over the bound and is the same in every process."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % (bound + 1)


def due_at(table: Timetable, slot: datetime, key: str, draw: Draw = drawn) -> datetime:
    """When a slot is really due: spread by jitter, unless that would end in a blackout or on a closed day, or so
    shortly before that nobody looks until it has begun."""
    if not table.jitter:
        return slot
    spread = slot + timedelta(seconds=draw(f"{key}/{slot.isoformat()}", table.jitter))
    shut = any(_shut(table, one) is not None for one in (spread, spread + EDGE))
    return slot if shut else spread


def _wall(table: Timetable, at: datetime) -> datetime:
    return at.astimezone(table.zone).replace(tzinfo=None, fold=0)


def _instant(table: Timetable, wall: datetime, fold: int = 0) -> datetime:
    """The moment the wall clock shows this; where it never does, the first moment after."""
    at = wall.replace(tzinfo=table.zone, fold=fold).astimezone(UTC)
    if _wall(table, at) == wall:
        return at
    whole = wall.replace(second=0, microsecond=0)
    while _wall(table, at := whole.replace(tzinfo=table.zone).astimezone(UTC)) != whole:
        whole += timedelta(minutes=1)
    return at


def _next_base(table: Timetable, after: datetime) -> datetime:
    """The first time strictly after a moment, days moved, blackouts not looked at."""
    if table.every:
        times = _intervals(table, after)
    elif table.closed in (Closed.BEFORE, Closed.AFTER):
        times = _moved(table, after)
    else:
        times = _walls(table, after)
    return next(at for at in times if at > after)


def _intervals(table: Timetable, after: datetime) -> Iterator[datetime]:
    while True:
        at = table.anchor + ((after - table.anchor) // table.every + 1) * table.every
        day = _wall(table, at).date()
        if table.closed is Closed.RUN or table.business(day):
            yield at
            after = at
        else:
            after = _instant(table, datetime.combine(_open_day(table, day, _DAY), time.min)) - _TICK


def _walls(table: Timetable, after: datetime) -> Iterator[datetime]:
    wall = _wall(table, after)
    last = wall.year + HORIZON_YEARS
    while True:
        wall = _cron_after(table, wall, last)
        if table.closed is Closed.RUN or table.business(wall.date()):
            yield _instant(table, wall)
        else:
            wall = datetime.combine(wall.date(), time.max)


def _moved(table: Timetable, after: datetime) -> Iterator[datetime]:
    """Times of each business day: its own, and those of the closed days that are moved to it."""
    first, target = _span(table, _wall(table, after).date())
    wall = datetime.combine(first, time.min) - _TICK
    last = wall.year + HORIZON_YEARS
    while True:
        wall = _cron_after(table, wall, last)
        _, target = _span(table, wall.date())
        end = target if table.closed is Closed.AFTER else _open_day(table, target + _DAY, _DAY) - _DAY
        hours = set()
        while wall.date() <= end:
            hours.add(wall.time())
            wall = _cron_after(table, wall, last + HORIZON_YEARS)
        yield from sorted({_instant(table, datetime.combine(target, hour)) for hour in hours})
        wall = datetime.combine(end, time.max)


def _span(table: Timetable, day: date) -> tuple[date, date]:
    """The first of the days that are moved to where this one is, and that business day."""
    if table.closed is Closed.BEFORE:
        target = _open_day(table, day, -_DAY)
        return target, target
    target = _open_day(table, day, _DAY)
    return _open_day(table, target - _DAY, -_DAY) + _DAY, target


def _open_day(table: Timetable, day: date, step: timedelta) -> date:
    while not table.business(day):
        day += step
    return day


def _cron_after(table: Timetable, wall: datetime, last_year: int) -> datetime:
    found: datetime | None
    try:
        found = croniter(table.cron, wall, ret_type=datetime).get_next()
    except CroniterBadDateError:
        found = None
    if found is None or found.year > last_year:
        raise ConfigError(f"no time comes by {table.cron!r}", where="schedule", mend="Mend its cron or its days")
    return found


def _shut(table: Timetable, at: datetime) -> tuple[datetime, datetime] | None:
    """The time [from, to) without a start that holds a moment: blackouts, and closed days where days are minded."""
    if (held := _window(table, at)) is None:
        return None
    begin, end = held
    for _ in range(MAX_WINDOWS):
        if (before := _window(table, begin - _TICK)) is None:
            break
        begin = before[0]
    for _ in range(MAX_WINDOWS):
        if (then := _window(table, end)) is None:
            return begin, end
        end = then[1]
    raise ConfigError("the blackouts leave no time open", where="schedule", mend="Leave one of them out")


def _window(table: Timetable, at: datetime) -> tuple[datetime, datetime] | None:
    wall = _wall(table, at)
    spans = [found for one in table.blackouts if (found := one.span(wall)) is not None]
    if table.closed is not Closed.RUN and not table.business(wall.date()):
        day = datetime.combine(wall.date(), time.min)
        spans.append((day, day + _DAY))
    if not spans:
        return None
    # In autumn an hour is shown twice: a window ends where its end is shown next, and began where it was shown last.
    begins = [at_ for one in spans for fold in (0, 1) if (at_ := _instant(table, one[0], fold)) <= at]
    ends = [at_ for one in spans for fold in (0, 1) if (at_ := _instant(table, one[1], fold)) > at]
    return max(begins, default=at), min(ends, default=at + timedelta(hours=1))
