"""The simulated payroll's state in the shapes of Gusto's answers, and its requests' bodies read back.

Kept beside the simulator, apart from the connector's own reading: the two must not share a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from benehub.connect.jsontext import NumberText
from benehub.money import format_minor, parse_minor, parse_rate
from benehub_connectors.gusto.payrun import SimCheck, SimCompanyBenefit, SimEmployee, SimHolding, is_imputed

PTO_NAMES = ("Vacation Hours", "Sick Hours", "Holiday Hours")
PAYOUT_NAME = "PTO Payout"


@dataclass(slots=True)
class SimSchedule:
    """A pay schedule; `name` is its custom name."""

    uuid: str
    name: str
    frequency: str
    anchor: date


@dataclass(slots=True)
class SimPeriod:
    """A regular pay period of a schedule."""

    schedule: str
    start: date
    end: date
    check_date: date
    payroll: str
    processed: bool = False


@dataclass(slots=True)
class SimPayroll:
    """A processed payroll with its checks."""

    uuid: str
    schedule: str
    check_date: date
    start: date
    end: date
    checks: Sequence[SimCheck]
    reason: str | None = None
    reversals: tuple[str, ...] = ()


def sim_uuid(*parts: str) -> str:
    """The same uuid for the same parts, always."""
    return str(uuid5(NAMESPACE_URL, "/".join(("gusto.simulator", *parts))))


def version(kind: str, uuid: str, changes: int) -> str:
    """A record's version as Gusto writes it: 32 hex digits that change with every change."""
    return sim_uuid("version", kind, uuid, str(changes)).replace("-", "")


def schedule_row(one: SimSchedule) -> dict[str, Any]:
    """As in the list of pay schedules."""
    return {
        "uuid": one.uuid,
        "version": version("schedule", one.uuid, 0),
        "frequency": one.frequency,
        "anchor_pay_date": one.anchor.isoformat(),
        "anchor_end_of_pay_period": one.anchor.isoformat(),
        "day_1": None,
        "day_2": None,
        "name": None,
        "custom_name": one.name,
        "auto_pilot": False,
        "active": True,
        "auto_payroll_enablement_blockers": None,
    }


def period_row(one: SimPeriod) -> dict[str, Any]:
    """As in the list of pay periods."""
    return {
        "start_date": one.start.isoformat(),
        "end_date": one.end.isoformat(),
        "pay_schedule_uuid": one.schedule,
        "payroll": {
            "payroll_uuid": one.payroll,
            "check_date": one.check_date.isoformat(),
            "processed": one.processed,
            "payroll_deadline": f"{one.check_date.isoformat()}T23:00:00Z",
            "payroll_type": "regular",
        },
    }


def employee_row(one: SimEmployee, company: str, today: date) -> dict[str, Any]:
    """As in the list of employees, without pay: that needs a scope of its own."""
    gone = one.last_day is not None and one.last_day < today
    job = {
        "uuid": sim_uuid("job", one.uuid),
        "version": version("job", one.uuid, 0),
        "employee_uuid": one.uuid,
        "hire_date": one.hired.isoformat(),
        "title": "Toolmaker",
        "primary": True,
    }
    ending = {
        "uuid": sim_uuid("termination", one.uuid),
        "version": version("termination", one.uuid, 0),
        "employee_uuid": one.uuid,
        "active": gone,
        "cancelable": not gone,
        "effective_date": one.last_day.isoformat() if one.last_day else "",
        "run_termination_payroll": False,
    }
    return {
        "uuid": one.uuid,
        "first_name": one.first_name,
        "middle_initial": None,
        "last_name": one.last_name,
        "company_uuid": company,
        "version": version("employee", one.uuid, 0),
        "current_employment_status": "full_time",
        "onboarding_status": "onboarding_completed",
        "employee_code": one.code,
        "work_email": one.work_email or None,
        "payment_method": "Direct Deposit",
        "terminated": gone,
        "onboarded": True,
        "historical": False,
        "has_ssn": True,
        "ssn": "",
        "date_of_birth": one.birth.isoformat(),
        "jobs": [job],
        "eligible_paid_time_off": [],
        "terminations": [ending] if one.last_day else [],
        "garnishments": [],
    }


