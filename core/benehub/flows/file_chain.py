"""Files of one business that the receiver adds up: the first says everything, each later one only what has changed.

Each file has a business key of its own: the first the bare key, then `/correction-1`, `/correction-2`, ... A number
is used up only when its file has left and did not come back; until then a re-run replaces what waits under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.store import Session


@dataclass(frozen=True, slots=True)
class Chain:
    """The files of a business that have left and did not come back, in order."""

    base: str
    dispatches: tuple[str, ...] = ()
    contents: Sequence[dict[str, Any]] = ()
    """What each of them said: the content of its obligation."""
    doubtful: str = ""
    """A file beside them that may have arrived: nothing new is said before that is settled."""
    number: int = 0
    """The number of the next file: 0 the first, else a correction. One that came back gives its number free."""
    returned: tuple[str, ...] = ()
    """Keys of files that came back, and whose money no other file has taken over."""

    @property
    def key(self) -> str:
        """The business key of the next file."""
        return file_key(self.base, self.number)


def file_key(base: str, number: int) -> str:
    """Business key of a file: 0 the first, from 1 on its corrections."""
    return f"{base}/correction-{number}" if number else base


def chain(session: Session, base: str) -> Chain:
    """What has left of a business, file by file; one that came back stands in front of those that left after it."""
    gone: list[str] = []
    contents: list[dict[str, Any]] = []
    returned: list[str] = []
    doubtful, free, number = "", -1, 0
    while row := _carried(session, file_key(base, number)):
        sent = dispatch.get(session, row.dispatch_id)
        if sent.state == "sent" and sent.ack_state != "rejected":
            gone.append(sent.dispatch_id)
            contents.append(obligations.content(session, row))
        else:
            doubtful = doubtful or (sent.dispatch_id if sent.state in ("sending", "unknown") else "")
            free = number if free < 0 else free
            if sent.ack_state == "rejected" and row.state == "refused":
                returned.append(row.business_key)
        number += 1
    return Chain(base, tuple(gone), contents, doubtful, number if free < 0 else free, tuple(returned))


def take_over(session: Session, files: Chain) -> None:
    """The next file carries all that is owed: what else came back has nothing of its own to be told any more."""
    others = [session.id("obl", key) for key in files.returned if key != files.key]
    obligations.mark(session, others, "replaced", f"what came back goes in {files.key}")


def _carried(session: Session, key: str) -> Row[Any] | None:
    rows = obligations.by_ids(session, [session.id("obl", key)])
    return rows[0] if rows and rows[0].dispatch_id is not None else None


def drop(session: Session, key: str) -> None:
    """Take back a file that waits although nothing has to be said any more; one that may have arrived stays."""
    row = _carried(session, key)
    if row is None or row.state not in ("open", "held"):
        return
    waiting = dispatch.get(session, row.dispatch_id, lock=True).state in ("prepared", "held")
    if waiting and all(one.outcome == "prepared" for one in dispatch.attempts(session, row.dispatch_id)):
        # Failed, not refused: should the same be owed again, it is frozen anew.
        dispatch.finish(session, row.dispatch_id, "failed", "nothing is owed any more")
        obligations.mark(session, [row.obligation_id], "canceled", "nothing is owed any more")
