"""The year's deductions: worked cases by frequency, holidays, timing, changes, and the exact sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.money import cumulative_share
from benehub.periods import Month
from benehub.rules.deduction.calendar import (
    PAYS_A_YEAR,
    DeductionMethod,
    DeductionRule,
    PayDay,
    SpareCents,
    Timing,
    deduction_days,
)
from benehub.rules.deduction.schedule import Schedule, deduction_schedule, shares_of
from benehub.rules.registry import calculate

MONTHS = [Month(2026, n) for n in range(1, 13)]
EVERY_PAY = DeductionRule()


def every(days: int, first: date = date(2026, 1, 2), year: int = 2026) -> list[PayDay]:
    dates = [first + timedelta(days=days * n) for n in range(366 // days + 1)]
    return [PayDay(day) for day in dates if day.year == year]


def twice_a_month() -> list[PayDay]:
    return [PayDay(date(2026, month, day)) for month in range(1, 13) for day in (1, 15)]


def monthly() -> list[PayDay]:
    return [PayDay(month.last) for month in MONTHS]


def per_month(k: int, timing: Timing = Timing.CURRENT) -> DeductionRule:
    return DeductionRule(DeductionMethod.PER_MONTH, k, timing)


def year_of(amount: int, pay_days: Sequence[PayDay], rule: DeductionRule, **more: Any) -> Schedule:
    shares = dict.fromkeys(MONTHS, amount)
    return deduction_schedule(shares=shares, pay_days=pay_days, rule=rule, **more).required()


def amounts(schedule: Schedule) -> list[int]:
    return [line.amount_minor for line in schedule.lines]


CASES = [
    ("D01", 500_00, every(14), EVERY_PAY, {230_77: 24, 230_76: 2}),
    ("D11 12", 412_37, monthly(), EVERY_PAY, {412_37: 12}),
    ("D11 24", 412_37, twice_a_month(), EVERY_PAY, {206_18: 12, 206_19: 12}),
    ("D11 24 per month", 412_37, twice_a_month(), per_month(2), {206_18: 12, 206_19: 12}),
    ("D11 24 of 26", 412_37, every(14), per_month(2), {206_18: 12, 206_19: 12}),
    ("D11 26", 412_37, every(14), EVERY_PAY, {190_32: 14, 190_33: 12}),
    ("D11 48", 412_37, every(7), per_month(4), {103_09: 36, 103_10: 12}),
    ("D11 52", 412_37, every(7), EVERY_PAY, {95_16: 40, 95_17: 12}),
]


@pytest.mark.parametrize(("amount", "pay_days", "rule", "counts"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_worked_case(amount: int, pay_days: list[PayDay], rule: DeductionRule, counts: dict[int, int]) -> None:
    schedule = year_of(amount, pay_days, rule)
    assert Counter(amounts(schedule)) == counts
    assert sum(amounts(schedule)) == 12 * amount


def test_d02_a_third_pay_date_is_a_holiday_for_amounts_and_none_for_percentages() -> None:
    days = [{"day": day, "pay_minor": 2_000_00} for day in ("2026-10-02", "2026-10-16", "2026-10-30")]
    fixed = {"shares": [{"month": "2026-10", "amount_minor": 100_00}], "pay_dates": days, "method": "per_month"}
    result = calculate("deduction.schedule", fixed)["result"]
    assert [line["amount_minor"] for line in result["lines"]] == [50_00, 50_00]
    assert result["holidays"] == ["2026-10-30"]
    lines = calculate("deduction.schedule", {"rate": "4.5%", "pay_dates": days, "method": "per_month"})["result"][
        "lines"
    ]
    assert [line["amount_minor"] for line in lines] == [90_00] * 3
    assert calculate("deduction.schedule", {"rate": "4%", "pay_dates": [{"day": "2026-10-02"}]})["needs"] == [
        "pay_dates.pay_minor"
    ]


@pytest.mark.parametrize(("spare", "first", "last"), [("at_start", 3, 2), ("at_end", 2, 3), ("running", 3, 3)])
def test_spare_cents_are_where_the_plan_wants_them(spare: str, first: int, last: int) -> None:
    parts = shares_of(8, 3, SpareCents(spare))
    assert (sum(parts), parts[0], parts[-1]) == (8, first, last)


def test_r18_all_spare_cents_on_the_last_pay() -> None:
    assert shares_of(500_00 * 12, 26, SpareCents.LAST_PAY) == [230_76] * 25 + [231_00]


def test_d04_in_a_year_of_27_pay_dates_an_agreed_26_leave_the_last_one_free() -> None:
    pay_days = every(14, date(2027, 1, 1), 2027)
    shares = {Month(2027, n): 500_00 for n in range(1, 13)}
    rule = DeductionRule(pays_a_year=26)
    schedule = deduction_schedule(shares=shares, pay_days=pay_days, rule=rule).required()
    assert len(schedule.lines) == 26
    assert schedule.holidays == (date(2027, 12, 31),)
    assert sum(amounts(schedule)) == 6_000_00


@pytest.mark.parametrize("number", PAYS_A_YEAR)
def test_every_agreed_number_of_deductions_sums_exactly(number: int) -> None:
    schedule = year_of(412_37, every(366 // number if number < 50 else 6), DeductionRule(pays_a_year=number))
    assert sum(amounts(schedule)) == 4_948_44
    assert len(schedule.lines) == number
    assert max(amounts(schedule)) - min(amounts(schedule)) <= 1


def test_a_number_of_deductions_no_year_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="25 deductions a year"):
        DeductionRule(pays_a_year=25)
    with pytest.raises(DataError, match="stands twice"):
        calculate("deduction.schedule", {"shares": [{"month": "2026-10", "amount_minor": 1}] * 2})


def test_d03_the_third_pay_date_of_a_month_is_a_holiday() -> None:
    pay_days = every(14, date(2022, 1, 7), 2022)
    taking, holidays = deduction_days(pay_days, per_month(2))
    assert date(2022, 9, 30) in holidays
    assert len(taking) == 24


def test_d05_a_missed_pay_is_caught_up_on_the_next() -> None:
    past = [(pay.day, 100_00, None) for pay in twice_a_month() if pay.day < date(2026, 10, 1)]
    schedule = year_of(200_00, twice_a_month(), per_month(2), taken=past, change_from=date(2026, 10, 15))
    assert [(line.pay_date, line.amount_minor) for line in schedule.lines][:2] == [
        (date(2026, 10, 15), 200_00),
        (date(2026, 11, 1), 100_00),
    ]


def test_27_biweekly_pay_dates_exist() -> None:
    pay_days = every(14, date(2027, 1, 1), 2027)
    shares = {Month(2027, n): 500_00 for n in range(1, 13)}
    schedule = deduction_schedule(shares=shares, pay_days=pay_days, rule=EVERY_PAY).required()
    assert len(schedule.lines) == 27
    assert sum(amounts(schedule)) == 6_000_00


@pytest.mark.parametrize(
    ("timing", "month"), [("in_advance", "2026-05"), ("current", "2026-04"), ("arrears", "2026-03")]
)
def test_the_coverage_month_follows_the_timing(timing: str, month: str) -> None:
    payload = {
        "shares": [{"month": f"2026-0{n}", "amount_minor": 100_00} for n in range(2, 7)],
        "pay_dates": [{"day": "2026-04-10"}, {"day": "2026-04-24"}],
        "method": "per_month",
        "timing": timing,
    }
    lines = calculate("deduction.schedule", payload)["result"]["lines"]
    assert [line["amount_minor"] for line in lines if line["month"] == month] == [50_00, 50_00]


def test_in_advance_the_first_month_is_caught_up_on_the_first_pay_date() -> None:
    schedule = year_of(100_00, monthly(), per_month(1, Timing.IN_ADVANCE))
    first = [(line.month, line.amount_minor) for line in schedule.lines if line.pay_date == date(2026, 1, 31)]
    assert first == [(Month(2026, 1), 100_00), (Month(2026, 2), 100_00)]
    # what is paid in December pays for January, which is not of this year
    assert date(2026, 12, 31) not in {line.pay_date for line in schedule.lines}


def test_a_payroll_holiday_takes_nothing() -> None:
    pay_days = [PayDay(date(2026, 1, 2), holiday=True), *every(14)[1:]]
    schedule = year_of(100_00, pay_days, EVERY_PAY)
    assert schedule.holidays == (date(2026, 1, 2),)
    assert len(schedule.lines) == 25
    assert sum(amounts(schedule)) == 1_200_00


def test_a_rate_known_to_change_is_spread_in_two_parts() -> None:
    shares = {month: 100_00 if month.month < 7 else 200_00 for month in MONTHS}
    schedule = deduction_schedule(shares=shares, pay_days=twice_a_month(), rule=EVERY_PAY).required()
    assert amounts(schedule) == [50_00] * 12 + [100_00] * 12


def test_a_retro_change_spreads_what_remains() -> None:
    past = [(pay.day, 50_00, None) for pay in twice_a_month()[:12]]
    schedule = year_of(200_00, twice_a_month(), EVERY_PAY, taken=past, change_from=date(2026, 7, 1))
    assert amounts(schedule) == [150_00] * 12
    assert schedule.taken_minor == 600_00


def test_cents_of_the_first_part_are_spread_over_the_second() -> None:
    pay_days = every(14)
    before = year_of(100_00, pay_days, EVERY_PAY)
    past = [(line.pay_date, line.amount_minor, line.month) for line in before.lines[:9]]
    change = pay_days[9].day
    shares = {month: 100_00 if month.month < 5 else 130_00 for month in MONTHS}
    after = deduction_schedule(
        shares=shares, pay_days=pay_days, rule=EVERY_PAY, taken=past, change_from=change
    ).required()
    assert sum(amounts(after)) + sum(amount for _, amount, _ in past) == sum(shares.values())
    assert max(amounts(after)) - min(amounts(after)) <= 1
    assert len({line.pay_date for line in after.lines}) == len(after.lines)


def test_after_a_retro_end_the_difference_is_refunded() -> None:
    past = [(pay.day, 50_00, None) for pay in twice_a_month()[:8]]
    shares = {month: 100_00 if month.month < 4 else 0 for month in MONTHS}
    schedule = deduction_schedule(
        shares=shares,
        pay_days=twice_a_month(),
        rule=per_month(2),
        taken=past,
        change_from=date(2026, 5, 1),
    ).required()
    assert [(line.pay_date, line.month, line.amount_minor) for line in schedule.lines] == [
        (date(2026, 5, 1), Month(2026, 4), -100_00)
    ]


def test_without_a_pay_date_it_is_asked_for() -> None:
    payload = {"shares": [{"month": "2026-04", "amount_minor": 100}]}
    assert calculate("deduction.schedule", payload)["needs"] == ["pay_dates"]
    assert deduction_schedule(shares={}, pay_days=[], rule=EVERY_PAY).needs == ("shares",)


def test_bad_input_names_the_field() -> None:
    with pytest.raises(ConfigError, match="per_month"):
        per_month(0)
    with pytest.raises(DataError, match=r"shares\.0\.month: must be a month as YYYY-MM"):
        calculate("deduction.schedule", {"shares": [{"month": "04/2026", "amount_minor": 1}]})


@given(total=st.integers(-1_000_000, 1_000_000), n=st.integers(1, 53))
@settings(max_examples=60, deadline=None)
def test_the_parts_are_those_of_the_shared_rule(total: int, n: int) -> None:
    assert shares_of(total, n) == [cumulative_share(total, k, n) for k in range(1, n + 1)]


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.integers(0, 200_000), min_size=12, max_size=12),
    step=st.sampled_from([7, 14, 15, 31]),
    method=st.sampled_from(list(DeductionMethod)),
    k=st.integers(1, 5),
    timing=st.sampled_from(list(Timing)),
    change=st.integers(0, 10),
)
def test_the_year_sums_exactly_also_after_a_change(
    values: list[int], step: int, method: DeductionMethod, k: int, timing: Timing, change: int
) -> None:
    shares = dict(zip(MONTHS, values, strict=True))
    rule, pay_days = DeductionRule(method, k, timing), every(step)
    first = deduction_schedule(shares=shares, pay_days=pay_days, rule=rule).required()
    assert sum(amounts(first)) == sum(values)
    border = pay_days[change].day
    past = [(line.pay_date, line.amount_minor, line.month) for line in first.lines if line.pay_date < border]
    raised = {month: value * (2 if month.month > 6 else 1) for month, value in shares.items()}
    again = deduction_schedule(shares=raised, pay_days=pay_days, rule=rule, taken=past, change_from=border)
    if again.needs:
        assert not any(pay.day >= border for pay in pay_days)
    else:
        assert sum(amounts(again.required())) + sum(line[1] for line in past) == sum(raised.values())


@given(total=st.integers(-1_000_000, 1_000_000), n=st.integers(1, 53), spare=st.sampled_from(list(SpareCents)))
def test_every_strategy_sums_exactly_and_all_but_the_last_pay_differ_by_a_cent_at_most(
    total: int, n: int, spare: SpareCents
) -> None:
    parts = shares_of(total, n, spare)
    assert (sum(parts), len(parts)) == (total, n)
    even = parts[:-1] if spare is SpareCents.LAST_PAY else parts
    assert not even or max(even) - min(even) <= 1


@given(
    first=st.integers(1, 200_000), step=st.sampled_from([7, 14, 15]), spare=st.sampled_from(list(SpareCents)[:3]),
    changes=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 200_000), st.integers(1, 12)), max_size=4),
)  # fmt: skip
def test_whatever_changes_in_mid_year_the_year_sums_and_equal_months_differ_by_a_cent(
    first: int, step: int, spare: SpareCents, changes: list[tuple[int, int, int]]
) -> None:
    pay_days, rule = every(step), DeductionRule(spare=spare)
    shares = dict.fromkeys(MONTHS, first)
    taken: list[tuple[date, int, Month | None]] = []
    border = pay_days[0].day
    told = deduction_schedule(shares=shares, pay_days=pay_days, rule=rule).required()
    for place, amount, since in sorted(changes):
        border = pay_days[place].day
        told_before = [line for line in told.lines if line.pay_date < border]
        taken += [(line.pay_date, line.amount_minor, line.month) for line in told_before]
        shares = {month: amount if month.month >= since else old for month, old in shares.items()}
        told = deduction_schedule(
            shares=shares, pay_days=pay_days, rule=rule, taken=taken, change_from=border
        ).required()
        for value in set(shares.values()):
            run = [line.amount_minor for line in told.lines if len(set(shares.values())) == 1 and value]
            assert not run or max(run) - min(run) <= 1
    assert sum(amounts(told)) + sum(amount for _, amount, _ in taken) == sum(shares.values())
