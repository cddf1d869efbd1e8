"""What the carrier owes back for bills that said too much and were paid, and how much time is left to claim it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from benehub.testing.worlds.terms import TODAY
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.world import World

ALARM = timedelta(days=14)
"""Days before the last day of a claim from which it is told."""


def credit_days(seed: int) -> int:
    """Days after a month's first day in which the carrier takes claims: September's are past, or soon will be."""
    return (60, 75)[seed % 2]


def owed_back(world: World) -> None:
    """Each person, plan and month of which more was billed and paid than is owed; strangers of a plan are one.

    What is within the tolerance is owed back by nobody.
    """
    people = {one.number: one for one in world.people}
    billed: dict[tuple[int | None, str, str], int] = defaultdict(int)
    rounding = {(one.person, one.plan, one.period) for one in world.truth.tolerated if one.relation == "premium"}
    months = {str(line.month): line.month for line in world.bill}
    for line in world.bill:
        billed[line.member if line.member in people else None, line.plan, str(line.month)] += line.amount
    for (member, plan, name), amount in billed.items():
        month = months[name]
        over = amount - (people[member].premium(plan, month) if member is not None else 0)
        last = month.first + timedelta(days=credit_days(world.seed))
        if over <= 0 or name in world.truth.unpaid or last - ALARM > TODAY:
            continue
        kind = "CREDIT_EXPIRED" if last < TODAY else "CREDIT_EXPIRING"
        who = "" if member is None else str(member)
        if (who, plan, name) in rounding:
            continue
        world.truth.discrepancies.append(Planted("credit", kind, who, plan, name, over, 0))
