"""Enrollments: the change file is built from what we believe against what the carrier has been told.

What a carrier was told moves on only when it has acknowledged it, member by member; a refused member keeps
the old state and is tried again once somebody has mended it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, facts, obligations
from benehub.connect.exchange import Exchange, Unwritable
from benehub.connections import Open
from benehub.engine import Steps
from benehub.errors import DataError, GuardTripped
from benehub.facts import Fact, Worker
from benehub.flows import acknowledgements, cover_lines, exchange
from benehub.flows.enrollment_families import by_request, freeze_families
from benehub.flows.far_changes import consents, hold_far, key_of
from benehub.flows.files import freeze_file
from benehub.flows.fix_book import believed, overlaid
from benehub.flows.hub import Hub
from benehub.flows.reconciling import tell
from benehub.flows.send import WATCHED, awaken, let_go, send
from benehub.flows.together import TESTED
from benehub.flows.told import first_told, runs, told_state
from benehub.flows.unwritable import refuse, summary, unwritable
from benehub.identity import people
from benehub.obligations import UNFIT, Wanted, looked
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import Outcome
from benehub.records import CoverageLine, EnrollmentMember, Tier
from benehub.store import Session
from benehub.views.deadlines import carriers

REASONS = {
    "new_hire": "28", "birth": "02", "marriage": "32", "divorce": "01", "adoption": "05", "tier_change": "22",
    "open_enrollment": "22", "loss_of_coverage": "07", "termination": "08", "return": "41",
}  # fmt: skip
"""Why cover changes, as X12 INS04."""

Changed = tuple[Worker, list[dict[str, Any]], dict[str, Fact]]
"""An employee whose family's cover changed: the lines that say so, and the covers as they are now."""


def change_file(hub: Hub, steps: Steps, employer: str, connection_id: str, day: str) -> dict[str, Any]:
    """Send what changed since the carrier's last acknowledgement: as one change file, or a request a family.

    What the partner's profile does not let leave now stays open; `waits` says why.
    """
    wanted = steps.step("want", want_changes, hub, employer, connection_id, date.fromisoformat(day))
    waits = steps.step("may leave", exchange.waits, hub, employer, connection_id, exchange.CHANGE)
    ids = [] if waits else steps.step("freeze", freeze_changes, hub, employer, connection_id)
    if not ids:
        return {"changes": wanted, "members": 0, **({"waits": waits} if waits else {})}
    tally = send(hub, steps, employer, connection_id, ids)
    taken = steps.step("taken", acknowledgements.taken, hub, employer, connection_id)
    return {"changes": wanted, **_named(ids, _apart(hub, employer, connection_id)), **tally, **taken}


def _named(ids: Sequence[str], apart: bool = False) -> dict[str, Any]:
    """The dispatches of a run: one, or all of the set of groups; of families that go `apart` their number."""
    if apart and len(ids) > 1:
        return {"families": len(ids)}
    return {"dispatch": ids[0], **({"dispatches": list(ids)} if len(ids) > 1 else {})}


def _apart(hub: Hub, employer: str, connection_id: str) -> bool:
    """Whether the carrier is told of each family apart."""
    with hub.open(employer, connection_id) as opened:
        return by_request(opened.connector)


def _by_group(changed: Sequence[Changed], groups: Mapping[str, str]) -> dict[str, list[Changed]]:
    """Families by the group whose file tells of them: in each with the plans of that group alone.

    A plan that the profile does not know is tried in the first: it is named there as what it lacks.
    """
    if not groups:
        return {"": list(changed)}
    first = next(iter(groups.values()))
    found: dict[str, list[Changed]] = {}
    for worker, lines, now in changed:
        for group in dict.fromkeys(groups.get(line["plan"], first) for line in lines):
            mine = [line for line in lines if groups.get(line["plan"], first) == group]
            held = {plan: fact for plan, fact in now.items() if groups.get(plan, first) == group}
            found.setdefault(group, []).append((worker, mine, held))
    return found


