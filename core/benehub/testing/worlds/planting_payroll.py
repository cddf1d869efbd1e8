"""Mistakes in the payroll register. All fall into the last month: what an earlier one missed is collected by later
pays, which is a story of its own (arrears).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from benehub.periods import Month
from benehub.testing.worlds.terms import CODES, MONTHS, PAY_DATES, PLANS
from benehub.testing.worlds.truth import Planted
from benehub.testing.worlds.vendors import PayLine
from benehub.testing.worlds.world import World

Mistakes = Sequence[Callable[[World], None]]
LAST = tuple(day for day in PAY_DATES if Month.of(day) == MONTHS[-1])
STEP = 500
"""What a wrong amount is off by, in cents; less than any share it is taken from."""
STRANGER = 8001
"""Employee numbers from here on are nobody's."""


def _found(world: World, kind: str, line: PayLine, expected: int, actual: int, *, person: bool = True) -> None:
    who, plan = (str(line.number), line.plan) if person else ("", "")
    month = str(Month.of(line.pay_date))
    world.truth.discrepancies.append(Planted("payroll", kind, who, plan, month, expected, actual))


def _key(line: PayLine) -> tuple[object, ...]:
    return "pay", line.number, line.plan, line.pay_date, line.part == "match"


def free(
    world: World, *parts: str, least: int = 0, alone: bool = False, on: date | None = None
) -> PayLine | None:  # fmt: skip
    """A line of chance of these parts that nothing was planted on; it is claimed.

    With `on` it is one of that pay date. With `alone` nothing is planted on the month's other pay of it either: missed
    on one and twice on the other would be one mistake, not two.
    """
    for place in world.shuffled(world.register):
        line = world.register[place]
        if line.pay_date not in ((on,) if on else LAST) or line.part not in parts or line.amount <= least:
            continue
        others = [_key(replace(line, pay_date=day)) for day in LAST if day != line.pay_date] if alone else []
        if not any(other in world.taken for other in others) and world.claim(*_key(line)):
            world.taken.update(others)
            return line
    return None


def not_taken(world: World) -> None:
    """A share of a premium, or a deferral, is not taken."""
    if line := free(world, "employee", "pretax", "roth", alone=True):
        world.register.remove(line)
        _found(world, "NOT_TAKEN", line, line.amount, 0)


def other_amount(world: World) -> None:
    """Too much or too little is taken."""
    if line := free(world, "employee", "pretax", "roth", least=STEP):
        _off_by(world, line, world.random.choice((STEP, -STEP)))


def _off_by(world: World, line: PayLine, step: int) -> None:
    expected = line.amount
    line.amount += step
    _found(world, "AMOUNT_DIFF", line, expected, line.amount)


def offsetting(world: World) -> None:
    """Two plans on one check, one too much and one as much too little: net pay is right, two lines wrong."""
    for place in world.shuffled(world.register):
        line = world.register[place]
        if line.pay_date not in LAST:
            continue
        pair = [
            one for one in world.register
            if one.number == line.number and one.pay_date == line.pay_date and one.part == "employee"
            and one.amount > STEP and _key(one) not in world.taken
        ][:2]  # fmt: skip
        if len(pair) < 2:
            continue
        for one, step in zip(pair, (STEP, -STEP), strict=True):
            world.claim(*_key(one))
            _off_by(world, one, step)
        return


def not_expected(world: World) -> None:
    """A share is taken of somebody who has no such cover."""
    for one in world.random.sample(world.people, len(world.people)):
        for plan, terms in PLANS.items():
            day: date = world.random.choice(LAST)
            if one.paid(day) and not one.cover(plan, MONTHS[-1]) and world.claim("pay", one.number, plan, day, False):
                line = PayLine(one.number, day, "deduction", terms.code, "pretax", 1234, plan, "employee")
                world.register.append(line)
                _found(world, "TAKEN_NOT_EXPECTED", line, 0, line.amount)
                return


def taken_twice(world: World) -> None:
    """A share is taken twice on one check."""
    if line := free(world, "employee", "pretax", "roth", alone=True):
        world.register.append(replace(line))
        _found(world, "DUPLICATE_DEDUCTION", line, line.amount, 2 * line.amount)


def after_tax(world: World) -> None:
    """A pre-tax share is taken after tax."""
    if line := free(world, "employee"):
        line.tax = "posttax"
        _found(world, "WRONG_TAX_CLASS", line, line.amount, 0)


