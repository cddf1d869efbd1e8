"""What the simulated Kombo answers, in the form of its API description, with every field it demands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from benehub.connect.jsontext import NumberText
from benehub.money import format_minor
from benehub_connectors.kombo.answers import Row

CHANGED = "2026-10-01T08:00:00.000Z"


def day(value: date | None) -> str | None:
    """A day as Kombo writes it."""
    return f"{value.isoformat()}T00:00:00.000Z" if value else None


def employee_row(one: Mapping[str, Any]) -> Row:
    """An employee."""
    nothing = ("nationality", "mobile_phone_number", "tax_id", "avatar", "work_location_id", "legal_entity_id",
               "manager_id", "remote_created_at", "remote_data", "manager", "legal_entity", "ethnicity",
               "personal_email", "bank_accounts")  # fmt: skip
    return dict.fromkeys(nothing) | {
        "id": one["id"], "remote_id": one["remote_id"], "employee_number": one["number"],
        "first_name": one["first_name"], "last_name": one["last_name"],
        "display_full_name": f"{one['first_name']} {one['last_name']}", "job_title": "Engineer",
        "work_email": f"{one['first_name'].lower()}@acme.example", "ssn": one["ssn"], "gender": "FEMALE",
        "marital_status": "SINGLE", "employment_status": one["status"], "employment_type": one["type"],
        "weekly_hours": 40 if one["type"] == "FULL_TIME" else NumberText("19.5"),
        "home_address": {"city": "Berlin", "country": "DE", "raw": None, "state": None, "street_1": "Weg 1",
                         "street_2": None, "zip_code": "12045"},
        "date_of_birth": day(one["birth"]), "start_date": day(one["hired"]), "termination_date": day(one["last_day"]),
        "changed_at": one["changed"], "remote_deleted_at": one["deleted"], "custom_fields": one["custom"],
        "integration_fields": [], "employments": [], "time_off_balances": [], "teams": [],
        "groups": [{"id": "g1", "remote_id": "49", "name": "Engineering", "type": "DEPARTMENT"}],
        "work_location": {"id": "w1", "remote_id": "7", "name": "Berlin", "address": None, "type": "OFFICE",
                          "changed_at": CHANGED, "remote_deleted_at": None, "remote_data": None},
    }  # fmt: skip


def employment_row(one: Mapping[str, Any]) -> Row:
    """What somebody earns from a day on."""
    return {
        "id": f"pay{one['id']}", "remote_id": None, "employee_id": one["id"], "job_title": "Engineer",
        "pay_rate": NumberText(format_minor(one["pay_minor"], "EUR")), "pay_period": one["pay_period"],
        "pay_frequency": "MONTHLY", "employment_type": one["type"], "pay_currency": "EUR",
        "effective_date": day(one["hired"]), "changed_at": one["changed"], "remote_deleted_at": None,
        "remote_data": None, "custom_fields": {"grade": "b", "level": "5"}, "integration_fields": [],
    }  # fmt: skip


def absence_row(one: Mapping[str, Any]) -> Row:
    """An absence."""
    kind = {
        "id": "t1", "remote_id": "91", "name": one["kind"], "unit": one["unit"], "half_days_supported": True,
        "exact_times_supported": False, "custom_fields": None, "remote_data": None, "changed_at": CHANGED,
        "remote_deleted_at": None,
    }  # fmt: skip
    return {
        "id": one["id"], "remote_id": None, "employee_id": one["employee"], "approver_id": None,
        "start_date": one["start"].isoformat(), "end_date": one["end"].isoformat(), "start_half_day": False,
        "end_half_day": False, "start_time": None, "end_time": None, "amount": NumberText(one["amount"]),
        "unit": one["unit"], "status": one["status"], "employee_note": "a cold", "type_id": "t1",
        "remote_created_at": None, "remote_updated_at": None, "changed_at": one["changed"],
        "remote_deleted_at": one["deleted"], "remote_data": None, "type": kind,
    }  # fmt: skip


def success(data: Any) -> Row:
    """A success of Kombo's form."""
    return {"status": "success", "data": data, "warnings": []}


def failure(code: str, message: str) -> Row:
    """A refusal of Kombo's form: the code is what counts."""
    error = {"code": code, "title": "An error", "message": message, "log_url": None}
    return {"status": "error", "error": error}
