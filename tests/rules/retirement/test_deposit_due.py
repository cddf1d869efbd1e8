"""By when a deposit has to be with the plan (R17)."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate


def due(pay_date: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = calculate("retirement.deposit-due", {"pay_date": pay_date, **more})["result"]
    return found


CASES = [
    # Friday before Veterans Day (Wednesday 11 November)
    ("R17 small plan", "2026-11-06", {"participants": 99}, "2026-11-12", "2026-11-18", "2026-12-21"),
    ("R17 not small", "2026-11-06", {"participants": 100}, "2026-11-12", None, "2026-12-21"),
    ("R17 size unknown", "2026-11-06", {}, "2026-11-12", None, "2026-12-21"),
    ("over the new year", "2026-12-31", {"participants": 5}, "2027-01-06", "2027-01-12", "2027-01-25"),
    ("R17 health plan", "2026-11-06", {"plan_kind": "welfare"}, "2026-11-12", None, "2027-02-04"),
    ("own standard", "2026-11-06", {"standard_bank_days": 1}, "2026-11-09", None, "2026-12-21"),
    (
        "never after the outer limit",
        "2026-11-30",
        {"standard_bank_days": 30},
        "2026-12-21",
        None,
        "2026-12-21",
    ),
]


@pytest.mark.parametrize(
    ("pay_date", "more", "standard", "harbor", "outer"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_worked_case(pay_date: str, more: dict[str, Any], standard: str, harbor: str | None, outer: str) -> None:
    found = due(pay_date, **more)
    assert (found["due"], found["safe_harbor"], found["outer_limit"]) == (standard, harbor, outer)


def test_the_alert_comes_two_bank_days_before() -> None:
    assert due("2026-11-06")["alert_on"] == "2026-11-09"


def test_a_year_beyond_the_calendars_is_refused() -> None:
    with pytest.raises(ConfigError, match="no bank holidays are known for 2051"):
        due("2050-12-29")


STANDS = [
    ("far off", {"as_of": "2026-11-06"}, "none", 0),
    ("two business days before", {"as_of": "2026-11-09"}, "soon", 0),
    ("a holiday between does not hide it", {"as_of": "2026-11-11"}, "soon", 0),
    ("the day itself", {"as_of": "2026-11-12"}, "due", 0),
    ("the day after", {"as_of": "2026-11-13"}, "late", 1),
    ("received in time", {"received_on": "2026-11-12", "as_of": "2026-12-24"}, "received", 0),
    ("received late: by the day of the trust", {"received_on": "2026-11-20"}, "received_late", 8),
]


@pytest.mark.parametrize(("more", "alert", "days"), [row[1:] for row in STANDS], ids=[row[0] for row in STANDS])
def test_how_it_stands(more: dict[str, Any], alert: str, days: int) -> None:
    found = due("2026-11-06", **more)
    assert (found["alert"], found["days_late"]) == (alert, days)


@pytest.mark.parametrize(("received", "within"), [("2026-11-18", True), ("2026-11-19", False)])
def test_r17_the_seventh_business_day_is_safe(received: str, within: bool) -> None:
    found = due("2026-11-06", participants=99, received_on=received)
    assert (found["within_safe_harbor"], found["alert"]) == (within, "received_late")


MATCH = {"money": "match", "tax_year_end": "2026-12-31"}
MATCHES = [
    ("C corporation", {}, "2027-04-15"),
    ("extended", {"extended": True}, "2027-10-15"),
    ("S corporation", {"filing_months": 3}, "2027-03-15"),
    ("tax year to June", {"tax_year_end": "2027-06-30"}, "2027-10-15"),
]


@pytest.mark.parametrize(("more", "day"), [row[1:] for row in MATCHES], ids=[row[0] for row in MATCHES])
def test_the_match_is_due_with_the_tax_return(more: dict[str, Any], day: str) -> None:
    found = due("2026-11-06", **MATCH | more)
    assert (found["due"], found["outer_limit"], found["safe_harbor"]) == (day, day, None)


def test_a_match_needs_the_tax_year() -> None:
    answer = calculate("retirement.deposit-due", {"pay_date": "2026-11-06", "money": "match"})
    assert answer["needs"] == ["tax_year_end"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"received_on": "2026-11-05"}, "before the pay date"),
        (MATCH | {"tax_year_end": "2025-12-31"}, "the tax year ends on 2025-12-31"),
    ],
)
def test_dates_that_contradict_are_named(more: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        due("2026-11-06", **more)
