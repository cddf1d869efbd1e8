"""What a bill could not know: cover that changed here after the bill was made, which the next one has to put right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from benehub import facts
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import confirmation, fact

Key = tuple[str, str]
"""Person and plan."""

Cover = Mapping[Key, tuple[tuple[Interval, str], ...]]
"""Days within a month, and tier of each stretch of them, by person and plan."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """How cover stood here when a bill was made.

    Args:
        made: the day of the bill.
        clear_by: day on which the next bill is due: until then it may be wrong.
        tiers: tier by person and plan as known at the end of `made`.
        unchanged: persons and plans whose days and tiers in the month are known now as they were then.
    """

    made: date
    clear_by: date
    tiers: Mapping[Key, str]
    unchanged: frozenset[Key] = frozenset()

    def explains(self, key: Key, now: str | None, billed: str | None) -> bool:
        """Whether the bill says what was true when it was made, and is true no more; None is: not covered, not billed.

        A bill without tiers (the empty text) is right about any.
        """
        if key in self.unchanged:
            # A part of a month may cost nothing: that nothing is owed does not say that cover changed.
            return False
        before = self.tiers.get(key)
        return before != now and (billed == before or (billed == "" and before is not None and now is None))


def cover(session: Session, book: PlanBook, connection_id: str, month: Month, known_at: int | None = None) -> Cover:
    """Everybody a carrier covers in a month, as known at a number of the recorded order (None: now)."""
    found: dict[Key, tuple[tuple[Interval, str], ...]] = {}
    window = Interval(month.first, month.end)
    for (person_id, _), segments in facts.timelines(session, "coverage", window, known_at).items():
        for one in segments:
            key = (person_id, one.data["plan"])
            plan = book.find(key[1])
            if plan is not None and plan.carrier == connection_id:
                days = Interval(max(one.effective_from, window.start), min(one.effective_to, window.end))
                found[key] = (*found.get(key, ()), (days, one.data["tier"]))
    return found


def tiers(covered: Cover) -> dict[Key, str]:
    """The tier each has last in the month."""
    return {key: stretches[-1][1] for key, stretches in covered.items()}


def cut_off(session: Session, book: PlanBook, connection_id: str, month: Month, now: Cover) -> CutOff | None:
    """The cut-off of a month's bill; None where there is no bill, or nothing was known here when it was made.

    `now` is the cover as it is known now.
    """
    made = session.connection.execute(
        select(func.max(confirmation.c.detail["invoice_date"].as_string())).where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1, part="current"),
            confirmation.c.coverage_month == str(month),
        )
    ).scalar()
    if made is None:
        return None
    day = date.fromisoformat(made)
    until = datetime.combine(day + timedelta(days=1), time(), session.zone())
    known = session.connection.execute(
        select(func.max(fact.c.seq)).where(*session.where(fact, kind="coverage"), fact.c.recorded_at < iso(until))
    ).scalar()
    if known is None:
        return None
    due = month.plus(1).first.replace(day=book.terms(connection_id).premium_due_day)
    before = cover(session, book, connection_id, month, int(known))
    return CutOff(day, due, tiers(before), frozenset(key for key, one in before.items() if now.get(key) == one))
