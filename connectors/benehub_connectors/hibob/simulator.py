"""A HiBob account that lives in memory: people, their salary history, and requests for time off with their changes.

It answers the calls of the connector in the shapes of the vendor's API description. It has no clock: every change
is told its moment.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benehub.connect.jsontext import NumberText
from benehub.sandbox.http import SimRequest, SimResponse, Simulator

MOST_FIELDS = 400
HALF_YEAR = timedelta(days=184)


class HibobSimulator(Simulator):
    """One account.

    Args:
        service_user, token: what HTTP Basic must carry.
        takes_to: whether `to` counts in the changes of time off; the vendor's description of early 2024 lacks it.
    """

    def __init__(
        self,
        *,
        service_user: str = "SERVICE-1",
        token: str = "bob-token",  # noqa: S107 - a made-up secret of a simulator
        takes_to: bool = True,
    ) -> None:
        super().__init__()
        self.people: dict[str, dict[str, Any]] = {}
        """Field id -> value, by employee."""
        self.salaries: dict[str, list[dict[str, Any]]] = {}
        self.tables: dict[str, dict[str, list[dict[str, Any]]]] = {}
        """Rows of custom tables, by table and employee."""
        self.changes: list[tuple[datetime, dict[str, Any]]] = []
        self.requests: dict[int, dict[str, Any]] = {}
        """Requests for time off as they stand."""
        self.hidden: set[str] = set()
        """Fields the service user may not see: left out in silence, as the vendor does."""
        self._credentials = (service_user, token)
        self._takes_to = takes_to
        self._entries = 0
        self.route("POST", "/v1/people/search", self._search)
        self.route("GET", "/v1/people/{id}/salaries", self._salaries)
        self.route("GET", "/v1/people/custom-tables/{id}/{table}", self._entries_of)
        self.route("GET", "/v1/timeoff/requests/changes", self._changes)
        self.route("GET", "/v1/timeoff/employees/{id}/requests/{number}", self._request)

    # What happens at the customer's

    def populate(self, count: int, *, first: int = 1) -> list[str]:
        """Hire so many made-up people, with a salary each; their ids."""
        return [self.add_person(number) for number in range(first, first + count)]

    def add_person(self, number: int, **values: Any) -> str:
        """Hire somebody: made-up values by number, `values` (by field id, `__` for its dots) over them; the id."""
        one = person_id(number)
        told = {name.replace("__", "."): value for name, value in values.items()}
        self.people[one] = made_up_person(number) | told
        self.salaries[one] = []
        self.set_pay(one, date(2025, 1, 6), f"{48000 + 100 * number}.5")
        return one

    def set_pay(
        self, employee: str, start: date, value: str, *, period: str = "Annual", currency: str = "USD"
    ) -> None:  # fmt: skip
        """Add an entry to the salary table; `value` is a decimal text."""
        self._entries += 1
        self.salaries[employee].append({
            "id": self._entries, "effectiveDate": start.isoformat(), "reason": "made up",
            "base": {"value": NumberText(value), "currency": currency}, "payPeriod": period, "payFrequency": "Monthly",
        })  # fmt: skip

    def add_entry(self, table: str, employee: str, **columns: Any) -> None:
        """Add a row to an employee's custom table."""
        self._entries += 1
        rows = self.tables.setdefault(table, {}).setdefault(employee, [])
        rows.append({"id": self._entries, **columns})

    def take_off(
        self, number: int, employee: str, start: date, end: date, cost: str, at: datetime, *, unit: str = "days",
        kind: str = "days", policy: str = "Holiday",
    ) -> None:  # fmt: skip
        """Approve a request, or approve it anew with other values; `cost` is a decimal text."""
        days = {"date": start.isoformat(), "hoursOnDate": 3} if kind == "hours" else {
            "startDate": start.isoformat(), "endDate": end.isoformat(), "startPortion": "all_day",
            "endPortion": "all_day",
        }  # fmt: skip
        self.requests[number] = {
            "employeeId": employee, "requestId": number, "policyTypeDisplayName": policy, "type": kind, **days,
            "durationUnit": unit, "totalDuration": NumberText(cost), "totalCost": NumberText(cost),
        }  # fmt: skip
        self._tell(number, "Created", at)

    def withdraw(self, number: int, at: datetime, kind: str = "Canceled") -> None:
        """Cancel or delete a request."""
        self._tell(number, kind, at)
        del self.requests[number]

    def _tell(self, number: int, kind: str, at: datetime) -> None:
        named = {"changeType": kind, "employeeDisplayName": "Made Up", "employeeEmail": "made.up@example.com",
                 "changeReason": "made up"}  # fmt: skip
        self.changes.append((at, {**self.requests[number], **named}))

    # The vendor's side

    def admit(self, request: SimRequest) -> SimResponse | None:
        """401 without the service user's credentials."""
        kind, _, told = request.headers.get("authorization", "").partition(" ")
        right = kind == "Basic" and tuple(base64.b64decode(told).decode().split(":", 1)) == self._credentials
        return None if right else _refused(401, "Unauthorized")

    def _search(self, request: SimRequest) -> SimResponse:
        asked = request.json() or {}
        fields = asked.get("fields", [])
        if len(fields) > MOST_FIELDS or len(asked.get("filters") or ()) > 1:
            return _refused(400, "too much is asked for")
        shown = [name for name in fields if name not in self.hidden]
        human = asked.get("humanReadable") == "APPEND"
        found = [
            _employee({name: told[name] for name in shown if told.get(name) is not None}, human)
            for told in self.people.values()
            if asked.get("showInactive") or told["internal.status"] == "Active"
        ]
        return SimResponse(200, {"employees": found})

    def _salaries(self, request: SimRequest) -> SimResponse:
        rows = self.salaries.get(request.params["id"])
        return _refused(404, "no such employee") if rows is None else SimResponse(200, {"values": rows})

    def _entries_of(self, request: SimRequest) -> SimResponse:
        table = self.tables.get(request.params["table"])
        if table is None or request.params["id"] not in self.people:
            return _refused(404, "no such employee or table")
        return SimResponse(200, {"values": table.get(request.params["id"], [])})

    def _changes(self, request: SimRequest) -> SimResponse:
        since = datetime.fromisoformat(request.query["since"])
        until = datetime.fromisoformat(request.query.get("to", "9999-01-01T00:00:00Z"))
        if self._takes_to and until - since > HALF_YEAR:
            return _refused(400, "the range is longer than six months")
        found = [told for at, told in self.changes if since <= at and (at <= until or not self._takes_to)]
        return SimResponse(200, {"changes": found})

    def _request(self, request: SimRequest) -> SimResponse:
        found = self.requests.get(int(request.params["number"]))
        if found is None or found["employeeId"] != request.params["id"]:
            return _refused(404, "no such request")
        return SimResponse(200, found | {"status": "approved", "approved": True, "description": "made up"})


