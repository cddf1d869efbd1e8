"""Fixes: what can put a difference right is proposed with what would leave, decided by persons, and carried out by the
flows of every day.

There is no second way to a vendor: a fix makes something owed, or changes what the flows work out, and they freeze and
send it. What was shown when it was proposed is frozen; where it would be something else by now, it cannot be approved.
The difference closes when a comparison finds the money right, not because a fix was sent.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations, reconcile
from benehub.connections import Open
from benehub.engine import Steps
from benehub.errors import BenehubError, DataError
from benehub.flows import fix_claims, fix_cover, fix_deposits, fix_letters, fix_lines, fix_missed, fix_offset
from benehub.flows.fix_draft import Action, Asked, Draft, Refusal, notice_day_of
from benehub.flows.fix_none import WHY_NONE
from benehub.flows.hub import Hub
from benehub.flows.rehearsal import rehearsal
from benehub.flows.runs import By
from benehub.flows.users import as_user
from benehub.planbook import PlanBook
from benehub.reconcile import fixes
from benehub.reconcile.fixes import Proposal
from benehub.store import Session
from benehub.views.carried import Carried, everybody, first_of
from benehub.views.outgoing import masked, outgoing

ACTIONS = {
    one.name: one
    for one in (
        fix_lines.ACTION,
        fix_missed.ACTION,
        fix_cover.ACTION,
        fix_claims.ACTION,
        fix_deposits.CONTRIBUTIONS,
        fix_deposits.ACCOUNTS,
        fix_deposits.EARNINGS,
        fix_offset.ACTION,
        *fix_letters.ACTIONS,
    )
}
"""Every kind of fix by name."""

CARRY = "fixes.carry"
"""The flow that carries an approved fix out."""

WAITS = "it leaves with the flows of every day, or when somebody who may send carries it out"
"""What is told of an approved fix that whoever approved it may not let leave."""

NONE = "no fix of the hub's puts this difference right"
BY_HAND = "Do what the difference says by hand, then resolve it"
WAITS_ON = {
    "payroll": "waiting_on_payroll",
    "premium": "waiting_on_carrier",
    "retirement": "waiting_on_partner",
    "accounts": "waiting_on_partner",
}


@dataclass(frozen=True, slots=True)
class Option:
    """A kind of fix for a difference: what it would do now, or why it cannot be proposed (`why_not`).

    `with_notice` says that it does something else once the day of the notice to the employee is said.
    """

    action: str
    title: str
    says: str
    at_stake: int
    unit: str
    why_not: str
    with_notice: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A fix as it would leave: in a sentence, and byte for byte; personal data is masked unless asked for."""

    action: str
    says: str
    at_stake: int
    unit: str
    text: str
    needs_second: bool
    """Whether a second person would have to approve it."""
    people: Carried
    """Of whom it tells."""
    with_notice: bool
    """Whether it depends on the day of the notice to the employee."""


def options(hub: Hub, employer: str, difference_id: str) -> list[Option]:
    """Every kind of fix that could be meant for a difference: what it would do, or why it cannot be proposed.

    A kind whose vendor cannot be asked (a secret that is missing, a server that is away) says so; the others stand.

    Raises:
        DataError: no such difference.
    """
    found = []
    for action in _actions(hub, employer, difference_id):
        with hub.store.read(employer) as session:
            unit = hub.book(session).employer.currency
        try:
            answer = _drafted(hub, employer, difference_id, action)
        except BenehubError as error:
            answer = Refusal(str(error))
        told = (answer.says, answer.at_stake, unit, "") if isinstance(answer, Draft) else ("", 0, unit, answer.why)
        found.append(Option(action.name, action.title, *told, action.with_notice))
    return found


