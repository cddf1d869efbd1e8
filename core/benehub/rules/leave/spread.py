"""Leave over several pay periods: how much of it falls into each, by the working days it covers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from benehub.money import cumulative_share


def spread(minutes: int, start: date, end: date, periods: Sequence[tuple[date, date]]) -> list[int]:
    """Minutes of a leave from `start` to `end` in each period (all days inclusive), exact in their sum.

    Weekdays count alike; a leave that has none counts by all its days. What lies in no period is left out.
    """
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    counted = [day for day in days if day.weekday() < 5] or days
    share = {day: cumulative_share(minutes, k, len(counted)) for k, day in enumerate(counted, 1)}
    return [sum(part for day, part in share.items() if first <= day <= last) for first, last in periods]
