"""Elections as of a day: who has chosen which plan and tier, person by person."""

from __future__ import annotations

from datetime import date
from typing import Any

from benehub import facts
from benehub.facts.history import subjects_after
from benehub.periods import FOREVER
from benehub.store import Session
from benehub.views.persons import member_ids


def listed(session: Session, day: date, after: tuple[str, str] | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """The next elections that hold on a day, behind the one of this person and part of the benefits.

    Args:
        after: person's id and key of the last one had.
    """
    found: list[facts.Fact] = []
    last = after or ("", "")
    people = [last[0]] if last[0] else []  # whoever stood last may have more
    while len(found) < limit:
        people += subjects_after(session, "election", last[0], limit)
        if not people:
            break
        found += [
            one for one in facts.as_of(session, "election", day, subjects=people) if (one.subject, one.key) > last
        ]
        last, people = (people[-1], "\U0010ffff"), []
    members = member_ids(session, {one.subject for one in found[:limit]})
    return [_told(one, members) for one in found[:limit]]


def _told(one: facts.Fact, members: dict[str, str]) -> dict[str, Any]:
    return {
        "election": one.fact_id, "person": one.subject, "employee": members.get(one.subject, ""), "slot": one.key,
        "plan": one.data.get("plan") or "", "tier": one.data.get("tier") or "",
        "waived": bool(one.data.get("waived")), "effective_from": one.effective_from,
        "effective_to": None if one.effective_to == FOREVER else one.effective_to,
    }  # fmt: skip
