"""The 834 005010X220A1, benefit enrollment: the file out of its records, and the records out of a file.

Memory is flat both ways: members may be a generator, and are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benehub.errors import FormatError
from benehub.formats.x12.enrollment_read import Received834, parse
from benehub.formats.x12.enrollment_records import (
    CHANGE,
    FULL,
    Amount,
    Coverage,
    Dated,
    Demographics,
    Enrollment834,
    Member,
    totals_of,
)
from benehub.formats.x12.envelope import Guide, Interchange, write
from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.parts import Address, Contact, Name, Party, Reference
from benehub.formats.x12.writer import CharacterPolicy

__all__ = [
    "CHANGE",
    "FULL",
    "GUIDE",
    "Address",
    "Amount",
    "Contact",
    "Coverage",
    "Dated",
    "Demographics",
    "Enrollment834",
    "Member",
    "Name",
    "Party",
    "Received834",
    "Reference",
    "parse",
    "render",
    "totals_of",
]

GUIDE = Guide("BE", "834", "005010X220A1")


def render(
    interchange: Interchange,
    enrollment: Enrollment834,
    members: Iterable[Member],
    policy: CharacterPolicy | None = None,
) -> Iterator[str]:
    """The file, a segment at a time; members may be a generator.

    Raises:
        FormatError: no member, totals that are not those of the members, a dependent before his subscriber in
            a full file, an SSN that is not nine digits, or a character the policy refuses. Nothing that was
            yielded until then may be sent.
    """
    return write(interchange, GUIDE, (_body(enrollment, members),), policy)


def _body(enrollment: Enrollment834, members: Iterable[Member]) -> Iterator[Elements]:
    yield from enrollment.segments()
    count = subscribers = 0
    seen: set[str] = set()
    for member in members:
        count += 1
        subscribers += member.subscriber
        if member.subscriber:
            seen.add(member.subscriber_number)
        elif enrollment.action == FULL and member.subscriber_number not in seen:
            raise FormatError("a dependent comes before his subscriber", where=f"member {count}", mend="Sort by family")
        yield from member.segments()
    if not count:
        raise FormatError("an 834 without members", mend="Send nothing when there is nothing to say")
    actual = {"TO": count, "ET": subscribers, "DT": count - subscribers}
    if any(actual.get(code, told) != told for code, told in enrollment.totals):
        raise FormatError("the totals (QTY) are not those of the members", mend="Take them from totals_of(members)")
