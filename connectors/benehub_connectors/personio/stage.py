"""The Personio account on which the contract kit proves the connector."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from benehub.testing import Stage
from benehub_connectors.personio.simulator import BORN, GROUP, NUMBER, SINCE, SSN, PersonioSimulator

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
AT = datetime(2026, 11, 2, 11, 30, tzinfo=UTC)


def stage(_folder: Path) -> Stage:
    """Five people read two a page, three absences in days and two in hours."""
    account = PersonioSimulator()
    people = account.populate(5, AT)
    for number, person in enumerate(people[:3], 1):
        account.add_days_off(number, person, date(2026, 11, 9), date(2026, 11, 10), "2")
    for day in (3, 4):
        account.add_hours_off(
            people[day], f"2026-12-0{day}T08:00:00.0Z", f"2026-12-0{day}T10:30:00.0Z", {date(2026, 12, day): 150}
        )
    return Stage(
        {
            "client_id": "papi-benehub",
            "client_secret": "env:SECRET",
            "page_size": 2,
            "pay_groups": {"monatlich": "monthly"},
            "leave_policies": {"Vacation": "pto", "Care": "pto"},
            "fields": {
                "birth_date": BORN, "ssn": SSN, "employee_number": NUMBER, "salary_from": SINCE, "pay_group": GROUP,
            },
        },
        {"env:SECRET": "papi-secret"},
        account.handle,
        harmless=("/v1/auth",),
        renews=True,
        now=NOW,
        wiring={"wall_clock": lambda: NOW},
    )  # fmt: skip
