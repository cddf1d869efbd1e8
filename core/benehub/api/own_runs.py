"""Who may cancel a run or let it go on: who keeps data moving, and of his own runs whoever has started them.

Whose a run is, and by which permissions he could start it, is kept when it begins. Who has lost one of them since, or
comes by a token without it, has lost the run too. What a schedule began is nobody's own.
"""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.flows import Hub
from benehub.flows.runs import By, started_by


class NeedsRun(Needs):
    """As `Needs`; whoever has started the run of the path needs no other permission than he started it by."""

    async def _instead(self, request: Request, caller: Caller, employer: str) -> bool:
        told = request.path_params
        run_id = str(told.get("run_id") or told.get("run") or "")
        return await run_in_threadpool(is_own, request.app.state.hub, caller, employer, run_id)


def by(request: Request, *more: Permission) -> By:
    """Whose a run is that this call starts, and what that took: the permission of its route, and `more`."""
    act = request.state.act
    return By(act.caller.user, tuple(dict.fromkeys((act.permission, *(one.value for one in more)))))


def is_own(hub: Hub, caller: Caller, employer: str, run_id: str) -> bool:
    """Whether the caller has started this run, and still may start such a one."""
    with hub.store.read(employer) as session:
        first = started_by(session, run_id)
    return (
        first is not None and first.user == caller.user
        and all(caller.may(Permission(one), employer) for one in first.permissions)
    )  # fmt: skip


def may_manage(hub: Hub, caller: Caller, employer: str, run_id: str) -> bool:
    """Whether the caller may cancel this run, or let it go on where it need not send."""
    return caller.may(Permission.OPERATE, employer) or is_own(hub, caller, employer, run_id)
