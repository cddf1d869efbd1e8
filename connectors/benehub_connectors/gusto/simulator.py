"""A payroll that keeps state and answers like Gusto, for the demo and the tests. It never calls the vendor.

People do to it what people do to payroll: amounts changed by hand, a benefit put under the wrong type, a pay
too short for its deductions. Ids are uuid5 of what they stand for; the day is handed in; nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from benehub.errors import DataError
from benehub.money import parse_minor, parse_rate
from benehub.periods import add_months
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub_connectors.gusto.application import NOT_FOUND, SYSTEM_TOKEN, TOKEN_SECONDS, GustoApplication, Row, refusal
from benehub_connectors.gusto.payloads import (
    PTO_NAMES,
    SimPayroll,
    SimPeriod,
    SimSchedule,
    check_row,
    company_benefit_row,
    employee_row,
    holding_row,
    open_check_row,
    open_payroll_row,
    payroll_row,
    period_row,
    schedule_row,
    sim_uuid,
    take_over,
    version,
    with_tiers,
)
from benehub_connectors.gusto.payrun import (
    SimCheck,
    SimCompanyBenefit,
    SimEmployee,
    SimHolding,
    check,
    reversed_check,
)
from benehub_connectors.gusto.settings import API_VERSION
from benehub_connectors.gusto.words import ONE_A_PERSON

DEFAULT_PER = 25
MAX_PER = 100


class GustoSimulator(GustoApplication, Simulator):
    """One company at Gusto.

    Args:
        name: of the company; all ids hang on it.
        today: the simulated day; move it on by setting it. It decides who counts as terminated.
        rotate_tokens: whether a refresh token is good for one use only, as at the vendor.
    """

    def __init__(self, name: str = "acme", *, today: date, rotate_tokens: bool = False) -> None:
        Simulator.__init__(self)
        GustoApplication.__init__(self, sim_uuid("company", name), today)
        self.refresh_token = "simulated-refresh-0"  # noqa: S105 - it too opens nothing but this simulator
        self.schedules: dict[str, SimSchedule] = {}
        self.periods: list[SimPeriod] = []
        self.employees: dict[str, SimEmployee] = {}
        self.company_benefits: dict[str, SimCompanyBenefit] = {}
        self.holdings: dict[str, SimHolding] = {}
        self.payrolls: dict[str, SimPayroll] = {}
        self._rotate = rotate_tokens
        self._renewals = 0
        self._pto: dict[tuple[str, date], dict[str, int]] = {}
        self._payouts: dict[tuple[str, date], tuple[int, int]] = {}
        self.written = 0  # benefits and payrolls that calls have changed
        self._short: dict[tuple[str, date], int] = {}
        self._holidays: dict[date, frozenset[str]] = {}
        company = "/v1/companies/{company_id}"
        self.route("POST", "/oauth/token", self._token)
        self.route("GET", "/v1/token_info", lambda _: SimResponse(*self.token_info()))
        self.route("GET", "/v1/events", lambda asked: SimResponse(*self.told_events(asked.query)))
        self.route("PUT", "/v1/webhook_subscriptions/{subscription_id}/verify", self._verify)
        for method, template, handler in (
            ("GET", f"{company}/pay_schedules", self._list_schedules),
            ("GET", f"{company}/pay_periods", self._list_periods),
            ("GET", f"{company}/employees", self._list_employees),
            ("GET", "/v1/employees/{employee_id}", self._show_employee),
            ("GET", f"{company}/company_benefits", self._list_company_benefits),
            ("GET", f"{company}/payrolls", self._list_payrolls),
            ("GET", f"{company}/payrolls/{{payroll_id}}", self._show_payroll),
            ("PUT", f"{company}/payrolls/{{payroll_id}}/prepare", self._prepare_payroll),
            ("PUT", f"{company}/payrolls/{{payroll_id}}", self._update_payroll),
            ("GET", "/v1/company_benefits/{benefit_id}/employee_benefits", self._list_of_benefit),
            ("GET", "/v1/employees/{employee_id}/employee_benefits", self._list_of_employee),
            ("PUT", "/v1/company_benefits/{benefit_id}/employee_benefits", self._set_many),
            ("POST", "/v1/employees/{employee_id}/employee_benefits", self._create),
            ("PUT", "/v1/employee_benefits/{holding_id}", self._update),
        ):
            self.route(method, template, handler)

    # The company, as its people set it up

    def add_schedule(self, name: str, anchor_pay_date: date, frequency: str = "Every other week") -> str:
        """A pay schedule; its custom name is `name`. Gives its uuid."""
        uuid = sim_uuid(self.company, "schedule", name)
        self.schedules[uuid] = SimSchedule(uuid, name, frequency, anchor_pay_date)
        return uuid

    def add_pay_period(self, pay_group: str, pay_date: date, period_start: date, period_end: date) -> str:
        """A regular pay period, both days inclusive. Gives the uuid of its payroll, not processed yet."""
        schedule = self._schedule(pay_group)
        payroll = sim_uuid(self.company, "payroll", schedule, pay_date.isoformat(), "")
        if not any(one.payroll == payroll for one in self.periods):
            self.periods.append(SimPeriod(schedule, period_start, period_end, pay_date, payroll))
        return payroll

    def add_employee(
        self, code: str, first_name: str, last_name: str, *, birth: date, pay_group: str, gross_minor: int,
        hired: date, last_day: date | None = None,
    ) -> str:  # fmt: skip
        """An employee with the pay of one period. Gives the uuid; other methods take it or the code."""
        uuid = sim_uuid(self.company, "employee", code)
        self.employees[uuid] = SimEmployee(
            uuid, code, first_name, last_name, birth, self._schedule(pay_group), gross_minor, hired, last_day
        )
        self.note("employee.created", "Employee", uuid)
        return uuid

    def terminate(self, employee: str, last_day: date) -> None:
        """End an employment; `last_day` is the last day worked."""
        one = self._employee(employee)
        one.last_day = last_day
        self.note("employee.terminated", "Employee", one.uuid)

    def set_pay(self, employee: str, gross_minor: int) -> None:
        """New pay of one period, from the next payroll on."""
        self._employee(employee).gross_minor = gross_minor

    def add_benefit(self, description: str, benefit_type: int, *, active: bool = True) -> str:
        """A company benefit. Gives its uuid."""
        uuid = sim_uuid(self.company, "company_benefit", description, str(benefit_type))
        self.company_benefits[uuid] = SimCompanyBenefit(uuid, description, benefit_type, active)
        return uuid

    def enroll(
        self, employee: str, code: str, *, amount_minor: int = 0, percent: str = "", employer_minor: int = 0,
        match: Sequence[tuple[str, str]] = (), starts: date = date(1970, 1, 1), ends: date | None = None,
    ) -> str:  # fmt: skip
        """What an employee held before the hub came: flat or "4%", with a match as (("100%", "3%"), ...).

        Gives the uuid of the employee benefit.
        """
        tiers = tuple((parse_rate(rate), parse_rate(up_to)) for rate, up_to in match)
        one = SimHolding(
            "", self._employee(employee).uuid, self._benefit(code).uuid, amount_minor,
            parse_rate(percent) if percent else None, "tiered" if tiers else "amount", employer_minor,
            tiers=tiers, starts=starts, ends=ends,
        )  # fmt: skip
        return self._keep(one)

    # What happens on pay dates

    def run_payroll(
        self, pay_group: str, pay_date: date, period_start: date, period_end: date, *,
        off_cycle_reason: str | None = None, employees: Collection[str] = (),
    ) -> str:  # fmt: skip
        """Process a payroll: a check for every employee of the schedule employed in the period (or for those
        named), and for whoever is paid out leave on that day. Gives its uuid.

        Raises:
            ValueError: it was processed already.
        """
        schedule = self._schedule(pay_group)
        regular = off_cycle_reason is None
        uuid = sim_uuid(self.company, "payroll", schedule, pay_date.isoformat(), off_cycle_reason or "")
        if uuid in self.payrolls:
            raise ValueError(f"the payroll of {pay_group} on {pay_date} is processed already")
        if regular:
            self.add_pay_period(pay_group, pay_date, period_start, period_end)
            next(one for one in self.periods if one.payroll == uuid).processed = True
        named = {self._employee(one).uuid for one in employees}
        checks = [
            self._check(one, pay_date, _employed(one, period_start, period_end))
            for one in self.employees.values()
            if one.schedule == schedule
            and (not named or one.uuid in named)
            and (_employed(one, period_start, period_end) or (one.uuid, pay_date) in self._payouts)
        ]
        self.payrolls[uuid] = SimPayroll(uuid, schedule, pay_date, period_start, period_end, checks, off_cycle_reason)
        return uuid

    def reverse(self, payroll: str, pay_date: date) -> str:
        """Take a whole payroll back by an off-cycle one of the same figures turned round. Gives its uuid."""
        old = self.payrolls[payroll]
        uuid = sim_uuid(self.company, "reversal", payroll)
        checks = [reversed_check(one) for one in old.checks]
        self.payrolls[uuid] = SimPayroll(uuid, old.schedule, pay_date, old.start, old.end, checks, "Reversal")
        old.reversals = (*old.reversals, uuid)
        return uuid

    def plan_pto(self, employee: str, pay_date: date, hours: str, name: str = PTO_NAMES[0]) -> None:
        """Leave taken ("8" or "7.5" hours) that the payroll of that day shows."""
        taken = self._pto.setdefault((self._employee(employee).uuid, pay_date), {})
        taken[name] = taken.get(name, 0) + _thousandths(hours)

    def pay_out(self, employee: str, pay_date: date, hours: str, amount_minor: int) -> None:
        """Unused leave paid in money on that day's check, which the employee gets even when gone before."""
        self._payouts[(self._employee(employee).uuid, pay_date)] = (_thousandths(hours), amount_minor)

    def set_benefit_holiday(self, pay_date: date, codes: Collection[str]) -> None:
        """Benefits payroll does not take on that day: its own "two deductions a month", on the third."""
        self._holidays[pay_date] = frozenset(codes)

    # What people do when nobody looks

    def hand_edit(self, employee: str, code: str, amount_minor: int) -> None:
        """Change an employee's deduction by hand; it has a new version."""
        one = self._running(employee, code)
        one.deduction_minor, one.percent = amount_minor, None
        self._change(one)

    def short_pay(self, employee: str, pay_date: date, gross_minor: int) -> None:
        """Pay less than usual on that day; deductions that do not fit the rest are not taken."""
        self._short[(self._employee(employee).uuid, pay_date)] = gross_minor

    def misclassify(self, employee: str, code: str, other: str) -> str:
        """Move what an employee holds under `code` to the company benefit `other`, of another tax treatment.

        The old one is made inactive. Gives the uuid of the new employee benefit.
        """
        old = self._running(employee, code)
        old.active = False
        self._change(old)
        new = SimHolding(
            "", old.employee, self._benefit(other).uuid, old.deduction_minor, old.percent, old.scheme,
            old.contribution_minor, old.contribution_percent, old.tiers, old.elective,
            starts=old.starts, ends=old.ends,
        )  # fmt: skip
        return self._keep(new)

    def holding(self, employee: str, code: str) -> SimHolding | None:
        """What an employee holds for a company benefit, running or not; the newest."""
        who, what = self._employee(employee).uuid, self._benefit(code).uuid
        mine = [one for one in self.holdings.values() if (one.employee, one.company_benefit) == (who, what)]
        return mine[-1] if mine else None

    # Answers

    def admit(self, request: SimRequest) -> SimResponse | None:
        """A call needs the current bearer token and the API version, the token endpoint only the latter."""
        if request.headers.get("x-gusto-api-version") != API_VERSION:
            return refused(422, "X-Gusto-API-Version", "invalid_parameter", "Unknown API version.")
        token = request.headers.get("authorization")
        known = token == f"Bearer simulated-access-{self._renewals}" and self._renewals
        if request.path.startswith(("/v1/webhook_subscriptions", "/v1/events")):
            known = token == f"Bearer {SYSTEM_TOKEN}"
        if request.path == "/oauth/token" or known:
            wrong = request.params.get("company_id", self.company) != self.company
            return not_found() if wrong else None
        return SimResponse(401, {"message": "The access token is invalid"})

    def _token(self, request: SimRequest) -> SimResponse:
        body = request.json()
        if body.get("grant_type") == "system_access":
            return SimResponse(*self.system_token(body))
        told = (body.get("client_id"), body.get("client_secret"), body.get("refresh_token"))
        if told != (self.client_id, self.client_secret, self.refresh_token):
            return SimResponse(401, {"error": "invalid_grant"})
        self._renewals += 1
        if self._rotate:
            self.refresh_token = f"simulated-refresh-{self._renewals}"
        answer = {
            "access_token": f"simulated-access-{self._renewals}",
            "refresh_token": self.refresh_token,
            "scope": self.scope or "",
            "token_type": "Bearer",
            "created_at": 1767644464,
            "expires_in": TOKEN_SECONDS,
        }
        return SimResponse(200, answer)

    def _verify(self, request: SimRequest) -> SimResponse:
        return SimResponse(*self.verify(request.params["subscription_id"], request.json()))

    def _show_employee(self, request: SimRequest) -> SimResponse:
        one = self.employees.get(request.params["employee_id"])
        return not_found() if one is None else SimResponse(200, employee_row(one, self.company, self.today))

    def _list_schedules(self, request: SimRequest) -> SimResponse:
        return _listed(request, list(self.schedules.values()), schedule_row)

    def _list_periods(self, request: SimRequest) -> SimResponse:
        first, last = _between(request.query, self.today)
        if last > add_months(self.today, 3):
            message = "End date cannot be more than 3 months in future"
            return refused(422, "end_date", "invalid_parameter", message)
        found = [one for one in self.periods if first <= one.end and one.start <= last]
        found.sort(key=lambda one: (one.start, one.schedule))
        return SimResponse(200, [period_row(one) for one in found])

    def _list_employees(self, request: SimRequest) -> SimResponse:
        people = list(self.employees.values())
        return _listed(request, people, lambda one: employee_row(one, self.company, self.today))

    def _list_company_benefits(self, request: SimRequest) -> SimResponse:
        rows = [company_benefit_row(one, self.company) for one in self.company_benefits.values()]
        return SimResponse(200, rows)

    def _list_of_benefit(self, request: SimRequest) -> SimResponse:
        uuid = request.params["benefit_id"]
        if uuid not in self.company_benefits:
            return not_found()
        mine = [one for one in self.holdings.values() if one.company_benefit == uuid]
        return _listed(request, self._current(mine, request), holding_row)

    def _list_of_employee(self, request: SimRequest) -> SimResponse:
        uuid = request.params["employee_id"]
        if uuid not in self.employees:
            return not_found()
        mine = [one for one in self.holdings.values() if one.employee == uuid]
        return _listed(request, self._current(mine, request), holding_row)

    def _current(self, found: Sequence[SimHolding], request: SimRequest) -> list[SimHolding]:
        if request.query.get("include") == "all_benefits":
            return list(found)
        return [one for one in found if one.starts <= self.today and not (one.ends and one.ends < self.today)]

    def _list_payrolls(self, request: SimRequest) -> SimResponse:
        first, last = _between(request.query, self.today)
        if request.query.get("processing_statuses") == "unprocessed":
            waiting = [one for one in self._open() if first <= one.check_date <= last]
            return _listed(request, waiting, lambda one: open_payroll_row(one, self.company))
        kinds = request.query.get("payroll_types", "regular").split(",")
        found = [
            one
            for one in self.payrolls.values()
            if first < one.end and one.start < last and ("off_cycle" if one.reason else "regular") in kinds
        ]
        found.sort(key=lambda one: (one.check_date, one.uuid))
        reversals = "reversals" in request.query.get("include", "")

        def row(one: SimPayroll) -> Row:
            told = {"reversal_payroll_uuids": list(one.reversals)} if reversals else {}
            return payroll_row(one, self.company) | told

        return _listed(request, found, row)

    def _show_payroll(self, request: SimRequest) -> SimResponse:
        one = self.payrolls.get(request.params["payroll_id"])
        if one is None:
            return not_found()
        benefits = "benefits" in request.query.get("include", "").split(",")
        part = _page(request, one.checks)
        rows = [check_row(line, benefits=benefits) for line in part]
        return SimResponse(200, payroll_row(one, self.company) | {"employee_compensations": rows})

    def _open(self) -> list[SimPeriod]:
        return [one for one in self.periods if one.payroll not in self.payrolls]

    def _prepare_payroll(self, request: SimRequest) -> SimResponse:
        return self._prepared(request, (request.json() or {}).get("employee_uuids"))

    def _prepared(self, request: SimRequest, wanted: Collection[str] | None) -> SimResponse:
        """An open payroll with the employees asked for; one that is processed is not prepared."""
        uuid = request.params["payroll_id"]
        if uuid in self.payrolls:
            return refused(422, "base", "invalid_operation", "Payroll is already processed")
        period = next((one for one in self._open() if one.payroll == uuid), None)
        if period is None:
            return not_found()
        on_it = [
            one
            for one in self.employees.values()
            if one.schedule == period.schedule and _employed(one, period.start, period.end)
        ]
        rows = [
            open_check_row(one, self._pto.get((one.uuid, period.check_date), {}), self._check_version(one, period))
            for one in on_it
            if wanted is None or one.uuid in wanted
        ]
        return SimResponse(200, open_payroll_row(period, self.company) | {"employee_compensations": rows})

    def _update_payroll(self, request: SimRequest) -> SimResponse:
        period = next((one for one in self._open() if one.payroll == request.params["payroll_id"]), None)
        told = (request.json() or {}).get("employee_compensations") or []
        if period is None:
            return not_found()
        for one in told:
            employee = self.employees.get(one.get("employee_uuid", ""))
            if employee is None or one.get("version") != self._check_version(employee, period):
                message = "You are attempting to update a resource using an out-of-date version."
                return refused(422, "base", "invalid_resource_version", message)
            taken = self._pto.setdefault((employee.uuid, period.check_date), {})
            for leave in one.get("paid_time_off", ()):
                taken[leave["name"]] = parse_minor(leave["hours"][:-1]) * 10 + int(leave["hours"][-1])
        self.written += 1
        return self._prepared(request, [one["employee_uuid"] for one in told])

    def _check_version(self, employee: SimEmployee, period: SimPeriod) -> str:
        taken = self._pto.get((employee.uuid, period.check_date), {})
        return version("check", f"{employee.uuid}/{period.payroll}", sum(taken.values()))

    def _create(self, request: SimRequest) -> SimResponse:
        body, employee = request.json() or {}, request.params["employee_id"]
        if employee not in self.employees:
            return not_found()
        if body.get("company_benefit_uuid") not in self.company_benefits:
            return refused(422, "company_benefit_uuid", "invalid_attribute_value", "Company benefit not found")
        return self._changed(SimHolding("", employee, body["company_benefit_uuid"]), body, 201)

    def _set_many(self, request: SimRequest) -> SimResponse:
        """Benefits of several employees: all of them, or none where one is refused."""
        uuid, told = request.params["benefit_id"], (request.json() or {}).get("employee_benefits") or []
        if uuid not in self.company_benefits:
            return not_found()
        before, rows = (dict(self.holdings), self.written), list[Row]()
        for one in told:
            who = one.get("employee_uuid")
            if who not in self.employees:
                self.holdings, self.written = before
                return refused(422, "employee_uuid", "invalid_attribute_value", "Employee not found")
            held = [old for old in self.holdings.values() if (old.employee, old.company_benefit) == (who, uuid)]
            done = self._changed(held[-1] if held else SimHolding("", who, uuid), with_tiers(one), 200)
            if done.status != 200:
                self.holdings, self.written = before
                return done
            rows.append(done.json)
        return SimResponse(200, rows)

    def _update(self, request: SimRequest) -> SimResponse:
        one = self.holdings.get(request.params["holding_id"])
        if one is None:
            return not_found()
        body = request.json() or {}
        if body.get("version") != version("employee_benefit", one.uuid, one.changes):
            message = "You are attempting to update a resource using an out-of-date version."
            return refused(422, "base", "invalid_resource_version", message)
        return self._changed(one, body, 200)

    def _changed(self, one: SimHolding, body: Mapping[str, Any], status: int) -> SimResponse:
        """Apply a write to a copy, hold it against Gusto's rules, and keep it."""
        new = SimHolding(**{name: getattr(one, name) for name in SimHolding.__slots__})
        try:
            take_over(new, body)
        except (DataError, KeyError, TypeError, ValueError):
            return refused(422, "employee_benefit", "invalid_attribute_value", "A field's value is not valid")
        empty = not (new.deduction_minor or new.percent or new.contribution_minor or new.contribution_percent)
        if new.active and empty and not new.tiers:
            message = "An active employee benefit must have either a company contribution or an employee deduction"
            return refused(422, "base", "invalid_operation", message)
        if new.active and self._another(new):
            kind = self.company_benefits[new.company_benefit].description
            message = f"Employee cannot have more than one {kind}"
            return refused(422, "base", "invalid_operation", message)
        if one.uuid:
            self._change(new)
            self.holdings[new.uuid] = new
        else:
            self._keep(new)
        self.written += 1
        return SimResponse(status, holding_row(new))

    def _another(self, new: SimHolding) -> bool:
        """Whether the employee holds another running benefit of a type of which one is allowed."""
        kind = self.company_benefits[new.company_benefit].benefit_type
        return kind in ONE_A_PERSON and any(
            one.uuid != new.uuid
            and one.employee == new.employee
            and one.active
            and (one.ends is None or one.ends >= new.starts)
            and self.company_benefits[one.company_benefit].benefit_type == kind
            for one in self.holdings.values()
        )

    def _check(self, employee: SimEmployee, pay_date: date, employed: bool) -> SimCheck:
        at = (employee.uuid, pay_date)
        payout = self._payouts.get(at)
        usual = self._short.get(at, employee.gross_minor if employed else 0)
        mine = [one for one in self.holdings.values() if one.employee == employee.uuid]
        held = [
            (benefit, one)
            for benefit in self.company_benefits.values()
            for one in mine
            if one.company_benefit == benefit.uuid and one.runs_on(pay_date)
        ]
        gross = usual + (payout[1] if payout else 0)
        holiday = self._holidays.get(pay_date, frozenset())
        return check(employee, gross, held, holiday, self._pto.get(at, {}), payout)

    def _keep(self, one: SimHolding) -> str:
        made = sum(
            (other.employee, other.company_benefit) == (one.employee, one.company_benefit)
            for other in self.holdings.values()
        )
        one.uuid = sim_uuid("employee_benefit", one.employee, one.company_benefit, str(made))
        self.holdings[one.uuid] = one
        self.note("employee_benefit.created", "EmployeeBenefit", one.uuid)
        return one.uuid

    def _change(self, one: SimHolding) -> None:
        one.changes += 1
        self.note("employee_benefit.updated", "EmployeeBenefit", one.uuid)

    def _running(self, employee: str, code: str) -> SimHolding:
        found = self.holding(employee, code)
        if found is None or not found.active:
            raise ValueError(f"employee {employee} holds no running {code}")
        return found

    def _employee(self, code: str) -> SimEmployee:
        for one in self.employees.values():
            if code in (one.uuid, one.code):
                return one
        raise ValueError(f"no employee {code}")

    def _benefit(self, code: str) -> SimCompanyBenefit:
        for one in self.company_benefits.values():
            if code in (one.uuid, one.description):
                return one
        raise ValueError(f"no company benefit {code}")

    def _schedule(self, name: str) -> str:
        for one in self.schedules.values():
            if name in (one.uuid, one.name):
                return one.uuid
        raise ValueError(f"no pay schedule {name}")


