"""How far a flow has looked: what was recorded up to a number is done for a subject, what came after it is not.

Without it nobody could tell a pay date that needs no order from one that nobody has worked out.
"""

from __future__ import annotations

from sqlalchemy import func, select

from benehub.store import Session
from benehub.store.tables import looked


def note(session: Session, subject: str) -> None:
    """Note that all that is recorded by now has been looked at for a subject."""
    seq, at = session.take_seq()
    session.add(looked, [{"subject": subject, "seq": seq, "at": at}])


def up_to(session: Session, subjects: list[str]) -> dict[str, int]:
    """Up to which number each of these subjects was looked at; one that never was is left out."""
    rows = session.rows(
        select(looked.c.subject, func.max(looked.c.seq).label("seq"))
        .where(*session.where(looked), session.among(looked.c.subject, subjects))
        .group_by(looked.c.subject)
    )
    return {row.subject: int(row.seq) for row in rows}
