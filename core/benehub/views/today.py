"""Is this month right: the state of every leg, what is at stake, what is due next, and what has gone quiet.

Every part is counted by the database; nothing here grows with the number of employees but the sums themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from benehub.connect.connector import Connector
from benehub.identity import strangers
from benehub.ledger.books import closed
from benehub.money import EXPONENT
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import MONTHLY, Relation, fixes
from benehub.reconcile.compared import Compared, compared, stale
from benehub.reconcile.differences import is_of_now
from benehub.reconcile.findings import OF_NOW, Type
from benehub.rules.deadline.latest_safe import Level
from benehub.store import Session, iso
from benehub.store.tables import (
    difference,
    dispatch,
    hook_subscription,
    intake_batch,
    intake_row,
    row_waits,
    run,
    still_open,
)
from benehub.views import questions
from benehub.views.deadlines import Deadline
from benehub.views.fresh import UNKNOWN, Source, sources
from benehub.views.own_times import Passed, Times, no_times, passed
from benehub.views.runs import INTERRUPTED
from benehub.views.runs import runs as listed_runs

LEGS: Final[dict[str, tuple[str, ...]]] = {
    "payroll": ("payroll",),
    "premiums": ("premium", "coverage", "enrollment", "credit"),
    "retirement": ("retirement", "accounts"),
    "leave": ("leave",),
    "intake": ("intake",),
    "year": ("year",),
}
"""The legs of a month, each with the relations that are compared for it: every relation is of one, as all keep a month
from being signed."""

_NOW: Final = frozenset(relation.value for relation, _ in OF_NOW)

SOON: Final = timedelta(days=14)
"""How far ahead deadlines are shown."""

NAMED: Final = 8


@dataclass(slots=True)
class Leg:
    """One leg of a month."""

    name: str
    state: str = "right"
    """right, waiting (explained and in its time), broken, unread (with somebody nothing was compared, for nothing of
    the month was read of him), unknown (never compared), or old: what was compared does not say what holds now, so the
    month cannot be closed either."""
    discrepancies: int = 0
    pending: int = 0
    at_risk: dict[str, int] = field(default_factory=dict)
    """What discrepancies have at stake, by unit: minor units, or minutes of leave."""
    compared_at: str = ""
    oldest: str = ""
    """When the oldest discrepancy was first seen."""
    silent: list[tuple[str, str]] = field(default_factory=list)
    """Relation and connection: nothing of the month was read of it, so nothing was compared with it."""


@dataclass(frozen=True, slots=True)
class Coming:
    """What has to leave by a day, or to clear by it."""

    kind: str
    """Kind of the deadline; `difference` for what is to clear by itself."""
    by: date
    due: date
    count: int
    """0 where it is not known yet."""
    worth: int
    currency: str
    late: bool


@dataclass(slots=True)
class Today:
    """One employer's month in one look."""

    month: Month
    signed: bool
    legs: list[Leg]
    at_risk: dict[str, int]
    coming: list[Coming]
    sources: list[Source]
    unlinked: dict[str, int]
    quarantine: dict[str, int]
    """Rows that wait for somebody, by connection and stream."""
    told_rows: int
    """How many of those the legs count as discrepancies."""
    held: int
    """Reads that wait for somebody's word."""
    unsettled: dict[str, int]
    """Dispatches nobody knows the end of, or that were refused, by state."""
    runs: dict[str, int]
    """Runs of the last week that failed or are held, by state."""
    fixes: dict[str, int]
    """Fixes that wait for somebody, by state: proposed, approved and not all gone, or failed."""
    questions: int
    """Of employees, that wait for an answer."""
    unheard: int
    """Addresses that hear of our events and did not take the last that was sent there; paused ones are left out."""

    passed: list[Passed]
    """Months for which a schedule has started nothing although its times for them are over."""

    @property
    def discrepancies(self) -> int:
        """How many are open in all legs."""
        return sum(one.discrepancies for one in self.legs)

    @property
    def state(self) -> str:
        """The worst of its legs, by name."""
        return worst(self.legs)

    @property
    def elsewhere(self) -> int:
        """What needs somebody although no leg says so: sources, strangers, quarantine, dispatches, runs and so on."""
        quiet = sum(one.state in ("stale", "failing", "never") for one in self.sources)
        counted = (self.unlinked, self.unsettled, self.runs, self.fixes)
        alone = self.held + self.unheard + self.questions + len(self.passed)
        untold = max(0, sum(self.quarantine.values()) - self.told_rows)
        return quiet + alone + untold + sum(sum(one.values()) for one in counted)


