"""The group at Noyo on which the contract kit proves the connector."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benehub.records import EnrollmentMember
from benehub.testing import Stage
from benehub_connectors.noyo.settings import NoyoPlan
from benehub_connectors.noyo.simulator import NoyoSimulator, sim_id

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CARRIER = sim_id("carrier", "northstar")
PLANS = {
    "ppo": NoyoPlan(id=sim_id("plan", "ppo"), carrier=CARRIER, line="medical"),
    "dental": NoyoPlan(id=sim_id("plan", "dental"), carrier=CARRIER, line="dental"),
}
EVENTS = (
    ("evt-1", "member_snapshot.created"),
    ("evt-2", "member_snapshot_carrier_fulfillment_status.updated"),
    ("evt-3", "difference.created"),
)
HOME = {"street_one": "1 Mill Lane", "city": "Springfield", "state": "IL", "zip_code": "62701"}


def person(first: str, last: str, born: str, **more: Any) -> dict[str, Any]:
    """A person as a snapshot has one."""
    told = {"first_name": first, "last_name": last, "date_of_birth": born, "sex": "F"}
    return {**told, "home_address": dict(HOME), "mailing_address": dict(HOME), **more}


def family(number: str, first: str, last: str, born: str) -> dict[str, Any]:
    """A family of one, covered in the PPO since January."""
    employment = {
        "employment_dates": {"hire_date": "2020-01-06"}, "employment_status": "full-time", "hours_worked": 38,
    }  # fmt: skip
    enrolled = {
        "individual_type": "employee", "custom_individual_id": number, "effective_start_date": "2026-01-01",
        "effective_end_date": "9999-12-31",
    }  # fmt: skip
    cover = {"carrier_id": CARRIER, "line_of_coverage": "medical", "plan_id": PLANS["ppo"].id}
    return {
        "employee": {"custom_individual_id": number, "person": person(first, last, born), "employment": employment},
        "dependents": [],
        "coverages": [{**cover, "enrolled_members": [enrolled]}],
    }


def group() -> NoyoSimulator:
    """A group of two families, of which one has an answer."""
    made = NoyoSimulator(today=NOW.date(), plans=list(PLANS.values()))
    made.enroll(family("1001", "Ada", "Byron", "1980-03-09"))
    made.enroll(family("1002", "Max", "Stein", "1975-07-01"))
    made.fulfil(made.snapshots[0]["id"], "sent")
    made.bill("1001", PLANS["ppo"], "512.40", "2026-01-01", "2026-12-31")
    made.ask("1002", "demographic")["status"] = "completed"
    made.differ("1002", "phone_number", "employee", fields=[{"key": "person.contact.home_phone"}])
    return made


def member(number: str, first: str, last: str, born: str, **more: Any) -> dict[str, Any]:
    """A member as the hub freezes one: a newly enrolled employee unless said otherwise."""
    line = {"plan": "ppo", "tier": "EE", "maintenance": "021", "effective_from": "2026-12-01"}
    usual: dict[str, Any] = {
        "person": f"p{number}", "subscriber": f"p{number}", "member_id": number, "subscriber_id": number,
        "relationship": "self", "maintenance": "021", "reason": "28", "first_name": first, "last_name": last,
        "birth_date": born, "sex": "F", "address1": HOME["street_one"], "city": HOME["city"], "state": HOME["state"],
        "zip_code": HOME["zip_code"], "hire_date": date(2020, 1, 6), "coverages": [line],
    }  # fmt: skip
    return EnrollmentMember.model_validate(usual | more).model_dump(mode="json")


def child(of: str, first: str, last: str, born: str, **more: Any) -> dict[str, Any]:
    """A child within the item of an employee."""
    usual = {"person": f"p{of}-01", "subscriber": f"p{of}", "subscriber_id": of, "relationship": "child",
             "reason": "02", "hire_date": None}  # fmt: skip
    return member(f"{of}-01", first, last, born, **usual | more)


def settings(made: NoyoSimulator) -> dict[str, Any]:
    """The settings that fit the group."""
    return {
        "group": made.group, "client_id": made.client_id, "client_secret": "env:SECRET",
        "plans": {name: one.model_dump() for name, one in PLANS.items()},
        "new_employees": {"status": "full-time", "hours_worked": 40}, "bill": {"due_day": 1},
        "member_requests": True,
    }  # fmt: skip


def stage(_folder: Path) -> Stage:
    """A fresh group; a new employee, a child born to one who is there, and a plan that ends."""
    made = group()
    end = {"plan": "ppo", "tier": "EE", "maintenance": "024", "effective_from": "2026-01-01",
           "effective_to": "2027-01-01"}  # fmt: skip
    ben = child("1001", "Ben", "Byron", "2015-02-03", ssn="123456780")
    items = [
        member("1003", "Eva", "Lund", "1990-05-05", ssn="123456789", compensation_minor=5_200_150),
        member("1001", "Ada", "Byron", "1980-03-09", reason="02", family=[ben], coverages=[]),
        member("1002", "Max", "Stein", "1975-07-01", maintenance="024", reason="08", coverages=[end]),
    ]

    def answers() -> None:
        """Carriers take what is on its way to them, but for the last, which one refuses."""
        waiting = [one["id"] for one in made.snapshots if one["status"] == "processing"]
        for snapshot in waiting[:-1]:
            made.fulfil(snapshot, "sent")
        for snapshot in waiting[-1:]:
            made.fulfil(snapshot, "invalid", ["The member is not covered in this plan."])

    return Stage(
        settings(made), {"env:SECRET": made.client_secret}, made.handle, {"enrollment.change": items},
        lambda: made.effects, answers=answers, harmless=("/auth/public/token", "/api/v1/people"), renews=True, now=NOW,
        wiring={"wall_clock": lambda: NOW}, webhooks=tuple(_event(*one) for one in EVENTS),
    )  # fmt: skip


def _event(event_id: str, kind: str) -> bytes:
    """An event as Noyo's page on webhooks has it."""
    return json.dumps({"event": {"id": event_id, "type": kind}}).encode()