def _employed(one: SimEmployee, start: date, end: date) -> bool:
    return one.hired <= end and (one.last_day is None or one.last_day >= start)


def _page(request: SimRequest, found: Sequence[Any]) -> Sequence[Any]:
    per = min(int(request.query.get("per", DEFAULT_PER)), MAX_PER)
    start = (int(request.query.get("page", "1")) - 1) * per
    return found[start : start + per]


def _listed(request: SimRequest, found: Sequence[Any], row: Callable[[Any], Row]) -> SimResponse:
    """A list: whole where no page is asked for, else a page of it; the total in a header."""
    part = _page(request, found) if "page" in request.query else found
    return SimResponse(200, [row(one) for one in part], headers={"x-total-count": str(len(found))})


def _between(query: Mapping[str, str], today: date) -> tuple[date, date]:
    first = query.get("start_date", add_months(today, -6).isoformat())
    return date.fromisoformat(first), date.fromisoformat(query.get("end_date", today.isoformat()))


def _thousandths(hours: str) -> int:
    return parse_minor(hours) * 10


def refused(status: int, key: str, category: str, message: str) -> SimResponse:
    """Gusto's form of a refusal."""
    return SimResponse(*refusal(status, key, category, message))


def not_found() -> SimResponse:
    """Of whatever does not exist."""
    return refused(*NOT_FOUND)
