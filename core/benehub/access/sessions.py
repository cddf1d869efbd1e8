"""What a browser has open: a random secret in its cookie, its keyed digest here, with two ends.

A session ends when nobody used it for a while, and at the latest some hours after it was opened. A new secret is
given with every step up (password, code, another password), so that one planted before is worth nothing after. A
session of whoever may do other things than before is ended, and opened anew by signing in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, or_, select

from benehub.store import Session, iso
from benehub.store.access_tables import user_session

_SEEN: Final = timedelta(minutes=1)
"""Use is written down this often: not every look at a page is a write."""


class Stage(StrEnum):
    """What has to be done before a session opens anything."""

    CODE = "code"
    ENROL = "enrol"
    PASSWORD = "password"  # noqa: S105 - a stage, no secret
    OPEN = "open"


@dataclass(frozen=True)
class Lifetimes:
    """How long a session may be unused, and how long it lasts at most."""

    idle: timedelta = timedelta(minutes=30)
    whole: timedelta = timedelta(hours=12)
    step: timedelta = timedelta(minutes=10)
    """For the steps of signing in."""
    proof: timedelta = timedelta(minutes=10)
    """For how long it is enough to have shown who one is, before what lets somebody in is changed."""


@dataclass(frozen=True)
class Standing:
    """A session that stands."""

    digest: str
    user: str
    stage: Stage
    way: str
    """How it was opened: `password`, or `oidc:NAME`."""
    proved_at: datetime | None
    """When its user last showed all of who he is; None: he was let in without, or has not shown the whole of it yet."""
    ends_at: datetime

    @property
    def until(self) -> datetime | None:
        """When what takes its place ends at the latest: no later than itself, once it is open."""
        return self.ends_at if self.stage is Stage.OPEN else None

    @property
    def ref(self) -> str:
        """What the trail calls it: enough to tell it from others, too little to find its secret."""
        return f"ses_{self.digest[:16]}"


def begin(
    session: Session, user: str, stage: Stage, way: str, lifetimes: Lifetimes, proved_at: datetime | None = None,
    until: datetime | None = None,
) -> str:  # fmt: skip
    """Open one; gives the secret for the cookie, which is nowhere else. What has ended long ago is cleared away.

    `proved_at` is when its user showed all of who he is; that one is opened proves nothing by itself. `until` is the
    end of the open one whose place it takes.
    """
    secret = secrets.token_urlsafe(32)
    now = session.clock()
    lasts = lifetimes.whole if stage is Stage.OPEN else lifetimes.step
    stale = or_(user_session.c.ends_at < iso(now), user_session.c.seen_at < iso(now - lifetimes.idle))
    session.connection.execute(delete(user_session).where(*session.where(user_session), stale))
    row = {
        "session_hash": _digest(session, secret), "user_id": user, "stage": stage.value, "way": way[:80],
        "made_at": iso(now), "seen_at": iso(now), "ends_at": iso(until or now + lasts),
        "proved_at": iso(proved_at) if proved_at is not None else None,
    }  # fmt: skip
    session.add(user_session, [row])
    return secret


def step(
    session: Session, standing: Standing, stage: Stage, lifetimes: Lifetimes, proved_at: datetime | None = None
) -> str:  # fmt: skip
    """Go on with a new secret; the old one is worth nothing any more. What was proved before counts on as before, and
    one that was open already ends no later."""
    end(session, standing)
    shown = proved_at or standing.proved_at
    return begin(session, standing.user, stage, standing.way, lifetimes, shown, standing.until)


def standing(session: Session, secret: str, lifetimes: Lifetimes) -> Standing | None:
    """The session of this secret, unless it has ended."""
    found = session.connection.execute(
        select(user_session).where(*session.where(user_session, session_hash=_digest(session, secret)))
    ).first()
    now = session.clock()
    if found is None or found.ends_at <= iso(now) or found.seen_at <= iso(now - lifetimes.idle):
        return None
    return Standing(found.session_hash, found.user_id, Stage(found.stage), found.way,
                    datetime.fromisoformat(found.proved_at) if found.proved_at else None,
                    datetime.fromisoformat(found.ends_at))  # fmt: skip


def due(session: Session, held: Standing) -> bool:
    """Whether its use should be written down again."""
    mine = session.where(user_session, session_hash=held.digest)
    seen = session.connection.execute(select(user_session.c.seen_at).where(*mine)).scalar()
    return seen is not None and session.clock() - datetime.fromisoformat(seen) >= _SEEN


def seen(session: Session, held: Standing) -> None:
    """It is used now."""
    session.change(user_session, {"session_hash": held.digest}, seen_at=session.now())


def end(session: Session, held: Standing) -> None:
    """End one."""
    session.connection.execute(delete(user_session).where(*session.where(user_session, session_hash=held.digest)))


def _digest(session: Session, secret: str) -> str:
    return session.vault.blind_index(secret, "session")
