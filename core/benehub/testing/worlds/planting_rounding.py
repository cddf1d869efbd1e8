"""Vendors that round otherwise: cents within the tolerance of the plan book, and files that round too often for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from benehub.periods import Month
from benehub.testing.worlds import planting_credits, planting_payroll, planting_premium
from benehub.testing.worlds.planting_credits import IN_FLIGHT
from benehub.testing.worlds.planting_payroll import LAST
from benehub.testing.worlds.planting_premium import RULED
from benehub.testing.worlds.terms import DEFERRAL_PLAN, MONTHS, PAY_DATES, TOLERANCE
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.vendors import BillLine, CreditLine, PayLine
from benehub.testing.worlds.world import World

STEPS = {"within": (1, -2), "beyond": (2, -2, 2)}
"""Cents by which lines of one file are off: the first come to what a file may have, the second to more."""


def _told(world: World, rows: list[Planted]) -> None:
    """One file's lines: rounding, or all of them differences."""
    total = sum(abs(row.actual - row.expected) for row in rows)
    (world.truth.tolerated if total <= TOLERANCE[1] else world.truth.discrepancies).extend(rows)


def bills(world: World) -> None:
    """The first month's bill rounds within the tolerance, the second one's beyond it."""

    def pick(month: Month) -> BillLine | None:
        # A rule sets other cents of that plan aside, whatever comes together on its bill.
        return planting_premium.free(world, lambda one: one.month == one.billed == month and one.plan != RULED)

    for month, steps in zip(MONTHS, STEPS.values(), strict=True):
        rows: list[Planted] = []
        for step in steps:
            if line := pick(month):
                expected, line.amount = line.amount, line.amount + step
                who = str(line.member)
                rows.append(Planted("premium", "RATE_DIFF", who, line.plan, str(month), expected, line.amount))
        _told(world, rows)


def registers(world: World) -> None:
    """The same of shares of premiums, on the two pay dates of the last month."""

    def pick(day: date) -> PayLine | None:
        return planting_payroll.free(world, "employee", least=TOLERANCE[1], on=day)

    for day, steps in zip(LAST, STEPS.values(), strict=True):
        rows: list[Planted] = []
        for step in steps:
            if line := pick(day):
                expected, line.amount = line.amount, line.amount + step
                of = (str(line.number), line.plan, str(Month.of(day)))
                rows.append(Planted("payroll", "AMOUNT_DIFF", *of, expected, line.amount))
        _told(world, rows)


def credits(world: World) -> None:
    """The same of credits, on the first two pay dates that are not on their way."""

    def pick(day: date) -> CreditLine | None:
        return planting_credits.free(world, lambda one: one.pay_date == day)

    for day, steps in zip([one for one in PAY_DATES if one != IN_FLIGHT], STEPS.values(), strict=False):
        rows: list[Planted] = []
        for step in steps:
            if line := pick(day):
                expected, line.amount = line.amount, line.amount + step
                kind = "CREDITED_OVER" if step > 0 else "CREDITED_SHORT"
                of = (str(line.number), DEFERRAL_PLAN, str(Month.of(day)))
                rows.append(Planted("retirement", kind, *of, expected, line.amount))
        _told(world, rows)


VARIANCES: tuple[Callable[[World], None], ...] = (bills, registers)
"""Those that can be planted before what was taken is deposited."""
