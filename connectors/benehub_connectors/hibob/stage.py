"""The HiBob account on which the contract kit proves the connector."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

from benehub.testing import Stage
from benehub_connectors.hibob.simulator import HibobSimulator, at

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def stage(_folder: Path) -> Stage:
    """Three people, a raise, and three requests for time off, one of them canceled."""
    account = HibobSimulator()
    people = account.populate(3)
    account.set_pay(people[0], date(2026, 4, 1), "5100.25", period="Monthly", currency="EUR")
    day = date(2026, 11, 2)
    for number, person in enumerate(people, 1):
        account.take_off(number, person, date(2026, 11, 9), date(2026, 11, 10), "2", at(day, 10 + number // 3))
    account.withdraw(3, at(day, 11))
    account.add_entry("family", people[0], first="Anna", last="Alder", born="2015-07-16", kind="Daughter")
    columns = {"first_name": "first", "last_name": "last", "birth_date": "born", "relationship": "kind"}
    return Stage(
        {
            "service_user": "SERVICE-1", "token": "env:TOKEN", "default_pay_group": "monthly",
            "leave_from": "2026-01-01", "leave_policies": {"Holiday": "pto"},
            "dependents": {"table": "family", **columns},
        },
        {"env:TOKEN": "bob-token"},
        account.handle,
        harmless=("/v1/people/search",),
        now=NOW,
        webhooks=_events(people),
    )  # fmt: skip


def _events(people: list[str]) -> tuple[bytes, ...]:
    told = (("employee.updated", people[0]), ("timeoff.request.approved", people[1]), ("employee.created", people[2]))
    bodies = [
        {"version": "v2", "type": kind, "triggeredAt": f"2026-11-02T09:0{at}:00Z", "data": {"employeeId": who}}
        for at, (kind, who) in enumerate(told)
    ]
    return tuple(json.dumps(one).encode() for one in bodies)
