"""A deferral reaches its account and no other; what Rippling does not take by API is refused before a call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.connect.connector import Item, Receipt
from benehub.connect.messages import Response
from benehub.errors import DataError, Unsupported
from benehub.money import format_minor
from benehub_connectors.rippling.words import minor, percent, percent_text


def test_a_rate_is_written_once_and_leaves_the_rest(bench: Any) -> None:
    held = bench.simulator.deductions_401k[bench.ada]
    held |= {"loan": "20.0000", "loan_is_percent": False}
    assert bench.push("401K", bench.ada, employee_rate="6.5%").changed
    assert bench.simulator.deductions_401k[bench.ada] == {
        "traditional": "6.5000", "traditional_is_percent": True, "loan": "20.0000", "loan_is_percent": False,
    }  # fmt: skip
    assert bench.push("401K", bench.ada, employee_rate="0.065") == Receipt(bench.ada, changed=False)
    assert bench.simulator.effects == 1


def test_the_first_deferral_is_made_with_the_companys_part(bench: Any) -> None:
    bench.push("401K", bench.max, employee_amount_minor=12_345, employer_amount_minor=5_001)
    assert bench.simulator.deductions_401k[bench.max] == {
        "traditional": "123.45", "traditional_is_percent": False, "employer": "50.01",
        "employer_traditional_is_percent": False,
    }  # fmt: skip
    assert ("POST", "deductions_401k", 200) in bench.checked or bench.api is None


def test_an_end_takes_the_companys_part_along_and_is_told_once(bench: Any) -> None:
    bench.push("401K", bench.max, employee_amount_minor=12_345, employer_amount_minor=5_001)
    assert bench.push("401K", bench.max, employee_amount_minor=12_345, active=False).changed
    held = bench.simulator.deductions_401k[bench.max]
    assert (held["traditional"], held["employer"]) == ("0.00", "0.00")
    assert bench.push("401K", bench.max, active=False).changed is False


def test_to_end_what_was_never_there_writes_nothing(bench: Any) -> None:
    assert bench.push("ROTH", bench.max, tax_class="roth", active=False).changed is False
    assert bench.simulator.effects == 0


def test_a_match_by_tiers_is_left_to_rippling(bench: Any) -> None:
    match = (("100%", "3%"), ("50%", "5%"))
    with pytest.raises(Unsupported, match="match by tiers"):
        bench.push("401K", bench.ada, employee_rate="5%", employer_match=match)
    bench.simulator.deductions_401k[bench.ada]["employer"] = "3.0000"
    bench.push("401K", bench.ada, bench.link(tiered_match=True), employee_rate="5%", employer_match=match)
    held = bench.simulator.deductions_401k[bench.ada]
    assert (held["traditional"], held["employer"]) == ("5.0000", "3.0000")


def test_other_deductions_are_refused_before_a_call(bench: Any) -> None:
    link = bench.link()
    with pytest.raises(Unsupported, match="MED is none") as caught:
        bench.push("MED", bench.ada, link, employee_amount_minor=100)
    assert caught.value.blocker == "vendor"
    assert bench.simulator.log == []


@pytest.mark.parametrize(
    ("code", "fields", "said"),
    [
        ("ROTH", {"employee_rate": "4%"}, "takes ROTH as roth"),
        ("401K", {"employee_rate": "1/3"}, "cannot hold exactly"),
    ],
)
def test_what_payroll_would_take_otherwise_is_named(bench: Any, code: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        bench.push(code, bench.ada, **fields)


def test_an_answer_that_is_no_success_is_no_receipt(bench: Any) -> None:
    order = {"plan": "401k", "tax_class": "pretax", "effective_from": "2026-12-15", "code": "401K", "employee": "e"}
    with pytest.raises(DataError, match="did not take 401K"):
        bench.connector.receipt(Item("deduction.set", "k", order), Response.of(200, b'{"success": false}'))


@given(st.integers(0, 10**9))
def test_cents_survive_four_decimals(cents: int) -> None:
    assert minor(f"{format_minor(cents)}00", "x") == cents


@given(st.integers(0, 10**6))
def test_a_rate_survives_as_a_figure(rate: int) -> None:
    exact = percent(f"{rate // 10_000}.{rate % 10_000:04d}", "x")
    assert percent(percent_text(exact, "x"), "x") == exact


def test_every_kind_of_call_was_held_against_the_vendors_description(bench: Any, api: Any) -> None:
    if api is None:
        pytest.skip("the vendor's description is not at hand (BENEHUB_SHARED)")
    for stream in bench.connector.streams:
        bench.rows(stream)
    bench.push("401K", bench.ada, employee_rate="6.5%")
    bench.push("401K", bench.max, employee_rate="3%")
    assert bench.checked >= {
        ("GET", "include_terminated", 200), ("GET", "company_deductions", 200), ("GET", "employee_deductions", 200),
        ("GET", "payroll_runs", 200), ("GET", "employees", 200), ("GET", "deductions_401k", 200),
        ("PUT", "deductions_401k", 200), ("POST", "deductions_401k", 200),
    }  # fmt: skip
