"""Limits of spending accounts: the data of the years, months of cover, catch-up, carry-over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.registry import calculate


def ask(account: str, year: int = 2026, **more: Any) -> dict[str, Any]:
    return calculate("account.limit", {"account": account, "year": year} | more)


def most(account: str, year: int = 2026, **more: Any) -> int:
    found: int = ask(account, year, **more)["result"]["limit_minor"]
    return found


def cover(**months: int) -> list[str]:
    return [kind for kind, count in months.items() for _ in range(count)]


SELF, FAMILY = cover(self=12), cover(family=12)
HSA = [
    ("self 2025", 2025, {"cover": SELF}, 4_300_00),
    ("family 2025", 2025, {"cover": FAMILY}, 8_550_00),
    ("self 2026", 2026, {"cover": SELF}, 4_400_00),
    ("family 2026", 2026, {"cover": FAMILY}, 8_750_00),
    ("self 2027", 2027, {"cover": SELF}, 4_500_00),
    ("family 2027", 2027, {"cover": FAMILY}, 9_000_00),
    ("55 on 31 December", 2026, {"cover": SELF, "birth_date": "1971-12-31"}, 5_400_00),
    ("55 on 1 January after", 2026, {"cover": SELF, "birth_date": "1972-01-01"}, 4_400_00),
    ("ended in June", 2026, {"cover": cover(self=6, none=6), "birth_date": "1960-01-01"}, 2_200_00 + 500_00),
    ("family, then self", 2026, {"cover": cover(family=6, self=6)}, 6_575_00),
    ("began in October, last-month rule", 2026, {"cover": cover(none=9, self=3)}, 4_400_00),
    ("began in October, by months", 2026, {"cover": cover(none=9, self=3), "last_month_rule": False}, 1_100_00),
    ("self to family in December", 2026, {"cover": cover(self=11, family=1)}, 8_750_00),
    ("never covered", 2026, {"cover": cover(none=12), "birth_date": "1960-01-01"}, 0),
]


@pytest.mark.parametrize(("year", "more", "expected"), [row[1:] for row in HSA], ids=[row[0] for row in HSA])
def test_hsa(year: int, more: dict[str, Any], expected: int) -> None:
    assert most("hsa", year, **more) == expected


def test_the_last_month_rule_has_a_testing_period() -> None:
    assert ask("hsa", cover=cover(none=9, self=3))["result"]["testing_period_to"] == "2027-12-31"
    assert ask("hsa", cover=SELF)["result"]["testing_period_to"] is None


OTHERS = [
    ("health_fsa", 2025, {}, 3_300_00),
    ("health_fsa", 2026, {}, 3_400_00),
    ("dependent_care", 2025, {}, 5_000_00),
    ("dependent_care", 2025, {"filing_separately": True}, 2_500_00),
    ("dependent_care", 2026, {}, 7_500_00),
    ("dependent_care", 2027, {"filing_separately": True}, 3_750_00),
    ("dependent_care", 2026, {"earned_income_minor": 6_000_00}, 6_000_00),
    ("commuter", 2025, {"month": "2025-12"}, 325_00),
    ("commuter", 2026, {"month": "2026-01"}, 340_00),
]


@pytest.mark.parametrize(("account", "year", "more", "expected"), OTHERS)
def test_other_accounts(account: str, year: int, more: dict[str, Any], expected: int) -> None:
    assert most(account, year, **more) == expected


@pytest.mark.parametrize(
    ("year", "unused", "carried", "lost"),
    [(2025, 700_00, 660_00, 40_00), (2026, 700_00, 680_00, 20_00), (2026, 5, 5, 0)],
)
def test_carry_over(year: int, unused: int, carried: int, lost: int) -> None:
    result = ask("health_fsa", year, unused_minor=unused)["result"]
    assert (result["carry_over_minor"], result["forfeited_minor"]) == (carried, lost)


def test_too_much_is_named_not_cut() -> None:
    result = ask("health_fsa", contributed_minor=3_500_00)["result"]
    assert (result["remaining_minor"], result["excess_minor"]) == (0, 100_00)


def test_what_is_missing_is_named() -> None:
    assert ask("hsa")["needs"] == ["cover"]
    assert ask("commuter")["needs"] == ["month"]


@pytest.mark.parametrize(
    ("account", "year", "more", "error", "said"),
    [
        ("health_fsa", 2027, {}, ConfigError, "Add the year 2027.*inflation revenue procedure"),
        ("hsa", 2028, {"cover": SELF}, ConfigError, "Add the year 2028"),
        ("commuter", 2026, {"month": "2025-01"}, DataError, "2025-01 is no month of 2026"),
        ("hsa", 2026, {"cover": ["self"]}, DataError, "cover"),
        ("hra", 2026, {}, DataError, "account"),
    ],
)
def test_bad_input_is_named(account: str, year: int, more: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ask(account, year, **more)


@settings(max_examples=60)
@given(
    months=st.lists(st.sampled_from(["none", "self", "family"]), min_size=12, max_size=12),
    last=st.booleans(),
    at=st.integers(0, 11),
)
def test_more_cover_never_lowers_the_limit(months: list[str], last: bool, at: int) -> None:
    better = [*months]
    better[at] = "family"
    low, high = (most("hsa", cover=one, last_month_rule=last, birth_date="1960-01-01") for one in (months, better))
    assert 0 <= low <= high <= 9_750_00
