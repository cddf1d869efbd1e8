"""The journal for the general ledger: pairs that balance, every account with a number, corrections apart."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError, IntegrityError
from benehub.hours import is_leave
from benehub.ledger import CHART, Posting
from benehub.ledger import accounts as chart
from benehub.ledger.general import CHARTS, matched, numbers, pairs

SUMS = st.dictionaries(st.sampled_from(sorted(CHART)), st.integers(-(10**9), 10**9), min_size=1, max_size=8)
LEAVE_HOURS = {"2410", "2490"}


@given(SUMS)
def test_pairs_hold_what_the_accounts_hold(sums: dict[str, int]) -> None:
    rest = -sum(sums.values())
    balanced = {**sums, "9999": rest}
    found = list(matched(balanced))
    back: dict[str, int] = dict.fromkeys(balanced, 0)
    for debit, credit, amount in found:
        assert amount > 0
        back[debit] += amount
        back[credit] -= amount
    assert back == balanced
    assert len(found) <= max(0, sum(1 for amount in balanced.values() if amount) - 1)


def test_sums_that_do_not_balance_are_refused() -> None:
    with pytest.raises(IntegrityError, match="do not balance"):
        list(matched({"1000": 5, "2100": -4}))


NAMES = {
    "Bank": (chart.BANK, "1200", "1800"),
    "Geldtransit": (chart.CARRIER_TRANSIT, "1360", "1460"),
    "Forderungen gegen Personal aus Lohn- und Gehaltsabrechnung": (chart.EMPLOYEE_SHARE_DUE, "1530", "1340"),
    "Lohn- und Gehaltsverrechnung": (chart.PAYROLL_CLEARING, "1755", "3790"),
    "Sonstige Verbindlichkeiten": (chart.PREMIUM_PAYABLE, "1700", "3500"),
    "Urlaubsrückstellungen": (chart.LEAVE_LIABILITY, "0961", "3079"),
    "Saldenvorträge, Sachkonten": (chart.OPENING, "9000", "9000"),
    "Freiwillige soziale Aufwendungen": (chart.BENEFIT_COST, "4140", "6130"),
    "Aufwendungen für Altersversorgung": (chart.MATCH_EXPENSE, "4165", "6140"),
    "Zinsaufwendungen für kurzfristige Verbindlichkeiten": (chart.LOST_EARNINGS, "2110", "7310"),
    "Aufwendungen aus der Veränderung von Urlaubsrückstellungen": (chart.LEAVE_EXPENSE, "4156", "6076"),
    "Sonstige betriebliche Aufwendungen": (chart.ROUNDING, "4900", "6300"),
    "Durchlaufende Posten": (chart.SUSPENSE, "1590", "1370"),
}
"""Names as public copies of DATEV's charts print them: our account, its number in SKR03 and in SKR04."""


def test_german_numbers_are_those_of_the_charts() -> None:
    for name, (account, skr03, skr04) in NAMES.items():
        assert (CHARTS["skr03"].numbers[account], CHARTS["skr04"].numbers[account]) == (skr03, skr04), name
    for chosen, place in (("skr03", 1), ("skr04", 2)):
        assert set(CHARTS[chosen].numbers.values()) == {row[place] for row in NAMES.values()}


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_every_account_of_money_has_a_number(name: str) -> None:
    assert set(CHARTS[name].numbers) == set(CHART) - LEAVE_HOURS
    assert all(number.isdigit() for number in CHARTS[name].numbers.values())
    assert CHARTS[name].source


def test_the_employers_own_numbers_come_first_and_unknown_accounts_are_named() -> None:
    assert numbers("skr03", {"5100": "4141"})["5100"] == "4141"
    assert numbers("skr03", {"5100": "4141"})["1000"] == "1200"
    with pytest.raises(ConfigError, match="account 5105"):
        numbers("us", {"5105": "6000"})


def posting(
    day: int, account: str, amount: int, kind: str = "premium.accrued", entry: str = "a", of: str = ""
) -> Posting:
    """A leg."""
    return Posting(entry, kind, date(2026, 1, day), of, account, "USD", amount)


def test_a_day_and_kind_is_one_sum_and_corrections_stand_apart() -> None:
    postings = [
        posting(1, "5100", 80, entry="a"), posting(1, "1300", 20, entry="a"), posting(1, "2100", -100, entry="a"),
        posting(1, "5100", 8, entry="b"), posting(1, "2100", -8, entry="b"),
        posting(1, "5100", 3, entry="c", of="2025-12"), posting(1, "2100", -3, entry="c", of="2025-12"),
        posting(2, "2100", 111, "premium.remitted", "d"), posting(2, "1010", -111, "premium.remitted", "d"),
    ]  # fmt: skip
    found = [(one.booked.day, one.type, one.corrects, one.debit, one.credit, one.amount, one.entries) for one in
             pairs(postings, CHARTS["us"].numbers)]  # fmt: skip
    assert found == [
        (1, "premium.accrued", "", "1250", "2210", 20, 2),
        (1, "premium.accrued", "", "6120", "2210", 88, 2),
        (1, "premium.accrued", "2025-12", "6120", "2210", 3, 1),
        (2, "premium.remitted", "", "2210", "1080", 111, 1),
    ]


def test_accounts_that_share_a_number_net_out() -> None:
    postings = [posting(1, "1010", 50), posting(1, "1020", -50)]
    assert list(pairs(postings, CHARTS["skr03"].numbers)) == []


def test_an_account_without_a_number_is_named_with_the_mend() -> None:
    assert is_leave("MIN:pto")
    with pytest.raises(ConfigError, match="account 2410"):
        list(pairs([posting(1, "2410", 5), posting(1, "2490", -5)], CHARTS["us"].numbers))
