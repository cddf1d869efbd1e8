"""The folder on which the contract kit proves the connector: a census and elections in, a leave list and claims out."""

from __future__ import annotations

from pathlib import Path

from benehub.testing import Stage

TABLES = {
    "census.csv": "Number,First,Last,Born,SSN,Hired\n1001,Ann,Alder,02/03/1980,900-11-0001,03/01/2025\n"
    "1002,Ben,Birch,07/09/1990,900-11-0002,01/05/2025\n",
    "elections.csv": "Number,Plan,Tier,From\n1001,ppo,EE,2026-01-01\n",
}
STREAMS = {
    "employee": {
        "pattern": "census*.csv",
        "full": True,
        "date_format": "%m/%d/%Y",
        "columns": {
            "employee_number": "Number", "first_name": "First", "last_name": "Last", "birth_date": "Born", "ssn": "SSN",
            "hire_date": "Hired",
        },
        "constants": {"pay_group": "monthly"},
    },
    "election": {
        "pattern": "elections*.csv",
        "columns": {"employee": "Number", "plan": "Plan", "tier": "Tier", "effective_from": "From"},
    },
}  # fmt: skip


def stage(folder: Path) -> Stage:
    """A folder that somebody drops tables in."""
    (folder / "out").mkdir()

    def deliver() -> None:
        for name, text in TABLES.items():
            (folder / name).write_text(text, encoding="utf-8")

    leave = {
        "employee": "1001", "policy": "pto", "code": "PTO", "pay_group": "monthly", "pay_date": "2026-11-15",
        "period_start": "2026-11-01", "period_end": "2026-11-30", "minutes": 480, "hours": "8.00",
    }  # fmt: skip
    claim = {
        "person": "per_1001", "member_id": "M1001", "plan": "ppo", "coverage_month": "2026-10", "billed_minor": 120000,
        "owed_minor": 50000, "claim_minor": 70000, "invoices": ["INV-1"], "reason": "TIER_DIFF",
        "claim_by": "2026-11-30", "currency": "USD",
    }  # fmt: skip
    settings = {"place": {"folder": str(folder)}, "outbox": "out", "streams": STREAMS}
    return Stage(
        settings, items={"leave.take": [leave], "premium.claim": [claim]}, deliver=deliver, streams=tuple(STREAMS)
    )
