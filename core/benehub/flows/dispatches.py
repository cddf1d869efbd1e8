"""What a person does about a dispatch: holds it before it leaves, says whether the vendor has what stopped, or has it
sent again.

Nothing here guesses. What may have arrived is settled first, by somebody who has looked at the vendor's; only then
does the next run send it anew. Each word stands with name and reason in the trail of the dispatch.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.connect.connector import Receipt
from benehub.connect.messages import Request
from benehub.crypto import mask
from benehub.engine import Steps
from benehub.errors import BenehubError, DataError, RetriableError
from benehub.flows import (
    account_deposits,
    acknowledgements,
    contribution_file,
    earnings_deposit,
    fixes,
    payment_orders,
    premiums,
    remittance_parts,
    retirement,
)
from benehub.flows.hub import Hub
from benehub.flows.payroll_holds import note_held
from benehub.flows.push_guard import RESEND
from benehub.flows.send import send
from benehub.flows.together import TESTED
from benehub.flows.told_ends import ANSWERED_LATER
from benehub.reconcile.retirement import RETURNED
from benehub.store import Session, note_act
from benehub.store.acts import HELD_BY
from benehub.views.carried import Carried, everybody, first_of

COMMANDS = {
    "deduction.set": "benehub deductions push --pay-date DAY",
    "deduction.book": "benehub deductions push --connection {connection} --pay-date DAY",
    "enrollment.change": "benehub enrollments send {connection}",
    "enrollment.full": "benehub enrollments send {connection} --full",
    "premium.remit": "benehub premiums remit {connection} --period MONTH",
    "payment.order": "benehub premiums remit CARRIER --period MONTH",
    "contribution.deposit": "benehub retirement deposit --pay-date DAY",
    "earnings.deposit": "benehub retirement deposit-earnings --pay-date DAY",
    "account.deposit": "benehub accounts deposit -c {connection} --pay-date DAY",
}
"""What sends an operation anew, from what is true then."""


def settle(hub: Hub, employer: str, dispatch_id: str, arrived: bool, who: str, note: str) -> str:
    """A person has looked: the vendor has it (it counts as sent), or has it not (the next run sends it anew).

    Gives the state. Waits for whoever is sending to this vendor now, so that `sending` means a process that died. A
    deposit that came back after it had left has a word of its own (`came_back`): who looked before it counted as sent
    says something else.

    Raises:
        DataError: no such dispatch, nothing about it is open, or no name or reason is given.
    """
    with hub.store.read(employer) as session:
        row = dispatch.get(session, dispatch_id)
    with hub.store.turn(employer, f"sending to {row.connection_id}"), hub.store.write(employer) as session:
        row = dispatch.get(session, dispatch_id, lock=True)
        if row.state not in ("prepared", "held", "sending", "unknown"):
            mend = "`benehub dispatches resend` sends again what a vendor refused"
            if may_come_back(row.operation, row.state, row.ack_state):
                mend = "Where it was returned after that, say so: benehub dispatches settle --came-back"
            raise DataError(f"it is {row.state}; nothing about it is open", where=f"dispatch {dispatch_id}", mend=mend)
        tried = dispatch.attempts(session, dispatch_id)
        if not arrived and not tried:
            raise DataError("nobody has tried to send it", where=f"dispatch {dispatch_id}",
                            mend="Send it: benehub dispatches resend")  # fmt: skip
        note_act(session, dispatch_id, who, "settle: the vendor has it" if arrived else "settle: not there", note)
        ids = [one.obligation_id for one in obligations.of_dispatch(session, dispatch_id)]
        if arrived:
            at = tried[-1].started_at if tried else session.now()
            dispatch.settle(session, dispatch_id, Receipt(f"{dispatch.SAID_BY}{who}"), f"{dispatch.SAID_BY}{who}", at)
            later = row.file_name or row.operation in ANSWERED_LATER
            obligations.mark(session, ids, "sent" if later else "confirmed", f"the vendor has it, says {who}")
        else:
            dispatch.finish(session, dispatch_id, "failed", f"the vendor has it not, says {who}")
            obligations.mark(session, ids, "open", "to be sent anew")
    if arrived:
        follow(hub, employer, row)
    fixes.follow(hub, employer)
    return "sent" if arrived else "failed"


def may_come_back(operation: str, state: str, ack_state: str) -> bool:
    """Whether it is a deposit that has left, and of which nobody has said that it was returned.

    A custodian says so himself, line by line, in the file of his answers. Of lost earnings nobody says it: their file
    tells the recordkeeper what to book, and what of it is not credited stays told by `EARNINGS_NOT_CREDITED`.
    """
    return operation == retirement.OPERATION and state == "sent" and ack_state != "rejected"


def came_back(hub: Hub, employer: str, dispatch_id: str, who: str, note: str) -> str:
    """A deposit was returned after it had left: its money is owed again, and its file goes anew with the next run.

    What it had posted is taken back, once. Gives the state.

    Raises:
        DataError: no such dispatch, no deposit that has left, it came back already, or no name or reason is given.
    """
    with hub.store.write(employer) as session:
        row = dispatch.get(session, dispatch_id, lock=True)
        if not may_come_back(row.operation, row.state, row.ack_state):
            back = ", and came back" if row.state == "sent" and row.ack_state == "rejected" else ""
            raise DataError(f"it is {row.state}{back}: it is no deposit that has left", where=f"dispatch {dispatch_id}",
                            mend="Say whether the vendor has it: benehub dispatches settle --has or --has-not",
                            )  # fmt: skip
        note_act(session, dispatch_id, who, "settle: it came back", note)
        retirement.take_back(session, dispatch_id)
        dispatch.acknowledge(session, dispatch_id, "rejected")
        ids = [one.obligation_id for one in obligations.of_dispatch(session, dispatch_id)]
        why = mask(f"{RETURNED} on {session.today()}, says {who}: {note.strip()}")[:300]
        obligations.mark(session, ids, "refused", why)
    fixes.follow(hub, employer)
    return "returned"


def hold(hub: Hub, employer: str, dispatch_id: str, who: str, note: str) -> None:
    """Keep what waits to leave until a person lets it go; no run of its own command takes it up before.

    It stays held when it has to say something else by then, and goes when nobody wants it any more.

    Raises:
        DataError: no such dispatch, it no longer waits to leave, or no name or reason is given.
    """
    with hub.store.write(employer) as session:
        # Whoever is sending now claims each under the same lock, and passes what is held by then.
        row = dispatch.get(session, dispatch_id, lock=True)
        if row.state != "prepared" or dispatch.attempts(session, dispatch_id):
            raise DataError(f"it is {row.state}: it no longer waits to leave", where=f"dispatch {dispatch_id}",
                            mend="What has left is corrected by another: see `benehub dispatches show`")  # fmt: skip
        note_act(session, dispatch_id, who, "hold", note)
        reason = mask(f"{HELD_BY}{who}: {note.strip()}")[:500]
        dispatch.finish(session, dispatch_id, "held", reason)
        obligations.mark(session, [one.obligation_id for one in obligations.of_dispatch(session, dispatch_id)], "held",
                         reason)  # fmt: skip


def reopen(hub: Hub, employer: str, dispatch_id: str, who: str, note: str) -> str:
    """Let a dispatch leave again: `prepared` when the same bytes may go now, `open` when the next run makes it anew.

    What was never tried goes as it was frozen, and plugins are not asked a second time: a person has decided. What
    the vendor has refused is made anew by its own command, under a new revision (and control number).

    Raises:
        DataError: no such dispatch, it may have arrived, or nothing about it was refused.
    """
    with hub.store.write(employer) as session:
        row = dispatch.get(session, dispatch_id, lock=True)
        carried = obligations.of_dispatch(session, dispatch_id)
        tried = dispatch.attempts(session, dispatch_id)
        tested = {dispatch_id} if row.state == "held" and row.reason.startswith(TESTED) else set[str]()
        if row.state in ("sending", "unknown") or (row.state == "held" and tried and not tested):
            raise DataError(
                "it may have arrived", where=f"dispatch {dispatch_id}",
                mend="Look at the vendor first, then say so: benehub dispatches settle --has or --has-not",
            )  # fmt: skip
        _must_be_the_newest(session, row)
        if row.reason.startswith(dispatch.CLOSED):
            raise DataError(f"it was {row.reason}", where=f"dispatch {dispatch_id}",
                            mend="Look at that one; what it leaves open is in the next file")  # fmt: skip
        note_act(session, dispatch_id, who, RESEND, note)
        if row.state in ("prepared", "held", "refused"):
            dispatch.release(session, [dispatch_id], tested)
            obligations.mark(session, [one.obligation_id for one in carried], "open", "frozen, not sent yet")
            return "prepared"
        refused = [one.obligation_id for one in carried
                   if one.state == "refused" or one.reason.startswith(remittance_parts.DISPUTED)]  # fmt: skip
        if not refused:
            raise DataError(f"it is {row.state}, and nothing of it was refused", where=f"dispatch {dispatch_id}",
                            mend="See `benehub dispatches show`")  # fmt: skip
        obligations.mark(session, refused, "open", f"to be sent anew, says {who}")
        return "open"


def same_bytes(hub: Hub, employer: str, dispatch_id: str, who: str, note: str) -> str:
    """Let a file that has left leave once more, byte for byte: same name, same control number, same encryption.

    Only for a partner who asks for the very file again, because he has lost it unread: whoever has read it refuses the
    number (TA1 025). Its answers are awaited anew; what it carries stays told to him, and is not told twice.

    Raises:
        DataError: it is no file, has not left, has been answered, or a newer one has taken its place.
    """
    with hub.store.write(employer) as session:
        row = dispatch.get(session, dispatch_id, lock=True)
        where = f"dispatch {dispatch_id}"
        if not row.file_name:
            raise DataError("it is no file", where=where, mend="Its own command sends it anew: see `dispatches show`")
        if row.state != "sent":
            raise DataError(f"it is {row.state}: it has not left", where=where,
                            mend="Leave --same-bytes out; or settle it first")  # fmt: skip
        if row.ack_state:
            raise DataError(f"the partner has answered it: {row.ack_state}", where=where,
                            mend="Leave --same-bytes out: what he refused goes under a new number")  # fmt: skip
        later = dispatch.newest_file(session, row.connection_id, (row.operation,), row.control_line)
        if later is not None and later.dispatch_id != dispatch_id:
            raise DataError("a later file has left since", where=where,
                            mend=f"Have the partner read that one first: {later.dispatch_id}")  # fmt: skip
        note_act(session, dispatch_id, who, RESEND, f"the same bytes: {note}")
        dispatch.once_more(session, dispatch_id)
    return "prepared"


def resend(hub: Hub, steps: Steps, employer: str, dispatch_id: str) -> dict[str, int]:
    """Send a dispatch that was let go; gives the count of the state it ended in."""
    with hub.store.read(employer) as session:
        row = dispatch.get(session, dispatch_id)
    tally = send(hub, steps, employer, row.connection_id, [dispatch_id])
    if tally.get("sent"):
        steps.step("follow", follow, hub, employer, row)
    steps.step("fixes", fixes.follow, hub, employer)
    return tally


def follow(hub: Hub, employer: str, row: Row[Any]) -> None:
    """What its own command would have done once it had left: post it, or note what the vendor holds now."""
    with hub.store.read(employer) as session:
        carried = obligations.of_dispatch(session, row.dispatch_id)
    if not carried:
        return
    if row.operation == "deduction.set":
        note_held(hub, employer, [row.dispatch_id])
    elif row.operation in ANSWERED_LATER and not row.file_name:
        acknowledgements.taken(hub, employer, row.connection_id)
    elif row.operation == "premium.remit":
        premiums.post_remittance(hub, employer, row.connection_id, carried[0].period, row.dispatch_id)
    elif row.operation == payment_orders.KIND:
        with hub.store.read(employer) as session:
            order = obligations.content(session, carried[0])
        premiums.post_remittance(hub, employer, order["carrier"], carried[0].period, order["remittance"])
    elif row.operation == "contribution.deposit":
        retirement._post(hub, employer, *contribution_file.subject(row.business_key), row.dispatch_id)
    elif row.operation == account_deposits.OPERATION:
        account_deposits.post(hub, employer, row.dispatch_id)
    elif row.operation == earnings_deposit.OPERATION:
        earnings_deposit.post(hub, employer, row.dispatch_id)


def next_command(row: Row[Any]) -> str:
    """The command that sends the operation of a dispatch anew."""
    return COMMANDS.get(row.operation, "").format(connection=row.connection_id)


def carried(hub: Hub, employer: str, dispatch_id: str) -> Carried:
    """Everybody of whom a dispatch tells. A file that does not say it is opened for the first look at it alone.

    What hung on an older file may hang on a later one now: fewer people than it has items are not kept for all of it.

    Raises:
        DataError: there is none.
    """
    with hub.store.read(employer) as session:
        if (kept := dispatch.told_of(session, dispatch_id)) is not None:
            return Carried(*kept)
        people = everybody(session, dispatch_id)
        row = dispatch.get(session, dispatch_id)
    if row.file_name and len(people) >= max(1, row._mapping["items"]):
        with suppress(RetriableError), hub.store.write(employer) as session:  # the next look keeps it, else
            dispatch.keep_told_of(session, dispatch_id, people)
    return first_of(people)


def _must_be_the_newest(session: Session, row: Row[Any]) -> None:
    newest = dispatch.revisions(session, row.business_key)[-1]
    if newest.dispatch_id != row.dispatch_id:
        raise DataError("a newer revision has taken its place", where=f"dispatch {row.dispatch_id}",
                        mend=f"Look at that one: benehub dispatches show {newest.dispatch_id}")  # fmt: skip


def calls(hub: Hub, employer: str, dispatch_id: str) -> list[tuple[str, str]]:
    """The calls by which an item would be written: what is asked first, then the write; (method and path, body).

    A write that depends on what the vendor answers to the question (its id, its lock version) is told as such.
    Nothing is sent. Empty for a file.
    """
    with hub.store.read(employer) as session:
        row = dispatch.get(session, dispatch_id)
        if row.file_name:
            return []
        item = dispatch.thaw_item(dispatch.frozen_bytes(session, row))
    with hub.open(employer, row.connection_id) as opened:
        settings, found = opened.link.settings, []
        try:
            ask = opened.connector.lookup(item, settings)
            if ask is not None:
                return [(ask.place, ask.body or ""), ("then the write, as that answer demands", "")]
            write = opened.connector.request(item, None, settings)
            found = [(write.place, write.body or "")] if isinstance(write, Request) else []
        except BenehubError as error:
            return [("cannot be told without the vendor", error.what)]
    return found
