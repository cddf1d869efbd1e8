"""What is known of one person over time; pay, birth, health, home and status are masked, as on the pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from benehub import facts
from benehub.errors import DataError
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.records.privacy import MASK, PRIVATE, is_personal
from benehub.store import Session
from benehub.views.members import said_of
from benehub.views.persons import find_person

KINDS = ("employee", "employment", "compensation", "election", "coverage", "eligibility", "leave_request", "dependent",
         "payroll_benefit")  # fmt: skip
"""Kinds of facts that are about a person."""


def over_time(
    session: Session, employee: str, kind: str = "", window: Interval | None = None, known_at: int | None = None
) -> list[dict[str, Any]]:
    """The facts of a person, by kind and key in the order of time, as known at a number of the recorded order.

    Raises:
        DataError: no such person.
    """
    one = find_person(session, employee)
    if kind and kind not in KINDS:
        raise DataError(f"no facts are of kind {kind[:40]!r}", mend=f"Kinds: {', '.join(KINDS)}")
    when = window or Interval(date.min, FOREVER)
    return [
        {
            "fact": found.fact_id, "kind": name, "key": key, "effective_from": found.effective_from,
            "effective_to": None if found.effective_to == FOREVER else found.effective_to, "seq": found.seq,
            "data": {
                field: MASK if value not in (None, "") and (is_personal(field) or field in PRIVATE) else value
                for field, value in found.data.items()
            },
        }
        for name in ((kind,) if kind else KINDS)
        for (_, key), line in sorted(facts.timelines(session, name, when, known_at, [one.person_id]).items())
        for found in line
    ]  # fmt: skip


def cover(session: Session, book: PlanBook, employee: str, day: date) -> list[dict[str, Any]]:
    """What covers a person on a day, and what the carrier has said of it so far.

    Raises:
        DataError: no such person.
    """
    one = find_person(session, employee)
    plans = {plan.id: plan for plan in book.plans}
    found = facts.as_of(session, "coverage", day, subjects=[one.subscriber_id])
    mine = [line for line in found if one.kind == "employee" or one.person_id in line.data.get("dependents", ())]
    return [
        {
            "fact": line.fact_id, "slot": line.key, "plan": line.data["plan"], "tier": line.data.get("tier") or "",
            "dependents": list(line.data.get("dependents", ())), "effective_from": line.effective_from,
            "effective_to": None if line.effective_to == FOREVER else line.effective_to,
            "carrier": plan.vendor if plan else "",
            "carrier_says": said_of(session, one.person_id, plan.vendor) if plan and plan.vendor else "",
        }
        for line in mine
        for plan in (plans.get(line.data["plan"]),)
    ]  # fmt: skip
