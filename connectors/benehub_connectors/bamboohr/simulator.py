"""A BambooHR account that lives in memory: it keeps people and their tables, and notes when each changed.

It answers the calls of the connector in the shapes of the vendor's API description. It has no clock: every
change is told its moment, so `GET /employees/changed` works as it does at the vendor's.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from benehub.connect.jsontext import NumberText
from benehub.sandbox.http import SimRequest, SimResponse, Simulator

ENDED = "Terminated"


class BambooSimulator(Simulator):
    """One account.

    Args:
        api_key: the key that HTTP Basic must carry (with any password).
        custom_fields: dataset fields beyond the usual ones; a person may have values for them.
        client_id, client_secret, refresh_token: the OAuth 2 application and its first refresh token.
    """

    def __init__(
        self,
        *,
        api_key: str = "bamboo-key",
        custom_fields: tuple[str, ...] = ("payGroup", "standardHoursPerWeek"),
        client_id: str = "benehub",
        client_secret: str = "bamboo-secret",  # noqa: S107 - a made-up secret of a simulator
        refresh_token: str = "refresh-0",  # noqa: S107 - likewise
    ) -> None:
        super().__init__()
        self.people: dict[str, dict[str, str]] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {"employmentStatus": [], "compensation": []}
        self.dependents: dict[str, dict[str, Any]] = {}
        self.benefits: dict[tuple[str, str], dict[str, list[dict[str, str | None]]]] = {}
        """(employee, member) -> plan -> ranges of days, the member in the vendor's own way: `dependent.7`."""
        self.time_off: dict[str, dict[str, Any]] = {}
        self.hidden_fields: set[str] = set()
        """Fields the API user may not see: they are left out in silence, as the vendor does."""
        self.refresh_token = refresh_token
        self.access_token = ""
        self._api_key = api_key
        self._oauth = (client_id, client_secret)
        self._known = {*made_up_person(1), *custom_fields, "eeid", "status", "terminationDate"}
        self._changes: dict[str, tuple[str, datetime, datetime]] = {}
        self._renewals = 0
        self._rows = 0
        self.route("POST", "/token.php", self._token)
        self.route("GET", "/api/v1/employees/changed", self._changed)
        self.route("GET", "/api/v1/employees/changed/tables/{table}", self._changed_table)
        self.route("GET", "/api/v1/employees/{id}/tables/{table}", self._table)
        self.route("POST", "/api/v2/datasets/{name}/data", self._dataset)
        self.route("GET", "/api/v1/employeedependents", self._dependents)
        self.route("GET", "/api/v1/benefits/member-benefits", self._member_benefits)
        self.route("GET", "/api/v1/time_off/requests", self._time_off)

    # What happens at the customer's

    def populate(self, count: int, at: datetime, *, first: int = 1) -> list[str]:
        """Hire so many made-up people, with a salary each; their ids."""
        ids = [str(number) for number in range(first, first + count)]
        for one in ids:
            self.add_person(one, at)
            self.set_pay(one, date(2025, 1, 6), f"{48000 + 100 * int(one)}.00", at)
        return ids

    def add_person(self, person_id: str, at: datetime, **fields: str) -> None:
        """Hire somebody: made-up values by the id's number, `fields` (the vendor's names) over them."""
        person = made_up_person(int(person_id)) | fields
        self.people[person_id] = person | {"eeid": person_id, "status": "Active", "terminationDate": ""} | fields
        self._add_row("employmentStatus", person_id, date=person["hireDate"],
                      employmentStatus=person["employmentHistoryStatus"])  # fmt: skip
        self._changes[person_id] = ("Inserted", at, at)

    def plant_without_hire_date(self, person_id: str, at: datetime, **fields: str) -> None:
        """Hire somebody whose hire date nobody filled in."""
        self.add_person(person_id, at, **(fields | {"hireDate": ""}))

    def change_person(self, person_id: str, at: datetime, **fields: str) -> None:
        """Change fields of somebody (the vendor's names); a new employment status gets its row."""
        self.people[person_id] |= fields
        if "employmentHistoryStatus" in fields:
            self._add_row("employmentStatus", person_id, date=at.date().isoformat(),
                          employmentStatus=fields["employmentHistoryStatus"])  # fmt: skip
        self._touch(person_id, at)

    def terminate(self, person_id: str, last_day: date, at: datetime) -> None:
        """End an employment; the status turns at once, whenever the last day is."""
        day = last_day.isoformat()
        self._add_row("employmentStatus", person_id, date=day, employmentStatus=ENDED)
        self.people[person_id] |= {
            "terminationDate": day, "status": "Inactive", "employmentHistoryStatus": ENDED,
        }  # fmt: skip
        self._touch(person_id, at)

    def rehire(self, person_id: str, hire_date: date, at: datetime, status: str = "Full-Time") -> None:
        """Hire somebody again; the old last day stays, as it does at the vendor's."""
        day = hire_date.isoformat()
        self._add_row("employmentStatus", person_id, date=day, employmentStatus=status)
        self.people[person_id] |= {"hireDate": day, "status": "Active", "employmentHistoryStatus": status}
        self._touch(person_id, at)

    def delete_person(self, person_id: str, at: datetime) -> None:
        """Delete somebody with all rows."""
        del self.people[person_id]
        for rows in self.tables.values():
            rows[:] = [row for row in rows if row["employeeId"] != person_id]
        self._changes[person_id] = ("Deleted", self._changes[person_id][1], at)

    def set_pay(
        self,
        person_id: str,
        start: date,
        rate: str,
        at: datetime,
        *,
        paid_per: str = "Year",
        pay_type: str = "Salary",
        currency: str = "USD",
    ) -> None:
        """Add a row to the compensation table: `rate` as a decimal text."""
        self._add_row("compensation", person_id, startDate=start.isoformat(), type=pay_type, paidPer=paid_per,
                      rate={"value": rate, "currency": currency}, reason="", comment="")  # fmt: skip
        self._touch(person_id, at)

    def add_dependent(self, dependent_id: str, person_id: str, **fields: str | None) -> None:
        """Add a dependent, a child unless `fields` (the vendor's names) say otherwise."""
        usual = {"firstName": "Robin", "middleName": None, "lastName": "Example", "relationship": "child",
                 "gender": "Female", "maskedSSN": "xxx-xx-0100", "maskedSIN": None,
                 "dateOfBirth": "2015-05-04", "state": "Utah", "country": "United States"}  # fmt: skip
        self.dependents[dependent_id] = usual | fields | {"id": dependent_id, "employeeId": person_id}

    def remove_dependent(self, dependent_id: str) -> None:
        """Remove a dependent."""
        del self.dependents[dependent_id]

    def enroll(
        self,
        person_id: str,
        plan: str,
        start: date,
        last: date | None = None,
        *,
        dependent: str = "",
        status: str = "ENROLLED",
    ) -> None:
        """Set the ranges of a member in a plan from `start` on; what he had from then on is replaced."""
        member = f"dependent.{dependent}" if dependent else f"employee.{person_id}"
        ranges = self.benefits.setdefault((person_id, member), {}).setdefault(plan, [])
        kept = [one for one in ranges if str(one["startDate"]) < start.isoformat()]
        for one in kept:
            if one["endDate"] is None or one["endDate"] >= start.isoformat():
                one["endDate"] = (start - timedelta(days=1)).isoformat()
        end = None if last is None else last.isoformat()
        ranges[:] = [*kept, {"startDate": start.isoformat(), "endDate": end, "status": status}]

    def request_time_off(
        self,
        request_id: int,
        person_id: str,
        start: date,
        end: date,
        amount: str,
        *,
        unit: str = "hours",
        status: str = "approved",
        policy: str = "Vacation",
        policy_id: int = 78,
    ) -> None:
        """Ask for time off, both days inclusive; `amount` is a decimal text."""
        self.time_off[str(request_id)] = {
            "id": request_id, "employeeId": int(person_id), "name": "made up",
            "start": start.isoformat(), "end": end.isoformat(), "created": start.isoformat(),
            "status": {"lastChanged": start.isoformat(), "lastChangedByUserId": 1, "status": status},
            "type": {"id": policy_id, "name": policy, "icon": "palm-trees"},
            "amount": {"unit": unit, "amount": NumberText(amount)},
        }  # fmt: skip

    def decide_time_off(self, request_id: int, status: str) -> None:
        """Approve, deny or cancel a request."""
        self.time_off[str(request_id)]["status"]["status"] = status

    def expire_token(self) -> None:
        """Let the OAuth 2 access token end."""
        self.access_token = ""

    # The vendor's side

    def admit(self, request: SimRequest) -> SimResponse | None:
        """401 without the API key or the current access token."""
        if request.path == "/token.php":
            return None
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic" and base64.b64decode(credentials).decode().split(":")[0] == self._api_key:
            return None
        if kind == "Bearer" and self.access_token and credentials == self.access_token:
            return None
        return SimResponse(401)

    def _token(self, request: SimRequest) -> SimResponse:
        form = dict(parse_qsl(request.body.decode()))
        right = (form.get("client_id"), form.get("client_secret")) == self._oauth
        if not right or form.get("refresh_token") != self.refresh_token:
            return SimResponse(400, {"error": "invalid_grant"})
        self._renewals += 1
        self.access_token, self.refresh_token = f"access-{self._renewals}", f"refresh-{self._renewals}"
        return SimResponse(
            200,
            {"access_token": self.access_token, "refresh_token": self.refresh_token, "expires_in": 3600,
             "token_type": "Bearer"},
        )  # fmt: skip

    def _changed(self, request: SimRequest) -> SimResponse:
        since = _since(request)
        found = {one: what for one, what in self._changes.items() if what[2] >= since}
        latest = max((at for _, _, at in found.values()), default=since)
        employees = {}
        for one, (action, born, at) in found.items():
            told = "Inserted" if action != "Deleted" and born >= since else action
            employees[one] = {"id": one, "action": told, "lastChanged": _stamp(at)}
        return SimResponse(200, {"latest": _stamp(latest), "employees": employees})

    def _changed_table(self, request: SimRequest) -> SimResponse:
        table = request.params["table"]
        if table not in self.tables:
            return SimResponse(404)
        since = _since(request)
        employees = {
            one: {"lastChanged": _stamp(at), "rows": [_changed_row(row) for row in self._rows_of(table, one)]}
            for one, (_, _, at) in self._changes.items()
            if at >= since and one in self.people
        }
        return SimResponse(200, {"table": table, "employees": employees})

    def _table(self, request: SimRequest) -> SimResponse:
        table, one = request.params["table"], request.params["id"]
        if table not in self.tables or (one != "all" and one not in self.people):
            return SimResponse(404)
        return SimResponse(200, self.tables[table] if one == "all" else self._rows_of(table, one))

    def _dataset(self, request: SimRequest) -> SimResponse:
        asked = request.json() or {}
        fields, number, size = asked.get("fields", []), asked.get("page", 1), asked.get("pageSize", 100)
        unknown = [name for name in fields if name not in self._known]
        if request.params["name"] != "employee" or unknown or not fields or not 1 <= size <= 1000:
            code = "DATASET_NOT_FOUND" if request.params["name"] != "employee" else "VALIDATION_FAILED"
            detail = f"unknown fields: {', '.join(unknown)}" if unknown else "the request is not valid"
            return SimResponse(422, {"title": "Unprocessable", "status": 422, "detail": detail, "code": code},
                               headers={"content-type": "application/json"})  # fmt: skip
        wanted = _filtered(asked.get("filter"), self.people)
        page = sorted(wanted, key=int)[(number - 1) * size : number * size]
        pages = max(1, -(-len(wanted) // size))
        following = f"/api/v2/datasets/employee/data?page={number + 1}" if number < pages else None
        shown = [name for name in fields if name not in self.hidden_fields]
        return SimResponse(
            200,
            {"data": [{"fields": {name: self.people[one].get(name, "") for name in shown}} for one in page],
             "links": {"next": following, "prev": None},
             "meta": {"page": number, "pageSize": size, "totalPages": pages, "totalItems": len(wanted)}},
        )  # fmt: skip

    def _dependents(self, request: SimRequest) -> SimResponse:
        of = request.query.get("employeeid")
        rows = [one for one in self.dependents.values() if of in (None, one["employeeId"])]
        return SimResponse(200, {"Employee Dependents": rows})

    def _member_benefits(self, request: SimRequest) -> SimResponse:
        query = request.query
        year, number, size = query.get("calendarYear", ""), int(query.get("page", 1)), int(query.get("pageSize", 25))
        if not re.fullmatch(r"\d{4}", year) or number < 1 or not 1 <= size < 100:
            return SimResponse(400, {"message": "the request is not valid"})
        found = []
        for (employee, member), plans in self.benefits.items():
            told = [{"planId": plan, "dateRanges": kept} for plan, ranges in plans.items()
                    if (kept := [one for one in ranges if _touches(one, year)])]  # fmt: skip
            if told:
                found.append({"memberId": member, "subscriberId": employee, "plans": told})
        pages = max(1, -(-len(found) // size))
        meta = {"page": number, "pageSize": size, "totalPages": pages, "totalItems": len(found)}
        return SimResponse(200, {"data": found[(number - 1) * size : number * size], "meta": meta})

    def _time_off(self, request: SimRequest) -> SimResponse:
        query = request.query
        if not {"start", "end"} <= query.keys():
            return SimResponse(400, {"message": "start and end are required"})
        wanted = query.get("status", "").split(",")
        rows = [
            one
            for one in self.time_off.values()
            if one["end"] >= query["start"]
            and one["start"] <= query["end"]
            and (wanted == [""] or one["status"]["status"] in wanted)
        ]
        return SimResponse(200, rows)

    def _touch(self, person_id: str, at: datetime) -> None:
        _, born, _ = self._changes[person_id]
        self._changes[person_id] = ("Updated", born, at)

    def _add_row(self, table: str, person_id: str, **values: Any) -> None:
        self._rows += 1
        self.tables[table].append({"id": str(self._rows), "employeeId": person_id, **values})

    def _rows_of(self, table: str, person_id: str) -> list[dict[str, Any]]:
        return [row for row in self.tables[table] if row["employeeId"] == person_id]


def made_up_person(number: int) -> dict[str, str]:
    """A person by number, in the dataset's words; the SSN is from a range never given out (9xx)."""
    firsts, lasts = (
        ("Ada", "Ben", "Cora", "Dan", "Eve"),
        ("Ashby", "Bloom", "Carver", "Dorn", "Ellis", "Frost"),
    )
    born = date(1965, 1, 1) + timedelta(days=number * 37 % 13000)
    return {
        "employeeNumber": f"E{number:05d}",
        "firstName": firsts[number % 5],
        "lastName": f"{lasts[number % 6]}{'abcdefghij'[number % 10]}",
        "middleName": "",
        "dateOfBirth": born.isoformat(),
        "gender": ("Female", "Male")[number % 2],
        "ssn": f"9{number // 1000000 % 100:02d}-{number // 10000 % 99 + 1:02d}-{number % 10000:04d}",
        "workEmail": f"e{number:05d}@example.com",
        "address1": f"{number} Main Street",
        "address2": "",
        "city": "Provo",
        "state": "Utah",
        "zipcode": "84604",
        "country": "United States",
        "hireDate": "2025-01-06",
        "originalHireDate": "",
        "employmentHistoryStatus": "Full-Time",
        "standardHoursPerWeek": "40",
        "payGroup": "biweekly",
        "department": ("Sales", "Engineering")[number % 2],
        "location": "Lindon",
        "maritalStatus": "Single",
    }


def _changed_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A table's row as the "changed" call tells it: without ids, a rate with its currency as one text."""
    told = {name: value for name, value in row.items() if name not in ("id", "employeeId")}
    if isinstance(rate := told.get("rate"), dict):
        told["rate"] = f"{rate['value']} {rate['currency']}"
    return told


def _touches(span: Mapping[str, str | None], year: str) -> bool:
    """Whether some day of the range is in the year."""
    return str(span["startDate"])[:4] <= year <= (span["endDate"] or "9999")[:4]


def _filtered(text: str | None, people: Mapping[str, Any]) -> list[str]:
    """The ids that a filter `eeid in ('1','2')` lets pass; ValueError for any other filter."""
    if not text:
        return list(people)
    found = re.fullmatch(r"eeid in \(('\d+'(?:,'\d+')*)\)", text)
    if found is None:
        raise ValueError("a filter this simulator does not know")
    wanted = {part.strip("'") for part in found[1].split(",")}
    return [one for one in people if one in wanted]


def _since(request: SimRequest) -> datetime:
    """The moment asked for; ValueError (a 400) where there is none."""
    return datetime.fromisoformat(request.query.get("since", ""))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
