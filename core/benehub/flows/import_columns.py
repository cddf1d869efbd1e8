"""What the columns of an uploaded table may be: decided before, or suggested by name. Pages and the API ask the same.

Of the cells nothing is told but their shape, and the words of columns that count words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row

from benehub.errors import DataError
from benehub.flows.imports import DECIDE, table_of
from benehub.intake.headings import FieldOf, fields_of, suggested, translated
from benehub.store import Session
from benehub.views import uploads

DATES: Final = ("", "%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%y")
"""How dates may be written; empty for ISO or US, recognised."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known and guessed of a table's columns."""

    header: list[str]
    fields: list[FieldOf]
    columns: dict[str, str]
    """Field -> heading: as decided, else as suggested."""
    shapes: dict[str, str]
    """Heading -> shape of its first filled cell."""
    words: dict[str, dict[str, str]]
    """Field -> their word -> ours, or empty where nobody knows yet."""
    known: Mapping[str, Any]
    """What was decided for this file, or for the last one of its source; empty where nothing was."""
    count: int
    """Rows of the table."""

    @property
    def remembered(self) -> bool:
        """Whether somebody has decided before."""
        return bool(self.known.get("columns"))


def columns_of(session: Session, row: Row[Any]) -> Columns:
    """What is known and guessed of the columns of an upload that waits."""
    table = table_of(row.name, session.unseal(row.data_sealed, "upload"))
    known = dict(row.how) or uploads.decided(session, row.source, row.stream)
    fields = fields_of(row.stream)
    columns = suggested(row.stream, table.header, known.get("columns", {}))
    words = {
        one.name: _words(one, uploads.words_in(table, columns[one.name]), known.get("values", {}).get(one.name, {}))
        for one in fields
        if one.words and one.name in columns
    }
    count = len(table.rows) + len(table.problems)
    return Columns(list(table.header), fields, columns, uploads.samples(table), words, known, count)


def _words(field: FieldOf, theirs: list[str], decided: Mapping[str, str]) -> dict[str, str]:
    """Their word -> ours, or empty where nobody knows yet; words that are ours already are left out."""
    guess = translated(field.words, theirs)
    return {one: decided.get(one) or guess.get(one, "") for one in theirs if one not in field.words}


def decided(
    stream: str, columns: Mapping[str, str], constants: Mapping[str, str], values: Mapping[str, Mapping[str, str]],
    *, full: bool, decimal_comma: bool, date_format: str,
) -> dict[str, Any]:  # fmt: skip
    """What somebody says of the columns, in the words of the reader's settings; a column wins over a constant.

    Raises:
        DataError: no column is chosen.
    """
    names = [one.name for one in fields_of(stream)]
    chosen = {name: columns[name] for name in names if columns.get(name)}
    if not chosen:
        raise DataError("no column is chosen", where="import", mend=DECIDE)
    return {
        "columns": chosen,
        "constants": {name: constants[name] for name in names if constants.get(name) and name not in chosen},
        "values": {name: dict(told) for name, told in values.items() if name in chosen and told},
        "full": full, "decimal_comma": decimal_comma, "date_format": date_format if date_format in DATES else "",
    }  # fmt: skip
