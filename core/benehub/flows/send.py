"""Moves dispatches to vendors: one attempt at a time, honest about outcomes that nobody knows.

A request goes lookup -> request -> send -> receipt. After a time-out or 5xx the vendor is read back: where the
wanted state is there the dispatch settles, where it is surely not it is sent again, and where nothing can
tell it is held for a person. A file whose delivery broke off is put again where its control number makes that
harmless; else it settles only when the mailbox shows it, for its absence there proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.connect.http import was_sent
from benehub.connections import Open
from benehub.engine import Steps
from benehub.errors import (
    BenehubError,
    DataError,
    OutcomeUnknown,
    RetriableError,
    Unsupported,
    VendorUnavailable,
)
from benehub.flows.hub import Hub
from benehub.plugins import call_each
from benehub.records.notices import Decision, DispatchNotice, Verdict
from benehub.store import Session, acts

BATCH = 200
"""Dispatches of one job at most."""

MAX_TRIES = 3
"""Times one dispatch is sent within a job after read-backs that proved it absent."""


RESEND = "resend"
"""A person's word that a dispatch shall leave whatever held it; plugins are not asked again."""

WATCHED = "connection is "
"""How the reason begins of what is held only because the connection does not write."""


def awaken(session: Session, opened: Open, operation: str) -> None:
    """What was held only because the connection did not write is open again as soon as it does."""
    if opened.mode != "live":
        return
    for row in obligations.open_ones(session, operation, opened.link.connection, states=("held",)):
        if row.reason.startswith(WATCHED) and row.dispatch_id is not None:
            dispatch.release(session, row.dispatch_id)
            obligations.mark(session, [row.obligation_id], "open", "frozen, not sent yet")


def send(hub: Hub, steps: Steps, employer: str, connection_id: str, ids: list[str]) -> dict[str, int]:
    """Send these dispatches, in order; a poisoned one does not hold up the others. Gives counts by state."""
    tally: dict[str, int] = {}
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        states = steps.step(f"send {start}", send_batch, hub, employer, connection_id, part)
        for state in states:
            tally[state] = tally.get(state, 0) + 1
    return tally


def send_batch(hub: Hub, employer: str, connection_id: str, ids: Sequence[str]) -> list[str]:
    """One attempt at each dispatch; gives the state each ended in.

    One sender a connection at a time: only then does `sending` mean that somebody died at it.
    """
    states = []
    with hub.store.turn(employer, f"sending to {connection_id}"), hub.open(employer, connection_id) as plain:
        settings = plain.connector.discover(plain.link) if plain.mode == "live" else plain.link.settings
        opened = replace(plain, link=replace(plain.link, settings=settings))
        for number, dispatch_id in enumerate(ids, 1):
            states.append(send_one(hub, employer, opened, dispatch_id))
            if number % 25 == 0 or number == len(ids):
                hub.progress(f"{connection_id}: {number} of {len(ids)} sent")
    return states


def send_one(hub: Hub, employer: str, opened: Open, dispatch_id: str) -> str:
    """Bring one dispatch as far as it goes now; gives its state."""
    with hub.store.read(employer) as session:
        waiting = dispatch.get(session, dispatch_id)
    if waiting.state == "prepared":
        stopped = _asked(hub, employer, opened, waiting)
        if stopped:
            return stopped
    elif opened.mode != "live":
        return str(waiting.state)  # what is in doubt waits until it may be sent again
    with hub.store.write(employer) as session:
        row = dispatch.begin(session, dispatch_id)
        if row is None:
            return str(dispatch.get(session, dispatch_id).state)
        frozen = dispatch.frozen_bytes(session, row)
    if row.file_name:
        return _deliver(hub, employer, opened, row, frozen)
    return _call(hub, employer, opened, row, dispatch.thaw_item(frozen))


def _asked(hub: Hub, employer: str, opened: Open, row: Row[Any]) -> str:
    """Ask the mode and every plugin before the first attempt; gives `held`, `refused` or nothing."""
    if opened.mode != "live":
        return _end(hub, employer, row, "held", f"{WATCHED}{opened.mode}: nothing is written")
    with hub.store.read(employer) as session:
        if any(one.what == RESEND for one in acts(session, row.dispatch_id)):
            return ""  # a person has decided over the plugins' heads, with name and reason
    notice = DispatchNotice(
        employer, row.dispatch_id, row.connection_id, row.operation, row.business_key, row.items,
        row.worth_minor, row.currency,
    )  # fmt: skip
    for name, answer in call_each(hub.plugins, "before_dispatch", dispatch=notice):
        if isinstance(answer, Verdict):
            state = "held" if answer.decision is Decision.HOLD else "refused"
            return _end(hub, employer, row, state, f"plugin {name}: {answer.reason}")
        if isinstance(answer, Exception):
            return _end(hub, employer, row, "held", f"plugin {name} failed: {type(answer).__name__}")
    return ""


