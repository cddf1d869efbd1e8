"""First results of writes: the same key and content again hears what it heard at first, and nothing is done twice.

A key belongs to the caller who chose it. It is claimed before the work and kept with its result after it, each in a
transaction of its own; what died in between may be claimed anew after a while, since flows find their own earlier work.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, select

from benehub.errors import ConflictError, RateLimited
from benehub.flows.hub import Hub
from benehub.store import Session, iso
from benehub.store.tables import first_result

KEPT = timedelta(hours=24)
"""How long a result is told again."""

BUSY = timedelta(minutes=10)
"""How long the first of two may take; after that its process is taken for dead."""

CONTEXT = "first_result"


@dataclass(frozen=True)
class First:
    """What a write answered at first."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def claim(hub: Hub, employer: str, user: str, key: str, content: bytes) -> First | None:
    """Take a caller's key for a write; gives the first result where there is one, else the work is the claimant's.

    Raises:
        ConflictError: the key was used for other content.
        RateLimited: the first write under the key has not ended yet.
    """
    # Keyed: a body may hold an account, which a plain digest lets anybody guess who has the database.
    result_id, digest = _id(user, key), hub.store.vault.content_hash(content)
    with hub.store.write(employer) as session:
        session.take_seq(0)  # of two who come at once one waits, and finds the other's claim
        session.connection.execute(
            delete(first_result).where(*session.where(first_result), first_result.c.claimed_at < _before(session, KEPT))
        )
        row = session.connection.execute(
            select(first_result).where(*session.where(first_result, result_id=result_id))
        ).first()
        if row is None:
            session.add(first_result, [{
                "result_id": result_id, "content_hash": digest, "state": "open", "status": 0, "headers": {},
                "body_sealed": None, "claimed_at": session.now(),
            }])  # fmt: skip
            return None
        if row.content_hash not in (digest, hashlib.sha256(content).hexdigest()):  # as it was kept once
            raise ConflictError("this idempotency key came with other content before",
                                mend="Choose a new key for a new write; keep it only to repeat one")  # fmt: skip
        if row.state == "done":
            return First(row.status, row.headers, session.unseal(row.body_sealed, CONTEXT))
        if row.claimed_at >= _before(session, BUSY):
            raise RateLimited("the first write under this idempotency key is still going on",
                              mend="Send it again in a moment", retry_after=2)  # fmt: skip
        session.change(first_result, {"result_id": result_id}, claimed_at=session.now())
        return None


def keep(hub: Hub, employer: str, user: str, key: str, result: First) -> None:
    """Keep what the write answered."""
    with hub.store.write(employer) as session:
        session.change(
            first_result, {"result_id": _id(user, key)}, state="done", status=result.status,
            headers=dict(result.headers), body_sealed=session.seal(result.body, CONTEXT),
        )  # fmt: skip


def release(hub: Hub, employer: str, user: str, key: str) -> None:
    """Nothing was done under the key: it may be used again, with other content too."""
    with hub.store.write(employer) as session:
        session.connection.execute(
            delete(first_result).where(*session.where(first_result, result_id=_id(user, key), state="open"))
        )


def place_of(
    session: Session, id_of: Callable[[str], str], made_at: Callable[[str], str | None], key: str
) -> tuple[str, bool]:
    """The id of what a write under a key makes, and whether that was made already, while the key is kept.

    What was made under the same key longer ago is another write's.

    Args:
        id_of: the id of what is made, by the text that tells it from others.
        made_at: when a thing of an id was made; None where there is none.
    """
    told, oldest = key, _before(session, KEPT)
    for again in itertools.count(1):
        found = id_of(told)
        at = made_at(found)
        if at is None or at >= oldest:
            return found, at is not None
        told = f"{key}/{again}"
    raise AssertionError


def _id(user: str, key: str) -> str:
    return hashlib.sha256(f"{user}\x1f{key}".encode()).hexdigest()


def _before(session: Session, age: timedelta) -> str:
    return iso(session.clock() - age)
