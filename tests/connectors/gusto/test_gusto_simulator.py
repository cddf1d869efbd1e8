"""The simulated payroll itself: its arithmetic, its refusals, and the referee that watches it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from benehub.connect.testing import WireRequest
from benehub_connectors.gusto.payrun import match
from benehub_connectors.gusto.simulator import GustoSimulator

TIERS = ((Fraction(1), Fraction("0.03")), (Fraction("0.5"), Fraction("0.05")))


@pytest.mark.parametrize(
    ("deferred", "matched"),
    [(0, 0), (4800, 4800), (9600, 9600), (12800, 11200), (16000, 12800), (32000, 12800)],
)
def test_the_match_follows_its_tiers(deferred: int, matched: int) -> None:
    assert match(320_000, deferred, TIERS) == matched


def test_a_payroll_is_processed_once(gusto: Any, run: Any) -> None:
    first = run(20)
    with pytest.raises(ValueError, match="processed already"):
        run(20)
    other = run(20, off_cycle_reason="Correction", employees=["1002"])
    assert other != first
    assert [one.employee.code for one in gusto.payrolls[other].checks] == ["1002"]


def test_only_who_is_employed_in_the_period_is_paid(gusto: Any, run: Any) -> None:
    gusto.terminate("1001", date(2026, 10, 24))
    gusto.add_employee(
        "1003",
        "Eva",
        "Neu",
        birth=date(1999, 1, 1),
        pay_group="Biweekly",
        gross_minor=1,
        hired=date(2026, 11, 8),
    )
    assert [one.employee.code for one in gusto.payrolls[run(20)].checks] == ["1002"]


def test_two_simulators_of_one_name_have_the_same_ids() -> None:
    made = [GustoSimulator("acme", today=date(2026, 1, 1)).add_benefit("MED", 1) for _ in range(2)]
    assert made[0] == made[1]
    assert GustoSimulator("other", today=date(2026, 1, 1)).company != GustoSimulator(today=date(2026, 1, 1)).company


def test_names_that_do_not_exist_are_a_mistake_of_the_story(gusto: Any) -> None:
    for wrong in (
        lambda: gusto.terminate("9999", date(2026, 1, 1)),
        lambda: gusto.enroll("1001", "NOTHING"),
        lambda: gusto.hand_edit("1001", "DENTAL", 1),
        lambda: gusto.run_payroll("Weekly", date(2026, 1, 2), date(2026, 1, 1), date(2026, 1, 1)),
    ):
        with pytest.raises(ValueError, match=r"no |holds no"):
            wrong()


@pytest.mark.parametrize(
    ("body", "category"),
    [
        (b'{"active": true}', "invalid_attribute_value"),
        (b'{"company_benefit_uuid": "MED", "active": true}', "invalid_operation"),
        (b'{"company_benefit_uuid": "MED", "employee_deduction": "1.234"}', "invalid_attribute_value"),
    ],
)
@pytest.mark.unpublished("writes that the vendor refuses")
def test_writes_it_would_refuse_are_refused(gusto: Any, bench: Any, body: bytes, category: str) -> None:
    list(bench.read("payroll_person"))
    gusto.api = None
    sent = body.replace(b"MED", gusto._benefit("MED-PPO").uuid.encode())
    answer = gusto.handle(_call("POST", f"/v1/employees/{gusto._employee('1001').uuid}/employee_benefits", sent))
    assert answer.status == 422
    assert category.encode() in answer.body
    assert gusto.holdings == {}


@pytest.mark.unpublished("a call that the vendor refuses")
def test_a_call_needs_token_and_version(gusto: Any) -> None:
    gusto.api = None
    place = f"/v1/companies/{gusto.company}/employees"
    assert gusto.handle(_call("GET", place)).status == 401
    assert gusto.handle(WireRequest("GET", place)).status == 422


@pytest.mark.unpublished("he has something to catch")
def test_the_referee_catches_a_bad_call_and_a_bad_answer(gusto: Any, bench: Any, monkeypatch: Any) -> None:
    if gusto.api is None:
        pytest.skip("no description of Gusto's API; set BENEHUB_SHARED")
    import benehub_connectors.gusto.simulator as simulator

    list(bench.read("payroll_person"))
    who = gusto._employee("1001").uuid
    with pytest.raises(Exception, match="Request body validation error"):
        gusto.handle(_call("POST", f"/v1/employees/{who}/employee_benefits", b'{"employee_deduction": 100}'))
    monkeypatch.setattr(simulator, "company_benefit_row", lambda one, company: {"uuid": one.uuid, "active": "yes"})
    with pytest.raises(Exception, match="active"):
        gusto.handle(_call("GET", f"/v1/companies/{gusto.company}/company_benefits"))


def _call(method: str, path: str, body: bytes = b"") -> WireRequest:
    headers = {
        "x-gusto-api-version": "2025-06-15",
        "authorization": "Bearer simulated-access-1",
        "content-type": "application/json",
    }
    return WireRequest(method, path, (), headers, body)
