"""`/e/{employer}/import`: a small employer uploads a table, says what its columns are, sees what it would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, HTTPException, Request, Response, UploadFile
from starlette.datastructures import FormData

from benehub.access import Caller, Permission
from benehub.api.guard import Needs
from benehub.errors import DataError
from benehub.flows import Hub, custody, imports
from benehub.intake.headings import FieldOf, fields_of, suggested, translated
from benehub.store import Session
from benehub.views import uploads
from benehub.views.custody import batches, details
from benehub.web.pages import Entry, Page, must_work, page, then

router = APIRouter(route_class=Page)

NAV = Entry("import", "import", Permission.EDIT_PEOPLE)

Editor = Annotated[Caller, Depends(Needs(Permission.EDIT_PEOPLE))]
Approver = Annotated[Caller, Depends(Needs(Permission.APPROVE))]

DATES: Final = ("", "%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%y")
"""How dates may be written; empty for ISO or US, recognised."""


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
    return then(request, f"import/{made}")


@router.get("/e/{employer}/import/{upload}")
def one(employer: str, upload: str, request: Request, caller: Editor) -> Response:
    """The columns of a table that waits; what became of the rows of one that was taken."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row, run = imports.kept(session, upload), imports.attempt(session, upload)
        if row.state == "waiting" and (run is None or run.state != "running"):
            return page(request, caller, "import/map.html", upload=row, run=run, dates=DATES, **_columns(session, row))
        taken = [one for one in batches(session, connection_id=row.source) if one["batch"] == row.batch_id]
        quarantine = details(session, row.batch_id)["quarantine"] if row.batch_id else []
    return page(request, caller, "import/done.html", upload=row, run=run, batch=taken[0] if taken else None,
                waits=quarantine)  # fmt: skip


@router.post("/e/{employer}/import/{upload}")
def decide(
    employer: str, upload: str, request: Request, caller: Editor, form: Annotated[FormData, Depends(_form)]
) -> Response:
    """Keep which column is which field."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row = imports.waiting(session, upload)
    imports.decide(hub, employer, upload, _how(form, row.stream))
    return then(request, f"import/{upload}/preview")


@router.get("/e/{employer}/import/{upload}/preview")
def preview(employer: str, upload: str, request: Request, caller: Editor) -> Response:
    """What taking it in would change."""
    hub: Hub = request.app.state.hub
    with hub.store.read(employer) as session:
        row = imports.waiting(session, upload)
    found = imports.preview(hub, employer, upload)
    return page(request, caller, "import/preview.html", upload=row, found=found)


@router.post("/e/{employer}/import/{upload}/take")
def take(employer: str, upload: str, request: Request, caller: Editor) -> Response:
    """Take it in, as a run of its own; where a guard stops it, the page of the file says so."""
    hub: Hub = request.app.state.hub
    must_work(hub)
    run = imports.take_by_run(hub, employer, upload)
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
    run = custody.release_by_run(hub, employer, str(row.batch_id), caller.user, note)
    return then(request, f"runs/{run}", done="started")


def _columns(session: Session, row: Any) -> dict[str, Any]:
    """What the form of columns shows: each field with the heading that is suggested for it."""
    table = imports.table_of(row.name, session.unseal(row.data_sealed, "upload"))
    known = dict(row.how) or uploads.decided(session, row.source, row.stream)
    fields = fields_of(row.stream)
    columns = suggested(row.stream, table.header, known.get("columns", {}))
    words = {
        one.name: _words(one, uploads.words_in(table, columns[one.name]), known.get("values", {}).get(one.name, {}))
        for one in fields
        if one.words and one.name in columns
    }
    return {
        "header": table.header, "fields": fields, "columns": columns, "shapes": uploads.samples(table),
        "words": words, "known": known, "count": len(table.rows) + len(table.problems),
        "remembered": bool(known.get("columns")),
    }  # fmt: skip


def _words(field: FieldOf, theirs: list[str], decided: Mapping[str, str]) -> dict[str, str]:
    """Their word -> ours, or empty where nobody knows yet; words that are ours already are left out."""
    guess = translated(field.words, theirs)
    return {one: decided.get(one) or guess.get(one, "") for one in theirs if one not in field.words}


def _how(form: FormData, stream: str) -> dict[str, Any]:
    """The map that the form says, in the words of the reader's settings."""
    told = {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}
    names = [one.name for one in fields_of(stream)]
    columns = {name: told[f"column.{name}"] for name in names if f"column.{name}" in told}
    constants = {name: told[f"constant.{name}"] for name in names if f"constant.{name}" in told and name not in columns}
    if not columns:
        raise DataError("no column is chosen", where="import", mend="Say which column is which field")
    values: dict[str, dict[str, str]] = {}
    for name, ours in told.items():
        kind, _, rest = name.partition(".")
        field, _, theirs = rest.partition("=")
        if kind == "word" and field in columns and theirs:
            values.setdefault(field, {})[theirs] = ours
    date_format = told.get("date_format", "")
    return {
        "columns": columns, "constants": constants, "values": values, "full": "full" in told,
        "decimal_comma": "decimal_comma" in told, "date_format": date_format if date_format in DATES else "",
    }  # fmt: skip
