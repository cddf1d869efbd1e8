"""`/reads`: what was read of each system: its counts, which rows wait and why, and a person's word on it.

Nothing sealed is opened: a row is told by number and reason, as on its page.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from benehub.access import Permission
from benehub.api.own_runs import by
from benehub.api.v1.differences import Note
from benehub.api.v1.fields import Approves, At, Filter, Once, Operates, PageOf, SeesConnections, id_path
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import Office
from benehub.api.v1.problems import Refused, named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, at_run, must_run
from benehub.errors import DataError
from benehub.flows import custody as flow
from benehub.views import custody as view

router = APIRouter(prefix="/employers/{employer}/reads", tags=["reads"], route_class=Route)

ReadPath = Annotated[str, id_path("int")]
RowPath = Annotated[int, Path(ge=1, le=999_999_999, description="Number of the row in its read.", examples=[17])]


class ReadTold(Model):
    """One read, with what became of its rows: they are applied, unchanged, quarantined or superseded."""

    batch: str
    connection: str
    stream: str
    state: Literal["staged", "applied", "held", "refused"]
    """staged, applied, held (a guard stopped it), or refused (a person laid it aside)."""
    recorded_at: str
    rows: int
    """Rows that the vendor told."""
    applied: int
    """Rows that say something new."""
    unchanged: int
    """Rows that say what was known before."""
    quarantined: int
    """As it was when the read was applied."""
    superseded: int
    """Rows that a newer one of the same read makes moot."""
    gone: int
    """Rows known before that a full read did not tell."""
    open: int
    """Rows that wait in quarantine now."""
    reason: str
    """Why it is held or refused."""


class RowTold(Model):
    """A row that was not applied."""

    row: int
    """Its number in the read."""
    what: Literal["waits", "settled", "superseded"]
    """It waits in quarantine, was settled (taken in later, or laid aside), or is superseded by another row."""
    reason: str
    """Why it waits, or waited last."""
    first_reason: str
    """Why it was laid into quarantine."""
    tries: int
    """How often it was tried again in vain."""
    tried_at: str | None
    """Moment (ISO 8601, UTC) of the last try in vain; null where there was none."""


class Said(Model):
    """Why somebody decides so."""

    note: Note


class Aside(Said):
    """What is laid aside."""

    seen: Annotated[str, Field(pattern=r"^(held|[1-9][0-9]{0,8})$", examples=["held"])]
    """What was seen of it: `held`, or how many rows wait (`open`); else nothing is done."""


class Laid(Model):
    """What was laid aside."""

    rows: int
    """How many rows it was."""


@router.get("", operation_id="list_reads")
def list_reads(
    _caller: SeesConnections, at: At, page: PageOf, connection: Filter = "", stream: Filter = "",
    state: Annotated[Literal["staged", "applied", "held", "refused"] | None, Query(description="Only in this state.")]
    = None,
    waiting: Annotated[bool, Query(description="Only those that are held or have rows that wait.")] = False,
) -> Page[ReadTold]:  # fmt: skip
    """List reads, the newest first."""
    before = page.after(str, str)
    with at.read() as session:
        rows = view.opened(session, connection, stream, state or "", waiting, page.limit + 1,
                           (before[0], before[1]) if before else None)  # fmt: skip
    return page.page(rows, ReadTold.model_validate, lambda row: (row["recorded_at"], row["batch"]))


@router.get("/{read}", operation_id="get_read")
def get_read(_caller: SeesConnections, at: At, read: ReadPath) -> ReadTold:
    """One read with its counts."""
    with at.read() as session:
        found = view.batches(session, batch=read)
    if not found:
        raise Refused(404, f"no read {read}")
    return ReadTold.model_validate({name: found[0][name] for name in ReadTold.model_fields})


@router.get("/{read}/rows", operation_id="list_read_rows")
def list_read_rows(
    _caller: SeesConnections, at: At, read: ReadPath, page: PageOf,
    what: Annotated[Literal["waits", "settled", "superseded"] | None, Query(description="Only these.")] = None,
) -> Page[RowTold]:  # fmt: skip
    """Its rows that were not applied, by number."""
    _must_be(at, read)
    after = page.after(int)
    with at.read() as session:
        rows = view.left_out(session, read, what or "", page.limit + 1, after[0] if after else 0)
    return page.page(rows, RowTold.model_validate, lambda row: (row["row"],))


@router.post("/{read}/again", operation_id="redrive_read", status_code=202)
def redrive_read(_caller: Operates, at: At, claim: Once, read: ReadPath, body: Said, response: Response) -> Started:
    """Try the rows that wait again, in a run."""
    _must_be(at, read)
    must_run(at)
    return at_run(at, response, flow.redrive_by_run(at.hub, at.employer, read, at.caller.user, body.note))


@router.post("/{read}/discard", operation_id="discard_read")
def discard_read(_caller: Operates, at: At, claim: Once, read: ReadPath, body: Aside) -> Laid:
    """Lay aside all that waits of it, as it was seen; nothing is deleted."""
    _must_be(at, read)
    return Laid(rows=flow.discard(at.hub, at.employer, read, 0, at.caller.user, body.note, body.seen))


@router.post("/{read}/rows/{row}/discard", operation_id="discard_read_row")
def discard_read_row(_caller: Operates, at: At, claim: Once, read: ReadPath, row: RowPath, body: Said) -> Laid:
    """Lay aside one row that waits; nothing is deleted. A read that is held is laid aside as a whole."""
    _must_be(at, read)
    return Laid(rows=flow.discard(at.hub, at.employer, read, row, at.caller.user, body.note))


@router.post("/{read}/release", operation_id="release_read", status_code=202)
def release_read(_caller: Approves, at: At, claim: Once, read: ReadPath, body: Said, response: Response) -> Started:
    """Let in what a guard held, in a run; it needs the permission `edit_people`, too."""
    _must_be(at, read)
    if not at.caller.may(Permission.EDIT_PEOPLE, at.employer):
        told = "This needs the permission edit_people too; an owner can give a role that has it"
        raise Refused(403, told, kind="access")
    must_run(at)
    return at_run(
        at,
        response,
        flow.release_by_run(
            at.hub, at.employer, read, at.caller.user, body.note, by(at.request, Permission.EDIT_PEOPLE)
        ),
    )


def _must_be(at: Office, read: str) -> None:
    with at.read() as session, named():
        if not view.batches(session, batch=read):
            raise DataError(f"no read {read}", mend="List the reads")
