"""The second factor of local accounts: time-based codes (RFC 6238), and recovery codes for who has lost the device.

The seed is sealed. A code counts once: no code of its time step or of an older one is taken again.
"""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Any, Final

import pyotp
from pyotp.totp import TOTP
from sqlalchemy import Row, delete, update

from benehub.access import users
from benehub.errors import DataError
from benehub.store import Session
from benehub.store.access_tables import recovery_code, user_account

ISSUER: Final = "benehub"
SECONDS: Final = 30
"""Length of a time step."""

_AROUND: Final = (-1, 0, 1)
"""Steps around now whose codes are taken: clocks of phones differ."""

RECOVERY: Final = 10
"""Recovery codes given at once."""

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is mistaken for another."""


def propose(session: Session, user: str) -> str:
    """A seed that waits for its first code, as the address that a phone reads from a QR picture.

    Asked again, it is the same one: the picture may be looked at twice.
    """
    row = users.get(session, user)
    if row.totp_new_sealed is None:
        seed = pyotp.random_base32(32)
        sealed = session.seal(seed.encode(), _context(user))
        session.change(user_account, {"user_id": user}, totp_new_sealed=sealed)
    else:
        seed = session.unseal(row.totp_new_sealed, _context(user)).decode()
    return TOTP(seed, interval=SECONDS).provisioning_uri(name=row.email, issuer_name=ISSUER)


def enrol(session: Session, user: str, code: str) -> list[str]:
    """Take the waiting seed into use by its first code; gives the recovery codes, which are shown once.

    An empty list: the code is wrong.
    """
    row = users.get(session, user)
    if row.totp_new_sealed is None:
        return []
    step = _step_of(session, session.unseal(row.totp_new_sealed, _context(user)).decode(), code)
    if step is None:
        return []
    values = {"totp_sealed": row.totp_new_sealed, "totp_new_sealed": None, "totp_step": step}
    session.change(user_account, {"user_id": user}, **values)
    return new_recovery(session, user)


def holds(session: Session, row: Row[Any], code: str) -> bool:
    """Whether a code is right for a user; it counts once."""
    if row.totp_sealed is None:
        return False
    step = _step_of(session, session.unseal(row.totp_sealed, _context(row.user_id)).decode(), code)
    if step is None:
        return False
    # Of two who send one code at once, one finds the step taken.
    mine = (*session.where(user_account, user_id=row.user_id), user_account.c.totp_step < step)
    return session.connection.execute(update(user_account).where(*mine).values(totp_step=step)).rowcount == 1


def new_recovery(session: Session, user: str) -> list[str]:
    """Recovery codes in place of those there were; they are shown once, and each counts once."""
    session.connection.execute(delete(recovery_code).where(*session.where(recovery_code, user_id=user)))
    codes = ["-".join("".join(map(secrets.choice, [_ALPHABET] * 4)) for _ in range(4)) for _ in range(RECOVERY)]
    session.add(recovery_code, [{"user_id": user, "code_hash": _digest(session, user, code)} for code in codes])
    return codes


def recovers(session: Session, user: str, code: str) -> bool:
    """Whether this is an unused recovery code of the user; it is used up."""
    mine = session.where(recovery_code, user_id=user, code_hash=_digest(session, user, code), used_at=None)
    return session.connection.execute(update(recovery_code).where(*mine).values(used_at=session.now())).rowcount == 1


def forget(session: Session, user: str) -> None:
    """Take the second factor away: the user enrols anew at the next sign-in."""
    if users.get(session, user).totp_sealed is None:
        raise DataError("the user has no second factor", where=user, mend="Nothing has to be reset")
    session.change(user_account, {"user_id": user}, totp_sealed=None, totp_new_sealed=None)
    session.connection.execute(delete(recovery_code).where(*session.where(recovery_code, user_id=user)))
    users.end_sessions(session, user)


def _step_of(session: Session, seed: str, code: str) -> int | None:
    """The time step whose code this is; every one is compared, whichever fits."""
    typed = re.sub(r"\s", "", code)
    now = int(session.clock().timestamp()) // SECONDS
    maker = TOTP(seed, interval=SECONDS)
    fits = [now + by for by in _AROUND if hmac.compare_digest(maker.generate_otp(now + by), typed)]
    return fits[-1] if fits else None


def _digest(session: Session, user: str, code: str) -> str:
    bare = "".join(filter(str.isalnum, code.casefold()))
    return session.vault.blind_index(f"{user}/{bare}", "recovery code")


def _context(user: str) -> str:
    return f"totp/{user}"
