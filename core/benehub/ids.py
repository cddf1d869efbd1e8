"""Typed ids that every output prints: a prefix for the noun and a digest of its business key.

An id is derived from what the thing *is* (employer, kind, business key), not from chance or the clock, so
a step that runs twice finds its own row again. Of people and facts, of which there are most, it is their number in
the recorded order: who is meant by a vendor's id says the crosswalk. Prefixes are in `PREFIXES`.
"""

from __future__ import annotations

import hashlib
import re
from zlib import crc32

PREFIXES = {
    "per": "person",
    "unl": "person of a vendor's, unlinked",
    "int": "intake batch",
    "fct": "fact version",
    "elg": "eligibility decision",
    "exp": "explanation",
    "ent": "ledger entry",
    "obl": "obligation",
    "dis": "dispatch",
    "dif": "difference",
    "run": "run",
    "clo": "closing of a month",
    "crd": "credit that a carrier owes",
    "sup": "suppression of differences",
    "fix": "fix of a difference",
    "whd": "webhook delivery",
    "usr": "user: who signs in here, or was written by SCIM",
    "tok": "API token",
    "whs": "webhook subscription",
    "whm": "webhook message of ours",
    "qst": "question of an employee",
    "upl": "table uploaded by hand",
}
"""What each prefix of a typed id names."""

ID_PATTERN = rf"(?:{'|'.join(PREFIXES)})_(?:[0-9a-f]{{20}}|[a-z2-7]{{24}})"
"""How any id is written: those of `numbered`, and those of `derive`."""
PERSON = re.compile(r"per_[0-9a-z]{20,24}")
"""A person's id inside a text: as it is numbered now (20 digits), or derived by an older release (24 signs)."""


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]
"""Two letters of base 32 (RFC 4648, small) for each ten bits."""


def numbered(prefix: str, number: int, named: str) -> str:
    """The id of the thing that got this number of the recorded order.

    Such ids come in the order in which things came, so an index by them grows at its end, wherever it is large; the
    last digits, of the number and `named`, tell a mistyped one.
    """
    return f"{prefix}_{number:012x}{crc32(named.encode(), number & 0xFFFFFFFF):08x}"


def derive(prefix: str, *parts: str) -> str:
    """The id of the thing named by `parts` (e.g. employer and business key); same parts, same id."""
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}")
    bits = int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:15], "big")
    # Base 32 by hand: a sync derives an id an employee, and `base64` or a loop takes half as long again.
    two = _PAIRS
    return (
        f"{prefix}_{two[bits >> 110]}{two[bits >> 100 & 1023]}{two[bits >> 90 & 1023]}{two[bits >> 80 & 1023]}"
        f"{two[bits >> 70 & 1023]}{two[bits >> 60 & 1023]}{two[bits >> 50 & 1023]}{two[bits >> 40 & 1023]}"
        f"{two[bits >> 30 & 1023]}{two[bits >> 20 & 1023]}{two[bits >> 10 & 1023]}{two[bits & 1023]}"
    )
