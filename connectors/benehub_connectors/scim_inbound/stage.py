"""The stage of a connector that nobody answers: settings, and users as a client writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benehub.formats.scim import EMPLOYMENT
from benehub.testing import Stage
from benehub_connectors.scim.attributes import ENTERPRISE


def user(number: int, **employment: str) -> dict[str, Any]:
    """A whole employee; the SSN is from a range never given out."""
    own = {"ssn": f"900-11-{number:04d}", "birthDate": "1984-03-09", "hireDate": "2022-02-01", "payGroup": "monthly"}
    return {
        "id": f"u{number}", "userName": f"ada{number}@acme.example", "active": "terminationDate" not in employment,
        "name": {"givenName": "Ada", "familyName": "Byron"}, "userType": "Employee",
        "emails": [{"value": f"ada{number}@acme.example", "type": "work"}],
        ENTERPRISE: {"employeeNumber": f"E{number}", "department": "Sales"}, EMPLOYMENT: {**own, **employment},
    }  # fmt: skip


def stage(_folder: Path) -> Stage:
    """Two users, of whom one has left."""
    settings = {"token": "env:TOKEN", "employment_classes": {"Employee": "full_time"}}
    users = (user(1), user(2, terminationDate="2026-10-30", weeklyHours="37.5", sex="F"))
    return Stage(settings, {"env:TOKEN": "kit-token"}, pushed=users)
