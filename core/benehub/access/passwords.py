"""Passwords of local accounts: argon2id (RFC 9106), at least twelve characters, none that everybody tries first.

Checking takes as long for an account that does not exist as for one that does: it is one check of one hash in both
cases. It is slow on purpose: never do it while a transaction is open.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from benehub.errors import DataError

SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters; more would only be work for us."""

_TRIED: Final = ("password", "passwort", "qwertz", "qwerty", "letmein", "welcome", "admin", "benehub", "benefits")
"""Words that a password must not consist of, whatever digits and signs stand around them."""

_LEET: Final = str.maketrans("0134578@$!", "oleastbasi")


@lru_cache(maxsize=1)
def hasher() -> PasswordHasher:
    """Our parameters: RFC 9106's second choice (64 MiB, three passes, four lanes)."""
    return PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return hasher().hash("the hash that is checked where there is no account")


def digest(password: str) -> str:
    """The hash to keep, with its parameters and salt."""
    return hasher().hash(_plain(password))


def matches(kept: str, password: str) -> bool:
    """Whether this is the password; `kept` may be empty, for an account that has none or does not exist."""
    try:
        return hasher().verify(kept or _nobodys(), _plain(password)[:LONGEST]) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether the hash was made with parameters other than ours: it is made anew at the next sign-in."""
    return hasher().check_needs_rehash(kept)


def check(password: str, email: str, name: str = "") -> None:
    """Refuse a new password that is guessed too soon.

    Raises:
        DataError: it is too short or too long, or is mostly the user's own name or a word that everybody tries.
    """
    plain = _plain(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise DataError(f"a password has {SHORTEST} to {LONGEST} characters", where="password",
                        mend="A sentence of some words is easy to remember")  # fmt: skip
    words = (*_TRIED, *map(_letters, (email.partition("@")[0], *name.split())))
    left = []
    for text in (plain.casefold(), plain.casefold().translate(_LEET)):
        bare = _letters(text)
        for word in words:
            bare = bare.replace(word, "") if len(word) >= 4 else bare
        left.append(len(bare))
    if len(set(plain)) < 5 or min(left) < 4:
        raise DataError("the password is one of those that are tried first", where="password",
                        mend="Take one that holds neither your name nor a word like it alone")  # fmt: skip


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


def _plain(password: str) -> str:
    """The same text typed on another keyboard is the same password (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
