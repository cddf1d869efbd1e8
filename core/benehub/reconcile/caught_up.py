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
    since, old_money = _by_line(session, arrears.settled_since(session))
    found = []
    for line in lines:
        key = (line.person_id, line.plan, line.pay_date)
        if line.part == "employee" and (key in old_money or key in since):
            actual, made_up = line.actual - old_money.get(key, 0), since.get(key, 0)
            gap = line.expected - actual
            caught = max(0, min(gap, made_up)) if gap > 0 else min(0, max(gap, made_up))
            line = replace(line, actual=actual + caught, caught_up=caught)
        if line.expected != line.actual:
            found.append(line)
    return found


Lines = dict[tuple[str, str, date], int]
"""Person, plan and pay date -> minor units."""


def _by_line(session: Session, settled: Mapping[tuple[str, str, str], int]) -> tuple[Lines, Lines]:
    """What was settled since of each pay date's line, and what of each pay date was such old money.

    A month's money goes to its oldest line first. What was collected beyond all that was missed is no old money: it is
    too much of the newest pay that took it.
    """
    left = dict(settled)
    found: Lines = {}
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
    old_money: Lines = {}
    for name, pays in arrears.collected(session).items():
        beyond = left.get(name, 0)
        for day, amount in reversed(pays):
            over = max(0, min(amount, beyond)) if beyond > 0 else min(0, max(amount, beyond))
            beyond -= over
            at = (name[0], name[1], day)
            old_money[at] = old_money.get(at, 0) + amount - over
    return found, old_money
