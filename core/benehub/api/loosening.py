"""What loading a plan book asks of a caller beyond its route: to let more be approved by one alone, he manages access.

Who proposes and approves may load plan books as well; the amount above which a second person is needed binds him only
where he cannot raise it himself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fastapi import HTTPException

from benehub.access import Caller, Permission
from benehub.errors import ConfigError
from benehub.flows import Hub
from benehub.flows.onboarding import in_force
from benehub.planbook import PlanBook
from benehub.reconcile.fixes import stricter
from benehub.store.version import must_be, version


def must_not_loosen(hub: Hub, caller: Caller, employer: str, book: PlanBook, expected: str = "") -> str:
    """Refuse a book that lets more be approved alone than the one in force, where the caller may not manage access.

    Gives the version that loading is to expect, so that what goes in is what was looked at here: the one `expected`, or
    where none is, that of the book in force; empty for who manages access and expects none, and where this release
    cannot read the book in force: then the new one is its mend, and counts as looser unless nothing is approved alone
    by it.

    Raises:
        HTTPException: 403.
        ChangedMeanwhile: the book in force is not the one `expected`.
    """
    if caller.may(Permission.MANAGE_ACCESS, employer):
        return expected
    standing: int | None = 0
    seen: dict[str, Any] = {}
    with hub.store.read(employer) as session, suppress(ConfigError):
        before = hub.book(session)
        standing, seen = before.guards.alone_up_to_minor, in_force(before)
    wanted = book.guards.alone_up_to_minor
    if stricter(standing, wanted) != wanted:
        raise HTTPException(
            403, "guards.second_person_above is loosened: this needs the permission manage_access too; leave it as it "
            "is, or have somebody load it who has that",
        )  # fmt: skip
    if not seen:
        return expected
    must_be(expected, seen, "plan book")
    return version(seen)
