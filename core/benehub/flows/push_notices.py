"""How many people a push of notices tells, held against what was usual: a notice to everybody by mistake is not undone.

A notice changes nothing that stands, so there is nothing to hold it against but how many were told on one day before:
of its kind, or of all kinds where none of its kind has left yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from benehub import obligations
from benehub.dispatch import Waiting
from benehub.store import Session
from benehub.store.tables import dispatch, obligation

OPERATION = "notice.send"


class Crowd(NamedTuple):
    """People who would be told of one kind on one day, and the most who were on any day before."""

    now: int
    """Whom the push tells, with those who were told of it today already."""
    usual: int
    """0: nobody was told before."""

    @property
    def growth(self) -> int:
        """By how many percent they are more; 0 where nobody was told before."""
        return self.now * 100 // self.usual - 100 if self.usual else 0


def crowds(session: Session, connection_id: str, rows: Sequence[Waiting]) -> list[Crowd]:
    """Of each kind of these notices."""
    by_kind: dict[str, list[str]] = {}
    for one in rows:
        by_kind.setdefault(_kind(one.key), []).append(one.dispatch_id)
    return [_of_kind(session, connection_id, *one) for one in sorted(by_kind.items())]


def people(session: Session, ids: Sequence[str]) -> int:
    """How many people these messages tell."""
    named = obligations.persons_in(session, ids)
    return len({person for mine in named.values() for person in mine})


def _of_kind(session: Session, connection_id: str, kind: str, ids: Sequence[str]) -> Crowd:
    told = _told(session, connection_id, f"{OPERATION}/{kind}/")
    today = session.now()[:10]
    now = people(session, ids) + told.pop(today, 0)
    if not told:
        told = _told(session, connection_id, f"{OPERATION}/")
        told.pop(today, 0)
    return Crowd(now, max(told.values(), default=0))


def _told(session: Session, connection_id: str, base: str) -> dict[str, int]:
    """Day -> how many people were told by messages whose key begins so."""
    day = func.substr(dispatch.c.sent_at, 1, 10)
    rows = session.rows(
        select(day.label("day"), func.count(obligation.c.person_id.distinct()).label("many"))
        .join(obligation, (obligation.c.employer_id == dispatch.c.employer_id)
              & (obligation.c.dispatch_id == dispatch.c.dispatch_id))
        .where(
            *session.where(dispatch, connection_id=connection_id, operation=OPERATION),
            dispatch.c.sent_at.is_not(None), dispatch.c.business_key.startswith(base, autoescape=True),
        )
        .group_by(day)
    )  # fmt: skip
    return {str(row.day): int(row.many) for row in rows}


def _kind(key: str) -> str:
    return key.split("/")[1]
