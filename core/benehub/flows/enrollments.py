"""Enrollments: the change file is built from what we believe against what the carrier has been told.

What a carrier was told moves on only when it has acknowledged it, member by member; a refused member keeps
the old state and is tried again once somebody has mended it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from benehub import facts, obligations
from benehub.engine import Steps
from benehub.errors import GuardTripped
from benehub.facts import Fact, Worker
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.flows.send import awaken, send
from benehub.identity import people
from benehub.obligations import Wanted
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.records import CoverageLine, EnrollmentMember, Tier
from benehub.store import Session
from benehub.store.session import CHUNK

REASONS = {
    "new_hire": "28", "birth": "02", "marriage": "32", "divorce": "01", "adoption": "05", "tier_change": "22",
    "open_enrollment": "22", "loss_of_coverage": "07", "termination": "08",
}  # fmt: skip
"""Why cover changes, as X12 INS04."""

Changed = tuple[Worker, list[dict[str, Any]], dict[str, Fact]]
"""An employee whose family's cover changed: the lines that say so, and the covers as they are now."""


def change_file(hub: Hub, steps: Steps, employer: str, connection_id: str, day: str) -> dict[str, Any]:
    """Send what changed since the carrier's last acknowledgement, as one change file."""
    wanted = steps.step("want", want_changes, hub, employer, connection_id, date.fromisoformat(day))
    dispatch_id = steps.step("freeze", freeze_changes, hub, employer, connection_id)
    if not dispatch_id:
        return {"changes": wanted, "members": 0}
    tally = send(hub, steps, employer, connection_id, [dispatch_id])
    return {"changes": wanted, "dispatch": dispatch_id, **tally}


def want_changes(hub: Hub, employer: str, connection_id: str, day: date) -> int:
    """Open an obligation for every family whose cover differs from what the carrier was told.

    Raises:
        GuardTripped: more covers would end than the guard allows.
    """
    with hub.store.write(employer) as session:
        book = hub.book(session)
        told = told_state(session, connection_id)
        persons = people.people(session)
        changed: list[Changed] = []
        window = Interval(date(day.year, 1, 1), FOREVER)
        for worker in facts.workers(session, window):
            now = _covers(book, worker, connection_id, day)
            before = told.get(worker.person_id, {})
            lines = [line for plan in sorted(now.keys() | before.keys())
                     if (line := _line(plan, now.get(plan), before.get(plan))) is not None]  # fmt: skip
            if lines:
                changed.append((worker, lines, now))
        ended = sum(all(line["maintenance"] == "024" for line in lines) for _, lines, _ in changed)
        if len(told) >= 20 and ended * 100 > len(told) * book.guards.headcount_drop_percent:
            raise GuardTripped(
                f"the change file would end {ended} of {len(told)} families",
                where=f"connection {connection_id}", mend="Check the HRIS read; raise headcount_drop_percent to go on",
            )  # fmt: skip
        wants: list[Wanted] = []
        for start in range(0, len(changed), CHUNK):
            part = changed[start : start + CHUNK]
            families = _families(session, persons, part)
            wants += [
                _want(connection_id, worker.person_id, lines, families[worker.person_id], day)
                for worker, lines, _ in part
            ]
        _no_longer(session, connection_id, {one.key for one in wants})
        return obligations.want(session, wants).opened


def _no_longer(session: Session, connection_id: str, keys: set[str]) -> None:
    """A change that was taken back in the HRIS before it left must not leave with the next file."""
    rows = obligations.open_ones(session, "enrollment.change", connection_id, states=("open", "refused"))
    stale = [row for row in rows if row.business_key not in keys]
    why = "no longer wanted: the carrier holds it already"
    obligations.cancel(session, [row.obligation_id for row in stale if row.state == "open"], why)
    # What was refused has not arrived, and nobody wants it any more.
    obligations.mark(session, [row.obligation_id for row in stale if row.state == "refused"], "canceled", why)


def told_state(session: Session, connection_id: str) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What the carrier was told and has accepted: subscriber -> plan -> state."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for fact in facts.as_of(session, "told", FOREVER - timedelta(days=1)):
        if fact.key.startswith(f"{connection_id}/"):
            found.setdefault(fact.subject, {})[fact.key.split("/", 1)[1]] = fact.data
    return found


def _covers(book: PlanBook, worker: Worker, connection_id: str, day: date) -> dict[str, Fact]:
    """The newest cover of each plan of this carrier that has not ended before the year."""
    found: dict[str, Fact] = {}
    for timeline in worker.coverages.values():
        for fact in timeline:
            plan = book.plan(fact.data["plan"])
            if plan.carrier == connection_id and fact.effective_to > date(day.year, 1, 1):
                found[plan.id] = fact
    return found


