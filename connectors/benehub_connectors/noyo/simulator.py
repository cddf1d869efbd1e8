"""A group at Noyo that keeps state and answers like it, for the tests. It never calls the vendor.

It refuses what Noyo refuses: a snapshot that leaves out running cover, a person who is there already under another
number, a plan that is none of the group's. Ids are uuid5 of what they stand for; the day is handed in.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import NAMESPACE_URL, uuid5

from benehub.connect.jsontext import NumberText
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub_connectors.noyo.settings import NoyoPlan
from benehub_connectors.noyo.words import ARRIVED, OPEN

Row = dict[str, Any]

CREATED = 1_790_000_000
DEFAULT_SIZE = 20


def sim_id(*parts: str) -> str:
    """The same uuid for the same parts, always."""
    return str(uuid5(NAMESPACE_URL, "/".join(("noyo.simulator", *parts))))


class NoyoSimulator(Simulator):
    """One group at Noyo.

    Args:
        name: of the group; all ids hang on it.
        today: the simulated day: cover that ended before it is in no snapshot any more.
        plans: the group's plans.
    """

    client_id = "benehub"
    client_secret = "simulated-secret"  # noqa: S105 - opens nothing but this simulator

    def __init__(self, name: str = "acme", *, today: date, plans: Sequence[NoyoPlan]) -> None:
        super().__init__()
        self.group = sim_id("group", name)
        self.today = today
        self.plans = {one.id: one for one in plans}
        self.families: dict[str, Row] = {}
        self.snapshots: list[Row] = []
        self.premiums: list[Row] = []
        self.differences: list[Row] = []
        self.requests: list[Row] = []
        self.effects = 0
        self._tokens = 0
        group, employee = f"/api/v1/groups/{self.group}", "/api/v1/employees/{employee_id}"
        for method, template, handler in (
            ("POST", "/auth/public/token", self._token),
            ("GET", f"{group}/employees", self._list_employees),
            ("GET", f"{group}/member_snapshots", self._list_snapshots),
            ("POST", f"{group}/member_snapshots", self._create),
            ("POST", f"{group}/member_snapshots/test", self._test),
            ("GET", f"{employee}/member_snapshot", self._show),
            ("GET", f"{employee}/member_requests", self._list_requests),
            ("GET", f"{employee}/premiums", self._list_premiums),
            ("GET", f"{group}/differences", self._list_differences),
            ("POST", "/api/v1/people", self._search),
        ):
            self.route(method, template, handler)

    # What people and carriers do

    def enroll(self, snapshot: Row) -> str:
        """A family that Noyo knew before the hub came. Gives the employee's id."""
        made = self._apply(deepcopy(snapshot))
        self.effects = 0
        return str(made["employee_id"])

    def fulfil(self, snapshot_id: str, status: str, errors: Sequence[str] = ()) -> None:
        """A carrier's word on a snapshot; it is completed once all of them have taken it."""
        one = next(row for row in self.snapshots if row["id"] == snapshot_id)
        for carrier in one["fulfillment_summary"]:
            carrier |= {"status": status, "errors": list(errors)}
        one["status"] = "completed" if status in ARRIVED else "processing"

    def newest(self, number: str) -> str:
        """The id of the newest snapshot of an employee, by the employee's number."""
        family = self.family(number)
        assert family is not None
        return str([row["id"] for row in self.snapshots if row["employee_id"] == family["employee"]["id"]][-1])

    def bill(self, number: str, plan: NoyoPlan, amount: str, start: str, end: str | None = None, **more: Any) -> Row:
        """What is billed a month for a family in a plan; `more` are fields of the premium."""
        family = self.family(number)
        assert family is not None
        employee = family["employee"]["id"]
        billed = {"line_of_coverage": plan.line, "member_id": employee, "member_type": "employee", "plan_id": plan.id}
        key = sim_id("premium", employee, str(len(self.premiums)))
        made = {
            "id": key, "version": sim_id("version", key), "carrier_id": plan.carrier, "amount": NumberText(amount),
            "period": {"amount": 1, "unit": "month"}, "premium_type": "total_amount", "effective_start_date": start,
            "billed_members": [billed], "created": CREATED, "modified": CREATED,
            **({"effective_end_date": end} if end else {}), **more,
        }  # fmt: skip
        self.premiums.append({"employee_id": employee, "told": made})
        return made

    def differ(self, number: str, kind: str, about: str = "individual_enrollment", **more: Any) -> Row:
        """A carrier turns out to hold something else of a family; `more` are fields of the difference."""
        family = self.family(number)
        assert family is not None
        employee = family["employee"]["id"]
        key = sim_id("difference", employee, str(len(self.differences)))
        made = {
            "id": key, "version": sim_id("version", key), "carrier_id": next(iter(self.plans.values())).carrier,
            "group_id": self.group, "organization_id": sim_id("organization", self.group), "employee_id": employee,
            "object_id": sim_id("object", key), "object_type": about, "difference_classification": "field_mismatch",
            "difference_type": kind, "discrepancy_time": CREATED, "fields": [], "impact_score": 3,
            "is_dismissed": False, "is_suppressed": False, "created": CREATED, "modified": CREATED, **more,
        }  # fmt: skip
        self.differences.append(made)
        return made

    def ask(self, number: str, kind: str) -> Row:
        """Somebody at the employer's makes a member request of a kind for a family; it is on its way."""
        family = self.family(number)
        assert family is not None
        employee = family["employee"]["id"]
        key = sim_id("request", employee, str(len(self.requests)))
        made = {
            "id": key, "version": sim_id("version", key), "employee_id": employee, "request_type": kind,
            "status": "processing", "body": {"employee_id": employee}, "result": {}, "transactions": [],
            "created": CREATED, "modified": CREATED,
        }  # fmt: skip
        self.requests.append(made)
        return made

    def family(self, number: str) -> Row | None:
        """A family by the number of its employee."""
        return next((f for f in self.families.values() if f["employee"]["custom_individual_id"] == number), None)

    # Answers

    def admit(self, request: SimRequest) -> SimResponse | None:
        """Every call but that for a token needs the newest one."""
        known = request.headers.get("authorization") == f"Bearer simulated-access-{self._tokens}"
        if request.path == "/auth/public/token" or (known and self._tokens):
            return None
        return _refused(401, "Unauthorized")

    def _token(self, request: SimRequest) -> SimResponse:
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        form = parse_qs(request.body.decode())
        if request.headers.get("authorization") != f"Basic {pair}" or form.get("grant_type") != ["client_credentials"]:
            return _refused(401, "Unauthorized")
        self._tokens += 1
        token = f"simulated-access-{self._tokens}"
        return SimResponse(200, {"access_token": token, "token_type": "Bearer", "expires_in": 600})

    def _list_employees(self, request: SimRequest) -> SimResponse:
        rows = [
            {**_undated(family["employee"]), "created": CREATED, "modified": CREATED, "group_id": self.group,
             "version": sim_id("version", key)}
            for key, family in self.families.items()
        ]  # fmt: skip
        return _listed(request, rows)

    def _list_snapshots(self, request: SimRequest) -> SimResponse:
        names = ("id", "employee_id", "status", "fulfillment_summary", "created", "modified", "version")
        return _listed(request, [{name: one[name] for name in names} for one in self.snapshots])

    def _show(self, request: SimRequest) -> SimResponse:
        family = self.families.get(request.params["employee_id"])
        if family is None:
            return _refused(404, "Employee not found.")
        running = [{**one, "enrolled_members": kept} for one in family["coverages"] if (kept := self._running(one))]
        return SimResponse(200, {**family, "coverages": running, "snapshot_mode": "current_open"})

    def _list_premiums(self, request: SimRequest) -> SimResponse:
        """Those that have not ended by the day asked for: what ended long ago is told no more."""
        asked = request.query.get("effective_date", self.today.isoformat())
        since = (date.fromisoformat(asked) - timedelta(days=62)).isoformat()
        rows = [one["told"] for one in self.premiums if one["employee_id"] == request.params["employee_id"]
                and one["told"].get("effective_end_date", OPEN) >= since]  # fmt: skip
        meta = {"offset": 0, "page_num": 1, "page_size": max(1, len(rows)), "total_records": len(rows)}
        return SimResponse(200, {"meta": meta, "response": rows})

    def _list_requests(self, request: SimRequest) -> SimResponse:
        return _listed(request, [one for one in self.requests if one["employee_id"] == request.params["employee_id"]])

    def _list_differences(self, request: SimRequest) -> SimResponse:
        return _listed(request, self.differences)

    def _running(self, coverage: Mapping[str, Any]) -> list[Row]:
        return [one for one in coverage["enrolled_members"] if one["effective_end_date"] >= self.today.isoformat()]

    def _search(self, request: SimRequest) -> SimResponse:
        asked = request.json()
        found = []
        for key, family in self.families.items():
            person = family["employee"]["person"]
            name = f"{person['first_name']} {person['last_name']}"
            if name.casefold() == str(asked["full_name"]).casefold():
                found.append({
                    "id": sim_id("person", key), "employee_id": key, "dependent_id": None, "group_id": self.group,
                    "full_name": name, "date_of_birth": person["date_of_birth"],
                })  # fmt: skip
        return SimResponse(200, found)

    def _create(self, request: SimRequest) -> SimResponse:
        told = request.json()
        return self._refusal(told) or SimResponse(201, self._apply(told))

    def _test(self, request: SimRequest) -> SimResponse:
        told = request.json()["member_snapshot"]
        refusal = self._refusal(told)
        if refusal is not None:
            return refusal
        kept = deepcopy(self.families), list(self.snapshots), self.effects
        would = deepcopy(self._apply(told))
        self.families, self.snapshots, self.effects = kept
        return SimResponse(200, {"member_snapshot": would, "trace_ids": []})

    # Rules

    def _refusal(self, told: Row) -> SimResponse | None:
        """What Noyo has against a snapshot."""
        employee = told["employee"]
        before = self.families.get(employee.get("id", ""))
        if employee.get("id") and before is None:
            return _refused(404, "Employee not found.")
        if before is None and not employee.get("custom_individual_id"):
            return _refused(422, "custom_individual_id is required for a new employee.")
        if before is None and any(_alike(employee, one["employee"]) for one in self.families.values()):
            return _refused(400, "Error creating employee. Existing employee has matching name and date of birth.")
        for one in told["dependents"]:
            others = before["dependents"] if before is not None else []
            if not one.get("id") and any(_alike(one, other) for other in others):
                return _refused(
                    400, "Error creating dependent. Existing dependent has matching name and date of birth."
                )
        if any(one.get("plan_id") not in self.plans for one in told["coverages"]):
            return _refused(422, "No such plan in this group.")
        return self._omitted(told, before) if before is not None else None

    def _omitted(self, told: Row, before: Row) -> SimResponse | None:
        """The refusal of a snapshot that leaves running cover out, unless it says what shall become of it."""
        if told.get("omitted_coverage_handling", {}).get("policy", "reject") != "reject":
            return None
        named = {(c["plan_id"], self._id_of(m, before)) for c in told["coverages"] for m in c["enrolled_members"]}
        missing = [
            f"{c['line_of_coverage']} for {m['individual_type']} {m['individual_id']}"
            for c in before["coverages"] for m in self._running(c)
            if (c["plan_id"], m["individual_id"]) not in named
        ]  # fmt: skip
        if not missing:
            return None
        return _refused(422, f"This snapshot is missing the following active coverages: {', '.join(missing)}. If you "
                             "intend to terminate a coverage, please send a snapshot that includes a termination date "
                             "before omitting it from future snapshots.")  # fmt: skip

    def _apply(self, told: Row) -> Row:
        """Keep a snapshot's state; gives the snapshot as Noyo answers with it."""
        told = deepcopy(told)
        employee, made = told["employee"], []
        if not employee.get("id"):
            employee["id"] = sim_id("employee", self.group, employee["custom_individual_id"])
            made.append(("employee", employee))
        for one in told["dependents"]:
            if not one.get("id"):
                one["id"] = sim_id("dependent", employee["id"], one["custom_individual_id"])
                made.append(("dependent", one))
        family = {"employee": employee, "dependents": told["dependents"], "coverages": told["coverages"]}
        for coverage in family["coverages"]:
            for member in coverage["enrolled_members"]:
                member["individual_id"] = self._id_of(member, family)
        state = _stateful(family)
        if state != _stateful(self.families.get(employee["id"], {})):
            self.effects += 1
        self.families[employee["id"]] = state
        return self._keep(told, employee["id"], made)

    def _keep(self, told: Row, employee_id: str, made: Sequence[tuple[str, Row]]) -> Row:
        key = sim_id("snapshot", employee_id, str(len(self.snapshots)))
        for older in self.snapshots:
            if older["employee_id"] == employee_id and older["status"] == "processing":
                older |= {"status": "replaced", "replaced_by": key}
        carriers = dict.fromkeys(self.plans[one["plan_id"]].carrier for one in told["coverages"])
        one = {
            "id": key, "employee_id": employee_id, "status": "processing", "created": CREATED, "modified": CREATED,
            "version": sim_id("version", key), "warnings": [], "member_snapshot": told,
            "created_members": [{"custom_individual_id": row["custom_individual_id"], "id": row["id"], "type": kind}
                                for kind, row in made],
            "fulfillment_summary": [{"carrier_id": c, "errors": [], "status": "processing"} for c in carriers],
        }  # fmt: skip
        self.snapshots.append(one)
        return one

    def _id_of(self, member: Mapping[str, Any], family: Row) -> str:
        if member.get("individual_id"):
            return str(member["individual_id"])
        people = [family["employee"], *family["dependents"]]
        number = member.get("custom_individual_id")
        return str(next((one["id"] for one in people if one["custom_individual_id"] == number), ""))


