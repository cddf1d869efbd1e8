"""A payroll behind Finch that keeps state and answers like it, for the demo and the tests. It never calls the vendor.

It is an automated payroll: enrollments are made while one waits, or, with `jobs`, by a job that `finish_jobs` ends, as
Finch answers today. People do to it what they do to payroll: a deduction changed by hand, a statement still on its way,
a login that has ended. Ids are uuid5 of what they stand for; the day is handed in; nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from benehub.periods import parse_date
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub_connectors.finch.payloads import (
    Row,
    SimBenefit,
    SimPayment,
    SimPerson,
    benefit_row,
    directory_row,
    employment_row,
    individual_row,
    payment_row,
    sim_uuid,
    statement,
)
from benehub_connectors.finch.settings import API_VERSION
from benehub_connectors.finch.words import BENEFIT_TYPES

_READ_AS = {"annual_contribution_limit": "hsa_contribution_limit"}
_WRITTEN = {
    "employee_deduction", "company_contribution", "annual_maximum", "catch_up", "annual_contribution_limit",
    "effective_date",
}  # fmt: skip


PRODUCTS = ("directory", "individual", "employment", "payment", "pay_statement", "benefits")
"""What a token may do at Finch."""


class FinchSimulator(Simulator):
    """One employer's payroll, as Finch shows it.

    Args:
        name: of the company; all ids hang on it.
        today: the simulated day; move it on by setting it.
        page_cap: the most items a page has, whatever was asked for.
        jobs: whether an enrollment is taken as a job, to be ended by `finish_jobs`.
    """

    access_token = "simulated-token"  # noqa: S105 - opens nothing but this simulator

    def __init__(self, name: str = "acme", *, today: date, page_cap: int = 10_000, jobs: bool = False) -> None:
        super().__init__()
        self.name, self.today, self._cap, self._jobs = name, today, page_cap, jobs
        self.login_ended = False
        """Whether the employer has to connect its payroll again."""
        self.unreadable: set[str] = set()
        """People whose job Finch failed to read at the payroll."""
        self.people: dict[str, SimPerson] = {}
        self.benefits: dict[str, SimBenefit] = {}
        self.enrollments: dict[tuple[str, str], Row] = {}
        self.payments: dict[str, SimPayment] = {}
        self.products: list[str] | None = [*PRODUCTS]
        """What the token may do; None: Finch does not say."""
        self.changes = 0
        """How often an enrollment was made, changed or ended; the same again is no change."""
        self._waiting: dict[str, Callable[[], object]] = {}
        one = "/employer/benefits/{benefit_id}"
        for method, template, handler in (
            ("GET", "/introspect", self._introspect),
            ("GET", "/employer/directory", self._directory),
            ("POST", "/employer/individual", self._individuals),
            ("POST", "/employer/employment", self._employments),
            ("GET", "/employer/payment", self._list_payments),
            ("POST", "/employer/pay-statement", self._statements),
            ("GET", "/employer/benefits", self._list_benefits),
            ("POST", "/employer/benefits", self._create),
            ("GET", f"{one}/enrolled", self._enrolled),
            ("GET", f"{one}/individuals", self._list_enrollments),
            ("POST", f"{one}/individuals", self._enroll),
            ("DELETE", f"{one}/individuals", self._unenroll),
            ("GET", "/jobs/manual/{job_id}", self._job),
        ):
            self.route(method, template, handler)

    # The company, as its people set it up

    def add_person(
        self, number: str, first_name: str, last_name: str, *, birth: date, gross_minor: int, hired: date,
        last_day: date | None = None, contractor: bool = False,
    ) -> str:  # fmt: skip
        """Somebody on the payroll. Gives Finch's id of him."""
        key = sim_uuid(self.name, "individual", number)
        self.people[key] = SimPerson(
            key, number, first_name, last_name, birth, hired, gross_minor, last_day, contractor
        )
        return key

    def add_benefit(self, description: str, kind: str, frequency: str = "every_paycheck") -> str:
        """A benefit of the company. Gives Finch's id of it."""
        key = sim_uuid(self.name, "benefit", description, kind)
        self.benefits.setdefault(key, SimBenefit(key, kind, description, frequency))
        return key

    def person(self, number: str) -> SimPerson:
        """Whoever has this employee number.

        Raises:
            ValueError: nobody has.
        """
        found = next((one for one in self.people.values() if one.number == number), None)
        if found is None:
            raise ValueError(f"no person {number}")
        return found

    def holding(self, number: str, description: str) -> Row | None:
        """What a person holds of a benefit, as Finch tells it."""
        return self.enrollments.get((self._benefit(description).id, self.person(number).id))

    def hand_edit(self, number: str, description: str, **terms: Any) -> None:
        """What people at the payroll enter for a person: parts of the enrollment by Finch's names."""
        key = (self._benefit(description).id, self.person(number).id)
        self.enrollments[key] = {**self.enrollments.get(key, {}), **terms}

    def run_payroll(
        self, pay_date: date, start: date, end: date, *, kind: str = "regular_payroll", numbers: Collection[str] = (),
        pending: bool = False, group: str = "salaried",
    ) -> str:  # fmt: skip
        """Pay everybody employed in the period (or those named). Gives the id of the payment."""
        key = sim_uuid(self.name, "payment", group, pay_date.isoformat(), kind)
        paid = [
            statement(one, kind, self._held_by(one.id))
            for one in self.people.values()
            if one.hired <= end and one.active(start) and (not numbers or one.number in numbers)
        ]
        self.payments[key] = SimPayment(key, pay_date, start, end, sim_uuid(self.name, "group", group), paid, pending)
        return key

    def finish_jobs(self) -> None:
        """Let Finch do what it has taken, in order."""
        for job, work in list(self._waiting.items()):
            work()
            del self._waiting[job]

    # Answers

    def admit(self, request: SimRequest) -> SimResponse | None:
        """A call needs the token and the version; nothing is answered while the employer's login has ended."""
        if request.headers.get("authorization") != f"Bearer {self.access_token}":
            return _error(401, "invalid_token_error", "", "The access token is invalid")
        if request.headers.get("finch-api-version") != API_VERSION:
            return _error(400, "invalid_request_error", "invalid_request", "Finch-API-Version is missing or unknown")
        if self.login_ended:
            return _error(401, "authentication_error", "reauthenticate_user", "Please reauthenticate user")
        key = request.params.get("benefit_id")
        if key is not None and key not in self.benefits:
            return _error(404, "not_found_error", "benefit_not_found", "Benefit not found")
        return None

    def _introspect(self, _request: SimRequest) -> SimResponse:
        account = {"account_id": sim_uuid(self.name, "account"), "connection_type": "provider"}
        return SimResponse(200, account if self.products is None else {**account, "products": self.products})

    def _directory(self, request: SimRequest) -> SimResponse:
        everybody = list(self.people.values())
        found, offset = self._page(everybody, request.query)
        paging = {"count": len(everybody), "offset": offset}
        return SimResponse(200, {"paging": paging, "individuals": [directory_row(one, self.today) for one in found]})

    def _individuals(self, request: SimRequest) -> SimResponse:
        return self._batch(request, individual_row)

    def _employments(self, request: SimRequest) -> SimResponse:
        return self._batch(request, lambda one: employment_row(one, self.today), self.unreadable)

    def _batch(
        self, request: SimRequest, row: Callable[[SimPerson], Row], unreadable: Collection[str] = ()
    ) -> SimResponse:
        told = []
        for one in _requests(request):
            key = one["individual_id"]
            found = None if key in unreadable else self.people.get(key)
            code, body = (200, row(found)) if found is not None else (404, _NOBODY)
            told.append({"individual_id": key, "code": code, "body": body})
        return SimResponse(200, {"responses": told})

    def _list_payments(self, request: SimRequest) -> SimResponse:
        try:
            first, last = (parse_date(request.query[name], where=name) for name in ("start_date", "end_date"))
        except KeyError:
            return _error(400, "invalid_request_error", "invalid_request", "start_date and end_date are required")
        found = [one for one in self.payments.values() if first <= one.pay_date <= last]
        return SimResponse(200, [payment_row(one) for one in found])

    def _statements(self, request: SimRequest) -> SimResponse:
        told = []
        for one in _requests(request):
            key = one["payment_id"]
            found = self.payments.get(key)
            if found is None or found.pending:
                # A payment that Finch does not know looks like one that it has not fetched yet.
                told.append({"payment_id": key, "code": 202, "body": _FETCHING})
                continue
            rows, offset = self._page(found.statements, one)
            paging = {"count": len(found.statements), "offset": offset}
            told.append({"payment_id": key, "code": 200, "body": {"paging": paging, "pay_statements": rows}})
        return SimResponse(200, {"responses": told})

    def _list_benefits(self, request: SimRequest) -> SimResponse:
        return SimResponse(200, [benefit_row(one) for one in self.benefits.values()])

    def _create(self, request: SimRequest) -> SimResponse:
        told = request.json()
        kind, description = told.get("type"), told.get("description")
        if kind not in BENEFIT_TYPES or not isinstance(description, str):
            message = "Provider does not support this benefit type"
            return _error(422, "unprocessable_request_error", "unsupported_paramters", message)  # their spelling
        key = self.add_benefit(description, kind, told.get("frequency") or "every_paycheck")
        return SimResponse(201, {"benefit_id": key, **({"job_id": self._later(lambda: None)} if self._jobs else {})})

    def _enrolled(self, request: SimRequest) -> SimResponse:
        key = request.params["benefit_id"]
        ids = [person for benefit, person in self.enrollments if benefit == key]
        return SimResponse(200, {"benefit_id": key, "individual_ids": ids})

    def _list_enrollments(self, request: SimRequest) -> SimResponse:
        key = request.params["benefit_id"]
        asked = request.query.get("individual_ids", "")
        told = []
        for person in asked.split(",") if asked else list(self.people):
            held = self.enrollments.get((key, person))
            if person not in self.people:
                told.append({"individual_id": person, "code": 404, "body": _NOBODY})
            elif held is None:
                told.append({"individual_id": person, "code": 404, "body": _NOT_ENROLLED})
            else:
                told.append({"individual_id": person, "code": 200, "body": _told(held)})
        return SimResponse(207, told)

    def _enroll(self, request: SimRequest) -> SimResponse:
        wanted = request.json()
        if not isinstance(wanted, list) or not all(_fits(one) for one in wanted):
            return _error(400, "invalid_request_error", "invalid_request", "[body]: Not a valid enrollment")
        return self._done(wanted, request.params["benefit_id"], self._set)

    def _unenroll(self, request: SimRequest) -> SimResponse:
        told = request.json()
        ids = told.get("individual_ids") if isinstance(told, Mapping) else None
        if not isinstance(ids, list):
            return _error(400, "invalid_request_error", "invalid_request", "[body:individual_ids]: Not a valid list")
        return self._done([{"individual_id": one} for one in ids], request.params["benefit_id"], self._end)

    def _done(self, wanted: Sequence[Row], benefit: str, work: Callable[[str, Row], Row]) -> SimResponse:
        """Each item's outcome; with jobs, a job that will do them."""
        if self._jobs:
            return SimResponse(200, {"job_id": self._later(lambda: [work(benefit, one) for one in wanted])})
        told = [work(benefit, one) for one in wanted]
        return SimResponse(200 if all(one["code"] < 300 for one in told) else 207, told)

    def _set(self, benefit: str, one: Row) -> Row:
        person = one["individual_id"]
        if person not in self.people:
            return {"individual_id": person, "code": 404, "body": _NOBODY}
        told: Row = one.get("configuration") or {}
        terms: Row = {_READ_AS.get(name, name): value for name, value in told.items() if name != "effective_date"}
        before = self.enrollments.get((benefit, person))
        self.enrollments[benefit, person] = terms
        self.changes += before != terms
        if before is None:
            return {"individual_id": person, "code": 201, "body": _said("created", "enrolled_new_benefit")}
        return {"individual_id": person, "code": 200, "body": _said("success", "updated_existing_enrollment")}

    def _end(self, benefit: str, one: Row) -> Row:
        person = one["individual_id"]
        if self.enrollments.pop((benefit, person), None) is None:
            return {"individual_id": person, "code": 404, "body": _NOT_ENROLLED}
        self.changes += 1
        return {"individual_id": person, "code": 200, "body": _said("success", "unenrolled_individual_benefit")}

    def _later(self, work: Callable[[], object]) -> str:
        job = sim_uuid(self.name, "job", str(len(self.log)))
        self._waiting[job] = work
        return job

    def _job(self, request: SimRequest) -> SimResponse:
        job = request.params["job_id"]
        return SimResponse(
            200, {"job_id": job, "status": "pending" if job in self._waiting else "complete", "body": []}
        )

    def _page(self, found: Sequence[Any], asked: Mapping[str, Any]) -> tuple[Sequence[Any], int]:
        offset, limit = int(asked.get("offset") or 0), int(asked.get("limit") or self._cap)
        return found[offset : offset + min(limit, self._cap)], offset

    def _benefit(self, description: str) -> SimBenefit:
        found = next((one for one in self.benefits.values() if one.description == description), None)
        if found is None:
            raise ValueError(f"no benefit {description}")
        return found

    def _held_by(self, person: str) -> dict[str, tuple[SimBenefit, Row]]:
        mine = {benefit: terms for (benefit, who), terms in self.enrollments.items() if who == person}
        return {benefit: (self.benefits[benefit], terms) for benefit, terms in mine.items()}


