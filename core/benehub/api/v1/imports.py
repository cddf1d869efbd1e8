"""`/imports`: a table sent by hand, as on the page of that name: kept, its columns decided, tried, taken in as a run.

The same flows and rules as the page's. What a guard holds is let in as any other read is: `/reads/READ/release`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import Field, StringConstraints

from benehub.api.own_runs import by
from benehub.api.trail import about
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import At, EditsPeople, Once, PageOf, id_path, one_of
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import Office
from benehub.api.v1.problems import given, named
from benehub.api.v1.route import Route, must_be_file
from benehub.api.v1.starting import Started, at_run, key_of, must_run
from benehub.flows import imports as flow
from benehub.flows.import_columns import DATES, columns_of, decided, must_fit
from benehub.views import uploads as view

router = APIRouter(prefix="/employers/{employer}/imports", tags=["imports"], route_class=Route)

UploadPath = Annotated[str, id_path("upl")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
MOST: Final = 200
"""Columns, constants or words of one field at most."""


class Import(Model):
    """A table that was sent by hand."""

    upload: str
    """Its id."""
    source: str
    """Where it comes from: the name of a connection."""
    stream: str
    name: str
    """Name of the file."""
    state: Literal["waiting", "taken", "dropped"]
    """waiting (its rows are not believed yet), taken, or dropped (laid aside)."""
    at: str
    who: str
    read: str | None
    """The read that its rows became: `/reads/READ` has the counts and what waits; null until it is taken."""
    read_state: Literal["staged", "applied", "held", "refused"] | None
    """How far that read is; null until it is taken."""
    rows: int | None
    """Rows of the table; null until it is taken."""
    quarantined: int | None
    """Rows that waited when it was applied; null until it is taken."""


class ImportWithRun(Import):
    """A table that was sent by hand, and the run that takes it in."""

    run: str
    decided: bool
    """Whether it is said which column is which field."""


class FieldTold(Model):
    """A field that a table may tell."""

    name: str
    required: bool
    """Whether it has to be filled, by a column or a constant."""
    kind: Literal["text", "date", "number", "yes", "words"]
    """What a cell of it is read as; `words` are counted."""
    words: list[str]
    """What it may say, where that is counted; else empty."""


class ColumnsSaid(Model):
    """Which column is which field."""

    columns: dict[Name, Text] = Field(max_length=MOST, examples=[{"employee_number": "Emp ID", "last_name": "Surname"}])
    """By field, the heading of its column; one that the table does not have is refused."""
    constants: dict[Name, Text] = Field(default={}, max_length=MOST, examples=[{"pay_group": "monthly"}])
    """By field without a column, what it says in each row."""
    values: dict[Name, Annotated[dict[Text, Text], Field(max_length=MOST)]] = Field(
        default={}, max_length=MOST, examples=[{"employment_class": {"FT": "full_time"}}]
    )
    """By field that counts words, their word and ours; `*` stands for every word that is neither named nor ours. Words
    that are not named wait with their rows."""
    full: bool = False
    """Whether the table tells everybody: who is absent from it is then taken for gone."""
    decimal_comma: bool = False
    """Whether amounts are written as 1.234,56."""
    date_format: Annotated[str, StringConstraints(pattern=one_of(DATES))] = Field(default="", examples=["%d.%m.%Y"])
    """How dates are written; empty for ISO or US, recognised."""


class ColumnsTold(Model):
    """What is decided of the columns, or else suggested: by name, or as the last table of the source was read."""

    columns: dict[str, str]
    """By field, the heading of its column."""
    constants: dict[str, str]
    """By field without a column, what it says in each row."""
    values: dict[str, dict[str, str]]
    """By field that counts words, their word and ours; also words that only earlier tables of its source had."""
    full: bool
    """Whether the table tells everybody."""
    decimal_comma: bool
    """Whether amounts are written as 1.234,56."""
    date_format: str
    """How dates are written; empty for ISO or US, recognised."""
    decided: bool
    """Whether somebody has said so, of this table or of the last one of its source; else it is a guess by name."""
    header: list[str]
    """The headings of the table."""
    shapes: dict[str, str]
    """By heading, the shape of its first filled cell, as 999-99-9999; never the cell."""
    count: int
    """Rows of the table."""
    fields: list[FieldTold]
    """What its rows may tell, the needed fields first."""
    unknown: dict[str, list[str]]
    """By field that counts words, those of the table's first 2,000 rows that nobody has given a meaning."""
    untold: list[str]
    """Fields that count words whose column has more than 30 of them, or cells that are rather numbers or dates: its
    words are neither in `values` nor in `unknown` unless somebody has said them."""


