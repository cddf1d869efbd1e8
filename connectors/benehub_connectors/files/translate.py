"""From a row of somebody's table to the fields of a record, or to one sentence that says why not.

The kind of a field (date, money, hours, yes or no, list) is read from the record itself, so a map
names columns only. Messages show a value's shape, never the value.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError

from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.formats.guard import unguarded
from benehub.formats.rows import Problem
from benehub.hours import parse_hours
from benehub.money import parse_minor, shape
from benehub.periods import parse_date
from benehub.records import STREAMS
from benehub_connectors.files.settings import ADDITIVE, DEFAULT_KEYS, StreamMap

YES = frozenset({"1", "y", "yes", "true", "t", "x", "j", "ja"})
NO = frozenset({"0", "n", "no", "false", "f", "", "nein"})
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass
class RowTranslator:
    """Translates the rows of one file; it counts equal keys of additive streams within that file.

    Args:
        stream: the stream the rows belong to.
        how: its map.
        file: the file's name, used in keys of streams without a natural key that may be written in clear.
        typed: a workbook, where dates are ISO and numbers have a point whatever the map says of text.
    """

    stream: str
    how: StreamMap
    file: str
    typed: bool = False
    _seen: dict[str, int] = field(default_factory=dict)

    def missing_columns(self, header: tuple[str, ...]) -> list[str]:
        """Headings that the map names and the file does not have."""
        have = {plain(name) for name in header}
        return [name for name in self.how.columns.values() if plain(name) not in have]

    def translate(self, number: int, cells: Mapping[str, str]) -> Incoming:
        """The row as intake wants it; with `problem` filled when it cannot be translated."""
        by_heading = {plain(name): value for name, value in cells.items()}
        used = {plain(name) for name in self.how.columns.values()}
        extra = {name: value for name, value in cells.items() if name and plain(name) not in used and value}
        try:
            data = self._data(by_heading)
        except DataError as error:
            return Incoming(f"{self.file}#{number}", {}, extra, f"row {number}, {error}", number)
        return Incoming(self._key(number, data), data, extra, "", number)

    def broken(self, problem: Problem) -> Incoming:
        """A row that has no cells to translate."""
        text = f"row {problem.line}: {problem.reason}. {problem.mend}"
        return Incoming(f"{self.file}#{problem.line}", {}, {}, text, problem.line)

    def _data(self, cells: Mapping[str, str]) -> dict[str, Any]:
        record = STREAMS[self.stream]
        data: dict[str, Any] = dict(self.how.constants)
        for name, heading in self.how.columns.items():
            text = unguarded(cells.get(plain(heading), "").strip())
            if name in self.how.values and text:
                text = self._our_word(name, text)
            info = record.model_fields[name]
            if not text:
                if info.is_required():
                    raise DataError("empty", where=self._place(name), mend="Fill it")
                continue
            data[name] = self._value(name, text, info.annotation)
        try:
            # The record judges here already, because only here the column's own heading is known.
            return record.model_validate(data).model_dump(mode="json", exclude_unset=True)
        except ValidationError as error:
            raise self._refused(error, data) from None

    def _our_word(self, name: str, text: str) -> str:
        words = {their.casefold(): ours for their, ours in self.how.values[name].items()}
        found = words.get(text.casefold(), words.get("*"))
        if found is None:
            what = f"no word of the value map (shape {shape(text)!r})"
            raise DataError(what, where=self._place(name), mend="Add it to the map")
        return found

    def _value(self, name: str, text: str, annotation: Any) -> Any:
        base = _base(annotation)
        try:
            if name.endswith(("_minor", "_hundredths")):
                currency = self.how.currency if name.endswith("_minor") else "USD"
                return parse_minor(self._point(text), currency)
            if name == "ssn":
                return _ssn(text)
            if name == "hours":
                parse_hours(self._point(text))
                return self._point(text)
            if base is date:
                return self._date(text)
            if base is bool:
                return _yes_no(text)
            if base is int:
                return _whole(self._point(text))
            if base is dict:
                return self._pairs(text)
            if base is tuple:
                parts = (part.strip() for part in text.split(self.how.list_separator))
                return tuple(part for part in parts if part)
        except DataError as error:
            raise DataError(error.what, where=self._place(name), mend=error.mend) from None
        if isinstance(base, type) and issubclass(base, StrEnum):
            return _member(base, text)
        return text

    def _pairs(self, text: str) -> dict[str, str]:
        """`name=value` parts; the shape of what is none is told."""
        found: dict[str, str] = {}
        for part in filter(None, (one.strip() for one in text.split(self.how.list_separator))):
            name, sign, value = part.partition("=")
            if not sign or not name.strip():
                raise DataError(f"no name=value (shape {shape(part)!r})", mend="Write name=value; name=value")
            found[name.strip()] = value.strip()
        return found

    def _point(self, text: str) -> str:
        if not self.how.decimal_comma or (self.typed and "," not in text):
            return text
        return text.replace(".", "").replace(",", ".")

    def _date(self, text: str) -> date:
        if not self.how.date_format or (self.typed and _ISO.match(text)):
            return parse_date(text)
        try:
            return datetime.strptime(text, self.how.date_format).date()  # noqa: DTZ007 - a calendar day, no instant
        except ValueError:
            what = f"not a date of the form {self.how.date_format} (shape {shape(text)!r})"
            raise DataError(what, mend="Mend the cell, or date_format in the map") from None

    def _refused(self, error: ValidationError, data: Mapping[str, Any]) -> DataError:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        what = f"{first['msg']} (shape {shape(str(data.get(name, '')))!r})"
        return DataError(what, where=self._place(name), mend="Mend the cell or the map")

    def _place(self, name: str) -> str:
        heading = self.how.columns.get(name)
        return f"column {heading!r} ({name})" if heading else f"field {name}"

    def _key(self, number: int, data: Mapping[str, Any]) -> str:
        fields = self.how.key or DEFAULT_KEYS.get(self.stream, ())
        if not fields:
            return f"{self.file}#{number}"
        key = "/".join(str(data.get(name, "")) for name in fields)
        if self.stream not in ADDITIVE:
            return key
        count = self._seen[key] = self._seen.get(key, 0) + 1
        return key if count == 1 else f"{key}/{count}"


def plain(text: str) -> str:
    """A heading as it is compared: spaces and case do not matter."""
    return re.sub(r"\s+", " ", text).strip().casefold()


def _base(annotation: Any) -> Any:
    """The type behind `X | None` and `tuple[X, ...]`."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _base(next(a for a in get_args(annotation) if a is not type(None)))
    return origin or annotation


def _ssn(text: str) -> str:
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch(r"\d{9}", digits) is None:
        what = f"not nine digits (shape {shape(text)!r})"
        raise DataError(what, mend="Export it as text: a number loses its leading zeros, and none are added here")
    return digits


def _yes_no(text: str) -> bool:
    word = text.casefold()
    if word not in YES and word not in NO:
        raise DataError(f"neither yes nor no (shape {shape(text)!r})", mend="Write yes or no, or map the word")
    return word in YES


def _whole(text: str) -> int:
    found = re.fullmatch(r"(-?\d{1,15})(\.0*)?", text)
    if found is None:
        raise DataError(f"not a whole number (shape {shape(text)!r})", mend="Write whole digits")
    return int(found[1])


def _member(words: type[StrEnum], text: str) -> str:
    """The enum's own spelling where only case or blanks differ; else the text, for the record to refuse."""
    return next((w.value for w in words if _word(w.value) == _word(text)), text)


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text).casefold()
