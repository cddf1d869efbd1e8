"""Notices: who should be told something before asking is told once, by a message that only says where to read it.

What a notice says is kept sealed in its obligation; the message is a dispatch like any other, frozen, sent once
and acknowledged by its delivery report. Somebody without an address is not passed over: the notice is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub import dispatch, facts, obligations
from benehub.engine import Steps
from benehub.errors import ConfigError
from benehub.facts import Version
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.flows.send import send as send_dispatches
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import NoticeLetter
from benehub.store.tables import confirmation
from benehub.views.notices import Notice, due

SEND = "notice.send"
NO_ADDRESS = "no e-mail address of the employee"


def send(hub: Hub, steps: Steps, employer: str, day: str) -> dict[str, Any]:
    """Tell everybody what is due on a day and has not been told."""
    wanted = steps.step("want", want_notices, hub, employer, date.fromisoformat(day))
    with hub.store.read(employer) as session:
        connection_id = mail_connection(hub.book(session))
    ids = steps.step("freeze", freeze_notices, hub, employer, connection_id)
    tally = send_dispatches(hub, steps, employer, connection_id, ids)
    noted = steps.step("note", _note_told, hub, employer, ids)
    return {**wanted, **tally, "noted": noted}


def mail_connection(book: PlanBook) -> str:
    """The connection that carries notices.

    Raises:
        ConfigError: the plan book names none.
    """
    if book.roles.mail is None:
        raise ConfigError(
            "no connection sends notices",
            where="plan book: roles",
            mend="Name one under `roles.mail`, e.g. mail: email",
        )
    return book.roles.mail


def want_notices(hub: Hub, employer: str, day: date) -> dict[str, int]:
    """Open an obligation for every notice that is due and new; one without an address is held with that reason.

    What has been told is not told again, whatever its numbers are today.
    """
    with hub.store.write(employer) as session:
        book = hub.book(session)
        connection_id = mail_connection(book)
        found = {session.id("obl", one.key): one for one in due(session, book, day)}
        known = {row.obligation_id: row for row in obligations.by_ids(session, list(found))}
        fresh = {
            ref: one
            for ref, one in found.items()
            if ref not in known or (known[ref].state, known[ref].reason) == ("held", NO_ADDRESS)
        }
        addresses = {fact.subject: str(fact.data.get("email") or "") for fact in facts.as_of(session, "employee", day)}
        wants = [_wanted(ref, one, connection_id, book, addresses.get(one.person_id, "")) for ref, one in fresh.items()]
        obligations.want(session, wants)
        unreachable = [ref for ref, one in fresh.items() if not addresses.get(one.person_id)]
        obligations.mark(session, unreachable, "held", NO_ADDRESS)
    new, silent = len(fresh) - len(unreachable), len(unreachable)
    return {"due": len(found), "new": new, "told_before": len(found) - len(fresh), "no_address": silent}


def _wanted(ref: str, one: Notice, connection_id: str, book: PlanBook, address: str) -> Wanted:
    letter = NoticeLetter(
        email=address or "unknown@invalid", kind=one.kind, language=book.employer.language,
        reference=ref,
    )  # fmt: skip
    return Wanted(
        kind=SEND, key=one.key, connection_id=connection_id, period=str(Month.of(one.by)), due=one.by, send_by=one.by,
        content={"letter": letter.model_dump(mode="json"), "says": dict(one.values), "refs": list(one.refs)},
        person_id=one.person_id,
    )  # fmt: skip


def freeze_notices(hub: Hub, employer: str, connection_id: str) -> list[str]:
    """Freeze every open notice as a message of its own; gives their dispatches."""
    ids = []
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        for row in obligations.open_ones(session, SEND, connection_id):
            letter = obligations.content(session, row)["letter"]
            ids.append(
                freeze_file(session, opened, SEND, row.business_key, [letter], [row.obligation_id], 0, row.currency)
            )
    return ids


def _note_told(hub: Hub, employer: str, ids: list[str]) -> int:
    """A leave notice that has left is a fact with its day: without it statutory leave does not lapse."""
    with hub.store.write(employer) as session:
        versions = []
        for dispatch_id in ids:
            if dispatch.get(session, dispatch_id).state != "sent":
                continue
            for row in obligations.of_dispatch(session, dispatch_id):
                if row.business_key.startswith(f"{SEND}/leave_lapse/"):
                    says = obligations.content(session, row)["says"]
                    if "notice" in says:  # hours of other leave expire whoever was told
                        sent = dispatch.sent_on(session, dispatch_id)
                        versions.append(_leave_notice(row.person_id, says, sent, dispatch_id))
        return facts.record(session, versions, "notice sent")


def _leave_notice(person_id: str, says: Mapping[str, Any], sent: date, dispatch_id: str) -> Version:
    key = f"{says['policy']}/{says['year']}/{says['notice']}"
    data = {
        "policy": says["policy"], "year": says["year"], "kind": says["notice"], "on": sent.isoformat(), "until": None,
        "dispatch": dispatch_id,
    }  # fmt: skip
    return Version("leave_notice", person_id, key, date(int(says["year"]), 1, 1), data)


def reports(hub: Hub, steps: Steps, employer: str) -> dict[str, int]:
    """Take what the mail server reported (sync it first): delivered, or come back."""
    return steps.step("reports", _reports, hub, employer)


def _reports(hub: Hub, employer: str) -> dict[str, int]:
    tally = {"delivered": 0, "bounced": 0}
    with hub.store.write(employer) as session:
        connection_id = mail_connection(hub.book(session))
        rows = session.rows(
            select(confirmation)
            .where(*session.where(confirmation, kind="acknowledgement", connection_id=connection_id, current=1))
            .order_by(confirmation.c.seq)
        )
        for row in rows:
            sent = dispatch.by_control(session, connection_id, int(row.reference))
            state = "delivered" if row.detail["status"] == "accepted" else "bounced"
            if sent is None or sent.ack_state in (state, "bounced"):
                continue
            dispatch.acknowledge(session, sent.dispatch_id, state)
            owed = [one.obligation_id for one in obligations.of_dispatch(session, sent.dispatch_id)]
            reason = "" if state == "delivered" else f"the message came back ({row.code}): mend the address"
            obligations.mark(session, owed, "confirmed" if state == "delivered" else "refused", reason)
            tally[state] += 1
    return tally
