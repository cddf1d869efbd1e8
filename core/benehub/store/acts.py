"""What persons did to a thing, and why: the trail behind every decision that no rule made. Never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select

from benehub.crypto import mask
from benehub.errors import DataError
from benehub.store.session import Session
from benehub.store.tables import act


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
