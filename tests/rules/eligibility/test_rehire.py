"""Who comes back as a new employee and who goes on, at the edges of every break."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.rules.registry import calculate

LAST = date(2026, 1, 31)
YEARS_3 = 3 * 365


def back(service_days: int, gap_days: int, **given: Any) -> dict[str, Any]:
    payload = {
        "service_start": str(LAST - timedelta(days=service_days - 1)),
        "last_day": str(LAST),
        "rehired_on": str(LAST + timedelta(days=gap_days + 1)),
        **given,
    }
    return calculate("eligibility.rehire", payload)


CASES = [
    ("E09 three years, six weeks", YEARS_3, 42, {}, "continuing"),
    ("E10 thirteen weeks", YEARS_3, 91, {}, "new"),
    ("E10 school, thirteen weeks", YEARS_3, 91, {"school": True}, "continuing"),
    ("E10 school, twenty-six weeks", YEARS_3, 182, {"school": True}, "new"),
    ("school, a day short", YEARS_3, 181, {"school": True}, "continuing"),
    ("E11 three weeks worked, gap of five", 21, 35, {}, "new"),
    ("E12 six weeks worked, gap of eight", 42, 56, {}, "new"),
    ("parity needs a longer gap than service", 42, 42, {}, "continuing"),
    ("parity needs four weeks", 7, 27, {}, "continuing"),
    ("four weeks to the day", 27, 28, {}, "new"),
    ("E13 a day short of thirteen weeks", YEARS_3, 90, {}, "continuing"),
    ("never", 21, 400, {"treat_as_new": "never"}, "continuing"),
    ("parity only: long service outlasts", YEARS_3, 91, {"treat_as_new": "parity"}, "continuing"),
    ("parity only: shorter service does not", 60, 91, {"treat_as_new": "parity"}, "new"),
]


@pytest.mark.parametrize(("service", "gap", "extra", "treatment"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_treatment(service: int, gap: int, extra: dict[str, Any], treatment: str) -> None:
    found = back(service, gap, **extra)["result"]
    assert (found["treatment"], found["new_wait"]) == (treatment, treatment == "new")
    assert (found["gap_days"], found["service_days"]) == (gap, service)


def test_e13_cover_is_restored_by_the_first_of_the_next_month() -> None:
    found = back(YEARS_3, 90, was_full_time=True)["result"]  # returns on 2026-05-02
    assert found["restored_by"] == "2026-06-01"
    assert back(YEARS_3, 90, was_full_time=False)["result"]["restored_by"] is None


def test_what_the_law_allows_is_told_whatever_the_plan_does() -> None:
    found = back(21, 400, treat_as_new="never")["result"]
    assert (found["may_be_new"], found["grounds"]) == (True, ["break", "parity"])


@given(service=st.integers(1, 900), gap=st.integers(0, 300), school=st.booleans())
def test_giving_what_is_needed_flips_the_reason(service: int, gap: int, school: bool) -> None:
    answer = back(service, gap, school=school)
    for number, reason in enumerate(answer["explanation"]["reasons"]):
        if reason["outcome"] == "fail":
            payload = {name: reason["inputs"][name] for name in ("service_start", "last_day", "rehired_on")}
            again = calculate("eligibility.rehire", payload | {"school": school} | reason["needed"])
            assert again["explanation"]["reasons"][number]["outcome"] == "pass"


def test_what_is_unknown_is_asked_for() -> None:
    assert calculate("eligibility.rehire", {"last_day": "2026-01-31"})["needs"] == ["service_start", "rehired_on"]


@pytest.mark.parametrize("rehired", ["2026-01-31", "2025-06-01"])
def test_overlapping_employments_are_refused(rehired: str) -> None:
    with pytest.raises(DataError, match="overlap or run backwards"):
        calculate(
            "eligibility.rehire", {"service_start": "2025-01-01", "last_day": "2026-01-31", "rehired_on": rehired}
        )
