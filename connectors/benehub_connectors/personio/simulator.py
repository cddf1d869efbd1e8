"""A Personio account that lives in memory: it keeps people and absences, and notes when each was changed.

It answers the calls of the connector in the shapes of the vendor's API description. It has no clock: every change
is told its moment. `/company/time-offs` counts pages from 1 in `offset`, the other lists count items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benehub.connect.jsontext import NumberText
from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.http import SimRequest, SimResponse, Simulator

BORN, SSN, NUMBER, SINCE, GROUP = (f"dynamic_{key}" for key in (1001, 1002, 1003, 1004, 1005))
"""Keys of this account's custom attributes."""

_TYPES = {BORN: "date", SINCE: "date", "hire_date": "date", "termination_date": "date", "contract_end_date": "date",
          "id": "integer", "fix_salary": "decimal", "hourly_salary": "decimal"}  # fmt: skip
MOST = 200


class PersonioSimulator(Simulator):
    """One account.

    Args:
        client_id, client_secret: the API credentials.
        pages: whether `updated_since` is paged; the vendor's description and its practice differ.
    """

    def __init__(
        self,
        *,
        client_id: str = "papi-benehub",
        client_secret: str = "papi-secret",  # noqa: S107 - a made-up secret of a simulator
        pages: bool = True,
    ) -> None:
        super().__init__()
        self.people: dict[int, dict[str, dict[str, Any]]] = {}
        self.days_off: dict[int, dict[str, Any]] = {}
        self.hours_off: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        """Attributes the credentials may not see: left out in silence."""
        self.tokens = 0
        """How many tokens were given out."""
        self._credentials = (client_id, client_secret)
        self.pages = pages
        self._token = ""
        self._touched: dict[int, datetime] = {}
        self._asked: list[str] = []
        self.route("POST", "/v1/auth", self._authenticate)
        self.route("GET", "/v1/company/employees", self._employees)
        self.route("GET", "/v1/company/time-offs", self._days_off)
        self.route("GET", "/v1/company/absence-periods", self._hours_off)

    # What happens at the customer's

    def populate(self, count: int, at: datetime, *, first: int = 1) -> list[int]:
        """Hire so many made-up people, with a salary each; their ids."""
        ids = list(range(first, first + count))
        for one in ids:
            self.add_person(one, at)
        return ids

    def add_person(self, person_id: int, at: datetime, **values: Any) -> None:
        """Hire somebody: made-up values by the id, `values` (by attribute key) over them."""
        told = made_up_person(person_id) | values
        self.people[person_id] = {key: _attribute(key, value) for key, value in told.items()}
        self._touched[person_id] = at

    def change_person(self, person_id: int, at: datetime, **values: Any) -> None:
        """Change attributes of somebody."""
        self.people[person_id] |= {key: _attribute(key, value) for key, value in values.items()}
        self._touched[person_id] = at

    def delete_person(self, person_id: int) -> None:
        """Delete somebody; no list tells it."""
        del self.people[person_id]

    def add_days_off(
        self, absence_id: int, person_id: int, start: date, end: date, days: str, *, status: str = "approved",
        kind: str = "Vacation", kind_id: int = 54321,
    ) -> None:  # fmt: skip
        """Enter an absence in days, both inclusive; `days` is a decimal text."""
        self.days_off[absence_id] = {
            "id": absence_id, "status": status, "start_date": f"{start}T00:00:00+0100",
            "end_date": f"{end}T00:00:00+0100", "days_count": NumberText(days), "half_day_start": False,
            "half_day_end": days.endswith(".5"),
            "time_off_type": {"type": "TimeOffType",
                              "attributes": {"id": kind_id, "name": kind, "category": "paid_vacation"}},
            "employee": _short(person_id), "certificate": {"status": "not-required"},
            "created_at": f"{start}T08:00:00+0100", "updated_at": f"{start}T08:00:00+0100",
        }  # fmt: skip

    def add_hours_off(
        self, person_id: int, start: str, end: str | None, minutes: Mapping[date, int], *, status: str = "approved",
        kind: str = "Care", breakdowns: bool = True, timezone: str = "Europe/Berlin",
    ) -> str:  # fmt: skip
        """Enter an absence in hours between two moments; `minutes` of each day. Its id."""
        key = f"9bba303f-0fbc-4514-9958-{len(self.hours_off):012d}"
        self.hours_off[key] = {
            "id": key, "measurement_unit": "hour", "effective_duration": sum(minutes.values()),
            "employee": _short(person_id),
            "absence_type": {"id": "61fe126b-a7b3-449a-b5ee-3865a6fcc546", "name": kind, "time_off_type_id": 45678},
            "certificate": {"status": "not-required"}, "start": start, "end": end, "half_day_start": False,
            "half_day_end": False, "comment": "made up", "origin": "web", "status": status, "timezone": timezone,
            "created_by": 1, "created_at": start, "updated_at": start, "approved_at": start,
            "breakdowns": [{"date": str(day), "effective_duration": count}
                           for day, count in minutes.items() if breakdowns],
        }  # fmt: skip
        return key

    def expire_token(self) -> None:
        """Let the token end."""
        self._token = ""

    # The vendor's side

    def handle(self, wire: WireRequest) -> WireResponse:
        """Answer a call; `attributes[]` may come many times."""
        self._asked = [value for name, value in wire.query if name == "attributes[]"]
        return super().handle(wire)

    def admit(self, request: SimRequest) -> SimResponse | None:
        """401 without the newest token."""
        if request.path == "/v1/auth":
            return None
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return None if kind == "Bearer" and self._token and token == self._token else _refused(401, "Unauthorized")

    def _authenticate(self, request: SimRequest) -> SimResponse:
        told = request.json() or {}
        if (told.get("client_id"), told.get("client_secret")) != self._credentials:
            return _refused(403, "Wrong credentials")
        self.tokens += 1
        self._token = f"papi-token-{self.tokens}"
        data = {"token": self._token, "expires_in": 86400, "scope": "employees:read absences:read"}
        return SimResponse(200, {"success": True, "data": data})

    def _employees(self, request: SimRequest) -> SimResponse:
        since = request.query.get("updated_since")
        found = sorted(self.people)
        if since is not None:
            after = datetime.fromisoformat(since).replace(tzinfo=UTC)
            found = [one for one in found if self._touched[one] > after]
        rows = [{"type": "Employee", "attributes": self._seen(self.people[one])} for one in found]
        if since is not None and not self.pages:
            return _listed(rows, rows, 0, max(len(rows), 1), 0)
        return _by_item(rows, request.query)

    def _seen(self, person: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {
            key: told
            for key, told in person.items()
            if key not in self.hidden and (not self._asked or key in self._asked or key == "id")
        }

    def _days_off(self, request: SimRequest) -> SimResponse:
        since = request.query.get("start_date", "")
        rows = [
            {"type": "TimeOffPeriod", "attributes": one} for one in self.days_off.values() if one["end_date"] >= since
        ]
        if (refusal := _bad_limit(request.query)) is not None:
            return refusal
        size, number = int(request.query.get("limit", MOST)), max(int(request.query.get("offset", 0)), 1)
        return _listed(rows[(number - 1) * size : number * size], rows, number, size, number)

    def _hours_off(self, request: SimRequest) -> SimResponse:
        since = request.query.get("start_date", "")
        rows = [
            {"type": "AbsencePeriod", "attributes": one}
            for one in self.hours_off.values()
            if one["end"] is None or one["end"] >= since
        ]
        return _by_item(rows, request.query)


def _by_item(rows: Sequence[Any], query: Mapping[str, str]) -> SimResponse:
    if (refusal := _bad_limit(query)) is not None:
        return refusal
    size, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
    return _listed(rows[offset : offset + size], rows, offset // size, size, offset)


def _listed(page: Sequence[Any], rows: Sequence[Any], number: int, size: int, offset: int) -> SimResponse:
    metadata = {"total_elements": len(rows), "current_page": number, "total_pages": -(-len(rows) // size)}
    return SimResponse(
        200, {"success": True, "metadata": metadata, "offset": offset, "limit": size, "data": list(page)}
    )


def _bad_limit(query: Mapping[str, str]) -> SimResponse | None:
    right = 1 <= int(query.get("limit", 10)) <= MOST
    return None if right else _refused(400, f"The limit must be between 1 and {MOST}.")


def _refused(status: int, message: str) -> SimResponse:
    return SimResponse(status, {"success": False, "error": {"code": status, "message": message}})


def _attribute(key: str, value: Any) -> dict[str, Any]:
    told = {"label": key, "value": value, "type": _TYPES.get(key, "standard"),
            "universal_id": None if key.startswith("dynamic_") else key}  # fmt: skip
    return told | {"currency": "EUR"} if key.endswith("_salary") else told


def _short(person_id: int) -> dict[str, Any]:
    person = made_up_person(person_id)
    names = ("id", "first_name", "last_name", "email")
    return {"type": "Employee", "attributes": {name: _attribute(name, person[name]) for name in names}}


def thing(kind: str, name: str, number: int = 1) -> dict[str, Any]:
    """A thing by itself as the vendor tells it: an office, a department."""
    return {"type": kind, "attributes": {"id": number, "name": name}}


def made_up_person(number: int) -> dict[str, Any]:
    """A person by number; the SSN is from a range never given out (9xx)."""
    firsts, lasts = ("Anna", "Bernd", "Clara", "Dirk", "Eva"), ("Adler", "Berg", "Conrad", "Dorn", "Ebert", "Falk")
    born = date(1965, 1, 1) + timedelta(days=number * 37 % 13000)
    last = f"{lasts[number % 6]}{'abcdefghij'[number % 10]}"
    return {
        "id": number,
        "first_name": firsts[number % 5],
        "last_name": last,
        "email": f"e{number:05d}@example.com",
        "gender": ("female", "male")[number % 2],
        "status": "active",
        "employment_type": "internal",
        "weekly_working_hours": "40",
        "hire_date": "2025-01-06T00:00:00+01:00",
        "contract_end_date": None,
        "termination_date": None,
        "department": thing("Department", ("Vertrieb", "Technik")[number % 2]),
        "office": thing("Office", "München"),
        "fix_salary": NumberText(f"{4000 + number}.50"),
        "fix_salary_interval": "monthly",
        "hourly_salary": 0,
        "dynamic_2001": "DE98 8989 9898 0000 8989 00",
        BORN: f"{born}T00:00:00+01:00",
        SSN: f"9{number // 1000000 % 100:02d}-{number // 10000 % 99 + 1:02d}-{number % 10000:04d}",
        NUMBER: f"P{number:05d}",
        SINCE: "2026-01-01T00:00:00+01:00",
        GROUP: "monatlich",
    }
