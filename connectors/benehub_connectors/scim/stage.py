"""The SCIM service on which the contract kit proves the connector."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benehub.testing import Stage
from benehub_connectors.scim.simulator import HR, ScimSimulator, person

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "base_url": "https://idp.example.com/scim/v2",
    "count": 2,
    "sort_by": "id",
    "employment_classes": {"Employee": "full_time", "Contractor": "contractor"},
    "attributes": {
        "ssn": f"{HR}:ssn",
        "birth_date": f"{HR}:birthDate",
        "hire_date": f"{HR}:hireDate",
        "termination_date": f"{HR}:terminationDate",
        "pay_group": f"{HR}:payGroup",
    },
}
OAUTH = {
    "token_url": "https://idp.example.com/oauth/token",
    "client_id": ScimSimulator.client_id,
    "client_secret": "env:SECRET",
}


def people() -> list[dict[str, Any]]:
    """Five, one of whom has left."""
    made = [
        person(number, *name.split())
        for number, name in enumerate(("Ada Byron", "Max Stein", "Lin Wu", "Eve Frost", "Dan Dorn"), 1)
    ]
    made[4]["active"] = False
    made[4][HR]["terminationDate"] = "2026-09-30"
    return made


def stage(_folder: Path) -> Stage:
    """The five, read by OAuth 2 so that tokens end."""
    made = ScimSimulator()
    made.populate(people(), AT)
    return Stage(
        {**SETTINGS, "oauth": OAUTH},
        {"env:SECRET": ScimSimulator.client_secret},
        made.handle,
        harmless=("/oauth/token",),
        renews=True,
        now=NOW,
        wiring={"wall_clock": lambda: NOW},
    )
