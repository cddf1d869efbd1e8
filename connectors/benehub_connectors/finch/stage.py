"""The payroll behind Finch on which the contract kit proves the connector."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.connect import jsontext
from benehub.connect.testing import WireRequest, WireResponse
from benehub.records import DeductionOrder
from benehub.testing import Stage
from benehub_connectors.finch.simulator import FinchSimulator

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)

READS = ("/employer/individual", "/employer/employment", "/employer/pay-statement")
"""What Finch wants as a POST and changes nothing."""


def company() -> FinchSimulator:
    """Three people, three benefits and two payrolls; a page holds two, so that every list has a second one."""
    made = FinchSimulator(today=NOW.date(), page_cap=2)
    for number, first, last, gross in (
        ("1001", "Ada", "Byron", 320_000), ("1002", "Max", "Stein", 210_000), ("1003", "Eva", "Neu", 180_000),
    ):  # fmt: skip
        made.add_person(number, first, last, birth=date(1980, 3, 9), gross_minor=gross, hired=date(2020, 1, 6))
    for description, kind in (("MED-PPO", "s125_medical"), ("DENTAL", "s125_dental"), ("401K", "401k")):
        made.add_benefit(description, kind)
    made.hand_edit(
        "1002", "DENTAL", employee_deduction={"type": "fixed", "amount": 1250},
        company_contribution={"type": "fixed", "amount": 500},
    )  # fmt: skip
    made.hand_edit("1003", "401K", employee_deduction={"type": "percent", "amount": 300})
    made.run_payroll(date(2026, 11, 6), date(2026, 10, 18), date(2026, 10, 31))
    made.run_payroll(date(2026, 11, 20), date(2026, 11, 1), date(2026, 11, 14))
    return made


def stage(_folder: Path) -> Stage:
    """A fresh company, and four deductions to write to it."""
    made = company()
    settings = {"access_token": "env:TOKEN", "pay_group": "biweekly", "register_from": "2026-11-01"}
    return Stage(
        settings, {"env:TOKEN": made.access_token}, made.handle, {"deduction.set": _items(made)},
        lambda: made.changes, harmless=READS, now=NOW, item_refused=refused,
        webhooks=tuple(_event(kind, told) for kind, told in (
            ("individual.updated", {"individual_id": made.person("1001").id}),
            ("individual.updated", {"individual_id": made.person("1002").id}),
            ("payment.created", {"payment_id": "p1", "pay_date": "2026-11-20"}),
        )),
    )  # fmt: skip


def _event(kind: str, data: dict[str, str]) -> bytes:
    """An event as Finch documents it."""
    return json.dumps({"company_id": "c1", "account_id": "a1", "event_type": kind, "data": data}).encode()


def refused(wire: WireRequest, got: WireResponse) -> WireResponse:
    """The answer to an enrollment as it is when payroll has refused its first item: 207, and a code an item."""
    told = jsontext.parse(got.body)
    body = {"name": "invalid_request_error", "finch_code": "invalid_request", "code": 400, "message": "refused"}
    rows = [{"individual_id": told[0]["individual_id"], "code": 400, "body": body}, *told[1:]]
    return WireResponse(207, got.headers, jsontext.dump(rows).encode())


def _items(made: FinchSimulator) -> list[dict[str, Any]]:
    ada, max_ = (made.person(number).id for number in ("1001", "1002"))
    usual = {"plan": "ppo", "tax_class": "pretax", "effective_from": date(2026, 12, 4)}
    orders = (
        {"employee": ada, "code": "MED-PPO", "employee_amount_minor": 6125, "employer_amount_minor": 24501},
        {"employee": max_, "code": "MED-PPO", "employee_amount_minor": 7350, "employer_amount_minor": 24502},
        {"employee": ada, "code": "401K", "plan": "401k", "employee_rate": "4.5%"},
        {"employee": max_, "code": "DENTAL", "plan": "dental", "employee_amount_minor": 1301},
    )
    return [DeductionOrder.model_validate(usual | one).model_dump(mode="json") for one in orders]
