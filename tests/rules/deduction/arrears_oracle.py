"""The account of arrears written the slow and obvious way: every cent is handed out on its own.

It shares no line with the rule: not its strategies, not its rounding, not its order of serving.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


def history(terms: Sequence[Any], pays: Sequence[Any], opening: Mapping[str, int]) -> list[tuple[int, int, int]]:
    """(current, arrears, balance) of every deduction on every pay, in the order of the input."""
    balance = dict(opening)
    installments = dict.fromkeys(balance, 0)
    found = []
    for at, pay in enumerate(pays):
        purse = 10**9 if pay.available_minor is None else pay.available_minor
        due = {one.code: min(one.amount_minor, 10**9 if one.max_current_minor is None else one.max_current_minor)
               for one in terms}  # fmt: skip
        wanted = {}
        for one in terms:
            if one.code in pay.manual:
                wanted[one.code] = min(pay.manual[one.code], balance[one.code])
            else:
                later = len([other for other in pays[at:] if other.pay_date.year == pay.pay_date.year])
                wanted[one.code] = wish(one, balance[one.code], due[one.code], pay, installments[one.code], later)
        current = dict.fromkeys(due, 0)
        old = dict.fromkeys(due, 0)
        line = sorted(range(len(terms)), key=lambda place: (terms[place].priority, place))
        for place in line:
            one = terms[place]
            if one.mode == "all_or_none" and due[one.code] > purse:
                continue
            while purse > 0 and current[one.code] < due[one.code]:
                purse, current[one.code] = purse - 1, current[one.code] + 1
        for place in line:
            code = terms[place].code
            while purse > 0 and old[code] < wanted[code]:
                purse, old[code] = purse - 1, old[code] + 1
        for one in terms:
            code = one.code
            if balance[code] > 0 and old[code] > 0:
                installments[code] += 1
            balance[code] -= old[code]
            if one.carry:
                balance[code] += due[code] - current[code]
            if balance[code] == 0:
                installments[code] = 0
            found.append((current[code], old[code], balance[code]))
    return found


def wish(one: Any, balance: int, usual: int, pay: Any, done: int, later: int) -> int:
    """What a strategy asks of one pay, counted up from nothing."""
    name = one.collection.strategy
    if balance <= 0 or name == "hold":
        return 0
    if name == "full_next_pay":
        return balance
    if name == "spread":
        return half_up(Decimal(balance) / max(1, one.collection.pays - done))
    if name == "rest_of_year":
        return half_up(Decimal(balance) / max(1, later))
    most = 0
    while most < balance and within(one.collection, most + 1, usual, pay):
        most += 1
    return most


def within(rule: Any, amount: int, usual: int, pay: Any) -> bool:
    """Whether a pay may collect `amount`."""
    if rule.strategy == "max_percent_of_net":
        return bool(amount <= rule.percent_of_net * pay.net_pay_minor)
    if rule.max_extra_minor is not None:
        return bool(amount <= rule.max_extra_minor)
    return bool(amount <= rule.percent_of_usual * usual)


def half_up(value: Decimal) -> int:
    """Rounded to a cent, half up."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
