"""The register: what a simulated payroll took, line by line, and the stories that make it differ."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.connect.jsontext import NumberText
from benehub.errors import ConfigError
from benehub_connectors.gusto.register import Book, PayRun, check_lines
from benehub_connectors.gusto.settings import GustoSettings

PAY_DAY = date(2026, 11, 20)
TIERS = (("100%", "3%"), ("50%", "5%"))


@pytest.fixture
def covered(gusto: Any) -> Any:
    """Employee 1001 with medical and both kinds of deferral."""
    gusto.enroll("1001", "MED-PPO", amount_minor=6125, employer_minor=24500)
    gusto.enroll("1001", "401K", percent="4%", match=TIERS)
    gusto.enroll("1001", "401K-ROTH", percent="2.5%")
    return gusto


def test_a_check_becomes_lines_with_gross_and_net(bench: Any, covered: Any, run: Any) -> None:
    payroll = run(20)
    taken = bench.lines("1001", "deduction")
    # 3200.00 gross, 800.00 tax; 4 % and 2.5 % deferred; 100 % of 3 % and 50 % of 2 % matched.
    assert {code: line["amount_minor"] for code, line in taken.items()} == {
        "MED-PPO": 6125, "401K": 12800, "401K-ROTH": 8000,
    }  # fmt: skip
    assert [taken[code]["tax_class"] for code in ("MED-PPO", "401K", "401K-ROTH")] == [
        "pretax",
        "pretax",
        "roth",
    ]
    given = bench.lines("1001", "employer")
    assert {code: line["amount_minor"] for code, line in given.items()} == {"MED-PPO": 24500, "401K": 12800}
    assert given["401K"]["tax_class"] == "employer"
    (earning,) = bench.lines("1001", "earning").values()
    who = covered._employee("1001").uuid
    assert earning == {
        "pay_run": payroll, "check": f"{payroll}/{who}", "employee": who, "pay_group": "Biweekly",
        "pay_date": "2026-11-20", "period_start": "2026-10-25", "period_end": "2026-11-07", "kind": "earning",
        "code": "GROSS", "tax_class": None, "amount_minor": 320_000, "hours": "",
        "gross_minor": 320_000, "net_pay_minor": 320_000 - 80_000 - 6125 - 12800 - 8000, "reverses": "",
    }  # fmt: skip


def test_checks_come_over_pages_of_a_hundred(bench: Any, gusto: Any, run: Any) -> None:
    for number in range(150):
        gusto.add_employee(
            f"E{number}", "Ann", "Nym", birth=date(1990, 1, 1), pay_group="Biweekly", gross_minor=100_000,
            hired=date(2025, 1, 1),
        )  # fmt: skip
    payroll = run(20)
    pages = bench.read("register_line")
    assert [len(page.rows) for page in pages] == [100, 52]
    assert {page.cursor for page in pages} == {"2026-11-20"}
    assert len({row.key for page in pages for row in page.rows}) == 152
    asked = gusto.calls("GET", f"/v1/companies/{gusto.company}/payrolls/{payroll}")
    assert [call.query["page"] for call in asked] == ["1", "2", "3"]
    assert not any(page.full for page in pages)


def test_a_second_read_starts_where_the_first_ended_less_the_overlap(bench: Any, covered: Any, run: Any) -> None:
    for day in (6, 20):
        run(day)
    assert len(bench.read("register_line")) == 2
    pages = bench.read("register_line", "2026-11-20", register_overlap_days=7)
    assert [page.cursor for page in pages] == ["2026-11-20"]


def test_a_check_of_tomorrow_is_not_read_yet(bench: Any, covered: Any) -> None:
    covered.run_payroll("Biweekly", date(2026, 12, 4), date(2026, 11, 8), date(2026, 11, 21))
    assert bench.read("register_line") == []


def test_a_year_and_more_is_listed_in_parts_the_vendor_takes(bench: Any, covered: Any) -> None:
    covered.run_payroll("Biweekly", date(2024, 7, 5), date(2024, 6, 16), date(2024, 6, 29))
    pages = bench.read("register_line", register_from=date(2024, 6, 1))
    assert [page.cursor for page in pages] == ["2024-07-05"]
    listed = covered.calls("GET", f"/v1/companies/{covered.company}/payrolls")
    spans = [
        date.fromisoformat(call.query["end_date"]) - date.fromisoformat(call.query["start_date"]) for call in listed
    ]
    assert len(spans) > 2
    assert max(span.days for span in spans) <= 365
    with pytest.raises(ConfigError, match="register_from"):
        bench.read("register_line", register_from=date(1990, 1, 1))


def test_leave_taken_and_leave_paid_out(bench: Any, gusto: Any, run: Any) -> None:
    gusto.plan_pto("1001", PAY_DAY, "7.5")
    gusto.terminate("1002", date(2026, 10, 2))
    gusto.pay_out("1002", PAY_DAY, "24.5", 64312)
    run(20)
    assert bench.lines("1001", "leave_taken")["PTO"]["hours"] == "7.500"
    paid = bench.lines("1002", "leave_payout")["PTO-OUT"]
    assert (paid["amount_minor"], paid["hours"], paid["gross_minor"]) == (64312, "24.500", 64312)
    assert bench.lines("1002", "leave_taken") == {}


def test_pay_too_short_takes_nothing_and_says_so(bench: Any, covered: Any, run: Any) -> None:
    covered.short_pay("1001", PAY_DAY, 6000)
    run(20)
    medical = bench.lines("1001", "deduction")["MED-PPO"]
    assert medical["amount_minor"] == 0
    assert medical["net_pay_minor"] == 6000 - 1500 - 240 - 150
    assert bench.lines("1001", "employer")["401K"]["amount_minor"] == 240


def test_a_benefit_holiday_leaves_no_line(bench: Any, covered: Any, run: Any) -> None:
    covered.set_benefit_holiday(PAY_DAY, ["MED-PPO"])
    run(20)
    assert set(bench.lines("1001", "deduction")) == {"401K", "401K-ROTH"}


def test_an_amount_changed_by_hand_shows(bench: Any, covered: Any, run: Any) -> None:
    covered.hand_edit("1001", "MED-PPO", 5999)
    run(20)
    assert bench.lines("1001", "deduction")["MED-PPO"]["amount_minor"] == 5999


def test_a_deduction_under_the_wrong_type_has_the_wrong_tax_class(bench: Any, covered: Any, run: Any) -> None:
    covered.misclassify("1001", "MED-PPO", "MED-POST")
    run(20)
    line = bench.lines("1001", "deduction", aliases={"MED-POST": "MED-PPO"})["MED-PPO"]
    assert (line["amount_minor"], line["tax_class"]) == (6125, "posttax")
    share = bench.lines("1001", "employer", aliases={"MED-POST": "MED-PPO"})["MED-PPO"]
    assert share["tax_class"] == "imputed"


def test_a_reversal_names_the_check_it_takes_back(bench: Any, covered: Any, run: Any) -> None:
    first = run(20)
    second = covered.reverse(first, date(2026, 11, 25))
    who = covered._employee("1001").uuid
    back = [row for row in bench.rows("register_line") if row.data["pay_run"] == second]
    medical = next(row for row in back if row.data["code"] == "MED-PPO" and row.data["kind"] == "deduction")
    assert medical.data["amount_minor"] == -6125
    assert medical.data["reverses"] == f"{first}/{who}"
    assert medical.extra["off_cycle_reason"] == "Reversal"


def test_the_same_state_gives_the_same_ids_and_bytes(api: Any, bench: Any, covered: Any, run: Any) -> None:
    run(20)
    once = [(page.payload, [row.key for row in page.rows]) for page in bench.read("register_line")]
    assert once == [(page.payload, [row.key for row in page.rows]) for page in bench.read("register_line")]
    assert not any(isinstance(value, float) for row in bench.rows("register_line") for value in row.data.values())


RUN = PayRun("p1", PAY_DAY, None, None, "s1", "")
BOOK = Book(
    GustoSettings(company="c", client_id="i", client_secret="env:S", refresh_token="env:R"),
    {"s1": "biweekly"},
    {"MED-PPO": frozenset({1}), "TWICE": frozenset({2, 998})},
)


def made(**fields: Any) -> Any:
    usual = {"employee_uuid": "e1", "gross_pay": NumberText("2791.25"), "net_pay": "1953.31", "benefits": []}
    return check_lines(RUN, usual | fields, BOOK)


def benefit(name: str = "MED-PPO", deduction: Any = "100.00", given: Any = None) -> Any:
    return {"name": name, "employee_deduction": deduction, "company_contribution": given}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"employee_uuid": None}, "employee_uuid is missing"),
        ({"benefits": None}, "employee_benefits:read"),
        ({"benefits": [benefit(deduction="1.234")]}, "more than 2 decimals"),
        ({"benefits": [benefit(deduction=[])]}, "no number but list"),
        ({"benefits": [benefit(name="")]}, "name is missing"),
        ({"benefits": ["x"]}, "no list of objects"),
        ({"gross_pay": "a lot"}, "not an amount"),
        ({"paid_time_off": [{"name": "Vacation Hours", "hours": "a day"}]}, "no hours"),
        ({"paid_time_off": {}, "fixed_compensations": "x"}, "no list of objects"),
    ],
)
def test_a_check_is_read_whole_or_kept_with_its_reason(fields: Any, reason: str) -> None:
    (row,) = made(**fields)
    assert reason in row.problem
    assert not row.data
    assert "2791" not in row.problem


def test_a_check_that_is_no_object_is_kept_too() -> None:
    (row,) = check_lines(RUN, ["x"], BOOK)
    assert "no object" in row.problem
    assert row.key == "p1/unknown"


def test_who_is_excluded_from_a_payroll_has_no_check() -> None:
    assert made(excluded=True) == []


def test_two_benefits_of_one_name_both_count() -> None:
    lines = made(benefits=[benefit(), benefit(deduction=NumberText("50.5"))])
    assert [(line.key, line.data["amount_minor"]) for line in lines[1:]] == [
        ("p1/e1/deduction/MED-PPO", 10000), ("p1/e1/deduction/MED-PPO#2", 5050),
    ]  # fmt: skip


def test_a_benefit_whose_type_is_unclear_claims_no_tax_class() -> None:
    lines = made(benefits=[benefit("TWICE"), benefit("UNKNOWN")])
    assert [line.data["tax_class"] for line in lines[1:]] == [None, None]
    assert lines[1].extra["benefit_types"] == [2, 998]


@pytest.mark.unpublished("a payroll that the vendor does not give")
def test_a_payroll_without_a_head_is_kept_with_its_reason(bench: Any, covered: Any, run: Any) -> None:
    covered.api = None
    payroll = run(20)
    covered.payrolls[payroll].check_date = _Undated(2026, 11, 20)
    (row,) = bench.rows("register_line")
    assert row.key == payroll
    assert "check_date is missing" in row.problem


class _Undated(date):
    def isoformat(self) -> str:
        return ""
