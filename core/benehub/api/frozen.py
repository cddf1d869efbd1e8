"""The exact bytes that were frozen for a vendor, as pages and API hand them out: the same way, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Row

from benehub import dispatch as room
from benehub.api.trail import seen_in
from benehub.flows import Hub, dispatches

ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def exact_bytes(request: Request, employer: str, dispatch: str) -> StreamingResponse:
    """What was frozen of a dispatch, unmasked and to be kept; the trail names of whom it tells.

    Its name is the dispatch's id with the file's ending: what a vendor calls a file may hold anything.

    Raises:
        DataError: there is no such dispatch, or nothing of it is there any more.
    """
    hub: Hub = request.app.state.hub
    people = dispatches.carried(hub, employer, dispatch)
    with hub.store.read(employer) as session:
        row = room.get(session, dispatch)
        first = room.frozen_piece(session, row, 1)
        seen_in(request, session, *people)
    end = ENDING.search(row.file_name)
    name = f"{row.dispatch_id}{end[0] if end else ''}"
    return StreamingResponse(
        _pieces(hub, employer, row, first), media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip


def _pieces(hub: Hub, employer: str, row: Row[Any], first: bytes) -> Iterator[bytes]:
    """The pieces, each read as it is asked for: a slow reader keeps no transaction open."""
    yield first
    for place in range(2, int(row.frozen_pieces) + 1):
        with hub.store.read(employer) as session:
            piece = room.frozen_piece(session, row, place)
        yield piece
