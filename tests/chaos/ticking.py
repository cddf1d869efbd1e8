"""Ticks that go wrong: one that comes twice, since the first died half-way; and days in which none came.

Neither makes a run that nobody asked for: a time has one run, and of many times that were missed the schedule makes up
for one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from benehub.flows import Hub
from benehub.store import iso
from benehub.store.tables import run, schedule


class Ticks:
    """The times for which there may be a run, of all employers."""

    def __init__(self, hub: Hub, employers: list[str], day: datetime) -> None:
        self._hub, self._employers, self._day = hub, employers, day
        self.times: set[str] = set()
        for employer in employers:
            with hub.store.read(employer) as session:
                self.times |= {row.slot_at for row in session.rows(select(schedule).where(*session.where(schedule)))}
        self._missed = 0

    def twice(self) -> bool:
        """What was started last is due once more, at the time it had; gives whether something was."""
        return self._put({"slot_at": schedule.c.last_at, "next_at": schedule.c.last_at})

    def missed(self) -> bool:
        """Nobody has ticked for some days; gives whether something was due meanwhile."""
        self._missed += 1
        moment = iso(self._day - timedelta(days=5, minutes=self._missed))
        self.times.add(moment)
        return self._put({"slot_at": moment, "next_at": moment})

    def due(self, moment: datetime, employer: str, names: Sequence[str] = ()) -> None:
        """Let these schedules of an employer run at a time; all that he has, where none is named."""
        self.times.add(iso(moment))
        with self._hub.store.write(employer) as session:
            mine = [*session.where(schedule), *([schedule.c.name.in_(names)] if names else [])]
            session.connection.execute(update(schedule).where(*mine).values(slot_at=iso(moment), next_at=iso(moment)))

    def unasked(self, employer: str) -> list[str]:
        """Runs for which there was no time, and times that were run twice."""
        with self._hub.store.read(employer) as session:
            found = session.rows(select(run.c.subject).where(*session.where(run), run.c.flow.like("schedule.%")))
        subjects = [row.subject for row in found]
        return [one for one in subjects if one.partition("/")[2] not in self.times or subjects.count(one) > 1]

    def _put(self, values: dict[str, Any]) -> bool:
        """Of those alone that have run once, so that nobody's first time is lost, and that wait for no tick yet; gives
        whether there was one. The database may be restarting."""
        hit = 0
        try:
            for employer in self._employers:
                with self._hub.store.write(employer) as session:
                    waits = schedule.c.next_at <= iso(self._day)
                    mine = [*session.where(schedule), schedule.c.last_at.is_not(None), ~waits]
                    hit += session.connection.execute(update(schedule).where(*mine).values(**values)).rowcount
        except SQLAlchemyError:
            return False
        if not hit:
            time.sleep(0.05)  # asked again and again, until one has run
        return hit > 0
