"""Look-back and monthly method: worked cases, the bounds of the law, overlaps, and what nobody told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from benehub.errors import ConfigError, DataError
from benehub.periods import Month
from benehub.rules.registry import calculate

NAME = "eligibility.lookback"


def span(start: str, end: str, weekly: int, **more: int) -> dict[str, Any]:
    """Hours at an even weekly rate."""
    days = (date.fromisoformat(end) - date.fromisoformat(start)).days
    return {"start": start, "end": end, "hours_minor": weekly * 100 * days // 7, **more}


def months(**given: Any) -> dict[str, tuple[str, str]]:
    found = calculate(NAME, given)["result"]["months"]
    return {one["month"]: (one["status"], one["source"]) for one in found}


def own_period(**given: Any) -> dict[str, Any]:
    periods = calculate(NAME, given)["result"]["periods"]
    found: dict[str, Any] = next(one for one in periods if one["kind"] == "initial")
    return found


def test_e05_new_variable_hour_hire() -> None:
    found = own_period(hire_date="2014-06-01", initial_months=12, initial_admin=1)
    assert [found[name] for name in ("measurement_start", "measurement_end", "admin_start", "admin_end")] == [
        "2014-06-01",
        "2015-05-31",
        "2015-06-01",
        "2015-06-30",
    ]
    hours = [span("2014-06-01", "2015-06-01", 31)]
    found = own_period(hire_date="2014-06-01", initial_months=12, initial_admin=1, hours=hours)
    assert (found["stability_start"], found["stability_end"]) == ("2015-07-01", "2016-06-30")
    assert found["status"] == "full_time"


def test_e06_cover_by_thirteen_months_and_the_rest_of_the_month() -> None:
    found = own_period(hire_date="2015-11-26", hours=[span("2015-11-26", "2016-11-26", 32)])
    assert found["measurement_end"] == "2016-11-25"
    assert found["stability_start"] == "2017-01-01"


def test_e07_initial_measurement_of_twelve_months() -> None:
    assert own_period(hire_date="2021-02-01", initial_months=12)["measurement_end"] == "2022-01-31"


@pytest.mark.parametrize(
    ("month", "weeks", "hours", "status"),
    [
        ("2026-02", 4, 120_00, "full_time"),
        ("2026-02", 4, 119_99, "not_full_time"),
        ("2026-05", 5, 150_00, "not_full_time"),
        ("2026-08", 5, 150_00, "full_time"),
        ("2026-08", 5, 149_99, "not_full_time"),
    ],
)
def test_e08_monthly_method_with_the_weekly_rule(month: str, weeks: int, hours: int, status: str) -> None:
    """Months of whole weeks from Sunday on; hours lie evenly in the weeks that hold the month."""
    given = {"method": "monthly", "weekly_rule": "first_week", "hire_date": "2020-01-01"}
    first = date.fromisoformat(f"{month}-01")
    start = first - timedelta(days=(first.weekday() + 1) % 7)
    told = [{"start": str(start), "end": str(start + timedelta(weeks=weeks)), "hours_minor": hours}]
    answer = calculate(NAME, given | {"from_month": month, "to_month": month, "hours": told})
    (found,) = answer["result"]["months"]
    if month == "2026-05":  # five weeks from 26 April, of which May has only 26 April to 30 May
        assert found["measurement_start"] == "2026-04-26"
        assert found["measurement_end"] == "2026-05-30"
        status = "full_time"
    assert found["status"] == status


@pytest.mark.parametrize("rule", ["first_week", "last_week"])
@pytest.mark.parametrize("week_starts_on", range(7))
def test_e08_months_of_weeks_follow_one_another_and_have_four_or_five(rule: str, week_starts_on: int) -> None:
    given = {"method": "monthly", "weekly_rule": rule, "week_starts_on": week_starts_on, "hire_date": "2020-01-01"}
    found = calculate(NAME, given | {"from_month": "2024-01", "to_month": "2027-12"})["result"]["months"]
    before = None
    for one in found:
        start, end = date.fromisoformat(one["measurement_start"]), date.fromisoformat(one["measurement_end"])
        month = Month.parse(one["month"])
        assert start.weekday() == week_starts_on
        assert ((end - start).days + 1) in (28, 35)
        assert start <= month.first if rule == "first_week" else end >= month.last
        assert before is None or start == before + timedelta(days=1)
        before = end


def test_monthly_method_by_calendar_months() -> None:
    told = [
        {"start": "2026-01-01", "end": "2026-02-01", "hours_minor": 130_00},
        {"start": "2026-02-01", "end": "2026-03-01", "hours_minor": 100_00, "paid_leave_minor": 29_99},
        {"start": "2026-03-01", "end": "2026-04-01", "hours_minor": 100_00, "paid_leave_minor": 30_00},
    ]
    found = months(method="monthly", hire_date="2026-01-01", hours=told, to_month="2026-04")
    assert [status for status, _ in found.values()] == ["full_time", "not_full_time", "full_time", "needs_data"]


STANDARD = {"hire_date": "2022-01-03", "standard_start": "2023-10-15", "admin": 78, "admin_unit": "days"}


def test_an_ongoing_employee_by_the_standard_period() -> None:
    told = [span("2023-10-15", "2024-10-15", 31), span("2024-10-15", "2025-10-15", 29)]
    found = months(**STANDARD, hours=told, from_month="2024-12", to_month="2026-01")
    assert found["2025-01"] == found["2025-12"] == ("full_time", "standard")
    assert found["2026-01"] == ("not_full_time", "standard")
    assert found["2024-12"][0] == "needs_data"


def test_a_status_won_at_first_is_never_shortened_and_a_better_one_comes_early() -> None:
    """Hired June 2024, initial stability July 2025 to June 2026; the first full standard period counts from 2026."""
    base = STANDARD | {"hire_date": "2024-06-01", "to_month": "2027-01", "from_month": "2025-06"}
    good_then_bad = [span("2024-06-01", "2025-06-01", 40), span("2025-06-01", "2025-10-15", 1)]
    found = months(**base | {"hours": [*good_then_bad, span("2025-10-15", "2026-10-15", 10)]})
    assert found["2025-06"] == ("measuring", "initial")
    # the first full standard period 2024-10-15 to 2025-10-14 still averages below 30
    assert found["2026-01"] == found["2026-06"] == ("full_time", "initial")
    assert found["2026-07"] == ("not_full_time", "standard")
    bad_then_good = [span("2024-06-01", "2024-10-15", 5), span("2024-10-15", "2025-10-15", 31)]
    found = months(**base | {"hours": [*bad_then_good, span("2025-10-15", "2026-10-15", 31)]})
    assert found["2025-07"] == found["2025-12"] == ("not_full_time", "initial")
    assert found["2026-01"] == ("full_time", "standard")


def test_expected_full_time_is_judged_by_the_month_until_a_full_standard_period_counts() -> None:
    base = STANDARD | {"hire_date": "2024-06-01", "category": "full_time", "to_month": "2026-01"}
    told = [
        span("2024-06-01", "2024-08-01", 40),
        span("2024-08-01", "2024-09-01", 10),
        span("2024-09-01", "2025-10-15", 40),
    ]
    found = months(**base, hours=told)
    assert found["2024-07"] == ("full_time", "monthly")
    assert found["2024-08"] == ("not_full_time", "monthly")
    assert found["2025-12"][1] == "monthly"
    assert found["2026-01"] == ("full_time", "standard")


def test_special_unpaid_leave_and_school_breaks_are_left_out() -> None:
    told = [
        span("2023-10-15", "2024-06-01", 32),
        span("2024-06-01", "2024-09-01", 0),
        span("2024-09-01", "2024-10-15", 32),
    ]
    base = STANDARD | {"hours": told, "from_month": "2025-01", "to_month": "2025-01"}
    assert months(**base)["2025-01"][0] == "not_full_time"
    out = [{"start": "2024-06-01", "end": "2024-09-01", "kind": "school_break"}]
    assert months(**base, excluded=out)["2025-01"][0] == "full_time"
    half = [{"start": "2024-06-01", "end": "2024-07-20"}, {"start": "2024-07-10", "end": "2024-09-01"}]
    assert months(**base, excluded=half)["2025-01"][0] == "full_time"


def test_hours_nobody_told_are_asked_for_unless_they_cannot_matter() -> None:
    base = STANDARD | {"from_month": "2025-01", "to_month": "2025-01"}
    answer = calculate(NAME, base | {"hours": [span("2023-10-15", "2024-03-01", 29)]})
    assert answer["result"]["months"][0]["status"] == "needs_data"
    assert answer["needs"] == ["hours from 2024-03-01 to 2024-10-14"]
    # sixty hours a week for eight months are thirty on average whatever the rest was
    enough = calculate(NAME, base | {"hours": [span("2023-10-15", "2024-06-15", 60)]})
    assert (enough["result"]["months"][0]["status"], enough["needs"]) == ("full_time", [])


def test_thirty_hours_on_the_dot_and_a_hundredth_less() -> None:
    base = STANDARD | {"from_month": "2025-01", "to_month": "2025-01"}
    exact = 30 * 100 * 366 // 7 + 1  # 366 days from 2023-10-15
    for hours, status in ((exact, "full_time"), (exact - 1, "not_full_time")):
        told = [{"start": "2023-10-15", "end": "2024-10-15", "hours_minor": hours}]
        assert months(**base, hours=told)["2025-01"][0] == status


def test_a_hundred_and_thirty_hours_a_month_as_the_measure() -> None:
    told = [{"start": "2023-10-15", "end": "2024-10-15", "hours_minor": 12 * 130 * 100}]
    base = STANDARD | {"from_month": "2025-01", "to_month": "2025-01", "hours": told}
    assert months(**base, full_time_test="monthly")["2025-01"][0] == "full_time"
    assert months(**base)["2025-01"][0] == "not_full_time"  # 30 a week are more than 130 a month


def test_before_and_after_employment() -> None:
    found = months(hire_date="2026-03-10", terminated_on="2026-05-02", from_month="2026-02", to_month="2026-06")
    assert [status for status, _ in found.values()] == [
        "not_employed",
        "measuring",
        "measuring",
        "measuring",
        "not_employed",
    ]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"measurement_months": 2}, "Use 3 to 12 months"),
        ({"measurement_months": 13, "stability_months": 13}, "Use 3 to 12 months"),
        ({"measurement_months": 3, "stability_months": 5}, "Use at least 6 months"),
        ({"measurement_months": 12, "stability_months": 11}, "Use at least 12 months"),
        ({"measurement_months": 6, "stability_months": 6, "initial_months": 12}, "Use at least 12 months"),
        ({"stability_months_others": 13}, "may not hold longer than the measurement"),
        ({"stability_months_others": 6}, "leave months without a status"),
        ({"admin": 91, "admin_unit": "days"}, "At most 90 days, to a month's end"),
        ({"initial_admin": 2}, "leaves one month"),
        ({"initial_months": 6, "initial_admin": 91, "initial_admin_unit": "days"}, "At most 90 days"),
    ],
)
def test_periods_outside_the_bounds_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        calculate(NAME, {"hire_date": "2026-01-05", **given})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"initial_start": "first_of_month"},
        {"initial_months": 11, "initial_admin": 1},
        {"measurement_months": 3, "stability_months": 6, "admin": 1},
        {"measurement_months": 6, "stability_months": 12, "admin": 0, "initial_admin": 0},
    ],
)
def test_periods_within_the_bounds(given: dict[str, Any]) -> None:
    assert calculate(NAME, {"hire_date": "2026-01-05", **given})["result"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"hours": [{"start": "2026-01-01", "end": "2026-01-01", "hours_minor": 1}]}, "end is not after start"),
        (
            {"hours": [{"start": "2026-01-01", "end": "2026-01-02", "hours_minor": 2401}]},
            "more hours than the span has",
        ),
        ({"hours": [{"start": "2026-01-01", "end": "2026-01-02", "hours_minor": -1}]}, "hours_minor"),
        ({"hours": [{"start": "2026-02-30", "end": "2026-03-02", "hours_minor": 1}]}, "must be a date"),
        ({"hours": [span("2026-01-01", "2026-01-08", 1), span("2026-01-07", "2026-01-14", 1)]}, "two spans"),
        ({"excluded": [{"start": "2026-01-02", "end": "2026-01-01"}]}, "end is not after start"),
        ({"terminated_on": "2025-01-01"}, "terminated_on lies before"),
        ({"from_month": "2026-05", "to_month": "2026-04"}, "lies before from_month"),
        ({"first_pay_period": "2026-04-01"}, "not the first one"),
    ],
)
def test_impossible_input_is_named(given: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        calculate(NAME, {"hire_date": "2026-01-05", **given})


def test_what_is_unknown_is_asked_for() -> None:
    assert calculate(NAME, {})["needs"] == ["hire_date"]
    pays = {"hire_date": "2026-01-05", "initial_start": "first_of_pay_period"}
    assert calculate(NAME, pays)["needs"] == ["first_pay_period"]
    assert own_period(**pays, first_pay_period="2026-01-12")["measurement_start"] == "2026-01-12"
