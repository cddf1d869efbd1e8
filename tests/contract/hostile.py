"""A plain connector, in one kind for every guard, and the vendor it meets on a bad day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import benehub
from benehub.connect import jsontext
from benehub.connect.messages import change, path, read
from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub.testing import Stage

TOKEN = "hostile-token-4711"


class Plain(benehub.ApiConnector):
    """Reads employees by cursor and compensation by number; writes deductions as its guard says."""

    name, kind, base_url = "plain", benehub.Kind.PAYROLL, "https://vendor.example"
    lists: ClassVar = {
        "employee": benehub.Listing(
            "/people",
            items="people",
            pages="cursor",
            parameter="after",
            fields={
                name: name
                for name in (
                    "employee_number",
                    "first_name",
                    "last_name",
                    "birth_date",
                    "hire_date",
                    "ssn",
                    "pay_group",
                )
            },
        ),
        "payroll_person": benehub.Listing("/numbers", fields={"employee_number": "number"}),
    }
    guards: ClassVar = {"deduction.set": benehub.Guard.NONE}

    def lookup(self, item: benehub.Item, settings: Any) -> benehub.Request | None:
        """Only where the guard lives by reading back."""
        if item.operation not in self.guards:
            raise benehub.Unsupported(f"plain does not write {item.operation}", blocker="us")
        return read(_place(item), accept=(404,)) if self.guards[item.operation] is benehub.Guard.READ_BACK else None

    def request(
        self, item: benehub.Item, found: benehub.Response | None, settings: Any
    ) -> benehub.Request | benehub.Receipt:
        """A POST, guarded as declared."""
        guard = self.guards[item.operation]
        body = {"amount": benehub.format_minor(item.content["employee_amount_minor"])}
        if found is not None and found.data == body:
            return benehub.Receipt("there", changed=False)
        key = item.key if guard is benehub.Guard.IDEMPOTENCY_KEY else ""
        method = "PUT" if guard is benehub.Guard.NATURAL_KEY_UPSERT else "POST"
        return change(method, _place(item), body, idempotency_key=key)

    def receipt(self, item: benehub.Item, response: benehub.Response) -> benehub.Receipt:
        """What it said."""
        return benehub.Receipt(str(response.data["id"]))


def _place(item: benehub.Item) -> str:
    return path("/d/{person}/{code}", person=item.content["employee"], code=item.content["code"])


class ReadBack(Plain):
    """Can be asked."""

    guards: ClassVar = {"deduction.set": benehub.Guard.READ_BACK}


class Keyed(Plain):
    """Knows a key."""

    guards: ClassVar = {"deduction.set": benehub.Guard.IDEMPOTENCY_KEY}


class Upsert(Plain):
    """Holds one state an address."""

    guards: ClassVar = {"deduction.set": benehub.Guard.NATURAL_KEY_UPSERT}


class Vendor(Simulator):
    """Three people in pages of two; every POST without a known key is one more deduction."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, bytes] = {}
        self.keys: set[str] = set()
        self.effects = 0
        self.route("GET", "/people", self._people)
        self.route("GET", "/numbers", self._numbers)
        self.route("GET", "/d/{person}/{code}", self._show)
        self.route("POST", "/d/{person}/{code}", self._write)
        self.route("PUT", "/d/{person}/{code}", self._write)

    def admit(self, request: SimRequest) -> SimResponse | None:
        """Only with the token."""
        return None if request.headers.get("authorization") == f"Bearer {TOKEN}" else SimResponse(401, {})

    def _people(self, request: SimRequest) -> SimResponse:
        people = [
            {"id": f"p{n}", "employee_number": f"100{n}", "first_name": "Ann", "last_name": f"Alder {n}",
             "birth_date": "1980-02-03", "hire_date": "2025-03-01", "ssn": f"90011000{n}", "pay_group": "monthly",
             "hours": jsontext.NumberText("37.50")}
            for n in (1, 2, 3)
        ]  # fmt: skip
        start = int(request.query.get("after", "0"))
        told: dict[str, Any] = {"people": people[start : start + 2]}
        return SimResponse(json=told | ({"next": str(start + 2)} if start + 2 < len(people) else {}))

    def _numbers(self, request: SimRequest) -> SimResponse:
        pages = {"1": [{"id": "p1", "number": "1001"}], "2": [{"id": "p2", "number": "1002"}]}
        return SimResponse(json=pages.get(request.query.get("page", ""), []))

    def _show(self, request: SimRequest) -> SimResponse:
        held = self.held.get(request.path)
        return SimResponse(404, {}) if held is None else SimResponse(json=json.loads(held))

    def _write(self, request: SimRequest) -> SimResponse:
        key = request.headers.get("idempotency-key", "")
        same = request.method == "PUT" and self.held.get(request.path) == request.body
        if not same and (not key or key not in self.keys):
            self.effects += 1
        self.held[request.path] = request.body
        self.keys |= {key} - {""}
        return SimResponse(json={"id": request.path})


def stage(_folder: Path) -> Stage:
    """A fresh vendor and two deductions."""
    vendor = Vendor()
    usual = {"plan": "ppo", "tax_class": "pretax", "effective_from": "2026-12-04", "active": True}
    items = [
        {**usual, "employee": f"p{n}", "code": "MED", "employee_amount_minor": 6120 + n, "employer_amount_minor": 0}
        for n in (1, 2)
    ]

    def answer(wire: WireRequest) -> WireResponse:
        return vendor.handle(wire)

    return Stage({"api_key": "env:KEY"}, {"env:KEY": TOKEN}, answer, {"deduction.set": items}, lambda: vendor.effects)
