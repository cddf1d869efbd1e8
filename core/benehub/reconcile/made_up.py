"""Deferrals that were missed and have been made up for: payroll will never show them, and they are no difference.

Sent is not settled: a line counts as made up once the recordkeeper has credited the QNEC, the match and what both have
lost, so that nothing of the pay date's correction is owed or on its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from sqlalchemy import func, literal, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import fixes
from benehub.reconcile.sources import SourceLine
from benehub.store import Session
from benehub.store.tables import entry, leg

MISSED = "missed_deferral"
"""The fix that makes up for a missed deferral."""
CORRECTED = "correction.accrued"
"""The entry that makes a correction owed."""
APPROVED = ("approved", fixes.DONE, "failed")
"""States of a fix that may have made it owed: one whose file was refused goes with the next deposit all the same."""
_OWED = (chart.MATCH_PAYABLE, chart.EARNINGS_PAYABLE, chart.DEPOSIT_TRANSIT)


class _Line(SourceLine, Protocol):
    """A line of the register that differs."""


L = TypeVar("L", bound=_Line)
Key = tuple[str, str, date]
"""Person, plan and pay date."""


@dataclass(slots=True)
class Standing:
    """What stands of one line's correction: whose it is, and what was owed by part in minor units."""

    person_id: str
    owed: dict[str, int] = field(default_factory=dict)

    def is_of(self, content: Mapping[str, Any]) -> bool:
        """Whether it is what a fix of this content makes owed."""
        wanted = {part: content[f"{part}_minor"] for part in ("qnec", "match") if content[f"{part}_minor"]}
        return self.owed == wanted


def base_of(content: Mapping[str, Any]) -> str:
    """The line of pay that a correction makes up for: source of its entries, and how their keys begin."""
    return f"correction/{content['person']}/{content['plan']}/{content['pay_date']}/{content['part']}"


def standing_of(session: Session, start: date, end: date) -> dict[str, Standing]:
    """Corrections of the pay dates of `[start, end)` that are posted and not taken back, by their line of pay."""
    back = entry.alias()
    rows = session.rows(
        select(entry.c.source, leg.c.person_id, leg.c.money_source, func.sum(-leg.c.amount).label("owed"))
        .join(leg, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.MATCH_PAYABLE, leg.c.pay_date >= start,
            leg.c.pay_date < end, leg.c.posted_as == CORRECTED,
            ~select(back.c.entry_id).where(
                back.c.employer_id == entry.c.employer_id,
                back.c.idempotency_key == literal("reverse:") + entry.c.idempotency_key,
            ).exists(),
        )
        .group_by(entry.c.source, leg.c.person_id, leg.c.money_source)
    )  # fmt: skip
    found: dict[str, Standing] = {}
    for row in rows:
        found.setdefault(row.source, Standing(row.person_id)).owed[row.money_source] = int(row.owed)
    return found


def contents(session: Session, there: Mapping[str, Standing]) -> dict[str, dict[str, Any]]:
    """What each of these corrections makes up for, by its line: a fix of the same line again is the same money."""
    found: dict[str, dict[str, Any]] = {}
    for row in fixes.of_people(session, MISSED, APPROVED, {one.person_id for one in there.values()}):
        content = fixes.content(session, row)
        base = base_of(content)
        if base in there and there[base].is_of(content):
            found[base] = content
    return found


def without_made_up(session: Session, lines: Sequence[L], month: Month) -> list[L]:
    """The lines without those whose gap has been made up for, to the cent: owed by a fix, deposited and credited."""
    if not any(line.part in ("pretax", "roth", "match") for line in lines):
        return list(lines)
    about = {line.person_id for line in lines}
    there = {base: one for base, one in standing_of(session, month.first, month.end).items() if one.person_id in about}
    gaps: dict[tuple[Key, str], int] = {}
    for content in contents(session, there).values():
        key = content["person"], content["plan"], date.fromisoformat(content["pay_date"])
        if not _credited(session, key):
            continue
        for part, name in ((content["part"], "missed_minor"), ("match", "match_minor")):
            gaps[key, part] = gaps.get((key, part), 0) - content[name]
    return [line for line in lines if gaps.get(((line.person_id, line.plan, line.pay_date), line.part), 0) != line.gap]


def _credited(session: Session, key: Key) -> bool:
    """Whether nothing of the correction is owed, and nothing on its way."""
    person_id, plan, day = key
    found = ledger.balances(session, [*_OWED], by=("money_source",), person_id=person_id, plan=plan, pay_date=day)
    return not any(one.amount for one in found if one.dimensions["money_source"] in ("qnec", "match"))
