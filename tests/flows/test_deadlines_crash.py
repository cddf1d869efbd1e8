"""kill -9 in the middle of the deadline guardian: each alarm is raised once, and nobody who wants it goes untold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import func, select
from tests.flows.killed import crash
from tests.flows.test_crash import wait

from benehub.flows import Hub
from benehub.store.tables import alarm, notification, run

Open = Callable[..., Hub]
TWICE = ("told",)
"""Where somebody was told and the process died before it was noted: he is told again, with the same reference."""


@pytest.mark.parametrize("point", ["some_raised", "unqueued", "raised", "told", "told_noted"])
def test_a_killed_guardian_raises_each_alarm_once(
    point: str, db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    folder = tmp_path / "vendor"
    pager = fakehub.Pager(folder)
    crash(fakehub, db_url, folder, "read_back", "deadlines.check", point)
    assert len(pager.told()) == (1 if point in ("told", "told_noted") else 0)
    hub = open_hub(db_url, pager)
    wait(lambda: _ended(hub))
    for name in ("again", "and again"):
        assert not any(hub.start_flow("deadlines.check", "acme", name)[f"alarms {level}"] for level in _LEVELS)
    with hub.store.read("acme") as session:
        raised = session.rows(select(alarm))
        queued = session.rows(select(notification.c.notifier, notification.c.seq, notification.c.state))
    assert raised and len({row.seq for row in raised}) == 1
    assert {(row.notifier, row.state) for row in queued} == _wanted(row.level for row in raised)
    assert {row.seq for row in queued} == {raised[0].seq}
    told = Counter(line.split()[0] for line in pager.told())
    assert set(told) == {f"acme-{row.seq}-{row.notifier}" for row in queued}
    assert sorted(told.values()) == [1] * (len(told) - 1) + [2 if point in TWICE else 1]
    everything = [int(line.split()[1]) for line in pager.told() if "pager" in line]
    assert everything[0] == len(raised)


_LEVELS = ("t5", "t2", "today", "late")


def _wanted(levels: Iterable[str]) -> set[tuple[str, str]]:
    late = "late" in set(levels)
    return {("pager", "told")} | ({("finance", "told")} if late else set())


def _ended(hub: Hub) -> bool:
    with hub.store.read("acme") as session:
        query = select(func.count()).where(
            run.c.employer_id == "acme", run.c.flow == "deadlines.check", run.c.state == "done"
        )
        return bool(session.connection.execute(query).scalar())
