"""One made-up trading partner and its people, for all tests of this connector."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.connect.connector import Envelope, Item, Link
from benehub.connect.files import FolderMailbox
from benehub.records import CoverageLine, EnrollmentMember, Record, RemittanceLine, Sex, Tier
from benehub_connectors.carrier_x12 import PartnerSettings

CREATED = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
RATES = {
    "MED": {"EE": 50000, "ES": 100000, "EC": 90000, "FAM": 150000},
    "DEN": {"EE": 4000, "ES": 8000, "EC": 8000, "FAM": 12000},
}


def profile(folder: Path | str = "/nowhere", **changes: Any) -> PartnerSettings:
    """The partner's profile."""
    bank = {"routing": "011000015", "account": "0001234567"}
    party = {"name": "Acme Corp", "id": "123456789"}
    carrier = {"name": "Carrier X", "id": "987654321"}
    data: dict[str, Any] = {
        "place": {"folder": str(folder)},
        "sender": "BENEHUB",
        "receiver": "CARRIERX",
        "group": "POL001",
        "sponsor": party,
        "insurer": carrier,
        "plans": {
            "MED": {"insurance_line": "HLT", "policy": "POL001-01", "description": "PPO500"},
            "DEN": {"insurance_line": "DEN"},
        },
        "premium": {
            "payer": party,
            "payee": carrier,
            "payer_bank": bank,
            "payee_bank": bank | {"routing": "021000021"},
            "originator": "1123456789",
        },
    }
    return PartnerSettings.model_validate(data | changes)


def envelope(control: int = 1, **changes: Any) -> Envelope:
    """What the hub allocates for a file."""
    return Envelope(**{"control": control, "created": CREATED, "reference": f"REF-{control}"} | changes)


def line(plan: str = "MED", tier: str = "EE", **changes: Any) -> CoverageLine:
    """A running coverage since January."""
    data = {"plan": plan, "tier": Tier(tier), "maintenance": "030", "effective_from": date(2026, 1, 1)}
    return CoverageLine.model_validate(data | changes)


def member(member_id: str = "1001", *lines: CoverageLine, **changes: Any) -> EnrollmentMember:
    """An employee, or with `subscriber_id` and `relationship` a dependent."""
    data: dict[str, Any] = {
        "person": f"per_{member_id}",
        "subscriber": "per_1001",
        "member_id": member_id,
        "subscriber_id": member_id.partition("-")[0],
        "relationship": "self",
        "maintenance": "030",
        "first_name": "Zoë",
        "last_name": "Müller",
        "ssn": f"10000000{member_id[3:4] or '9'}",
        "birth_date": date(1980, 1, 2),
        "sex": Sex.FEMALE,
        "address1": "1 Main St",
        "city": "Austin",
        "state": "TX",
        "zip_code": "78701",
        "hire_date": date(2020, 1, 15),
        "coverages": lines or (line(), line("DEN")),
    }
    return EnrollmentMember.model_validate(data | changes)


def child(member_id: str = "1001-01", *lines: CoverageLine, **changes: Any) -> EnrollmentMember:
    """A child of an employee."""
    facts = {"relationship": "child", "first_name": "Kit", "ssn": None, "hire_date": None, "sex": Sex.UNKNOWN}
    return member(member_id, *lines, **facts | {"birth_date": date(2015, 3, 4)} | changes)


def remitted(member_id: str = "1001", paid: int = 50000, billed: int | None = None, **changes: Any) -> RemittanceLine:
    """What is paid for one subscriber, plan and month."""
    data = {
        "person": f"per_{member_id}",
        "member_id": member_id,
        "first_name": "Zoë",
        "last_name": "Müller",
        "plan": "MED",
        "coverage_month": "2026-11",
        "billed_minor": paid if billed is None else billed,
        "paid_minor": paid,
    }
    return RemittanceLine.model_validate(data | changes)


def items(operation: str, records: Sequence[Record]) -> list[Item]:
    """Records as the frozen items of a dispatch."""
    return [Item(operation, f"item-{n}", record.model_dump(mode="json")) for n, record in enumerate(records, 1)]


def link(root: Path, settings: PartnerSettings) -> Link:
    """An open connection on a folder."""
    return Link("acme", "carrier", settings, lambda: CREATED, mailbox=FolderMailbox(root))