def _alike(one: Row, other: Row) -> bool:
    names = ("first_name", "last_name", "date_of_birth")
    return all(one["person"][name] == other["person"][name] for name in names)


def _stateful(family: Mapping[str, Any]) -> Row:
    """A family without events, which belong to the snapshot that told them."""
    if not family:
        return {}

    def bare(one: Mapping[str, Any]) -> Row:
        return {name: value for name, value in one.items() if name != "event_id"}

    return {
        "employee": bare(family["employee"]),
        "dependents": [bare(one) for one in family["dependents"]],
        "coverages": [
            {**one, "enrolled_members": [bare(member) for member in one["enrolled_members"]]}
            for one in family["coverages"]
        ],
    }


def _undated(employee: Row) -> Row:
    """An employee as lists show one: the salary has no date there."""
    employment = employee["employment"]
    salary = {name: value for name, value in employment.get("salary", {}).items() if name != "effective_date"}
    return {**employee, "employment": {**employment, **({"salary": salary} if salary else {})}}


def _listed(request: SimRequest, rows: Sequence[Row]) -> SimResponse:
    size, offset = int(request.query.get("page_size", DEFAULT_SIZE)), int(request.query.get("offset", "0"))
    meta = {"offset": offset, "page_num": offset // size + 1, "page_size": size, "total_records": len(rows)}
    return SimResponse(200, {"meta": meta, "response": list(rows[offset : offset + size])})


def _refused(status: int, message: str) -> SimResponse:
    return SimResponse(status, {"message": message, "status": status})
