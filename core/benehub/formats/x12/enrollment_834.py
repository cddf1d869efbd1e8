"""The 834 005010X220A1, benefit enrollment: the file out of its records, and the records out of a file.

Memory is flat both ways: members may be a generator, are written some dozens at a time and read one by one. Of a
full file the writer keeps 8 bytes a subscriber, to know that no dependent comes before his own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count

from benehub.formats.x12.checks import findings
from benehub.formats.x12.enrollment_coverage import Card, Coverage
from benehub.formats.x12.enrollment_disability import Disability
from benehub.formats.x12.enrollment_head import CHANGE, FULL, REPLACE, Broker, Enrollment834
from benehub.formats.x12.enrollment_insurance import OtherInsurance, OtherInsurer
from benehub.formats.x12.enrollment_person import Demographics, Health, Income, Language
from benehub.formats.x12.enrollment_provider import Provider
from benehub.formats.x12.enrollment_read import Received834, parse
from benehub.formats.x12.enrollment_records import Member, totals, totals_of
from benehub.formats.x12.enrollment_related import CUSTODIAL_PARENT, DROP_OFF, EMPLOYER, RESPONSIBLE, SCHOOL, Related
from benehub.formats.x12.enrollment_reporting import ReportingCategory
from benehub.formats.x12.enrollment_write import Place, body
from benehub.formats.x12.envelope import Guide, Interchange, write
from benehub.formats.x12.findings import Finding
from benehub.formats.x12.parts import Address, Amount, Contact, Dated, Name, Party, Period, Reference
from benehub.formats.x12.writer import CharacterPolicy

__all__ = [
    "CHANGE",
    "CUSTODIAL_PARENT",
    "DROP_OFF",
    "EMPLOYER",
    "FULL",
    "GUIDE",
    "REPLACE",
    "RESPONSIBLE",
    "SCHOOL",
    "Address",
    "Amount",
    "Broker",
    "Card",
    "Contact",
    "Coverage",
    "Dated",
    "Demographics",
    "Disability",
    "Enrollment834",
    "Health",
    "Income",
    "Language",
    "Member",
    "Name",
    "OtherInsurance",
    "OtherInsurer",
    "Party",
    "Period",
    "Provider",
    "Received834",
    "Reference",
    "Related",
    "ReportingCategory",
    "parse",
    "render",
    "render_sets",
    "totals",
    "totals_of",
    "validate",
]

GUIDE = Guide("BE", "834", "005010X220A1")

_TRIAL = Interchange("SENDER", "RECEIVER", 1, 1, datetime(2000, 1, 1, tzinfo=UTC))
"""The envelope of a file that is looked at and never sent."""


def render(
    interchange: Interchange,
    enrollment: Enrollment834,
    members: Iterable[Member],
    policy: CharacterPolicy | None = None,
    place: Place = "member {}".format,
) -> Iterator[str]:
    """The file with one transaction set, some dozens of members at a time; members may be a generator.

    Args:
        place: what errors call the n-th member of the file.

    Raises:
        FormatError: no member, totals that are not those of the members, a dependent before his subscriber in
            a full file, an SSN that is not nine digits, or a character the policy refuses. Nothing that was
            yielded until then may be sent.
    """
    return render_sets(interchange, ((enrollment, members),), policy, place)


def render_sets(
    interchange: Interchange,
    sets: Iterable[tuple[Enrollment834, Iterable[Member]]],
    policy: CharacterPolicy | None = None,
    place: Place = "member {}".format,
) -> Iterator[str]:
    """A file with several transaction sets in one group, e.g. one a family, so that a partner refuses little at once.

    Raises:
        FormatError: see `render`.
    """
    numbers = count(1)
    return write(
        interchange, GUIDE, (body(enrollment, members, numbers, place) for enrollment, members in sets), policy
    )


def validate(
    enrollment: Enrollment834, members: Iterable[Member], policy: CharacterPolicy | None = None
) -> Iterator[Finding]:
    """What would be wrong with the file of these records, before a control number is spent on it; empty is fine.

    Positions are those of the file; `member` names the subscriber number. Nothing is kept in memory.
    """
    return findings(render(_TRIAL, enrollment, members, policy))
