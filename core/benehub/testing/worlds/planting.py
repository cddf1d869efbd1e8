"""Plants what the world has to hold: payroll first, because what it took is what can be deposited and credited."""

from __future__ import annotations

from benehub.testing.worlds import (
    planting_claims,
    planting_credits,
    planting_leave,
    planting_payroll,
    planting_premium,
    planting_roster,
    planting_rounding,
    vendors,
)
from benehub.testing.worlds.terms import MONTHS
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.world import World


def plant(world: World, rate: float) -> None:
    """Mistakes and variances of every kind, each at least once and about `rate` of all lines."""
    for variance in (*planting_premium.VARIANCES, *planting_payroll.VARIANCES, *planting_rounding.VARIANCES):
        variance(world)
    _repeat(world, planting_premium.MISTAKES, len(world.bill), rate)
    _repeat(world, planting_roster.MISTAKES, len(world.roster), rate)
    planting_premium.unpaid(world)
    planting_premium.parts(world)
    planting_claims.owed_back(world)
    _repeat(world, planting_payroll.MISTAKES, len(world.register), rate)
    planting_leave.across(world)
    _repeat(world, planting_leave.MISTAKES, len(world.people), rate)
    planting_leave.balances(world, max(1, round(len(world.people) * rate)))
    world.credits[:] = vendors.credits(world.register)
    for variance in (*planting_credits.VARIANCES, planting_rounding.credits):
        variance(world)
    _repeat(world, planting_credits.MISTAKES, len(world.credits), rate)
    planting_credits.late(world)
    misspelt(world, rate)
    told = world.truth
    for rows in (told.discrepancies, told.pending, told.suppressed, told.tolerated):
        rows.sort()


def misspelt(world: World, rate: float) -> None:
    """Elections of a plan that nobody has: each row waits, and is told once until it is mended."""
    count = max(1, round(len(world.people) * rate))
    world.misspelt += [one.number for one in world.random.sample(world.people, count)]
    world.truth.discrepancies.extend([Planted("intake", "ROW_QUARANTINED", "", "", str(MONTHS[0]), 0, 0)] * count)


def _repeat(world: World, mistakes: planting_payroll.Mistakes, lines: int, rate: float) -> None:
    for number in range(max(len(mistakes), round(lines * rate))):
        mistakes[number % len(mistakes)](world)
