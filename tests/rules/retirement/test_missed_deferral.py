"""The correction of a missed deferral: half, a quarter or none of it, the whole match, earnings."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate

BASE = {
    "year": 2026,
    "compensation_minor": 20_000_00,
    "adp_rate": "4%",
    "failed_from": "2026-01-09",
    "corrected_on": "2026-09-18",
}


def correct(**changes: Any) -> dict[str, Any]:
    return calculate("retirement.missed-deferral", BASE | changes)


SHARES = [
    ("no notice", {}, "50%", 400_00),
    ("notice in 45 days, third plan year", {"notice_on": "2026-11-02"}, "25%", 200_00),
    ("notice a day late", {"notice_on": "2026-11-03"}, "50%", 400_00),
    ("within 3 months", {"corrected_on": "2026-04-09", "notice_on": "2026-05-01"}, "0%", 0),
    ("a day after 3 months", {"corrected_on": "2026-04-10", "notice_on": "2026-05-01"}, "25%", 200_00),
    ("within 3 months, not told", {"corrected_on": "2026-04-09"}, "50%", 400_00),
    ("end of the third plan year", {"corrected_on": "2029-12-31", "notice_on": "2029-12-31"}, "25%", 200_00),
    ("later", {"corrected_on": "2030-01-01", "notice_on": "2030-01-01"}, "50%", 400_00),
    (
        "automatic enrolment, 9 1/2 months after the year",
        {"automatic_enrollment": True, "corrected_on": "2027-10-15", "notice_on": "2027-11-01"},
        "0%",
        0,
    ),
    (
        "automatic enrolment, a day later",
        {"automatic_enrollment": True, "corrected_on": "2027-10-16", "notice_on": "2027-11-01"},
        "25%",
        200_00,
    ),
]


@pytest.mark.parametrize(("changes", "share", "qnec"), [row[1:] for row in SHARES], ids=[row[0] for row in SHARES])
def test_the_part_that_is_owed(changes: dict[str, Any], share: str, qnec: int) -> None:
    result = correct(**changes)["result"]
    assert (result["missed_minor"], result["share"], result["qnec_minor"]) == (800_00, share, qnec)


AMOUNTS = [
    ("the match is owed in full", {"preset": "basic"}, (800_00, 400_00, 700_00)),
    ("less what was matched", {"preset": "basic", "deferred_minor": 200_00, "matched_minor": 200_00},
     (600_00, 300_00, 500_00)),
    ("the election goes before the average", {"elected_rate": "10%"}, (2_000_00, 1_000_00, 0)),
    ("402(g) leaves less", {"ytd_deferrals_minor": 24_000_00}, (500_00, 250_00, 0)),
    ("an odd cent", {"compensation_minor": 20_000_25, "adp_rate": "1%"}, (200_00, 100_00, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in AMOUNTS], ids=[row[0] for row in AMOUNTS])
def test_amounts(changes: dict[str, Any], expected: tuple[int, int, int]) -> None:
    result = correct(**changes)["result"]
    assert (result["missed_minor"], result["qnec_minor"], result["missed_match_minor"]) == expected
    assert result["total_minor"] == expected[1] + expected[2]


def test_earnings_at_the_rate_of_law() -> None:
    result = correct(preset="basic", paid_on="2026-11-13")["result"]
    payload = {"principal_minor": 1_100_00, "loss_date": "2026-01-09", "recovery_date": "2026-11-13"}
    alone = calculate("retirement.lost-earnings", payload)["result"]["lost_earnings_minor"]
    assert result["earnings_minor"] == alone > 0
    assert result["total_minor"] == 1_100_00 + alone


def test_earnings_by_the_real_return() -> None:
    assert correct(preset="basic", actual_return="5%")["result"]["earnings_minor"] == 55_00


def test_what_is_missing_is_named() -> None:
    assert correct(adp_rate=None)["needs"] == ["adp_rate"]


def test_the_reasons_name_the_days() -> None:
    reasons = {one["rule"]: one for one in correct()["explanation"]["reasons"]}
    assert reasons["notice_in_time"]["needed"] == {"notice_on": "2026-11-02"}
    assert reasons["corrected_for_0_percent"]["needed"] == {"corrected_on": "2026-04-09"}
    assert reasons["corrected_for_25_percent"]["outcome"] == "pass"


def test_what_the_notice_would_make_of_it() -> None:
    result = correct(notice_on=None)["result"]
    assert (result["share"], result["share_with_notice"], result["notice_by"]) == ("50%", "25%", "2026-11-02")
    soon = correct(notice_on=None, corrected_on="2026-04-09")["result"]
    assert (soon["share"], soon["share_with_notice"], soon["qnec_minor"]) == ("50%", "0%", 400_00)


def test_the_law_is_that_of_the_day_of_the_correction() -> None:
    failed = {"failed_from": "2018-02-01", "year": 2026, "notice_on": None}
    # Two plan years until July 2021, three since then.
    early = correct(**failed, corrected_on="2021-02-01")["explanation"]["reasons"][2]["needed"]
    late = correct(**failed, corrected_on="2022-02-01")["explanation"]["reasons"][2]["needed"]
    assert (early, late) == ({"corrected_on": "2020-12-31"}, {"corrected_on": "2021-12-31"})
    with pytest.raises(ConfigError, match="missed_deferral_notice_days has no value for 2014"):
        correct(**{**failed, "failed_from": "2013-02-01"}, corrected_on="2014-02-01")


def test_days_out_of_order_are_named() -> None:
    with pytest.raises(DataError, match="corrected before it failed"):
        correct(corrected_on="2026-01-08")
