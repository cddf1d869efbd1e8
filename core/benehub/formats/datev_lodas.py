"""DATEV LODAS by ASCII import: bookings of a month (Bewegungsdaten) for the payroll that an adviser runs.

A file has a head, a description of its records (Satzbeschreibung) and the bookings, whose fields stand in the order
described. Windows-1252, CRLF, decimal comma. A booking is a person's number, a wage type (Lohnart) of the adviser's
own numbering, a month written as its first day, and a value whose meaning the key (Bearbeitungsschlüssel) gives.

The form was observed in several public programs; DATEV's own description is not public, and no file was imported
into LODAS.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benehub.errors import DataError, FormatError
from benehub.formats.datev_header import LodasHeader, header_lines, read_header
from benehub.formats.datev_text import ENCODING, Characters, to_cp1252
from benehub.formats.findings import Finding
from benehub.formats.rows import Parsed
from benehub.money import shape
from benehub.periods import Month

MAX_BYTES = 3 * 1024 * 1024
"""Larger files were split by the programs seen."""

BOOKING = "u_lod_bwd_buchung_standard"
NULL = "NULL"
_SECTION = re.compile(r"\[([A-Za-zäöüÄÖÜß]{1,40})\]")
_FIELDS = {
    "abrechnung_zeitraum": "month",
    "bs_wert_butab": "value",
    "bs_nr": "key",
    "la_eigene": "wage_type",
    "pnr": "personnel_number",
    "kostenstelle": "cost_center",
}
_NEEDED = tuple(_FIELDS)[:5]


@dataclass(frozen=True, slots=True)
class Booking:
    """One movement of one person and month; `value` is hundredths (cents, or hundredths of hours).

    Raises:
        DataError: a number outside its range; it names the field.
    """

    personnel_number: int
    month: Month
    wage_type: int
    key: int
    value: int = field(repr=False)
    cost_center: str = ""

    def __post_init__(self) -> None:
        for name, low, high in (("personnel_number", 1, 99_999), ("wage_type", 1, 9_999), ("key", 1, 99)):
            if not low <= getattr(self, name) <= high:
                column = next(one for one, field_name in _FIELDS.items() if field_name == name)
                mend = "Take it from the adviser's list; it is never made up"
                raise DataError(f"is not from {low} to {high}", where=column, mend=mend)
        if abs(self.value) > 99_999_999_99:
            raise DataError("is larger than a pay can be", where="bs_wert_butab", mend="Check the amount")


@dataclass(frozen=True, slots=True)
class LodasFile:
    """Head and bookings of a file."""

    header: LodasHeader
    bookings: tuple[Booking, ...]


@dataclass(frozen=True, slots=True)
class LodasRead:
    """What was read: the head, and each line of the movements as a booking or an error."""

    header: LodasHeader
    rows: tuple[Parsed[Booking], ...]

    def file(self) -> LodasFile:
        """Head and bookings.

        Raises:
            DataError: the first line that is none.
        """
        return LodasFile(self.header, tuple(row.get() for row in self.rows))


def render(file: LodasFile, characters: Characters = Characters.REFUSE) -> bytes:
    """The file.

    Raises:
        DataError: a text that Windows-1252 or the file's own marks cannot carry (names the booking), or a file
            larger than LODAS was seen to take.
    """
    head, mark = file.header, file.header.separator
    with_center = any(one.cost_center for one in file.bookings)
    columns = [f"{name}#bwd" for name in (_FIELDS if with_center else _NEEDED)]
    lines = [*header_lines(head), "", "[Satzbeschreibung]", mark.join(["1", BOOKING, *columns, ""])]
    lines += ["", "[Bewegungsdaten]"]
    for number, one in enumerate(file.bookings, 1):
        cells = [
            "1", head.date_format.write(one.month.first), _decimal(one.value, head.decimal), str(one.key),
            str(one.wage_type), str(one.personnel_number),
        ]  # fmt: skip
        if with_center:
            cells.append(_text(one.cost_center, head, characters, number))
        lines.append(mark.join([*cells, ""]))
    data = "".join(f"{line}\r\n" for line in lines).encode(ENCODING)
    if len(data) > MAX_BYTES:
        raise DataError(f"the file is larger than {MAX_BYTES} bytes", mend="Split it by pay group")
    return data


def _decimal(value: int, comma: str) -> str:
    whole, rest = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole}{comma}{rest:02d}"


def _text(text: str, head: LodasHeader, characters: Characters, number: int) -> str:
    if not text:
        return NULL
    where = f"booking {number}, kostenstelle"
    try:
        line = to_cp1252(text, characters)
    except DataError as error:
        raise DataError(error.what, where=where, mend=error.mend) from None
    if head.quote in line if head.quote else (head.separator in line or line.upper() == NULL):
        raise DataError("holds a mark that ends a field", where=where, mend="Take the mark out of the cost centre")
    return f"{head.quote}{line}{head.quote}"


def parse(data: bytes) -> LodasRead:
    """Head and bookings; a line that is none is an error of its own.

    Raises:
        FormatError: the file is not Windows-1252, not for LODAS, or describes no bookings.
    """
    sections = _sections(data)
    first, entries = _entries(sections.get("allgemein", []))
    header = read_header(entries, first)
    described = _described(sections.get("satzbeschreibung", []), header)
    rows = [_row(line, text, header, described) for line, text in sections.get("bewegungsdaten", [])]
    # Master data is another import; its lines are not passed over in silence.
    rows += [_refused(line, "master data, which is not read here") for line, _ in sections.get("stammdaten", [])]
    return LodasRead(header, tuple(sorted(rows, key=lambda row: row.row)))


def _sections(data: bytes) -> dict[str, list[tuple[int, str]]]:
    """Section -> its lines with their numbers; empty lines and comments (`*`) are left out."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"the file is larger than {MAX_BYTES} bytes", mend="Split it", position=1)
    try:
        text = data.decode(ENCODING)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        mend = "Save it as Windows-1252"
        raise FormatError("not Windows-1252", where=f"row {row}", mend=mend, position=row) from None
    found: dict[str, list[tuple[int, str]]] = {}
    current: list[tuple[int, str]] | None = None
    for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        line = raw.strip(" \t\r")
        if not line or line.startswith("*"):
            continue
        if named := _SECTION.fullmatch(line):
            current = found.setdefault(named[1].casefold(), [])
        elif current is None:
            mend = "Begin with [Allgemein]"
            raise FormatError("a line before the first section", where=f"row {number}", mend=mend, position=number)
        else:
            current.append((number, line))
    unknown = found.keys() - {"allgemein", "satzbeschreibung", "bewegungsdaten", "stammdaten"}
    lost = next((found[name][0][0] for name in sorted(unknown) if found[name]), 0)
    if lost:
        raise FormatError("a section that is not known", where=f"row {lost}", mend="Take it out", position=lost)
    return found


