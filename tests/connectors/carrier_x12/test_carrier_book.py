"""The simulated carrier bills by its own rule: wash day, changes of tier, corrections, faults on purpose."""

from __future__ import annotations

from datetime import date

import pytest

from benehub.errors import DataError
from benehub.periods import Month
from benehub_connectors.carrier_x12.book import Book, Covered

RATES = {"MED": {"EE": 50000, "FAM": 120000}}
NOV = Month(2026, 11)


def book(**covers: date) -> Book:
    it = Book(RATES)
    for name, start in covers.items():
        it.members[name] = Covered(name, name, "self", "A", "B")
        it.members[name].add("MED", "EE", start)
    return it


def bill(it: Book, month: Month) -> list[tuple[str, str, int, bool]]:
    lines = it.bill(month, f"I{month}", month.first, month.last)
    return [(x.member, x.coverage_month, x.premium_minor, x.adjustment) for x in lines]


def test_starts_and_ends_around_the_wash_day() -> None:
    it = book(a=date(2026, 11, 15), b=date(2026, 11, 16), c=date(2026, 1, 1), d=date(2026, 1, 1))
    it.members["c"].end("MED", date(2026, 11, 16))  # last day the 15th: nothing
    it.members["d"].end("MED", date(2026, 11, 17))  # last day the 16th: full
    assert [line[0] for line in bill(it, NOV)] == ["a", "d"]


@pytest.mark.parametrize(("day", "minor"), [(15, 120000), (16, 50000), (17, 50000)])
def test_a_change_of_tier_bills_exactly_one_tier(day: int, minor: int) -> None:
    it = book(a=date(2026, 1, 1))
    it.members["a"].add("MED", "FAM", date(2026, 11, day))
    assert bill(it, NOV) == [("a", "2026-11", minor, False)]


def test_dependents_are_not_billed_but_stand_on_the_roster() -> None:
    it = book(a=date(2026, 1, 1))
    it.members["a-01"] = Covered("a-01", "a", "child", "C", "B")
    it.members["a-01"].add("MED", "FAM", date(2026, 1, 1))
    assert [line[0] for line in bill(it, NOV)] == ["a"]
    assert [row.member for row in it.roster(NOV.first)] == ["a", "a-01"]


def test_a_retro_end_is_credited_on_the_next_bill_once() -> None:
    it = book(a=date(2026, 1, 1))
    bill(it, Month(2026, 10))
    bill(it, NOV)
    it.members["a"].end("MED", date(2026, 11, 1))
    assert bill(it, NOV.plus(1)) == [("a", "2026-11", -50000, True)]
    assert bill(it, NOV.plus(2)) == []


def test_faults_stand_until_they_are_mended_and_are_then_corrected() -> None:
    it = book(a=date(2026, 1, 1), b=date(2026, 1, 1), c=date(2026, 1, 1))
    it.members["a"].end("MED", NOV.first)
    it.keep.add("a")
    it.forget.add("b")
    it.wrong_tier["c", "MED"] = "FAM"
    assert bill(it, NOV) == [("a", "2026-11", 50000, False), ("c", "2026-11", 120000, False)]
    it.keep.clear()
    it.forget.clear()
    it.wrong_tier.clear()
    corrections = [line for line in bill(it, NOV.plus(1)) if line[3]]
    assert corrections == [
        ("a", "2026-11", -50000, True),
        ("b", "2026-11", 50000, True),
        ("c", "2026-11", -120000, True),
        ("c", "2026-11", 50000, True),
    ]


def test_cover_that_ends_where_it_begins_never_was() -> None:
    it = book(a=date(2026, 11, 1))
    it.members["a"].end("MED", date(2026, 11, 1))
    assert it.roster(date(2026, 11, 2)) == []


def test_a_missing_rate_is_named() -> None:
    with pytest.raises(DataError, match="no rate for plan 'MED', tier 'ES'"):
        Book(RATES).price("MED", "ES")