def _call(hub: Hub, employer: str, opened: Open, row: Row[Any], item: Item) -> str:
    """Send a request; `row.state` unknown means that it is read back first."""
    unknown = row.state == "unknown"
    if unknown and Guard(row.guard).must_hold:
        return _end(hub, employer, row, "held", f"outcome unknown, no read-back: {row.reason}")
    for _ in range(MAX_TRIES):
        try:
            receipt = _exchange(hub, employer, opened, row, item, unknown)
        except VendorUnavailable as error:
            if not was_sent(error):
                return _end(hub, employer, row, "unknown" if unknown else "prepared", str(error))
            # The write may have been applied: note it, then look.
            unknown = True
            _end(hub, employer, row, "unknown", str(error), settle_obligations=False)
            if Guard(row.guard).must_hold:
                return _end(hub, employer, row, "held", f"outcome unknown, no read-back: {error}")
            continue
        except RetriableError as error:
            # What may have been applied stays in doubt until it has been read back.
            return _end(hub, employer, row, "unknown" if unknown else "prepared", str(error))
        except Unsupported as error:
            return _end(hub, employer, row, "refused", str(error))
        except DataError as error:
            return _end(hub, employer, row, "failed", str(error))
        except BenehubError as error:
            # A person, the configuration or the code has to change first; the other dispatches go on.
            return _end(hub, employer, row, "held", str(error))
        with hub.store.write(employer) as session:
            dispatch.settle(session, row.dispatch_id, receipt, "read back" if unknown else "")
            _obligations(session, row.dispatch_id, "confirmed", "")
        return "sent"
    return _end(hub, employer, row, "held", "the vendor kept failing; the outcome is unknown")


def _exchange(hub: Hub, employer: str, opened: Open, row: Row[Any], item: Item, unknown: bool) -> Receipt:
    client = opened.link.http()
    settings = opened.link.settings
    ask = opened.connector.lookup(item, settings)
    try:
        found = client.send(ask) if ask is not None else None
    except VendorUnavailable as error:
        if unknown:
            raise OutcomeUnknown("the read-back failed too", where=error.where) from error
        raise RetriableError(error.what, where=error.where, mend="It is tried again by the next run") from error
    answer = opened.connector.request(item, found, settings)
    if isinstance(answer, Receipt):
        return answer
    if unknown:
        with hub.store.write(employer) as session:
            dispatch.resend(session, row.dispatch_id)
    return opened.connector.receipt(item, client.send(answer))


def _deliver(hub: Hub, employer: str, opened: Open, row: Row[Any], content: bytes) -> str:
    """Put a file into the mailbox; one whose delivery broke off settles only when it is seen there."""
    mailbox = opened.link.files()
    try:
        if row.state == "unknown" and not Guard(row.guard).repeat_safe:
            folder, _, name = row.file_name.rpartition("/")
            seen = mailbox.list(f"{folder}/{name}" if folder else name)
            if not any(file.size == len(content) for file in seen):
                return _end(hub, employer, row, "held", "delivery broke off; its absence there is no proof")
        else:
            # Putting the same bytes again changes nothing; a number the carrier has seen it refuses itself.
            mailbox.put(row.file_name, content)
    except VendorUnavailable as error:
        state = "unknown" if row.state == "unknown" or was_sent(error) else "prepared"
        return _end(hub, employer, row, state, str(error), settle_obligations=False)
    except BenehubError as error:
        return _end(hub, employer, row, "held", str(error))
    with hub.store.write(employer) as session:
        dispatch.settle(session, row.dispatch_id, Receipt(row.file_name), "delivered")
        _obligations(session, row.dispatch_id, "sent", "")
    return "sent"


def _end(hub: Hub, employer: str, row: Row[Any], state: str, reason: str, settle_obligations: bool = True) -> str:
    with hub.store.write(employer) as session:
        dispatch.finish(session, row.dispatch_id, state, reason)
        if settle_obligations and state in ("held", "refused", "failed"):
            _obligations(session, row.dispatch_id, "held" if state == "held" else "refused", reason)
    return state


def _obligations(session: Any, dispatch_id: str, state: str, reason: str) -> None:
    ids = [row.obligation_id for row in obligations.of_dispatch(session, dispatch_id)]
    obligations.mark(session, ids, state, reason[:500])