def want_changes(hub: Hub, employer: str, connection_id: str, day: date) -> int:
    """Open an obligation for every family whose cover differs from what the carrier was told.

    Raises:
        GuardTripped: more covers would end than the guard allows.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        book, agreed = hub.book(session), exchange.agreed(opened)
        by = exchange.leaving(book, connection_id, agreed, session.local_now(), day)
        pays = _pays(book) if agreed.salary else None
        wants: list[Wanted] = []
        groups = opened.connector.groups(opened.link.settings)
        beyond: dict[str, exchange.Far] = {}
        began, holds, ended = first_told(session, connection_id), 0, 0
        since, corrected = cover_lines.since(day, began), believed(session, connection_id)
        elsewhere = set[str]()
        # Everybody who ever worked here: the end of who left in December, or long ago, may still be owed.
        for part in facts.parts_of_workers(session, Interval(date.min, FOREVER)):
            told = told_state(session, connection_id, part.which)
            holds += len(told)
            changed: list[Changed] = []
            for worker in part.workers:
                known, mended = told.get(worker.person_id, {}), corrected.get(worker.person_id, {})
                now = cover_lines.covers(book, worker, connection_id, since, overlaid(known, mended))
                ours = cover_lines.comparable(worker, now, known, day)
                if len(ours) < len(known):
                    elsewhere.add(worker.person_id)
                before = overlaid(ours, mended)
                lines = cover_lines.lines(now, before)
                if lines:
                    changed.append((worker, lines, now))
                    ended += all(line["maintenance"] == "024" for line in lines)
                if began and (away := _far(lines, before, day, agreed)):
                    beyond[worker.person_id] = away[0]
            for group, mine in _by_group(changed, groups).items():
                families = _families(session, mine, pays, day)
                wants += [
                    _want(connection_id, worker.person_id, lines, families[worker.person_id], day, by, group)
                    for worker, lines, _ in mine
                ]
        many = holds >= 20 and ended * 100 > holds * book.guards.headcount_drop_percent
        if many and ended > dispatch.permitted(session, connection_id, exchange.CHANGE):
            raise GuardTripped(
                f"the change file would end {ended} of {holds} families", where=f"connection {connection_id}",
                mend="Check the HRIS read. To let it leave: benehub dispatches permit "
                f"{connection_id} {exchange.CHANGE} --people {ended} --note WHY, and run it again",
            )  # fmt: skip
        _no_longer(session, connection_id, {one.key for one in wants}, elsewhere, by_request(opened.connector))
        wanted = obligations.want(session, wants).opened
        looked.note(session, carriers.looked_at(connection_id))
        outcome = hold_far(session, connection_id, beyond)
    _tell(hub, employer, outcome)
    return wanted


def _tell(hub: Hub, employer: str, outcome: Outcome) -> None:
    tell(hub, employer, outcome.opened, "difference_opened")
    tell(hub, employer, outcome.closed, "difference_closed")


def _far(
    lines: Sequence[Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]], day: date, agreed: Exchange
) -> list[exchange.Far]:
    """The lines that take effect beyond what was agreed, what is furthest past first."""
    found = [one for line in lines if (one := exchange.far(line, before.get(line["plan"]), day, agreed)) is not None]
    return sorted(found, key=lambda one: one.takes_effect)


def _no_longer(session: Session, connection_id: str, keys: set[str], elsewhere: set[str], apart: bool) -> None:
    """A change that was taken back in the HRIS before it left must not leave with the next file.

    What is owed of somebody whose cover is not known here (`elsewhere`) was not compared, and stays owed.
    Nor, where each family goes `apart`, once a connection that only watched or tested writes.
    """
    rows = obligations.open_ones(session, "enrollment.change", connection_id, states=("open", "refused", "held"))
    stale = [row for row in rows if row.business_key not in keys and row.person_id not in elsewhere]
    why = "no longer wanted: the carrier holds it already"
    obligations.cancel(session, [row.obligation_id for row in stale], why)
    # What was refused, or held before it was frozen, has not arrived, and nobody wants it any more.
    gone = [row.obligation_id for row in stale
            if row.state == "refused" or (row.state == "held" and row.dispatch_id is None)
            or (row.state == "held" and apart and row.reason.startswith((WATCHED, TESTED)))]  # fmt: skip
    obligations.mark(session, gone, "canceled", why)


def _families(
    session: Session, changed: Sequence[Changed], pays: Mapping[str, int] | None, day: date
) -> dict[str, dict[str, Any]]:
    """These families as they are sent, by subscriber; their SSNs, ids and dependents are looked up together.

    `pays` gives the pays a year by pay group where the partner is told the yearly pay; None where he is not.
    """
    covered = {one for _, lines, _ in changed for line in lines for one in (*line["dependents"], *line["left"])}
    everybody = sorted({worker.person_id for worker, _, _ in changed} | covered)
    ssns, numbers = people.ssns(session, everybody), people.member_ids(session, everybody)
    known = facts.as_of(session, "dependent", FOREVER - timedelta(days=1), subjects=sorted(covered))
    dependents = {fact.subject: fact for fact in known}
    found = {}
    for worker, lines, now in changed:
        times = None if pays is None else pays.get(worker.pay_group)
        pay = None if times is None else worker.yearly_pay(day, times)
        found[worker.person_id] = {
            "members": [
                one.model_dump(mode="json") for one in _members(numbers, ssns, dependents, worker, lines, now, pay)
            ],
            "told": {plan: cover_lines.state_of(fact) for plan, fact in now.items()},
            "gone": [line["plan"] for line in lines if line["plan"] not in now],
            "facts": sorted({now[line["plan"]].fact_id for line in lines if line["plan"] in now}),
        }
    return found


def _pays(book: PlanBook) -> dict[str, int]:
    return {name: group.pays_a_year for name, group in book.pay_groups.items()}


def _want(
    connection_id: str, person_id: str, lines: Sequence[dict[str, Any]], content: Any, day: date,
    by: Callable[[date], date], group: str,
) -> Wanted:  # fmt: skip
    first = min(date.fromisoformat(line["effective_from"]) for line in lines)
    return Wanted(
        kind=exchange.CHANGE, key=exchange.change_key(connection_id, person_id, group),
        connection_id=connection_id, period=str(Month.of(day)), due=max(first, day), send_by=by(first),
        content=exchange.of_group(content, group), person_id=person_id,
    )  # fmt: skip


def _members(
    numbers: Mapping[str, str],
    ssns: Mapping[str, str],
    dependents: Mapping[str, Fact],
    worker: Worker,
    lines: Sequence[dict[str, Any]],
    now: Mapping[str, Fact],
    pay: int | None,
) -> list[EnrollmentMember]:
    """The family as records, the employee first; `pay` is his yearly pay where it is told."""
    number = numbers[worker.person_id]
    covered = sorted({dependent for line in lines for dependent in (*line["dependents"], *line["left"])})
    identity = dict(worker.identity)
    newest = sorted((now[plan] for line in lines if (plan := line["plan"]) in now), key=lambda one: one.effective_from)
    event = next((fact.data["event"] for fact in reversed(newest) if fact.data.get("event")), "")
    ending = all(line["maintenance"] == "024" for line in lines)
    gone = worker.terminated_on
    returns = any(line["maintenance"] == "025" for line in lines)
    reason = REASONS["termination"] if ending and gone else REASONS["return"] if returns else REASONS.get(event, "")
    common: dict[str, Any] = {
        "subscriber": worker.person_id, "subscriber_id": number,
        "department": worker.employment.data.get("department") or "",
        **{name: identity.get(name) or "" for name in ("address1", "address2", "city", "state", "zip_code")},
    }  # fmt: skip
    members = [
        EnrollmentMember(
            person=worker.person_id, member_id=number, relationship="self",
            maintenance=_of_member([line["maintenance"] for line in lines], _goes_on(now, lines)), reason=reason,
            first_name=identity["first_name"], last_name=identity["last_name"],
            middle_name=identity.get("middle_name") or "", ssn=ssns.get(worker.person_id),
            birth_date=identity["birth_date"], sex=identity["sex"], hire_date=worker.hired, termination_date=gone,
            compensation_minor=pay, coverages=tuple(_coverage(line, worker.person_id) for line in lines), **common,
        )
    ]  # fmt: skip
    for fact in (dependents[one] for one in covered if one in dependents):
        mine = [cover for line in lines if (cover := _of_dependent(line, fact.subject)) is not None]
        members.append(
            EnrollmentMember(
                person=fact.subject, member_id=numbers[fact.subject],
                relationship=fact.data["relationship"],
                maintenance=_of_member([one.maintenance for one in mine], _goes_on(now, lines, fact.subject)),
                reason=reason, first_name=fact.data["first_name"], last_name=fact.data["last_name"],
                ssn=ssns.get(fact.subject), birth_date=fact.data["birth_date"], sex=fact.data["sex"],
                coverages=tuple(mine), **common,
            )
        )  # fmt: skip
    return members


def _of_member(kinds: Sequence[str], goes_on: bool) -> str:
    """INS03: an add or an end of the member speaks for all his cover, so it is a change where some just goes on."""
    several = set(kinds)
    if len(several) == 1 and not (goes_on and several <= {"021", "024"}):
        return several.pop()
    return "030" if "030" in several else "001"


def _goes_on(now: Mapping[str, Fact], lines: Sequence[Mapping[str, Any]], dependent: str = "") -> bool:
    """Whether the employee, or a dependent, has cover that these lines do not speak of and that outlasts their ends."""
    last = max((line["effective_to"] or "" for line in lines), default="")
    spoken = {line["plan"] for line in lines if not dependent or dependent in (*line["dependents"], *line["left"])}
    others = [fact for plan, fact in now.items() if plan not in spoken and fact.effective_to.isoformat() > last]
    return any(not dependent or dependent in fact.data["dependents"] for fact in others)


def _of_dependent(line: Mapping[str, Any], who: str) -> CoverageLine | None:
    """What a line says of one dependent: begun, ended, or as it is for the employee; None where it is not his."""
    cover = _coverage({**line, "provider": line["providers"].get(who, line["provider"])}, who)
    if who in line["left"]:
        ends = {"maintenance": "024", "effective_from": line["left_from"], "effective_to": line["left_on"]}
        return CoverageLine.model_validate(cover.model_dump() | ends)
    if who not in line["dependents"]:
        return None
    begins = who in line["new"] and line["maintenance"] in ("001", "025")
    return cover.model_copy(update={"maintenance": "021"}) if begins else cover


def _coverage(line: Mapping[str, Any], who: str) -> CoverageLine:
    return CoverageLine(
        plan=line["plan"], tier=Tier(line["tier"]) if line["tier"] else None, maintenance=line["maintenance"],
        effective_from=line["effective_from"], effective_to=line["effective_to"], provider=line["provider"],
        began=line["began"].get(who),
    )  # fmt: skip


def freeze_changes(hub: Hub, employer: str, connection_id: str) -> list[str]:
    """Freeze the open changes, as the connector has it: one file, one for each group, or a family each.

    A family of which the partner cannot be told, for want of what he demands, is refused by name; the others go.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        awaken(session, opened, exchange.CHANGE)
        fit: dict[str, list[Row[Any]]] = {}
        contents: dict[str, list[Any]] = {}
        apart = by_request(opened.connector)
        for row in obligations.open_ones(session, exchange.CHANGE, connection_id, states=("open", "refused")):
            if row.state == "refused" and not row.reason.startswith(UNFIT):
                continue  # the carrier refused it: a person has it sent anew
            family = obligations.content(session, row)
            group = family.get("group", "")
            if unfit := unwritable(exchange.opened_for(opened, group), exchange.CHANGE, {row.person_id: family}):
                obligations.mark(session, [row.obligation_id], "refused", f"{UNFIT}{unfit[row.person_id]}"[:300])
                continue
            fit.setdefault(group, []).append(row)
            contents.setdefault(group, []).extend(() if apart else family["members"])
        if apart:
            return freeze_families(session, opened, [row for rows in fit.values() for row in rows])
        return [
            freeze_file(
                session, exchange.opened_for(opened, group), exchange.CHANGE,
                exchange.change_key(connection_id, f"{session.today()}", group), contents[group],
                [row.obligation_id for row in rows], 0, "USD", group=group,
            )
            for group, rows in fit.items()
        ]  # fmt: skip


