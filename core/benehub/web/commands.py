"""Where on the pages that is done which a command does: mends name commands, and a page leads to its place instead."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Place(NamedTuple):
    """A page: its name in the navigation's words, its path within the employer, what a reader needs, and its part."""

    name: str
    path: str
    needs: str
    part: str = ""


PLACES: Final[dict[str, Place]] = {
    "accounts": Place("owed", "outgoing/owed", "see_money"),
    "connection": Place("connections", "connections", "see_connections"),
    "deductions": Place("owed", "outgoing/owed", "see_money"),
    "differences": Place("reconcile", "reconcile", "see_money"),
    "dispatches": Place("outgoing", "outgoing", "see_money"),
    "dispatches permit": Place("permit", "outgoing", "approve", "#stops"),
    "enrollments": Place("outgoing", "outgoing", "see_money"),
    "fixes": Place("reconcile", "reconcile", "see_money"),
    "intake": Place("connections", "connections", "see_connections"),
    "people": Place("unlinked", "unlinked", "see_people"),
    "period": Place("closing", "closing", "see_money"),
    "person": Place("people", "people", "see_people"),
    "plan": Place("plan_book", "plan-book", "see_overview"),
    "premiums": Place("money", "money", "see_money"),
    "reconcile": Place("compare", "reconcile/start", "work_differences"),
    "retirement": Place("owed", "outgoing/owed", "see_money"),
    "runs": Place("runs", "runs", "see_overview"),
    "schedule": Place("connections", "connections", "see_connections"),
    "sync": Place("connections", "connections", "see_connections"),
}
"""The page for the commands of a group, or for one of them that has its own; those that only an operator gives at the
machine have none."""

_COMMAND: Final = re.compile(r"benehub (([a-z]+)(?: [a-z]+)?)")


def places(text: str | None) -> list[Place]:
    """The pages for the commands that a text names, each once."""
    named = [PLACES.get(whole) or PLACES.get(group) for whole, group in _COMMAND.findall(text or "")]
    return list(dict.fromkeys(one for one in named if one))
