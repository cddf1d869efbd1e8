"""Who calls, from what came with the call; and the trail of what a caller saw or did."""

from __future__ import annotations

from contextlib import suppress

from benehub.access import Caller, audit, sessions, tokens, users
from benehub.access.audit import Place
from benehub.access.sessions import Lifetimes, Stage, Standing
from benehub.errors import RetriableError
from benehub.flows.hub import Hub
from benehub.store.schema import INSTALLATION


def by_token(hub: Hub, token: str) -> Caller | None:
    """Who calls with an API token; None where it opens nothing (unknown, ended, revoked, or its user disabled)."""
    with hub.store.read(INSTALLATION) as session:
        caller, due = tokens.caller(session, token)
    if caller is not None and due:
        with suppress(RetriableError), hub.store.write(INSTALLATION) as session:  # a busy database turns nobody away
            tokens.used(session, caller.by)
    return caller


def by_session(hub: Hub, secret: str, lifetimes: Lifetimes) -> tuple[Standing, Caller | None] | None:
    """The session of a browser's secret, and who calls by it: nobody, while the sign-in is not whole."""
    with hub.store.read(INSTALLATION) as session:
        held = sessions.standing(session, secret, lifetimes)
        if held is None:
            return None
        caller = users.caller(session, held.user, held.ref)
        if caller is None:
            return None
        due = sessions.due(session, held)
    if due:
        with suppress(RetriableError), hub.store.write(INSTALLATION) as session:
            sessions.seen(session, held)
    return held, caller if held.stage is Stage.OPEN else None


def keep(
    hub: Hub, employer: str, caller: Caller, action: str, *, ref: str = "", place: Place, permission: str = "",
    outcome: str = "done", of_no: int = 0,
) -> int:  # fmt: skip
    """Add to an employer's trail in a transaction of its own; an employer that there is not, to the installation's."""
    if employer != INSTALLATION:
        with hub.store.read(INSTALLATION) as session:
            employer = audit.trail_of(session, employer)
    with hub.store.write(employer) as session:
        return audit.note(
            session, caller, action, ref, place=place, permission=permission, outcome=outcome, of_no=of_no
        )
