"""Approved leave as payroll has to show it: minutes by employee, policy and pay date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from benehub import facts
from benehub.facts import PayPeriod
from benehub.periods import Interval
from benehub.rules.leave.spread import spread
from benehub.store import Session

Periods = Mapping[str, Sequence[PayPeriod]]
"""Person -> pay periods that are asked for."""


def approved(session: Session, periods: Periods) -> dict[tuple[str, str, date], int]:
    """(person, policy, pay date) -> minutes approved, split over pay periods by the working days of the leave."""
    days = [day for mine in periods.values() for one in mine for day in (one.start, one.end)]
    if not days:
        return {}
    found: dict[tuple[str, str, date], int] = defaultdict(int)
    window = Interval(min(days), date.fromordinal(max(days).toordinal() + 1))
    for (person_id, _), segments in facts.timelines(session, "leave_request", window).items():
        data, mine = segments[-1].data, periods.get(person_id, ())
        if data["status"] != "approved" or not mine:
            continue
        start, end = date.fromisoformat(data["start"]), date.fromisoformat(data["end"])
        parts = spread(int(data["minutes"]), start, end, [(one.start, one.end) for one in mine])
        for one, part in zip(mine, parts, strict=True):
            if part:
                found[(person_id, str(data["policy"]), one.pay_date)] += part
    return dict(found)
