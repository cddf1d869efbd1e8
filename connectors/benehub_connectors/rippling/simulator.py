"""A company at Rippling that keeps state and answers like it, for the tests. It never calls the vendor.

Its payroll takes what is held on the day: 401(k) deductions as the hub wrote them, other deductions as people set
them. Ids are made of what they stand for; the day is handed in; nothing is random.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qs

from benehub.errors import DataError
from benehub.money import Rounding, format_minor, parse_minor, round_to_int
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub_connectors.rippling.words import TAX_CLASSES, percent

Row = dict[str, Any]

BASE = "/platform/api"
TOKEN_SECONDS = 129_600
EIN = "123456789"

K401 = {"traditional": "_401K", "roth": "ROTH_401K", "loan": "_401K_LOAN_PAYMENT"}
_COMPANY = {
    "traditional": ("employer", "employer_traditional_is_percent"),
    "roth": ("roth_employer", "employer_roth_is_percent"),
}
_TEXTS = frozenset({"traditional", "roth", "loan", "employer", "roth_employer"})
_FLAGS = frozenset(
    {"traditional_is_percent", "roth_is_percent", "loan_is_percent", "employer_traditional_is_percent",
     "employer_roth_is_percent"}
)  # fmt: skip


def sim_id(*parts: str) -> str:
    """The same id for the same parts, always: 24 hex digits as at Rippling."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]


