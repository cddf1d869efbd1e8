"""A benefit is its id: called like another one, or otherwise than before, it stays what it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benehub.connect.connector import Receipt
from benehub.errors import DataError


def fixed(amount: int) -> dict[str, Any]:
    return {"employee_deduction": {"type": "fixed", "amount": amount}}


@pytest.fixture
def twins(finch: Any) -> tuple[str, str]:
    """Two benefits of one description and different types, each held by somebody."""
    one, two = (finch.add_benefit("Medical", kind) for kind in ("s125_medical", "custom_post_tax"))
    for number, benefit, amount in (("1001", one, 120_00), ("1002", two, 80_00)):
        finch.enrollments[benefit, finch.person(number).id] = fixed(amount)
    return one, two


def test_benefits_of_one_description_are_told_apart_by_their_ids(bench: Any, run: Any, twins: tuple[str, str]) -> None:
    run(20)
    codes = {"MED-A": twins[0], "MED-B": twins[1]}
    held = {row.data["code"]: row.data["employee_amount_minor"] for row in bench.rows("payroll_benefit", codes=codes)
            if row.data["code"].startswith("MED-")}  # fmt: skip
    assert (held["MED-A"], held["MED-B"]) == (120_00, 80_00)
    assert bench.lines("1001", "deduction", codes=codes)["MED-A"]["amount_minor"] == 120_00
    second = bench.lines("1002", "deduction", codes=codes)
    assert second["MED-B"]["amount_minor"] == 80_00 and "MED-A" not in second and "Medical" not in second


def test_what_is_alike_in_all_words_waits_with_its_reason(bench: Any, finch: Any, run: Any) -> None:
    one = finch.add_benefit("Medical", "s125_medical")
    two = "5b6f2c1e-0000-4000-8000-00000000b002"
    finch.benefits[two] = replace(finch.benefits[one], id=two)
    for benefit in (one, two):
        finch.enrollments[benefit, finch.person("1001").id] = fixed(120_00)
    run(20)
    odd = [row for row in bench.rows("payroll_benefit") if row.problem]
    assert len(odd) == 2 and all("two benefits answer to Medical" in row.problem for row in odd)
    (told,) = [row for row in bench.rows("register_line", codes={"MED-A": one, "MED-B": two}) if row.problem]
    assert "benefits of several codes" in told.problem


def test_a_benefit_that_is_called_otherwise_keeps_its_code(bench: Any, finch: Any, run: Any) -> None:
    (uuid,) = [key for key, one in finch.benefits.items() if one.description == "MED-PPO"]
    finch.hand_edit("1001", "MED-PPO", **fixed(61_25))
    finch.benefits[uuid].description = "Medical 2027"
    run(20)
    codes = {"MED-PPO": uuid}
    assert "MED-PPO" in {row.data["code"] for row in bench.rows("payroll_benefit", codes=codes)}
    assert bench.lines("1001", "deduction", codes=codes)["MED-PPO"]["amount_minor"] == 61_25
    assert isinstance(bench.push(bench.order("MED-PPO", employee_amount_minor=70_00), codes=codes), Receipt)
    by_word = {"aliases": {"Medical 2027": "MED-PPO"}}
    assert "MED-PPO" in bench.lines("1001", "deduction", **by_word), "as it was mapped before"


def test_a_statement_waits_that_names_a_benefit_as_the_code_of_another(bench: Any, finch: Any, run: Any) -> None:
    (uuid,) = [key for key, one in finch.benefits.items() if one.description == "MED-PPO"]
    finch.benefits[uuid].description = "Medical 2027"
    other = finch.add_benefit("MED-PPO", "custom_post_tax")
    finch.enrollments[uuid, finch.person("1001").id] = fixed(61_25)
    finch.enrollments[other, finch.person("1002").id] = fixed(80_00)
    run(20)
    codes = {"MED-PPO": uuid}
    assert bench.lines("1001", "deduction", codes=codes)["MED-PPO"]["amount_minor"] == 61_25
    (odd,) = [row for row in bench.rows("register_line", codes=codes) if row.problem]
    assert "answers to MED-PPO, as another one does" in odd.problem and f"this one is {other}" in odd.problem
    assert not bench.lines("1002", "deduction", codes=codes)
    both = codes | {"MED-NEW": other}
    assert bench.lines("1002", "deduction", codes=both)["MED-NEW"]["amount_minor"] == 80_00


def test_of_two_alike_the_one_taken_at_every_pay_is_meant(bench: Any, finch: Any, run: Any) -> None:
    """Told by words alone, as before there were ids: an order means the one, and the other is no answer to it."""
    one = finch.add_benefit("Medical", "s125_medical")
    other = "5b6f2c1e-0000-4000-8000-00000000b002"
    finch.benefits[other] = replace(finch.benefits[one], id=other, frequency="one_time")
    for benefit, who, amount in ((one, "1001", 120_00), (other, "1002", 80_00)):
        finch.enrollments[benefit, finch.person(who).id] = fixed(amount)
    rows = bench.rows("payroll_benefit")
    held = {row.data["employee"]: row.data["employee_amount_minor"] for row in rows
            if not row.problem and row.data["code"] == "Medical"}  # fmt: skip
    assert held == {finch.person("1001").id: 120_00}
    (odd,) = [row for row in rows if row.problem]
    assert f"this one is {other}" in odd.problem
    assert isinstance(bench.push(bench.order("Medical", employee_amount_minor=130_00)), Receipt)
    assert finch.enrollments[one, finch.person("1001").id]["employee_deduction"]["amount"] == 130_00
    run(20)
    assert "Medical" in bench.lines("1001", "deduction"), "a statement is read by its words"
    third = "5b6f2c1e-0000-4000-8000-00000000b003"
    finch.benefits[third] = replace(finch.benefits[one], id=third)
    with pytest.raises(DataError, match="no single benefit"):
        bench.push(bench.order("Medical", employee_amount_minor=140_00))
