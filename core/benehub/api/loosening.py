"""What loading a plan book asks of a caller beyond its route: to let more be approved by one alone, he manages access.

Who proposes and approves may load plan books as well; the amount above which a second person is needed binds him only
where he cannot raise it himself.
"""

from __future__ import annotations

from contextlib import suppress

from fastapi import HTTPException

from benehub.access import Caller, Permission
from benehub.errors import ConfigError
from benehub.flows import Hub
from benehub.flows.onboarding import in_force
from benehub.planbook import PlanBook
from benehub.reconcile.fixes import stricter
from benehub.store.version import version


def must_not_loosen(hub: Hub, caller: Caller, employer: str, book: PlanBook) -> str:
    """Refuse a book that lets more be approved alone than the one in force, where the caller may not manage access.

    Gives the version of the book in force, as loading expects it; empty where this release cannot read that: then the
    new one is its mend, and counts as looser unless nothing is approved alone by it.

    Raises:
        HTTPException: 403.
    """
    standing: int | None = 0
    seen = ""
    with hub.store.read(employer) as session, suppress(ConfigError):
        before = hub.book(session)
        standing, seen = before.guards.alone_up_to_minor, version(in_force(before))
    wanted = book.guards.alone_up_to_minor
    if stricter(standing, wanted) != wanted and not caller.may(Permission.MANAGE_ACCESS, employer):
        raise HTTPException(
            403, "guards.second_person_above is loosened: this needs the permission manage_access too; leave it as it "
            "is, or have somebody load it who has that",
        )  # fmt: skip
    return seen
