"""Schedules as rows: added, paused, resumed, removed, and moved on to their next time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, delete, select, update
from sqlalchemy.exc import IntegrityError

from benehub.connections import registry
from benehub.engine.blackouts import parse_blackout
from benehub.engine.timetable import Closed, Timetable, due_at, next_slot, opens
from benehub.engine.timetable import check as check_table
from benehub.errors import ConfigError, DataError
from benehub.flows.hub import Hub
from benehub.flows.schedulable import Wanted, check
from benehub.store import Session, iso
from benehub.store.tables import employer as employer_table
from benehub.store.tables import schedule
from benehub.store.version import must_be, version
from benehub.views.schedules import STUCK

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
EVERY = re.compile(r"(\d{1,5})([mhd])")
MAX_JITTER = 6 * 3600
"""Seconds by which a time may be spread at most."""

MOMENT = timedelta(microseconds=1)

AGAIN = timedelta(minutes=10)
"""What cannot be started is tried again after so long."""

CLOSED = tuple(one.value for one in Closed)
"""What may happen on week-ends and bank holidays."""
CATCH_UP = ("once", "skip")
"""What may happen after an outage."""
EDITED = ("flow", "connection_id", "options", "cron", "every_s", "zone", "closed_days", "blackouts", "jitter_s",
          "catch_up", "anchor_at", "state")  # fmt: skip
"""What a person says of a schedule."""


@dataclass(frozen=True, slots=True)
class When:
    """When a schedule shall start, as a person says it."""

    cron: str = ""
    every: str = ""
    """As 15m, 6h or 1d."""
    zone: str = ""
    """Name of a time zone; the employer's when left out."""
    closed: str = "run"
    blackouts: Sequence[str] = field(default_factory=tuple)
    jitter: int = 0
    """Seconds."""
    catch_up: str = "once"


def add(hub: Hub, employer: str, name: str, wanted: Wanted, when: When, keep: bool = True) -> list[datetime]:
    """Add a schedule; gives its next five times. With `keep` off they are only worked out.

    Raises:
        DataError: the name is taken or none, or something of it cannot be kept.
        ConfigError: no such connection, or no time of it ever comes.
    """
    if NAME.fullmatch(name) is None:
        raise DataError(f"a schedule cannot be called {name[:60]!r}",
                        mend="Small letters, digits, dot, dash; at most 60")  # fmt: skip
    with hub.store.write(employer) as session:
        row, table = _checked(hub, session, name, wanted, when)
        times = [next_slot(table, session.clock())]
        while len(times) < 5:
            times.append(next_slot(table, times[-1]))
        if keep:
            try:
                session.add(schedule, [row | _due(session, table, name, times[0])])
            except IntegrityError:
                mend = "Remove it first: benehub schedule remove, or choose another name"
                raise DataError(f"there is a schedule {name!r}", mend=mend) from None
    return times


def change(
    hub: Hub, employer: str, name: str, wanted: Wanted, when: When, expected: str = "", keep: bool = True
) -> datetime:  # fmt: skip
    """Let a schedule start something else, or at other times; gives the next. One that is paused stays so; one that
    could not be started is tried again at once, for the time that is due.

    With `keep` off it is only checked.

    Raises:
        DataError: there is none of this name, or something of it cannot be kept.
        ConfigError: no such connection, or no time of it ever comes.
        ChangedMeanwhile: its version is not the one `expected`, where one is named.
    """
    with hub.store.write(employer) as session:
        before = get(session, name)
        must_be(expected, _edited(before), f"schedule {name}")
        row, table = _checked(hub, session, name, wanted, when)
        slot = next_slot(table, session.clock())
        edited = {one: row[one] for one in EDITED if one != "state"}
        values = {**edited, "country": row["country"], **_due(session, table, name, slot)}
        if before.state == "on":
            values["note"] = ""
            if STUCK in before.note:  # its time is still due: what kept it from starting may be mended now
                slot = session.clock()
                values |= {"slot_at": before.slot_at, "next_at": iso(slot)}
        if keep:
            session.change(schedule, {"name": name}, **values)
    return slot


def coming(session: Session, row: Row[Any], count: int = 5) -> list[str]:
    """The next moments of a schedule, as ISO text, before they are spread."""
    table, at, found = _table(row), session.clock(), list[str]()
    while len(found) < count:
        at = next_slot(table, at)
        found.append(iso(at))
    return found


