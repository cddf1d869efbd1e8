"""The 820 005010X218, premium payment: the file out of its records, and the records out of a file.

The arithmetic is enforced both ways, in US cents; a file that does not add up is neither written nor taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benehub.errors import FormatError
from benehub.formats.x12.envelope import Guide, Interchange, write
from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.parts import Address, Contact, Name, Party, Reference
from benehub.formats.x12.remittance_read import Received820, parse
from benehub.formats.x12.remittance_records import (
    Adjustment,
    Balance,
    Bank,
    Entity,
    Period,
    Remittance820,
    Remitted,
)
from benehub.formats.x12.writer import CharacterPolicy

__all__ = [
    "GUIDE",
    "Address",
    "Adjustment",
    "Bank",
    "Contact",
    "Entity",
    "Name",
    "Party",
    "Period",
    "Received820",
    "Reference",
    "Remittance820",
    "Remitted",
    "parse",
    "render",
]

GUIDE = Guide("RA", "820", "005010X218")


def render(
    interchange: Interchange,
    remittance: Remittance820,
    entities: Iterable[Entity],
    policy: CharacterPolicy | None = None,
) -> Iterator[str]:
    """The file, a segment at a time; entities may be a generator, ENT01 is counted here.

    Raises:
        FormatError: no entity, organizations mixed with individuals, arithmetic that does not hold, an SSN
            that is not nine digits, or a character the policy refuses. Nothing yielded until then may go out.
    """
    return write(interchange, GUIDE, (_body(remittance, entities),), policy)


def _body(remittance: Remittance820, entities: Iterable[Entity]) -> Iterator[Elements]:
    yield from remittance.segments()
    balance = Balance(remittance.total)
    individual: bool | None = None
    for number, entity in enumerate(entities, 1):
        if individual not in (None, entity.individual):
            raise FormatError(
                "organizations and individuals in one 820",
                where=f"ENT {number}",
                mend="Write two files: a summary bill and a list bill are paid apart",
            )
        individual = entity.individual
        balance.add(entity)
        yield from entity.segments(number)
    balance.close()