def preview(
    hub: Hub, employer: str, difference_id: str, action: str = "", clear: bool = False, notice_day: date | None = None
) -> Preview:
    """What a fix would do and what would leave; nothing is written. The first that can be proposed where none is named.

    Args:
        notice_day: the day the employee was told of it in writing, for a kind of fix that depends on it.

    Raises:
        DataError: no such difference or action, or why it cannot be proposed.
    """
    chosen, draft = _chosen(hub, employer, difference_id, action, notice_day)
    with hub.store.read(employer) as session:
        book = hub.book(session)
    text, people = _shown(hub, employer, difference_id, chosen, draft, clear)
    second = fixes.needs_second(draft.at_stake, book.guards.alone_up_to_minor)
    return Preview(
        chosen.name, draft.says, draft.at_stake, book.employer.currency, text, second, first_of(people),
        chosen.with_notice,
    )  # fmt: skip


def propose(
    hub: Hub, employer: str, difference_id: str, who: str, action: str = "", note: str = "",
    notice_day: date | None = None,
) -> str:  # fmt: skip
    """Propose a fix, frozen with its preview; gives its id.

    Args:
        notice_day: the day the employee was told of it in writing, for a kind of fix that depends on it.

    Raises:
        DataError: no such difference or action, why it cannot be proposed, or nobody named.
    """
    said_by = as_user(hub, who)
    chosen, draft = _chosen(hub, employer, difference_id, action, notice_day)
    text, people = _shown(hub, employer, difference_id, chosen, draft, clear=False)
    with hub.store.write(employer) as session:
        proposal = _proposal(session, hub.book(session), difference_id, chosen, draft, text, people)
        made = fixes.propose(session, proposal, said_by, note)
        told = f"{made}: {draft.says}"
        reconcile.act(session, difference_id, said_by, step="fix_proposed", note=told)
    return made


def approve(
    hub: Hub, employer: str, fix_id: str, who: str, note: str = "", expected: str = "", run_key: str = "",
    by: By | None = None,
) -> str:  # fmt: skip
    """A person approves a fix; what it makes owed is written with the word.

    Args:
        run_key: what tells the run apart that carries it out, put into the queue with the word: both, or neither;
            empty where none is.

    Returns:
        That run; empty where there is none.

    Raises:
        DataError: no such fix, it is not proposed, a second person is needed, or it would be something else by now.
        ChangedMeanwhile: its version is not the one `expected`, where one is named; so below.
    """
    said_by = as_user(hub, who)
    with hub.store.read(employer) as session:
        row = fixes.get(session, fix_id)
    action = ACTIONS[row.action]
    with _asked(hub, employer, row.difference_id, row.connection_id, write=True) as asked:
        session = asked.session
        row = _looked_at(session, fix_id, expected)
        limit = asked.book.guards.alone_up_to_minor
        fixes.check(row, said_by, "approved", note, limit)
        if why := fixes.in_the_way(session, row.difference_id, row.action, but=fix_id):
            raise DataError(why, where=f"fix {fix_id}", mend="Withdraw one of the two")
        answer = action.draft(replace(asked, notice_day=notice_day_of(fixes.content(session, row))))
        changed = isinstance(answer, Refusal) or fixes.digest(session, answer.content) != row.content_hash
        if changed:
            why = answer.why if isinstance(answer, Refusal) else "what it would do has changed since it was proposed"
            raise DataError(why, where=f"fix {fix_id}", mend="Withdraw it, look again, and propose it anew")
        fixes.move(session, fix_id, said_by, "approved", note)
        if action.owe is not None:
            fixes.link(session, fix_id, action.owe(asked, fixes.content(session, row)))
        return queue(hub, session, fix_id, run_key, by) if run_key else ""


def queue(hub: Hub, session: Session, fix_id: str, run_key: str, by: By | None = None) -> str:
    """Let a worker carry out a fix; gives the run, the same for the same key."""
    return hub.enqueue_flow(session, CARRY, f"{fix_id}/{run_key}", "fixes", fix_id, by=by)


def _looked_at(session: Session, fix_id: str, expected: str) -> Row[Any]:
    row = fixes.get(session, fix_id, lock=True)
    fixes.looked_at(session, row, expected)
    return row


