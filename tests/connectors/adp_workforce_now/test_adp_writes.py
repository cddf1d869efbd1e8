"""Deductions started, changed and ended at ADP, and what is left to a person."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from benehub.connect import jsontext
from benehub.connect.connector import Receipt
from benehub.connect.messages import Request
from benehub.errors import DataError, Unsupported, VendorUnavailable
from benehub_connectors.adp_workforce_now.instructions import Rate
from benehub_connectors.adp_workforce_now.stage import DEFERRAL, DENTAL, MEDICAL

DAY = date(2026, 12, 4)


def held(bench: Any, employee: str, code: str, day: date = DAY) -> Any:
    return [one.on(day) for one in bench.simulator.instructions[employee] if one.code == code]


def test_a_deduction_starts_on_its_day_and_again_changes_nothing(bench: Any) -> None:
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    assert bench.push(item).changed
    assert held(bench, bench.ada, MEDICAL) == [(Rate(6125), True)]
    assert held(bench, bench.ada, MEDICAL, date(2026, 12, 3)) == [None]
    assert bench.push(item) == Receipt(bench.simulator.instructions[bench.ada][1].item, changed=False)
    assert bench.simulator.effects == 1


def test_a_rate_changes_and_the_day_before_keeps_the_old_one(bench: Any) -> None:
    bench.push(bench.order("401K", employee_rate="6.5%"))
    assert held(bench, bench.ada, DEFERRAL) == [(Rate(rate=Fraction(13, 200)), True)]
    assert held(bench, bench.ada, DEFERRAL, date(2026, 12, 3)) == [(Rate(rate=Fraction(4, 100)), True)]


@pytest.mark.parametrize("end", [{"active": False}, {"employee_amount_minor": 0}, {"employee_rate": "0%"}])
def test_an_end_and_an_order_over_nothing_stop_it(bench: Any, end: dict[str, Any]) -> None:
    item = bench.order("DENTAL", bench.max, **end)
    request = bench.ask(item)
    assert isinstance(request, Request) and request.path.endswith(".stop")
    bench.push(item)
    assert held(bench, bench.max, DENTAL) == [(Rate(1250), False)]
    assert not bench.push(item).changed


def test_what_was_ended_is_taken_up_again_instead_of_a_second_one(bench: Any) -> None:
    bench.push(bench.order("DENTAL", bench.max, active=False))
    request = bench.ask(bench.order("DENTAL", bench.max, employee_amount_minor=1500))
    assert isinstance(request, Request) and request.path.endswith(".change")
    told = jsontext.parse(request.body or "")["events"][0]["data"]["transform"]["payrollInstruction"]
    assert told["generalDeductionInstruction"]["inactiveIndicator"] is False
    bench.push(bench.order("DENTAL", bench.max, employee_amount_minor=1500))
    assert held(bench, bench.max, DENTAL) == [(Rate(1500), True)]


def test_an_amount_never_becomes_a_percentage_beside_it(bench: Any) -> None:
    with pytest.raises(DataError, match="holds 401K as Percent, the order is Amount: changed, both would be taken"):
        bench.ask(bench.order("401K", employee_amount_minor=10_000))
    bench.simulator.hold(bench.ada, DEFERRAL, Rate(5000), date(2026, 2, 1))
    with pytest.raises(DataError, match="2 running deductions of 401K"):
        bench.ask(bench.order("401K", employee_rate="5%"))


def test_what_starts_later_is_left_to_a_person(bench: Any) -> None:
    bench.simulator.hold(bench.ada, MEDICAL, Rate(7000), date(2027, 1, 1))
    with pytest.raises(DataError, match="currently exists with the effective date of"):
        bench.push(bench.order("MED-PPO", employee_amount_minor=6125))


def test_an_unknown_code_is_refused_before_anything_is_asked_of_the_worker(bench: Any) -> None:
    with pytest.raises(DataError, match="no deduction code for VISION"):
        bench.ask(bench.order("VISION", employee_amount_minor=100))
    assert not [call for call in bench.simulator.log if call.path.endswith("/payroll-instructions")]


def test_taxed_in_another_way_than_the_plan_book_says(bench: Any) -> None:
    with pytest.raises(DataError, match="takes MED-PPO as pretax, the plan book says posttax"):
        bench.ask(bench.order("MED-PPO", employee_amount_minor=100, tax_class="posttax"))


def test_the_companys_part_is_set_up_in_adp(bench: Any) -> None:
    both = bench.order("MED-PPO", employee_amount_minor=6125, employer_amount_minor=24_501)
    with pytest.raises(Unsupported) as no:
        bench.ask(both)
    assert no.value.blocker == "vendor"
    assert isinstance(bench.ask(both, company_part_by_adp=True), Request)


def test_a_rate_that_adp_cannot_hold_is_never_rounded(bench: Any) -> None:
    with pytest.raises(DataError, match="at most 2 decimals"):
        bench.ask(bench.order("401K", employee_rate="6.125%"))


def test_a_worker_whom_adp_does_not_know_is_no_reason_to_try_again(bench: Any) -> None:
    with pytest.raises(DataError, match="no such worker"):
        bench.ask(bench.order("MED-PPO", "G3UNKNOWN", employee_amount_minor=6125))


def test_of_several_positions_the_settings_name_one(bench: Any) -> None:
    answer = bench.link().http().send(bench.connector.lookup(bench.order("MED-PPO"), bench.link().settings))
    (position,) = answer.data["payrollInstructions"]
    answer.data["payrollInstructions"].append({**position, "payrollGroupCode": {"codeValue": "938"}})
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    with pytest.raises(DataError, match="2 positions"):
        bench.connector.request(item, answer, bench.link().settings)
    request = bench.connector.request(item, answer, bench.link(payroll_group="938").settings)
    assert jsontext.parse(request.body or "")["events"][0]["data"]["eventContext"]["payrollInstruction"][
        "payrollGroupCode"
    ] == {"codeValue": "938"}
    with pytest.raises(DataError, match="0 positions"):
        bench.connector.request(item, answer, bench.link(payroll_group="4711").settings)


def test_what_changed_between_reading_and_writing_is_looked_at_again(bench: Any) -> None:
    item = bench.order("401K", employee_rate="6.5%")
    request = bench.ask(item)
    bench.simulator.instructions[bench.ada][0].item = "1_1.OTHER"
    answer = bench.link().http().send(request)
    with pytest.raises(VendorUnavailable, match="changed between reading and writing"):
        bench.connector.receipt(item, answer)
    assert bench.push(item).changed
