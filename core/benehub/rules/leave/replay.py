"""A leave balance is a replay: policy, employment and events in, every movement out, in exact fractions.

Nothing is stored between two replays, so a fact that arrives late simply takes its place. On one date the order is
fixed, whatever order the events came in:

1. what lapses on the date is gone,
2. the leave year that ended the day before is closed (carried, lost, paid out),
3. an employment begins or ends (on rehire an old balance stands again, or is gone),
4. opening balances and corrections,
5. leave earned, cut by the caps,
6. leave used,
7. leave paid out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum, StrEnum
from fractions import Fraction
from itertools import pairwise

from benehub.errors import DataError
from benehub.hours import to_minutes
from benehub.periods import FOREVER, add_months
from benehub.rules.leave.accrue import Basis, Span, earned, effective_on, grant_spans, kept_under_caps, needs_of
from benehub.rules.leave.carry_over import close_year
from benehub.rules.leave.lots import Lots
from benehub.rules.leave.policy import ZERO, AccrualMethod, Policy


class EventKind(StrEnum):
    """What happened.

    OPENING: hours that stood in an old system. WORK: hours worked. PAY: a pay date. ADJUST: a correction, either
    sign. USE: leave taken. PAYOUT: leave paid out in money. SCHEDULE: weekly hours from that day on.
    """

    OPENING = "opening"
    WORK = "work"
    PAY = "pay"
    ADJUST = "adjust"
    USE = "use"
    PAYOUT = "payout"
    SCHEDULE = "schedule"


class Move(StrEnum):
    """What a movement did to the balance; LOST and REST belong to the close of a year, MOVED to another policy."""

    EXPIRED = "expired"
    LOST = "forfeited"
    REST = "year_end_payout"
    MOVED = "carried_elsewhere"
    GONE = "not_reinstated"
    OPENING = "opening"
    ADJUST = "adjust"
    ACCRUED = "accrued"
    USED = "used"
    PAID = "paid_out"


class _Rank(IntEnum):
    CLOSE = 2
    EMPLOYMENT = 3
    SET = 4
    EARN = 5
    USE = 6
    PAY_OUT = 7


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `hours` are worked (WORK), weekly (SCHEDULE), or leave.

    Pay dates and hours worked carry their period `[start, end)`.
    """

    on: date
    kind: EventKind
    hours: Fraction = ZERO
    period_start: date | None = None
    period_end: date | None = None
    pays_in_year: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement: signed hours, the balance after it, and what was `asked` where a cap or limit differs.

    `beyond` is how far a use went below the negative limit or above the year's use cap. What was earned tells its
    `span`, its event, `year_before` (what the leave year had earned until then) and the `weekly_hours` in force.
    """

    on: date
    move: Move
    hours: Fraction
    balance: Fraction
    asked: Fraction
    key: str = ""
    beyond: Fraction = ZERO
    span: Span | None = None
    event: Event | None = None
    year_before: Fraction = ZERO
    weekly_hours: Fraction | None = None


@dataclass
class Replay:
    """The state after a replay: lots, movements in order, and the counters of the running leave year."""

    policy: Policy
    lots: Lots = field(default_factory=Lots)
    movements: list[Movement] = field(default_factory=list)
    year_earned: Fraction = ZERO
    year_used: Fraction = ZERO
    service_from: date | None = None
    weekly_hours: Fraction | None = None

    @property
    def balance(self) -> Fraction:
        """Hours left."""
        return self.lots.balance

    def move(
        self, on: date, move: Move, hours: Fraction, asked: Fraction, key: str = "", beyond: Fraction = ZERO
    ) -> None:
        """Write down a movement."""
        self.movements.append(Movement(on, move, hours, self.balance, asked, key, beyond))

    def booked(self) -> list[tuple[Movement, int]]:
        """Each movement with the whole minutes to book: the rounded balance after it less the one before it.

        All together are the rounded balance, whatever fractions there are between.
        """
        found, before = [], 0
        for one in self.movements:
            after = to_minutes(one.balance)
            found.append((one, after - before))
            before = after
        return found

    def sum(self, *moves: Move) -> Fraction:
        """Signed hours of movements of these kinds."""
        return sum((one.hours for one in self.movements if one.move in moves), ZERO)


@dataclass(frozen=True, slots=True)
class _Task:
    on: date
    rank: _Rank
    key: tuple[str, ...]
    event: Event | None = None
    span: Span | None = None
    service_from: date | None = None
    gone: bool = False

    def sort_key(self) -> tuple[date, int, tuple[str, ...]]:
        return self.on, self.rank, self.key


_RANKS = {
    EventKind.OPENING: _Rank.SET, EventKind.ADJUST: _Rank.SET, EventKind.WORK: _Rank.EARN,
    EventKind.PAY: _Rank.EARN, EventKind.USE: _Rank.USE, EventKind.PAYOUT: _Rank.PAY_OUT,
    EventKind.SCHEDULE: _Rank.EMPLOYMENT,
}  # fmt: skip


def replay(
    policy: Policy,
    employments: Sequence[tuple[date, date]],
    events: Sequence[Event],
    as_of: date,
    since: date | None = None,
) -> Replay:
    """The balance at the end of `as_of`.

    Args:
        policy: the leave policy.
        employments: `[first day, first day no longer employed)` of each employment, without overlap.
        events: what happened, in any order; the result does not depend on it.
        as_of: last day that counts.
        since: first day that counts; an opening balance on it stands for all that was up to the end of that day.

    Raises:
        DataError: employments overlap, an event lacks its period or what the method reads, or hours are negative.
    """
    spans = sorted(employments)
    if not spans:
        raise DataError("no employment", where="employments", mend="Give the first day of employment")
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise DataError(f"two employments hold on {start}", where="employments", mend="Let one end first")
    state = Replay(policy, service_from=spans[0][0])
    tasks = [*_employment_tasks(policy, spans), *_grants(policy, spans, as_of), *_event_tasks(policy, spans, events)]
    begin = since or min((task.on for task in tasks), default=spans[0][0])
    # An employment and a schedule hold from before the first day that counts.
    dated = [task for task in tasks if (begin <= task.on or task.rank is _Rank.EMPLOYMENT) and task.on <= as_of]
    if since is not None and any(one.kind is EventKind.OPENING and one.on == since for one in events):
        # An opening balance is what stood at the end of its day.
        dated = [task for task in dated if task.on > since or task.rank in (_Rank.EMPLOYMENT, _Rank.SET)]
    _run(state, sorted([*dated, *_year_ends(policy, spans, begin, as_of)], key=_Task.sort_key), as_of)
    return state


def _run(state: Replay, tasks: list[_Task], as_of: date) -> None:
    for task in tasks:
        _expire(state, task.on)
        if task.rank is _Rank.CLOSE:
            _close(state, task.on)
        elif task.event is not None and task.event.kind is EventKind.SCHEDULE:
            state.weekly_hours = task.event.hours
        elif task.rank is _Rank.EMPLOYMENT:
            _employ(state, task)
        elif task.rank is _Rank.EARN:
            _earn(state, task)
        elif task.event is not None:
            _book(state, task.event)
    _expire(state, as_of)


def _expire(state: Replay, day: date) -> None:
    due = sorted({lot.expires_on for lot in state.lots.held if lot.expires_on is not None and lot.expires_on <= day})
    for one in due:
        gone = state.lots.expire(one)
        state.move(one, Move.EXPIRED, -gone, -gone)


def _close(state: Replay, day: date) -> None:
    before = state.balance
    done = close_year(state.policy, state.lots, day)
    left = before
    for move, hours in ((Move.LOST, done.forfeited), (Move.REST, done.paid_out), (Move.MOVED, done.moved)):
        left -= hours
        if hours:
            state.movements.append(Movement(day, move, -hours, left, -hours))
    state.year_earned = state.year_used = ZERO


def _employ(state: Replay, task: _Task) -> None:
    state.service_from = task.service_from
    if task.gone and state.balance:
        left = state.balance
        state.lots = Lots()
        state.move(task.on, Move.GONE, -left, -left)


def _earn(state: Replay, task: _Task) -> None:
    event, span = task.event, task.span
    assert span is not None  # every task that earns has one
    worked = event.hours if event is not None and event.kind is EventKind.WORK else None
    basis = Basis(worked, None, event.pays_in_year if event is not None else None, state.weekly_hours)
    if missing := needs_of(state.policy, basis):
        raise DataError(
            f"what earns leave on {task.on} lacks {', '.join(missing)}", where="events",
            mend="Give pays_in_year with each pay date, and a schedule event with the weekly hours",
        )  # fmt: skip
    hours, _ = earned(state.policy, span, basis)
    before = state.year_earned
    kept = kept_under_caps(state.policy, hours, state.balance, before)
    state.year_earned += kept
    state.lots.add(task.on, kept)
    if hours:
        state.movements.append(
            Movement(task.on, Move.ACCRUED, kept, state.balance, hours, event.key if event else str(span.start),
                     span=span, event=event, year_before=before, weekly_hours=state.weekly_hours)
        )  # fmt: skip


def _book(state: Replay, event: Event) -> None:
    policy = state.policy
    if event.kind in (EventKind.OPENING, EventKind.ADJUST):
        if event.hours >= 0:
            state.lots.add(event.on, event.hours)
        else:
            state.lots.take(-event.hours)
        move = Move.OPENING if event.kind is EventKind.OPENING else Move.ADJUST
        state.move(event.on, move, event.hours, event.hours, event.key)
        return
    state.lots.take(event.hours)
    if event.kind is EventKind.PAYOUT:
        state.move(event.on, Move.PAID, -event.hours, -event.hours, event.key)
        return
    state.year_used += event.hours
    below = max(ZERO, -policy.negative_limit_hours - state.balance)
    above = ZERO if policy.use_cap_hours is None else max(ZERO, state.year_used - policy.use_cap_hours)
    state.move(event.on, Move.USED, -event.hours, -event.hours, event.key, min(event.hours, max(below, above)))


def _employment_tasks(policy: Policy, spans: Sequence[tuple[date, date]]) -> Iterator[_Task]:
    service = spans[0][0]
    for number, (start, _) in enumerate(spans):
        again = number > 0
        kept = not again or _reinstated(policy, spans[number - 1][1], start)
        service = service if kept else start
        yield _Task(start, _Rank.EMPLOYMENT, (), service_from=service, gone=not kept)


def _reinstated(policy: Policy, ended: date, again: date) -> bool:
    return bool(policy.reinstate_months) and again <= add_months(ended, policy.reinstate_months)


def _services(policy: Policy, spans: Sequence[tuple[date, date]]) -> list[date]:
    return [task.service_from or task.on for task in _employment_tasks(policy, spans)]


def _grants(policy: Policy, spans: Sequence[tuple[date, date]], as_of: date) -> Iterator[_Task]:
    for (start, end), service in zip(spans, _services(policy, spans), strict=True):
        for span in grant_spans(policy, start, end, as_of, service):
            yield _Task(effective_on(policy, span), _Rank.EARN, (str(span.start),), span=span)


def _event_tasks(policy: Policy, spans: Sequence[tuple[date, date]], events: Sequence[Event]) -> Iterator[_Task]:
    services = _services(policy, spans)
    reads = {AccrualMethod.PER_HOUR: EventKind.WORK, AccrualMethod.PER_PAY: EventKind.PAY}.get(policy.method)
    for event in events:
        if event.hours < 0 and event.kind not in (EventKind.ADJUST, EventKind.OPENING):
            raise DataError(
                f"negative hours of {event.kind.value} on {event.on}", where="events", mend="Use an adjust event"
            )
        told = (event.key, event.hours, event.period_start, event.period_end, event.pays_in_year)
        key = (event.kind.value, *map(str, told))
        if _RANKS[event.kind] is not _Rank.EARN:
            yield _Task(event.on, _RANKS[event.kind], key, event=event)
        elif event.kind is reads:
            yield from _earning(spans, services, event, key)


def _earning(
    spans: Sequence[tuple[date, date]], services: Sequence[date], event: Event, key: tuple[str, ...]
) -> Iterator[_Task]:
    start = event.period_start or event.on
    end = event.period_end or event.on + timedelta(days=1)
    if end <= start:
        raise DataError(f"the period of {event.on} ends before it begins", where="events", mend="Mend its dates")
    for (hired, left), service in zip(spans, services, strict=True):
        if hired < end and left > start:
            yield _Task(event.on, _Rank.EARN, key, event, Span(start, end, hired, left, service))
            return


def _year_ends(policy: Policy, spans: Sequence[tuple[date, date]], begin: date, as_of: date) -> Iterator[_Task]:
    """The first day of each leave year after `begin`; a leave year of its own begins with each new service."""
    services = _services(policy, spans)
    for number, service in enumerate(services):
        following = spans[number + 1][0] if number + 1 < len(spans) else FOREVER
        same = number > 0 and service == services[number - 1]
        start = spans[number][0] - timedelta(days=1) if same else spans[number][0]
        day = policy.next_year(service, max(begin, start))
        while day <= as_of and day < following:
            yield _Task(day, _Rank.CLOSE, ())
            day = policy.next_year(service, day)
