"""What persons did to a thing, and why: the trail behind every decision that no rule made. Never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select

from benehub.crypto import mask
from benehub.errors import DataError
from benehub.store.session import CHUNK, Session
from benehub.store.tables import act

HELD_BY = "held by "
"""How the reason begins of what a person keeps from leaving."""


def note_act(session: Session, subject: str, who: str, what: str, note: str) -> None:
    """Write down that `who` did `what` to the thing with id `subject`, and why.

    Raises:
        DataError: nobody is named, or no reason given.
    """
    if not who.strip() or not note.strip():
        raise DataError(f"{what} needs a name and a reason", where=subject, mend="Say who decided it, and why")
    session.take_seq(0)  # two who act at once get two numbers
    count = session.connection.execute(select(func.count()).where(*session.where(act, subject=subject))).scalar_one()
    row = {"subject": subject, "act_no": count + 1, "at": session.now(), "who": mask(who.strip())[:80]}
    session.add(act, [{**row, "what": what, "note": mask(note.strip())[:2000]}])


def acts(session: Session, subject: str) -> Sequence[Row[Any]]:
    """What was done to the thing, in order."""
    return session.rows(select(act).where(*session.where(act, subject=subject)).order_by(act.c.act_no))


def acted_on(session: Session, what: str, subjects: Sequence[str]) -> set[str]:
    """Those of the things to which this was done."""
    found: set[str] = set()
    for start in range(0, len(subjects), CHUNK):
        part = subjects[start : start + CHUNK]
        rows = session.rows(select(act.c.subject).where(*session.where(act, what=what), act.c.subject.in_(part)))
        found |= {row.subject for row in rows}
    return found