def first_from(row: Row[Any], at: datetime) -> str:
    """A schedule's first time from a moment on, as ISO text; empty where none comes or its times cannot be read."""
    try:
        return iso(next_slot(_table(row), at - MOMENT))
    except (ConfigError, DataError):
        return ""  # the tick keeps the reason on the schedule


def kept(row: Row[Any]) -> tuple[Wanted, When]:
    """A schedule as a person says it: what it starts, and when."""
    when = When(row.cron, interval(row.every_s), row.zone, row.closed_days, row.blackouts, row.jitter_s, row.catch_up)
    return Wanted(row.flow, row.connection_id or "", row.options), when


def interval(seconds: int) -> str:
    """An interval as a person writes it; empty for none."""
    unit, size = next((one for one in (("d", 86400), ("h", 3600)) if seconds % one[1] == 0), ("m", 60))
    return f"{seconds // size}{unit}" if seconds else ""


def _checked(hub: Hub, session: Session, name: str, wanted: Wanted, when: When) -> tuple[dict[str, Any], Timetable]:
    """What is kept of a schedule that may be, and its times."""
    checked = check(hub.book(session), wanted)
    if checked.connection:
        registry.get(session, checked.connection)
    row = _row(session, name, checked, when)
    return row, _table(row)


def _row(session: Session, name: str, wanted: Wanted, when: When) -> dict[str, Any]:
    home = session.connection.execute(
        select(employer_table.c.timezone, employer_table.c.country).where(
            employer_table.c.employer_id == session.employer
        )
    ).one()
    if when.catch_up not in CATCH_UP:
        raise DataError(f"no way to catch up is {when.catch_up[:20]!r}", mend="Choose once or skip")
    if not 0 <= when.jitter <= MAX_JITTER:
        raise DataError("the jitter is too long", mend=f"At most {MAX_JITTER} seconds")
    return {
        "name": name, "flow": wanted.flow, "connection_id": wanted.connection or None,
        "options": dict(wanted.options), "cron": " ".join(when.cron.split()), "every_s": _seconds(when.every),
        "anchor_at": session.now(), "zone": _zone(when.zone or str(home.timezone)), "closed_days": when.closed,
        "country": home.country.lower(), "blackouts": [parse_blackout(one).text for one in when.blackouts],
        "jitter_s": when.jitter, "catch_up": when.catch_up, "state": "on", "last_at": None, "last_run": None,
        "note": "",
    }  # fmt: skip


def _seconds(text: str) -> int:
    found = EVERY.fullmatch(text.strip())
    if text and found is None:
        raise DataError(f"no interval: {text[:20]!r}", mend="Write it as 15m, 6h or 1d")
    return int(found[1]) * {"m": 60, "h": 3600, "d": 86400}[found[2]] if found else 0


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(f"no time zone {name[:60]!r}", mend='Write it as "America/New_York"') from None


def _table(row: Any) -> Timetable:
    """Its times.

    Raises:
        DataError: something of it cannot be read.
        ConfigError: no bank calendar is known for its country.
    """
    value = row if isinstance(row, dict) else row._mapping
    if value["closed_days"] not in CLOSED:
        raise DataError(
            f"closed days cannot be {value['closed_days'][:20]!r}", mend="Choose run, skip, before or after"
        )
    table = Timetable(
        zone=ZoneInfo(_zone(value["zone"])), cron=value["cron"], every=timedelta(seconds=value["every_s"]),
        anchor=datetime.fromisoformat(value["anchor_at"]), closed=Closed(value["closed_days"]),
        country=value["country"], blackouts=tuple(map(parse_blackout, value["blackouts"])), jitter=value["jitter_s"],
    )  # fmt: skip
    check_table(table)
    return table


def _due(session: Session, table: Timetable, name: str, slot: datetime) -> dict[str, str]:
    return {"slot_at": iso(slot), "next_at": iso(due_at(table, slot, f"{session.employer}/{name}"))}


def get(session: Session, name: str) -> Row[Any]:
    """One schedule.

    Raises:
        DataError: there is none of this name.
    """
    row = session.connection.execute(select(schedule).where(*session.where(schedule, name=name))).first()
    if row is None:
        raise DataError(f"no schedule {name[:60]!r}", mend="See `benehub schedule list`")
    return row


