"""What a person writes to make a stranger's table readable: which files, which columns, what the words mean.

The map is data, checked when the connection is loaded: a field the record does not have, or a required field
that neither a column nor a constant fills, is refused here and not discovered in row 40,000.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.place import Place
from benehub.records import STREAMS

DEFAULT_KEYS: dict[str, tuple[str, ...]] = {
    "employee": ("employee_number",),
    "compensation": ("employee", "effective_from"),
    "dependent": ("employee", "first_name", "relationship"),
    "election": ("employee", "plan", "effective_from"),
    "register_line": ("pay_run", "check", "employee", "kind", "code"),
    "invoice_line": ("invoice", "member", "plan", "coverage_month"),
    "credit": ("credit_id",),
    "leave_request": ("employee", "policy", "start"),
    "leave_balance": ("employee", "code", "as_of"),
    "opening_balance": ("employee", "kind", "plan"),
    "pay_calendar": ("pay_group", "pay_date"),
    "hours_worked": ("employee", "start"),
    "roster": ("member", "plan", "effective_from"),
    "year_total": ("source", "year", "person", "plan", "item"),
}
"""Natural key by stream. `deferral_change` has none without the SSN and `leave_notice` none without the kind, which
may be about health; their rows go by file and line."""

ADDITIVE = frozenset({"register_line", "invoice_line"})
"""Streams whose equal keys are two lines that both count, never a later version of the first."""

SUPPORTED = frozenset({*DEFAULT_KEYS, "deferral_change", "leave_notice"})


class StreamMap(BaseModel):
    """How the files of one stream are recognised and read.

    Args:
        pattern: file name pattern (`*` and `?`), upper and lower case alike.
        sheet: sheet of a workbook; empty for its first one.
        columns: field of the record -> heading in the file.
        constants: field of the record -> value that stands for the whole file.
        values: field of the record -> (their word -> our word); `*` names what all other words mean.
        key: fields that make the row's natural key; the stream's own by default.
        date_format: `strptime` format, empty for ISO or US dates.
        currency: of all money columns.
        decimal_comma: 1.234,56 instead of 1,234.56.
        list_separator: between the entries of a field with several.
        encoding: empty to recognise it (UTF-8 with or without BOM, else cp1252).
        delimiter: empty to recognise it.
        full: the file tells everything; who is absent from it no longer exists.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str = Field(min_length=1)
    sheet: str = ""
    columns: dict[str, str] = Field(min_length=1)
    constants: dict[str, str | int | bool] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    key: tuple[str, ...] = ()
    date_format: str = ""
    currency: str = "USD"
    decimal_comma: bool = False
    list_separator: str = ";"
    encoding: str = ""
    delimiter: str = ""
    full: bool = False

    @model_validator(mode="before")
    @classmethod
    def _yaml_scalars(cls, data: Any) -> Any:
        # YAML reads an unquoted `2026-01-01` as a date: constants become plain scalars.
        if isinstance(data, dict) and isinstance(found := data.get("constants"), dict):
            fixed = {k: v.isoformat() if isinstance(v, date | datetime) else v for k, v in found.items()}
            return {**data, "constants": fixed}
        return data

    @model_validator(mode="after")
    def _one_source_a_field(self) -> Self:
        if both := sorted(self.columns.keys() & self.constants.keys()):
            raise ValueError(f"both a column and a constant: {', '.join(both)}")
        if lost := sorted(self.values.keys() - self.columns.keys()):
            raise ValueError(f"values for a field without a column: {', '.join(lost)}")
        return self

    def check(self, stream: str) -> None:
        """Hold the map against the stream's record.

        Raises:
            ValueError: an unknown field, or a required one that nothing fills.
        """
        fields = STREAMS[stream].model_fields
        given = self.columns.keys() | self.constants.keys()
        if unknown := sorted((given | set(self.key)) - fields.keys()):
            raise ValueError(f"{stream} has no field {', '.join(unknown)}")
        if missing := sorted(name for name, f in fields.items() if f.is_required() and name not in given):
            raise ValueError(f"{stream} needs a column or a constant for {', '.join(missing)}")
        if self.key and (sensitive := sorted(set(self.key) & STREAMS[stream].sensitive)):
            raise ValueError(f"a key is written in clear, so it cannot hold {', '.join(sensitive)}")


class FilesSettings(BaseModel):
    """Settings of a `files` connection: where the files lie and how each stream is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    inbox: str = ""
    outbox: str = ""
    """Folder of the place that takes files for a person to key in or import; empty for none."""
    streams: dict[str, StreamMap] = Field(min_length=1)
    max_rows: int = Field(default=1_000_000, ge=1)

    @model_validator(mode="after")
    def _streams_are_known(self) -> Self:
        for name, stream in self.streams.items():
            if name not in SUPPORTED:
                raise ValueError(f"no stream {name}; there are {', '.join(sorted(SUPPORTED))}")
            try:
                stream.check(name)
            except ValueError as error:
                raise ValueError(f"stream {name}: {error}") from None
        return self
