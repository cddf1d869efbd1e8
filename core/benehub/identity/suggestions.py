"""Suggestions who a vendor's unlinked person may be, and the persons' word on them. A suggestion links nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select, tuple_

from benehub.identity.matching import Guess
from benehub.store import Session
from benehub.store.tables import suggestion

OPEN, REJECTED = "open", "rejected"


def replace(session: Session, connection_id: str, guesses: Iterable[Guess]) -> int:
    """Let these be the open suggestions of a connection; what was rejected stays rejected. Gives how many."""
    session.connection.execute(
        suggestion.delete().where(*session.where(suggestion, connection_id=connection_id, state=OPEN))
    )
    seq, _ = session.take_seq()
    rows = [
        {"connection_id": connection_id, "external_id": one.key, "person_id": one.person_id, "score": one.score,
         "why": list(one.why), "state": OPEN, "seq": seq}
        for one in guesses
    ]  # fmt: skip
    session.add(suggestion, rows)
    return len(rows)


def rejected(session: Session) -> dict[tuple[str, str], set[str]]:
    """(connection, vendor's id) -> the persons that it is not, by a person's word."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in session.rows(select(suggestion).where(*session.where(suggestion, state=REJECTED))):
        found.setdefault((row.connection_id, row.external_id), set()).add(row.person_id)
    return found


def standing(
    session: Session, connection_id: str = "", of: Collection[tuple[str, str]] | None = None
) -> Sequence[Row[Any]]:
    """The open suggestions, the likeliest first for each of a vendor's persons.

    Those `of` these (connection, vendor's id), where they are named: as many as a page has.
    """
    query = select(suggestion).where(*session.where(suggestion, state=OPEN))
    if connection_id:
        query = query.where(suggestion.c.connection_id == connection_id)
    if of is not None:
        query = query.where(tuple_(suggestion.c.connection_id, suggestion.c.external_id).in_(sorted(of)))
    order = (suggestion.c.connection_id, suggestion.c.external_id, suggestion.c.score.desc(), suggestion.c.person_id)
    return session.rows(query.order_by(*order))


def reject(session: Session, connection_id: str, external_id: str, person_id: str) -> None:
    """Note that a vendor's person is not this one: it is neither linked nor suggested again by itself."""
    seq, _ = session.take_seq()
    session.memo.pop("rejected", None)
    key = {"connection_id": connection_id, "external_id": external_id, "person_id": person_id}
    known = session.connection.execute(select(suggestion.c.score).where(*session.where(suggestion, **key))).first()
    if known is not None:
        session.change(suggestion, key, state=REJECTED, seq=seq)
    else:
        session.add(suggestion, [{**key, "score": 0, "why": [], "state": REJECTED, "seq": seq}])


def settled(session: Session, connection_id: str, external_id: str, person_id: str = "") -> None:
    """Nothing is open about a vendor's person any more; that it is not `person_id` is taken back."""
    mine = session.where(suggestion, connection_id=connection_id, external_id=external_id)
    session.connection.execute(suggestion.delete().where(*mine, suggestion.c.state == OPEN))
    session.connection.execute(suggestion.delete().where(*mine, suggestion.c.person_id == person_id))
    session.memo.pop("rejected", None)
