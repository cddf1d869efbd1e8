"""The custodian on which the contract kit proves the connector: it answers a file line by line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.connect.connector import Envelope, Item
from benehub.connect.files import FolderMailbox
from benehub.testing import Stage
from benehub_connectors.custodian_files.deposit import render_deposit
from benehub_connectors.custodian_files.settings import CustodianSettings
from benehub_connectors.custodian_files.simulator import CustodianSimulator

NOW = datetime(2026, 11, 13, 15, 4, 5, tzinfo=UTC)
DEPOSIT = "account.deposit"


def stage(folder: Path) -> Stage:
    """Two participants, one of whom the custodian does not know."""
    profile = {"place": {"folder": str(folder)}, "client_id": "ACME", "plans": {"hsa": "HSA1"}}
    settings = CustodianSettings.model_validate(profile)
    custodian = CustodianSimulator(folder, settings)
    custodian.refuse("1002")

    def deliver() -> None:
        items = [Item(DEPOSIT, f"kit/{n}", one) for n, one in enumerate(_lines(), 1)]
        total = sum(one["amount_minor"] for one in _lines())
        made = render_deposit(items, Envelope(3, NOW, "KIT3", total), settings)
        FolderMailbox(folder).put(made.name, made.data)
        custodian.collect(date(2026, 11, 16))
        custodian.write_results()

    return Stage(profile, items={DEPOSIT: _lines()}, deliver=deliver, now=NOW)


def _lines() -> list[dict[str, Any]]:
    usual = {
        "plan": "hsa", "account": "hsa", "pay_date": "2026-11-13", "first_name": "Ana", "last_name": "Lee",
        "part": "employee", "tax_year": 2026, "contribution_year": 2026,
    }  # fmt: skip
    return [
        {**usual, "reference": f"obl_{n}-employee", "person": f"per_{n}", "employee_number": f"100{n}",
         "ssn": f"90011000{n}", "amount_minor": 12500 + n}
        for n in (1, 2)
    ]  # fmt: skip