def reject(hub: Hub, employer: str, fix_id: str, who: str, note: str, expected: str = "") -> None:
    """A person says no to a fix, and why.

    Raises:
        DataError: no such fix, it is not proposed, or no reason.
    """
    with hub.store.write(employer) as session:
        fixes.check(_looked_at(session, fix_id, expected), who, "rejected", note, None)
        fixes.move(session, fix_id, who, "rejected", note)


def withdraw(hub: Hub, employer: str, fix_id: str, who: str, note: str, expected: str = "") -> None:
    """Take back a fix that is proposed, or approved and not carried out yet; what it made owed is taken back with it.

    One that has asked a vendor in writing is taken back after that, too: the vendor will not do it.

    Raises:
        DataError: no such fix, something of it has left or may have, it stands in a file with others, or no reason.
    """
    with hub.store.write(employer) as session:
        row = _looked_at(session, fix_id, expected)
        owed = fixes.owed(session, fix_id)
        gone = [one for one in obligations.by_ids(session, owed) if one.state in ("sent", "confirmed")]
        if row.state == "approved" and gone and row.action not in fixes.ASKED:
            raise DataError("it has left already", where=f"fix {fix_id}", mend="Propose what puts it right again")
        fixes.check(row, who, "withdrawn", note, None)
        fixes.move(session, fix_id, who, "withdrawn", note)
        if obligations.cancel(session, owed, f"fix {fix_id} was withdrawn") < len(owed):
            _close_held(session, owed, fix_id)
        for one in obligations.by_ids(session, owed):
            if row.state == "approved" and one.state in ("open", "held"):
                raise DataError(
                    "it is frozen: it may have left, or leaves in a file with others", where=f"fix {fix_id}",
                    mend=f"benehub dispatches show {one.dispatch_id}: settle it, or let it leave and correct it then",
                )  # fmt: skip
        undo = ACTIONS[row.action].undo if row.state == "approved" else None
        if undo is not None and (
            why := undo(session, hub.book(session), fixes.content(session, row), f"fix {fix_id} was withdrawn")
        ):
            raise DataError(why, where=f"fix {fix_id}", mend="Let it arrive, then correct what it has paid too much")


def _close_held(session: Session, owed: Sequence[str], fix_id: str) -> None:
    """What waits for a person, never tried, goes with the fix that made it."""
    for one in obligations.by_ids(session, owed):
        if one.state == "held" and (one.dispatch_id is None or _alone_untried(session, one.dispatch_id)):
            if one.dispatch_id is not None:
                dispatch.finish(session, one.dispatch_id, "failed", f"fix {fix_id} was withdrawn")
            obligations.mark(session, [one.obligation_id], "canceled", f"fix {fix_id} was withdrawn")


def _alone_untried(session: Session, dispatch_id: str) -> bool:
    """Whether a dispatch carries one thing alone, and was never tried."""
    return int(dispatch.get(session, dispatch_id).items) == 1 and not dispatch.attempts(session, dispatch_id)


def carry_out(hub: Hub, steps: Steps, employer: str, fix_id: str) -> dict[str, Any]:
    """Carry out an approved fix by the flow that tells such things every day; gives that flow's counts and the state.

    Raises:
        DataError: no such fix, or it is not approved.
    """
    kept = steps.step("approved", _approved, hub, employer, fix_id)
    action = ACTIONS[kept["action"]]
    tally = action.run(hub, steps, employer, kept["connection"], kept["content"])
    steps.step("link", _link, hub, employer, fix_id)
    states = steps.step("follow", follow, hub, employer)
    return {**tally, "state": states.get(fix_id, "approved")}


def _approved(hub: Hub, employer: str, fix_id: str) -> dict[str, Any]:
    with hub.store.read(employer) as session:
        row = approved(session, fix_id)
        return {"action": row.action, "connection": row.connection_id, "content": fixes.content(session, row)}


def approved(session: Session, fix_id: str) -> Row[Any]:
    """A fix that may be carried out, or was.

    Raises:
        DataError: no such fix, or it is not approved.
    """
    row = fixes.get(session, fix_id)
    if row.state not in ("approved", fixes.DONE):
        raise DataError(f"it is {row.state}", where=f"fix {fix_id}", mend="Have it approved: benehub fixes approve")
    return row


