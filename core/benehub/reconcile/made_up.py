"""Deferrals that were missed and have been made up for: payroll will never show them, and they are no difference.

Sent is not settled: a line counts as made up once the recordkeeper has credited the QNEC, the match and what both have
lost, so that nothing of the pay date's correction is owed or on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol, TypeVar

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import fixes
from benehub.reconcile.sources import SourceLine
from benehub.store import Session

MISSED = "missed_deferral"
"""The fix that makes up for a missed deferral."""
_OWED = (chart.MATCH_PAYABLE, chart.EARNINGS_PAYABLE, chart.DEPOSIT_TRANSIT)


class _Line(SourceLine, Protocol):
    """A line of the register that differs."""


L = TypeVar("L", bound=_Line)
Key = tuple[str, str, date]
"""Person, plan and pay date."""


def without_made_up(session: Session, lines: Sequence[L], month: Month) -> list[L]:
    """The lines without those whose gap has been made up for, to the cent."""
    if not any(line.part in ("pretax", "roth", "match") for line in lines):
        return list(lines)
    # One fix for each line of pay: another one of the same line is the same money, told again.
    made: dict[tuple[Key, str], dict[str, Any]] = {}
    for row in fixes.of_action(session, MISSED, (fixes.DONE,)):
        content = fixes.content(session, row)
        day = date.fromisoformat(content["pay_date"])
        key = content["person"], content["plan"], day
        if Month.of(day) == month and _credited(session, key):
            made[key, content["part"]] = content
    gaps: dict[tuple[Key, str], int] = {}
    for (key, part), content in made.items():
        for of_part, name in ((part, "missed_minor"), ("match", "match_minor")):
            gaps[key, of_part] = gaps.get((key, of_part), 0) - content[name]
    return [line for line in lines if gaps.get(((line.person_id, line.plan, line.pay_date), line.part), 0) != line.gap]


def _credited(session: Session, key: Key) -> bool:
    """Whether nothing of the correction is owed, and nothing on its way."""
    person_id, plan, day = key
    found = ledger.balances(session, [*_OWED], by=("money_source",), person_id=person_id, plan=plan, pay_date=day)
    return not any(one.amount for one in found if one.dimensions["money_source"] in ("qnec", "match"))