def other_source(world: World) -> None:
    """A deferral is taken as Roth instead of pre-tax, or the reverse: net pay and total are wrong in tax only."""
    if line := free(world, "pretax", "roth"):
        _found(world, "WRONG_TAX_CLASS", line, line.amount, 0)
        line.part = line.tax = "roth" if line.part == "pretax" else "pretax"
        line.code = CODES[line.part]


def other_match(world: World) -> None:
    """The employer's match is not what the formula gives."""
    if line := free(world, "match", least=STEP):
        expected = line.amount
        line.amount += world.random.choice((STEP, -STEP))
        _found(world, "EMPLOYER_LINE_DIFF", line, expected, line.amount)


def other_base(world: World) -> None:
    """Payroll counts another pay for the plan, so that deferral and match are wrong together; or only tells it."""
    people = {one.number: one for one in world.people}
    for place in world.shuffled(world.register):
        own = world.register[place]
        match = next((one for one in world.register if _match_of(own, one)), None)
        if own.pay_date not in LAST or own.part not in ("pretax", "roth") or match is None:
            continue
        if not {_key(own), _key(match)} & world.taken:
            one = people[own.number]
            pay = one.pay - 200 * STEP // 10 * world.random.randint(1, 4)
            world.taken |= {_key(own), _key(match)}
            own.plan_pay = match.plan_pay = pay
            before, after = own.amount + match.amount, one.deferral(pay) + one.match(pay)
            if world.random.random() < 0.3:
                _found(world, "COMP_DIFF", own, 0, 0)
                return
            own.amount, match.amount = one.deferral(pay), one.match(pay)
            _found(world, "COMP_DIFF", own, before, after)
            return


def _match_of(own: PayLine, one: PayLine) -> bool:
    return (one.number, one.pay_date, one.part, one.check) == (own.number, own.pay_date, "match", own.check)


def other_pay(world: World) -> None:
    """A share is not taken on its pay date, and taken with the month's other pay: the month is right, a line wrong."""
    for place in world.shuffled(world.register):
        line = world.register[place]
        other = next(
            (one for one in world.register if one is not line and one.pay_date in LAST and _same(one, line)), None
        )
        if other is None or line.pay_date not in LAST or line.part != "employee":
            continue
        if not {_key(line), _key(other)} & world.taken:
            world.taken |= {_key(line), _key(other)}
            world.register.remove(line)
            other.amount += line.amount
            _found(world, "WRONG_PERIOD", line, line.amount, 0)
            return


def _same(one: PayLine, other: PayLine) -> bool:
    return (one.number, one.plan, one.part) == (other.number, other.plan, other.part)


def unknown_code(world: World) -> None:
    """A deduction under a code that no plan has."""
    if line := free(world, "earning"):
        made = PayLine(line.number, line.pay_date, "deduction", "GYM", "posttax", 2500)
        world.register.append(made)
        _found(world, "UNKNOWN_CODE", made, 0, made.amount)


def unknown_employee(world: World) -> None:
    """A check for somebody the HRIS does not have."""
    number = STRANGER + len(world.register)
    made = PayLine(number, LAST[0], "deduction", PLANS["ppo"].code, "pretax", 6000, "ppo", "employee")
    world.register += [PayLine(number, LAST[0], "earning", "REG", "", 200000, part="earning"), made]
    world.claim(*_key(made))
    world.claim(*_key(world.register[-2]))
    _found(world, "UNKNOWN_EMPLOYEE", made, 0, made.amount, person=False)


def void_and_reissue(world: World) -> None:
    """A check is voided and written again: three checks of one pay date, which come to what was due."""
    for place in world.shuffled(world.register):
        who = world.register[place]
        check = [one for one in world.register if (one.number, one.pay_date) == (who.number, who.pay_date)]
        if len(check) < 3 or any(one.minutes or _key(one) in world.taken for one in check):
            continue
        for one in check:
            world.claim(*_key(one))
            world.register.append(replace(one, amount=-one.amount, check="-V", reverses="yes"))
            world.register.append(replace(one, check="-R"))
        world.truth.silent.append(f"check voided and written again: {who.number} {who.pay_date}")
        return


def in_two_lines(world: World) -> None:
    """A share is taken in two lines of one check."""
    if line := free(world, "employee", least=STEP):
        line.amount -= STEP
        world.register.append(replace(line, amount=STEP))
        world.truth.silent.append(f"taken in two lines: {line.number} {line.plan} {line.pay_date}")


VARIANCES: Mistakes = (void_and_reissue, in_two_lines)
MISTAKES: Mistakes = (
    not_taken, other_amount, not_expected, after_tax, other_source, other_match, unknown_code, unknown_employee,
    offsetting, taken_twice, other_pay, other_base,
)  # fmt: skip
