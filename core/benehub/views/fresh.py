"""How fresh what every connection tells is, each stream by itself: one that is read daily says nothing of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row, select

from benehub import connections
from benehub.connect.connector import Connector
from benehub.connections import Configured
from benehub.store import Session
from benehub.store.tables import run, schedule, stream_state

QUIET: Final = timedelta(days=3)
"""A stream that no schedule reads is stale when it was not read for so long: over a week-end nobody has to look."""

CYCLE: Final = timedelta(days=35)
"""A stream that other work of a schedule reads, as the results of a pay date, is stale after so long."""

OVERDUE: Final = timedelta(hours=1)

READING: Final = frozenset({
    "sync", "payroll.calendar", "payroll.results", "enrollments.acks", "premiums.invoice", "premiums.answers",
    "retirement.credits", "accounts.confirmations", "notices.reports",
})  # fmt: skip
"""The flows of schedules that read their connection; the others only send."""

UNKNOWN: Final[Mapping[str, type[Connector]]] = MappingProxyType({})
"""No connector is known: every stream that was ever read is held to be read still."""


@dataclass(frozen=True, slots=True)
class Source:
    """How fresh what a connection tells is."""

    connection: str
    mode: str
    read_at: str
    """When anything of it was read last; empty: never."""
    told_at: str
    """When a read last brought any row; a mailbox is read each night and brings nothing for months. Empty: never."""
    state: str
    """fresh, stale, failing, paused, or never (it was never read)."""
    behind: tuple[tuple[str, str], ...] = ()
    """The streams that were not read for too long, each with when it was read last, the oldest first."""


def sources(session: Session, known: Mapping[str, type[Connector]] = UNKNOWN) -> list[Source]:
    """Every connection with how fresh it is, those that need somebody first.

    Args:
        session: of the employer.
        known: the connectors by name: a stream that a connection's settings do not read any more is not stale.
    """
    streams: dict[str, list[Row[Any]]] = {}
    for row in session.rows(select(stream_state).where(*session.where(stream_state))):
        streams.setdefault(row.connection_id, []).append(row)
    timed: dict[str, list[Row[Any]]] = {}
    for row in session.rows(_schedules(session)):
        timed.setdefault(row.connection_id, []).append(row)
    found = [
        _source(session.clock(), row, streams.get(row.connection_id, []), timed.get(row.connection_id, []), known)
        for row in connections.listed(session)
    ]
    rank = {"failing": 0, "stale": 1, "never": 2, "paused": 3, "fresh": 4}
    return sorted(found, key=lambda one: (rank[one.state], one.connection))


def _schedules(session: Session) -> Any:
    """Schedules of connections, each with how its last run ended."""
    return (
        select(
            schedule.c.connection_id, schedule.c.flow, schedule.c.options, schedule.c.next_at, schedule.c.last_at,
            schedule.c.slot_at, schedule.c.note, run.c.state,
        )
        .join(run, (run.c.employer_id == schedule.c.employer_id) & (run.c.run_id == schedule.c.last_run), isouter=True)
        .where(*session.where(schedule, state="on"), schedule.c.connection_id.is_not(None))
    )  # fmt: skip


def _source(
    now: datetime, row: Configured, streams: Sequence[Row[Any]], timed: Sequence[Row[Any]],
    known: Mapping[str, type[Connector]],
) -> Source:  # fmt: skip
    behind = sorted(_behind(now, row, streams, timed, known), key=lambda one: (one[1], one[0]))
    if row.mode == "paused":
        state, behind = "paused", []
    elif any(one.state in ("failed", "held") for one in timed):
        state = "failing"
    elif behind or any(datetime.fromisoformat(one.next_at) < now - OVERDUE for one in timed):
        state = "stale"
    else:
        state = "fresh" if streams else "never"
    read_at = max((one.read_at for one in streams), default="")
    told_at = max((one.told_at for one in streams), default="")
    return Source(row.connection_id, row.mode, read_at, told_at, state, tuple(behind))


def _behind(
    now: datetime, row: Configured, streams: Sequence[Row[Any]], timed: Sequence[Row[Any]],
    known: Mapping[str, type[Connector]],
) -> Iterator[tuple[str, str]]:  # fmt: skip
    old = [one for one in streams if _is_old(now, one, timed)]
    still = connections.streams_read(known, row) if old else None
    yield from ((one.stream, one.read_at) for one in old if still is None or one.stream in still)


def _is_old(now: datetime, stream: Row[Any], timed: Sequence[Row[Any]]) -> bool:
    """Whether a stream was not read for too long; one that a schedule reads at each of its times never is."""
    ran = [one for one in timed if one.last_at is not None]
    reads = [one for one in ran if one.flow == "sync" and one.options.get("stream", stream.stream) == stream.stream]
    if any(_keeps_up(now, stream, one) for one in reads):
        return False
    patience = CYCLE if any(one.flow != "sync" for one in ran) else QUIET
    return datetime.fromisoformat(stream.read_at) < now - patience


def _keeps_up(now: datetime, stream: Row[Any], timed: Row[Any]) -> bool:
    """Whether a schedule has read a stream at its last time, or may still be about to.

    Its note says why a time of it has started nothing: that one may be put off for a while, one that is passed over
    reads nothing any more.
    """
    slot, read_at = datetime.fromisoformat(timed.slot_at), datetime.fromisoformat(stream.read_at)
    last = datetime.fromisoformat(timed.last_at)
    if timed.note:
        return read_at >= last and slot <= now <= slot + QUIET
    return read_at >= last or now <= last + QUIET