def _error(code: int, name: str, finch_code: str, message: str) -> SimResponse:
    told = {"code": code, "name": name, "message": message}
    return SimResponse(code, told | ({"finch_code": finch_code} if finch_code else {}))


def _said(name: str, finch_code: str, message: str = "Done") -> Row:
    return {"name": name, "finch_code": finch_code, "message": message}


def _refusal(code: int, name: str, finch_code: str, message: str) -> Row:
    """The body of an item of a batch that did not go well."""
    return {"code": code, **_said(name, finch_code, message)}


_NOBODY = _refusal(404, "not_found_error", "individual_not_found", "Individual not found")
_NOT_ENROLLED = _refusal(404, "not_found_error", "enrollment_not_found", "Enrollment not found")
_FETCHING = _refusal(
    202, "accepted", "data_sync_in_progress",
    "The pay statements for this payment are being fetched. Please check back later.",
)  # fmt: skip


def _requests(request: SimRequest) -> Sequence[Row]:
    told = request.json()
    found = told.get("requests") if isinstance(told, Mapping) else None
    if not isinstance(found, list):
        raise ValueError("requests is no list")
    return found


def _told(held: Row) -> Row:
    empty = dict.fromkeys(("annual_maximum", "catch_up"))
    return {"employee_deduction": None, "company_contribution": None, **empty, **held}


def _fits(one: Any) -> bool:
    """Whether an enrollment is one: known names, whole amounts not below zero, types that exist."""
    if not isinstance(one, Mapping) or not isinstance(one.get("individual_id"), str):
        return False
    told = one.get("configuration") or {}
    parts = [told.get(name) for name in ("employee_deduction", "company_contribution")]
    return set(told) <= _WRITTEN and all(part is None or _amounts(part) for part in parts)


def _amounts(part: Any) -> bool:
    if not isinstance(part, Mapping):
        return False
    if part.get("type") == "tiered":
        figures = [tier.get(name) for tier in part.get("tiers", ()) for name in ("match", "threshold")]
    else:
        figures = [part.get("amount")]
    known = part.get("type") in ("fixed", "percent", "tiered")
    return known and bool(figures) and all(type(one) is int and one >= 0 for one in figures)
