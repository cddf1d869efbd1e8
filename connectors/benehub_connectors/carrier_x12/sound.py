"""The last look at a file of ours before it is frozen: what benehub's own checks refuse never leaves."""

from __future__ import annotations

from collections.abc import Mapping

from benehub.errors import DataError
from benehub.formats.x12 import checks
from benehub.formats.x12.kernel import Source

NOBODY: Mapping[str, str] = {}


def sound(text: Source, what: str, members: Mapping[str, str] = NOBODY) -> None:
    """Let a file pass that has nothing wrong in it.

    Args:
        text: the whole file, or chunks of it.
        what: what it is ("834"), for the message.
        members: key of the item by what stands in REF*0F, so that the message names it.

    Raises:
        DataError: the first thing that is wrong, by segment, element and item.
    """
    for found in checks.findings(text):
        key = members.get(found.member, "")
        at = f"member {key}, " if key else ""
        raise DataError(
            f"our own check of the {what} refuses it: {found.text}",
            where=f"{at}segment {found.position} ({found.place})",
            mend=found.mend,
        )
