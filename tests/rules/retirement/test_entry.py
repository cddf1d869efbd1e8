"""Entry into a retirement plan: age, service, entry dates, long-term part-time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.periods import add_months
from benehub.rules.registry import calculate
from benehub.rules.retirement.entry import EntryDates, PlanEntry, plan_entry

YEAR = {"service_months": 12, "hours": 1000}


def enter(**payload: Any) -> dict[str, Any]:
    return calculate("retirement.entry", {"hired_on": "2025-03-10", "as_of": "2026-11-25"} | payload)


CASES = [
    ("nothing asked", {}, ("entered", "2025-03-10", "service")),
    ("three months", {"service_months": 3}, ("entered", "2025-06-10", "service")),
    ("three months, monthly", {"service_months": 3, "entry_dates": "monthly"}, ("entered", "2025-07-01", "service")),
    ("quarterly", {"service_months": 3, "entry_dates": "quarterly"}, ("entered", "2025-07-01", "service")),
    ("met on an entry date", {"hired_on": "2025-04-01", "service_months": 3, "entry_dates": "dual"},
     ("entered", "2025-07-01", "service")),
    ("dual, after 1 July", {"service_months": 6, "entry_dates": "dual"}, ("entered", "2026-01-01", "service")),
    ("a year of 1,000 hours, dual", YEAR | {"entry_dates": "dual", "year_hours": [1000]},
     ("entered", "2026-07-01", "service")),
    ("999 hours are none", YEAR | {"year_hours": [999]}, ("not_yet", None, None)),
    ("the second year has them", YEAR | {"hired_on": "2024-03-10", "year_hours": [400, 1000]},
     ("entered", "2026-03-10", "service")),
    ("21 lies ahead", {"min_age": 21, "birth_date": "2006-02-03"}, ("waiting", "2027-02-03", "service")),
    ("21 is reached", {"min_age": 21, "birth_date": "2004-04-03"}, ("entered", "2025-04-03", "service")),
    ("part-time, two years from 2025", YEAR | {"hired_on": "2023-05-01", "year_hours": [500, 520, 100]},
     ("entered", "2025-05-01", "long_term_part_time")),
    ("part-time, not in a row", YEAR | {"hired_on": "2022-05-01", "year_hours": [510, 500, 499, 600]},
     ("not_yet", None, None)),
    ("part-time, three years under the first law", YEAR | {"hired_on": "2021-02-01", "year_hours": [500, 500, 500]},
     ("entered", "2024-02-01", "long_term_part_time")),
    ("part-time, years before 2021 do not count", YEAR | {"hired_on": "2020-12-01", "year_hours": [500, 500, 500, 0]},
     ("not_yet", None, None)),
    ("part-time at 18 waits for 21", YEAR | {"hired_on": "2023-05-01", "birth_date": "2005-06-01",
     "year_hours": [500, 500, 100]}, ("entered", "2026-06-01", "long_term_part_time")),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_entry(payload: dict[str, Any], expected: tuple[Any, ...]) -> None:
    result = enter(**payload)["result"]
    assert (result["status"], result["entry_date"], result["route"]) == expected


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"min_age": 22}, r"asks for 22 \(age\).*The law allows 21"),
        ({"service_months": 13}, r"asks for 13 \(months of service\).*allows 12"),
        ({"service_months": 12, "hours": 1001}, r"asks for 1001 \(hours in a year\).*allows 1000"),
        ({"service_months": 6, "hours": 500}, "500 hours in 6 months"),
    ],
)
def test_more_than_the_law_allows_is_refused(payload: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        enter(**payload)


def test_what_is_missing_is_named() -> None:
    assert enter(min_age=18)["needs"] == ["birth_date"]
    assert enter(**YEAR)["needs"] == ["year_hours"]
    assert enter(**YEAR, as_of="2025-12-01")["result"]["status"] == "not_yet"


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"birth_date": "2025-03-10"}, "birth date does not lie before the hire"),
        ({"year_hours": [1000, 1000]}, "fewer are over since the hire"),
        ({"entry_dates": "weekly"}, "entry_dates"),
    ],
)
def test_bad_input_is_named(payload: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        enter(**payload)


def test_each_condition_is_told() -> None:
    reasons = {one["rule"]: one for one in enter(**YEAR, year_hours=[300])["explanation"]["reasons"]}
    assert reasons["service"]["outcome"] == "fail"
    assert reasons["service"]["needed"] == {"service_months": 12, "hours": 1000}
    assert reasons["age"]["outcome"] == "pass"


@settings(max_examples=80)
@given(hired=st.dates(date(2021, 1, 1), date(2026, 6, 1)), months=st.integers(0, 12), dates=st.sampled_from(EntryDates))
def test_entry_is_never_more_than_six_months_after_the_conditions(hired: date, months: int, dates: EntryDates) -> None:
    plan = PlanEntry(service_months=months, dates=dates)
    found = plan_entry(hired_on=hired, birth_date=None, as_of=hired, plan=plan, year_hours=None).required()
    assert found.met_on == add_months(hired, months)
    assert found.entry_date is not None
    assert found.met_on <= found.entry_date <= add_months(found.met_on, 6)