def full_file(hub: Hub, steps: Steps, employer: str, connection_id: str, day: str) -> dict[str, Any]:
    """Send everybody whom the carrier shall cover, as one full file: whoever is absent from it has no cover.

    One that covers far fewer than the last is held until a person lets it go.
    """
    families = steps.step("want full", want_full, hub, employer, connection_id, date.fromisoformat(day))
    waits = steps.step("may leave", exchange.waits, hub, employer, connection_id, exchange.FULL)
    ids = [] if waits else steps.step("freeze full", freeze_full, hub, employer, connection_id)
    waits = waits or steps.step("unwritable", held_whole, hub, employer, connection_id)
    said = {"families": families, **({"waits": waits} if waits else {})}
    return {**said, **_named(ids), **send(hub, steps, employer, connection_id, ids)} if ids else said


def want_full(hub: Hub, employer: str, connection_id: str, day: date) -> int:
    """Open one obligation for the whole file of a day; gives how many families have running cover in it.

    A cover that has ended is in it while its end is news to the carrier, and for as long after its end as the
    partner's profile says; whether it is written then or left out, the profile says too.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        book, agreed = hub.book(session), exchange.agreed(opened)
        families: dict[str, dict[str, Any]] = {}
        beyond: dict[str, exchange.Far] = {}
        began, consented = first_told(session, connection_id), consents(session)
        pays = _pays(book) if agreed.salary else None
        running = 0
        kept = day - timedelta(days=agreed.keep_terminated_days)
        groups = opened.connector.groups(opened.link.settings)
        for part in facts.parts_of_workers(session, Interval(date.min, FOREVER)):
            told = told_state(session, connection_id, part.which)
            changed: list[Changed] = []
            for worker in part.workers:
                known = told.get(worker.person_id, {})
                now = cover_lines.covers(book, worker, connection_id, day, known)
                before = cover_lines.comparable(worker, now, known, day)
                lines = cover_lines.of_everything(now, before, day, kept)
                unheard = [line for line in lines if not cover_lines.holds(before.get(line["plan"]))]
                away = [] if not began else [
                    one for one in _far(unheard, {}, day, agreed)
                    if key_of(connection_id, worker.person_id, one) not in consented
                ]  # fmt: skip
                if away:
                    # What the carrier has never heard of is left out of it, and waits by name.
                    beyond[worker.person_id] = away[0]
                    lines = [line for line in lines if line["plan"] not in {one.plan for one in away}]
                if lines:
                    changed.append((worker, lines, {plan: fact for plan, fact in now.items()
                                                    if plan in {line["plan"] for line in lines}}))  # fmt: skip
                    running += any(line["maintenance"] != "024" for line in lines)
            for group, mine in _by_group(changed, groups).items():
                families.setdefault(group, {}).update(_families(session, mine, pays, day))
        left: set[str] = set()
        for group, of_group in families.items():
            left |= _want_file(session, opened, group, of_group, day)
        running -= len(left)
        looked.note(session, carriers.looked_at(connection_id))
        outcome = hold_far(session, connection_id, beyond)
    _tell(hub, employer, outcome)
    return running


def _want_file(session: Session, opened: Open, group: str, families: dict[str, Any], day: date) -> set[str]:
    """Owe the full file of a group; gives whose running cover is left out of it, where the profile says that it may."""
    connection_id, agreed, left = opened.link.connection, exchange.agreed(opened), set()
    send_by = max(day, agreed.schedule.next_slot(session.local_now()).date())
    key = "/".join((exchange.FULL, connection_id, *filter(None, (group,))))
    content = exchange.of_group({"day": day.isoformat(), "families": families}, group)
    wanted = Wanted(exchange.FULL, key, connection_id, str(Month.of(day)), day, send_by, content)
    if families and agreed.unwritable is Unwritable.LEAVE_OUT:
        unfit = unwritable(exchange.opened_for(opened, group), exchange.FULL, families)
        refuse(session, connection_id, families, unfit, wanted, group)
        left = {who for who in unfit if _running(families.pop(who))}
    if families:
        obligations.want(session, [wanted])
    return left


def freeze_full(hub: Hub, employer: str, connection_id: str) -> list[str]:
    """Freeze the open full file, or that of each group, always whole; gives their dispatches.

    One with a family that cannot be written is held by name instead.

    Raises:
        DataError: it cannot be written for another reason.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        awaken(session, opened, exchange.FULL)
        waiting = [str(row.obligation_id) for row in _full_owed(session, connection_id)]
    ids = []
    for one in waiting:
        try:
            ids.append(_freeze_full(hub, employer, connection_id, one))
        except DataError:
            if not _hold_whole(hub, employer, connection_id, one):
                raise
    return ids


