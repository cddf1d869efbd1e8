"""The adviser's folder on which the contract kit proves the connector."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benehub.testing import Stage

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def stage(folder: Path) -> Stage:
    """One employee's conversion and the employer's part of it."""
    (folder / "to-datev").mkdir()
    settings = {
        "place": {"folder": str(folder)}, "adviser": "1234567", "client": "12345",
        "wage_types": {"BAV": {"number": 3040, "key": 3, "negate": True}, "BAV:employer": {"number": 5200, "key": 3}},
    }  # fmt: skip
    return Stage(settings, items={"deduction.book": _lines()}, now=NOW)


def _lines() -> list[dict[str, Any]]:
    usual = {"person": "per_1", "employee": "1001", "plan": "bav", "code": "BAV", "pay_date": "2026-11-30"}
    return [
        {**usual, "amount_minor": 20001},
        {**usual, "employer_side": True, "amount_minor": 3001},
    ]
