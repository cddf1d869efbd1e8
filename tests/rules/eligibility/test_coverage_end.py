"""The end of cover in every wording, and the ends that would take back what was paid for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError
from benehub.rules.registry import calculate

LEFT = "2026-03-10"


def end(**given: Any) -> dict[str, Any]:
    return calculate("eligibility.coverage-end", {"terminated_on": LEFT, **given})


WORDINGS = [
    ("last day", {"rule": "last_day"}, "2026-03-10"),
    ("end of month", {"rule": "end_of_month"}, "2026-03-31"),
    ("wash, early", {"rule": "wash"}, "2026-03-10"),
    ("wash, early, month before", {"rule": "wash", "early_wash": "previous_month"}, "2026-02-28"),
    ("wash, on the day", {"rule": "wash", "terminated_on": "2026-03-15"}, "2026-03-15"),
    ("wash, late", {"rule": "wash", "terminated_on": "2026-03-16"}, "2026-03-31"),
]


@pytest.mark.parametrize(("extra", "last"), [c[1:] for c in WORDINGS], ids=[c[0] for c in WORDINGS])
def test_last_day(extra: dict[str, Any], last: str) -> None:
    assert end(**extra)["result"]["last_day"] == last


LATE = {"decided_on": "2026-05-12", "contribution_taken_past_end": True}
GROUNDS = [
    ("in time", {"decided_on": "2026-03-20", "contribution_taken_past_end": True}, "not_retroactive", False),
    ("E20 paid for", LATE, "rescission", True),
    ("E21 administrative delay", LATE | {"contribution_taken_past_end": False}, "administrative_delay", False),
    ("premiums not paid", LATE | {"cause": "non_payment"}, "non_payment", False),
    ("fraud, noticed", LATE | {"cause": "fraud", "notice_given_on": "2026-04-12"}, "fraud_with_notice", False),
    ("fraud, a day short", LATE | {"cause": "fraud", "notice_given_on": "2026-04-13"}, "fraud_without_notice", True),
    ("fraud, no notice", LATE | {"cause": "fraud"}, "fraud_without_notice", True),
    ("dental", LATE | {"us_medical": False}, "not_medical", False),
    ("override", LATE | {"override_reason": "refunded in full, agreed with counsel"}, "override", False),
    ("an empty reason overrides nothing", LATE | {"override_reason": "  "}, "rescission", True),
]


@pytest.mark.parametrize(("extra", "ground", "blocked"), [c[1:] for c in GROUNDS], ids=[c[0] for c in GROUNDS])
def test_ground(extra: dict[str, Any], ground: str, blocked: bool) -> None:
    found = end(**extra)["result"]
    assert (found["ground"], found["blocked"]) == (ground, blocked)
    assert found["planned_end"] == "2026-04-01"
    assert found["coverage_end"] == ("2026-06-01" if blocked else "2026-04-01")


def test_whether_something_was_paid_is_asked_for_and_not_guessed() -> None:
    answer = end(decided_on="2026-05-12")
    assert (answer["result"], answer["needs"]) == (None, ["contribution_taken_past_end"])


def test_a_notice_after_the_end_was_recorded_is_refused() -> None:
    with pytest.raises(DataError, match="notice was given after"):
        end(**LATE, cause="fraud", notice_given_on="2026-06-01")


def test_a_day_that_is_none_is_named() -> None:
    with pytest.raises(DataError, match="terminated_on: must be a date"):
        end(terminated_on="2026-02-30")


@given(
    left=st.dates(date(2024, 1, 1), date(2027, 1, 1)),
    decided=st.dates(date(2024, 1, 1), date(2027, 1, 1)),
    rule=st.sampled_from(["last_day", "end_of_month", "wash"]),
    paid=st.booleans(),
)
def test_blocked_cover_never_ends_in_the_past_and_the_need_unblocks_it(
    left: date, decided: date, rule: str, paid: bool
) -> None:
    payload = {
        "terminated_on": str(left),
        "rule": rule,
        "decided_on": str(decided),
        "contribution_taken_past_end": paid,
    }
    answer = calculate("eligibility.coverage-end", payload)
    found = answer["result"]
    if not found["blocked"]:
        assert found["coverage_end"] == found["planned_end"]
        return
    assert paid
    assert found["coverage_end"] > str(decided)
    again = calculate("eligibility.coverage-end", payload | answer["explanation"]["reasons"][0]["needed"])
    assert not again["result"]["blocked"]
