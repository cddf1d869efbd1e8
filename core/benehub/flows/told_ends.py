"""Writes down how attempts at dispatches ended, and what that makes of the obligations they carry.

Another process may have the turn by then. Then all is that one's to say, but for two things which only who made the
attempt knows: what the vendor has surely taken, and what has surely never reached it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.dispatch import End
from benehub.flows import exchange
from benehub.flows.hub import Hub
from benehub.flows.turns import turn_known, turn_lost
from benehub.store import Session

Ended = tuple[Row[Any], End]
"""A dispatch as it was claimed, and how the attempt at it ended."""

ANSWERED_LATER = frozenset({exchange.CHANGE})
"""Requests of which a receipt says only that the vendor took them: somebody behind him decides, and answers later."""


def write_down(
    hub: Hub, employer: str, ended: Sequence[Ended], tries: Mapping[str, int] = MappingProxyType({})
) -> Sequence[Ended]:
    """Write down how attempts ended, and what that makes of the obligations they carry; gives those written.

    One that was stopped before it was claimed is left as a person has put it meanwhile.
    """
    if not ended:
        return ()
    for _ in range(2):
        # Asked before, for with a transaction open nothing is waited for that may be long in coming.
        lost = turn_lost()
        with suppress(_WaitedLong), hub.store.write(employer) as session:
            written = _end(session, ended, lost, tries)
            if not (lost or turn_known()):
                raise _WaitedLong
            return written
    with hub.store.write(employer) as session:
        return _end(session, ended, turn_lost(), tries)


class _WaitedLong(Exception):
    """Others had the rows for so long that it has to be asked again whose turn it is: nothing is written."""


def _locked(session: Session, ended: Sequence[Ended]) -> dict[str, str]:
    """The states in which the dispatches stand; nobody else changes them until this transaction ends."""
    found = dispatch.by_ids(session, [row.dispatch_id for row, _ in ended], lock=True, content=False)
    return {row.dispatch_id: str(row.state) for row in found}


def _end(session: Session, ended: Sequence[Ended], lost: bool, tries: Mapping[str, int]) -> Sequence[Ended]:
    # Who has the turn is the only one who moves what is being sent.
    standing = _locked(session, ended if lost else [one for one in ended if one[0].state != "sending"])
    if lost:
        # Then it is another one's to say, but for what the vendor has surely taken, and what surely never reached it.
        never = _never_left(session, ended, tries)
        ended = [
            (row, end)
            for row, end in ended
            if (end.receipt is not None and standing[row.dispatch_id] not in dispatch.FINAL)
            or (row.dispatch_id in never and standing[row.dispatch_id] in ("sending", "unknown"))
        ]
    else:
        ended = [one for one in ended if not _put_otherwise(one, standing.get(one[0].dispatch_id, "sending"))]
    dispatch.end_all(session, [end for _, end in ended])
    owed = {row.dispatch_id: _owed(row, end) for row, end in ended}
    obligations.settle(session, {one: told for one, told in owed.items() if told is not None})
    return ended


def _put_otherwise(one: Ended, state: str) -> bool:
    """Whether somebody has put it otherwise meanwhile: a person, or who had the turn before and knows that a call which
    was in doubt here has never left."""
    row, end = one
    return (row.state == "prepared" and state != "prepared") or (
        row.state == "unknown" and end.state != "sent" and state == "prepared"
    )


def _never_left(session: Session, ended: Sequence[Ended], tries: Mapping[str, int]) -> set[str]:
    """Those of a lost turn that have surely had no effect, where nobody has begun another attempt since."""
    ours = [row.dispatch_id for row, end in ended if row.state == "sending" and end.state in ("prepared", "failed")]
    newest = dispatch.newest(session, ours)
    return {one for one in ours if one in tries and newest.get(one) == tries[one]}


def _owed(row: Row[Any], end: End) -> tuple[str, str] | None:
    """State and reason of what the dispatch carries; None leaves it as it is."""
    if end.state == "sent":
        # A file is confirmed by what is answered to it, and so is a request that a carrier decides on.
        return ("sent" if row.file_name or row.operation in ANSWERED_LATER else "confirmed", "")
    if end.state == "held":
        return ("held", end.reason[:500])
    return ("refused", end.reason[:500]) if end.state in ("refused", "failed") else None
