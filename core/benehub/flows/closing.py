"""Closing a month: when everything holds its books are signed; what comes later is a correction."""

from __future__ import annotations

import hashlib
from typing import Any

from benehub.access import Caller
from benehub.crypto import mask
from benehub.errors import DataError, NeedsPersonError
from benehub.flows.hub import Hub
from benehub.periods import Month
from benehub.store import canonical
from benehub.store.events import note_event
from benehub.store.tables import closing
from benehub.views.closing import checklist, report


def signs(caller: Caller) -> str:
    """How somebody signs: a name alone tells nobody who it was, two may have it."""
    return f"{caller.name[:44]} ({caller.user})"


def close(hub: Hub, employer: str, month: Month, who: str, note: str) -> dict[str, Any]:
    """Sign a month off in one transaction; gives the closing's id, the report's digest and the open items carried over.

    Raises:
        DataError: nobody is named.
        NeedsPersonError: a condition does not hold; the message names each.
    """
    who, note = mask(who.strip())[:80], mask(note.strip())[:2000]
    if not who:
        raise DataError("nobody is named", where=f"closing of {month}", mend="Say who signs: --who NAME")
    with hub.store.write(employer) as session:
        session.take_seq(0)  # nothing is recorded between what is looked at and what is signed
        book = hub.book(session)
        found = checklist(session, book, month)
        failing = [one for one in found if not one.holds]
        if failing:
            told = "; ".join(f"{one.name}: {one.count} in the way ({one.found[0]})" for one in failing)
            raise NeedsPersonError(
                f"{month} cannot be closed: {told}", mend=f"Work them: benehub period check -p {month}"
            )
        content = report(session, book, month, found, who, note)
        text = canonical(content)
        digest, closing_id = hashlib.sha256(text).hexdigest(), session.id("clo", str(month))
        row = {
            "period": str(month), "closing_id": closing_id, "seq": content["recorded_order"],
            "head": content["chain_head"], "closed_at": content["closed_at"], "who": who, "note": note,
            "digest": digest, "report": text.decode(),
        }  # fmt: skip
        session.add(closing, [row])
        note_event(session, "period.closed", [closing_id], str(month))
    return {"closing": closing_id, "digest": digest, "open_items": len(content["open_items"])}
