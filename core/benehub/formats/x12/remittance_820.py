"""The 820 005010X218, premium payment: the file out of its records, and the records out of a file.

The arithmetic is enforced both ways, in US cents; a file that does not add up is neither written nor taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benehub.errors import FormatError
from benehub.formats.x12.envelope import Guide, Interchange, write
from benehub.formats.x12.kernel import Elements
from benehub.formats.x12.parts import Address, Contact, Name, Party, Reference
from benehub.formats.x12.remittance_balance import Balance, refuse_unpayable
from benehub.formats.x12.remittance_details import (
    Adjustment,
    Charge,
    Entity,
    HeadCount,
    Period,
    Remitted,
    SummaryLine,
)
from benehub.formats.x12.remittance_read import Received820, parse
from benehub.formats.x12.remittance_records import (
    CTX_CHARACTERS,
    Bank,
    Delivery,
    IntermediaryBank,
    NamedContact,
    Remittance820,
    split,
)
from benehub.formats.x12.writer import CharacterPolicy

__all__ = [
    "CTX_CHARACTERS",
    "GUIDE",
    "Address",
    "Adjustment",
    "Bank",
    "Charge",
    "Contact",
    "Delivery",
    "Entity",
    "HeadCount",
    "IntermediaryBank",
    "Name",
    "NamedContact",
    "Party",
    "Period",
    "Received820",
    "Reference",
    "Remittance820",
    "Remitted",
    "SummaryLine",
    "parse",
    "render",
    "render_all",
    "split",
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
        FormatError: a head no bank can act on; no entity (but under D and P, which need none); a second
            organization, or organizations mixed with individuals; arithmetic that does not hold; an SSN that is not
            nine digits; a character the policy refuses. Nothing yielded until then may go out.
    """
    return render_all(interchange, ((remittance, entities),), policy)


def render_all(
    interchange: Interchange,
    payments: Iterable[tuple[Remittance820, Iterable[Entity]]],
    policy: CharacterPolicy | None = None,
) -> Iterator[str]:
    """A file of several payments, a transaction set each; read back by `parse` in the same order.

    Raises:
        FormatError: as `render`.
    """
    return write(interchange, GUIDE, (_body(remittance, entities) for remittance, entities in payments), policy)


def _body(remittance: Remittance820, entities: Iterable[Entity]) -> Iterator[Elements]:
    refuse_unpayable(remittance)
    yield from remittance.segments()
    balance = Balance(remittance)
    for number, entity in enumerate(entities, 1):
        balance.add(entity)
        if number == 2 and not entity.individual:
            raise FormatError(
                "two organizations in one transaction set", where="ENT 2", mend="Write a set for each: render_all"
            )
        yield from entity.segments(number)
    balance.close()
