"""ADP's own samples: our events are theirs, the simulator answers as they do, and they are read as they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benehub.connect import jsontext
from benehub.connect.connector import Item
from benehub.connect.messages import Request, Response
from benehub.connect.testing import WireRequest
from benehub.errors import DataError, VendorUnavailable
from benehub.records import DeductionOrder, Dependent, Employee, RegisterLine
from benehub_connectors.adp_workforce_now import AdpConnector, AdpSettings
from benehub_connectors.adp_workforce_now.answers import refuse
from benehub_connectors.adp_workforce_now.dependents import _row as dependent
from benehub_connectors.adp_workforce_now.instructions import Rate, positions
from benehub_connectors.adp_workforce_now.payloads import SimInstruction, SimWorker
from benehub_connectors.adp_workforce_now.queue import workers_of
from benehub_connectors.adp_workforce_now.register import Run, _by_name, _lines
from benehub_connectors.adp_workforce_now.simulator import AdpSimulator
from benehub_connectors.adp_workforce_now.workers import compensation, employee, translated
from benehub_connectors.adp_workforce_now.writes import EVENTS

Sample = Callable[[str], Any]

V2 = "wfn/payroll-instructions/v2"
EVENT_SAMPLES = [
    ("start", "success/deduction-start-currentdate-200"),
    ("start", "success/deduction-start-futuredate-200"),
    ("start", "success/deductionStart-200"),
    ("change", "success/deduction-change-currentdate-200"),
    ("change", "success/deduction-change-futuredate-200"),
    ("stop", "success/deduction-stop-200"),
    ("change", "success/deduction-change-200. "),
]
REFUSED = [
    ("start", "errors/deduction-start-400.invalid-deduction-amount-"),
    ("start", "errors/deduction-start-400.invalid-deduction-code-"),
    ("start", "errors/deduction-start-400.invalid-payroll-fileNumber-"),
    ("start", "errors/deduction-start-400.invalid-payroll-groupCode-"),
    ("start", "errors/deduction-start-Invalid-GoalLimitAmount-400."),
    ("change", "errors/deduction-change-400.invalid-payroll-fileNumber-"),
    ("change", "errors/deduction-change-Invalid-GoalLimitAmount-400."),
    ("stop", "errors/deduction-stop-400.invalid-ItemID-"),
    ("stop", "errors/deduction-stop-400.invalid-effective-date-"),
    ("stop", "errors/deduction-stop-400.invalid-payroll-fileNumber-"),
    ("change", "errors/deduction-change-400.invalid-ItemID-"),
    ("change", "errors/deduction-change-400.invalid-payroll-groupCode-"),
    ("change", "errors/deduction-change- 400.invalid- deduction-code-"),
]

MISSPELLED = {
    "change-400.invalid-ItemID-response": "change- 400.invalid-ItemID-response",
    "change-400.invalid-payroll-groupCode-response": "change- 400.invalid-payroll-groupCode-response",
    "change- 400.invalid- deduction-code-response": "change-400.invalid-deduction-code-response",
}
"""Answers that lie under another name than their request."""

CODES = tuple(f"{plan}.ASSOCIATE_CONTRIBUTION_CAFE125" for plan in ("Med", "medmkt01", "Medical"))
ITEMS = ("34684824_1.ASSOCIATE_CONTRIBUTION_CAFE125", "34731440_1.ASSOCIATE_CONTRIBUTION_CAFE125",
         "34732272_1.ASSOCIATE_CONTRIBUTION_CAFE125")  # fmt: skip
PEOPLE = (("G3Q4RPS55N7J5G8F", "3456", "000030"), ("G37ZWAZV3NBTF467", "2343", "023221"),
          ("G3W4HVD0S83ZDKRZ", "3433", "000001"))  # fmt: skip


@pytest.fixture
def theirs() -> AdpSimulator:
    """The company that ADP's samples are of."""
    made = AdpSimulator(today=date(2021, 3, 26), codes=CODES)
    for aoid, company, number in PEOPLE:
        made.workers[aoid] = SimWorker(aoid, number, "A", "B", date(1980, 1, 1), "900000001", date(2020, 1, 1), 1000_00,
                                       company, number)  # fmt: skip
        made.instructions[aoid] = []
    held = [SimInstruction(item, CODES[1], [(date(2021, 1, 1), Rate(1000), True)]) for item in ITEMS]
    made.instructions[PEOPLE[1][0]] = held
    return made


def events(simulator: AdpSimulator, kind: str, body: Any) -> tuple[int, Any]:
    simulator._tokens = 1
    headers = {"authorization": "Bearer simulated-access-1"}
    answer = simulator.handle(
        WireRequest("POST", f"{EVENTS}.{kind}", headers=headers, body=jsontext.dump(body).encode())
    )
    return answer.status, jsontext.parse(answer.body)