def company_benefit_row(one: SimCompanyBenefit, company: str) -> dict[str, Any]:
    """As in the list of company benefits."""
    return {
        "uuid": one.uuid,
        "version": version("company_benefit", one.uuid, 0),
        "company_uuid": company,
        "benefit_type": one.benefit_type,
        "active": one.active,
        "description": one.description,
        "source": "external",
        "partner_name": None,
        "deletable": False,
        "supports_percentage_amounts": True,
        "responsible_for_employer_taxes": False,
        "responsible_for_employee_w2": False,
        "catch_up_type": None,
    }


def holding_row(one: SimHolding) -> dict[str, Any]:
    """As in lists of employee benefits and in the answer to a write."""
    flat = format_minor(one.contribution_minor)
    value: Any = _figure(one.contribution_percent) if one.scheme == "percentage" else flat
    plain: dict[str, Any] = {
        "company_contribution": value,
        "contribute_as_percentage": one.scheme == "percentage",
    }
    if one.scheme == "tiered":
        plain, value, before = {}, {"tiers": []}, Fraction(0)
        for rate, threshold in one.tiers:
            step = {"threshold": _figure(threshold), "threshold_delta": _figure(threshold - before)}
            value["tiers"].append({"rate": _figure(rate), **step})
            before = threshold
    return {
        "version": version("employee_benefit", one.uuid, one.changes),
        "employee_uuid": one.employee,
        "company_benefit_uuid": one.company_benefit,
        "active": one.active,
        "uuid": one.uuid,
        "employee_deduction": format_minor(one.deduction_minor) if one.percent is None else _figure(one.percent),
        "employee_deduction_annual_maximum": None,
        "company_contribution_annual_maximum": None,
        "limit_option": None,
        "retirement_loan_identifier": None,
        "deduct_as_percentage": one.percent is not None,
        "catch_up": False,
        "coverage_amount": None,
        "deduction_reduces_taxable_income": None,
        "coverage_salary_multiplier": "0.00",
        "contribution": {"type": one.scheme, "value": value},
        "elective": one.elective or one.scheme == "tiered",
        "effective_date": one.starts.isoformat(),
        "expiration_date": one.ends.isoformat() if one.ends else None,
        **plain,
    }


def with_tiers(body: dict[str, Any]) -> dict[str, Any]:
    """A row of a request about several employees, in which a match stands under `tiers`, as one about one has it.

    Raises:
        DataError, KeyError, TypeError: a match that stands otherwise.
    """
    told = body.get("contribution")
    if not isinstance(told, dict) or told.get("type") != "tiered":
        return body
    return body | {"contribution": told | {"value": told["value"]["tiers"]}}


def take_over(one: SimHolding, body: Mapping[str, Any]) -> None:
    """Write a request's fields over an employee benefit.

    Raises:
        DataError, KeyError, TypeError: a field that is no such thing.
    """
    if "active" in body:
        one.active = bool(body["active"])
    by_rate = bool(body.get("deduct_as_percentage", one.percent is not None))
    if "employee_deduction" in body:
        amount = str(body["employee_deduction"])
        one.percent = parse_rate(f"{amount}%") if by_rate else None
        one.deduction_minor = 0 if by_rate else parse_minor(amount)
    if "contribution" in body:
        scheme, value = str(body["contribution"]["type"]), body["contribution"]["value"]
        one.scheme = scheme
        one.tiers = (
            tuple((parse_rate(f"{t['rate']}%"), parse_rate(f"{t['threshold']}%")) for t in value)
            if scheme == "tiered"
            else ()
        )
        one.contribution_minor = parse_minor(str(value)) if scheme == "amount" else 0
        one.contribution_percent = parse_rate(f"{value}%") if scheme == "percentage" else Fraction(0)
    one.elective = bool(body.get("elective", one.elective))
    if "effective_date" in body:
        one.starts = date.fromisoformat(str(body["effective_date"]))
    if "expiration_date" in body:
        ends = body["expiration_date"]
        one.ends = date.fromisoformat(str(ends)) if ends else None


