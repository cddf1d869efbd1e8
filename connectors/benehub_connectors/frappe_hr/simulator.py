"""A Frappe site with HR and payroll that lives in memory. It has never spoken to a real one.

It keeps documents by type and answers `/api/resource` as Frappe does: twenty rows with nothing but the name unless
asked for more, no total, 417 with a class of error for what the business refuses, 403 without a token. A payroll can
be run, and takes every Additional Salary that runs: one that is there twice is taken twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from benehub.connect import jsontext
from benehub.connect.jsontext import NumberText
from benehub.money import format_minor, parse_minor
from benehub.sandbox.http import SimRequest, SimResponse, Simulator

Doc = dict[str, Any]

_STANDARD = {
    "Employee": "employee_number first_name middle_name last_name gender date_of_birth date_of_joining relieving_date"
    " status company company_email employment_type department branch marital_status custom_ssn custom_pay_group",
    "Additional Salary": "employee company salary_component type amount currency is_recurring from_date to_date"
    " payroll_date disabled overwrite_salary_structure_amount custom_benehub_reference",
    "Salary Slip": "employee company posting_date start_date end_date payroll_frequency payroll_entry currency"
    " gross_pay net_pay salary_slip_based_on_timesheet total_working_hours",
    "Leave Application": "employee company leave_type from_date to_date total_leave_days status",
    "Leave Allocation": "employee company leave_type from_date to_date total_leaves_allocated",
}
"""Fields of each document type beside `name`, `modified` and `docstatus`; `custom_` ones are this employer's."""

_NEEDED = ("employee", "company", "salary_component", "amount", "currency")


