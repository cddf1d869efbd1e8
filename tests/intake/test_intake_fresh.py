"""How fresh a source is: each stream by itself, and when it last told anything beside when it was last asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from tests.intake.conftest import Desk, Person

from benehub import intake, plugins
from benehub.connect.connector import Page
from benehub.connections import connectors
from benehub.store import iso
from benehub.store.tables import connection, schedule, stream_state
from benehub.views.fresh import Source, sources


def of(desk: Desk, name: str, known: bool = False) -> Source:
    """What is said of one connection."""
    found = connectors(plugins.build()) if known else {}
    with desk.store.read("acme") as session:
        return next(one for one in sources(session, found) if one.connection == name)


def read_before(desk: Desk, **days: int) -> None:
    """Streams of payroll that were read so many days ago."""
    with desk.store.write("acme") as session:
        for stream, ago in days.items():
            at = iso(session.clock() - timedelta(days=ago))
            row = {"connection_id": "payroll", "stream": stream, "cursor": None, "seq": 1, "read_at": at}
            session.add(stream_state, [row])


def timed(desk: Desk, flow: str, ran: bool = True, **options: str) -> None:
    """A schedule of payroll that is in its time."""
    with desk.store.write("acme") as session:
        now: datetime = session.clock()
        session.add(schedule, [{
            "name": f"{flow}-{len(options)}", "flow": flow, "connection_id": "payroll", "options": options, "cron": "",
            "every_s": 86400, "anchor_at": iso(now), "zone": "UTC", "closed_days": "run", "country": "US",
            "blackouts": [], "jitter_s": 0, "catch_up": "once", "state": "on", "slot_at": iso(now),
            "next_at": iso(now + timedelta(hours=3)), "last_at": iso(now) if ran else None, "note": "",
        }])  # fmt: skip


def test_one_stream_that_is_read_daily_does_not_make_another_fresh(desk: Desk) -> None:
    read_before(desk, payroll_person=0, register_line=60, leave_balance=4)
    found = of(desk, "payroll")
    assert found.state == "stale"
    assert [stream for stream, _ in found.behind] == ["register_line", "leave_balance"]
    assert found.read_at.startswith("2026-11-23")
    timed(desk, "sync", stream="payroll_person")
    assert len(of(desk, "payroll").behind) == 2, "a schedule of one stream reads no other"
    timed(desk, "deductions.push")
    assert [stream for stream, _ in of(desk, "payroll").behind] == ["register_line"], "a month's work has its month"


@pytest.mark.parametrize(("ran", "state"), [(True, "fresh"), (False, "stale")])
def test_what_a_schedule_has_read_is_as_old_as_the_schedule_is_late(desk: Desk, ran: bool, state: str) -> None:
    read_before(desk, payroll_person=60)
    timed(desk, "sync", ran)
    assert of(desk, "payroll").state == state


LAST = {
    "monthly, read": (20, 20, -10, "", "fresh"),
    "monthly, its run has read nothing": (50, 20, -10, "", "stale"),
    "put off": (20, 20, 1, "nothing starts until Monday", "fresh"),
    "cannot be started": (20, 20, 19, "cannot be started: no time zone", "stale"),
    "the run before hangs": (21, 20, -1, "the run before is not done yet", "stale"),
}
"""Days since the stream was read, since the last time that has run and since the time that is meant; note; state."""


@pytest.mark.parametrize("case", sorted(LAST))
def test_a_schedule_speaks_for_a_stream_only_while_it_reads_it(desk: Desk, case: str) -> None:
    read, last, slot, note, state = LAST[case]
    read_before(desk, payroll_person=read)
    timed(desk, "sync")
    with desk.store.write("acme") as session:
        now = session.clock()
        session.connection.execute(update(schedule).values(
            last_at=iso(now - timedelta(days=last)), slot_at=iso(now - timedelta(days=slot)), note=note
        ))  # fmt: skip
    assert of(desk, "payroll").state == state


def test_a_stream_that_the_settings_name_no_more_is_not_missed(desk: Desk) -> None:
    read_before(desk, pay_calendar=1, register_line=60)
    dates: dict[str, Any] = {
        "pattern": "*.csv",
        "columns": {"pay_date": "Paid", "period_start": "From", "period_end": "To"},
    }
    dates["constants"] = {"pay_group": "monthly"}
    settings = {"place": {"folder": "inbox"}, "streams": {"pay_calendar": dates}}
    with desk.store.write("acme") as session:
        mine = connection.c.connection_id == "payroll"
        session.connection.execute(update(connection).where(mine).values(connector="files", settings=settings))
    assert of(desk, "payroll").state == "stale"
    assert of(desk, "payroll", known=True).state == "fresh"


def test_a_read_that_brings_nothing_is_no_word(desk: Desk, person: Person) -> None:
    desk.take("employee", person(7))
    told = of(desk, "hris").told_at
    assert told.startswith("2026-11-23")
    later = desk.store.clock() + timedelta(days=2)
    desk.store = replace(desk.store, clock=lambda: later)
    with desk.store.write("acme") as session:
        batch_id = intake.open_batch(session, "hris", "employee", "nightly")
        intake.stage(session, batch_id, Page("employee", [], b"[]"))
        intake.finish(session, batch_id)
    found = of(desk, "hris")
    assert found.read_at.startswith("2026-11-25") and found.told_at == told
