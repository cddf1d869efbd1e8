"""API tokens: shown once, kept as a keyed digest, limited to scopes of their user's and to a time.

A token may do what its user may, as far as its scopes go. It ends with its day, when it is revoked, or with its user.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from benehub.access import users
from benehub.access.caller import Caller
from benehub.access.roles import Permission
from benehub.errors import DataError
from benehub.store import Session, iso
from benehub.store.access_tables import api_token, user_account

PREFIX: Final = "bhb_"
"""How a token begins, so that a scanner of leaked secrets knows it."""

MAX_DAYS: Final = 366
"""Days that a token may last at most."""

_USED: Final = timedelta(minutes=1)
"""Use is written down this often."""


def add(session: Session, user: str, label: str, scopes: Iterable[Permission], days: int) -> tuple[str, str]:
    """A new token of a user; gives its id, and the token itself, which is nowhere else.

    Raises:
        DataError: no such user or a disabled one, no scope, no label, or more days than a token may last.
    """
    if users.get(session, user).state != "active":
        raise DataError("the user is disabled", where=user, mend="Enable the user first: benehub users disable --undo")
    wanted = sorted({scope.value for scope in scopes})
    if not wanted or not label.strip():
        raise DataError("a token needs a label and at least one scope", where="tokens",
                        mend="Say what it is for, and --scope for each thing it may do")  # fmt: skip
    if not 1 <= days <= MAX_DAYS:
        raise DataError(f"a token lasts 1 to {MAX_DAYS} days", where="days", mend="Renew it in time")
    token = PREFIX + secrets.token_urlsafe(32)
    digest = _digest(session, token)
    name = session.id("tok", digest)
    now = session.clock()
    row = {
        "token_id": name, "token_hash": digest, "user_id": user, "label": label.strip()[:80], "scopes": wanted,
        "made_at": iso(now), "ends_at": iso(now + timedelta(days=days)),
    }  # fmt: skip
    session.add(api_token, [row])
    return name, token


def caller(session: Session, token: str) -> tuple[Caller | None, bool]:
    """Who calls with this token, and whether its use should be written down; None where it opens nothing."""
    if not token.startswith(PREFIX):
        return None, False
    mine = session.where(api_token, token_hash=_digest(session, token), revoked_at=None)
    found = session.connection.execute(select(api_token).where(*mine)).first()
    now = session.clock()
    if found is None or found.ends_at <= iso(now):
        return None, False
    known = {scope.value for scope in Permission}
    scopes = frozenset(Permission(name) for name in found.scopes if name in known)
    due = found.used_at is None or now - datetime.fromisoformat(found.used_at) >= _USED
    return users.caller(session, found.user_id, found.token_id, scopes), due


def used(session: Session, token_id: str) -> None:
    """It is used now."""
    session.change(api_token, {"token_id": token_id}, used_at=session.now())


def listed(session: Session, limit: int = 1000) -> list[dict[str, Any]]:
    """Tokens, the newest first, `limit` at most; never the token itself."""
    mine = (api_token.c.employer_id == user_account.c.employer_id) & (api_token.c.user_id == user_account.c.user_id)
    query = (
        select(api_token, user_account.c.email)
        .join(user_account, mine)
        .where(*session.where(api_token))
        .order_by(api_token.c.made_at.desc(), api_token.c.token_id)
        .limit(limit)
    )
    now = session.now()
    return [
        {
            "token": row.token_id, "user": row.user_id, "email": row.email, "label": row.label,
            "scopes": list(row.scopes), "made_at": row.made_at, "ends_at": row.ends_at, "used_at": row.used_at,
            "state": "revoked" if row.revoked_at else "ended" if row.ends_at <= now else "stands",
        }
        for row in session.rows(query)
    ]  # fmt: skip


def revoke(session: Session, token_id: str) -> None:
    """End a token at once.

    Raises:
        DataError: there is none of this id, or it is revoked.
    """
    mine = session.where(api_token, token_id=token_id, revoked_at=None)
    if session.connection.execute(api_token.update().where(*mine).values(revoked_at=session.now())).rowcount == 0:
        raise DataError(f"there is no token {token_id[:40]!r} to revoke", mend="See `benehub tokens list`")


def _digest(session: Session, token: str) -> str:
    return session.vault.blind_index(token, "token")
