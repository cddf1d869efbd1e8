"""Mistakes on the carrier's list bill, and what looks like one and is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from benehub.periods import age_on
from benehub.testing.worlds.people import Employee
from benehub.testing.worlds.terms import (
    BANDS,
    LIFE,
    MONTHS,
    PLANS,
    RIVAL,
    TODAY,
    TOLERANCE,
    UNIT,
    band_of,
    band_text,
    half_up,
)
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.vendors import BillLine
from benehub.testing.worlds.world import World

STRANGER = 7001
"""Member ids from here on are nobody's."""
FEE = 2500
"""A fee on a bill, in cents; the plan book agrees to none."""
RULED = "dental"
"""The plan of which a rule sets a carrier's rounding aside."""
MORE = TOLERANCE[0] + 1
"""What a carrier's rounding is off by that a rule sets aside, in cents."""
STEP = 1000
"""What a wrong rate is off by, in cents."""


def _found(world: World, kind: str, line: BillLine, expected: int, actual: int, person: str | None = None) -> None:
    who = str(line.member) if person is None else person
    world.truth.discrepancies.append(Planted("premium", kind, who, line.plan, str(line.month), expected, actual))


def free(world: World, fits: Callable[[BillLine], bool] = lambda line: True) -> BillLine | None:
    """A line of chance that nothing was planted on; it is claimed."""
    for place in world.shuffled(world.bill):
        line = world.bill[place]
        if (
            not line.adjustment
            and line.plan in PLANS
            and fits(line)
            and world.claim("bill", line.member, line.plan, line.month)
        ):
            return line
    return None


def _leaver(world: World) -> BillLine | None:
    """A month too many of somebody who has left; its line is claimed, and not on the bill yet."""
    for one in world.random.sample(world.people, len(world.people)):
        for plan in PLANS:
            before, after = one.cover(plan, MONTHS[0]), one.cover(plan, MONTHS[1])
            if before and not after and world.claim("bill", one.number, plan, MONTHS[1]):
                amount = PLANS[plan].in_month(MONTHS[1])[before[0]]
                return BillLine(one.number, MONTHS[1], plan, before[0], MONTHS[1], amount)
    return None


def still_billed(world: World) -> None:
    """Who has left is billed for another month."""
    if line := _leaver(world):
        world.bill.append(line)
        _found(world, "BILLED_NOT_ENROLLED", line, 0, line.amount)


def never_enrolled(world: World) -> None:
    """Somebody nobody here knows is billed."""
    member = STRANGER + len(world.bill)
    plan = world.random.choice(list(PLANS))
    line = BillLine(member, MONTHS[1], plan, "EE", MONTHS[1], PLANS[plan].in_month(MONTHS[1])["EE"])
    world.bill.append(line)
    world.claim("bill", line.member, line.plan, line.month)
    _found(world, "BILLED_NOT_ENROLLED", line, 0, line.amount, "")


def not_billed(world: World) -> None:
    """A member is left off the bill."""
    if line := free(world):
        world.bill.remove(line)
        _found(world, "ENROLLED_NOT_BILLED", line, line.amount, 0)


def other_tier(world: World) -> None:
    """A member is billed at another tier's rate."""
    if line := free(world, lambda one: one.amount == PLANS[one.plan].in_month(one.month)[one.tier]):
        expected, rates = line.amount, PLANS[line.plan].in_month(line.month)
        line.tier = world.random.choice([tier for tier in rates if tier != line.tier])
        line.amount = rates[line.tier]
        _found(world, "TIER_DIFF", line, expected, line.amount)


def other_plan(world: World) -> None:
    """A member is billed in another plan of the same kind: one line too few, one too many."""
    if line := free(world, lambda one: one.plan == "ppo"):
        _found(world, "PLAN_DIFF", line, line.amount, 0)
        line.plan, line.amount = RIVAL[0], RIVAL[1].in_month(line.month)[line.tier]
        _found(world, "PLAN_DIFF", line, 0, line.amount)


def other_word(world: World) -> None:
    """A member is billed under a word that is no plan here: both halves are told, each with the other."""
    if line := free(world):
        _found(world, "UNKNOWN_PLAN", line, line.amount, 0)
        line.plan = f"old-{line.plan}"
        _found(world, "UNKNOWN_PLAN", line, 0, line.amount)


