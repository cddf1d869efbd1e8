"""The recordkeeper on which the contract kit proves the connector: it credits a deposit and changes a deferral."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.connect.connector import Envelope, Item
from benehub.connect.files import FolderMailbox
from benehub.records import Source
from benehub.testing import Stage
from benehub_connectors.recordkeeper_files.deposit import render_deposit
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings
from benehub_connectors.recordkeeper_files.simulator import RecordkeeperSimulator

NOW = datetime(2026, 11, 13, 15, 4, 5, tzinfo=UTC)
DEPOSIT = "contribution.deposit"


def stage(folder: Path) -> Stage:
    """A plan with two participants."""
    profile = {"place": {"folder": str(folder)}, "plan": "401k", "plan_id": "P-401", "client_id": "ACME"}
    settings = RecordkeeperSettings.model_validate(profile)
    keeper = RecordkeeperSimulator(folder, settings)

    def deliver() -> None:
        items = [Item(DEPOSIT, f"kit/{n}", one) for n, one in enumerate(_rows(), 1)]
        total = sum(sum(one["amounts"].values()) for one in _rows())
        made = render_deposit(items, Envelope(3, NOW, "KIT3", total), settings)
        FolderMailbox(folder).put(made.name, made.data)
        keeper.collect(date(2026, 11, 16))
        keeper.write_credit_report()
        keeper.change_deferral("900110001", Source.EE_PRETAX, date(2026, 12, 1), rate="5%")

    items = {DEPOSIT: _rows(), "earnings.deposit": _earnings()}
    known = {one["person"]: one["ssn"] for one in _rows()}
    return Stage(profile, items=items, deliver=deliver, known=known, now=NOW)


def _rows() -> list[dict[str, Any]]:
    usual = {
        "plan": "401k", "pay_date": "2026-11-13", "first_name": "Ana", "last_name": "Lee", "birth_date": "1980-01-31",
        "hire_date": "2020-02-01", "compensation_minor": 500000, "hours_hundredths": 8000,
    }  # fmt: skip
    return [
        {**usual, "person": f"per_{n}", "ssn": f"90011000{n}", "amounts": {"EE_PRETAX": 25000 + n, "ER_MATCH": 12501}}
        for n in (1, 2)
    ]


def _earnings() -> list[dict[str, Any]]:
    usual = {"plan": "401k", "pay_date": "2026-10-30", "first_name": "Ana", "last_name": "Lee"}
    return [
        {**usual, "person": f"per_{n}", "ssn": f"90011000{n}", "amounts": {"EE_PRETAX": 110 + n, "ER_MATCH": 55}}
        for n in (1, 2)
    ]