def _hold_whole(hub: Hub, employer: str, connection_id: str, obligation_id: str) -> bool:
    """Hold a full file for the families in it that cannot be written, each named; False where there is none."""
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        (row,) = obligations.by_ids(session, [obligation_id])
        content = obligations.content(session, row)
        families, group = content["families"], content.get("group", "")
        unfit = unwritable(exchange.opened_for(opened, group), exchange.FULL, families)
        if not unfit:
            return False
        like = Wanted(row.kind, row.business_key, connection_id, row.period, row.due_date, row.send_by, {})
        refuse(session, connection_id, families, unfit, like, group)
        obligations.mark(session, [obligation_id], "held", summary(unfit))
        return True


def held_whole(hub: Hub, employer: str, connection_id: str) -> str:
    """Why a full file waits for somebody who cannot be written; empty where none does."""
    with hub.store.read(employer) as session:
        return "; ".join(row.reason for row in _full_owed(session, connection_id) if row.state == "held")


def _full_owed(session: Session, connection_id: str) -> list[Any]:
    """The full file that is owed: open, or held for want of what the partner demands and tried again."""
    rows = obligations.open_ones(session, exchange.FULL, connection_id, states=("open", "held"))
    return [row for row in rows if row.state == "open" or row.reason.startswith(UNFIT)]