def payroll_row(one: SimPayroll, company: str) -> dict[str, Any]:
    """As in the list of payrolls."""
    row: dict[str, Any] = {
        "uuid": one.uuid,
        "payroll_uuid": one.uuid,
        "company_uuid": company,
        "payroll_deadline": f"{one.check_date.isoformat()}T23:00:00Z",
        "check_date": one.check_date.isoformat(),
        "processed": True,
        "processed_date": one.check_date.isoformat(),
        "calculated_at": f"{one.check_date.isoformat()}T12:00:00Z",
        "off_cycle": one.reason is not None,
        "auto_pilot": False,
        "external": False,
        "pay_period": {
            "start_date": one.start.isoformat(),
            "end_date": one.end.isoformat(),
            "pay_schedule_uuid": one.schedule,
        },
        "created_at": f"{one.check_date.isoformat()}T12:00:00Z",
    }
    return row | ({"off_cycle_reason": one.reason} if one.reason else {})


def open_payroll_row(one: SimPeriod, company: str) -> dict[str, Any]:
    """A payroll that is not processed yet."""
    day = one.check_date.isoformat()
    return {
        "uuid": one.payroll,
        "payroll_uuid": one.payroll,
        "company_uuid": company,
        "payroll_deadline": f"{day}T23:00:00Z",
        "check_date": day,
        "processed": False,
        "processed_date": None,
        "calculated_at": None,
        "off_cycle": False,
        "auto_pilot": False,
        "external": False,
        "pay_period": {
            "start_date": one.start.isoformat(),
            "end_date": one.end.isoformat(),
            "pay_schedule_uuid": one.schedule,
        },
        "created_at": f"{day}T12:00:00Z",
    }


def open_check_row(employee: SimEmployee, pto: Mapping[str, int], version_: str) -> dict[str, Any]:
    """One employee of a payroll that is prepared; `pto` in thousandths of an hour."""
    return {
        "employee_uuid": employee.uuid,
        "excluded": False,
        "version": version_,
        "first_name": employee.first_name,
        "last_name": employee.last_name,
        "payment_method": "Direct Deposit",
        "memo": None,
        "fixed_compensations": [],
        "hourly_compensations": [],
        "paid_time_off": [
            {"name": name, "hours": _hours(pto.get(name, 0)), "final_payout_unused_hours_input": None}
            for name in PTO_NAMES
        ],
        "reimbursements": [],
        "deductions": [],
    }


def check_row(one: SimCheck, *, benefits: bool) -> dict[str, Any]:
    """One employee's compensation of a processed payroll."""
    hours, paid = one.payout or (0, 0)
    fixed = [{"name": PAYOUT_NAME, "amount": format_minor(paid), "job_uuid": sim_uuid("job", one.employee.uuid)}]
    row = {
        "employee_uuid": one.employee.uuid,
        "excluded": False,
        "first_name": one.employee.first_name,
        "last_name": one.employee.last_name,
        "gross_pay": _number(one.gross),
        "net_pay": _number(one.net),
        "check_amount": _number(one.net),
        "payment_method": "Direct Deposit",
        "memo": None,
        "fixed_compensations": fixed if paid else [],
        "hourly_compensations": [],
        "paid_time_off": [
            {
                "name": name,
                "hours": _hours(one.pto.get(name, 0)),
                "final_payout_unused_hours_input": _hours(hours) if hours and name == PTO_NAMES[0] else None,
            }
            for name in PTO_NAMES
        ],
        "reimbursements": [],
        "deductions": [],
    }
    if benefits:
        row["benefits"] = [
            {
                "name": line.benefit.description,
                "employee_deduction": _number(line.deduction),
                "company_contribution": _number(line.contribution),
                "imputed": is_imputed(line.benefit),
            }
            for line in one.benefits
        ]
    return row


def _number(amount_minor: int) -> NumberText:
    return NumberText(format_minor(amount_minor))


def _hours(thousandths: int) -> str:
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def _figure(rate: Fraction) -> str:
    """A percentage as Gusto writes it: "4.0"."""
    tenths_of_thousandths = int(rate * 1_000_000)
    whole, rest = divmod(tenths_of_thousandths, 10_000)
    return f"{whole}.{f'{rest:04d}'.rstrip('0') or '0'}"
