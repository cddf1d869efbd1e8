"""A carrier that holds something else than it was told is told again: begun, changed or ended on the true dates.

Nothing is written apart: what the carrier is known to hold stands in the place of what it was told, and the change file
of every day says the difference. An end in the past asks the rescission rule first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from benehub import facts, obligations
from benehub.engine import Steps
from benehub.facts import Worker
from benehub.flows import cover_lines, enrollments, exchange, rescission
from benehub.flows.fix_book import ENROLLMENT, Held, overlaid
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal
from benehub.flows.hub import Hub
from benehub.flows.told import first_told, told_state
from benehub.obligations import Wanted
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import Relation, Type, carriers
from benehub.records import Tier
from benehub.store import Session
from benehub.store.tables import confirmation

MISSING = (Type.COVERED_NOT_ENROLLED, Type.MEMBER_DROPPED, Type.ENROLLED_NOT_BILLED)
"""The carrier does not have the member: it is told of him as new."""
TOO_LONG = (Type.BILLED_NOT_ENROLLED, Type.ENROLLED_NOT_COVERED)
"""The carrier covers somebody who is not covered, or no more: it is told the end."""
RETOLD = (Type.EFFECTIVE_DATE_DIFF, Type.VOLUME_DIFF, Type.AGE_BAND_DIFF, Type.DEPENDANT_DIFF)
"""The carrier has the member in the right plan and goes by other facts: it is told them again as they are."""


def _connection(book: PlanBook, row: Row[Any]) -> str:
    return carriers.told_by(book, row)[0]


def _draft(asked: Asked) -> Draft | Refusal:
    session, row = asked.session, asked.row
    if row.person_id is None:
        return Refusal("nobody here knows the member: link him first, or have the carrier say who that is")
    if exchange.CHANGE not in asked.opened.connector.guards:
        return Refusal(f"connection {asked.opened.link.connection} takes no enrollment changes")
    if row.type == Type.VOLUME_DIFF and not exchange.agreed(asked.opened).salary:
        return Refusal(f"the files to {asked.opened.link.connection} tell no pay: have it enter the volume by hand")
    held = _held(asked)
    wants = _retold(asked, {row.plan: held})
    lines = [one for want in wants for member in want.content["members"] if member["person"] == row.person_id
             for one in member["coverages"] if one["plan"] == row.plan]  # fmt: skip
    if not lines:
        return Refusal("by what is known here there is nothing to tell the carrier of this plan")
    line = lines[0]
    if _waits(session, wants):
        return Refusal("the carrier was told and has not answered yet: see `benehub enrollments acks`")
    end = line["effective_to"]
    if line["maintenance"] == "024":
        why = rescission.against(session, asked.book, row.person_id, row.plan, date.fromisoformat(end))
        if why:
            return Refusal(why)
    what = {"021": f"tell again that cover began on {line['effective_from']}",
            "024": f"tell again that cover ends before {end}"}  # fmt: skip
    says = what.get(line["maintenance"], f"tell again what the cover is from {line['effective_from']} on")
    content = {
        "person": row.person_id, "plan": row.plan, "held": held,
        "families": [{"key": one.key, "content": one.content} for one in wants],
    }  # fmt: skip
    return Draft(content, row.at_stake, says)


def _held(asked: Asked) -> dict[str, Any] | None:
    """What the carrier holds of the plan, as its roster or bill shows; None: nothing."""
    session, row = asked.session, asked.row
    if row.type in MISSING or (row.type == Type.PLAN_DIFF and not row.actual):
        return None
    connection_id = asked.opened.link.connection
    told = told_state(session, connection_id, lambda subject: subject == row.person_id)
    worker = facts.part_of(session, Interval(date.min, FOREVER), row.person_id).workers[0]
    now = cover_lines.covers(asked.book, worker, connection_id, date.min, {}).get(row.plan)
    known = told.get(row.person_id, {}).get(row.plan)
    state: dict[str, Any] = dict(known) if known and not known.get("gone") else {}
    if not state and now is not None:
        state = cover_lines.state_of(now)
    if row.type in RETOLD:
        return _again(worker, row, state)
    seen = _seen(session, connection_id, row)
    if row.type == Type.TIER_DIFF:
        return {**state, "tier": seen["tier"]} if state else None
    base = {"tier": seen["tier"], "from": seen["from"], "dependents": []}
    return {**base, **state, "to": None}


def _again(worker: Worker, row: Row[Any], state: dict[str, Any]) -> dict[str, Any] | None:
    """What it was told, to be told once more; of an end, and of whoever left when the present cover began, as if it had
    not heard. Who left before that had a last day of his own, which no line of the present cover can tell."""
    if not state:
        return None
    held = {**state, "again": True}
    if row.type == Type.EFFECTIVE_DATE_DIFF:
        held |= {"to": None, "restart": True}
    if row.type == Type.DEPENDANT_DIFF:
        covers = [one for of_slot in worker.coverages.values() for one in of_slot if one.data["plan"] == row.plan]
        now = max(covers, key=lambda one: one.effective_from, default=None)
        last = [
            one for one in covers if now is not None and now.effective_from in (one.effective_from, one.effective_to)
        ]
        held["dependents"] = sorted({who for one in last for who in one.data["dependents"]})
    return held


def _seen(session: Session, connection_id: str, row: Row[Any]) -> dict[str, str]:
    """Tier and first day by the carrier's own bill or roster; a tier that no book knows is left out."""
    mine = session.where(confirmation, connection_id=connection_id, current=1, person_id=row.person_id, plan=row.plan)
    found = session.connection.execute(
        select(
            func.max(confirmation.c.tier).label("tier"), func.min(confirmation.c.effective_from).label("since")
        ).where(*mine, confirmation.c.kind.in_(("roster", "invoice_line")))
    ).one()
    since = found.since or Month.parse(row.period).first
    tier = found.tier or ""
    return {"tier": tier if tier in set(Tier) else "", "from": since.isoformat()}