def _freeze_full(hub: Hub, employer: str, connection_id: str, obligation_id: str) -> str:
    """It tells all that earlier changes would have told, so what of those was never tried is closed with it."""
    with hub.open(employer, connection_id) as plain, hub.store.write(employer) as session:
        (row,) = obligations.by_ids(session, [obligation_id])
        content = obligations.content(session, row)
        group, groups = content.get("group", ""), plain.connector.groups(plain.link.settings)
        opened = exchange.opened_for(plain, group)
        members = [one for family in content["families"].values() for one in family["members"]]
        key = f"{row.business_key}/{session.today()}"
        dispatch_id = freeze_file(
            session, opened, exchange.FULL, key, members, [obligation_id], 0, "USD", group=group
        )  # fmt: skip
        _close_deltas(session, connection_id, dispatch_id, content["families"].keys(), group)
        percent = hub.book(session).guards.headcount_drop_percent
        day = date.fromisoformat(content["day"])
        covered = _covered(session, connection_id, day, group, groups)
        running = sum(_running(family) for family in content["families"].values())
        why = exchange.too_few(session, opened, dispatch_id, percent, (covered, running))
        if why and dispatch.get(session, dispatch_id).state == "prepared" and not let_go(session, dispatch_id):
            exchange.hold(session, dispatch_id, why)
        return dispatch_id


