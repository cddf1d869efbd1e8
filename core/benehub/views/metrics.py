"""What a monitor asks of the installation: counts and ages by employer and connection, in a fixed number of queries.

Nothing here names a person, a plan or an amount, and what a figure is told by is bounded: employers, connections, and
words of ours. Each figure is one query over all employers, found by an index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Float, Row, case, cast, func, literal, select
from sqlalchemy.sql import ColumnElement

from benehub.store import Session, Store, iso
from benehub.store.locks import WAITING, alive
from benehub.store.tables import (
    alarm,
    closing,
    connection,
    difference,
    dispatch,
    employer,
    intake_batch,
    intake_row,
    notification,
    obligation,
    row_waits,
    run,
    schedule,
    stream_state,
)
from benehub.views.fresh import READING

DAY = timedelta(days=1)
AGES = (("1d", DAY), ("7d", 7 * DAY), ("30d", 30 * DAY), ("90d", 90 * DAY))
"""Buckets of age: younger than each; what is older is `older`."""
LATENCIES = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)
"""Buckets of seconds from when a dispatch was frozen to when it had left."""
OUTCOMES = ("applied", "unchanged", "quarantined", "superseded")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, what it means, by which labels it is told, and the values; of a counter, since ever."""

    name: str
    says: str
    labels: tuple[str, ...]
    values: Sequence[tuple[tuple[str, ...], float]]
    counter: bool = False


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the last day's dispatches of a connection took to leave: how many within each bucket, and the sum."""

    employer: str
    connection: str
    within: tuple[int, ...]
    count: int
    seconds: float


def figures(store: Store) -> list[Figure]:
    """All figures of the installation but the latencies."""
    now = store.clock()
    with store.read("") as session:
        found = [make(session, now) for make in _FIGURES]
    waits, seconds = store.windows.waited()
    held, longest = store.windows.held()
    return [
        *found,
        Figure("limiter_waits", "Calls that waited for a vendor's rate limit.", (), [((), waits)], True),
        Figure("limiter_wait_seconds", "Seconds that they waited.", (), [((), seconds)], True),
        Figure("limiter_accounts_held", "Vendor accounts that were told to wait and still do.", (), [((), held)]),
        Figure("limiter_held_seconds", "Longest wait that is left of them, in seconds.", (), [((), longest)]),
    ]


def latencies(store: Store) -> list[Latency]:
    """How long the dispatches of the last day took, by connection."""
    since = iso(store.clock() - DAY)
    with store.read("") as session:
        took = _seconds(session, dispatch.c.sent_at) - _seconds(session, dispatch.c.prepared_at)
        within = [func.sum(case((took <= bound, 1), else_=0)).label(f"w{n}") for n, bound in enumerate(LATENCIES)]
        rows = session.rows(
            select(
                dispatch.c.employer_id, dispatch.c.connection_id, *within, func.count().label("many"),
                func.sum(took).label("seconds"),
            )
            .where(dispatch.c.sent_at >= since)
            .group_by(dispatch.c.employer_id, dispatch.c.connection_id)
        )  # fmt: skip
    return [
        Latency(
            row.employer_id, row.connection_id, tuple(int(row._mapping[f"w{n}"]) for n in range(len(LATENCIES))),
            int(row.many), float(row.seconds),
        )
        for row in rows
    ]  # fmt: skip


def _seconds(session: Session, moment: ColumnElement[Any]) -> ColumnElement[float]:
    """Seconds since some day of a moment kept as text."""
    if session.connection.dialect.name == "sqlite":
        return func.julianday(moment) * literal(86400.0)
    return cast(func.extract("epoch", cast(moment, DateTime(timezone=True))), Float)


def _plain(rows: Iterable[Row[Any]]) -> list[tuple[tuple[str, ...], float]]:
    """Rows of labels and, last, a value."""
    values = [tuple(row) for row in rows]
    return [(tuple(map(str, row[:-1])), float(row[-1])) for row in values]


