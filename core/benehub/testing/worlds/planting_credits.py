"""Mistakes of the recordkeeper, and money that is still on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benehub.periods import Month
from benehub.testing.worlds.terms import DEFERRAL_PLAN, DEPOSIT_DAYS, PAY_DATES, from_forfeitures
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.vendors import CreditLine, traded
from benehub.testing.worlds.world import World

STEP = 100
"""What a wrong credit is off by, in cents; less than any credit."""
STRANGER = 99000000
"""SSNs from here on (after the 9) are nobody's."""
OWN = ("pretax", "roth")
IN_FLIGHT = PAY_DATES[-1]
"""The pay date whose money may still be on its way."""


def _row(kind: str, line: CreditLine, expected: int, actual: int, person: str | None = None) -> Planted:
    who = str(line.number) if person is None else person
    return Planted("retirement", kind, who, DEFERRAL_PLAN, str(Month.of(line.pay_date)), expected, actual)


def _key(line: CreditLine) -> tuple[object, ...]:
    return "credit", line.number, line.part, line.pay_date


def free(world: World, fits: Callable[[CreditLine], bool] = lambda line: True) -> CreditLine | None:
    """A line of chance that nothing was planted on; it is claimed."""
    for place in world.shuffled(world.credits):
        line = world.credits[place]
        if line.amount > STEP and fits(line) and world.claim(*_key(line)):
            return line
    return None


def _off_by(world: World, line: CreditLine, step: int) -> None:
    expected = line.amount
    line.amount += step
    kind = "CREDITED_OVER" if step > 0 else "CREDITED_SHORT"
    world.truth.discrepancies.append(_row(kind, line, expected, line.amount))


def short(world: World) -> None:
    """Less is credited than was deposited."""
    if line := free(world):
        _off_by(world, line, -STEP)


def over(world: World) -> None:
    """More is credited than was deposited."""
    if line := free(world):
        _off_by(world, line, STEP)


def offsetting(world: World) -> None:
    """Own money too much and match as much too little: the participant's total is right, two lines wrong."""
    first = free(world, lambda one: one.part in OWN and _twin(world, one) is not None)
    if first and (second := _twin(world, first)):
        world.claim(*_key(second))
        _off_by(world, first, STEP)
        _off_by(world, second, -STEP)


def _twin(world: World, line: CreditLine) -> CreditLine | None:
    for one in world.credits:
        same = (one.number, one.pay_date, one.part) == (line.number, line.pay_date, "match")
        if same and one.amount > STEP and _key(one) not in world.taken:
            return one
    return None


def twice(world: World) -> None:
    """A credit is booked twice."""
    if line := free(world):
        world.credits.append(replace(line))
        world.truth.discrepancies.append(_row("DUPLICATE_CREDIT", line, line.amount, 2 * line.amount))


def other_source(world: World) -> None:
    """Pre-tax is credited as Roth, or the reverse."""
    if line := free(world, lambda one: one.part in OWN):
        world.truth.discrepancies.append(_row("WRONG_SOURCE", line, line.amount, 0))
        line.part = "roth" if line.part == "pretax" else "pretax"
        world.claim(*_key(line))


def other_person(world: World) -> None:
    """What was deposited for one participant is credited to another, beside his own."""
    line = free(world, lambda one: one.pay_date != IN_FLIGHT and _alone(world, one))
    other = line and free(world, lambda one: _key(one)[2:] == _key(line)[2:] and _alone(world, one))
    if line and other:
        expected = other.amount
        other.amount += line.amount
        world.credits.remove(line)
        world.truth.discrepancies.append(_row("CREDITED_WRONG_PERSON", line, line.amount, 0))
        world.truth.discrepancies.append(_row("CREDITED_WRONG_PERSON", other, expected, other.amount))


def _alone(world: World, line: CreditLine) -> bool:
    """Whether nobody else has the same amount of the same pay date: what lacks it is then beyond doubt."""
    return sum(one.amount == line.amount and _key(one)[2:] == _key(line)[2:] for one in world.credits) == 1


def not_credited(world: World) -> None:
    """A deposit past its day of which no credit is seen."""
    if line := free(world, lambda one: one.pay_date != IN_FLIGHT):
        world.credits.remove(line)
        world.truth.discrepancies.append(_row("DEPOSITED_NOT_CREDITED", line, line.amount, 0))


def unknown_participant(world: World) -> None:
    """Money is credited to somebody we do not know."""
    number = STRANGER + len(world.credits)
    day = PAY_DATES[2]
    line = CreditLine(number, "pretax", day, traded(day), 4200)
    world.credits.append(line)
    world.claim(*_key(line))
    world.truth.discrepancies.append(_row("UNKNOWN_PARTICIPANT", line, 0, line.amount, ""))


