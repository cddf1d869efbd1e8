"""Names that a person types: one that is not known is an error that says which there are, never an empty list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from benehub.errors import DataError

if TYPE_CHECKING:
    from benehub.cli.opening import Desk


def must_know(what: str, name: str, known: Iterable[str], where: str = "") -> None:
    """Nothing, where a name is known or was left out.

    Raises:
        DataError: it is not known.
    """
    there = list(known)
    if name and name not in there:
        raise DataError(f"no {what} {name!r}", where=where, mend=f"There are: {', '.join(there) or 'none'}")


def must_know_connection(desk: Desk, named: str) -> None:
    """Nothing, where a connection is there or none was named.

    Raises:
        ConfigError: there is none.
    """
    from benehub import connections

    if named:
        with desk.store.read(desk.employer) as session:
            connections.get(session, named)


def carriers(desk: Desk, named: str = "") -> list[str]:
    """The carrier named, or all of the plan book.

    Raises:
        DataError: the plan book knows no such carrier.
    """
    known = sorted({plan.carrier for plan in desk.book().insurance_plans() if plan.carrier})
    must_know("carrier", named, known, "plan book")
    return [named] if named else known
