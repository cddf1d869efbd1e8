"""What loading a plan book asks of a caller beyond its route: to let more be approved by one alone, he manages access.

Who proposes and approves may load plan books as well; the amount above which a second person is needed binds him only
where he cannot raise it himself.
"""

from __future__ import annotations

from fastapi import HTTPException

from benehub.access import Caller, Permission
from benehub.flows import Hub
from benehub.planbook import PlanBook
from benehub.reconcile.fixes import stricter


def must_not_loosen(hub: Hub, caller: Caller, employer: str, book: PlanBook) -> None:
    """Refuse a book that lets more be approved alone than the one in force, where the caller may not manage access.

    Raises:
        HTTPException: 403.
    """
    with hub.store.read(employer) as session:
        standing = hub.book(session).guards.alone_up_to_minor
    wanted = book.guards.alone_up_to_minor
    if stricter(standing, wanted) != wanted and not caller.may(Permission.MANAGE_ACCESS, employer):
        raise HTTPException(
            403, "guards.second_person_above is loosened: this needs the permission manage_access too; leave it as it "
            "is, or have somebody load it who has that",
        )  # fmt: skip
