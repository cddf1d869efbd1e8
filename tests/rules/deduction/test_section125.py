"""Section 125: what may be paid before tax, and from when; worked cases S01 to S04 and the other grounds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.periods import Month
from benehub.rules.deduction.section125 import ElectionEvent, ElectionFacts, Treatment, section125
from benehub.rules.registry import calculate

OCTOBER = [{"month": "2026-10", "amount_minor": 31_00}]


def ask(**given_: Any) -> dict[str, Any]:
    answer = calculate("deduction.section125", {"months": OCTOBER, **given_})
    assert answer["result"] is not None, answer["needs"]
    assert all(reason["citation"] for reason in answer["explanation"]["reasons"])
    found: dict[str, Any] = answer["result"]
    return found


def test_s01_a_new_hire_within_30_days_may_reach_back_to_the_hire() -> None:
    found = ask(event="new_hire", hire_date="2026-10-01", elected_on="2026-10-31", cover_from="2026-10-01")
    assert (found["treatment"], found["pretax_from"]) == ("retroactive", "2026-10-01")
    assert (found["pretax_minor"], found["posttax_minor"]) == (31_00, 0)


def test_s02_a_new_hire_after_30_days_may_not() -> None:
    found = ask(event="new_hire", hire_date="2026-10-01", elected_on="2026-11-01", cover_from="2026-10-01")
    assert (found["treatment"], found["pretax_from"]) == ("prospective", "2026-11-01")
    assert (found["pretax_minor"], found["posttax_minor"]) == (0, 31_00)


@pytest.mark.parametrize("event", ["birth", "adoption", "placement"])
def test_s03_a_child_within_the_hipaa_window_reaches_back_to_the_event(event: str) -> None:
    found = ask(event=event, event_date="2026-10-08", elected_on="2026-11-07", cover_from="2026-10-08")
    assert (found["treatment"], found["pretax_from"]) == ("retroactive", "2026-10-08")
    late = ask(event=event, event_date="2026-10-08", elected_on="2026-11-08", cover_from="2026-10-08")
    assert (late["treatment"], late["posttax_minor"]) == ("prospective", 31_00)
    longer = ask(event=event, event_date="2026-10-08", elected_on="2026-11-08", cover_from="2026-10-08", window_days=60)
    assert longer["treatment"] == "retroactive"


@pytest.mark.parametrize(
    "event",
    ["marriage", "loss_of_coverage", "medicaid", "divorce", "death", "dependent_ineligible", "employment_change",
     "residence_change", "cost_change", "coverage_change", "court_order", "medicare", "fmla"],
)  # fmt: skip
def test_s04_every_other_change_is_prospective(event: str) -> None:
    found = ask(event=event, event_date="2026-10-05", elected_on="2026-10-21", cover_from="2026-10-01")
    assert (found["treatment"], found["pretax_from"]) == ("prospective", "2026-10-21")
    # 11 of October's 31 days lie on or after the election
    assert (found["pretax_minor"], found["posttax_minor"]) == (11_00, 20_00)


def test_medicaid_has_60_days() -> None:
    answer = calculate("deduction.section125", {
        "event": "medicaid", "event_date": "2026-09-01", "elected_on": "2026-10-31", "cover_from": "2026-11-01",
    })  # fmt: skip
    assert answer["explanation"]["reasons"][0]["outcome"] == "pass"


def test_without_a_ground_nothing_is_before_tax() -> None:
    found = ask(event="none", elected_on="2026-09-01", cover_from="2026-10-01")
    assert (found["treatment"], found["pretax_from"], found["posttax_minor"]) == ("none", None, 31_00)


def test_open_enrollment_before_the_plan_year_is_before_tax() -> None:
    found = ask(event="open_enrollment", elected_on="2026-09-20", cover_from="2026-10-01")
    assert (found["treatment"], found["posttax_minor"]) == ("prospective", 0)


def test_a_missing_date_is_asked_for_and_a_contradiction_named() -> None:
    one = {"event": "birth", "elected_on": "2026-10-21", "cover_from": "2026-10-01"}
    assert calculate("deduction.section125", one)["needs"] == ["event_date"]
    assert calculate("deduction.section125", one | {"event": "new_hire"})["needs"] == ["hire_date"]
    with pytest.raises(DataError, match="before its event"):
        calculate("deduction.section125", one | {"event_date": "2026-12-01"})


@given(
    event=st.sampled_from(list(ElectionEvent)), elected=st.integers(0, 120), cover=st.integers(0, 120),
    amount=st.integers(-100_000, 100_000), month=st.integers(1, 6),
)  # fmt: skip
def test_both_parts_sum_and_only_two_grounds_reach_back(
    event: ElectionEvent, elected: int, cover: int, amount: int, month: int
) -> None:
    start = date(2026, 1, 1)
    one = ElectionFacts(event, start + timedelta(elected), start + timedelta(cover), start, start)
    found = section125(one, [(Month(2026, month), amount)]).required()
    assert found.pretax_minor + found.posttax_minor == amount
    back = event in (ElectionEvent.NEW_HIRE, ElectionEvent.BIRTH, ElectionEvent.ADOPTION, ElectionEvent.PLACEMENT)
    if found.pretax_from is not None and found.pretax_from < one.elected_on:
        assert back and elected <= 30 and found.treatment is Treatment.RETROACTIVE
