"""Pay statements as register lines: every cent under its code, and a statement whole or not at all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.records import TaxClass
from benehub_connectors.finch.words import BENEFIT_TYPES, percent_text, points, tax_class


def test_a_statement_becomes_lines_to_the_cent(bench: Any, finch: Any, run: Any) -> None:
    finch.hand_edit("1001", "MED-PPO", employee_deduction={"type": "fixed", "amount": 6125},
                    company_contribution={"type": "fixed", "amount": 24501})  # fmt: skip
    finch.hand_edit("1001", "ROTH", employee_deduction={"type": "percent", "amount": 450})
    payment = run(20)
    taken = bench.lines("1001", "deduction")
    assert {code: (line["amount_minor"], line["tax_class"]) for code, line in taken.items()} == {
        "MED-PPO": (6125, "pretax"), "ROTH": (14400, "roth"),
    }  # fmt: skip
    given = bench.lines("1001", "employer")
    assert [(code, line["amount_minor"], line["tax_class"]) for code, line in given.items()] == [
        ("MED-PPO", 24501, "employer")
    ]
    (earning,) = bench.lines("1001", "earning").values()
    assert (earning["code"], earning["amount_minor"], earning["hours"]) == ("GROSS", 320_000, "80")
    left = 320_000 - 6125 - 14400
    assert earning["net_pay_minor"] == left - left // 5
    assert (earning["pay_run"], earning["check"]) == (payment, f"{payment}/{finch.person('1001').id}")
    assert (earning["pay_date"], earning["period_end"], earning["pay_group"]) == (
        "2026-11-20", "2026-11-07", "biweekly",
    )  # fmt: skip


def test_what_did_not_fit_the_pay_is_a_line_of_nothing(bench: Any, finch: Any, run: Any) -> None:
    finch.hand_edit("1002", "MED-PPO", employee_deduction={"type": "fixed", "amount": 999_999})
    run(20)
    assert bench.lines("1002", "deduction")["MED-PPO"]["amount_minor"] == 0


def test_many_payments_go_in_one_call_and_a_large_one_is_read_on(bench: Any, finch: Any) -> None:
    for week in range(12):
        day = date(2026, 9, 4 + 2 * week) if week < 13 else None
        finch.run_payroll(day, date(2026, 8, 1), date(2026, 8, 15))
    finch._cap = 1
    rows = bench.rows("register_line")
    assert len({row.data["pay_run"] for row in rows}) == 12
    assert len({row.key for row in rows}) == len(rows) == 24
    calls = finch.calls("POST", "/employer/pay-statement")
    # Ten and two payments by one call each, then the second statement of each by one of its own.
    assert len(calls) == 2 + 12
    assert len(finch.calls("GET", "/employer/payment")) == 3


def test_a_read_goes_on_from_its_cursor_with_an_overlap(bench: Any, run: Any) -> None:
    for day in (6, 20):
        run(day)
    pages = bench.read("register_line")
    assert pages[-1].cursor == "2026-11-20"
    again = bench.read("register_line", "2026-11-20", register_overlap_days=13)
    assert {row.data["pay_date"] for page in again for row in page.rows} == {"2026-11-20"}
    wider = bench.read("register_line", "2026-11-20", register_overlap_days=14)
    assert {row.data["pay_date"] for page in wider for row in page.rows} == {"2026-11-06", "2026-11-20"}


def test_statements_on_their_way_are_told_and_hold_the_cursor(bench: Any, finch: Any, run: Any) -> None:
    late = run(6, pending=True)
    run(20)
    pages = bench.read("register_line")
    (problem,) = [row for page in pages for row in page.rows if row.problem]
    assert problem.key == f"{late}/unknown"
    assert "202 data_sync_in_progress" in problem.problem
    assert pages[-1].cursor == "2026-11-06"
    finch.payments[late].pending = False
    assert bench.read("register_line", "2026-11-06")[-1].cursor == "2026-11-20"


def _changed(finch: Any, payment: str, **parts: Any) -> None:
    finch.api = None
    finch.payments[payment].statements[0].update(parts)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"employee_deductions": None}, "no list of deductions"),
        ({"employee_deductions": [{"name": "MED-PPO", "amount": None}]}, "no whole number"),
        ({"employee_deductions": [{"name": "MED-PPO", "amount": "61.25"}]}, "no whole number"),
        ({"employee_deductions": [{"name": None, "amount": 1}]}, "neither name nor type"),
        ({"gross_pay": {"amount": 100, "currency": "cad"}}, "not in US dollars"),
        ({"gross_pay": None, "earnings": None}, "no gross pay"),
        ({"individual_id": None}, "individual_id is missing"),
        ({"earnings": [7]}, "no object"),
    ],
)
@pytest.mark.unpublished("statements that the vendor does not give")
def test_half_a_statement_is_none(bench: Any, finch: Any, run: Any, parts: dict[str, Any], why: str) -> None:
    _changed(finch, run(20), **parts)
    rows = bench.rows("register_line")
    (bad,) = [row for row in rows if row.problem]
    assert why in bad.problem
    assert len({row.data["employee"] for row in rows if row.data}) == 1


def test_gross_pay_that_is_not_told_is_what_was_earned(bench: Any, finch: Any, run: Any) -> None:
    earned = [
        {"type": "wage", "name": "Hourly", "amount": 200_000, "currency": "usd", "hours": 70},
        {"type": "overtime", "name": "Over", "amount": 9_000, "currency": "usd", "hours": 2},
        {"type": "reimbursement", "name": "Bus", "amount": 4_000, "currency": "usd", "hours": None},
        None,
    ]
    _changed(finch, run(20), gross_pay=None, earnings=earned)
    (line,) = bench.lines("1001", "earning").values()
    assert (line["amount_minor"], line["hours"]) == (209_000, "72")


def test_paid_leave_is_told_in_hours_under_its_code(bench: Any, finch: Any, run: Any) -> None:
    earned = [
        {"type": "pto", "name": "Vacation", "amount": 30_000, "currency": "usd", "hours": 8},
        {"type": "pto", "name": "Vacation", "amount": 15_000, "currency": "usd", "hours": 4},
        {"type": "sick", "name": "Sick", "amount": 0, "currency": "usd", "hours": 0},
    ]
    _changed(finch, run(20), earnings=earned)
    found = [r for r in bench.rows("register_line", leave_codes={"pto": "PTO"}) if r.data["kind"] == "leave_taken"]
    assert [(row.data["code"], row.data["hours"]) for row in found] == [("PTO", "8"), ("PTO", "4")]
    assert len({row.key for row in found}) == 2


def test_a_contractor_owes_no_list_of_deductions(bench: Any, finch: Any, run: Any) -> None:
    finch.add_person("9001", "Con", "Tractor", birth=date(1970, 1, 1), gross_minor=5_000, hired=date(2020, 1, 1),
                     contractor=True)  # fmt: skip
    run(20)
    assert bench.lines("9001", "earning")["GROSS"]["amount_minor"] == 5_000


def test_two_statements_of_one_person_both_count(bench: Any, finch: Any, run: Any) -> None:
    payment = finch.payments[run(20)]
    payment.statements.append(dict(payment.statements[0]))
    rows = bench.rows("register_line")
    checks = {row.data["check"] for row in rows if row.data["employee"] == finch.person("1001").id}
    assert checks == {f"{payment.id}/{finch.person('1001').id}", f"{payment.id}/{finch.person('1001').id}#2"}


@pytest.mark.parametrize(
    ("kind", "pre_tax", "taxed"),
    [
        ("401k", None, TaxClass.PRETAX), ("401k", False, TaxClass.POSTTAX), ("401k_roth", False, TaxClass.ROTH),
        ("401k_roth", True, TaxClass.PRETAX), ("401k_loan", None, TaxClass.POSTTAX), ("", True, TaxClass.PRETAX),
        ("", False, TaxClass.POSTTAX), ("", None, None), ("of_tomorrow", None, None),
    ],
)  # fmt: skip
def test_a_statement_says_how_it_was_taxed(kind: str, pre_tax: bool | None, taxed: TaxClass | None) -> None:
    assert tax_class(kind, pre_tax) is taxed


def test_every_published_type_is_known(api: Any) -> None:
    if api is None:
        pytest.skip("no description of Finch's API; set BENEHUB_SHARED")
    told = api.api.spec["components"]["schemas"]["BenefitType"]["enum"].read_value()
    assert set(told) - {None} == BENEFIT_TYPES
    assert all(tax_class(one) for one in BENEFIT_TYPES)


def test_basis_points_and_rates_are_one_thing() -> None:
    from fractions import Fraction

    for value in range(0, 20_001, 7):
        assert points(Fraction(percent_text(value).removesuffix("%")) / 100, "") == value
    assert [percent_text(one) for one in (450, 400, 5, 10_000, -25)] == ["4.5%", "4%", "0.05%", "100%", "-0.25%"]
