"""`/trail`: who saw or changed what of an employer, the newest first, and the whole to take along.

The trail of the installation (sign-ins, users, tokens) belongs to no employer and is read on its page and by command.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Row

from benehub.access import audit as view
from benehub.api.trail import named_in
from benehub.api.v1.fields import At, Day, PageOf, SeesAudit
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import Office
from benehub.api.v1.route import Route

router = APIRouter(prefix="/employers/{employer}/trail", tags=["trail"], route_class=Route)

Outcome = Literal["asked", "done", "refused", "failed"]
MEDIA = {"csv": "text/csv", "jsonl": "application/jsonl"}
LINES = {"schema": {"type": "string"}}


class TrailRow(Model):
    """One row of the audit trail. It holds ids, never what was seen."""

    number: int
    """Its number in the trail, without a gap."""
    at: str
    who: str
    by: str
    """The session or token by which he came; empty for the command line."""
    front: str
    """Where he came in, as `web`, `api` or `cli`."""
    address: str
    """The network's address of the caller; empty where there is none."""
    action: str
    """What was asked for: a method with the pattern of an address, or a command."""
    permission: str
    """The permission that it took; may be empty."""
    refs: list[str]
    """What it was about: typed ids, `people:N` for how many people were shown, and the filters of a list."""
    outcome: Outcome
    """`asked` before it is done; then `done`, `refused` or `failed`."""
    of: int
    """Number of the row in which this was asked for; 0 where none was."""
    digest: str
    """Keyed digest of this row and the one before."""


@router.get("", operation_id="list_trail")
def list_trail(
    _caller: SeesAudit, at: At, page: PageOf,
    who: Annotated[str, Query(pattern=r"^[A-Za-z0-9._/@ -]{0,80}$", description="Only what this user did.")] = "",
    ref: Annotated[str, Query(pattern=r"^[A-Za-z0-9._:/=-]{0,80}$", description="Only what names this id.")] = "",
    outcome: Annotated[Outcome | None, Query(description="Only what ended so.")] = None,
) -> Page[TrailRow]:  # fmt: skip
    """List the employer's trail, the newest first. What is rare is looked for part by part: a page may be short."""
    before = page.after(int)
    with at.read() as session:
        rows, place = view.searched(session, before[0] if before else 0, page.limit, who.strip(), ref, outcome or "")
        at.seen(session, named_in([row.ref for row in rows]))
    return page.page_to(list(map(_told, rows)), (place,) if place else None)


@router.get(
    "/export", operation_id="export_trail", response_class=StreamingResponse,
    responses={200: {"description": "The trail in its order, a row a line.",
                     "content": dict.fromkeys(MEDIA.values(), LINES)}},
)  # fmt: skip
def export_trail(
    _caller: SeesAudit, at: At,
    form: Annotated[Literal["csv", "jsonl"], Query(description="CSV with a heading, or JSON lines.")] = "csv",
    since: Annotated[Day | None, Query(alias="from", description="Only what was done on this day (UTC) or later.")]
    = None,
    until: Annotated[Day | None, Query(alias="to", description="Only what was done before this day (UTC).")] = None,
) -> StreamingResponse:  # fmt: skip
    """The whole trail to take along, streamed: as CSV, or as JSON lines."""
    head = {"content-disposition": f'attachment; filename="trail-{at.employer}.{form}"'}
    return StreamingResponse(_lines(at, form, since, until), media_type=MEDIA[form], headers=head)


def _lines(at: Office, form: str, since: date | None, until: date | None) -> Iterator[str]:
    written = view.csv_lines if form == "csv" else view.json_lines
    return written(view.streamed(at.read, *(one.isoformat() if one else "" for one in (since, until))))


def _told(row: Row[Any]) -> TrailRow:
    return TrailRow(
        number=row.audit_no, at=row.at, who=row.who, by=row.by_what, front=row.front, address=row.address,
        action=row.action, permission=row.permission, refs=row.ref.split(), outcome=row.outcome, of=row.of_no,
        digest=row.digest,
    )  # fmt: skip
