"""What a webhook of ours is signed with: a secret that stands by reference, or one that the hub made and keeps sealed.

One that is changed signs on beside the new one for a day, so that a receiver can be given the new one meanwhile and
misses nothing: a header may carry several signatures, and any one that holds is enough.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row

from benehub.connect.webhooks import STANDARD
from benehub.errors import BenehubError, DataError, NeedsPersonError
from benehub.settings import resolve_secret
from benehub.store import Session, iso

REFERENCE = re.compile(r"env:BENEHUB_HOOK_[A-Z0-9_]{1,40}|keyring:benehub-hook-[a-z0-9-]{1,40}")
"""References that may be named: whoever may subscribe must not make us sign with other secrets."""

OVERLAP: Final = timedelta(hours=24)
"""How long a secret that was changed signs on."""

TOLD_AGAIN: Final = timedelta(hours=24)
"""How long the secret of a new subscription is told to whoever repeats the write that made it."""

_BYTES: Final = 32
_PROOF: Final = 16
_CONTEXT: Final = "hook_subscription"


def chosen(session: Session, reference: str, key: str = "") -> tuple[dict[str, Any], str]:
    """What is kept of a secret, and the secret itself where it is made here: without a reference. One that was made
    tells by which write (`key`), so that the same write again is told it again.

    Raises:
        DataError: the reference is none that may be used.
    """
    if reference:
        if REFERENCE.fullmatch(reference) is None:
            raise DataError("the secret is no reference that may be used for this",
                            mend="Write env:BENEHUB_HOOK_NAME or keyring:benehub-hook-name")  # fmt: skip
        return {"secret": reference, "secret_sealed": None}, ""
    random = secrets.token_bytes(_BYTES)
    made = STANDARD.secret_prefix + base64.b64encode(random + (_proof(random, key) if key else b"")).decode()
    return {"secret": "", "secret_sealed": session.seal(made.encode(), _CONTEXT)}, made


def made_by(session: Session, row: Row[Any], key: str) -> str:
    """The secret in force, where the write of this key has made it in place of another; empty where none, or another,
    or that was longer ago than `TOLD_AGAIN`."""
    if not key or _late(session, row) or row.secret_sealed is None:
        return ""
    made = _key(session, "", row.secret_sealed)
    content = base64.b64decode(made.removeprefix(STANDARD.secret_prefix))
    return made if hmac.compare_digest(content[_BYTES:], _proof(content[:_BYTES], key)) else ""


def took(session: Session, row: Row[Any], reference: str) -> bool:
    """Whether this reference has come in place of another secret, not longer ago than `TOLD_AGAIN`."""
    return bool(reference) and row.secret == reference and not _late(session, row)


def _late(session: Session, row: Row[Any]) -> bool:
    return row.old_until is None or row.old_until <= iso(session.clock() + OVERLAP - TOLD_AGAIN)


def _proof(random: bytes, key: str) -> bytes:
    """What ties a secret to the write that made it; nobody who has not the secret can tell it."""
    return hmac.digest(random, key.encode(), "sha256")[:_PROOF]


def replaced(session: Session, row: Row[Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a subscription when its secret becomes another: the one it had counts on for `OVERLAP`.

    Raises:
        NeedsPersonError: the one before it signs yet; it would be dropped, and a receiver may have no other.
    """
    if row.old_until is not None and row.old_until > session.now():
        raise NeedsPersonError(
            "the secret before this one still signs", where=row.subscription_id,
            mend=f"Wait until {row.old_until[:19]}Z, or remove the webhook and add it anew",
        )  # fmt: skip
    until = iso(session.clock() + OVERLAP)
    return {**new, "old_secret": row.secret, "old_sealed": row.secret_sealed, "old_until": until}


def keys(session: Session, row: Row[Any]) -> list[str]:
    """What a message of this subscription is signed with now, the secret in force first.

    Raises:
        BenehubError: the secret in force stands for nothing, or does not open.
    """
    found = [_key(session, row.secret, row.secret_sealed)]
    if row.old_until is not None and row.old_until > session.now():
        with suppress(BenehubError):  # that it is gone may be why it was changed
            found.append(_key(session, row.old_secret, row.old_sealed))
    return found


def first(session: Session, row: Row[Any]) -> str:
    """The secret that the hub made with a subscription; empty where a reference was named, it was changed since, or
    that was longer ago than `TOLD_AGAIN`."""
    late = row.made_at < iso(session.clock() - TOLD_AGAIN)
    return (
        "" if late or row.secret_sealed is None or row.old_until is not None else _key(session, "", row.secret_sealed)
    )


def _key(session: Session, reference: str, sealed: bytes | None) -> str:
    if sealed is None:
        return resolve_secret(reference)
    return session.unseal(sealed, _CONTEXT).decode()
