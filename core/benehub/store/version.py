"""Versions of what two people may edit: whoever changes a thing says which one he has looked at.

A version is one short digest a field, so that a wrong one tells what was changed meanwhile, and not what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from benehub.errors import ChangedMeanwhile
from benehub.store.session import canonical


def version(values: Mapping[str, Any]) -> str:
    """The version of a thing with these fields; the same fields and values give the same text."""
    return "-".join(_digest(value) for value in values.values())


def must_be(expected: str, values: Mapping[str, Any], where: str) -> None:
    """Go on where nothing is expected, or the thing is what was looked at.

    Raises:
        ChangedMeanwhile: it is not; the fields that are others now are named.
    """
    if not expected or expected == version(values):
        return
    parts = expected.split("-")
    known = parts if len(parts) == len(values) else [""] * len(values)
    changed = tuple(name for (name, value), part in zip(values.items(), known, strict=True) if _digest(value) != part)
    raise ChangedMeanwhile(
        f"it has been changed since it was looked at ({', '.join(changed)})", where=where,
        mend="Look at it again, then decide anew", changed=changed,
    )  # fmt: skip


def _digest(value: Any) -> str:
    return blake2b(canonical(value), digest_size=4).hexdigest()
