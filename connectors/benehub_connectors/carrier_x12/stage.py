"""The carrier on which the contract kit proves the connector: it takes a full file, answers, bills and lists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.connect.connector import Envelope, Item
from benehub.connect.files import FolderMailbox
from benehub.periods import Month
from benehub.testing import Stage
from benehub_connectors.carrier_x12.enrollment import CHANGE, FULL, render_enrollment
from benehub_connectors.carrier_x12.settings import PartnerSettings
from benehub_connectors.carrier_x12.simulator import CarrierSimulator

NOW = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
RATES = {"MED": {"EE": 50000, "ES": 100000, "EC": 90000, "FAM": 150000}}


def profile(folder: Path) -> dict[str, Any]:
    """A trading partner."""
    ours, theirs = {"name": "Acme Corp", "id": "123456789"}, {"name": "Carrier X", "id": "987654321"}
    bank = {"routing": "011000015", "account": "0001234567"}
    return {
        "place": {"folder": str(folder)}, "sender": "BENEHUB", "receiver": "CARRIERX", "group": "POL001",
        "sponsor": ours, "insurer": theirs, "plans": {"MED": {"insurance_line": "HLT"}},
        "premium": {
            "payer": ours, "payee": theirs, "payer_bank": bank, "payee_bank": bank | {"routing": "021000021"},
            "originator": "1123456789",
        },
    }  # fmt: skip


def stage(folder: Path) -> Stage:
    """A mailbox with the carrier's answers to one full file."""
    settings = PartnerSettings.model_validate(profile(folder))
    carrier = CarrierSimulator(folder, settings, RATES)

    def deliver() -> None:
        items = [Item(FULL, f"kit/{n}", one) for n, one in enumerate(_members("030"), 1)]
        made = render_enrollment(FULL, items, Envelope(3, NOW, "KIT3"), settings)
        FolderMailbox(folder).put(made.name, made.data)
        carrier.collect()
        carrier.write_roster(NOW.date())
        carrier.bill(Month(2026, 11), "I-11", date(2026, 10, 20), date(2026, 11, 1))

    paid = {
        "person": "per_1001", "member_id": "1001", "first_name": "Zoe", "last_name": "Mueller", "plan": "MED",
        "coverage_month": "2026-11", "billed_minor": 50000, "paid_minor": 50000, "invoice": "I-11",
    }  # fmt: skip
    items = {FULL: _members("030"), CHANGE: _members("021"), "premium.remit": [paid]}
    return Stage(profile(folder), items=items, deliver=deliver, now=NOW, private=("0001234567",))


def _members(maintenance: str) -> list[dict[str, Any]]:
    cover = {"plan": "MED", "tier": "EE", "maintenance": maintenance, "effective_from": "2026-01-01"}
    usual = {
        "relationship": "self", "maintenance": maintenance, "first_name": "Zoë", "last_name": "Müller",
        "birth_date": "1980-01-02", "sex": "F", "address1": "1 Main St", "city": "Austin", "state": "TX",
        "zip_code": "78701", "hire_date": "2020-01-15", "coverages": [cover],
    }  # fmt: skip
    return [
        {
            **usual,
            "person": f"per_{n}",
            "subscriber": f"per_{n}",
            "member_id": n,
            "subscriber_id": n,
            "ssn": f"90000{n}",
        }
        for n in ("1001", "1002")
    ]
