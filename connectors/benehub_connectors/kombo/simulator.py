"""A Kombo that keeps state and answers like it, with an HR system and a DATEV behind it. It never calls the vendor.

Its DATEV makes LODAS files of what was prepared for the month. It pushes everything of the month each time, so that
whoever pushes twice without looking makes the adviser book twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from benehub.connect.figures import figure, minor
from benehub.formats.datev_header import LodasHeader
from benehub.formats.datev_lodas import Booking, LodasFile, render
from benehub.formats.datev_text import ENCODING
from benehub.periods import Month
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub_connectors.kombo.answers import Row
from benehub_connectors.kombo.payloads import (
    CHANGED,
    absence_row,
    employee_row,
    employment_row,
    failure,
    success,
)

BASE = "/v1"


def sim_id(*parts: str) -> str:
    """The same id for the same parts, always."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]


class KomboSimulator(Simulator):
    """One integration at Kombo.

    Args:
        tool: the system behind.
        now: the moment of a push, as Kombo writes it; move it on by setting it.
    """

    api_key = "simulated-key"

    def __init__(self, tool: str = "datev", now: str = "2026-11-25T12:00:00.000Z") -> None:
        super().__init__()
        self.integration, self.now = f"{tool}:{sim_id(tool)}", now
        self.employees: dict[str, dict[str, Any]] = {}
        self.absences: dict[str, dict[str, Any]] = {}
        self.behind: dict[str, Any] = {}
        self.switched_off: dict[str, str] = {}
        self.may_write = True
        self.prepared: dict[str, Row] = {}
        self.pushes: list[Row] = []
        self.effects = 0
        datev = f"{BASE}/custom/datev"
        for method, template, handler in (
            ("GET", f"{BASE}/hris/employees", lambda asked: self._model(asked, self.employees, employee_row)),
            ("GET", f"{BASE}/hris/employments", lambda asked: self._model(asked, self.employees, employment_row)),
            ("GET", f"{BASE}/hris/absences", lambda asked: self._model(asked, self.absences, absence_row)),
            ("POST", f"{BASE}/passthrough/{{tool}}/{{api}}", self._pass),
            ("GET", f"{datev}/check-write-permission", self._permission),
            ("GET", f"{datev}/data-pushes", lambda _: SimResponse(200, success({"data_pushes": self.pushes}))),
            ("PUT", f"{datev}/employees/{{employee}}/prepare-payroll", self._prepare),
            ("POST", f"{datev}/push-data/payroll", self._push),
        ):  # fmt: skip
            self.route(method, template, handler)

    # The employer, as people set it up

    def add_employee(
        self, number: str, first_name: str, last_name: str, *, birth: date, hired: date, pay_minor: int,
        ssn: str | None = "900-00-0001", status: str = "ACTIVE", kind: str = "FULL_TIME", last_day: date | None = None,
        pay_period: str = "MONTH", custom: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """An employee; in DATEV the number is the personnel number. Gives Kombo's id."""
        one = sim_id("employee", number)
        self.employees[one] = {
            "id": one, "remote_id": number, "number": number, "first_name": first_name, "last_name": last_name,
            "birth": birth, "hired": hired, "pay_minor": pay_minor, "ssn": ssn, "status": status, "type": kind,
            "last_day": last_day, "pay_period": pay_period, "custom": dict(custom or {}), "changed": CHANGED,
            "deleted": None,
        }  # fmt: skip
        return one

    def add_absence(
        self, employee: str, start: date, end: date, *, amount: str, unit: str = "DAYS", kind: str = "Vacation",
        status: str = "APPROVED",
    ) -> str:  # fmt: skip
        """An absence. Gives its id."""
        one = sim_id("absence", employee, start.isoformat())
        self.absences[one] = {
            "id": one, "employee": employee, "start": start, "end": end, "amount": amount, "unit": unit, "kind": kind,
            "status": status, "changed": CHANGED, "deleted": None,
        }  # fmt: skip
        return one

    def touch(self, what: str, at: str, **changes: Any) -> None:
        """Change an employee or absence at a moment."""
        one = (self.employees if what in self.employees else self.absences)[what]
        one.update({**changes, "changed": at})

    # Answers

    def admit(self, request: SimRequest) -> SimResponse | None:
        """A call needs the key, and an integration that is there and may do what is asked."""
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return SimResponse(401, failure("PLATFORM.AUTHENTICATION_INVALID", "The API key is invalid"))
        if request.headers.get("x-integration-id") != self.integration:
            return SimResponse(404, failure("PLATFORM.INTEGRATION_NOT_FOUND", "No integration with this id"))
        code = self.switched_off.get(request.path.removeprefix(BASE))
        if not code:
            return None
        return SimResponse(503 if "REMOTE" in code else 403, failure(code, "Not now, not here"))

    def _model(self, request: SimRequest, kept: Mapping[str, Row], row: Callable[[Row], Row]) -> SimResponse:
        size = int(request.query.get("page_size", "100"))
        since, gone = request.query.get("updated_after", ""), request.query.get("include_deleted") == "true"
        if not 1 <= size <= 250 or (since and "T" not in since):
            return SimResponse(400, failure("PLATFORM.INPUT_INVALID", "page_size or updated_after is not valid"))
        found = [one for one in kept.values() if one["changed"] > since and (gone or not one["deleted"])]
        start = int(request.query.get("cursor", "0"))
        following = str(start + size) if start + size < len(found) else None
        rows = [row(one) for one in found[start : start + size]]
        return SimResponse(200, {"status": "success", "data": {"next": following, "results": rows}})

    def _pass(self, request: SimRequest) -> SimResponse:
        body = request.json()
        found = self.behind.get(body["path"])
        told: Row = {"url": f"https://behind.example{body['path']}", "headers": {"content-type": "application/json"}}
        if found is None:
            return SimResponse(200, success({**told, "status": 404, "data": {"error": "not found"}}))
        page = int((body.get("params") or {}).get("page", "1"))
        data = found[page - 1] if page <= len(found) else {"items": []}
        return SimResponse(200, success({**told, "status": 200, "data": data}))

    def _permission(self, request: SimRequest) -> SimResponse:
        no = {} if self.may_write else {"error": "The adviser has not granted it"}
        return SimResponse(200, success({"ready": self.may_write, **no}))

    def _prepare(self, request: SimRequest) -> SimResponse:
        name = request.params["employee"]
        found = [
            one
            for one in self.employees.values()
            if name in (one["id"], f"remote:{one['remote_id']}") and not one["deleted"]
        ]
        if not found:
            return SimResponse(404, failure("PLATFORM.INPUT_INVALID", "No employee with this id"))
        self.prepared[found[0]["id"]] = request.json()
        return SimResponse(200, success({}))

    def _push(self, request: SimRequest) -> SimResponse:
        month = Month.of(date.fromisoformat(request.json()["payroll_month"][:10]))
        content = render(LodasFile(LodasHeader("1234567", "12345"), tuple(self._bookings(month)))).decode(ENCODING)
        name = f"lodas_{month}.txt"
        job = {"id": f"job{len(self.pushes)}", "file_name": name, "state": "UPLOADED", "file": content}
        self.pushes.append(
            {"id": f"push{len(self.pushes)}", "type": "PAYROLL", "created_at": self.now, "upload_jobs": [job]}
        )
        self.effects += 1
        return SimResponse(200, success({"files": [{"name": name, "content": content}]}))

    def _bookings(self, month: Month) -> list[Booking]:
        return [
            Booking(int(self.employees[one]["remote_id"]), month, int(each["lohnart"]),
                    int(each["bearbeitungsschluessel"]), minor(figure(each["amount"], "amount"), "amount", "EUR"))
            for one, told in self.prepared.items()
            if Month.of(date.fromisoformat(told["payroll_run"]["date"][:10])) == month
            for each in told["custom_lodas"]
        ]  # fmt: skip
