"""The BambooHR account on which the contract kit proves the connector."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

from benehub.testing import Stage
from benehub_connectors.bamboohr.simulator import BambooSimulator

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
AT = datetime(2026, 10, 1, 8, tzinfo=UTC)


def stage(_folder: Path) -> Stage:
    """Five people, two dependents, enrollments and a leave, read by OAuth 2 so that tokens end."""
    account = BambooSimulator()
    people = account.populate(5, AT)
    for number, person in enumerate(people[:2], 1):
        account.add_dependent(str(number), person)
    for person in people[:3]:
        account.enroll(person, "31", date(2026, 1, 1))
    account.enroll(people[0], "31", date(2026, 6, 1), dependent="1")
    account.request_time_off(1, people[0], date(2026, 11, 9), date(2026, 11, 10), "16")
    return Stage(
        {
            "company": "acme",
            "oauth": {"client_id": "benehub", "client_secret": "env:CLIENT", "refresh_token": "env:REFRESH"},
            "benefits": {"plans": {"31": "ppo"}, "since": 2026},
            "leave_policies": {"Vacation": "pto"},
        },
        {"env:CLIENT": "bamboo-secret", "env:REFRESH": "refresh-0"},
        account.handle,
        webhooks=tuple(_event(people[number]) for number in (0, 1)),
        renews=True,
        now=NOW,
        wiring={"wall_clock": lambda: NOW},
    )


def _event(employee: str) -> bytes:
    """An event as the vendor documents it."""
    data = {"companyId": "1", "employeeId": employee, "changedFields": ["firstName"]}
    told = {"type": "employee.updated", "timestamp": "2026-11-02T11:59:00+0000", "data": data}
    return json.dumps(told).encode()
