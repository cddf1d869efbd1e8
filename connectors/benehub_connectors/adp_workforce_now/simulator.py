"""A Workforce Now that keeps state and answers like it, for the tests. It never calls the vendor.

Written from ADP's own samples: it refuses what they refuse, in their words. Its payroll takes what is held on the pay
date. Ids are made of what they stand for; the day is handed in; nothing is random.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from benehub.connect.figures import figure, minor, part, percent, text
from benehub.connect.jsontext import NumberText
from benehub.errors import DataError
from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub_connectors.adp_workforce_now.instructions import AMOUNT, PERCENT, Rate
from benehub_connectors.adp_workforce_now.payloads import (
    Row,
    SimInstruction,
    SimPayment,
    SimWorker,
    deductions,
    dependent_row,
    earnings,
    instruction_row,
    output_head,
    payment_row,
    rate_row,
    refusal,
    sim_id,
    taken_of,
    worker_row,
)

TOKEN_SECONDS = 3600
MAX_TOP = 100

_EVENTS = "/events/payroll/v2/worker-general-deduction-instruction"
_DAY = re.compile(r"(19|20|21)\d\d-(0?[1-9]|1[012])-(0?[1-9]|[12]\d|3[01])")
_FIGURE = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")


class _Refused(Exception):
    """A refusal in ADP's words."""

    def __init__(self, kind: str, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.kind, self.words, self.status = kind, words, status


def _invalid(what: str) -> _Refused:
    return _Refused("errors.invalid", f"{what} is invalid.")


class AdpSimulator(Simulator):
    """One company at ADP.

    Args:
        today: the simulated day; move it on by setting it.
        codes: deduction codes that are set up.
        unmasked: whether the project may see personal data.
    """

    client_id = "benehub"
    client_secret = "simulated-secret"  # noqa: S105 - opens nothing but this simulator

    def __init__(self, *, today: date, codes: tuple[str, ...] = (), unmasked: bool = True) -> None:
        super().__init__()
        self.today, self.codes, self.unmasked = today, codes, unmasked
        self.workers: dict[str, SimWorker] = {}
        self.instructions: dict[str, list[SimInstruction]] = {}
        self.payrolls: dict[str, tuple[str, str, list[SimPayment]]] = {}
        self.queue: list[tuple[str, Row]] = []
        self.effects = 0
        self._tokens = 0
        self._messages = 0
        output = "/payroll/v2/payroll-output"
        summary = f"{output}/{{job}}/associate-payment-summary"
        for method, template, handler in (
            ("POST", "/auth/oauth/v2/token", self._token),
            ("GET", "/hr/v2/workers", self._list_workers),
            ("GET", "/hr/v2/workers/{aoid}", self._show_worker),
            ("GET", "/benefits/v1/associates/{aoid}/dependents", self._list_dependents),
            ("GET", "/payroll/v1/workers/{aoid}/payroll-instructions", self._list_instructions),
            ("GET", f"{_EVENTS}.start/meta", self._meta),
            ("POST", f"{_EVENTS}.{{kind}}", self._event),
            ("GET", output, self._list_outputs),
            ("GET", f"{summary}/earnings", lambda asked: self._payments(asked, earnings)),
            ("GET", f"{summary}/non-statutory-deductions", lambda asked: self._payments(asked, deductions)),
            ("GET", "/core/v1/event-notification-messages", self._head),
            ("DELETE", "/core/v1/event-notification-messages/{message}", self._delete),
        ):  # fmt: skip
            self.route(method, template, handler)

    # The company, as its people set it up

    def add_worker(
        self, number: str, first_name: str, last_name: str, *, birth: date, ssn: str, hired: date, gross_minor: int,
        company: str = "4AN", last_day: date | None = None,
    ) -> str:  # fmt: skip
        """A worker on the payroll of `company`. Gives the associateOID."""
        aoid = sim_id("worker", number)
        self.workers[aoid] = SimWorker(
            aoid, number, first_name, last_name, birth, ssn, hired, gross_minor, company, f"{int(number):06d}", last_day
        )
        self.instructions[aoid] = []
        return aoid

    def add_dependent(
        self, employee: str, first_name: str, last_name: str, *, birth: date, ssn: str, relationship: str = "Child",
        state: str = "approved",
    ) -> None:  # fmt: skip
        """A dependent of a worker."""
        mine = self.workers[employee].dependents
        mine.append(
            {"id": f"{self.workers[employee].number}_{len(mine) + 1}", "first_name": first_name, "last_name": last_name,
             "birth": birth, "ssn": ssn, "relationship": relationship, "state": state}
        )  # fmt: skip

    def hold(self, employee: str, code: str, rate: Rate, since: date) -> str:
        """A deduction that people have set up. Gives its item id."""
        number = 18_683_489 + sum(map(len, self.instructions.values()))
        item = f"{number}_1.{code.rpartition('.')[2]}"
        self.instructions[employee].append(SimInstruction(item, code, [(since, rate, True)]))
        return item

    def run_payroll(
        self, job: str, paid: date, start: date, end: date, *, company: str = "4AN", state: str = "Z99",
        leave: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:  # fmt: skip
        """A payment for every worker of the company employed in the period."""
        made = []
        for one in self.workers.values():
            if one.company != company or one.hired > end or (one.last_day is not None and one.last_day < start):
                continue
            held = [(each.code, got) for each in self.instructions[one.aoid] if (got := each.on(paid)) is not None]
            taken = taken_of(one.gross_minor, [(code, rate) for code, (rate, active) in held if active])
            made.append(SimPayment(one, paid, start, end, one.gross_minor, taken, (leave or {}).get(one.aoid)))
        self.payrolls[job] = (company, state, made)

    def tell(self, name: str, employee: str | None) -> None:
        """Put an event into the queue."""
        self._messages += 1
        context = {"worker": {"associateOID": employee}} if employee else {}
        event = {"eventID": sim_id("event", str(self._messages)), "eventNameCode": {"codeValue": name},
                 "data": {"eventContext": context}}  # fmt: skip
        self.queue.append((f"0x_{self._messages:048x}", {"events": [event]}))

    # Answers

    def admit(self, request: SimRequest) -> SimResponse | None:
        """Every call but the one for a token needs the newest token."""
        known = self._tokens and request.headers.get("authorization") == f"Bearer simulated-access-{self._tokens}"
        if request.path == "/auth/oauth/v2/token" or known:
            return None
        return SimResponse(401, {"response": {"responseCode": 401}})

    def _token(self, request: SimRequest) -> SimResponse:
        form = {name: value[0] for name, value in parse_qs(request.body.decode()).items()}
        told = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if told != ("client_credentials", self.client_id, self.client_secret):
            return SimResponse(401, {"error": "invalid_client", "error_description": "The given client is not known"})
        self._tokens += 1
        access = f"simulated-access-{self._tokens}"
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": "api"}
        return SimResponse(200, answer)

    def _masked(self, request: SimRequest) -> bool:
        return not (self.unmasked and "masked=false" in request.headers.get("accept", ""))

    def _list_workers(self, request: SimRequest) -> SimResponse:
        part_ = _page(request, list(self.workers.values()))
        rows = [worker_row(one, self.today, masked=self._masked(request)) for one in part_]
        return SimResponse(200, {"workers": rows, "meta": None, "confirmMessage": None}) if rows else SimResponse(204)

    def _show_worker(self, request: SimRequest) -> SimResponse:
        one = self.workers.get(request.params["aoid"])
        if one is None:
            return self._unknown(request, 404)
        row = worker_row(one, self.today, masked=self._masked(request))
        return SimResponse(200, {"workers": [row], "meta": None, "confirmMessage": None})

    def _list_dependents(self, request: SimRequest) -> SimResponse:
        one = self.workers.get(request.params["aoid"])
        if one is None:
            words = f"Invalid associate OID : {request.params['aoid']}"
            message = {"processMessageID": {"idValue": "1"}, "messageTypeCode": {"codeValue": "error"},
                       "userMessage": {"codeValue": "Illegal Argument error", "messageTxt": words}}  # fmt: skip
            return SimResponse(400, {"protocolCode": {"codeValue": "http"}, "processMessages": [message]})
        rows = [dependent_row(one.aoid, each, masked=self._masked(request)) for each in one.dependents]
        return SimResponse(200, {"dependents": rows})

    def _list_instructions(self, request: SimRequest) -> SimResponse:
        one = self.workers.get(request.params["aoid"])
        if one is None:
            return self._unknown(request, 500)
        day = date.fromisoformat(request.query.get("asOfDate", self.today.isoformat()))
        held = [row for each in self.instructions[one.aoid] if (row := instruction_row(each, day)) is not None]
        position = {
            "generalDeductionInstructions": held,
            "payrollGroupCode": {"codeValue": one.company, "shortName": one.company},
            "payrollFileNumber": one.file_number,
        }
        return SimResponse(200, {"payrollInstructions": [position]})

    def _unknown(self, request: SimRequest, status: int) -> SimResponse:
        kind = "Exception in the requestHTTP 404 Not Found"
        words = f"Label not found, missing following key: {kind}"
        return SimResponse(status, refusal(request.path, request.method, status, kind, words))

    def _meta(self, request: SimRequest) -> SimResponse:
        place = "/payrollInstruction/generalDeductionInstruction/deductionCode"
        codes = {"codeList": {"listItems": [{"codeValue": one} for one in self.codes]}, "readOnly": True}
        name = "WORKER_GENERAL_DEDUCTION_INSTRUCTION_START"
        meta = {"/eventNameCode/codeValue": name, "/data/transforms": [{place: codes}]}
        return SimResponse(200, {"meta": meta})

    def _event(self, request: SimRequest) -> SimResponse:
        (event,) = (request.json() or {}).get("events") or [{}]
        try:
            told = self._applied(request.params["kind"], part(event, "data"))
        except _Refused as no:
            return SimResponse(no.status, refusal(request.path, "POST", no.status, no.kind, no.words))
        return SimResponse(200, {"events": [{"data": told}]})

    def _applied(self, kind: str, data: Mapping[str, Any]) -> Row:
        """Hold an event against ADP's rules, apply it, and tell what it came to."""
        context, transform = part(data, "eventContext"), part(data, "transform")
        place = part(context, "payrollInstruction")
        one = self._worker(part(context, "worker"), place)
        day = _day(transform)
        mine = self.instructions[one.aoid]
        new = part(transform, "payrollInstruction", "generalDeductionInstruction")
        rate: Rate | None
        if kind == "start":
            rate, code = self._start(one, new, day), text(part(new, "deductionCode"), "codeValue")
        else:
            held = self._held(mine, place)
            rate, code = self._turned(kind, held, new, day), held.code
        self.effects += 1
        told: Row = {"eventContext": dict(context)}
        if rate is not None:
            out: Row = {"deductionCode": {"codeValue": code}, "deductionRate": rate_row(rate)}
            if goal := part(new, "deductionGoal", "goalLimitAmount").get("amountValue"):
                out["deductionGoal"] = {"goalLimitAmount": {"amountValue": NumberText(figure(goal, "goal"))}}
            told["output"] = {"payrollInstruction": {"generalDeductionInstruction": out}}
        return told

    def _held(self, mine: list[SimInstruction], place: Mapping[str, Any]) -> SimInstruction:
        for one in mine:
            if one.item == place.get("itemID"):
                if one.code != text(part(place, "generalDeductionInstruction", "deductionCode"), "codeValue"):
                    raise _invalid("deductionCode/codeValue")
                return one
        raise _invalid(f"itemID: {place.get('itemID')}")

    def _worker(self, who: Mapping[str, Any], place: Mapping[str, Any]) -> SimWorker:
        one = self.workers.get(text(who, "associateOID"))
        if one is None:
            raise _invalid("associateOID")
        if text(part(place, "payrollGroupCode"), "codeValue") != one.company:
            raise _invalid("payrollGroupCode/codeValue")
        if text(place, "payrollFileNumber") != one.file_number:
            raise _invalid("payrollFileNumber")
        return one

    def _start(self, one: SimWorker, new: Mapping[str, Any], day: date) -> Rate:
        code = text(part(new, "deductionCode"), "codeValue")
        if code not in self.codes:
            raise _invalid("deductionCode/codeValue")
        rate = _rate(new)
        for held in self.instructions[one.aoid]:
            begun, last, runs = held.history[0][0], held.history[-1][1], held.history[-1][2]
            if held.code == code and last.unit == rate.unit and runs:
                words = "You cannot add this employee deduction because the deduction currently exists"
                kind = "DeductionAlreadyExistsWithEffectiveDating0001"
                raise _Refused(kind, f"{words} with the effective date of {begun:%m/%d/%Y}.")
        self.hold(one.aoid, code, rate, day)
        return rate

    def _turned(self, kind: str, held: SimInstruction, new: Mapping[str, Any], day: date) -> Rate | None:
        before = held.on(day) or held.history[0][1:]
        if kind == "stop":
            held.turn(day, before[0], False)
            return None
        rate = _rate(new)
        awake = new.get("inactiveIndicator", not before[1]) is False
        if (rate, awake) == before:
            words = "To save, please change the Deduction Amount field and/or the Active field."
            raise _Refused("AtLeastOneFieldMustChange2", words)
        held.turn(day, rate, awake)
        return rate

    def _list_outputs(self, request: SimRequest) -> SimResponse:
        told = re.fullmatch(r"payPeriodEndDate ge (\d{8})", request.query.get("$filter", ""))
        if told is None:
            words = "The filter is not known."
            return SimResponse(400, refusal(request.path, "GET", 400, "errors.invalid", words))
        found = [
            output_head(job, company, state)
            for job, (company, state, made) in self.payrolls.items()
            if any(f"{one.end:%Y%m%d}" >= told[1] for one in made)
        ]
        part_ = _page(request, found)
        return SimResponse(200, {"payrollOutputs": part_}) if part_ else SimResponse(204)

    def _payments(self, request: SimRequest, summary: Any) -> SimResponse:
        job = request.params["job"]
        if job not in self.payrolls:
            return self._unknown(request, 404)
        company, state, made = self.payrolls[job]
        part_ = [payment_row(one, summary(one)) for one in _page(request, made)]
        if not part_:
            return SimResponse(204)
        return SimResponse(200, {"payrollOutputs": [output_head(job, company, state) | {"associatePayments": part_}]})

    def _head(self, request: SimRequest) -> SimResponse:
        if not self.queue:
            return SimResponse(204)
        message, body = self.queue[0]
        return SimResponse(200, body, headers={"adp-msg-msgid": message})

    def _delete(self, request: SimRequest) -> SimResponse:
        before = len(self.queue)
        self.queue = [one for one in self.queue if one[0] != request.params["message"]]
        return SimResponse(200 if len(self.queue) < before else 404)


def _page(request: SimRequest, found: list[Any]) -> list[Any]:
    top, skip = int(request.query.get("$top", "50")), int(request.query.get("$skip", "0"))
    if not 1 <= top <= MAX_TOP:
        raise ValueError("$top")
    return found[skip : skip + top]


def _day(transform: Mapping[str, Any]) -> date:
    told = text(transform, "effectiveDateTime")
    if _DAY.fullmatch(told) is None:
        raise _invalid("effectiveDateTime")
    year, month, day = map(int, told.split("-"))
    return date(year, month, day)


def _rate(new: Mapping[str, Any]) -> Rate:
    """The rate of an event; ADP takes two decimals and nothing that is zero."""
    told = part(new, "deductionRate")
    goal = new.get("deductionGoal")
    limit = str(part(goal, "goalLimitAmount").get("amountValue", "")) if isinstance(goal, Mapping) else None
    if limit is not None and _FIGURE.fullmatch(limit) is None:
        raise _Refused("Required", "Label not found, missing following key: Required")
    try:
        value = figure(told.get("rateValue"), "rateValue")
    except DataError:
        value = ""
    by_rate = text(part(told, "unitCode"), "codeValue") or AMOUNT
    if _FIGURE.fullmatch(value) is None or not minor(value, "") or by_rate not in (AMOUNT, PERCENT):
        raise _Refused(
            "API_INVALID_DEDUCTION_AMOUNT",
            "Deduction Amount field must contain a non-zero value between -99,999,999.99 and 99,999,999.99 with a "
            "decimal precision of 2 places.",
        )
    return Rate(minor(value, "")) if by_rate == AMOUNT else Rate(rate=percent(value, ""))
