"""The employer at Kombo on which the contract kit proves the connector."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.connect import jsontext
from benehub.connect.http import VendorClient
from benehub.connect.testing import transport
from benehub.testing import Stage
from benehub_connectors.kombo import KomboConnector, KomboSettings
from benehub_connectors.kombo.push import KomboMailbox
from benehub_connectors.kombo.simulator import KomboSimulator

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)

DEPENDENTS = {
    "api": "v1", "path": "/dependents", "items": "items", "page": "page",
    "fields": {"employee": "employee_id", "first_name": "name.first", "last_name": "name.last", "birth_date": "born",
               "relationship": "kind"},
    "values": {"relationship": {"Kind": "child", "Partner": "spouse"}},
}  # fmt: skip
WAGE_TYPES = {
    "BAV": {"number": 3040, "key": 3, "negate": True},
    "BAV:employer": {"number": 5200, "key": 3},
}


def employer() -> KomboSimulator:
    """Three employees, one of whom has left; two absences, a child in the system behind."""
    made = KomboSimulator()
    usual: dict[str, Any] = {"birth": date(1980, 3, 9), "hired": date(2020, 1, 6)}
    ada = made.add_employee("1001", "Ada", "Byron", pay_minor=520_050, **usual)
    made.add_employee("1002", "Max", "Stein", pay_minor=210_000, kind="PART_TIME", ssn="900-00-0002", **usual)
    gone: dict[str, Any] = {"ssn": "900-00-0003", "status": "INACTIVE", "last_day": date(2026, 6, 30)}
    made.add_employee("1000", "Eva", "Lund", pay_minor=300_000, **gone, **usual)
    made.add_absence(ada, date(2026, 12, 21), date(2026, 12, 23), amount="2.5")
    made.add_absence(ada, date(2026, 10, 5), date(2026, 10, 5), amount="4", unit="HOURS", status="CANCELLED")
    name = {"first": "Anna", "last": "Byron"}
    child = {"id": 7, "employee_id": ada, "name": name, "born": "2015-07-16", "kind": "Kind"}
    made.behind["/dependents"] = [{"items": [child]}]
    return made


def settings(made: KomboSimulator) -> dict[str, Any]:
    """The settings that fit the employer."""
    return {
        "api_key": "env:KEY", "integration": made.integration, "default_pay_group": "monthly", "page_size": 2,
        "leave_policies": {"Vacation": "pto"}, "dependents": DEPENDENTS, "datev": {"wage_types": WAGE_TYPES},
    }  # fmt: skip


def mailbox(made: KomboSimulator, **wiring: Any) -> KomboMailbox:
    """The mailbox of a push, without a network."""
    usual = KomboSettings.model_validate(settings(made))
    client: VendorClient = KomboConnector().client(
        usual, {"env:KEY": made.api_key}, name="kombo", transport=transport(made.handle), **wiring
    )
    return KomboMailbox(client)


def events(made: KomboSimulator) -> tuple[bytes, ...]:
    """Webhooks as Kombo documents them."""
    told = {"integration_id": made.integration, "integration_tool": "datev", "integration_category": "HRIS"}
    models = (("hris_employees", "hris_teams"), ("hris_absences",), ("hris_employments", "hris_employees"))
    return tuple(
        jsontext.dump(
            {"id": f"event{at}", "type": "data-changed",
             "data": {**told, "changed_models": [{"name": name} for name in names]}}
        ).encode()
        for at, names in enumerate(models)
    )  # fmt: skip


def stage(_folder: Path) -> Stage:
    """A fresh employer, and two lines to book."""
    made = employer()
    ada = next(iter(made.employees))
    usual = {"person": "per_1", "employee": ada, "plan": "bav", "code": "BAV", "pay_date": "2026-11-30"}
    lines = [{**usual, "amount_minor": 20_001}, {**usual, "employer_side": True, "amount_minor": 3_001}]
    return Stage(
        settings(made), {"env:KEY": made.api_key}, made.handle, {"deduction.book": lines}, lambda: made.effects,
        mailbox=mailbox(made), harmless=("*/passthrough/*",), now=NOW, webhooks=events(made),
    )  # fmt: skip
