"""German leave: twelfths, buckets, what lapses after which notice, and what is paid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.errors import DataError
from benehub.rules.registry import calculate

LONG = {"year": 2026, "hire_date": "2015-01-01", "days_per_week": "5"}


def leave(**given: Any) -> Any:
    return calculate("leave.urlaub", {**LONG, **given})["result"]


CLAIMS = [
    ("L13", {"agreed_days": "30", "employed_to": "2026-06-01"}, "13"),
    ("L15 2010", {"year": 2010, "hire_date": "2010-10-01", "employed_to": "2011-06-01", "days_per_week": "6"}, "6"),
    ("L15 2011", {"year": 2011, "hire_date": "2010-10-01", "employed_to": "2011-06-01", "days_per_week": "6"}, "10"),
    ("L16 from 1 July", {"hire_date": "2026-07-01"}, "10"),
    ("L16 1 July to 31 December", {"hire_date": "2026-07-01", "employed_to": "2027-01-01"}, "10"),
    ("L16 a day earlier", {"hire_date": "2026-06-30"}, "20"),
    ("L17 leaves 31 May", {"employed_to": "2026-06-01"}, "25/3"),
    ("L17 leaves 30 June", {"employed_to": "2026-07-01"}, "10"),
    ("L17 leaves 31 July", {"employed_to": "2026-08-01"}, "20"),
    ("leaves before the wait is over", {"hire_date": "2026-01-01", "employed_to": "2026-04-01"}, "5"),
    ("L19 at least a half goes up", {"employed_to": "2026-03-01", "days_per_week": "4"}, "8/3"),
    ("L19 a half goes up", {"employed_to": "2026-02-01", "days_per_week": "4.5"}, "2"),
    ("L19 below a half stays", {"employed_to": "2026-02-01", "days_per_week": "4"}, "4/3"),
    ("a six-day week", {"days_per_week": "6"}, "24"),
    ("a three-day week", {"days_per_week": "3"}, "12"),
    ("severely disabled", {"disabled_from": "2020-01-01"}, "25"),
    ("severely disabled from July", {"disabled_from": "2026-07-01"}, "23"),
    ("severely disabled, four days", {"disabled_from": "2020-01-01", "days_per_week": "4"}, "20"),
    ("fifteen years old", {"birth_date": "2010-06-01", "days_per_week": "6"}, "30"),
    ("seventeen years old", {"birth_date": "2008-06-01", "days_per_week": "6"}, "25"),
    ("parental leave of three months", {"parental_leave": [{"start": "2026-03-15", "end": "2026-07-10"}]}, "15"),
    ("an earlier employer", {"previous_employer_days": "8"}, "12"),
    ("not yet employed", {"hire_date": "2027-01-01"}, "0"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "days"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS])
def test_the_claim_of_a_year(given: dict[str, Any], days: str) -> None:
    if given.get("employed_to") == "2026-03-01":
        days = "3"  # 16 x 2/12 = 2 2/3, which is at least a half over 2
    assert leave(**given)["total_days"] == days


def test_l18_the_contract_may_give_its_own_days_by_twelfths() -> None:
    gone = {"agreed_days": "30", "employed_to": "2026-08-01"}
    follows, twelfths = leave(**gone), leave(**gone, extra_rule="twelfths")
    assert (follows["statutory_days"], follows["extra_days"]) == ("20", "10")
    assert (twelfths["statutory_days"], twelfths["extra_days"]) == ("20", "35/6")


def state(**given: Any) -> tuple[str, str, list[tuple[str, str | None]]]:
    found = leave(**given)
    return found["left_days"], found["lapsed_days"], [(one["name"], one["last_day"]) for one in found["buckets"]]


NEXT = {"taken_days": "15", "as_of": "2027-01-01"}
SPRING = {"carried_days": "5", "carried_because": "urgent", "as_of": "2026-04-01"}
LAPSES = [
    ("L20 never told", NEXT, ("5", "0")),
    ("L21 told in November", NEXT | {"notice_sent_at": "2026-11-10"}, ("0", "5")),
    ("L21 still on the last day", NEXT | {"notice_sent_at": "2026-11-10", "as_of": "2026-12-31"}, ("5", "0")),
    ("told when it cannot be taken any more", NEXT | {"notice_sent_at": "2026-12-29"}, ("5", "0")),
    ("L22 carried, and told of it", SPRING | {"carried_notice_sent_at": "2026-01-15"}, ("20", "5")),
    ("L22 until 31 March", SPRING | {"carried_notice_sent_at": "2026-01-15", "as_of": "2026-03-31"}, ("25", "0")),
    ("L23 no notice of its own", SPRING | {"notice_sent_at": "2026-01-15"}, ("25", "0")),
    ("L23 joins this year's leave and its notice", SPRING | {"notice_sent_at": "2026-01-15", "as_of": "2027-01-01"},
     ("0", "25")),
    ("urgent reasons carry to 31 March", NEXT | {"notice_sent_at": "2026-11-10", "urgent_reasons": True}, ("5", "0")),
    ("and lapse then, told again", NEXT | {"notice_sent_at": "2026-11-10", "urgent_reasons": True,
     "as_of": "2027-04-01", "carried_notice_sent_at": "2027-01-10"}, ("0", "5")),
    ("ill all the year and 15 months", {"ill_from": "2025-12-01", "as_of": "2028-04-01"}, ("0", "20")),
    ("ill, still within 15 months", {"ill_from": "2025-12-01", "as_of": "2028-03-31"}, ("20", "0")),
    ("ill from May, never told", {"ill_from": "2026-05-04", "as_of": "2028-04-01"}, ("20", "0")),
    ("ill from May, told before", {"ill_from": "2026-05-04", "as_of": "2028-04-01", "notice_sent_at": "2026-01-05"},
     ("0", "20")),
    ("ill from 19 January: what could have been taken stays", {"ill_from": "2026-01-19", "as_of": "2028-04-01"},
     ("14", "6")),
    ("ill in the first week", {"ill_from": "2026-01-07", "as_of": "2028-04-01"}, ("0", "20")),
    ("fit again before that", {"ill_from": "2025-12-01", "ill_to": "2027-09-01", "as_of": "2028-04-01"}, ("20", "0")),
]  # fmt: skip


@pytest.mark.parametrize(("given", "wanted"), [c[1:] for c in LAPSES], ids=[c[0] for c in LAPSES])
def test_what_lapses(given: dict[str, Any], wanted: tuple[str, str]) -> None:
    assert state(**given)[:2] == wanted


def test_carried_days_go_first_then_the_law_s_order_or_the_policy_s() -> None:
    given = {"carried_days": "2", "agreed_days": "30", "taken_days": "25"}
    law = [(one["name"], one["used"]) for one in leave(**given)["buckets"]]
    assert law == [("carried", "2"), ("statutory", "20"), ("extra", "3")]
    other = leave(**given, use_order="extra_first")["buckets"]
    assert [(one["name"], one["used"]) for one in other] == [("carried", "2"), ("extra", "10"), ("statutory", "13")]


def test_more_taken_than_there_is_shows_as_below_zero() -> None:
    assert leave(taken_days="22")["left_days"] == "-2"


def test_l26_a_day_is_paid_as_the_average_of_thirteen_weeks() -> None:
    found = leave(employed_to="2026-06-01", agreed_days="30", taken_days="3", pay_13_weeks_minor=9_000_00)
    assert (found["daily_pay_minor"], found["payout_days"], found["payout_minor"]) == (138_46, "10", 1_384_62)
    assert leave(pay_13_weeks_minor=7_800_00, days_worked_13_weeks="60")["daily_pay_minor"] == 130_00


def test_what_is_left_at_the_end_is_paid_and_does_not_lapse() -> None:
    found = leave(employed_to="2027-01-01", notice_sent_at="2026-02-01", as_of="2027-02-01", taken_days="16")
    assert (found["lapsed_days"], found["payout_days"]) == ("0", "4")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"employed_to": "2015-01-01"}, "employed_to is not after hire_date"),
        ({"days_per_week": "0"}, "days_per_week"),
        ({"days_per_week": "8"}, "days_per_week"),
        ({"taken_days": "-1"}, "taken_days"),
        ({"ill_to": "2026-01-01"}, "ill_to is not after ill_from"),
        ({"parental_leave": [{"start": "2026-05-01", "end": "2026-05-01"}]}, "parental_leave ends before it begins"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        leave(**given)


def test_reasons_cite_the_law() -> None:
    answer = calculate("leave.urlaub", {**LONG, "employed_to": "2026-06-01"})
    cited = [one["citation"] for one in answer["explanation"]["reasons"]]
    assert cited[0] == "BUrlG section 5(1) c, 5(2)"
    assert date(2026, 12, 31).isoformat() in answer["explanation"]["reasons"][1]["needed"]["notice_sent_at"]
