"""Asks before a push does damage: too many people changed or ended at a vendor, or far more or less than last time.

Every push goes through here, whatever it carries. It is held against what stands at the vendor by what was sent
before, and notices against how many people were told on a day before, so a first push never stops. Nothing has left
when it stops; a person looks, and permits it (`benehub dispatches permit`, the page *Outgoing*, the API), or mends
what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from benehub import connections, dispatch, facts, obligations
from benehub.dispatch import Pair, Waiting
from benehub.errors import DataError, GuardTripped
from benehub.facts.history import Which
from benehub.flows import push_notices, remittance_months
from benehub.flows.hub import Hub
from benehub.flows.push_figures import Figures, Minutes, add_leave, figures, latest, leave_growth, moved
from benehub.flows.push_notices import Crowd
from benehub.flows.told import runs, same_cover, told_state
from benehub.planbook import PlanBook
from benehub.planbook.parts.employer import PushGuard
from benehub.store import Session, acted_on, note_act
from benehub.store.tables import run as run_table

RESEND = "resend"
"""A person's word that a dispatch shall leave whatever held it."""

_LEAVE, _BOOK, _EARNINGS = "leave.take", "deduction.book", "earnings.deposit"

VOLATILE = {"effective_from", "pay_date", "period_start", "period_end", "correction", "version"}
"""What differs from pay date to pay date without being a change."""

ONE_FILE: Final[Mapping[str, str]] = MappingProxyType({})
"""The partner takes one enrollment file of all plans."""


@dataclass
class Effect:
    """What a push would do to the people whom the vendor holds."""

    standing: set[str] = field(default_factory=set)
    """Whom the vendor holds something for, by what was sent."""
    changed: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    """Who gets something new; he is never one of those who end."""
    people: int = 0
    """All people it speaks of."""
    growth: int = 0
    """By how many percent it is worth more than the last of its kind."""
    shrink: int = 0
    """By how many percent the last of its kind was worth more than it."""
    crowds: Sequence[Crowd] = ()
    """Of notices, by kind: how many it tells, and how many were told before."""

    def settle(self) -> None:
        """Sort everybody into one: changed, where he is not ended as a whole."""
        self.changed |= self.ended & self.begun
        self.ended -= self.changed

    def against(self, limits: PushGuard) -> tuple[str, int]:
        """What speaks against it, and how many people a permit has to name; an empty text for nothing."""
        touched, standing = len(self.changed | self.ended), len(self.standing)
        for gone, limit in ((self.ended, limits.end_percent), (self.changed | self.ended, limits.change_percent)):
            if touched > limits.floor and len(gone) * 100 > standing * limit:
                share = touched * 100 // standing
                said = f"it would change {len(self.changed)} and end {len(self.ended)} of {standing} people"
                what = "ended" if limit == limits.end_percent and gone is self.ended else "changed or ended"
                return f"{said} ({share} %), over {limit} % {what}", touched
        # A few of one kind on a day stop nothing, however many wait for others beside them.
        grown = [one for one in self.crowds if one.now > limits.floor and one.growth > limits.worth_percent]
        if grown:
            most = max(grown, key=lambda one: one.growth)
            why = f"it would tell {most.now} people of the same on one day, where {most.usual} were the most"
            return f"{why} ({most.growth} % more), over {limits.worth_percent} %", self.people
        if self.people > limits.floor and self.growth > limits.worth_percent:
            return f"it is worth {self.growth} % more than the last one, over {limits.worth_percent} %", self.people
        if self.people > limits.floor and self.shrink > limits.worth_percent:
            why = f"even the least of those before was worth {self.shrink} % more, over {limits.worth_percent} %"
            return why, self.people
        return "", 0