class ChangeTold(Model):
    """A version of a fact that would be recorded."""

    employee: str
    kind: str
    """What is told of them, as employment."""
    start: str
    """First day on which it holds."""
    ends: bool
    """Whether it ends what held."""


class WaitsTold(Model):
    """A row that would wait."""

    row: int
    """Its number in the table."""
    reason: str


class PreviewTold(Model):
    """What taking a table in would do; nothing of it is kept."""

    rows: int
    """Rows of the table."""
    new: int
    """Rows about somebody or something that it never told of."""
    changed: int
    """Rows that say something else than before."""
    unchanged: int
    """Rows that say what was known before."""
    ended: int
    """What would be ended, or is absent from a table that tells everybody."""
    quarantined: int
    """Rows that would wait, each with its reason."""
    superseded: int
    """Rows that a later one of the table makes moot."""
    held: str
    """Why a guard would stop it; empty where none would."""
    waits: list[WaitsTold]
    """The first rows that would wait."""
    changes: list[ChangeTold]
    """The first versions that would be recorded."""


@router.get("", operation_id="list_imports")
def list_imports(_caller: EditsPeople, at: At, page: PageOf) -> Page[Import]:
    """List the tables that were sent by hand, the newest first."""
    before = page.after(int)
    with at.read() as session:
        rows = view.uploads(session, page.limit + 1, before[0] if before else 0)
    return page.page(rows, lambda row: Import.model_validate(_import(row)), lambda row: (row["seq"],))


@router.post("", operation_id="send_import", status_code=201)
def send_import(
    _caller: EditsPeople, _file: Annotated[None, Depends(must_be_file)], at: At, claim: Once,
    source: Annotated[str, Query(pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="Where it comes from: the system's "
                                 "name in the plan book.", examples=["census"])],
    stream: Annotated[str, Query(pattern=one_of(flow.BY_HAND), description="What its rows tell.",
                                 examples=["employee"])],
    name: Annotated[str, Query(min_length=1, max_length=160, description="Name of the file: it ends in .csv, .txt, "
                               ".tsv or .xlsx.", examples=["census.csv"])],
    table: Annotated[bytes, Body(media_type="application/octet-stream", description="Bytes of a CSV or XLSX file.")],
    response: Response,
) -> ImportWithRun:  # fmt: skip
    """Keep a table, unread; its columns come next. Sent again with its key it is kept once."""
    most = int(at.request.app.state.front.upload_bytes)
    made = flow.receive(at.hub, at.employer, source, stream, name, table, at.caller.user, most, key_of(claim))
    about(at.request, made)
    return _shown(at, made, response)


@router.get("/{upload}", operation_id="get_import")
def get_import(_caller: EditsPeople, at: At, upload: UploadPath, response: Response) -> ImportWithRun:
    """One table: whether it waits, and what became of it; its ETag is what deciding on columns or taking it names."""
    return _shown(at, upload, response)