def version_of(row: Row[Any]) -> str:
    """The version of a schedule: other as soon as somebody has changed it; that its time came is no change."""
    return version(_edited(row))


def versions(session: Session) -> dict[str, str]:
    """The version of every schedule, by name."""
    return {str(row.name): version_of(row) for row in session.rows(select(schedule).where(*session.where(schedule)))}


def _edited(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in EDITED}


def pause(hub: Hub, employer: str, name: str, note: str = "paused by hand", expected: str = "") -> None:
    """Let a schedule start nothing until it is resumed.

    Raises:
        DataError: there is none of this name.
        ChangedMeanwhile: its version is not the one `expected`, where one is named; so below.
    """
    with hub.store.write(employer) as session:
        must_be(expected, _edited(get(session, name)), f"schedule {name}")
        session.change(schedule, {"name": name}, state="paused", note=note)


def resume(hub: Hub, employer: str, name: str, expected: str = "") -> datetime:
    """Let a schedule start again, from its next time on: what fell into the pause is not made up for; gives it.

    Raises:
        DataError: there is none of this name.
        ConfigError: no time of it ever comes.
    """
    with hub.store.write(employer) as session:
        row = get(session, name)
        must_be(expected, _edited(row), f"schedule {name}")
        table = _table(row)
        slot = next_slot(table, session.clock())
        session.change(schedule, {"name": name}, state="on", note="", **_due(session, table, name, slot))
    return slot


def remove(hub: Hub, employer: str, name: str, expected: str = "") -> None:
    """Remove a schedule; its runs stay.

    Raises:
        DataError: there is none of this name.
    """
    with hub.store.write(employer) as session:
        must_be(expected, _edited(get(session, name)), f"schedule {name}")
        session.connection.execute(delete(schedule).where(*session.where(schedule, name=name)))


def move_on(session: Session, row: Row[Any], run_id: str | None, note: str) -> None:
    """The time that was due is over: the next one after now is the schedule's, whatever was missed between.

    Nothing happens where somebody else has moved it on, paused or removed it. A schedule of which no time comes any
    more is paused, with the reason.
    """
    table, now = _table(row), session.clock()
    values: dict[str, Any] = {"note": note}
    if run_id is not None:
        values |= {"last_at": row.slot_at, "last_run": run_id}
    try:
        slot = next_slot(table, max(now, datetime.fromisoformat(row.slot_at).astimezone(UTC)))
        values |= _due(session, table, row.name, slot)
    except ConfigError as error:
        values |= {"state": "paused", "note": str(error)}
    _set(session, row, **values)


def put_off(session: Session, row: Row[Any]) -> str | None:
    """Let a time that is due, where nothing may start now, come once something may; gives that moment as ISO text."""
    table = _table(row)
    end = _opens(session, table)
    if end is None:
        return None
    at = iso(due_at(table, end, f"{session.employer}/{row.name}"))
    _set(session, row, next_at=at, note=f"{row.slot_at}: nothing starts until {iso(end)}")
    return at


def put_back(session: Session, run_id: str) -> bool:
    """Whether a run that its schedule started last begins where nothing may start: then its time comes once something
    may, as one of its own, unless another one comes before that."""
    row = session.connection.execute(select(schedule).where(*session.where(schedule, last_run=run_id))).first()
    table = None if row is None else _table(row)
    end = None if table is None else _opens(session, table)
    if row is None or table is None or end is None:
        return False
    if row.next_at > iso(end):
        note = f"{row.last_at}: nothing starts until {iso(end)}"
        _set(session, row, note=note, **_due(session, table, row.name, end))
    return True


def _opens(session: Session, table: Timetable) -> datetime | None:
    try:
        return opens(table, session.clock())
    except ConfigError:
        return None  # it would never come: better in a closed hour, and `move_on` says why no other one follows


def set_back(session: Session, row: Row[Any], reason: str) -> None:
    """Keep why a time that is due cannot be started, and let it be tried again after a while: others are due too."""
    _set(session, row, next_at=iso(session.clock() + AGAIN), note=f"{row.slot_at}: {STUCK}: {reason}"[:2000])


def _set(session: Session, row: Row[Any], **values: Any) -> None:
    """Change a schedule as it was read; nothing happens where somebody else moved it on, paused or removed it."""
    session.connection.execute(
        update(schedule)
        .where(*session.where(schedule, name=row.name, state="on", next_at=row.next_at))
        .values(**values)
    )