class RipplingSimulator(Simulator):
    """One company at Rippling.

    Args:
        name: of the company; all ids hang on it.
    """

    api_key = "simulated-key"
    client_id = "benehub"
    client_secret = "simulated-secret"  # noqa: S105 - opens nothing but this simulator

    def __init__(self, name: str = "acme") -> None:
        super().__init__()
        self.name = name
        self.refresh_token = "simulated-refresh"  # noqa: S105 - it too opens nothing but this simulator
        self.admin_left = False
        self.employees: dict[str, Row] = {}
        self.pay: dict[str, tuple[int, str]] = {}
        self.company_deductions: list[Row] = []
        self.employee_deductions: list[Row] = []
        self.deductions_401k: dict[str, Row] = {}
        self.runs: list[Row] = []
        self.checks: dict[str, list[Row]] = {}
        self.effects = 0
        self._renewals = 0
        self.route("POST", "/api/o/token/", self._token)
        for method, template, handler in (
            ("GET", "/employees/include_terminated", lambda request: _listed(request, list(self.employees.values()))),
            ("GET", "/company_deductions", lambda _: SimResponse(200, self.company_deductions)),
            ("GET", "/employee_deductions", lambda _: SimResponse(200, self.employee_deductions)),
            ("GET", "/payroll_runs", lambda request: _listed(request, self.runs)),
            ("GET", "/payroll_runs/{run_id}/employees", self._show_run),
            ("GET", "/employees/{employee_id}/deductions_401k", self._show_401k),
            ("POST", "/employees/{employee_id}/deductions_401k", self._create_401k),
            ("PUT", "/employees/{employee_id}/deductions_401k", self._update_401k),
        ):
            self.route(method, f"{BASE}{template}", handler)

    # The company, as its people set it up

    def add_employee(
        self, number: int, first: str, last: str, *, birth: date, gross_minor: int, hours: str = "86.6700",
        active: bool = True,
    ) -> str:  # fmt: skip
        """An employee with the pay of one period. Gives the id."""
        key = sim_id(self.name, "role", str(number))
        self.employees[key] = {
            "id": key, "employeeNumber": number, "name": f"{first} {last}", "firstName": first, "lastName": last,
            "dob": birth.isoformat(), "roleState": "ACTIVE" if active else "TERMINATED",
            "employmentType": "SALARIED_FT", "startDate": "2020-01-06", "endDate": None,
        }  # fmt: skip
        self.pay[key] = (gross_minor, hours)
        return key

    def add_deduction(self, name: str, kind: str) -> str:
        """A company deduction, with one of each employee's. Gives its id."""
        key = sim_id(self.name, "cdt", name)
        company: Row = {
            "id": key, "deductionType": kind, "name": name, "isMonthly": None, "employeeDeduction": "0.0000",
            "isEEPercent": False, "companyContribution": "0.0000", "isERPercent": False, "employerMatch401K": [],
        }  # fmt: skip
        self.company_deductions.append(company)
        for role in self.employees:
            self.employee_deductions.append({
                "id": sim_id(self.name, "edt", name, role), "role": role, "companyDeductionType": key, "name": name,
                "isMonthly": None, "employeeDeduction": "0.0000", "isEEPercent": False,
                "companyContribution": "0.0000", "isERPercent": False,
            })  # fmt: skip
        return key

    def hold(self, role: str, name: str, employee_minor: int, company_minor: int = 0) -> Row:
        """What people set for one employee's deduction by hand."""
        wanted = sim_id(self.name, "edt", name, role)
        one = next(row for row in self.employee_deductions if row["id"] == wanted)
        one |= {
            "employeeDeduction": f"{format_minor(employee_minor)}00",
            "companyContribution": f"{format_minor(company_minor)}00",
        }
        return one

    def add_run(
        self, check_date: date, start: date, end: date, *, state: str = "PAID", kind: str = "REGULAR",
        schedule: str = "semimonthly",
    ) -> str:  # fmt: skip
        """A pay run; one that is paid has a check for everybody active. Gives its id."""
        key = sim_id(self.name, "run", check_date.isoformat(), kind)
        self.runs.append({
            "id": key, "runState": state, "runType": kind, "checkDate": check_date.isoformat(),
            "name": f"{start} - {end}", "approvalDeadline": check_date.isoformat(), "approvedAt": None, "ein": EIN,
            "payPeriod": {"startDate": start.isoformat(), "endDate": end.isoformat(), "paySchedule": schedule},
        })  # fmt: skip
        active = [role for role, one in self.employees.items() if one["roleState"] == "ACTIVE"]
        self.checks[key] = [self._check(key, role) for role in active] if state == "PAID" else []
        return key

    # What payroll takes

    def _check(self, run: str, role: str) -> Row:
        gross, hours = self.pay[role]
        deductions = [*self._flat(role), *self._deferrals(role, gross)]
        taken = sum(parse_minor(one["employeeDeductionAmt"]) for one in deductions)
        earning = {
            "amount": format_minor(gross), "hours": hours, "name": "Salary",
            "companyEarningType": sim_id(self.name, "earning", "Salary"), "earningTypeEnum": "SALARY",
        }  # fmt: skip
        return {
            "id": sim_id(run, role), "run": run, "role": role, "earnings": [earning], "garnishments": [],
            "taxes": [{"amount": "0.00", "name": "Federal Income Tax"}], "deductions": deductions,
            "grossPay": format_minor(gross), "netPay": format_minor(gross - taken),
            "totalPayForPercentageDeductions": format_minor(gross), "ein": EIN,
        }  # fmt: skip

    def _flat(self, role: str) -> list[Row]:
        kinds = {one["id"]: one["deductionType"] for one in self.company_deductions}
        return [
            _line(one["name"], kinds[one["companyDeductionType"]], one["employeeDeduction"], one["companyContribution"])
            for one in self.employee_deductions
            if one["role"] == role and kinds[one["companyDeductionType"]] not in K401.values()
        ]

    def _deferrals(self, role: str, gross: int) -> list[Row]:
        held, found = self.deductions_401k.get(role, {}), []
        names = {one["deductionType"]: one["name"] for one in self.company_deductions}
        for account, kind in K401.items():
            if kind in names and account in held:
                fields = _COMPANY.get(account)
                own = _worth(held, (account, f"{account}_is_percent"), gross)
                company = _worth(held, fields, gross) if fields else 0
                found.append(_line(names[kind], kind, format_minor(own), format_minor(company)))
        return found

    # Answers

    def admit(self, request: SimRequest) -> SimResponse | None:
        """The API key, or an app's newest token; neither once the administrator has left."""
        known = {f"Bearer {self.api_key}", *([f"Bearer simulated-access-{self._renewals}"] if self._renewals else [])}
        if request.path.startswith("/api/o/"):
            return None
        refused = self.admin_left or request.headers.get("authorization") not in known
        return SimResponse(401, {"detail": "Authentication credentials were not provided."}) if refused else None

    def _token(self, request: SimRequest) -> SimResponse:
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        form = parse_qs(request.body.decode())
        right = request.headers.get("authorization") == f"Basic {pair}"
        if self.admin_left or not right or form.get("refresh_token") != [self.refresh_token]:
            return SimResponse(401, {"error": "invalid_grant"})
        self._renewals += 1
        answer = {"access_token": f"simulated-access-{self._renewals}", "refresh_token": self.refresh_token}
        return SimResponse(200, answer | {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": "payroll"})

    def _show_run(self, request: SimRequest) -> SimResponse:
        found = self.checks.get(request.params["run_id"])
        return _not_found() if found is None else _listed(request, found)

    def _show_401k(self, request: SimRequest) -> SimResponse:
        found = self.deductions_401k.get(request.params["employee_id"])
        return _not_found() if found is None else SimResponse(200, found)

    def _create_401k(self, request: SimRequest) -> SimResponse:
        role = request.params["employee_id"]
        if role in self.deductions_401k:
            return SimResponse(400, {"detail": "Deductions exist for this employee."})
        return self._changed(role, request.json())

    def _update_401k(self, request: SimRequest) -> SimResponse:
        role = request.params["employee_id"]
        return self._changed(role, request.json()) if role in self.deductions_401k else _not_found()

    def _changed(self, role: str, body: Mapping[str, Any]) -> SimResponse:
        """Fields told are taken, those left out stay."""
        if role not in self.employees:
            return _not_found()
        texts = all(isinstance(body[name], str) for name in _TEXTS & set(body))
        if not texts or not all(isinstance(body[name], bool) for name in _FLAGS & set(body)):
            return SimResponse(400, {"detail": "A field's value is not valid."})
        try:
            for name in _TEXTS & set(body):
                percent(body[name], name)
        except DataError:
            return SimResponse(400, {"detail": "A figure is not valid."})
        before = self.deductions_401k.get(role)
        after = {**(before or {}), **body}
        self.effects += after != before
        self.deductions_401k[role] = after
        return SimResponse(200, {"success": True})


def _worth(held: Row, fields: tuple[str, str], gross: int) -> int:
    value, by_rate = held.get(fields[0], "0"), held.get(fields[1]) is True
    if not by_rate:
        return parse_minor(value)
    return round_to_int(Fraction(gross) * percent(value, fields[0]), Rounding.HALF_UP)


def _line(name: str, kind: str, own: str, company: str) -> Row:
    assert kind in TAX_CLASSES or kind in ("LIFE", "SHORT_DISABILITY", "LONG_DISABILITY")
    return {
        "employeeDeduction": own, "companyContribution": company, "name": name, "isEEPercent": False,
        "isERPercent": False, "employeeDeductionType": sim_id("edt", name),
        "employeeDeductionAmt": format_minor(parse_minor(own)),
        "companyContributionAmt": format_minor(parse_minor(company)), "deductionTypeEnum": kind,
    }  # fmt: skip


def _listed(request: SimRequest, found: Sequence[Any]) -> SimResponse:
    offset = int(request.query.get("offset", "0"))
    limit = int(request.query.get("limit", str(len(found) or 1)))
    return SimResponse(200, list(found[offset : offset + limit]))


def _not_found() -> SimResponse:
    return SimResponse(404, {"detail": "Not found."})
