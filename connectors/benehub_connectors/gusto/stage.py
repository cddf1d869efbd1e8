"""The company at Gusto on which the contract kit proves the connector."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.records import DeductionOrder, LeaveOrder
from benehub.testing import Stage
from benehub_connectors.gusto.simulator import GustoSimulator

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def company() -> GustoSimulator:
    """Two employees, one processed payroll and one to come."""
    made = GustoSimulator(today=NOW.date())
    made.add_schedule("Biweekly", date(2026, 11, 6))
    for code, first, last, gross in (("1001", "Ada", "Byron", 320_000), ("1002", "Max", "Stein", 210_000)):
        made.add_employee(
            code, first, last, birth=date(1980, 3, 9), pay_group="Biweekly", gross_minor=gross, hired=date(2020, 1, 6)
        )
    for description, kind in (("MED-PPO", 1), ("DENTAL", 2), ("401K", 5)):
        made.add_benefit(description, kind)
    made.enroll("1002", "DENTAL", amount_minor=1250)
    made.run_payroll("Biweekly", date(2026, 11, 20), date(2026, 10, 25), date(2026, 11, 7))
    made.add_pay_period("Biweekly", date(2026, 12, 4), date(2026, 11, 8), date(2026, 11, 21))
    return made


def stage(_folder: Path) -> Stage:
    """A fresh company, and four deductions and a leave to write to it."""
    made = company()
    secrets = {"env:SECRET": made.client_secret, "env:REFRESH": made.refresh_token}

    return Stage(
        {
            "company": made.company, "client_id": made.client_id, "client_secret": "env:SECRET",
            "refresh_token": "env:REFRESH", "leave_codes": {"Vacation Hours": "PTO"}, "register_from": "2026-09-01",
            "events_days": 7,
        },
        secrets, made.handle, _items(made), lambda: made.written, harmless=("/oauth/token", "*/prepare"),
        renews=True, now=NOW,
        wiring={"wall_clock": lambda: NOW}, touch=lambda: _touched(made),
        webhooks=(
            *(made.event(at, "Employee", uuid) for at, uuid in enumerate(made.employees, 1)),
            made.event(3, "EmployeeBenefit", "b1"), made.event(4, "PaySchedule", "s1"),
        ),
    )  # fmt: skip


def _items(made: GustoSimulator) -> dict[str, list[dict[str, Any]]]:
    ada, max_ = (next(u for u, one in made.employees.items() if one.code == code) for code in ("1001", "1002"))
    usual = {"plan": "ppo", "tax_class": "pretax", "effective_from": date(2026, 12, 4)}
    orders = (
        {"employee": ada, "code": "MED-PPO", "employee_amount_minor": 6125, "employer_amount_minor": 24501},
        {"employee": max_, "code": "MED-PPO", "employee_amount_minor": 7350, "employer_amount_minor": 24502},
        {"employee": ada, "code": "401K", "plan": "401k", "employee_rate": "4%"},
        {"employee": max_, "code": "DENTAL", "plan": "dental", "employee_amount_minor": 1301},
    )
    leave = {
        "employee": ada, "policy": "pto", "code": "PTO", "pay_group": "Biweekly", "pay_date": "2026-12-04",
        "period_start": "2026-11-08", "period_end": "2026-11-21", "minutes": 440, "hours": "7.33",
    }  # fmt: skip
    return {
        "deduction.set": [DeductionOrder.model_validate(usual | one).model_dump(mode="json") for one in orders],
        "leave.take": [LeaveOrder.model_validate(leave).model_dump(mode="json")],
    }


def _touched(made: GustoSimulator) -> None:
    """Somebody at the company looks at every benefit held and saves it: what was read before is out of date."""
    for one in made.holdings.values():
        one.changes += 1