def _link(hub: Hub, employer: str, fix_id: str) -> None:
    """What the flow that has just run owes is what the fix wanted, though it may have been owed before."""
    with hub.store.write(employer) as session:
        row = fixes.get(session, fix_id)
        fixes.link(session, fix_id, [one.obligation_id for one in _owed_by(session, row)])


def _owed_by(session: Session, row: Row[Any]) -> list[Row[Any]]:
    keys = ACTIONS[row.action].keys(session, row.connection_id, fixes.content(session, row))
    return obligations.by_ids(session, [session.id("obl", one) for one in keys])


def follow(hub: Hub, employer: str) -> dict[str, str]:
    """Bring approved fixes to what became of what they made owed; gives the state of each that moved.

    A flow of every day may have told what a fix wanted before anybody carried it out.
    """
    moved: dict[str, str] = {}
    with hub.store.write(employer) as session:
        for row in fixes.listed(session, ("approved",), limit=100_000):
            fixes.link(session, row.fix_id, [one.obligation_id for one in _owed_by(session, row) if one.seq > row.seq])
            state, why = _became(session, row)
            if state:
                fixes.move(session, row.fix_id, "benehub", state, why)
                moved[row.fix_id] = state
                _note(session, row, state, why)
    return moved


def _became(session: Session, row: Row[Any]) -> tuple[str, str]:
    """The state that an approved fix has come to, and why; empty while something of it is still to leave."""
    owed = obligations.by_ids(session, fixes.owed(session, row.fix_id))
    if not owed:
        posted = ACTIONS[row.action].posted
        made = posted(session, fixes.content(session, row)) if posted is not None else ""
        return (fixes.DONE, made) if made else ("", "")
    refused = [one for one in owed if one.state == "refused"]
    if refused:
        return "failed", refused[0].reason
    closed = [one for one in owed if one.state == "canceled"]
    if any(not one.reason.startswith(dispatch.CLOSED) for one in closed):
        return "failed", f"no longer owed: {closed[0].reason}"
    if all(one.state in ("sent", "confirmed", "canceled") for one in owed):
        return fixes.DONE, ", ".join(sorted({str(one.dispatch_id) for one in owed if one.dispatch_id}))
    return "", ""


def _note(session: Session, row: Row[Any], state: str, why: str) -> None:
    """The difference knows what its fix came to."""
    difference = reconcile.get(session, row.difference_id)
    if difference.state not in reconcile.OPEN:
        return
    step = WAITS_ON.get(difference.relation, "acknowledged") if state == fixes.DONE else "acknowledged"
    told = f"{row.fix_id} {state}: {why}"[:500]
    reconcile.act(session, row.difference_id, "benehub", step=step, note=told)


def why_none(hub: Hub, employer: str, difference_id: str) -> str:
    """Why the hub has no fix for a difference at all.

    Raises:
        DataError: no such difference.
    """
    with hub.store.read(employer) as session:
        row = reconcile.get(session, difference_id)
    known = WHY_NONE.get(reconcile.Type(row.type))
    return f"{NONE}: {known}" if known else NONE


def _actions(hub: Hub, employer: str, difference_id: str) -> list[Action]:
    with hub.store.read(employer) as session:
        row, book = reconcile.get(session, difference_id), hub.book(session)
    fitting = [one for one in ACTIONS.values() if (row.relation, row.type) in one.types]
    return [one for one in fitting if one.meant is None or one.meant(book, row)]


