"""`/e/{employer}/import`: a small employer uploads a table, says what its columns are, sees what it would change."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, HTTPException, Request, Response, UploadFile
from starlette.datastructures import FormData

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.api.own_runs import by
from benehub.api.trail import about
from benehub.flows import Hub, custody, imports
from benehub.flows.import_columns import DATES, columns_of, decided
from benehub.views import uploads
from benehub.views.custody import batches, details
from benehub.web.pages import Entry, Page, must_work, page, then

router = APIRouter(route_class=Page)

NAV = Entry("import", "import", Permission.EDIT_PEOPLE)

Editor = Annotated[Caller, Depends(Needs(Permission.EDIT_PEOPLE))]
Approver = Annotated[Caller, Depends(Needs(Permission.APPROVE))]
Seen = Annotated[str, Form(max_length=400)]


async def _form(request: Request) -> FormData:
    return await request.form()


def _most(request: Request) -> int:
    return int(request.app.state.front.upload_bytes)


@router.get("/e/{employer}/import")
def listed(employer: str, request: Request, caller: Editor) -> Response:
    """The form to upload a table, and what was uploaded before."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        known = uploads.sources(session, hub.book(session))
        rows = uploads.uploads(session)
    return page(request, caller, "import/list.html", rows=rows, sources=known, streams=imports.BY_HAND,
                most=_most(request) // 1024 // 1024)  # fmt: skip


@router.post("/e/{employer}/import")
def receive(
    employer: str, request: Request, caller: Editor, source: Annotated[str, Form(max_length=40)],
    stream: Annotated[str, Form(max_length=40)], table: Annotated[UploadFile, File()],
) -> Response:  # fmt: skip
    """Keep an uploaded table; its columns come next."""
    most = _most(request)
    data = table.file.read(most + 1)
    hub: Hub = request.app.state.hub
    made = imports.receive(hub, employer, source.strip(), stream, table.filename or "", data, caller.user, most)
    about(request, made)
    return then(request, f"import/{made}")


@router.get("/e/{employer}/import/{upload}")
def one(employer: str, upload: str, request: Request, caller: Editor) -> Response:
    """The columns of a table that waits; what became of the rows of one that was taken."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row, run = imports.kept(session, upload), imports.attempt(session, upload)
        if row.state == "waiting" and (run is None or run.state != "running"):
            return page(
                request, caller, "import/map.html", upload=row, run=run, dates=DATES, of=columns_of(session, row),
                version=imports.version_of(row),
            )  # fmt: skip
        taken = [one for one in batches(session, connection_id=row.source) if one["batch"] == row.batch_id]
        quarantine = details(session, row.batch_id)["quarantine"] if row.batch_id else []
    return page(request, caller, "import/done.html", upload=row, run=run, batch=taken[0] if taken else None,
                waits=quarantine, version=imports.version_of(row))  # fmt: skip


@router.post("/e/{employer}/import/{upload}")
def decide(
    employer: str, upload: str, request: Request, caller: Editor, form: Annotated[FormData, Depends(_form)], seen: Seen
) -> Response:
    """Keep which column is which field, unless somebody else has said so since it was looked at."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row = imports.waiting(session, upload)
    imports.decide(hub, employer, upload, _how(form, row.stream), seen)
    return then(request, f"import/{upload}/preview")


@router.get("/e/{employer}/import/{upload}/preview")
def preview(employer: str, upload: str, request: Request, caller: Editor) -> Response:
    """What taking it in would change."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row = imports.waiting(session, upload)
    found = imports.preview(hub, employer, upload)
    return page(request, caller, "import/preview.html", upload=row, found=found, version=imports.version_of(row))


@router.post("/e/{employer}/import/{upload}/take")
def take(employer: str, upload: str, request: Request, caller: Editor, seen: Seen) -> Response:
    """Take it in as it was previewed, as a run of its own; where a guard stops it, the page of the file says so."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    run = imports.take_by_run(hub, employer, upload, seen, by(request))
    return then(request, f"runs/{run}", done="started")


@router.post("/e/{employer}/import/{upload}/drop")
def drop(employer: str, upload: str, request: Request, caller: Editor) -> Response:
    """Lay it aside, unread."""
    imports.drop(request.app.state.hub, employer, upload)
    return then(request, "import", done="dropped")


@router.post("/e/{employer}/import/{upload}/release")
def release(
    employer: str, upload: str, request: Request, caller: Approver, note: Annotated[str, Form(max_length=2000)]
) -> Response:
    """Let in what a guard held: that is an approval, of people that the approver may edit; a run of its own.

    Raises:
        HTTPException: he may not edit people.
    """
    hub: Hub = request.app.state.hub
    if not caller.may(Permission.EDIT_PEOPLE, employer):
        raise HTTPException(403, "This needs the permission edit_people too; an owner can give a role that has it")
    must_work(hub)
    with hub.store.read(employer) as session:
        row = imports.kept(session, upload)
    mine = by(request, Permission.EDIT_PEOPLE)
    run = custody.release_by_run(hub, employer, str(row.batch_id), caller.user, note, mine)
    return then(request, f"runs/{run}", done="started")


def _how(form: FormData, stream: str) -> dict[str, Any]:
    """The map that the form says, in the words of the reader's settings."""
    told = {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}
    columns, constants = ({name.partition(".")[2]: value for name, value in told.items() if name.startswith(kind)}
                          for kind in ("column.", "constant."))  # fmt: skip
    values: dict[str, dict[str, str]] = {}
    for name, ours in told.items():
        kind, _, rest = name.partition(".")
        field, _, theirs = rest.partition("=")
        if kind == "word" and theirs:
            values.setdefault(field, {})[theirs] = ours
    return decided(stream, columns, constants, values, full="full" in told, decimal_comma="decimal_comma" in told,
                   date_format=told.get("date_format", ""))  # fmt: skip