def check(hub: Hub, employer: str, connection_id: str, ids: Sequence[str]) -> None:
    """Look at a push as a whole before any of it leaves; what a person has let go one by one is not counted.

    Where the connection does not write, nothing is looked at: all of it will be held.

    Raises:
        GuardTripped: it would change or end too much. Nothing of it has left.
    """
    with hub.store.read(employer) as session:
        told = _by_operation(dispatch.waiting(session, ids))
        # Only of enrollments one partner takes a file for each group.
        groups = (
            _groups(hub, session, connection_id) if any(one.startswith("enrollment.") for one in told) else ONE_FILE
        )
        for operation, rows in told.items():
            book = hub.book(session)
            limits = book.guards.pushes.get(connection_id, book.guards.push)
            why, people = effect(session, connection_id, rows, limits, book, groups).against(limits)
            if not why:
                continue
            if connections.get(session, connection_id).mode != "live":
                return
            let_go = acted_on(session, RESEND, [one.dispatch_id for one in rows])
            if let_go:
                left = [one for one in rows if one.dispatch_id not in let_go]
                found = effect(session, connection_id, left, limits, book, groups) if left else Effect()
                why, people = found.against(limits)
            if why and people > dispatch.permitted(session, connection_id, operation):
                raise GuardTripped(
                    f"{operation} stops before anything has left: {why}", where=f"connection {connection_id}",
                    mend="Look at what would leave (benehub dispatches list --state prepared). To let it leave: "
                    f"benehub dispatches permit {connection_id} {operation} --people {people} --note WHY, and run it "
                    "again; limits stand in the plan book, guards",
                )  # fmt: skip


def _groups(hub: Hub, session: Session, connection_id: str) -> Mapping[str, str]:
    """The group of each plan, where the connection's partner takes a file for each."""
    row = connections.get(session, connection_id)
    connector = connections.known(hub.connectors, row.connector)
    return connector().groups(connections.check(connection_id, connector, row.settings))


def _by_operation(rows: Sequence[Waiting]) -> dict[str, list[Waiting]]:
    found: dict[str, list[Waiting]] = {}
    for one in rows:
        found.setdefault(one.operation, []).append(one)
    return found


def effect(
    session: Session, connection_id: str, rows: Sequence[Waiting], limits: PushGuard, book: PlanBook,
    groups: Mapping[str, str] = ONE_FILE,
) -> Effect:  # fmt: skip
    """What these dispatches of one operation would do; `groups`: each plan's group, where a group has its own file."""
    if rows and rows[0].operation == push_notices.OPERATION:
        ids = [one.dispatch_id for one in rows]
        crowds = push_notices.crowds(session, connection_id, rows)
        return Effect(people=push_notices.people(session, ids), crowds=crowds)
    items = [one for one in rows if not one.is_file]
    if items:
        return _of_items(session, connection_id, items, limits)
    found = Effect()
    for one in rows:
        if one.operation == "enrollment.change":
            _of_families(session, connection_id, one, found, groups)
        elif one.operation in remittance_months.OPERATIONS:
            _of_premium(session, book, connection_id, one, found)
        elif one.operation == "enrollment.full":
            _of_everybody(session, connection_id, one, found, groups)
        else:
            _of_money(session, connection_id, one, found, limits)
    found.settle()
    return found


def _of_items(session: Session, connection_id: str, rows: Sequence[Waiting], limits: PushGuard) -> Effect:
    """Requests of one state each, by key: deductions, enrollments, leave of a pay date."""
    found, fresh = Effect(), {one.key: one.dispatch_id for one in rows}
    operation, minutes = rows[0].operation, Minutes()
    persons = obligations.persons_of(session, list(fresh))
    found.people = len({persons.get(key, key) for key in fresh})
    if found.people <= limits.floor:
        return found
    for pairs in dispatch.held_against(session, connection_id, operation, fresh):
        theirs = obligations.persons_of(session, [one.key for one in pairs])
        for one in pairs:
            who = theirs.get(one.key, one.key)
            fresh.pop(one.key, None)
            _compare(one, who, found, limits.small_change_minor)
        if operation == _LEAVE:
            for one in pairs:
                if one.now is None:
                    add_leave(minutes, one.before)
    if operation == _LEAVE:
        dates = set[tuple[str, str]]()
        for order in dispatch.contents(session, [one.dispatch_id for one in rows]):
            add_leave(minutes, order)
            dates.add((order["pay_group"], order["pay_date"]))
        found.growth = max(leave_growth(minutes, *one) for one in dates)
    found.begun |= {persons.get(key, key) for key in fresh}
    found.settle()
    return found


def _compare(one: Pair, who: str, found: Effect, small_minor: int) -> None:
    if _runs(one.before):
        found.standing.add(who)
    if one.now is None:
        return
    if not _runs(one.before):
        if _runs(one.now):
            found.begun.add(who)
    elif not _runs(one.now):
        found.ended.add(who)
    elif _differs(one.before, one.now, small_minor):
        found.changed.add(who)


def _runs(content: Mapping[str, Any]) -> bool:
    """Whether something is held: a deduction that is active, a family with a cover that does not end."""
    if "coverages" in content:
        return any(_goes_on(member) for member in (content, *content.get("family", ())))
    return bool(content.get("active", True))


