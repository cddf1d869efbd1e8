"""What a flow or a connection that reaches vendors asks of a caller beyond its route: the permission to send.

Who keeps data moving may start, set up and repeat what only reads. What tells or pays somebody outside is for who may
send; to stop it is for both.
"""

from __future__ import annotations

from fastapi import HTTPException

from benehub.access import Caller, Permission
from benehub.flows import Hub, connecting
from benehub.flows.schedulable import FLOWS, PREFIX
from benehub.flows.silent import may_send


def may_start(caller: Caller, employer: str, flow: str) -> bool:
    """Whether the caller may let this flow run."""
    return not may_send(flow) or caller.may(Permission.SEND, employer)


def must_start(caller: Caller, employer: str, flow: str) -> None:
    """Refuse who may not let this flow run.

    Raises:
        HTTPException: 403.
    """
    if not may_start(caller, employer, flow):
        raise _refused(f"{flow.removeprefix(PREFIX)[:40]} sends")


def must_schedule(caller: Caller, employer: str, flow: str) -> None:
    """Refuse who may not let a flow start by itself, or as it does; a flow that there is not is refused by its check.

    Raises:
        HTTPException: 403.
    """
    if flow in FLOWS:
        must_start(caller, employer, f"{PREFIX}{flow}")


def must_write(hub: Hub, caller: Caller, employer: str, connection: str) -> None:
    """Refuse who may not let this connection write; one that can only read is open to who keeps it moving.

    Raises:
        HTTPException: 403.
        ConfigError: there is no such connection.
    """
    if not caller.may(Permission.SEND, employer) and connecting.can_write(hub, employer, connection):
        raise _refused(f"{connection[:40]} can write")


def must_set_up(hub: Hub, caller: Caller, employer: str, connector: str) -> None:
    """Refuse who may not say where a connection of this connector writes to, or what it says of people.

    Raises:
        HTTPException: 403.
        ConfigError: there is no such connector.
    """
    if not caller.may(Permission.SEND, employer) and connecting.writes(hub, connector):
        raise _refused(f"a connection of {connector[:40]} can write")
    if not caller.may(Permission.EDIT_PEOPLE, employer) and connecting.reads_people(hub, connector):
        raise _refused(f"a connection of {connector[:40]} reads people", Permission.EDIT_PEOPLE)


def _refused(what: str, needed: Permission = Permission.SEND) -> HTTPException:
    return HTTPException(403, f"{what}: this needs the permission {needed}, too; an owner can give a role that has it")
