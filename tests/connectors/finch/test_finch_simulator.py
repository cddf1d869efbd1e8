"""The simulated payroll itself: what it refuses, and the referee that watches it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from benehub.connect.testing import WireRequest
from benehub_connectors.finch.simulator import FinchSimulator

HEADERS = {
    "authorization": "Bearer simulated-token", "finch-api-version": "2020-09-17", "content-type": "application/json",
}  # fmt: skip


def call(simulator: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    data = json.dumps(body).encode() if body is not None else b""
    return simulator.handle(WireRequest(method, path, (), HEADERS | headers, data))


def told(answer: Any) -> tuple[int, str]:
    return answer.status, json.loads(answer.body).get("finch_code", "")


@pytest.mark.parametrize(
    "configuration",
    [
        {"employee_deduction": {"type": "fixed", "amount": "61.25"}},
        {"employee_deduction": {"type": "fixed", "amount": -1}},
        {"employee_deduction": {"type": "dollars", "amount": 1}},
        {"employee_deduction": {"type": "fixed"}},
        {"company_contribution": {"type": "tiered", "tiers": []}},
        {"salary": 1},
    ],
)
def test_enrollments_it_would_refuse_are_refused(finch: Any, configuration: Any) -> None:
    finch.api = None
    place = f"/employer/benefits/{finch._benefit('MED-PPO').id}/individuals"
    body = [{"individual_id": finch.person("1001").id, "configuration": configuration}]
    assert told(call(finch, "POST", place, body)) == (400, "invalid_request")
    assert (finch.enrollments, finch.changes) == ({}, 0)


@pytest.mark.unpublished("calls that the vendor refuses")
def test_what_is_not_there_is_told(finch: Any) -> None:
    finch.api = None
    assert told(call(finch, "GET", "/employer/benefits/none/enrolled")) == (404, "benefit_not_found")
    assert told(call(finch, "GET", "/employer/payment")) == (400, "invalid_request")
    assert call(finch, "POST", "/employer/individual", {"req": 1}).status == 400
    assert told(call(finch, "GET", "/employer/directory", **{"finch-api-version": "1"})) == (400, "invalid_request")
    assert call(finch, "GET", "/employer/directory", authorization="Bearer x").status == 401
    finch.login_ended = True
    assert told(call(finch, "GET", "/employer/directory")) == (401, "reauthenticate_user")


@pytest.mark.unpublished("a type that the vendor refuses")
def test_a_benefit_is_made_once_and_only_of_a_published_type(finch: Any) -> None:
    body = {"type": "s125_vision", "description": "VISION", "frequency": "every_paycheck"}
    first, second = (json.loads(call(finch, "POST", "/employer/benefits", body).body) for _ in range(2))
    assert first == second == {"benefit_id": finch._benefit("VISION").id}
    finch.api = None
    assert call(finch, "POST", "/employer/benefits", body | {"type": "pension"}).status == 422


def test_a_job_changes_nothing_until_it_is_done() -> None:
    payroll = FinchSimulator(today=date(2026, 11, 30), jobs=True)
    ada = payroll.add_person("1", "A", "B", birth=date(1980, 1, 1), gross_minor=1, hired=date(2020, 1, 1))
    place = f"/employer/benefits/{payroll.add_benefit('MED', 's125_medical')}/individuals"
    terms = {"employee_deduction": {"type": "fixed", "amount": 1}}
    job = json.loads(call(payroll, "POST", place, [{"individual_id": ada, "configuration": terms}]).body)["job_id"]
    for status, held in (("pending", None), ("complete", terms)):
        told_ = json.loads(call(payroll, "GET", f"/jobs/manual/{job}").body)
        assert (told_["status"], payroll.holding("1", "MED")) == (status, held)
        payroll.finish_jobs()


def test_only_who_is_employed_in_the_period_is_paid(finch: Any) -> None:
    finch.person("1001").last_day = date(2026, 10, 24)
    payment = finch.run_payroll(date(2026, 11, 20), date(2026, 10, 25), date(2026, 11, 7))
    assert [row["individual_id"] for row in finch.payments[payment].statements] == [finch.person("1002").id]


def test_two_simulators_of_one_name_have_the_same_ids() -> None:
    one, same = (FinchSimulator("acme", today=date(2026, 1, 1)).add_benefit("MED", "401k") for _ in range(2))
    assert one == same != FinchSimulator("other", today=date(2026, 1, 1)).add_benefit("MED", "401k")


def test_names_that_do_not_exist_are_a_mistake_of_the_story(finch: Any) -> None:
    with pytest.raises(ValueError, match="no person 9999"):
        finch.person("9999")
    with pytest.raises(ValueError, match="no benefit NOTHING"):
        finch.hand_edit("1001", "NOTHING")


@pytest.mark.unpublished("he has something to catch")
def test_the_referee_catches_a_bad_call_and_a_bad_answer(finch: Any, monkeypatch: Any) -> None:
    if finch.api is None:
        pytest.skip("no description of Finch's API; set BENEHUB_SHARED")
    import benehub_connectors.finch.simulator as simulator

    with pytest.raises(Exception, match="Request body validation error"):
        call(finch, "POST", "/employer/pay-statement", {"req": 1})
    with pytest.raises(Exception, match="Finch-API-Version"):
        call(finch, "GET", "/employer/directory", **{"finch-api-version": "today"})
    monkeypatch.setattr(simulator, "directory_row", lambda one, today: {"id": one.id, "is_active": "yes"})
    with pytest.raises(Exception, match="yes"):
        call(finch, "GET", "/employer/directory")
