"""Hours of leave: read from what a vendor writes, kept as whole minutes in the ledger, shown as hours.

A replay works on exact fractions of an hour; only what is posted or compared is rounded to the minute. Two decimals
of an hour are less than half a minute off, so 7.33 finds back to the 440 minutes it was written for.
"""

from __future__ import annotations

import re
from fractions import Fraction

from benehub.errors import DataError
from benehub.money import Rounding, round_to_int, shape

PREFIX = "MIN:"
_DECIMAL = re.compile(r"-?(?:\d{1,6}(?:\.\d{0,12})?|\.\d{1,12})")
_CLOCK = re.compile(r"(-?)(\d{1,6}):([0-5]\d)")


def leave_unit(policy: str) -> str:
    """The ledger unit of a leave policy: whole minutes."""
    return f"{PREFIX}{policy}"


def is_leave(unit: str) -> bool:
    """Whether a ledger unit is minutes of leave."""
    return unit.startswith(PREFIX)


def parse_hours(text: str, *, where: str = "") -> Fraction:
    """Exact hours from "7.33", "-8" or "7:20" (hours and minutes).

    Raises:
        DataError: the text is neither. The message shows the shape only.
    """
    bare = text.strip()
    clock = _CLOCK.fullmatch(bare)
    if clock:
        hours = int(clock[2]) + Fraction(int(clock[3]), 60)
        return -hours if clock[1] else hours
    if not _DECIMAL.fullmatch(bare):
        raise DataError(f"no hours (shape {shape(text)!r})", where=where, mend="Write them as 7.5 or 7:30")
    return Fraction(bare)


def to_minutes(hours: Fraction) -> int:
    """Whole minutes, half up toward more leave: adding whole minutes moves the result by just as many."""
    return (hours * 60 + Fraction(1, 2)).__floor__()


def format_hours(minutes: int) -> str:
    """Hours with two decimals (440 -> "7.33")."""
    hundredths = round_to_int(Fraction(minutes * 100, 60), Rounding.HALF_UP)
    return f"{'-' if hundredths < 0 else ''}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def clock_text(minutes: int) -> str:
    """Hours and minutes (440 -> "7:20")."""
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"


def exact_text(hours: Fraction) -> str:
    """Decimal text that `parse_hours` reads back; where no decimal ends it, the nearest minute as h:mm.

    Sums and products of what vendors write end as decimals; a third of an hour is 20 minutes.
    """
    for places in range(13):
        scaled = hours * 10**places
        if scaled.denominator == 1:
            digits = f"{abs(scaled.numerator):0{places + 1}d}"
            sign = "-" if hours < 0 else ""
            return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
    return clock_text(to_minutes(hours))