def _line(plan: str, now: Fact | None, before: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The coverage line that brings the carrier from `before` to `now`; None when nothing differs."""
    state = None if now is None else _state(now)
    if before is None or before.get("gone"):
        return None if state is None else _coverage_line(plan, state, "021")
    if state is None:
        # Void: it never should have begun, so it ends on the day it began.
        return _coverage_line(plan, {**before, "to": before["from"]}, "024")
    if all(state[name] == before[name] for name in ("tier", "to", "dependents")):
        return None
    ends = state["to"] is not None and state["to"] != before["to"]
    return _coverage_line(plan, state, "024" if ends else "001")


def _coverage_line(plan: str, state: Mapping[str, Any], maintenance: str) -> dict[str, Any]:
    return {
        "plan": plan,
        "tier": state["tier"],
        "maintenance": maintenance,
        "effective_from": state["from"],
        "effective_to": state["to"],
        "dependents": state["dependents"],
    }


def _state(fact: Fact) -> dict[str, Any]:
    return {
        "tier": fact.data["tier"],
        "from": fact.effective_from.isoformat(),
        "to": None if fact.effective_to == FOREVER else fact.effective_to.isoformat(),
        "dependents": list(fact.data["dependents"]),
    }


def _families(session: Session, persons: Mapping[str, Any], changed: Sequence[Changed]) -> dict[str, dict[str, Any]]:
    """These families as they are sent, by subscriber; their SSNs and dependents are looked up together."""
    covered = {one for _, lines, _ in changed for line in lines for one in line["dependents"]}
    ssns = people.ssns(session, sorted({worker.person_id for worker, _, _ in changed} | covered))
    facts.preload(session, "dependent", sorted(covered))
    return {worker.person_id: _family(session, persons, ssns, worker, lines, now) for worker, lines, now in changed}


def _want(connection_id: str, person_id: str, lines: Sequence[dict[str, Any]], content: Any, day: date) -> Wanted:
    first = min(date.fromisoformat(line["effective_from"]) for line in lines)
    return Wanted(
        kind="enrollment.change", key=f"enrollment.change/{connection_id}/{person_id}",
        connection_id=connection_id, period=str(Month.of(day)), due=max(first, day), send_by=day,
        content=content, person_id=person_id,
    )  # fmt: skip


def _family(
    session: Session, persons: Mapping[str, Any], ssns: Mapping[str, str], worker: Worker,
    lines: Sequence[dict[str, Any]], now: Mapping[str, Fact],
) -> dict[str, Any]:  # fmt: skip
    """A family as it is sent, and what the carrier holds of it once it has accepted that."""
    return {
        "members": [one.model_dump(mode="json") for one in _members(session, persons, ssns, worker, lines, now)],
        "told": {plan: _state(fact) for plan, fact in now.items()},
        "gone": [line["plan"] for line in lines if line["plan"] not in now],
    }


def _members(
    session: Session,
    persons: Mapping[str, Any],
    ssns: Mapping[str, str],
    worker: Worker,
    lines: Sequence[dict[str, Any]],
    now: Mapping[str, Fact],
) -> list[EnrollmentMember]:
    subscriber = persons[worker.person_id]
    covered = sorted({dependent for line in lines for dependent in line["dependents"]})
    identity = dict(worker.identity)
    event = next((fact.data.get("event", "") for fact in now.values() if fact.data.get("event")), "")
    ending = all(line["maintenance"] == "024" for line in lines)
    gone = worker.terminated_on
    reason = REASONS["termination"] if ending and gone else REASONS.get(event, "")
    # A member-level add or end speaks for every line; anything mixed is a change of the member.
    kinds = {line["maintenance"] for line in lines}
    maintenance = kinds.pop() if len(kinds) == 1 else "030" if "030" in kinds else "001"
    common = {
        "subscriber": worker.person_id, "subscriber_id": subscriber.member_id,
        **{name: identity.get(name) or "" for name in ("address1", "address2", "city", "state", "zip_code")},
    }  # fmt: skip
    members = [
        EnrollmentMember(
            person=worker.person_id, member_id=subscriber.member_id, relationship="self", maintenance=maintenance,
            reason=reason, first_name=identity["first_name"], last_name=identity["last_name"],
            middle_name=identity.get("middle_name") or "", ssn=ssns.get(worker.person_id),
            birth_date=identity["birth_date"], sex=identity["sex"], hire_date=worker.hired, termination_date=gone,
            coverages=tuple(_coverage(line) for line in lines), **common,
        )
    ]  # fmt: skip
    for fact in facts.as_of(session, "dependent", FOREVER - timedelta(days=1), subjects=covered):
        mine = [line for line in lines if fact.subject in line["dependents"]]
        members.append(
            EnrollmentMember(
                person=fact.subject, member_id=persons[fact.subject].member_id,
                relationship=fact.data["relationship"], maintenance=maintenance, reason=reason,
                first_name=fact.data["first_name"], last_name=fact.data["last_name"], ssn=ssns.get(fact.subject),
                birth_date=fact.data["birth_date"], sex=fact.data["sex"],
                coverages=tuple(_coverage(line) for line in mine), **common,
            )
        )  # fmt: skip
    return members


def _coverage(line: Mapping[str, Any]) -> CoverageLine:
    return CoverageLine(
        plan=line["plan"], tier=Tier(line["tier"]) if line["tier"] else None, maintenance=line["maintenance"],
        effective_from=line["effective_from"], effective_to=line["effective_to"],
    )  # fmt: skip


def freeze_changes(hub: Hub, employer: str, connection_id: str) -> str:
    """Freeze the open changes into one file; gives its dispatch, or an empty text when there are none.

    One change file may be under way at a time: a later one waits for the acknowledgement of the one before.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        awaken(session, opened, "enrollment.change")
        rows = obligations.open_ones(session, "enrollment.change", connection_id)
        if not rows:
            return ""
        contents = [one for row in rows for one in obligations.content(session, row)["members"]]
        key = f"enrollment.change/{connection_id}/{session.today()}"
        return freeze_file(
            session, opened, "enrollment.change", key, contents, [row.obligation_id for row in rows], 0, "USD"
        )


def full_file(hub: Hub, steps: Steps, employer: str, connection_id: str, day: str) -> dict[str, Any]:
    """Send everybody whom the carrier shall cover, as one full file: whoever is absent from it has no cover."""
    families = steps.step("want full", want_full, hub, employer, connection_id, date.fromisoformat(day))
    dispatch_id = steps.step("freeze full", freeze_full, hub, employer, connection_id)
    if not dispatch_id:
        return {"families": families}
    tally = send(hub, steps, employer, connection_id, [dispatch_id])
    return {"families": families, "dispatch": dispatch_id, **tally}


def want_full(hub: Hub, employer: str, connection_id: str, day: date) -> int:
    """Open one obligation for the whole file of a day; gives how many families have running cover in it.

    A cover that has ended is in it while its end is news to the carrier; the partner's profile says whether it is
    written or left out.

    Raises:
        GuardTripped: it has fewer families than the carrier covers, by more than the guard allows.
    """
    with hub.store.write(employer) as session:
        book = hub.book(session)
        told = told_state(session, connection_id)
        persons = people.people(session)
        changed: list[Changed] = []
        running = 0
        for worker in facts.workers(session, Interval(date(day.year, 1, 1), FOREVER)):
            now, before = _covers(book, worker, connection_id, day), told.get(worker.person_id, {})
            lines = [line for plan in sorted(now.keys() | before.keys())
                     if (line := _full_line(plan, now.get(plan), before.get(plan), day)) is not None]  # fmt: skip
            if lines:
                changed.append((worker, lines, now))
                running += any(line["maintenance"] != "024" for line in lines)
        covered = sum(any(_runs(state, day) for state in plans.values()) for plans in told.values())
        if covered >= 20 and (covered - running) * 100 > covered * book.guards.headcount_drop_percent:
            raise GuardTripped(
                f"the full file has {running} families, and the carrier covers {covered}",
                where=f"connection {connection_id}", mend="Check the HRIS read; raise headcount_drop_percent to go on",
            )  # fmt: skip
        families: dict[str, dict[str, Any]] = {}
        for start in range(0, len(changed), CHUNK):
            families |= _families(session, persons, changed[start : start + CHUNK])
        if families:
            content = {"day": day.isoformat(), "families": families}
            key = f"enrollment.full/{connection_id}"
            wanted = Wanted("enrollment.full", key, connection_id, str(Month.of(day)), day, day, content)
            obligations.want(session, [wanted])
        return running


def freeze_full(hub: Hub, employer: str, connection_id: str) -> str:
    """Freeze the open full file, always whole; gives its dispatch, or an empty text when none is open."""
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        awaken(session, opened, "enrollment.full")
        rows = obligations.open_ones(session, "enrollment.full", connection_id)
        if not rows:
            return ""
        families = obligations.content(session, rows[0])["families"]
        contents = [one for family in families.values() for one in family["members"]]
        key = f"enrollment.full/{connection_id}/{session.today()}"
        return freeze_file(session, opened, "enrollment.full", key, contents, [rows[0].obligation_id], 0, "USD")


def _full_line(plan: str, now: Fact | None, before: Mapping[str, Any] | None, day: date) -> dict[str, Any] | None:
    """A plan's line in a full file: as it stands, as ended where the carrier does not know that yet, or none."""
    news = _line(plan, now, before)
    if now is not None and now.effective_to > day:
        return _coverage_line(plan, _state(now), "030")
    return news if news is not None and before is not None and news["maintenance"] == "024" else None


def _runs(state: Mapping[str, Any], day: date) -> bool:
    return not state.get("gone") and (state["to"] is None or date.fromisoformat(state["to"]) > day)
