"""The life of a fix: proposed with what it would do, decided by persons, carried out; each word kept for good.

What a fix does is frozen with it. It is not changed: another one is proposed. Who may decide is held here, under every
front alike.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select

from benehub.access.audit import NAMED
from benehub.crypto import mask
from benehub.errors import DataError
from benehub.ids import PERSON
from benehub.reconcile.to_come import GRACE_DAYS
from benehub.store import Session, canonical
from benehub.store.session import CHUNK
from benehub.store.tables import difference, fix, fix_obligation, fixing, still_open
from benehub.store.version import must_be, version

STATES = ("proposed", "approved", "rejected", "carried_out", "failed", "withdrawn")
ALIVE = ("proposed", "approved")
"""States in which a fix may still do something: a difference has one of an action at a time."""
DONE = "carried_out"
ASKED = frozenset({"ask_recordkeeper", "ask_custodian", "ask_carrier", "ask_payroll"})
"""Actions that ask a vendor in writing: carried out, what was asked for may still come, until a person says it will not
and withdraws it."""
SAME_MONEY = (
    frozenset({"account_offset", "ask_custodian"}),
    frozenset({"payroll_line", "ask_payroll", "ask_recordkeeper"}),
)
"""Actions that put one difference right with the same money: of each set one alone is at work for it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for a difference.

    Args:
        action: what kind of fix.
        connection_id: whom it is told.
        content: what would be told, as data; frozen and compared when it is approved.
        preview: the same as it would leave, for whoever decides.
        at_stake: money that it moves or saves, minor units.
        alone_up_to: money up to which its proposer may approve it alone by the plan book in force; None: any.
        people: of whom the preview tells, by the hub's ids, beside the person it is about.
    """

    difference_id: str
    action: str
    connection_id: str
    content: dict[str, Any] = field(repr=False)
    preview: str = field(repr=False)
    at_stake: int
    unit: str
    person_id: str | None = None
    alone_up_to: int | None = None
    people: Collection[str] = field(default=(), repr=False)


def propose(session: Session, one: Proposal, who: str, note: str) -> str:
    """Keep a proposal; gives the fix's id.

    Raises:
        DataError: nobody is named, or one of the same action, or one that moves the same money, waits or works already.
    """
    _named(who)
    seq, at = session.take_seq()  # the lock comes first: of two who propose at once the second sees the first's
    if why := in_the_way(session, one.difference_id, one.action):
        raise DataError(why, where=one.difference_id, mend="Approve it, or withdraw it first")
    named = sorted({*one.people, *([one.person_id] if one.person_id else [])})
    fix_id = session.id("fix", one.difference_id, one.action, str(seq))
    fresh = {
        "fix_id": fix_id, "difference_id": one.difference_id, "action": one.action, "state": "proposed", "reason": "",
        "connection_id": one.connection_id, "person_id": one.person_id, "at_stake": one.at_stake, "unit": one.unit,
        "alone_up_to": one.alone_up_to, "people": len(named), "first_people": named[:NAMED],
        "content_sealed": session.seal(one.content, "fix"), "content_hash": digest(session, one.content),
        "preview_sealed": session.seal(one.preview.encode(), "fix"), "proposed_by": _signed(who), "proposed_at": at,
        "seq": seq,
    }  # fmt: skip
    session.add(fix, [fresh])
    _say(session, fix_id, who, "proposed", note)
    return fix_id


def in_the_way(session: Session, difference_id: str, action: str, but: str = "") -> str:
    """Why no fix of an action goes beside those that a difference has, in a sentence; empty where one does.

    Args:
        but: the fix that is asked about, where there is one already.
    """
    rivals = frozenset[str]().union(*(names for names in SAME_MONEY if action in names)) - {action}
    for row in of_difference(session, difference_id):
        if row.fix_id == but:
            continue
        if row.action == action and row.state in ALIVE:
            return f"{row.fix_id} proposes the same and is {row.state}"
        if row.action in rivals and (why := _moves(session, row)):
            return f"{row.fix_id} {why}"
    return ""


def _moves(session: Session, row: Row[Any]) -> str:
    """What keeps the money of a fix from being moved by another one; empty where nothing does."""
    if row.state in ALIVE:
        return f"moves the same money and is {row.state}"
    if row.state != DONE:
        return ""
    if row.action in ASKED:
        return "has asked for the same money: withdraw it once that was refused"
    told = content(session, row).get("pay_date", "") if row.action == "payroll_line" else ""
    # What that pay did is in the difference once its register has been read; what is posted is in it at once.
    if told and session.today() <= date.fromisoformat(told) + timedelta(days=GRACE_DAYS):
        return f"moves the same money with the pay of {told}"
    return ""


def version_of(session: Session, row: Row[Any]) -> str:
    """The version of a fix: other as soon as somebody has said something of it, or something has come of it."""
    return version(_decided(session, row))


def looked_at(session: Session, row: Row[Any], expected: str) -> None:
    """Go on where nothing is expected, or the fix is as it was at that version.

    Raises:
        ChangedMeanwhile: it is not.
    """
    must_be(expected, _decided(session, row), f"fix {row.fix_id}")


def _decided(session: Session, row: Row[Any]) -> dict[str, Any]:
    return {"state": row.state, "history": len(history(session, row.fix_id))}


def check(row: Row[Any], who: str, state: str, note: str, alone_up_to: int | None) -> None:
    """Hold whether a person may approve, reject or withdraw a fix.

    Args:
        alone_up_to: money at stake up to which the proposer may approve alone by the plan book in force now (0: never
            alone); None: any. Where that of the moment it was proposed is stricter, that holds: a plan book which the
            proposer loads meanwhile frees him of nobody.

    Raises:
        DataError: nobody is named, no reason for a no, the fix is past that, or the proposer may not approve it.
    """
    _named(who)
    taken_back = state == "withdrawn" and (row.state == "approved" or (row.state == DONE and row.action in ASKED))
    if row.state != "proposed" and not taken_back:
        raise DataError(f"it is {row.state}", where=f"fix {row.fix_id}", mend="Propose another")
    if state != "approved" and not note.strip():
        raise DataError(f"a fix is not {state} without a reason", where=f"fix {row.fix_id}", mend="Say why")
    if state == "approved" and held_by_second(row, alone_up_to) and same_person(who, row.proposed_by):
        raise DataError(
            "a second person has to approve it: its proposer cannot", where=f"fix {row.fix_id}",
            mend="Have somebody else approve it; the plan book says from which amount (guards.second_person_above)",
        )  # fmt: skip


def needs_second(at_stake: int, alone_up_to: int | None) -> bool:
    """Whether so much money needs the word of a second person: above the amount, and always where it is zero."""
    return alone_up_to is not None and (at_stake > alone_up_to or alone_up_to == 0)


def held_by_second(row: Row[Any], alone_up_to: int | None) -> bool:
    """Whether a fix needs the word of a second person, by the stricter limit of now and of when it was proposed."""
    return needs_second(row.at_stake, stricter(row.alone_up_to, alone_up_to))


def stricter(one: int | None, other: int | None) -> int | None:
    """Of two such amounts the one that more is held by; None holds nothing."""
    return min((amount for amount in (one, other) if amount is not None), default=None)


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: case, spaces and forms of letters make no other."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def move(session: Session, fix_id: str, who: str, state: str, note: str) -> None:
    """Bring a fix to a state, with who and why."""
    session.change(fix, {"fix_id": fix_id}, state=state, reason=mask(note.strip())[:2000])
    _say(session, fix_id, who, state, note)


def get(session: Session, fix_id: str, lock: bool = False) -> Row[Any]:
    """One fix; with `lock` nobody else decides it until the transaction ends.

    Raises:
        DataError: no such fix.
    """
    if lock:
        session.take_seq(0)
    row = session.connection.execute(select(fix).where(*session.where(fix, fix_id=fix_id))).first()
    if row is None:
        raise DataError(f"no fix {fix_id[:60]}", mend="See `benehub fixes list`")
    return row


def listed(
    session: Session, states: Sequence[str] = (), limit: int = 500, before: int | None = None
) -> Sequence[Row[Any]]:
    """Fixes in these states (all when none is named), the newest first; those proposed before a recorded order."""
    query = select(fix).where(*session.where(fix))
    if states:
        query = query.where(fix.c.state.in_(states))
    if before is not None:
        query = query.where(fix.c.seq < before)
    return session.rows(query.order_by(fix.c.seq.desc()).limit(limit))


def waiting(session: Session) -> dict[str, int]:
    """How many wait for somebody, by state: proposed, approved and not all gone, failed with the difference still open.

    One that failed and was proposed anew waits for nobody.
    """
    later = fix.alias()
    anew = exists().where(
        later.c.employer_id == fix.c.employer_id,
        later.c.difference_id == fix.c.difference_id,
        later.c.action == fix.c.action,
        later.c.seq > fix.c.seq,
    )
    of_open = exists().where(
        difference.c.employer_id == fix.c.employer_id, difference.c.difference_id == fix.c.difference_id, still_open
    )
    rows = session.rows(
        select(fix.c.state, func.count().label("number"))
        .where(*session.where(fix), or_(fix.c.state.in_(ALIVE), and_(fix.c.state == "failed", of_open, ~anew)))
        .group_by(fix.c.state)
    )
    return {row.state: int(row.number) for row in rows}


def of_difference(session: Session, difference_id: str) -> Sequence[Row[Any]]:
    """The fixes of a difference, in the order they were proposed."""
    return session.rows(select(fix).where(*session.where(fix, difference_id=difference_id)).order_by(fix.c.seq))


def of_action(session: Session, action: str, states: Sequence[str], connection_id: str = "") -> Sequence[Row[Any]]:
    """Fixes of one action in these states, in the order they were proposed; of one connection if named."""
    query = select(fix).where(*session.where(fix, action=action), fix.c.state.in_(states))
    if connection_id:
        query = query.where(fix.c.connection_id == connection_id)
    return session.rows(query.order_by(fix.c.seq))


def of_people(session: Session, action: str, states: Sequence[str], people: Collection[str]) -> list[Row[Any]]:
    """Fixes of one action in these states that are about one of these persons, in the order they were proposed."""
    found: list[Row[Any]] = []
    for start in range(0, len(asked := sorted(people)), CHUNK):
        query = select(fix).where(*session.where(fix, action=action), fix.c.state.in_(states))
        found += session.rows(query.where(fix.c.person_id.in_(asked[start : start + CHUNK])))
    return sorted(found, key=lambda row: row.seq)


def content(session: Session, row: Row[Any]) -> dict[str, Any]:
    """What a fix does, as it was frozen."""
    opened: dict[str, Any] = json.loads(session.unseal(row.content_sealed, "fix"))
    return opened


def preview(session: Session, row: Row[Any]) -> str:
    """What whoever decides was shown."""
    return session.unseal(row.preview_sealed, "fix").decode()


def told_of(session: Session, row: Row[Any]) -> tuple[list[str], int]:
    """The first people of whom a fix tells, by the hub's ids, and how many there are.

    One that was proposed before this was kept is opened for it.
    """
    if row.people is not None:
        return [str(one) for one in row.first_people], int(row.people)
    told = people_in(content(session, row))
    if row.person_id:
        told.add(str(row.person_id))
    return sorted(told)[:NAMED], len(told)


def people_in(told: dict[str, Any]) -> set[str]:
    """The people whom a content names by the hub's ids, wherever in it."""
    return set(PERSON.findall(json.dumps(told)))