def words(answer: Any) -> list[str]:
    resources = answer["confirmMessage"]["resourceMessages"]
    return [one["userMessage"]["messageTxt"] for each in resources for one in each["processMessages"]]


def named(name: str) -> str:
    return name if name.endswith(" ") else f"{name}."


def bare(value: Any) -> Any:
    """A payload with its figures as numbers, for ADP writes one as "5" and as 5.0."""
    if isinstance(value, Mapping):
        return {name: bare(one) for name, one in value.items() if name != "shortName"}
    if isinstance(value, list):
        return [bare(one) for one in value]
    try:
        return Fraction(str(value))
    except ValueError:
        return value


@pytest.mark.parametrize(("kind", "name"), EVENT_SAMPLES)
def test_our_event_is_the_sample(theirs: AdpSimulator, sample: Sample, kind: str, name: str) -> None:
    told = sample(f"{V2}/{named(name)}request.json")
    data = told["events"][0]["data"]
    context, transform = data["eventContext"], data["transform"]
    place = context["payrollInstruction"]
    new = transform.get("payrollInstruction", {}).get("generalDeductionInstruction", {})
    new.pop("deductionGoal", None)  # a limit over all years is payroll's own matter
    code = (new or place["generalDeductionInstruction"]).get("deductionCode", {}).get("codeValue") or CODES[1]
    order = DeductionOrder.model_validate(
        {"employee": context["worker"]["associateOID"], "plan": "p", "code": code, "tax_class": "pretax",
         "employee_amount_minor": int(new["deductionRate"]["rateValue"]) * 100 if new else 0, "active": kind != "stop",
         "effective_from": transform["effectiveDateTime"]}
    )  # fmt: skip
    mine = theirs.instructions[PEOPLE[1][0]]
    theirs.instructions[PEOPLE[1][0]] = [one for one in mine if one.item == place.get("itemID")]
    item = Item("deduction.set", "k", order.model_dump(mode="json"))
    made = AdpConnector().request(item, held(theirs, order), usual())
    assert isinstance(made, Request) and made.body is not None
    assert made.path == f"{EVENTS}.{kind}"
    assert bare(jsontext.parse(made.body)) == bare(told)


def held(simulator: AdpSimulator, order: DeductionOrder) -> Response:
    simulator._tokens = 1
    answer = simulator.handle(
        WireRequest(
            "GET", f"/payroll/v1/workers/{order.employee}/payroll-instructions",
            (("asOfDate", order.effective_from.isoformat()),), {"authorization": "Bearer simulated-access-1"},
        )
    )  # fmt: skip
    return Response.of(answer.status, answer.body)


def usual(**more: Any) -> AdpSettings:
    given = {"client_id": "i", "client_secret": "env:S", "certificate": "env:C", "key": "env:K", **more}
    return AdpSettings.model_validate(given)


@pytest.mark.parametrize(("kind", "name"), EVENT_SAMPLES)
def test_the_simulator_answers_a_sample_event_as_adp_does(
    theirs: AdpSimulator, sample: Sample, kind: str, name: str
) -> None:
    status, told = events(theirs, kind, sample(f"{V2}/{named(name)}request.json"))
    assert status == 200
    assert bare(told) == bare(sample(f"{V2}/{named(name)}response.json"))


@pytest.mark.parametrize(("kind", "name"), REFUSED)
def test_the_simulator_refuses_what_adp_refuses_in_its_words(
    theirs: AdpSimulator, sample: Sample, kind: str, name: str
) -> None:
    status, told = events(theirs, kind, sample(f"{V2}/{name}request.json"))
    assert status == 400
    answer = f"{V2}/{name}response.json"
    for ours, theirs_ in MISSPELLED.items():
        answer = answer.replace(ours, theirs_)
    assert words(told) == words(sample(answer))


def test_refusals_are_told_in_adps_words_although_they_say_success(samples: Path | None, sample: Sample) -> None:
    assert samples is not None
    for file in sorted((samples / V2 / "errors").glob("*response.json")):
        status = 500 if "500" in file.name else 400
        answer = Response.of(status, file.read_bytes())
        with pytest.raises((DataError, VendorUnavailable)) as refused:
            refuse(answer)
        assert isinstance(refused.value, VendorUnavailable) == ("itemID" in file.read_text()), file.name
    with pytest.raises(DataError, match="no such worker"):
        refuse(Response.of(500, (samples / V2 / "errors/Invalid-associate-500.response.json").read_bytes()))
    wrong = samples / V2 / "errors/deduction-start-400.invalid-deduction-code-response.json"
    answer = Response.of(400, wrong.read_bytes())
    with pytest.raises(DataError, match="deductionCode/codeValue is invalid"):
        refuse(answer)


