"""The company at Rippling on which the contract kit proves the connector."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.records import DeductionOrder
from benehub.testing import Stage
from benehub_connectors.rippling.simulator import RipplingSimulator

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def company() -> RipplingSimulator:
    """Two employees and one who left; a paid run, and one to come."""
    made = RipplingSimulator()
    ada = made.add_employee(1001, "Ada", "Byron", birth=date(1980, 3, 9), gross_minor=416_667)
    made.add_employee(1002, "Max", "Stein", birth=date(1975, 7, 1), gross_minor=210_000)
    made.add_employee(1000, "Eva", "Lund", birth=date(1990, 5, 5), gross_minor=300_000, active=False)
    for name, kind in (("Medical", "MEDICAL"), ("401K", "_401K"), ("Roth 401k", "ROTH_401K")):
        made.add_deduction(name, kind)
    made.hold(ada, "Medical", 6125, 24_501)
    made.deductions_401k[ada] = {"traditional": "4.0000", "traditional_is_percent": True}
    made.add_run(date(2026, 11, 15), date(2026, 11, 1), date(2026, 11, 15))
    made.add_run(date(2026, 11, 30), date(2026, 11, 16), date(2026, 11, 30), state="DRAFT")
    return made


def settings(made: RipplingSimulator) -> dict[str, Any]:
    """The settings that fit the company, by app."""
    app = {"client_id": made.client_id, "client_secret": "env:SECRET", "refresh_token": "env:REFRESH"}
    return {
        "app": app, "deferrals": {"401K": "traditional", "ROTH": "roth"}, "aliases": {"Roth 401k": "ROTH"},
        "register_from": "2026-09-01",
    }  # fmt: skip


def stage(_folder: Path) -> Stage:
    """A fresh company, and three deferrals to write to it."""
    made = company()
    ada, max_ = list(made.employees)[:2]
    usual: dict[str, Any] = {"plan": "401k", "tax_class": "pretax", "effective_from": date(2026, 12, 15)}
    orders = (
        {"employee": ada, "code": "401K", "employee_rate": "6.5%"},
        {"employee": ada, "code": "ROTH", "tax_class": "roth", "employee_amount_minor": 10_050},
        {"employee": max_, "code": "401K", "employee_amount_minor": 12_345, "employer_amount_minor": 5_001},
    )
    items = [DeductionOrder.model_validate(usual | one).model_dump(mode="json") for one in orders]
    return Stage(
        settings(made), {"env:SECRET": made.client_secret, "env:REFRESH": made.refresh_token}, made.handle,
        {"deduction.set": items}, lambda: made.effects, harmless=("/api/o/token/",), renews=True, now=NOW,
        wiring={"wall_clock": lambda: NOW},
        webhooks=(
            f"event_name=employee.updated&id={ada}".encode(), f"event_name=employee.updated&id={max_}".encode(),
            f"event_name=401_deductions_updated&id={ada}".encode(),
        ),
    )  # fmt: skip