class FrappeSimulator(Simulator):
    """One site of one company.

    Args:
        now: the site's wall clock, without an offset; move it on by setting it.
        refuse_overlap: whether a second recurring Additional Salary is refused, as newer versions do.
    """

    api_key, api_secret = "site-key", "site-secret-1"
    company = "Acme"

    def __init__(self, now: datetime, *, refuse_overlap: bool = True) -> None:
        super().__init__()
        self.now = now
        self.refuse_overlap = refuse_overlap
        self.docs: dict[str, dict[str, Doc]] = {doctype: {} for doctype in _STANDARD}
        self.fields = {
            doctype: {*names.split(), "name", "modified", "docstatus"} for doctype, names in _STANDARD.items()
        }
        self.components = {"Basic": "Earning", "MED-PPO": "Deduction", "DENTAL": "Deduction", "Provident": "Deduction"}
        self.in_structure = {"Basic", "MED-PPO"}
        self.forbidden: set[tuple[str, str]] = set()
        """Method and document type that the API user's role may not."""
        self.changes = 0
        self._numbers: dict[str, int] = {}
        self.route("GET", "/api/resource/{doctype}", self._list)
        self.route("POST", "/api/resource/Additional%20Salary", self._create)
        self.route("GET", "/api/resource/{doctype}/{name}", self._show)
        self.route("PUT", "/api/resource/{doctype}/{name}", self._update)
        balance = "/api/method/hrms.hr.doctype.leave_application.leave_application.get_leave_balance_on"
        self.route("GET", balance, self._balance)

    # What people do on the site

    def add(self, doctype: str, name: str, /, **fields: Any) -> Doc:
        """A document as it stands in the database; it replaces one of that name."""
        made = dict.fromkeys(self.fields[doctype]) | {"company": self.company, "docstatus": 1} | fields
        self.docs[doctype][name] = made | {"name": name, "modified": self.now.isoformat(" ", "microseconds")}
        return self.docs[doctype][name]

    def hire(self, number: int, first: str, last: str, **fields: Any) -> str:
        """An employee; the SSN is from a range never given out. Gives Frappe's own id."""
        usual = {
            "first_name": first, "last_name": last, "gender": "Female", "date_of_birth": "1984-03-09",
            "date_of_joining": "2022-02-01", "status": "Active", "employment_type": "Full-time", "docstatus": 0,
            "custom_ssn": f"900-{number:02d}-{number:04d}", "custom_pay_group": "Monthly", "department": "Sales - A",
        }  # fmt: skip
        return str(self.add("Employee", f"HR-EMP-{number:05d}", **(usual | fields))["name"])

    @staticmethod
    def number(text: str) -> NumberText:
        """A figure as Frappe writes it in JSON: a float's own text."""
        return NumberText(text)

    def change(self, doctype: str, name: str, **fields: Any) -> None:
        """Edit a document."""
        self.docs[doctype][name] |= fields | {"modified": self.now.isoformat(" ", "microseconds")}

    def run_payroll(self, start: date, end: date, paid: date, pay_minor: int = 500_000) -> list[str]:
        """Submit a slip for everybody who is not gone; gives their names."""
        names = []
        for employee, one in self.docs["Employee"].items():
            if one["status"] == "Left":
                continue
            number = self._next(f"slip {employee}")
            taken = [self._taken(row) for row in self._due(employee, start, end)]
            total = sum(parse_minor(str(row["amount"])) for row in taken)
            earned = {"salary_component": "Basic", "amount": _money(pay_minor), "statistical_component": 0,
                      "do_not_include_in_total": 0, "additional_salary": None}  # fmt: skip
            slip = self.add(
                "Salary Slip", f"Sal Slip/{employee}/{number:05d}", employee=employee, posting_date=paid.isoformat(),
                start_date=start.isoformat(), end_date=end.isoformat(), payroll_frequency="Monthly",
                payroll_entry=f"HR-PRUN-{end.year}-{end.month:05d}", currency="USD", gross_pay=_money(pay_minor),
                net_pay=_money(pay_minor - total), salary_slip_based_on_timesheet=0,
                earnings=[earned], deductions=taken,
            )  # fmt: skip
            names.append(str(slip["name"]))
        return names

    def running(self, employee: str, component: str) -> list[Doc]:
        """Additional Salaries of an employee that recur and are not disabled."""
        return [
            one for one in self.docs["Additional Salary"].values()
            if (one["employee"], one["salary_component"], one["disabled"]) == (employee, component, 0)
            and one["is_recurring"]
        ]  # fmt: skip

    def _due(self, employee: str, start: date, end: date) -> list[Doc]:
        day = end.isoformat()
        return [
            one for one in self.docs["Additional Salary"].values()
            if one["employee"] == employee and one["docstatus"] == 1 and not one["disabled"]
            and (one["from_date"] <= day <= one["to_date"] if one["is_recurring"]
                 else start.isoformat() <= one["payroll_date"] <= day)
        ]  # fmt: skip

    def _taken(self, row: Doc) -> Doc:
        return {
            "salary_component": row["salary_component"], "amount": row["amount"], "additional_salary": row["name"],
            "exempted_from_income_tax": int(row["salary_component"] == "MED-PPO"),
            "statistical_component": 0, "do_not_include_in_total": 0,
        }  # fmt: skip

    # Frappe's side

    def admit(self, request: SimRequest) -> SimResponse | None:
        """403 without a token (a guest may read none of these) or without the right, 401 with a wrong token."""
        told = request.headers.get("authorization", "")
        doctype = unquote(request.path.removeprefix("/api/resource/").partition("/")[0])
        lacking = f"does not have doctype access via role permission for document <b>{doctype}</b>"
        if not told:
            return _refusal(403, "PermissionError", f"User <b>Guest</b> {lacking}")
        if told != f"token {self.api_key}:{self.api_secret}":
            return _refusal(401, "AuthenticationError", "Invalid Authentication Token")
        if (request.method, doctype) in self.forbidden:
            return _refusal(403, "PermissionError", f"User <b>benehub@example.com</b> {lacking}")
        return None

    def _list(self, request: SimRequest) -> SimResponse:
        doctype, query = request.params["doctype"], request.query
        if doctype not in self.docs:
            return _refusal(404, "DoesNotExistError", f"DocType {doctype} not found")
        fields = jsontext.parse(query.get("fields", '["name"]'))
        filters, any_of = (jsontext.parse(query.get(name, "[]")) for name in ("filters", "or_filters"))
        order, _, way = query.get("order_by", "modified desc").partition(" ")
        if unknown := {*fields, order, *(one[0] for one in (*filters, *any_of))} - self.fields[doctype]:
            return _refusal(417, "DataError", f"Field not permitted in query: {sorted(unknown)[0]}")
        found = [
            one for one in self.docs[doctype].values()
            if all(_passes(one, *rule) for rule in filters)
            and (not any_of or any(_passes(one, *rule) for rule in any_of))
        ]  # fmt: skip
        found.sort(key=lambda one: str(one[order] or ""), reverse=way == "desc")
        first, size = int(query.get("limit_start", 0)), int(query.get("limit_page_length", 20))
        return SimResponse(200, {"data": [{name: one[name] for name in fields} for one in found[first : first + size]]})

    def _show(self, request: SimRequest) -> SimResponse:
        """A whole document; unlike a list's row it leaves out what is null."""
        found = self._find(request)
        if found is None:
            return _missing(request)
        return SimResponse(200, {"data": {name: value for name, value in found.items() if value is not None}})

    def _update(self, request: SimRequest) -> SimResponse:
        found, asked = self._find(request), request.json() or {}
        if found is None:
            return _missing(request)
        if asked.get("modified", found["modified"]) != found["modified"]:
            return _refusal(417, "TimestampMismatchError", "Document has been modified after you have opened it")
        if found["docstatus"] == 1 and set(asked) - {"disabled", "modified"}:
            return _refusal(417, "UpdateAfterSubmitError", "Not allowed to change a field after submission")
        self.change(request.params["doctype"], str(found["name"]), **asked)
        self.changes += 1
        return SimResponse(200, {"data": found})

    def _create(self, request: SimRequest) -> SimResponse:
        asked = request.json() or {}
        if refusal := self._wrong(asked):
            return refusal
        usual = {"is_recurring": 0, "disabled": 0, "overwrite_salary_structure_amount": 1, "docstatus": 0}
        made = self.add("Additional Salary", f"HR-ADS-26-11-{self._next('ads'):05d}", **(usual | asked))
        made["type"] = self.components[asked["salary_component"]]
        if asked["salary_component"] not in self.in_structure:
            made["overwrite_salary_structure_amount"] = 0
        self.changes += 1
        return SimResponse(200, {"data": made})

    def _wrong(self, asked: Mapping[str, Any]) -> SimResponse | None:
        if lacking := [name for name in _NEEDED if asked.get(name) in (None, "")]:
            return _refusal(417, "MandatoryError", f"[Additional Salary]: {', '.join(lacking)}")
        employee = self.docs["Employee"].get(asked["employee"])
        if employee is None or asked["salary_component"] not in self.components:
            return _refusal(417, "LinkValidationError", "Could not find Employee or Salary Component")
        if employee["status"] != "Active":
            return _refusal(
                417, "InactiveEmployeeStatusError", f"Transactions cannot be created for {employee['name']}"
            )
        if asked.get("is_recurring") and not (asked.get("from_date") and asked.get("to_date")):
            return _refusal(417, "ValidationError", "From and to dates are mandatory for recurring type.")
        last = employee["relieving_date"]
        if last and asked.get("to_date", "") > last:
            return _refusal(417, "ValidationError", "To date can not be greater than employee's relieving date.")
        if asked.get("is_recurring") and asked["from_date"] > asked["to_date"]:
            return _refusal(417, "ValidationError", "From Date can not be greater than To Date.")
        beside = [
            one for one in self.running(asked["employee"], asked["salary_component"])
            if one["to_date"] >= asked.get("from_date", "") and one["from_date"] <= asked.get("to_date", "")
        ]  # fmt: skip
        if beside and self.refuse_overlap:
            return _refusal(417, "ValidationError", f"Additional Salary: <b>{beside[0]['name']}</b> already exist")
        return None

    def _balance(self, request: SimRequest) -> SimResponse:
        query = request.query
        for one in self.docs["Leave Allocation"].values():
            if (one["employee"], one["leave_type"]) == (query["employee"], query["leave_type"]):
                used = sum(
                    float(leave["total_leave_days"]) for leave in self.docs["Leave Application"].values()
                    if leave["docstatus"] == 1 and leave["status"] == "Approved" and leave["from_date"] <= query["date"]
                    and (leave["employee"], leave["leave_type"]) == (one["employee"], one["leave_type"])
                )  # fmt: skip
                return SimResponse(200, {"message": NumberText(str(float(one["total_leaves_allocated"]) - used))})
        return SimResponse(200, {"message": 0})

    def _find(self, request: SimRequest) -> Doc | None:
        return self.docs.get(request.params["doctype"], {}).get(request.params["name"])

    def _next(self, series: str) -> int:
        self._numbers[series] = self._numbers.get(series, 0) + 1
        return self._numbers[series]


def month_before(day: date) -> tuple[date, date]:
    """First and last day of the month before."""
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def _passes(doc: Mapping[str, Any], field: str, how: str, value: Any) -> bool:
    held = doc[field]
    if how == "=":
        return bool(held == value)
    if how == "!=":
        return bool(held != value)
    if how == "in":
        return held in value
    if held is None:
        return False
    return bool({">": held > value, ">=": held >= value, "<=": held <= value}[how])


def _money(minor: int) -> NumberText:
    """As Python writes a float: 50.0 for fifty."""
    text = format_minor(minor)
    return NumberText(text[:-1] if text.endswith("0") else text)


def _missing(request: SimRequest) -> SimResponse:
    return _refusal(404, "DoesNotExistError", f"{request.params['doctype']} not found")


def _refusal(status: int, kind: str, told: str) -> SimResponse:
    messages = jsontext.dump([jsontext.dump({"message": told, "indicator": "red"})])
    body = {
        "exception": f"frappe.exceptions.{kind}: {told}", "exc_type": kind,
        "exc": '["Traceback (most recent call last): ..."]', "_server_messages": messages,
    }  # fmt: skip
    return SimResponse(status, body)