def test_an_error_inside_a_200_is_a_refusal(sample: Sample) -> None:
    body = jsontext.dump(sample(f"{V2}/errors/deduction-start-400.invalid-deduction-code-response.json"))
    with pytest.raises(DataError, match="refused it"):
        refuse(Response.of(200, body))


def test_the_sampled_instructions_are_read(samples: Path | None, sample: Sample) -> None:
    assert samples is not None
    name = f"{V2}/success/payroll.instructions-aoid-200.response.json"
    found = positions(Response.of(200, (samples / name).read_bytes()))
    rates = [(one.code, one.rate, one.active) for one in found[0].held[:2]]
    assert rates == [
        ("401.BASE_ASSOCIATE_CONTRIBUTION_TRADITIONAL", Rate(1700), True),
        ("401.BASE_ASSOCIATE_CONTRIBUTION_ROTH", Rate(rate=Fraction(1, 10)), True),
    ]
    old = "wfn/payroll-instructions/v1/success/payroll.instructions-aoid-200.response.json"
    first = positions(Response.of(200, (samples / old).read_bytes()))[0]
    assert (first.company, first.file_number, first.held[0].rate) == ("938", "9665", Rate(14000))


def test_a_sampled_worker_is_read_and_a_masked_one_says_so(sample: Sample) -> None:
    folder = "wfn/workers-v2/Retrieve"
    settings = usual(employment_classes={"": "full_time"})
    (row,) = sample(f"{folder}-Unmasked-Data-individual-AOID-http-200-response.json")["workers"]
    row["workAssignments"][0]["workerTypeCode"] = {"codeValue": "F", "shortName": "Full Time"}  # not in the sample
    read = translated(row, 1, settings, employee)
    assert read.problem == ""
    record = Employee.model_validate(read.data)
    assert (record.employee_number, record.birth_date, record.hire_date) == (
        "3YJBAGNMS",
        date(1980, 4, 1),
        date(2019, 4, 1),
    )
    assert (record.ssn, record.pay_group, record.department, record.state) == ("000000210", "4AN", "010000", "NJ")
    (row,) = sample(f"{folder}-reasoncode-of-employee-who-rehired-http-200-response.json")["workers"]
    read = translated(row, 1, settings, employee)
    assert "birthDate is masked" in read.problem and "SSN is masked" in read.problem
    assert "dailyRate" not in translated(row, 1, settings, compensation).data
    assert "no pay by year, month, period or hour" in translated(row, 1, settings, compensation).problem


def test_sampled_dependents_are_read(sample: Sample) -> None:
    kind = "all-dependents-partial-Masking-andReveal-withMaskedAsFalse"
    name = f"wfn/benefits/Dependents/success/dependents-http-200-{kind}-response.json"
    rows = [dependent(row, "G3", at, usual()) for at, row in enumerate(sample(name)["dependents"], 1)]
    assert rows[0].deleted and rows[0].key == "G3/169735134790_117"
    record = Dependent.model_validate(rows[1].data)
    assert (record.first_name, record.relationship.value, record.ssn) == ("Test", "child", "897236765")


def test_a_sampled_payroll_is_read_to_the_cent(sample: Sample) -> None:
    output = sample("run/payroll-output/Void Check Swept in Special Payroll (negatives).json")["payrollOutputs"][0]
    payments, odd = _by_name(output["associatePayments"])
    assert odd == []
    run = Run("i", output["payrollProcessingJobID"], "M")
    since, until = date(2019, 1, 1), date(2020, 12, 31)
    lines = {}
    for one in payments.values():
        for row in _lines((one, one), run, usual(), since, until):
            record = RegisterLine.model_validate(row.data)
            lines[one["itemID"], record.kind.value, record.code] = record
    paid, void = lines["20203018", "earning", "GROSS"], lines["V202030170", "earning", "GROSS"]
    assert (paid.gross_minor, paid.net_pay_minor, paid.hours) == (385_000, 291_355, "50")
    assert void.net_pay_minor == -322_055
    assert lines["20203018", "deduction", "CHARITY"].amount_minor == 550
    assert lines["V202030170", "deduction", "CHARITY"].amount_minor == -550


def test_sampled_messages_name_their_worker(samples: Path | None, sample: Sample) -> None:
    assert samples is not None
    name = "wfn/benefits/benefit-enrollments/Get-Sample-event-notification-response-http-200.json"
    assert workers_of(Response.of(200, (samples / name).read_bytes())) == (["G3DSTJDKQF4DQRE0"], 0)
    changed = (
        "wfn/payroll-instructions/v2/event-notification/deduction-change-event-notification-http-200-response.json"
    )
    assert workers_of(Response.of(200, (samples / changed).read_bytes())) == ([], 0)
