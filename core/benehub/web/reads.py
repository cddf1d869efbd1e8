"""`/e/{employer}/connections/{name}/reads/{batch}`: one read of a system: what of it waits, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.own_runs import by
from benehub.errors import DataError
from benehub.flows import Hub, custody
from benehub.store import Session, acts
from benehub.views.custody import batches, ever_quarantined, quarantined
from benehub.web.pages import Page, must_work, page, then

router = APIRouter(route_class=Page)

Seer = Annotated[Caller, Depends(Needs(Permission.SEE_CONNECTIONS))]
Operator = Annotated[Caller, Depends(Needs(Permission.OPERATE))]
Approver = Annotated[Caller, Depends(Needs(Permission.APPROVE))]
Note = Annotated[str, Form(max_length=2000)]

PART = 50
"""Rows in quarantine that are shown at once."""

PLACE = "/e/{employer}/connections/{name}/reads/{batch}"


@router.get(PLACE)
def one(
    employer: str, name: str, batch: str, request: Request, caller: Seer,
    after: Annotated[str, Query(pattern=r"^([wd][0-9]{1,9})?$")] = "",
) -> Response:  # fmt: skip
    """Its counts, why it is held or which rows wait (those first), and what persons did to it."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        read = _read(session, name, batch)
        rows = quarantined(session, batch, PART + 1, (after[0] == "w", int(after[1:])) if after else None)
        total, said = ever_quarantined(session, batch), acts(session, batch)
    end = rows[PART - 1] if len(rows) > PART else None
    last = f"{'w' if end['open'] else 'd'}{end['row']}" if end else ""
    return page(request, caller, "connections/read.html", read=read, waits=rows[:PART], total=total, said=said,
                last=last, after_now=after, held=custody.HELD)  # fmt: skip


@router.post(PLACE + "/again")
def again(employer: str, name: str, batch: str, request: Request, caller: Operator, note: Note) -> Response:
    """Try the rows that wait again, after what they lacked is known: a run of its own."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    with hub.store.read(employer) as session:
        _read(session, name, batch)
    run = custody.redrive_by_run(hub, employer, batch, caller.user, note)
    return then(request, f"runs/{run}", done="started")


@router.post(PLACE + "/discard")
def discard(
    employer: str, name: str, batch: str, request: Request, caller: Operator, note: Note,
    row: Annotated[int, Form(ge=0)] = 0, seen: Annotated[str, Form(max_length=20)] = "",
) -> Response:  # fmt: skip
    """Lay aside one row, or all that waits as it was shown, with a reason; nothing is deleted.

    Raises:
        HTTPException: all of it, and the form does not say what was shown.
    """
    if not row and not seen:
        raise HTTPException(422, "Not understood: seen")
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        _read(session, name, batch)
    custody.discard(hub, employer, batch, row, caller.user, note, seen)
    return then(request, f"connections/{name}/reads/{batch}", done="dropped")


@router.post(PLACE + "/release")
def release(employer: str, name: str, batch: str, request: Request, caller: Approver, note: Note) -> Response:
    """Let in what a guard held: that is an approval, of people that the approver may edit; a run of its own.

    Raises:
        HTTPException: he may not edit people.
    """
    if not caller.may(Permission.EDIT_PEOPLE, employer):
        raise HTTPException(403, "This needs the permission edit_people too; an owner can give a role that has it")
    hub: Hub = request.app.state.hub
    must_work(hub)
    with hub.store.read(employer) as session:
        _read(session, name, batch)
    run = custody.release_by_run(hub, employer, batch, caller.user, note, by(request, Permission.EDIT_PEOPLE))
    return then(request, f"runs/{run}", done="started")


def _read(session: Session, name: str, batch: str) -> dict[str, Any]:
    """A read of this connection: what is said under its address is said of its own rows.

    Raises:
        DataError: the connection has no such read.
    """
    found = batches(session, connection_id=name[:40], batch=batch[:40])
    if not found:
        raise DataError(f"no read {batch[:40]} of {name[:40]}", mend="Look at the reads of the connection")
    return found[0]