def on_its_way(world: World) -> None:
    """Credits of the last pay date that are not seen yet, and need not be."""
    for _ in range(max(2, len(world.people) // 10)):
        if line := free(world, lambda one: one.pay_date == IN_FLIGHT):
            world.credits.remove(line)
            world.truth.pending.append(_row("DEPOSITED_NOT_CREDITED", line, line.amount, 0))


def mixed_with_a_loan(world: World) -> None:
    """A loan's repayment is booked as a contribution, or the contribution as a repayment."""
    loan = free(world, lambda one: one.part == "loan" and _own(world, one) is not None)
    own = loan and _own(world, loan)
    if loan and own:
        world.claim(*_key(own))
        gone, more = (loan, own) if world.random.random() < 0.5 else (own, loan)
        more.amount += gone.amount
        world.credits.remove(gone)
        world.truth.discrepancies.append(_row("LOAN_IN_CONTRIB", gone, gone.amount, 0))


def _own(world: World, loan: CreditLine) -> CreditLine | None:
    for one in world.credits:
        same = (one.number, one.pay_date) == (loan.number, loan.pay_date) and one.part in OWN
        if same and one.amount != loan.amount and _key(one) not in world.taken:
            return one
    return None


def forfeited_deferral(world: World) -> None:
    """A part of a deferral is paid from forfeitures, which no plan allows."""
    if line := free(world, lambda one: one.part in OWN):
        _forfeit(world, line)
        world.truth.discrepancies.append(_row("FORFEITURE_OFFSET", line, line.amount + STEP, line.amount))


def forfeited_match(world: World) -> None:
    """A part of a match is paid from forfeitures: tied out where the plan allows it, else a mistake."""
    if line := free(world, lambda one: one.part == "match"):
        _forfeit(world, line)
        if from_forfeitures(world.seed):
            world.truth.silent.append(f"match paid from forfeitures: {line.number} {line.pay_date}")
        else:
            world.truth.discrepancies.append(_row("FORFEITURE_OFFSET", line, line.amount + STEP, line.amount))


def _forfeit(world: World, line: CreditLine) -> None:
    line.amount -= STEP
    world.credits.append(replace(line, amount=STEP, kind="FORFEITURE"))


def loans_apart(world: World) -> None:
    """Repayments of loans stand beside the contributions, as what they are."""
    for line in world.credits:
        if line.part == "loan":
            world.truth.silent.append(f"loan repaid beside contributions: {line.number} {line.pay_date}")
            return


def not_deposited(world: World) -> None:
    """In every other world nobody has sent on what the first pay date took: nothing of it can be credited."""
    if world.seed % 2:
        return
    day = PAY_DATES[0]
    owed = [line for line in world.credits if line.pay_date == day]
    world.credits[:] = [line for line in world.credits if line.pay_date != day]
    world.truth.pay_dates.remove(str(day))
    kept = sum(line.amount for line in owed)
    whole = CreditLine(0, "", day, day, kept)
    world.truth.discrepancies.append(_row("WITHHELD_NOT_DEPOSITED", whole, kept, 0, ""))


def on_time(world: World) -> None:
    """The trust has the money of the first pay dates on any day up to the last one that is in time."""
    for line in world.credits:
        if line.pay_date != IN_FLIGHT:
            line.traded = traded(line.pay_date, world.random.randint(1, DEPOSIT_DAYS))


def late(world: World) -> None:
    """The trust has some money of a pay date too late: one difference, whatever else is wrong with its lines."""
    day = PAY_DATES[1]
    due = traded(day, DEPOSIT_DAYS)
    for line in world.credits:
        if line.pay_date == day and world.random.random() < 0.3:
            line.traded = traded(day, DEPOSIT_DAYS + world.random.randint(1, 4))
    after = sum(
        line.amount for line in world.credits
        if line.pay_date == day and line.traded > due and line.kind == "CONTRIBUTION"
    )  # fmt: skip
    if after:
        world.truth.discrepancies.append(_row("LATE", CreditLine(0, "", day, day, after), after, 0, ""))


VARIANCES: tuple[Callable[[World], None], ...] = (not_deposited, on_time, on_its_way, loans_apart)
MISTAKES: tuple[Callable[[World], None], ...] = (
    short, over, twice, other_source, not_credited, unknown_participant, offsetting, other_person,
    mixed_with_a_loan, forfeited_deferral, forfeited_match,
)  # fmt: skip
