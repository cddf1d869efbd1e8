"""Mistakes of the carrier's roster: whom it does not have, and whom it has too long or by nobody's word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from benehub.periods import Month
from benehub.testing.worlds.people import Employee
from benehub.testing.worlds.terms import MONTHS, PLANS, TODAY
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.vendors import RosterLine
from benehub.testing.worlds.world import World

ANSWER_DAYS = 5
"""Days after its beginning until which new cover may be missing from the roster."""
STRANGER = 6001
"""Member ids from here on are nobody's."""


def missing(world: World) -> None:
    """A member is not on the roster; in half of the cases not on the bills either, which is the same mistake."""
    people = {one.number: one for one in world.people}
    for line in world.random.sample(world.roster, len(world.roster)):
        one = people.get(line.member)
        keys = [("bill", line.member, line.plan, month) for month in MONTHS]
        if one is None or one.left is not None or any(key in world.taken for key in keys):
            continue
        for key in keys:
            world.claim(*key)
        world.roster.remove(line)
        _not_enrolled(world, one, line.plan, MONTHS)
        if world.random.random() < 0.5:
            world.bill[:] = [row for row in world.bill if (row.member, row.plan) != (one.number, line.plan)]
        return


def _not_enrolled(world: World, one: Employee, plan: str, months: Sequence[Month]) -> None:
    """One difference each month; while the carrier may still answer, one that the rules explain."""
    for month in months:
        if found := one.cover(plan, month):
            rows = world.truth.pending if found[1] + timedelta(days=ANSWER_DAYS) >= TODAY else world.truth.discrepancies
            worth = one.premium(plan, month)
            rows.append(Planted("premium", "COVERED_NOT_ENROLLED", str(one.number), plan, str(month), worth, 0))


def ended_early(world: World) -> None:
    """The carrier has ended a member's cover with September; it runs on here."""
    people = {one.number: one for one in world.people}
    for line in world.random.sample(world.roster, len(world.roster)):
        one = people.get(line.member)
        if one is None or one.left is not None or line.start > MONTHS[0].first:
            continue
        if world.claim("bill", line.member, line.plan, MONTHS[1]):
            line.last = MONTHS[0].last
            _not_enrolled(world, one, line.plan, MONTHS[1:])
            return


def still_listed(world: World) -> None:
    """Who has left is still on the roster, though no longer billed."""
    gone = {one.number for one in world.people if one.left is not None}
    for line in world.random.sample(world.roster, len(world.roster)):
        if line.last is not None and line.member in gone and world.claim("bill", line.member, line.plan, MONTHS[1]):
            line.last = None
            _not_covered(world, str(line.member), line.plan)
            return


def never_elected(world: World) -> None:
    """An employee is on the roster in a plan without cover."""
    for one in world.random.sample(world.people, len(world.people)):
        for plan in PLANS:
            if not any(one.cover(plan, month) for month in MONTHS) and world.claim("bill", one.number, plan, MONTHS[1]):
                world.roster.append(RosterLine(one.number, plan, "EE", date(2026, 10, 5)))
                _not_covered(world, str(one.number), plan)
                return


def unknown_member(world: World) -> None:
    """The roster names somebody nobody here knows."""
    plan = world.random.choice(list(PLANS))
    world.roster.append(RosterLine(STRANGER + len(world.roster), plan, "EE", MONTHS[1].first))
    _not_covered(world, "", plan)


def known_twice(world: World) -> None:
    """Somebody nobody here knows has two ids at the carrier: told once, beside both rows."""
    called = ("Twin", f"No{len(world.roster)}", "1931-02-03")
    for _ in range(2):
        plan = world.random.choice(list(PLANS))
        world.roster.append(RosterLine(STRANGER + len(world.roster), plan, "EE", MONTHS[1].first, called=called))
        _not_covered(world, "", plan)
    world.truth.discrepancies.append(Planted("intake", "DUPLICATE_IDENTITY", "", "", str(MONTHS[0]), 0, 0))


def _not_covered(world: World, person: str, plan: str) -> None:
    row = Planted("premium", "ENROLLED_NOT_COVERED", person, plan, str(MONTHS[1]), 0, 0)
    world.truth.discrepancies.append(row)


MISTAKES: tuple[Callable[[World], None], ...] = (
    missing,
    ended_early,
    still_listed,
    never_elected,
    unknown_member,
    known_twice,
)
