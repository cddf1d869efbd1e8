"""A company benefit is its uuid: described like another one, or called otherwise since, it stays what it was."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.connect.connector import Receipt
from benehub.errors import DataError
from benehub_connectors.gusto.reads import CompanyBenefit, confounded
from benehub_connectors.gusto.settings import GustoSettings


@pytest.fixture
def twins(gusto: Any) -> tuple[str, str]:
    """Two medical benefits of one description, the first held by one employee, the second by another."""
    one, two = (gusto.add_benefit("Medical", kind) for kind in (1, 998))
    gusto.enroll("1001", one, amount_minor=120_00)
    gusto.enroll("1002", two, amount_minor=80_00)
    return one, two


def test_benefits_of_one_description_are_told_apart_by_their_uuids(
    bench: Any, gusto: Any, run: Any, twins: tuple[str, str]
) -> None:
    run(13)
    codes = {"MED-A": twins[0], "MED-B": twins[1]}
    held = {row.data["code"]: row.data["employee_amount_minor"] for row in bench.rows("payroll_benefit", codes=codes)}
    assert held == {"MED-A": 120_00, "MED-B": 80_00}
    first, second = (bench.lines(who, "deduction", codes=codes) for who in ("1001", "1002"))
    assert first["MED-A"]["amount_minor"] == 120_00 and "MED-B" not in first
    assert second["MED-B"]["amount_minor"] == 80_00 and "MED-A" not in second


def test_what_is_alike_and_not_named_waits_with_its_reason(bench: Any, gusto: Any, run: Any) -> None:
    one, two = (gusto.add_benefit("Medical", kind) for kind in (1, 998))
    gusto.enroll("1001", one, amount_minor=120_00)
    gusto.enroll("1001", two, amount_minor=80_00)
    run(13)
    rows = bench.rows("payroll_benefit")
    assert len(rows) == 2 and all("two active company benefits answer to Medical" in row.problem for row in rows)
    codes = {"MED-A": one, "MED-B": two}
    (odd,) = [row for row in bench.rows("register_line", codes=codes) if row.problem]
    assert "may have held none or more of them" in odd.problem, "who holds both is not guessed at"


def test_a_benefit_that_is_called_otherwise_keeps_its_code(bench: Any, gusto: Any, run: Any) -> None:
    (uuid,) = [one.uuid for one in gusto.company_benefits.values() if one.description == "MED-PPO"]
    gusto.enroll("1001", "MED-PPO", amount_minor=120_00)
    gusto.company_benefits[uuid].description = "Medical 2027"
    run(13)
    codes = {"MED-PPO": uuid}
    assert [row.data["code"] for row in bench.rows("payroll_benefit", codes=codes)] == ["MED-PPO"]
    assert bench.lines("1001", "deduction", codes=codes)["MED-PPO"]["tax_class"] == "pretax"
    assert [row.data["code"] for row in bench.rows("payroll_benefit", aliases={uuid: "MED-PPO"})] == ["MED-PPO"]
    bench.usual |= {"codes": codes}
    assert isinstance(bench.push(bench.order("MED-PPO", employee_amount_minor=130_00)), Receipt)
    bench.usual |= {"codes": {}, "aliases": {"Medical 2027": "MED-PPO"}}
    assert isinstance(bench.push(bench.order("MED-PPO", employee_amount_minor=140_00)), Receipt), (
        "as it was mapped before"
    )
    bench.usual |= {"aliases": {}}
    with pytest.raises(DataError, match="no single active company benefit"):
        bench.push(bench.order("MED-PPO", employee_amount_minor=150_00))


def test_whose_description_is_the_code_of_another_is_not_it() -> None:
    known = {"company": "c", "client_id": "i", "client_secret": "env:A", "refresh_token": "env:B"}
    settings = GustoSettings.model_validate(known | {"codes": {"MED": "u1"}})
    mine, other, old = (CompanyBenefit(*one) for one in (
        ("u1", "Medical 2027", 1, True), ("u2", "MED", 1, True), ("u3", "MED", 1, False),
    ))  # fmt: skip
    assert confounded([mine, other, old], settings) == {"u2"}
    assert settings.code_of("MED", "u3") == "MED", "what ended was read by its description before"


def test_a_check_of_before_a_change_goes_by_what_was_held_then(bench: Any, gusto: Any, run: Any) -> None:
    one, two = (gusto.add_benefit("Medical", kind) for kind in (1, 998))
    gusto.enroll("1001", one, amount_minor=120_00, ends=date(2026, 11, 20))
    gusto.enroll("1001", two, amount_minor=80_00, starts=date(2026, 11, 21))
    run(13)
    lines = bench.lines("1001", "deduction", codes={"MED-A": one, "MED-B": two})
    assert lines["MED-A"]["amount_minor"] == 120_00 and "MED-B" not in lines


def test_what_is_switched_on_today_says_nothing_of_a_check_before(bench: Any, gusto: Any, run: Any) -> None:
    """The same check read again after a change would come under the other code, beside the line that stands."""
    one, two = (gusto.add_benefit("Medical", kind) for kind in (1, 998))
    old = gusto.enroll("1001", one, amount_minor=120_00)
    run(13)
    codes = {"MED-A": one, "MED-B": two}
    assert bench.lines("1001", "deduction", codes=codes)["MED-A"]["amount_minor"] == 120_00
    gusto.holdings[old].active = False
    assert list(bench.lines("1001", "deduction", codes=codes)) == ["MED-A"], "switched off, it was held then"
    new = gusto.enroll("1001", two, amount_minor=120_00)
    for running in (True, False):
        gusto.holdings[new].active = running
        (odd,) = [row for row in bench.rows("register_line", codes=codes) if row.problem]
        assert not bench.lines("1001", "deduction", codes=codes)
        assert "effective and expiration date" in odd.problem
    gusto.holdings[new].starts = date(2026, 11, 14)
    lines = bench.lines("1001", "deduction", codes=codes)
    assert list(lines) == ["MED-A"] and lines["MED-A"]["amount_minor"] == 120_00, "the days tell it"


def test_a_check_waits_that_names_a_benefit_as_the_code_of_another(bench: Any, gusto: Any, run: Any) -> None:
    (uuid,) = [one.uuid for one in gusto.company_benefits.values() if one.description == "MED-PPO"]
    gusto.enroll("1001", "MED-PPO", amount_minor=120_00)
    gusto.company_benefits[uuid].description = "Medical 2027"
    other = gusto.add_benefit("MED-PPO", 998)
    gusto.enroll("1002", other, amount_minor=80_00)
    run(13)
    codes = {"MED-PPO": uuid}
    assert bench.lines("1001", "deduction", codes=codes)["MED-PPO"]["amount_minor"] == 120_00
    (odd,) = [row for row in bench.rows("register_line", codes=codes) if row.problem]
    assert "answers to MED-PPO, as another one does" in odd.problem and f"this one is {other}" in odd.problem
    assert not bench.lines("1002", "deduction", codes=codes)
    both = codes | {"MED-NEW": other}
    assert bench.lines("1002", "deduction", codes=both)["MED-NEW"]["amount_minor"] == 80_00


def test_two_of_one_description_that_nobody_named_are_of_one_code_on_a_check(
    bench: Any, run: Any, twins: tuple[str, str]
) -> None:
    run(13)
    for who, amount in (("1001", 120_00), ("1002", 80_00)):
        assert bench.lines(who, "deduction")["Medical"]["amount_minor"] == amount
    held_one = bench.lines("1001", "deduction", codes={"MED-A": twins[0]})
    assert held_one["MED-A"]["amount_minor"] == 120_00, "who holds the one that is named"
    (odd,) = [row for row in bench.rows("register_line", codes={"MED-A": twins[0]}) if row.problem]
    assert f"this one is {twins[1]}" in odd.problem
