"""Promises of answers to what was sent: read twice, or coming twice, each is followed once.

The stage's families are owed, frozen and sent by the hub's own outbox; what the vendor answers goes through its custody
and the very job that follows answers, on a real database.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from benehub import dispatch, obligations
from benehub.connections import Open
from benehub.dispatch import members
from benehub.dispatch.members import Told
from benehub.dispatch.outbox import Frozen
from benehub.flows import JOBS
from benehub.flows.enrollment_families import by_request, freeze_families
from benehub.flows.rehearsal import DirectSteps
from benehub.flows.send import send_batch
from benehub.identity import people
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.store import Session
from benehub.store import tables as t
from benehub.testing.checks import Broken, Ground, NotHere, promise
from benehub.testing.filing import rendered
from benehub.testing.kithub import PlayedHub, Swept, played_hub
from benehub.testing.stage import CONNECTION, EMPLOYER, Played

CHANGE = "enrollment.change"
ANSWERS = ("acknowledgement",)
LATER = timedelta(days=60)
"""After this every answer that was not given is overdue."""

_FOLLOWED: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (t.dispatch, ("dispatch_id", "state", "reason", "ack_state", "receipt")),
    (t.obligation, ("obligation_id", "state", "reason", "dispatch_id")),
    (t.member_state, ("person_id", "file_group", "state", "reason", "dispatch_id")),
    (t.difference, ("difference_id", "content_key", "type", "state", "at_stake")),
    (t.entry, ("entry_id",)),
    (t.fact, ("kind", "subject", "fact_key", "seq")),
)
"""What answers may move, and how it stands."""


@dataclass
class Counter:
    """A hub that has sent families to one vendor, who answers."""

    hub: PlayedHub
    swept: Swept = field(default_factory=Swept)
    """What the last read came to."""

    def follow(self, key: str) -> dict[str, int]:
        """Read everything the vendor has to say from its beginning, and follow its answers."""
        self.swept = self.hub.sync_all(key)
        told: dict[str, int] = JOBS["enrollments.acks"](self.hub, DirectSteps(), EMPLOYER, CONNECTION)
        return told

    def answered(self) -> None:
        """Follow what the vendor says for the first time.

        Raises:
            Broken: none of his answers moves a member further than the receipts, or having left, have moved him.
        """
        follow = JOBS["enrollments.acks"]
        if by_request(self.hub.played.connector):
            follow(self.hub, DirectSteps(), EMPLOYER, CONNECTION)  # what follows of the receipts alone
        before = self._members()
        if self.hub.played.stage.answers is not None:
            self.hub.played.stage.answers()
        self.follow("first")
        moved = self._members().items() - before.items()
        if not moved or not any(row[0] == "acknowledgement" for row in self.hub.books().told):
            raise Broken(
                "nothing of what was sent is answered",
                "Let the stage answer what it writes (`answers`), or delivers (`deliver`)",
            )

    def _members(self) -> dict[tuple[str, str], str]:
        """How each member stands, by person and file group."""
        with self.hub.store.read(EMPLOYER) as session:
            rows = session.rows(select(t.member_state).where(*session.where(t.member_state)))
            return {(row.person_id, row.file_group): row.state for row in rows}

    def stands(self) -> dict[str, list[str]]:
        """How everything stands that answers may move."""
        with self.hub.store.read(EMPLOYER) as session:
            found = {
                table.name: sorted(repr(row) for row in session.rows(select(*(table.c[one] for one in columns))))
                for table, columns in _FOLLOWED
            }
        return {**found, "confirmation": [repr(one) for one in self.hub.books().told]}


@promise("ack.twice", "an answer to what was sent that is read twice is followed once")
def _twice(ground: Ground) -> None:
    _, hub = _sent(ground)
    with closing(hub.store):
        counter, calm = _calm(hub)
        first = counter.swept
        told = counter.follow("read again")
        counter.swept.read_again(first, ANSWERS)
        if counter.stands() != calm or told["acked"] or told["refused"]:
            raise Broken("an answer that is read twice is followed twice", "Give its rows the same keys each time")


@promise("ack.again", "an answer to what was sent that comes twice, under two names, is followed once")
def _again(ground: Ground) -> None:
    room, hub = _sent(ground)
    with closing(hub.store):
        files = [one for one in room.rglob("*") if one.is_file()]
        if not files:
            raise NotHere("its answers come in no files of the stage; what is asked for again is told by ack.twice")
        counter, calm = _calm(hub)
        first = counter.swept
        for file in files:
            shutil.copy(file, file.with_name(f"{file.stem}-2{file.suffix}"))
        counter.follow("comes again")
        counter.swept.came_twice(first, ANSWERS)
        if counter.stands() != calm:
            raise Broken(
                "an answer that comes twice is followed twice", "Know rows by what they say, not by their file"
            )


def _calm(hub: PlayedHub) -> tuple[Counter, dict[str, list[str]]]:
    """Everything answered and overdue, and how it stands then."""
    counter = Counter(hub)
    counter.answered()
    hub.played.stage.now += LATER
    counter.follow("late")
    return counter, counter.stands()


def _sent(ground: Ground) -> tuple[Path, PlayedHub]:
    """A hub that has sent the stage's families, and where the vendor's answers lie, if in files."""
    room = ground.room()
    played = Played(ground.connector, ground.maker(room))
    hub = played_hub(ground.room(), played)
    with hub.store.write(EMPLOYER) as session:
        families = [_owed(session, one, played.stage.now.date()) for one in played.stage.items.get(CHANGE, ())]
        obligations.want(session, families)
        rows = obligations.by_ids(session, [session.id("obl", one.key) for one in families])
        opened = Open(played.connector, played.link, "live")
        ids = freeze_families(session, opened, rows) if by_request(played.connector) else []
    if ids:
        send_batch(hub, EMPLOYER, CONNECTION, ids)
        return room, hub
    if played.stage.deliver is not None:
        played.stage.deliver()
    hub.sync_all("before")
    numbers = [one for one in _named(hub) if one.isdigit()]
    for number in numbers[:1]:
        _as_file(hub, rows, int(number))
    return room, hub


def _owed(session: Session, member: Mapping[str, Any], day: date) -> Wanted:
    """A family of the stage as it is owed to the carrier."""
    lines = [line for line in member["coverages"] if not line.get("effective_to")]
    held = {line["plan"]: {"tier": line["tier"], "from": line["effective_from"], "to": None, "dependents": []}
            for line in lines}  # fmt: skip
    gone = [line["plan"] for line in member["coverages"] if line["plan"] not in held]
    number = str(member["subscriber_id"])
    who = people.add_employee(session, CONNECTION, number, number, member["ssn"])
    family = [{name: value for name, value in member.items() if name != "family"} | {"person": who, "subscriber": who}]
    for one in member.get("family", ()):
        mine = people.add_dependent(session, CONNECTION, str(one["member_id"]), who, one["ssn"])
        family.append({**one, "person": mine, "subscriber": who})
    content = {"members": family, "told": held, "gone": gone}
    return Wanted(CHANGE, f"{CHANGE}/{CONNECTION}/{who}", CONNECTION, str(Month.of(day)), day, day, content, who)


def _named(hub: PlayedHub) -> list[str]:
    """The files of ours that the vendor's answers name."""
    with hub.store.read(EMPLOYER) as session:
        mine = session.where(t.confirmation, kind="acknowledgement")
        rows = session.rows(select(t.confirmation.c.reference).where(*mine).distinct())
        return sorted(row.reference for row in rows)


def _as_file(hub: PlayedHub, rows: Sequence[Any], number: int) -> None:
    """The families as one file of the number that the vendor has answered."""
    played = hub.played
    _, made = rendered(played, CHANGE)
    guard = played.connector.guards[CHANGE]
    frozen = Frozen(CONNECTION, CHANGE, "kit", made.content, guard, len(rows), file_name=made.name, control=number)
    with hub.store.write(EMPLOYER) as session:
        (dispatch_id,) = dispatch.prepare_all(session, [frozen])
        obligations.mark(session, [row.obligation_id for row in rows], "sent", "", dispatch_id)
        told = [Told(row.person_id, row.person_id, "0001") for row in rows]
        members.carried(session, CONNECTION, dispatch_id, told)
    send_batch(hub, EMPLOYER, CONNECTION, [dispatch_id])