def _retold(asked: Asked, held: Held) -> list[Wanted]:
    """What the family's carrier is told where he is known to hold something else than he was told."""
    session, book, opened, day = asked.session, asked.book, asked.opened, asked.session.today()
    connection_id, agreed = opened.link.connection, exchange.agreed(opened)
    since = cover_lines.since(day, first_told(session, connection_id))
    part = facts.part_of(session, Interval(date.min, FOREVER), asked.row.person_id)
    told = told_state(session, connection_id, part.which)
    by = exchange.leaving(book, connection_id, agreed, session.local_now(), day)
    groups, wants = opened.connector.groups(opened.link.settings), list[Wanted]()
    for worker in part.workers:
        known = told.get(worker.person_id, {})
        now = cover_lines.covers(book, worker, connection_id, since, overlaid(known, held))
        lines = cover_lines.lines(now, overlaid(cover_lines.comparable(worker, now, known, day), held))
        for group, mine in enrollments._by_group([(worker, lines, now)] if lines else [], groups).items():
            families = enrollments._families(session, mine, enrollments._pays(book) if agreed.salary else None, day)
            wants += [
                replace(enrollments._want(connection_id, one.person_id, of_group, families[one.person_id], day, by,
                                          group), anew=True)
                for one, of_group, _ in mine
            ]  # fmt: skip
    return wants


def _waits(session: Session, wants: Sequence[Wanted]) -> bool:
    rows = obligations.by_ids(session, [session.id("obl", one.key) for one in wants])
    return any(row.state == "sent" for row in rows)


def _owe(asked: Asked, content: Content) -> list[str]:
    wants = _retold(asked, {content["plan"]: content["held"]})
    obligations.want(asked.session, wants)
    return [asked.session.id("obl", one.key) for one in wants]


def _run(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    with hub.store.read(employer) as session:
        day = session.today()
    return enrollments.change_file(hub, steps, employer, connection_id, day.isoformat())


def _tried(hub: Hub, employer: str, connection_id: str, content: Content) -> list[str]:
    with hub.store.read(employer) as session:
        day = session.today()
    enrollments.want_changes(hub, employer, connection_id, day)
    if exchange.waits(hub, employer, connection_id, exchange.CHANGE):
        return []
    return enrollments.freeze_changes(hub, employer, connection_id)


def _keys(session: Session, connection_id: str, content: Content) -> list[str]:
    return [one["key"] for one in content["families"]]


ACTION = Action(
    ENROLLMENT,
    "tell the carrier again, with the true dates",
    frozenset((Relation.PREMIUM, kind)
              for kind in (*MISSING, *TOO_LONG, *RETOLD, Type.PLAN_DIFF, Type.TIER_DIFF)),
    _connection, _draft, _run, _tried, _keys, _owe,
)  # fmt: skip
