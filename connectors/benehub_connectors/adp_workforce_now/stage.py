"""The company at ADP on which the contract kit proves the connector."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from benehub.records import DeductionOrder
from benehub.testing import Stage
from benehub_connectors.adp_workforce_now.instructions import Rate
from benehub_connectors.adp_workforce_now.simulator import AdpSimulator

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)

MEDICAL = "Med.ASSOCIATE_CONTRIBUTION_CAFE125"
DENTAL = "Dental.ASSOCIATE_CONTRIBUTION_CAFE125"
DEFERRAL = "401.BASE_ASSOCIATE_CONTRIBUTION_TRADITIONAL"
ROTH = "401.BASE_ASSOCIATE_CONTRIBUTION_ROTH"


def company() -> AdpSimulator:
    """Two workers and one who left; a payroll, and one that is still worked on."""
    made = AdpSimulator(today=NOW.date(), codes=(MEDICAL, DENTAL, DEFERRAL, ROTH))
    usual: dict[str, Any] = {"birth": date(1980, 3, 9), "hired": date(2020, 1, 6)}
    ada = made.add_worker("1001", "Ada", "Byron", ssn="900000001", gross_minor=320_000, **usual)
    max_ = made.add_worker("1002", "Max", "Stein", ssn="900000002", gross_minor=210_000, **usual)
    made.add_worker("1000", "Eva", "Lund", ssn="900000003", gross_minor=300_000, last_day=date(2026, 6, 30), **usual)
    made.add_dependent(ada, "Anna", "Byron", birth=date(2015, 7, 16), ssn="900000004")
    made.hold(ada, DEFERRAL, Rate(rate=Fraction(4, 100)), date(2026, 1, 1))
    made.hold(max_, DENTAL, Rate(1250), date(2026, 1, 1))
    made.run_payroll("4AN-202611200001", date(2026, 11, 20), date(2026, 10, 25), date(2026, 11, 7),
                     leave={ada: ("VAC", "7.5000")})  # fmt: skip
    made.run_payroll("4AN-202612040001", date(2026, 12, 4), date(2026, 11, 8), date(2026, 11, 21), state="PVC")
    return made


def settings(made: AdpSimulator) -> dict[str, Any]:
    """The settings that fit the company."""
    return {
        "client_id": made.client_id, "client_secret": "env:SECRET", "certificate": "env:CERT", "key": "env:KEY",
        "codes": {"MED-PPO": MEDICAL, "DENTAL": DENTAL, "401K": DEFERRAL, "401K-ROTH": ROTH},
        "pay_groups": {"4AN": "biweekly"}, "leave_codes": {"VAC": "PTO"}, "register_from": "2026-09-01",
        "events": True,
    }  # fmt: skip


def changes(made: AdpSimulator) -> None:
    """Two workers have another name, and the queue says so."""
    for one, name in zip(made.workers.values(), ("King", "Stone"), strict=False):
        one.last_name = name
        made.tell("worker.legal-name.change", one.aoid)


def stage(_folder: Path) -> Stage:
    """A fresh company, and four deductions to write to it: two new ones, a change and an end."""
    made = company()
    ada, max_ = list(made.workers)[:2]
    usual: dict[str, Any] = {"plan": "ppo", "tax_class": "pretax", "effective_from": date(2026, 12, 4)}
    orders = (
        {"employee": ada, "code": "MED-PPO", "employee_amount_minor": 6125},
        {"employee": ada, "code": "401K", "plan": "401k", "employee_rate": "6.5%"},
        {"employee": max_, "code": "401K-ROTH", "plan": "401k", "tax_class": "roth", "employee_amount_minor": 10_050},
        {"employee": max_, "code": "DENTAL", "plan": "dental", "active": False},
    )
    items = [DeductionOrder.model_validate(usual | one).model_dump(mode="json") for one in orders]
    secrets = {"env:SECRET": made.client_secret, "env:CERT": "a certificate", "env:KEY": "a private key"}
    return Stage(
        settings(made), secrets, made.handle, {"deduction.set": items}, lambda: made.effects,
        harmless=("/auth/oauth/v2/token", "/core/v1/event-notification-messages/*"), renews=True, now=NOW,
        wiring={"wall_clock": lambda: NOW}, changes=lambda: changes(made),
    )  # fmt: skip