def _freshness(name: str, says: str, moment: str) -> Callable[..., Figure]:
    """Seconds since a moment of each stream of a connection that is not paused; one that has none is left out."""

    def make(session: Session, now: datetime) -> Figure:
        at = stream_state.c[moment]
        query = (
            select(stream_state.c.employer_id, stream_state.c.connection_id, stream_state.c.stream, at.label("at"))
            .join(
                connection,
                (connection.c.employer_id == stream_state.c.employer_id)
                & (connection.c.connection_id == stream_state.c.connection_id),
            )
            .where(connection.c.mode != "paused", at != "")
        )
        values = [((row.employer_id, row.connection_id, row.stream), _age(now, row.at)) for row in session.rows(query)]
        return Figure(name, says, ("employer", "connection", "stream"), values)

    return make


def _runs(session: Session, _now: datetime) -> Figure:
    keys = run.c.employer_id, run.c.state, run.c.executor
    query = select(*keys, func.count().label("many")).where(run.c.state == "running").group_by(*keys)
    rows = session.rows(query)
    living = alive(session.connection, {str(row.executor) for row in rows} - {WAITING})
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        told = "running" if row.executor in living else "interrupted"
        found[row.employer_id, "queued" if row.executor == WAITING else told] += row.many
    ended = select(run.c.employer_id, run.c.state, func.count()).where(run.c.state.in_(("failed", "held")))
    return Figure(
        "runs", "Runs that wait in the queue, run, were interrupted, failed or are held.", ("employer", "state"),
        [*found.items(), *_plain(session.rows(ended.group_by(run.c.employer_id, run.c.state)))],
    )  # fmt: skip


def _never_read(session: Session, _now: datetime) -> Figure:
    """Beside the age of the last read, which such a one has not."""
    read = (
        select(literal(1))
        .where(
            stream_state.c.employer_id == schedule.c.employer_id,
            stream_state.c.connection_id == schedule.c.connection_id,
        )
        .exists()
    )
    query = (
        select(schedule.c.employer_id, func.count(func.distinct(schedule.c.connection_id)))
        .join(
            connection,
            (connection.c.employer_id == schedule.c.employer_id)
            & (connection.c.connection_id == schedule.c.connection_id),
        )
        .where(schedule.c.flow.in_(READING), schedule.c.state == "on", connection.c.mode != "paused", ~read)
        .group_by(schedule.c.employer_id)
    )
    return Figure(
        "connections_never_read", "Connections that a schedule reads and that were never read with success.",
        ("employer",), _plain(session.rows(query)),
    )  # fmt: skip


def _queue_age(session: Session, now: datetime) -> Figure:
    query = (
        select(run.c.employer_id, func.min(run.c.started_at).label("at"))
        .where(run.c.state == "running", run.c.executor == WAITING)
        .group_by(run.c.employer_id)
    )
    values = [((row.employer_id,), _age(now, row.at)) for row in session.rows(query)]
    return Figure("queue_oldest_seconds", "How long the oldest run has waited in the queue.", ("employer",), values)


def _age(now: datetime, at: str) -> float:
    return max(0.0, (now - datetime.fromisoformat(at)).total_seconds())


def _by_state(name: str, says: str, table: Any, states: tuple[str, ...], *labels: str) -> Callable[..., Figure]:
    """A count of an employer's rows in these states; each employer's are found by the index on his states."""

    def make(session: Session, _now: datetime) -> Figure:
        keys = [table.c.employer_id, *(table.c[f"{one}_id"] for one in labels), table.c.state]
        query = (
            select(*keys, func.count())
            .join_from(employer, table, table.c.employer_id == employer.c.employer_id)
            .where(table.c.state.in_(states))
            .group_by(*keys)
        )
        return Figure(name, says, ("employer", *labels, "state"), _plain(session.rows(query)))

    return make