def _entries(lines: Sequence[tuple[int, str]]) -> tuple[int, dict[str, str]]:
    entries: dict[str, str] = {}
    for number, line in lines:
        name, equals, value = line.partition("=")
        if not equals or name in entries:
            what = "an entry that stands twice" if equals else "no entry `name=value`"
            raise FormatError(what, where=f"row {number}", mend="Mend [Allgemein]", position=number)
        entries[name] = value
    return (lines[0][0] if lines else 1), entries


Described = Mapping[str, tuple[int, tuple[str, ...]]]
"""Record's number in the file -> line of its description, and its fields; none for a record that is not a booking."""


def _described(lines: Sequence[tuple[int, str]], header: LodasHeader) -> Described:
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for number, line in lines:
        cells = [cell.strip() for cell in line.split(header.separator)]
        where, names = f"row {number}, [Satzbeschreibung]", [one.partition("#")[0] for one in cells[2:] if one]
        if len(cells) < 3 or not cells[0].isdecimal() or cells[0] in found:
            raise FormatError("no description of a record", where=where, mend="Mend it", position=number)
        if cells[1] != BOOKING:
            found[cells[0]] = (number, ())
            continue
        missing = [name for name in _NEEDED if name not in names]
        if missing or len(set(names)) < len(names):
            what = f"bookings without {missing[0]}" if missing else "a field that stands twice"
            raise FormatError(what, where=where, mend="Describe each field of a booking once", position=number)
        found[cells[0]] = (number, tuple(names))
    if not any(names for _, names in found.values()):
        mend = f"Describe a record {BOOKING}"
        raise FormatError("no bookings are described", where="[Satzbeschreibung]", mend=mend, position=1)
    return found


def _refused(line: int, what: str, field_name: str = "", mend: str = "Import it by itself") -> Parsed[Booking]:
    where = f"row {line}, {field_name}" if field_name else f"row {line}"
    return Parsed(line, error=DataError(what, where=where, mend=mend))


def _row(line: int, text: str, header: LodasHeader, described: Described) -> Parsed[Booking]:
    try:
        cells = _cells(text, header)
        names = described[cells[0]][1] if cells[0] in described else None
        if names is None:
            return _refused(line, "a record that the file does not describe", mend="Add its description")
        if not names:
            return _refused(line, "a record of another kind than bookings")
        return Parsed(line, _booking(line, names, cells[1:], header))
    except DataError as error:
        place = error.where if error.where.startswith("row") else ", ".join(filter(None, (f"row {line}", error.where)))
        return Parsed(line, error=DataError(error.what, where=place, mend=error.mend))