def other_days(world: World) -> None:
    """A part of a month is billed as the whole; where nobody has a part, a whole month as ten days."""

    def whole(one: BillLine) -> int:
        return PLANS[one.plan].in_month(one.month)[one.tier]

    line = free(world, lambda one: one.amount < whole(one)) or free(world, lambda one: one.amount == whole(one))
    if line:
        expected = line.amount
        line.amount = whole(line) if expected < whole(line) else half_up(Fraction(expected * 10, line.month.last.day))
        _found(world, "EFFECTIVE_DATE_DIFF", line, expected, line.amount)


def other_rate(world: World) -> None:
    """A member is billed at another rate, too much or too little."""
    if line := free(world, lambda one: one.amount > STEP):
        _off_by(world, line, world.random.choice((STEP, -STEP)))


def _off_by(world: World, line: BillLine, step: int) -> None:
    expected = line.amount
    line.amount += step
    _found(world, "RATE_DIFF", line, expected, line.amount)


def old_rate(world: World) -> None:
    """A member is still billed at the rate of the month before."""
    if line := free(world, lambda one: one.month == MONTHS[1] and PLANS[one.plan].dearer > 0):
        _off_by(world, line, -PLANS[line.plan].dearer)


def offsetting(world: World) -> None:
    """Two plans of one member, one too much and one as much too little: the bill's total is right, two lines wrong."""
    for place in world.shuffled(world.bill):
        line = world.bill[place]
        others = [
            one for one in world.bill
            if one.member == line.member and one.month == line.month and one.plan != line.plan and not one.adjustment
        ]  # fmt: skip
        pair = [one for one in (line, *others[:1]) if one.amount > STEP]
        if len(pair) < 2 or any(("bill", one.member, one.plan, one.month) in world.taken for one in pair):
            continue
        for one, step in zip(pair, (STEP, -STEP), strict=True):
            world.claim("bill", one.member, one.plan, one.month)
            _off_by(world, one, step)
        return


def twice(world: World) -> None:
    """A member stands on the bill twice."""
    if line := free(world):
        world.bill.append(replace(line))
        _found(world, "DUPLICATE_MEMBER", line, line.amount, 2 * line.amount)


def _life(world: World) -> tuple[BillLine, Employee] | None:
    people = {one.number: one for one in world.people}
    for place in world.shuffled(world.bill):
        line = world.bill[place]
        if line.plan == LIFE and line.member in people and world.claim("bill", line.member, line.plan, line.month):
            return line, people[line.member]
    return None


def other_volume(world: World) -> None:
    """Group life is billed on another year's pay."""
    if found := _life(world):
        line, one = found
        expected, line.volume = line.amount, one.volume + world.random.choice((1, -1)) * 5 * UNIT
        line.amount = one.life_premium(line.volume, one.band)
        _found(world, "VOLUME_DIFF", line, expected, line.amount)


def other_age(world: World) -> None:
    """Group life is billed in another age band."""
    if found := _life(world):
        line, one = found
        band = world.random.choice([place for place in range(len(BANDS)) if place != one.band])
        expected, line.band = line.amount, band_text(band)
        line.amount = one.life_premium(one.volume, band)
        _found(world, "AGE_BAND_DIFF", line, expected, line.amount)


def other_family(world: World) -> None:
    """A child that has no cover any more is billed with the family, or one is missing; it costs the same."""
    if line := free(world, lambda one: one.plan == "ppo" and one.dependents is not None):
        more = 1 if not line.dependents else world.random.choice((1, -1))
        line.dependents = (line.dependents or 0) + more
        _found(world, "DEPENDANT_DIFF", line, line.amount, line.amount)


def as_it_is(world: World) -> None:
    """Group life is billed with the year's pay as it is, and priced on what the plan rounds it up to."""
    people = {one.number: one for one in world.people}
    for line in world.bill:
        if line.plan == LIFE and line.member in people and people[line.member].pay * 24 != line.volume:
            if world.claim("bill", line.member, line.plan, line.month):
                line.volume = people[line.member].pay * 24
                world.truth.silent.append(f"volume before it is rounded up: {line.member} {line.month}")
            return


def birthdays(world: World) -> None:
    """Whose age has passed into another band since the plan's rating day: the bill has the band of that day."""
    for line in world.bill:
        one = next((one for one in world.people if one.number == line.member), None)
        if one and line.plan == LIFE and band_of(age_on(one.born, line.month.first)) != one.band:
            world.truth.silent.append(f"age of the plan's rating day: {line.member} {line.month}")