def working_month(session: Session) -> Month:
    """The month that is worked: the one after the last signed, else the last that was compared, else this one."""
    now = Month.of(session.today())
    signed = closed(session)
    if signed:
        return min(signed[-1].month.plus(1), now)
    newest = max((row.period for row in _until(session, now)), default="")
    return Month.parse(newest[:7]) if newest else now


def today(
    session: Session, book: PlanBook, month: Month, deadlines: Sequence[Deadline],
    known: Mapping[str, type[Connector]] = UNKNOWN, times: Times = no_times,
) -> Today:  # fmt: skip
    """The look at a month; `deadlines` are those open within `SOON`, `known` the connectors by name, and `times` tells
    when schedules start."""
    counts = _open(session, month)
    legs = [_leg(session, name, month, counts) for name in _present(book, counts)]
    quarantine = _quarantine(session)
    return Today(
        month=month,
        signed=any(one.month == month for one in closed(session)),
        legs=legs,
        at_risk=risk(legs),
        coming=coming(session, deadlines),
        sources=sources(session, known),
        unlinked={name: count for name, count in strangers.counted(session).items() if count},
        quarantine=quarantine,
        told_rows=_told_rows(session, month) if quarantine else 0,
        held=_count(session, intake_batch, "held"),
        unsettled=_by_state(session, dispatch, ("prepared", "held", "sending", "unknown", "refused", "failed")),
        runs=_ended_badly(session),
        fixes=fixes.waiting(session),
        questions=questions.waiting(session),
        unheard=_unheard(session),
        passed=passed(session, times),
    )


def legs(session: Session, book: PlanBook, month: Month) -> list[Leg]:
    """The legs alone: what a list of employers shows of each."""
    counts = _open(session, month)
    return [_leg(session, name, month, counts) for name in _present(book, counts)]


def worst(legs: Sequence[Leg]) -> str:
    """The worst state of these legs."""
    states = {one.state for one in legs}
    return next((one for one in ("broken", "unknown", "old", "unread", "waiting") if one in states), "right")


def risk(legs: Sequence[Leg]) -> dict[str, int]:
    """The money that discrepancies of these legs have at stake, by currency, in minor units; leave is no money."""
    found: dict[str, int] = {}
    for leg in legs:
        for unit, amount in leg.at_risk.items():
            if unit in EXPONENT:
                found[unit] = found.get(unit, 0) + amount
    return found


def _present(book: PlanBook, counts: Sequence[Row[Any]]) -> list[str]:
    """The legs that the plan book has, and whatever has something open; the year is nothing that each month has."""
    has = {
        "premiums": bool(list(book.insurance_plans())),
        "retirement": any(not plan.insured for plan in book.plans),
        "year": False,
    }
    found = {row.relation for row in counts}
    return [name for name, relations in LEGS.items() if has.get(name, True) or not found.isdisjoint(relations)]


def _open(session: Session, month: Month) -> list[Row[Any]]:
    """Open differences up to a month, and what is so now of later ones: all that its closing counts."""
    return [*_until(session, month), *_so_now(session, month)]


def _sums(session: Session, *of: ColumnElement[bool]) -> list[Row[Any]]:
    """Open differences counted by relation, state, period and unit, as the index has them."""
    kind = (difference.c.state, difference.c.relation, difference.c.period, difference.c.unit)
    query = select(
        *kind, func.count().label("number"), func.sum(difference.c.at_stake).label("amount"),
        func.min(difference.c.first_seen).label("oldest"),
    )  # fmt: skip
    return list(session.rows(query.where(*session.where(difference), still_open, *of).group_by(*kind)))


def _until(session: Session, month: Month) -> list[Row[Any]]:
    if "open" not in session.memo:
        session.memo["open"] = _sums(session)
    behind = str(month.plus(1))
    return [row for row in session.memo["open"] if row.period < behind]


def _so_now(session: Session, month: Month) -> list[Row[Any]]:
    """What is so now and was found for a later month first: asked only where anything is open behind this one."""
    behind = str(month.plus(1))
    if not any(row.period >= behind and row.relation in _NOW for row in session.memo["open"]):
        return []
    return _sums(session, difference.c.period >= behind, is_of_now())


def _leg(session: Session, name: str, month: Month, counts: Sequence[Row[Any]]) -> Leg:
    leg = Leg(name)
    for row in counts:
        if row.relation not in LEGS[name]:
            continue
        if row.state == "pending":
            leg.pending += int(row.number)
            continue
        leg.discrepancies += int(row.number)
        if row.amount:
            leg.at_risk[row.unit] = leg.at_risk.get(row.unit, 0) + int(row.amount)
        leg.oldest = min(filter(None, (leg.oldest, row.oldest)))
    known, behind = _compared(session, month)
    wanted = [one for one in MONTHLY if one.value in LEGS[name]]
    if wanted and all(one.value in known for one in wanted):
        leg.compared_at = min(known[one.value].at for one in wanted)
        leg.silent = [(one.value, name) for one in wanted for name in known[one.value].silent]
    if leg.discrepancies:
        leg.state = "broken"
    elif wanted and not leg.compared_at:
        leg.state = "unknown"
    elif any(one in behind for one in wanted):
        leg.state = "old"
    elif leg.silent:
        leg.state = "unread"
    elif leg.pending:
        leg.state = "waiting"
    return leg