def _cells(text: str, header: LodasHeader) -> list[str]:
    """The fields of a line; the mark behind the last one ends it."""
    cells, rest = [], text
    while rest:
        quoted = bool(header.quote) and rest.startswith(header.quote)
        if quoted:
            cell, closed, rest = rest[1:].partition(header.quote)
            if not closed or (rest and not rest.startswith(header.separator)):
                raise DataError("a text that is not closed", mend="End it with its mark")
            rest = rest[1:]
        else:
            cell, _, rest = rest.partition(header.separator)
            cell = "" if cell.strip().upper() == NULL else cell.strip()
        cells.append(cell)
    return cells


def _booking(line: int, names: Sequence[str], cells: Sequence[str], header: LodasHeader) -> Booking:
    if len(cells) > len(names):
        raise DataError("more fields than described", mend="Write the fields as [Satzbeschreibung] has them")
    given = dict(zip(names, cells, strict=False))
    if lost := [name for name, cell in given.items() if cell and name not in _FIELDS]:
        raise DataError("a field whose meaning is not known", where=lost[0], mend="Leave it empty or out")
    if missing := [name for name in _NEEDED if not given.get(name)]:
        raise DataError("is empty", where=missing[0], mend="Fill it in at the source")
    day = header.date_format.read(given["abrechnung_zeitraum"])
    if day.day != 1:
        raise DataError("is not the first of a month", where="abrechnung_zeitraum", mend="Write the month's first day")
    return Booking(
        personnel_number=_number(given, "pnr"),
        month=Month.of(day),
        wage_type=_number(given, "la_eigene"),
        key=_number(given, "bs_nr"),
        value=_hundredths(given["bs_wert_butab"], header.decimal),
        cost_center=given.get("kostenstelle", ""),
    )


def _number(given: Mapping[str, str], name: str) -> int:
    if re.fullmatch(r"[0-9]{1,9}", given[name]) is None:
        raise DataError(f"not a number (shape {shape(given[name])!r})", where=name, mend="Write digits only")
    return int(given[name])


def _hundredths(text: str, comma: str) -> int:
    found = re.fullmatch(rf"(-?)([0-9]{{1,9}})(?:{re.escape(comma)}([0-9]{{1,2}}))?", text)
    if found is None:
        what = f"not a number of two decimals (shape {shape(text)!r})"
        raise DataError(what, where="bs_wert_butab", mend=f"Write it as 12{comma}50")
    value = int(found[2]) * 100 + int((found[3] or "0").ljust(2, "0"))
    return -value if found[1] else value


def validate(data: bytes, payroll_month: Month) -> list[Finding]:
    """Everything that is wrong with a file for the payroll of a month.

    Payroll can be corrected for the current and the previous year only, so an older booking is a finding
    `closed-year`; so is one `ahead` of the payroll's own year, and a booking that stands `twice`.

    Raises:
        FormatError: as `parse`.
    """
    found: list[Finding] = []
    first: dict[tuple[object, ...], int] = {}
    for row in parse(data).rows:
        if row.record is None:
            error = row.error or DataError("no booking", mend="Mend the line")
            found.append(Finding(row.row, error.where.partition(", ")[2], "cell", error.what, error.mend))
            continue
        one = row.record
        found += window(one, payroll_month, row.row)
        earlier = first.setdefault((one.personnel_number, one.month, one.wage_type, one.key, one.cost_center), row.row)
        if earlier != row.row:
            mend = "Add the two up: LODAS books both"
            found.append(Finding(row.row, "", "twice", f"the same booking stands in row {earlier}", mend))
    return found


def window(booking: Booking, payroll_month: Month, line: int = 0) -> Iterator[Finding]:
    """Whether payroll can still, or already, book a month; `line` is for the finding."""
    year, now = booking.month.first.year, payroll_month.first.year
    if year < now - 1:
        text = f"{booking.month} lies before {now - 1}: payroll corrects the current and the previous year only"
        mend = "Settle it with the adviser outside payroll"
        yield Finding(line, "abrechnung_zeitraum", "closed-year", text, mend)
    elif year > now:
        mend = "Send it once the payroll of that year is open"
        yield Finding(line, "abrechnung_zeitraum", "ahead", f"{booking.month} lies in a year not begun", mend)


def totals(bookings: Iterable[Booking]) -> dict[int, int]:
    """Hundredths by wage type: what the adviser's list of the import must show."""
    sums: Counter[int] = Counter()
    for one in bookings:
        sums[one.wage_type] += one.value
    return dict(sorted(sums.items()))