def _chosen(
    hub: Hub, employer: str, difference_id: str, action: str, notice_day: date | None = None
) -> tuple[Action, Draft]:
    """The action named, or the first that can be proposed; with a day of notice of those that depend on it."""
    known = {one.name: one for one in _actions(hub, employer, difference_id)}
    if action and action not in known:
        told = ", ".join(known) or "none"
        raise DataError(f"{action[:40]} is no fix of this difference", where=difference_id, mend=f"It has: {told}")
    asked = [known[action]] if action else list(known.values())
    fitting = [one for one in asked if one.with_notice or notice_day is None]
    if asked and not fitting:
        raise DataError("no fix of it depends on a notice to the employee", where=difference_id,
                        mend="Leave the day of the notice out")  # fmt: skip
    whys = []
    for one in fitting:
        answer = _drafted(hub, employer, difference_id, one, notice_day)
        if isinstance(answer, Draft):
            return one, answer
        whys.append(f"{one.name}: {answer.why}")
    raise DataError("; ".join(whys) or why_none(hub, employer, difference_id), where=difference_id, mend=BY_HAND)


def _drafted(
    hub: Hub, employer: str, difference_id: str, action: Action, notice_day: date | None = None
) -> Draft | Refusal:
    with hub.store.read(employer) as session:
        row, book = reconcile.get(session, difference_id), hub.book(session)
        busy = fixes.in_the_way(session, difference_id, action.name)
    if row.state not in reconcile.OPEN:
        return Refusal(f"the difference is {row.state}")
    if busy:
        return Refusal(busy)
    connection_id = action.connection(book, row)
    if not connection_id:
        return Refusal("nobody is connected who could be told")
    with _asked(hub, employer, difference_id, connection_id) as asked:
        return action.draft(replace(asked, notice_day=notice_day))


@contextmanager
def _asked(hub: Hub, employer: str, difference_id: str, connection_id: str, write: bool = False) -> Iterator[Asked]:
    begin = hub.store.write if write else hub.store.read
    with hub.open(employer, connection_id) as opened, begin(employer) as session:
        yield _ask(session, hub, opened, difference_id)


def _ask(session: Session, hub: Hub, opened: Open, difference_id: str) -> Asked:
    return Asked(session, hub, hub.book(session), opened, reconcile.get(session, difference_id))


def _proposal(
    session: Session, book: PlanBook, difference_id: str, action: Action, draft: Draft, text: str,
    people: Collection[str] = (),
) -> Proposal:  # fmt: skip
    row = reconcile.get(session, difference_id)
    return Proposal(
        difference_id, action.name, action.connection(book, row), draft.content, text, draft.at_stake,
        book.employer.currency, row.person_id, book.guards.alone_up_to_minor, people,
    )  # fmt: skip


def _shown(
    hub: Hub, employer: str, difference_id: str, action: Action, draft: Draft, clear: bool
) -> tuple[str, set[str]]:  # fmt: skip
    """What would leave, byte for byte, and of whom: it is tried to the point of sending, and all is taken back.

    A file that waits (the partner reads none today) is told by its content.
    """
    with rehearsal(hub) as trial:
        with trial.store.write(employer) as session:
            book = hub.book(session)
            made = fixes.propose(session, _proposal(session, book, difference_id, action, draft, ""), "benehub", "")
            fixes.move(session, made, "benehub", "approved", "")
            connection_id = fixes.get(session, made).connection_id
        with trial.open(employer, connection_id) as opened, trial.store.write(employer) as session:
            if action.owe is not None:
                fixes.link(session, made, action.owe(_ask(session, trial, opened, difference_id), draft.content))
        parts, people = [_told(draft.content, clear)], fixes.people_in(draft.content)
        try:
            ids = action.tried(trial, employer, connection_id, draft.content)
        except BenehubError as error:
            parts.append(f"it cannot be frozen now: {error.what}")
            ids = []
        with trial.store.read(employer) as session:
            about = reconcile.get(session, difference_id).person_id
            people |= {about} if about else set()
            keys = action.keys(session, connection_id, draft.content)
            mine = {session.id("obl", one) for one in keys}
            for one in ids:
                if mine & {carried.obligation_id for carried in obligations.of_dispatch(session, one)}:
                    people |= everybody(session, one)
                    (sent,) = outgoing(session, [one], clear)
                    parts.append(f"{sent.operation} to {sent.connection} {sent.file}".rstrip() + f"\n{sent.content}")
    return "\n\n".join(parts), people


def _told(content: Mapping[str, Any], clear: bool) -> str:
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    return text if clear else masked(text, [content])