def digest(session: Session, told: dict[str, Any]) -> str:
    """What tells whether it is still the content that was shown."""
    return session.vault.content_hash(canonical(told))


def history(session: Session, fix_id: str) -> Sequence[Row[Any]]:
    """Who did what about a fix, and when."""
    return session.rows(select(fixing).where(*session.where(fixing, fix_id=fix_id)).order_by(fixing.c.event_no))


def link(session: Session, fix_id: str, obligation_ids: Iterable[str]) -> None:
    """Note which obligations a fix has made owed; again changes nothing."""
    known = set(owed(session, fix_id))
    fresh = [one for one in dict.fromkeys(obligation_ids) if one not in known]
    session.add(fix_obligation, [{"fix_id": fix_id, "obligation_id": one} for one in fresh])


def owed(session: Session, fix_id: str) -> list[str]:
    """The obligations of a fix."""
    rows = session.rows(
        select(fix_obligation.c.obligation_id)
        .where(*session.where(fix_obligation, fix_id=fix_id))
        .order_by(fix_obligation.c.obligation_id)
    )
    return [row.obligation_id for row in rows]


def behind(session: Session, obligation_id: str) -> Sequence[Row[Any]]:
    """The fixes that have made an obligation owed."""
    return session.rows(
        select(fix.c.fix_id, fix.c.difference_id, fix.c.action)
        .join(fix_obligation, (fix_obligation.c.employer_id == fix.c.employer_id)
              & (fix_obligation.c.fix_id == fix.c.fix_id))
        .where(*session.where(fix), fix_obligation.c.obligation_id == obligation_id)
        .order_by(fix.c.seq)
    )  # fmt: skip


def _named(who: str) -> None:
    if not who.strip():
        raise DataError("a fix needs a name", mend="Say who proposes or decides it")


def _signed(who: str) -> str:
    return mask(who.strip())[:80]


def _say(session: Session, fix_id: str, who: str, state: str, note: str) -> None:
    count = session.connection.execute(select(func.count()).where(*session.where(fixing, fix_id=fix_id))).scalar_one()
    row = {"fix_id": fix_id, "event_no": count + 1, "at": session.now(), "who": _signed(who), "state": state}
    session.add(fixing, [{**row, "note": mask(note.strip())[:2000]}])
