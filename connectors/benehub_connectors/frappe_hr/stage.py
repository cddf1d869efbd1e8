"""The Frappe site on which the contract kit proves the connector."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benehub.records import DeductionOrder
from benehub.testing import Stage
from benehub_connectors.frappe_hr.simulator import FrappeSimulator, month_before

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SETTINGS = {
    "base_url": "https://hr.example.com",
    "api_key": "env:KEY",
    "api_secret": "env:SECRET",
    "company": "Acme",
    "timezone": "Europe/Berlin",
    "page_size": 2,
    "change_ahead_days": 13,
    "fields": {"pay_group": "custom_pay_group"},
}
SECRETS = {"env:KEY": FrappeSimulator.api_key, "env:SECRET": FrappeSimulator.api_secret}


def site(*, refuse_overlap: bool = True) -> FrappeSimulator:
    """Three employees, one pay run with two deductions, two leaves and an allocation."""
    made = FrappeSimulator(datetime(2026, 11, 2, 9, 30), refuse_overlap=refuse_overlap)  # noqa: DTZ001 - a wall clock
    first, second, third = (
        made.hire(number, *name.split()) for number, name in enumerate(("Ada Byron", "Max Stein", "Lin Wu"), 1)
    )
    usual = {"type": "Deduction", "currency": "USD", "is_recurring": 1, "disabled": 0, "from_date": "2026-01-01",
             "to_date": "2099-12-31", "overwrite_salary_structure_amount": 0}  # fmt: skip
    for number, (employee, component, amount) in enumerate(
        ((second, "DENTAL", "12.5"), (third, "MED-PPO", "61.25"), (third, "Provident", "100.0")), 1
    ):
        told = {"salary_component": component, "amount": made.number(amount)}
        made.add("Additional Salary", f"HR-ADS-26-01-{number:05d}", employee=employee, **(usual | told))
    made.run_payroll(*month_before(date(2026, 11, 2)), date(2026, 10, 30))
    for number, (days, status) in enumerate((("1.5", "Approved"), ("2.0", "Rejected")), 1):
        made.add("Leave Application", f"HR-LAP-2026-{number:05d}", employee=first, leave_type="Privilege Leave",
                 from_date="2026-10-05", to_date="2026-10-06", status=status,
                 total_leave_days=made.number(days))  # fmt: skip
    made.add("Leave Allocation", "HR-LAL-2026-00001", employee=first, leave_type="Privilege Leave",
             from_date="2026-01-01", to_date="2026-12-31", total_leaves_allocated=made.number("20.0"))  # fmt: skip
    return made


def stage(_folder: Path) -> Stage:
    """A fresh site, two deductions to write to it, and one of ours to end."""
    made = site()
    made.add(
        "Additional Salary", "HR-ADS-26-01-00009", employee="HR-EMP-00003", salary_component="DENTAL", type="Deduction",
        amount=made.number("12.5"), currency="USD", is_recurring=1, disabled=0, from_date="2026-01-01",
        to_date="2099-12-31", overwrite_salary_structure_amount=1, custom_benehub_reference="benehub dental DENTAL",
    )  # fmt: skip
    usual = {"plan": "ppo", "tax_class": "pretax", "effective_from": date(2026, 11, 30)}
    orders = (
        {"employee": "HR-EMP-00001", "code": "MED-PPO", "employee_amount_minor": 6125},
        {"employee": "HR-EMP-00002", "code": "MED-PPO", "employee_amount_minor": 13001},
        {"employee": "HR-EMP-00003", "code": "DENTAL", "plan": "dental", "active": False},
    )
    items = [DeductionOrder.model_validate(usual | one).model_dump(mode="json") for one in orders]
    told = (("Employee", "HR-EMP-00001"), ("Employee", "HR-EMP-00002"), ("Leave Application", "HR-LAP-2026-00001"))
    events = tuple(json.dumps({"doctype": kind, "name": name}).encode() for kind, name in told)
    return Stage(
        {**SETTINGS, "pay_groups": {"Monthly": "monthly"}, "leave_policies": {"Privilege Leave": "pto"}}, SECRETS,
        made.handle, {"deduction.set": items}, lambda: made.changes, now=NOW, webhooks=events,
        touch=lambda: _touched(made),
    )  # fmt: skip


def _touched(made: FrappeSimulator) -> None:
    """Somebody saves every Additional Salary: what was read before is out of date."""
    made.now += timedelta(seconds=1)
    for name in made.docs["Additional Salary"]:
        made.change("Additional Salary", name)