def _employee(told: Mapping[str, Any], human: bool) -> dict[str, Any]:
    """Somebody as the search tells them: values in their categories, a list's id for machines, its word for people."""
    found: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for name, value in told.items():
        listed = isinstance(value, tuple)
        _put(found, name, value[0] if listed else value)
        _put(words, name, value[1] if listed else _shown(value))
    return found | {"humanReadable": words} if human else found


def _shown(value: Any) -> Any:
    """A day as 06/01/2025 and a number with a comma, as a user's settings may have them; text as it is."""
    try:
        return date.fromisoformat(value).strftime("%d/%m/%Y")
    except (TypeError, ValueError):
        return value if type(value) is str else str(value).replace(".", ",")


def _put(where: dict[str, Any], name: str, value: Any) -> None:
    *groups, last = name.removeprefix("root.").split(".")
    for group in groups:
        where = where.setdefault(group, {})
    where[last] = value


def _refused(status: int, message: str) -> SimResponse:
    return SimResponse(status, {"key": f"error.{status}", "error": message})


def person_id(number: int) -> str:
    """The id of a made-up person; the vendor's description says that ids of employees are UUIDs."""
    return f"0b0b0b0b-0000-4000-8000-{number:012d}"


def made_up_person(number: int) -> dict[str, Any]:
    """A person by number: field id -> value, of a list its id and its word. The SSN is from a range never given out."""
    firsts, lasts = ("Ada", "Ben", "Cora", "Dan", "Eve"), ("Ashby", "Bloom", "Carver", "Dorn", "Ellis", "Frost")
    born = date(1965, 1, 1) + timedelta(days=number * 37 % 13000)
    return {
        "root.id": person_id(number),
        "root.firstName": firsts[number % 5],
        "root.surname": f"{lasts[number % 6]}{'abcdefghij'[number % 10]}",
        "root.email": f"e{number:05d}@example.com",
        "personal.birthDate": born.isoformat(),
        "identification.ssnSerialNumber": f"9{number // 1000000 % 100:02d}-{number // 10000 % 99 + 1:02d}-"
        f"{number % 10000:04d}",
        "address.line1": f"{number} Main Street",
        "address.city": "Provo",
        "address.zipCode": "84604",
        "address.country": ("225", "United States"),
        "home.legalGender": ("31", ("Female", "Male")[number % 2]),
        "work.employeeIdInCompany": number,
        "work.startDate": "2025-01-06",
        "work.department": (f"{number % 2}", ("Sales", "Engineering")[number % 2]),
        "work.site": "Lindon",
        "internal.status": "Active",
        "payroll.employment.contract": ("77", "Full time"),
        "payroll.employment.type": ("78", "Permanent"),
        "payroll.employment.weeklyHours": NumberText("37.5"),
    }


def at(day: date, hour: int = 12) -> datetime:
    """A moment of a day, UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