def _goes_on(member: Mapping[str, Any]) -> bool:
    return any(one["maintenance"] != "024" for one in member["coverages"])


def _differs(before: Mapping[str, Any], now: Mapping[str, Any], small_minor: int) -> bool:
    moved = 0
    for name in (before.keys() | now.keys()) - VOLATILE:
        one, two = before.get(name), now.get(name)
        if name.endswith("_minor") and isinstance(one, int) and isinstance(two, int):
            moved = max(moved, abs(one - two))
        elif one != two:
            return True
    return moved > small_minor


def _of_families(session: Session, connection_id: str, one: Waiting, found: Effect, groups: Mapping[str, str]) -> None:
    """A file of changed families, held against what the carrier has accepted."""
    rows = [(row, obligations.content(session, row)) for row in obligations.of_dispatch(session, one.dispatch_id)]
    mine = _Mine(groups, next((content.get("group", "") for _, content in rows), ""))
    told = {
        who for which in facts.ranges(session, "told") for who in _running(session, connection_id, which, mine)
    }  # fmt: skip
    found.standing |= told
    for row, content in rows:
        lines = [line for member in content["members"] for line in member["coverages"]]
        if row.person_id not in told:
            found.begun.add(row.person_id)
        elif lines and all(line["maintenance"] == "024" for line in lines):
            found.ended.add(row.person_id)
        else:
            found.changed.add(row.person_id)


class _Mine(NamedTuple):
    """Whose plans a file tells of: a partner may take one for each group of the employer's."""

    groups: Mapping[str, str]
    """Group of each plan."""
    group: str
    """That of the file; empty: it tells of all plans."""

    def holds(self, plan: str) -> bool:
        """Whether a plan is in it; one of no group may be in any."""
        return not self.group or self.groups.get(plan, self.group) == self.group


def _running(
    session: Session, connection_id: str, which: Which, mine: _Mine
) -> dict[str, dict[str, Mapping[str, Any]]]:  # fmt: skip
    """What the carrier has accepted and covers still in the plans of a file: subscriber -> plan -> state."""
    today = session.today()
    told = told_state(session, connection_id, which)
    held = {
        who: {plan: one for plan, one in plans.items() if mine.holds(plan) and runs(one, today)}
        for who, plans in told.items()
    }
    return {who: plans for who, plans in held.items() if plans}


def _of_everybody(session: Session, connection_id: str, one: Waiting, found: Effect, groups: Mapping[str, str]) -> None:
    """A full file, held against what the carrier has accepted. Whom it leaves out the head count looks at."""
    families, mine = dict[str, Any](), _Mine(groups, "")
    for row in obligations.of_dispatch(session, one.dispatch_id):
        content = obligations.content(session, row)
        families, mine = families | content["families"], _Mine(groups, content.get("group", ""))
    for which in facts.ranges(session, "told"):
        for who, before in _running(session, connection_id, which, mine).items():
            found.standing.add(who)
            if who not in families:
                continue
            told, gone = families[who]["told"], [plan for plan in families[who]["gone"] if plan in before]
            if any(plan not in before or not same_cover(state, before[plan]) for plan, state in told.items()):
                found.changed.add(who)
            elif gone:
                (found.changed if told else found.ended).add(who)