def _running(family: Mapping[str, Any]) -> bool:
    """Whether anybody of the family has cover that goes on."""
    return any(line["maintenance"] != "024" for one in family["members"] for line in one["coverages"])


def _covered(session: Session, connection_id: str, day: date, group: str, groups: Mapping[str, str]) -> int:
    """How many families the carrier covers on a day in a group's plans, as it was told."""
    parts = (told_state(session, connection_id, which) for which in facts.ranges(session, "told"))
    told = (plans for part in parts for plans in part.values())
    return sum(any(runs(state, day) for plan, state in plans.items() if groups.get(plan, group) == group)
               for plans in told)  # fmt: skip


def _close_deltas(session: Session, connection_id: str, dispatch_id: str, persons: Collection[str], group: str) -> None:
    """A full file closes all earlier changes of its group: of whom it tells, nothing else is owed any more."""
    dispatch.close_earlier(session, dispatch_id, (exchange.CHANGE, exchange.FULL))
    rows = obligations.open_ones(session, exchange.CHANGE, connection_id, states=("open", "refused", "held"))
    told = [row.obligation_id for row in rows
            if row.person_id in persons and not row.reason.startswith(exchange.BEYOND)
            and row.business_key == exchange.change_key(connection_id, row.person_id, group)]  # fmt: skip
    obligations.mark(session, told, "canceled", f"{dispatch.CLOSED}{dispatch_id}")
