"""The last look at a file of ours before it is frozen: what benehub's own checks refuse never leaves."""

from __future__ import annotations

from collections.abc import Callable

from benehub.errors import DataError
from benehub.formats.x12 import checks
from benehub.formats.x12.kernel import Source


def nobody(number: str) -> str:
    """No item is known by a number."""
    return ""


def sound(text: Source, what: str, key_of: Callable[[str], str] = nobody) -> None:
    """Let a file pass that has nothing wrong in it.

    Args:
        text: the whole file, or chunks of it.
        what: what it is ("834"), for the message.
        key_of: gives the key of the item by what stands in REF*0F, so that the message names it.

    Raises:
        DataError: the first thing that is wrong, by segment, element and item.
    """
    for found in checks.findings(text):
        key = key_of(found.member) if found.member else ""
        at = f"member {key}, " if key else ""
        raise DataError(
            f"our own check of the {what} refuses it: {found.text}",
            where=f"{at}segment {found.position} ({found.place})",
            mend=found.mend,
        )
