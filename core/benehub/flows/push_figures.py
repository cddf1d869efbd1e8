"""What a file says of each person in figures, so that a push is held against the last one person by person.

A total alone hides much: everybody may be told another amount while the sum stays, or all of it may move from one
source to another. A figure that a file lacks is no change of it: some deductions are taken once a month only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benehub import obligations
from benehub.store import Session

Figures = dict[str, dict[str, int]]
"""Person -> what is told of him -> minor units, or minutes of leave."""

_NAMES = ("plan", "policy", "code", "employer_side", "account", "part")
"""What tells the amounts of one person apart."""


def figures(session: Session, dispatch_id: str) -> Figures:
    """Everybody a file speaks of, with his amounts."""
    found: Figures = {}
    for row in obligations.of_dispatch(session, dispatch_id):
        content = obligations.content(session, row)
        for line in content.get("rows") or content.get("lines") or [{**content, "person": row.person_id}]:
            if isinstance(line, dict) and line.get("person"):
                mine = found.setdefault(line["person"], {})
                for name, value in _of_line(line):
                    mine[name] = mine.get(name, 0) + value
    return found


def _of_line(line: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    name = "/".join(str(line[one]) for one in _NAMES if one in line)
    for part in ("amount_minor", "minutes"):
        if part in line:
            yield name, int(line[part])
    for source, value in (line.get("amounts") or {}).items():
        yield f"{name}/{source}", int(value)


def latest(files: Sequence[Figures]) -> Figures:
    """What was told last of each person and amount, of files with the newest first."""
    found: Figures = {}
    for one in files:
        for person, mine in one.items():
            found[person] = {**mine, **found.get(person, {})}
    return found


def moved(now: Figures, before: Figures, small_minor: int, percent: int) -> set[str]:
    """Who is told another amount than before: by more than `small_minor`, and more than so many percent of it."""
    return {
        person
        for person, mine in now.items()
        for name, value in mine.items()
        if (old := before.get(person, {}).get(name)) is not None
        and abs(value - old) > small_minor
        and abs(value - old) * 100 > abs(old) * percent
    }


Minutes = Counter[tuple[str, str]]
"""Pay group and pay date -> minutes of leave told of them."""


def add_leave(minutes: Minutes, order: Mapping[str, Any]) -> None:
    """Count an order; it need not be kept for that, and there may be one for everybody's leave of years."""
    minutes[order["pay_group"], order["pay_date"]] += order["minutes"]


def leave_growth(minutes: Minutes, group: str, pay_date: str) -> int:
    """By how many percent a pay date has more leave than any other of its group, 0 for the first.

    Leave of another pay date is no change of it, so only the whole is compared.
    """
    most = max((many for (of, day), many in minutes.items() if of == group and day != pay_date), default=0)
    return minutes[group, pay_date] * 100 // most - 100 if most else 0