@router.get("/{upload}/columns", operation_id="get_import_columns")
def get_import_columns(_caller: EditsPeople, at: At, upload: UploadPath, response: Response) -> ColumnsTold:
    """Which column may be which field: as decided, else suggested. A table that was taken or laid aside has none."""
    _must_be(at, upload)
    with at.read() as session:
        row = flow.waiting(session, upload)
        tagged(response, flow.version_of(row))
        of = columns_of(session, row)
    known = of.known
    return ColumnsTold(
        columns=of.columns, constants=of.constants, values=of.values, full=known.get("full", False),
        decimal_comma=known.get("decimal_comma", False), date_format=known.get("date_format", ""),
        decided=of.remembered, header=of.header, shapes=of.shapes, count=of.count,
        fields=[FieldTold.model_validate(asdict(one)) for one in of.fields],
        unknown=of.unknown, untold=of.untold,
    )  # fmt: skip


@router.put("/{upload}/columns", operation_id="decide_import_columns")
def decide_import_columns(
    _caller: EditsPeople, at: At, claim: Once, upload: UploadPath, body: ColumnsSaid, if_match: IfMatch,
    response: Response,
) -> ImportWithRun:  # fmt: skip
    """Say which column is which field; the source remembers it when the table is taken in."""
    _must_be(at, upload)
    with given():
        with at.read() as session:
            row = flow.waiting(session, upload)
            must_fit(session, row, body.columns, body.constants, body.values)
        how = decided(row.stream, body.columns, body.constants, body.values, full=body.full,
                      decimal_comma=body.decimal_comma, date_format=body.date_format)  # fmt: skip
        flow.decide(at.hub, at.employer, upload, how, expected(if_match))
    return _shown(at, upload, response)


@router.post("/{upload}/preview", operation_id="preview_import")
def preview_import(
    _caller: EditsPeople, at: At, claim: Once, upload: UploadPath, response: Response
) -> PreviewTold:  # fmt: skip
    """What taking it in would change: the same steps, taken back. Its ETag is what taking it as it was tried names."""
    _must_be(at, upload)
    with at.read() as session:
        tagged(response, flow.version_of(flow.kept(session, upload)))  # of before: what comes between is refused
    found = flow.preview(at.hub, at.employer, upload)
    with at.read() as session:
        at.seen(session, [one.member for one in found.changes])
    changes = [ChangeTold(employee=one.member, kind=one.kind, start=one.start, ends=one.ends) for one in found.changes]
    counts = {name: getattr(found, name) for name in PreviewTold.model_fields if name not in ("waits", "changes")}
    return PreviewTold(**counts, changes=changes, waits=[WaitsTold(row=row, reason=why) for row, why in found.reasons])


@router.post("/{upload}/take", operation_id="take_import", status_code=202)
def take_import(
    _caller: EditsPeople, at: At, claim: Once, upload: UploadPath, if_match: IfMatch, response: Response
) -> Started:
    """Take it in with its columns as they were looked at, in a run; where a guard holds it the run ends `held`, and the
    read waits for `release`."""
    _must_be(at, upload)
    must_run(at)
    return at_run(at, response, flow.take_by_run(at.hub, at.employer, upload, expected(if_match), by(at.request)))


@router.post("/{upload}/drop", operation_id="drop_import", status_code=204)
def drop_import(_caller: EditsPeople, at: At, claim: Once, upload: UploadPath) -> None:
    """Lay it aside, unread; its bytes are gone."""
    _must_be(at, upload)
    flow.drop(at.hub, at.employer, upload)


def _must_be(at: Office, upload: str) -> None:
    with at.read() as session, named():
        flow.kept(session, upload)


def _shown(at: Office, upload: str, response: Response) -> ImportWithRun:
    _must_be(at, upload)
    with at.read() as session:
        row, run = flow.kept(session, upload), flow.attempt(session, upload)
        tagged(response, flow.version_of(row))
        (told,) = view.uploads(session, 1, only=upload)
    return ImportWithRun.model_validate(
        _import(told) | {"run": str(run.run_id) if run else "", "decided": bool(row.how)}
    )


def _import(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in Import.model_fields if name in row}
    return told | {"upload": row["upload_id"], "read": row["batch_id"], "read_state": row["batch_state"]}
