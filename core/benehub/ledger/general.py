"""A month of the books for the general ledger: our accounts under its numbers, as pairs of debit and credit.

What a general ledger takes is a sum a day and kind, debit account against credit account; nobody is named in it. An
entry of more than two legs becomes several pairs. 1900 (payroll clearing) is where it meets the payroll's own journal.
The charts are common numberings; each says in its `source` where its numbers are from. The accountant has the last
word, and the plan book's `books.accounts` says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from benehub.errors import ConfigError, IntegrityError
from benehub.ledger import accounts as chart
from benehub.ledger.accounts import CHART
from benehub.ledger.books import Posting


@dataclass(frozen=True, slots=True)
class Chart:
    """A numbering of the general ledger: number by account of ours, and where the numbers are from."""

    source: str
    numbers: Mapping[str, str]


CHECKED = (
    "; DATEV's own list is not free, so each number was looked up by its name in charts that public programs carry"
    " (November 2026); which account of ours goes under which is our choice: have the accountant confirm it"
)

CHARTS: dict[str, Chart] = {
    "us": Chart("our own numbers in the ranges common in the US, where no chart is prescribed", {
        chart.BANK: "1010", chart.CARRIER_TRANSIT: "1080", chart.DEPOSIT_TRANSIT: "1081",
        chart.CUSTODIAN_TRANSIT: "1082", chart.EMPLOYEE_SHARE_DUE: "1250", chart.PAYROLL_CLEARING: "1290",
        chart.PREMIUM_PAYABLE: "2210", chart.DEFERRAL_PAYABLE: "2220", chart.MATCH_PAYABLE: "2221",
        chart.EARNINGS_PAYABLE: "2222", chart.ACCOUNT_PAYABLE: "2230", chart.LOAN_PAYABLE: "2223",
        chart.LEAVE_LIABILITY: "2240",
        chart.OPENING: "3900", chart.BENEFIT_COST: "6120", chart.CREDITS_LOST: "6125", chart.MATCH_EXPENSE: "6130",
        chart.LOST_EARNINGS: "6135", chart.LEAVE_EXPENSE: "6140", chart.ROUNDING: "6990", chart.SUSPENSE: "1999",
    }),
    "skr03": Chart(f"DATEV's chart SKR03{CHECKED}", {
        chart.BANK: "1200", chart.CARRIER_TRANSIT: "1360", chart.DEPOSIT_TRANSIT: "1360",
        chart.CUSTODIAN_TRANSIT: "1360", chart.EMPLOYEE_SHARE_DUE: "1530", chart.PAYROLL_CLEARING: "1755",
        chart.PREMIUM_PAYABLE: "1700", chart.DEFERRAL_PAYABLE: "1700", chart.MATCH_PAYABLE: "1700",
        chart.EARNINGS_PAYABLE: "1700", chart.ACCOUNT_PAYABLE: "1700", chart.LOAN_PAYABLE: "1700",
        chart.LEAVE_LIABILITY: "0961",
        chart.OPENING: "9000", chart.BENEFIT_COST: "4140", chart.CREDITS_LOST: "4900", chart.MATCH_EXPENSE: "4165",
        chart.LOST_EARNINGS: "2110", chart.LEAVE_EXPENSE: "4156", chart.ROUNDING: "4900", chart.SUSPENSE: "1590",
    }),
    "skr04": Chart(f"DATEV's chart SKR04{CHECKED}", {
        chart.BANK: "1800", chart.CARRIER_TRANSIT: "1460", chart.DEPOSIT_TRANSIT: "1460",
        chart.CUSTODIAN_TRANSIT: "1460", chart.EMPLOYEE_SHARE_DUE: "1340", chart.PAYROLL_CLEARING: "3790",
        chart.PREMIUM_PAYABLE: "3500", chart.DEFERRAL_PAYABLE: "3500", chart.MATCH_PAYABLE: "3500",
        chart.EARNINGS_PAYABLE: "3500", chart.ACCOUNT_PAYABLE: "3500", chart.LOAN_PAYABLE: "3500",
        chart.LEAVE_LIABILITY: "3079",
        chart.OPENING: "9000", chart.BENEFIT_COST: "6130", chart.CREDITS_LOST: "6300", chart.MATCH_EXPENSE: "6140",
        chart.LOST_EARNINGS: "7310", chart.LEAVE_EXPENSE: "6076", chart.ROUNDING: "6300", chart.SUSPENSE: "1370",
    }),
}  # fmt: skip
"""The charts by name; leave in hours has no number."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of a journal: minor units from the credit to the debit account, numbers of the general ledger."""

    booked: date
    type: str
    corrects: str
    """Month it corrects, which was signed off before; empty for the month itself."""
    debit: str
    credit: str
    amount: int
    unit: str
    entries: int
    """How many entries are in the sum of its day and kind."""


def numbers(name: str, own: Mapping[str, str]) -> dict[str, str]:
    """Number by account of ours: of the chart, else the employer's own word.

    Raises:
        ConfigError: an account that we do not have.
    """
    if unknown := sorted(set(own) - set(CHART)):
        raise ConfigError(
            f"the books name account {unknown[0]}, which benehub does not have", where="plan book, books.accounts",
            mend="See the codes in `benehub ledger balances`",
        )  # fmt: skip
    return {**CHARTS[name].numbers, **own}


def pairs(postings: Iterable[Posting], numbered: Mapping[str, str]) -> Iterator[Pair]:
    """The journal of a month's postings, which come day by day: one day's sums are held at a time.

    Raises:
        IntegrityError: a sum does not balance.
    """
    for booked, of_day in groupby(postings, key=lambda one: one.booked):
        sums: dict[tuple[str, str, str], dict[str, int]] = {}
        seen: dict[tuple[str, str, str], set[str]] = {}
        for one in of_day:
            key = (one.corrects, one.type, one.unit)
            account = numbered.get(one.account, "")
            if not account:
                raise ConfigError(
                    f"account {one.account} {CHART[one.account].name} has no number in the general ledger",
                    where="plan book, books.accounts", mend=f'Add "{one.account}": "NUMBER"',
                )  # fmt: skip
            by_account = sums.setdefault(key, {})
            by_account[account] = by_account.get(account, 0) + one.amount
            seen.setdefault(key, set()).add(one.entry_id)
        for (corrects, kind, unit), by_account in sorted(sums.items()):
            for debit, credit, amount in matched(by_account):
                yield Pair(booked, kind, corrects, debit, credit, amount, unit, len(seen[(corrects, kind, unit)]))


def matched(by_account: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    """Balanced sums by account as (debit, credit, amount), at most one fewer than there are accounts.

    Raises:
        IntegrityError: they do not sum to zero.
    """
    if sum(by_account.values()):
        raise IntegrityError("the sums of a journal line do not balance", mend="benehub ledger verify")
    debits = [(account, amount) for account, amount in sorted(by_account.items()) if amount > 0]
    credits = [(account, -amount) for account, amount in sorted(by_account.items()) if amount < 0]
    left = right = 0
    debit_rest, credit_rest = [amount for _, amount in debits], [amount for _, amount in credits]
    while left < len(debits) and right < len(credits):
        amount = min(debit_rest[left], credit_rest[right])
        yield debits[left][0], credits[right][0], amount
        debit_rest[left] -= amount
        credit_rest[right] -= amount
        left, right = left + (not debit_rest[left]), right + (not credit_rest[right])