def _compared(session: Session, month: Month) -> tuple[Mapping[str, Compared], Mapping[Relation, str]]:
    """The comparisons of a month, and the relations whose last one does not say what holds now, as its closing asks."""
    if ("compared", month) not in session.memo:
        session.memo["compared", month] = (compared(session, month), stale(session, month))
    told: tuple[Mapping[str, Compared], Mapping[Relation, str]] = session.memo["compared", month]
    return told


def coming(session: Session, deadlines: Sequence[Deadline]) -> list[Coming]:
    """What must leave or clear next, the soonest first; what is late comes before."""
    day = session.today()
    alike: dict[tuple[str, date, date, str], list[Deadline]] = {}
    for one in deadlines:
        alike.setdefault((one.kind, one.send_by, one.due, one.currency), []).append(one)
    clears = session.rows(
        select(
            difference.c.clear_by, difference.c.unit, func.count().label("number"),
            func.sum(difference.c.at_stake).label("worth"),
        )
        .where(*session.where(difference, state="pending"), difference.c.clear_by <= day + SOON)
        .group_by(difference.c.clear_by, difference.c.unit)
        .order_by(difference.c.clear_by)
        .limit(NAMED)
    )  # fmt: skip
    found = [
        Coming(kind, by, due, sum(one.items for one in each), sum(one.worth_minor for one in each), currency,
               any(one.level is Level.LATE for one in each))
        for (kind, by, due, currency), each in alike.items()
    ] + [
        Coming("difference", row.clear_by, row.clear_by, int(row.number), int(row.worth), row.unit,
               row.clear_by < day)
        for row in clears
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.by, one.kind))[:NAMED]


def _quarantine(session: Session) -> dict[str, int]:
    """What is read again before anybody mended it is one to mend."""
    rows = session.rows(
        select(
            intake_batch.c.connection_id,
            intake_batch.c.stream,
            func.count(intake_row.c.row_key.distinct()).label("number"),
        )
        .join(
            intake_row,
            (intake_row.c.employer_id == intake_batch.c.employer_id)
            & (intake_row.c.batch_id == intake_batch.c.batch_id),
        )
        .where(*session.where(intake_batch), row_waits)
        .group_by(intake_batch.c.connection_id, intake_batch.c.stream)
        .order_by(intake_batch.c.connection_id, intake_batch.c.stream)
    )
    return {f"{row.connection_id} {row.stream}": int(row.number) for row in rows}


def _told_rows(session: Session, month: Month) -> int:
    query = select(func.count()).where(
        *session.where(
            difference, relation=Relation.INTAKE.value, type=Type.ROW_QUARANTINED.value, state="discrepancy"
        ),
        difference.c.period < str(month.plus(1)),
    )
    return int(session.connection.execute(query).scalar_one())


def _count(session: Session, table: Any, state: str) -> int:
    query = select(func.count()).select_from(table).where(*session.where(table, state=state))
    return int(session.connection.execute(query).scalar_one())


def _unheard(session: Session) -> int:
    """Webhooks whose last try failed; one that paused itself by that is among them, one paused by hand is not."""
    failing = (*session.where(hook_subscription), hook_subscription.c.failed_in_row > 0)
    return int(
        session.connection.execute(select(func.count()).select_from(hook_subscription).where(*failing)).scalar_one()
    )


def _by_state(session: Session, table: Any, states: tuple[str, ...]) -> dict[str, int]:
    rows = session.rows(
        select(table.c.state, func.count().label("number"))
        .where(*session.where(table), table.c.state.in_(states))
        .group_by(table.c.state)
    )
    return {row.state: int(row.number) for row in rows}


def _ended_badly(session: Session) -> dict[str, int]:
    """Runs of the last week that failed, all that are held, and those whose process died."""
    since = iso(session.clock() - timedelta(days=7))
    rows = session.rows(
        select(run.c.state, func.count().label("number"))
        .where(
            *session.where(run),
            or_(and_(run.c.state == "failed", run.c.started_at >= since), run.c.state == "held"),
        )
        .group_by(run.c.state)
    )
    gone = len(listed_runs(session, INTERRUPTED))
    return {row.state: int(row.number) for row in rows} | ({INTERRUPTED: gone} if gone else {})
