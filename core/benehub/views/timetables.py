"""The times of a schedule as it is kept: what starts it, and what tells whether one of its times passed in vain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from benehub.engine.blackouts import parse_blackout
from benehub.engine.timetable import Closed, Timetable, check
from benehub.errors import DataError

CLOSED = tuple(one.value for one in Closed)
"""What may happen on week-ends and bank holidays."""


def zone_named(name: str) -> str:
    """The name of a time zone, as it is kept.

    Raises:
        DataError: there is none of this name.
    """
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(f"no time zone {name[:60]!r}", mend='Write it as "America/New_York"') from None


def timetable(row: Any) -> Timetable:
    """The times of a schedule's row.

    Raises:
        DataError: something of it cannot be read.
        ConfigError: no bank calendar is known for its country.
    """
    value = row if isinstance(row, dict) else row._mapping
    if value["closed_days"] not in CLOSED:
        raise DataError(
            f"closed days cannot be {value['closed_days'][:20]!r}", mend="Choose run, skip, before or after"
        )
    table = Timetable(
        zone=ZoneInfo(zone_named(value["zone"])), cron=value["cron"], every=timedelta(seconds=value["every_s"]),
        anchor=datetime.fromisoformat(value["anchor_at"]), closed=Closed(value["closed_days"]),
        country=value["country"], blackouts=tuple(map(parse_blackout, value["blackouts"])), jitter=value["jitter_s"],
    )  # fmt: skip
    check(table)
    return table
