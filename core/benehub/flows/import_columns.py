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
    untold: list[str]
    """Fields that count words whose column has too many of them, or rather numbers or dates: none is in `words`."""

    @property
    def constants(self) -> dict[str, str]:
        """Field -> what it says in each row, as decided, of fields without a column."""
        return {one: said for one, said in self.known.get("constants", {}).items() if one not in self.columns}

    @property
    def values(self) -> dict[str, dict[str, str]]:
        """Field -> their word -> ours: as decided, also of words that this table does not have, and as guessed."""
        found = {}
        for field in (one for one in self.fields if one.name in self.columns):
            before = self.known.get("values", {}).get(field.name, {})
            guessed = {theirs: ours for theirs, ours in self.words.get(field.name, {}).items() if ours}
            told = {
                theirs: ours
                for theirs, ours in (before | guessed).items()
                if theirs not in field.words or theirs != ours
            }
            if told:
                found[field.name] = told
        return found

    @property
    def unknown(self) -> dict[str, list[str]]:
        """Field -> words of the table that nobody has given a meaning."""
        return {one: waits for one, told in self.words.items() if (waits := [word for word in told if not told[word]])}

    @property
    def remembered(self) -> bool:
        """Whether somebody has decided before."""
        return bool(self.known.get("columns"))


def columns_of(session: Session, row: Row[Any]) -> Columns:
    """What is known and guessed of the columns of an upload that waits."""
    table = table_of(row.name, session.unseal(row.data_sealed, "upload"))
    known = dict(row.how) or uploads.decided(session, row.source, row.stream)
    fields = fields_of(row.stream)
    said, fixed = known.get("columns", {}), known.get("constants", {})
    columns = {
        one: heading
        for one, heading in suggested(row.stream, table.header, said).items()
        if one in said or one not in fixed  # no guess puts aside what somebody has said
    }
    found = {one: uploads.words_in(table, columns[one.name]) for one in fields if one.words and one.name in columns}
    words = {
        one.name: _words(one, theirs, known.get("values", {}).get(one.name, {}))
        for one, theirs in found.items()
        if theirs is not None
    }
    untold = [one.name for one, theirs in found.items() if theirs is None]
    count = len(table.rows) + len(table.problems)
    return Columns(list(table.header), fields, columns, uploads.samples(table), words, known, count, untold)


def _words(field: FieldOf, theirs: list[str], decided: Mapping[str, str]) -> dict[str, str]:
    """Their word -> ours, or empty where nobody knows yet; words that are ours already are left out."""
    guess = translated(field.words, theirs)
    return {one: decided.get(one) or guess.get(one, "") for one in theirs if one not in field.words}


def decided(
    stream: str, columns: Mapping[str, str], constants: Mapping[str, str], values: Mapping[str, Mapping[str, str]],
    *, full: bool, decimal_comma: bool, date_format: str,
) -> dict[str, Any]:  # fmt: skip
    """What somebody says of the columns, in the words of the reader's settings; a column wins over a constant.

    A word that is ours already stays what it is, whatever other words of its column mean; unless it is mapped itself.

    Raises:
        DataError: no column is chosen.
    """
    ours = {one.name: one.words for one in fields_of(stream)}
    names = list(ours)
    chosen = {name: columns[name] for name in names if columns.get(name)}
    if not chosen:
        raise DataError("no column is chosen", where="import", mend=DECIDE)
    return {
        "columns": chosen,
        "constants": {name: constants[name] for name in names if constants.get(name) and name not in chosen},
        "values": {name: _own(ours.get(name, ()), told) for name, told in values.items() if name in chosen and told},
        "full": full, "decimal_comma": decimal_comma, "date_format": date_format if date_format in DATES else "",
    }  # fmt: skip


def _own(ours: tuple[str, ...], told: Mapping[str, str]) -> dict[str, str]:
    """Words of theirs and ours, with ours as they are: whoever reads a map knows no word beside it, in any case."""
    mapped = {word.casefold() for word in told}
    return {word: word for word in ours if word.casefold() not in mapped} | dict(told)


def must_fit(
    session: Session, row: Row[Any], columns: Mapping[str, str], constants: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
) -> None:  # fmt: skip
    """That nothing of what a program says of the columns would be passed over.

    Raises:
        DataError: there is no such field or heading; or a constant, or words, that no row would be read with.
    """
    known = {one.name for one in fields_of(row.stream)}
    if unknown := sorted({*columns, *constants, *values} - known):
        raise DataError(f"{row.stream} has no field {unknown[0]!r}", where="import",
                        mend="Ask for its columns: the answer lists its fields")  # fmt: skip
    if twice := sorted({*columns} & {*constants}):
        raise DataError(f"{twice[0]} has a column and a constant", where="import",
                        mend="Leave out one: the column tells each row, the constant all of them")  # fmt: skip
    if alone := sorted({*values} - {*columns}):
        raise DataError(f"{alone[0]} has words and no column", where="import",
                        mend="Name its column too, or leave out its words")  # fmt: skip
    have = {_plain(one) for one in table_of(row.name, session.unseal(row.data_sealed, "upload")).header if one}
    if missing := [heading for heading in columns.values() if _plain(heading) not in have]:
        raise DataError(f"the table has no heading {missing[0][:60]!r}", where="import",
                        mend="Ask for its columns: the answer lists its headings")  # fmt: skip


def _plain(heading: str) -> str:
    """A heading as the reader compares it: spaces and case do not matter."""
    return " ".join(heading.split()).casefold()