def _custody(session: Session, now: datetime) -> Figure:
    query = (
        select(intake_batch.c.employer_id, *(func.sum(intake_batch.c[one]).label(one) for one in OUTCOMES))
        .where(intake_batch.c.recorded_at >= iso(now - DAY), intake_batch.c.state == "applied")
        .group_by(intake_batch.c.employer_id)
    )
    values = [((row.employer_id, one), float(row._mapping[one])) for row in session.rows(query) for one in OUTCOMES]
    return Figure("rows_read", "Rows read in the last day, by what became of them.", ("employer", "outcome"), values)


def _quarantine(session: Session, _now: datetime) -> Figure:
    query = select(intake_row.c.employer_id, func.count()).where(row_waits).group_by(intake_row.c.employer_id)
    return Figure("rows_waiting", "Rows that wait in quarantine.", ("employer",), _plain(session.rows(query)))


def _differences(session: Session, now: datetime) -> Figure:
    age = case(
        *((difference.c.first_seen > iso(now - bound), name) for name, bound in AGES), else_="older"
    ).label("age")  # fmt: skip
    query = (
        select(difference.c.employer_id, difference.c.state, age, func.count())
        .join_from(employer, difference, difference.c.employer_id == employer.c.employer_id)
        .where(difference.c.state.in_(("pending", "discrepancy", "suppressed")))
        .group_by(difference.c.employer_id, difference.c.state, age)
    )
    return Figure(
        "differences", "Differences that are not closed, by state and age.", ("employer", "state", "age"),
        _plain(session.rows(query)),
    )  # fmt: skip


def _alarms(session: Session, _now: datetime) -> Figure:
    query = select(alarm.c.employer_id, alarm.c.level, func.count()).group_by(alarm.c.employer_id, alarm.c.level)
    return Figure(
        "alarms", "Alarms of deadlines that were raised.", ("employer", "level"), _plain(session.rows(query)), True
    )


def _untold(session: Session, _now: datetime) -> Figure:
    query = (
        select(notification.c.employer_id, func.count())
        .where(notification.c.state == "waiting")
        .group_by(notification.c.employer_id)
    )
    return Figure(
        "notifications_waiting", "Messages of alarms that no notifier has taken yet.", ("employer",),
        _plain(session.rows(query)),
    )  # fmt: skip


def _overdue(session: Session, now: datetime) -> Figure:
    query = (
        select(schedule.c.employer_id, func.count())
        .where(schedule.c.state == "on", schedule.c.next_at < iso(now - timedelta(minutes=10)))
        .group_by(schedule.c.employer_id)
    )
    return Figure(
        "schedules_overdue", "Schedules due for ten minutes that no worker has looked at.", ("employer",),
        _plain(session.rows(query)),
    )  # fmt: skip


def _verified(session: Session, _now: datetime) -> Figure:
    query = select(closing.c.employer_id, func.max(closing.c.closed_at).label("at")).group_by(closing.c.employer_id)
    values = [((row.employer_id,), datetime.fromisoformat(row.at).timestamp()) for row in session.rows(query)]
    return Figure(
        "ledger_verified_timestamp_seconds", "When the ledger was last proved whole, at the closing of a month.",
        ("employer",), values,
    )  # fmt: skip


_FIGURES: tuple[Callable[[Session, datetime], Figure], ...] = (
    _freshness(
        "connection_last_read_seconds", "Seconds since a stream of a connection was last read with success.", "read_at"
    ),
    _freshness(
        "connection_last_told_seconds", "Seconds since a read of a stream last brought any row.", "told_at"
    ),
    _runs,
    _never_read,
    _queue_age,
    _by_state("obligations", "Obligations that are not met.", obligation, ("open", "held", "refused")),
    _by_state(
        "dispatches", "Dispatches that have not ended well.", dispatch,
        ("prepared", "held", "sending", "unknown", "failed", "refused"), "connection",
    ),
    _custody,
    _quarantine,
    _differences,
    _alarms,
    _untold,
    _overdue,
    _verified,
)  # fmt: skip
