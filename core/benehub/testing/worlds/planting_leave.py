"""Mistakes with leave: paid and not approved, approved and not paid, paid twice, other balances, wrong pay-outs.

Amounts of these rows are minutes, of pay-outs cents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from benehub.periods import Month
from benehub.testing.worlds import time_off
from benehub.testing.worlds.terms import PAY_DATES
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.vendors import BalanceLine, PayLine
from benehub.testing.worlds.world import World

OFF = 60
"""Minutes a wrong balance is off by."""
OWED = -3000
"""What stood on the opening day of who had taken leave in advance, in minutes."""
UNASKED = 225
"""Minutes of leave nobody asked for; no request has as many."""


def _found(world: World, kind: str, number: int, day: date, expected: int, actual: int) -> None:
    row = Planted("leave", kind, str(number), time_off.POLICY, str(Month.of(day)), expected, actual)
    world.truth.discrepancies.append(row)


def _free(world: World, kind: str) -> PayLine | None:
    for place in world.shuffled(world.register):
        line = world.register[place]
        if line.kind == kind and world.claim("leave", line.number, line.pay_date):
            return line
    return None


def not_paid(world: World) -> None:
    """Approved leave is not on the check."""
    if line := _free(world, "leave_taken"):
        world.register.remove(line)
        _found(world, "APPROVED_NOT_PAID", line.number, line.pay_date, line.minutes, 0)


def not_approved(world: World) -> None:
    """Payroll shows leave that nobody approved."""
    shown = {(line.number, line.pay_date) for line in world.register if line.kind == "leave_taken"}
    for one in world.random.sample(world.people, len(world.people)):
        day = world.random.choice(PAY_DATES)
        key = (one.number, day)
        if one.opening and one.left is None and key not in shown and world.claim("leave", *key):
            world.register.append(PayLine(*key, "leave_taken", time_off.TAKEN, "", 0, minutes=UNASKED))
            _found(world, "TAKEN_NOT_APPROVED", one.number, day, 0, UNASKED)
            return


def twice(world: World) -> None:
    """Payroll shows the same leave in two lines."""
    if line := _free(world, "leave_taken"):
        world.register.append(replace(line))
        _found(world, "PAID_TWICE", line.number, line.pay_date, line.minutes, 2 * line.minutes)


def no_payout(world: World) -> None:
    """The final check does not pay out what was left."""
    if line := _free(world, "leave_payout"):
        world.register.remove(line)
        _found(world, "PAYOUT_MISSING", line.number, line.pay_date, line.amount, 0)


def other_payout(world: World) -> None:
    """The final check pays out another amount."""
    if line := _free(world, "leave_payout"):
        expected = line.amount
        line.amount += world.random.choice((1500, -1500))
        _found(world, "PAYOUT_DIFF", line.number, line.pay_date, expected, line.amount)


def in_advance(world: World) -> None:
    """Who has left had taken more than was earned, and the final check takes nothing back."""
    if line := _free(world, "leave_payout"):
        place = next(at for at, one in enumerate(world.people) if one.number == line.number)
        one = world.people[place] = replace(world.people[place], opening=OWED)
        world.register.remove(line)
        assert one.left is not None
        _found(world, "NEGATIVE_NOT_RECOVERED", one.number, one.left, 0, OWED + time_off.earned(line.pay_date))


def balances(world: World, wrong: int) -> None:
    """What payroll shows as left at the end of each month, by its own register; so many are an hour off."""
    taken: dict[tuple[int, date], int] = defaultdict(int)
    for line in world.register:
        taken[line.number, line.pay_date] += line.minutes
    for one in world.people:
        for day in PAY_DATES[1::2]:
            if one.opening and one.left is None:
                gone = sum(taken[one.number, pay] for pay in PAY_DATES if pay <= day)
                left = one.opening + time_off.earned(day) - gone
                world.balances.append(BalanceLine(one.number, Month.of(day).last, left))
    for shown in world.random.sample(world.balances, min(wrong, len(world.balances))):
        expected = shown.minutes
        shown.minutes += world.random.choice((OFF, -OFF))
        _found(world, "BALANCE_DIFF", shown.number, shown.as_of, expected, shown.minutes)


def across(world: World) -> None:
    """Leave that reaches over a pay period's end, and hours that were rounded: nothing is wrong with them."""
    for one in world.people:
        for asked in one.requests:
            if len(asked.by_pay_date()) > 1:
                world.truth.silent.append(f"leave over two pay dates: {one.number} {asked.start}")
            if asked.a_day % 60:
                world.truth.silent.append(f"hours of two decimals: {one.number} {asked.start}")


MISTAKES: tuple[Callable[[World], None], ...] = (not_paid, not_approved, twice, no_payout, other_payout, in_advance)