def settled_late(world: World) -> None:
    """September was billed at another tier; October's bill puts it right with a line for September."""
    if line := free(world, lambda one: one.month == MONTHS[0] and one.tier != "FAM"):
        rates, right = PLANS[line.plan].in_month(line.month), line.amount
        line.amount = right + rates["FAM"] - rates[line.tier]
        world.bill.append(
            BillLine(line.member, MONTHS[1], line.plan, line.tier, MONTHS[0], right - line.amount, adjustment=True)
        )
        world.truth.silent.append(f"retro line within its window: {line.member} {line.plan} {line.month}")


def billed_late(world: World) -> None:
    """A member was left off September's bill and stands on October's for both months."""
    if line := free(world, lambda one: one.month == MONTHS[0]):
        line.billed, line.adjustment = MONTHS[1], True
        world.truth.silent.append(f"billed a month later: {line.member} {line.plan} {line.month}")


def credited_at_once(world: World) -> None:
    """Who has left is billed for another month, and the same bill takes it back."""
    if line := _leaver(world):
        world.bill += [line, replace(line, amount=-line.amount, adjustment=True)]
        world.truth.silent.append(f"billed and credited: {line.member} {line.plan} {MONTHS[1]}")


def credited_twice(world: World) -> None:
    """Who has left is billed for another month, and two lines take it back."""
    if leaver := _leaver(world):
        line, amount = leaver, leaver.amount
        world.bill += [line, *(replace(line, amount=-amount, adjustment=True) for _ in range(2))]
        _found(world, "RETRO_CREDIT_DUPLICATED", line, 0, -amount)


def set_aside(world: World) -> None:
    """The carrier rounds otherwise: by more than is tolerated, and a rule of the employer's sets it aside."""
    for number in range(2):
        line = free(world, lambda one: one.plan == RULED)
        if line is None:
            continue
        expected = line.amount
        line.amount += MORE - 2 * MORE * number
        world.truth.suppressed.append(
            Planted("premium", "RATE_DIFF", str(line.member), line.plan, str(line.month), expected, line.amount)
        )
    world.truth.rules.append(
        {"relation": "premium", "type": "RATE_DIFF", "plan": RULED, "up_to": MORE, "note": "they round by member"}
    )


def prorated(world: World) -> None:
    """Who began within a month: the bill has the part of the month, as it should."""
    for one in world.people:
        for plan, terms in PLANS.items():
            for month in MONTHS:
                found = one.cover(plan, month)
                if found and one.premium(plan, month) != terms.in_month(month)[found[0]]:
                    world.truth.silent.append(f"part of a month: {one.number} {plan} {month}")


def unpaid(world: World) -> None:
    """October's bill is paid, or not paid and not due yet, or past its day: then cover is at risk."""
    fate = ("paid", "past", "not due", "paid")[world.seed % 4]
    if fate == "paid":
        return
    world.truth.unpaid.append(str(MONTHS[1]))
    if fate == "not due":
        world.due[MONTHS[1]] = TODAY + timedelta(days=3)
        world.truth.silent.append(f"bill not due yet: {MONTHS[1]}")
        return
    owed = sum(line.amount for line in world.bill if line.month == line.billed == MONTHS[1])
    world.truth.discrepancies.append(Planted("premium", "PREMIUM_AT_RISK", "", "", str(MONTHS[1]), owed, 0))


def parts(world: World) -> None:
    """What bills say beside the members' lines: a fee that nobody agreed, a balance before that is right or is not."""
    first, last = MONTHS
    if world.seed % 2:
        world.parts[first] = [("fee", FEE)]
        world.truth.discrepancies.append(Planted("premium", "FEE", "", "", str(first), 0, FEE))
    open_before = sum(line.amount for line in world.bill if line.billed == first)
    told = open_before + (STEP if world.seed % 3 == 0 else 0)
    world.parts[last] = [("prior_balance", told)]
    if told != open_before:
        row = Planted("premium", "CASH_APPLICATION", "", "", str(last), open_before, told)
        world.truth.discrepancies.append(row)
    else:
        world.truth.silent.append(f"a balance before the bill that is right: {last}")


VARIANCES: tuple[Callable[[World], None], ...] = (
    settled_late, billed_late, credited_at_once, set_aside, prorated, as_it_is, birthdays,
)  # fmt: skip
MISTAKES: tuple[Callable[[World], None], ...] = (
    still_billed, never_enrolled, not_billed, other_tier, other_rate, old_rate, twice, offsetting, other_plan,
    other_days, other_volume, other_age, other_family, credited_twice, other_word,
)  # fmt: skip
