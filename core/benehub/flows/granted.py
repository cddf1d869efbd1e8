"""What a vendor lets a connection write, as a whole and of each benefit; asked before anything is sent.

What is withheld as a whole ends the run; of an operation that is withheld for some benefits only, the dispatches of
these are refused one by one, and the others leave.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row

from benehub import obligations
from benehub.connect.capabilities import Capability, find, narrowed, require
from benehub.connections import Open
from benehub.errors import Unsupported
from benehub.flows.hub import Hub


def must_be(opened: Open, operations: Collection[str]) -> tuple[Capability, ...]:
    """The lines of the connection, with what the vendor withholds from it.

    Raises:
        Unsupported: the vendor does not let it do one of these operations at all.
    """
    known = opened.connector.capabilities()
    withheld = opened.connector.withheld(opened.link)
    lines = narrowed(known, withheld)
    for operation in sorted(operations if withheld else ()):
        require(lines, operation, where=f"connection {opened.link.connection}")
    return lines


def barred(hub: Hub, employer: str, lines: Sequence[Capability], rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Dispatches that carry a benefit which these lines do not let through, with the reason of each."""
    narrow = {one.operation for one in lines if one.benefit_type and not one.supported}
    asked = {row.dispatch_id: str(row.operation) for row in rows if row.operation in narrow}
    if not asked:
        return {}
    with hub.store.read(employer) as session:
        kinds = {plan.id: str(plan.benefit_type) for plan in hub.book(session).plans}
        carried = obligations.plans_in(session, list(asked))
    found: dict[str, str] = {}
    for one, operation in asked.items():
        for benefit in sorted({kinds[plan] for plan in carried.get(one, ()) if plan in kinds}):
            if find(lines, operation, benefit) is not None:
                try:
                    require(lines, operation, benefit)
                except Unsupported as error:
                    found.setdefault(one, str(error))
    return found
