"""What arrears change about a comparison: a pay that also collects old money took no more than was due, and a line
that was caught up since is short of nothing. What was taken too much and given back since is the same the other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from benehub.ledger import arrears
from benehub.store import Session

L = TypeVar("L", bound=Any)


def without_arrears(session: Session, lines: Sequence[L]) -> list[L]:
    """The lines with what was collected as arrears counted where it was missing; those that agree then are gone.

    `lines` are dataclasses with `person_id`, `plan`, `part`, `pay_date`, `expected`, `actual` and `caught_up`.
    """
    if not any(line.part == "employee" for line in lines):
        return list(lines)
    asked = arrears.asked(session)
    since = _by_line(session, arrears.settled_since(session))
    found = []
    for line in lines:
        key = (line.person_id, line.plan, line.pay_date)
        if line.part == "employee" and (key in asked or key in since):
            old_money = min(max(0, line.actual - line.expected), asked.get(key, 0))
            gap, made_up = line.expected - line.actual, since.get(key, 0)
            caught = max(0, min(gap, made_up)) if gap > 0 else min(0, max(gap, made_up))
            line = replace(line, actual=line.actual - old_money + caught, caught_up=caught)
        if line.expected != line.actual:
            found.append(line)
    return found


def _by_line(session: Session, settled: Mapping[tuple[str, str, str], int]) -> dict[tuple[str, str, date], int]:
    """What was settled of each pay date's missed line: a month's money goes to its oldest line first."""
    left = dict(settled)
    found: dict[tuple[str, str, date], int] = {}
    keys = {(person_id, plan) for person_id, plan, _ in settled}
    lines: dict[tuple[str, str], list[tuple[date, str, int]]] = {}
    for source in (arrears.missed, arrears.unasked) if keys else ():
        for key, rows in source(session, keys).items():
            lines.setdefault(key, []).extend(rows)
    for (person_id, plan), missed in lines.items():
        for day, month, amount in missed:
            rest = left.get((person_id, plan, month), 0)
            # Money that was collected goes to what was short, money given back to what was too much.
            part = max(0, min(amount, rest)) if rest > 0 else min(0, max(amount, rest))
            if part:
                left[(person_id, plan, month)] -= part
                found[(person_id, plan, day)] = found.get((person_id, plan, day), 0) + part
    return found