def _of_money(session: Session, connection_id: str, one: Waiting, found: Effect, limits: PushGuard) -> None:
    """A file of money, or of leave: held against the last one about the same people. Corrections of a file pass.

    So does another revision of one that has left; one that took the place of a file which never left is no correction.
    """
    if "/correction-" in one.key or _left_before(session, connection_id, one):
        return
    now = figures(session, one.dispatch_id)
    alike = dispatch.last_alike(session, connection_id, one)
    files = [figures(session, row.dispatch_id) for row in alike]
    at = _last_about(files, now)
    if at is None:
        return
    before = alike[at].worth_minor
    # One that was unusually large, as of a bonus, is no measure of too little; lost earnings have none at all.
    least = 0 if one.operation == _EARNINGS else min(alike[each].worth_minor for each in _about(files, now))
    _hold(found, set(now), one.worth_minor, set(files[at]) if now else set(), before, least)
    if one.operation == _LEAVE:
        most = max(map(_sum, files))
        found.growth = max(found.growth, _sum(now) * 100 // most - 100 if most else 0)
    else:
        # What payroll is told to take moves only where somebody chose so; what it took moves with pay.
        percent = 0 if one.operation == _BOOK else limits.amount_percent
        found.changed |= moved(now, latest(files), limits.small_change_minor, percent)


def _sum(told: Figures) -> int:
    return sum(value for mine in told.values() for value in mine.values())


def _of_premium(session: Session, book: PlanBook, connection_id: str, one: Waiting, found: Effect) -> None:
    """A payment of a month's premium, or its 820: the whole month is held against the one before."""
    if _left_before(session, connection_id, one):
        return
    months = remittance_months.compared(session, book, one)
    if months is not None:
        now, then = months
        _hold(found, now.people, now.worth_minor, then.people, then.worth_minor, then.worth_minor)


def _left_before(session: Session, connection_id: str, one: Waiting) -> bool:
    return one.revision > 1 and dispatch.left_before(session, connection_id, one)


def _hold(
    found: Effect, now: set[str], worth_minor: int, then: set[str], before_minor: int, least_minor: int
) -> None:  # fmt: skip
    """Hold a file against the one before, and against the least that one of its kind was worth; 0: not at all."""
    found.people += max(len(now), 1)
    found.standing |= then
    found.ended |= then - now
    if before_minor > 0:
        found.growth = max(found.growth, worth_minor * 100 // before_minor - 100)
        found.shrink = max(found.shrink, least_minor * 100 // max(worth_minor, 1) - 100)


def _last_about(files: Sequence[Figures], now: Figures) -> int | None:
    """Which of these files, the newest first, shares the most people with this one; pay groups take turns.

    One that shares less than half of the smaller is about others. Where no people are named the newest counts.
    """
    return max(_about(files, now), key=lambda at: (len(files[at].keys() & now.keys()), -at), default=None)


def _about(files: Sequence[Figures], now: Figures) -> list[int]:
    """Which of these files are about the same people."""
    if not now:
        return list(range(len(files)))
    shared = [len(then.keys() & now.keys()) for then in files]
    return [at for at, then in enumerate(files) if shared[at] and shared[at] * 2 >= min(len(then), len(now))]


class Stop(NamedTuple):
    """A push that waits for a person's word."""

    run: str
    connection: str
    operation: str
    people: int
    """How many a permit has to name."""
    why: str
    at: str
    permitted: bool
    """Somebody has permitted it since: the run may go on."""


_ASKS: Final = re.compile(r"benehub dispatches permit (\S+) (\S+) --people (\d+)")
_STOPS: Final = 50
"""Held runs that are looked through, the newest first."""


def stopped(session: Session) -> list[Stop]:
    """Pushes that have stopped and were not taken up again, the newest of each connection and operation."""
    held = session.where(run_table, state="held", error_class=GuardTripped.__name__)
    order = run_table.c.started_at.desc(), run_table.c.run_id.desc()
    found: dict[tuple[str, str], Stop] = {}
    for row in session.rows(select(run_table).where(*held).order_by(*order).limit(_STOPS)):
        if asked := _ASKS.search(row.mend):
            connection, operation, people = asked[1], asked[2], int(asked[3])
            may = people <= dispatch.permitted(session, connection, operation)
            why, at = row.error.removesuffix(f". {row.mend}"), row.ended_at or row.started_at
            found.setdefault((connection, operation), Stop(row.run_id, connection, operation, people, why, at, may))
    return list(found.values())


def may_go_on(session: Session, connection_id: str, operation: str) -> str:
    """The run of a stopped push that a permit lets go on; empty where there is none."""
    wanted = (connection_id, operation)
    return next((one.run for one in stopped(session) if one.permitted and one[1:3] == wanted), "")


def permit(hub: Hub, employer: str, connection_id: str, operation: str, people: int, who: str, note: str) -> str:
    """A person has looked: for a day, pushes of this operation may change or end so many people.

    Returns:
        The moment until which they may.

    Raises:
        ConfigError: no such connection.
        DataError: the number is none, the connection has no such operation, or no name or reason is given.
    """
    if people < 1:
        raise DataError("no number of people is named", mend="Name the number that the push was stopped with")
    with hub.store.write(employer) as session:
        name = connections.get(session, connection_id).connector
        writes = sorted(connections.known(hub.connectors, name).guards)
        if operation not in writes:
            told = ", ".join(writes) or "nothing"
            raise DataError(f"{connection_id} writes no {operation[:40]}", mend=f"{name} writes: {told}")
        said = f"{people} people: {note}" if note.strip() else note
        note_act(session, connection_id, who, f"permit {operation}"[:40], said)
        return dispatch.permit(session, connection_id, operation, people, who, note)
