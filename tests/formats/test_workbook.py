"""Workbooks: cells become the exact text a CSV of the sheet would hold."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest

from benehub.errors import FormatError
from benehub.formats import workbook
from benehub.formats.workbook import cell_text, read_workbook


def book(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_values_become_exact_text() -> None:
    data = book(("People", [["id", "born", "pay", "note"], ["007", date(1980, 2, 29), 1234.5, None]]))
    table = read_workbook(data)
    assert table.header == ("id", "born", "pay", "note")
    assert table.rows[0].line == 2
    assert table.rows[0].cells == ("007", "1980-02-29", "1234.5", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"), (1e-7, "0.0000001"), (100.0, "100"), (1e15, "1000000000000000"), (-0.0, "0"),
        (19.99, "19.99"), (12, "12"), (True, "TRUE"), (None, ""), ("  x ", "  x "),
        (datetime(2026, 1, 2), "2026-01-02"), (datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),  # noqa: DTZ001 - a workbook knows no time zone
        (time(8, 30), "08:30:00"), (float("nan"), "#NUM!"),
    ],
)  # fmt: skip
def test_cell_text(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_blank_rows_are_passed_over_and_lines_still_count() -> None:
    data = book(("S", [[], ["a", "b"], [None, None], ["1", "2"]]))
    assert [(row.line, row.cells) for row in read_workbook(data).rows] == [(4, ("1", "2"))]


def test_problems_name_their_line() -> None:
    data = book(("S", [["a", "b"], ["1", "2", "3"], ["#REF!", "2"], ["5"]]))
    table = read_workbook(data)
    assert [p.line for p in table.problems] == [2, 3]
    assert [row.cells for row in table.rows] == [("5", "")]


def test_a_sheet_is_chosen_by_name() -> None:
    data = book(("One", [["a"], ["1"]]), ("Two", [["b"], ["2"]]))
    assert read_workbook(data).header == ("a",)
    assert read_workbook(data, sheet="Two").header == ("b",)
    with pytest.raises(FormatError, match="no sheet"):
        read_workbook(data, sheet="Three")


def test_what_is_no_workbook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    good = book(("S", [["a"], ["1"], ["2"], ["3"]]))
    for bad in (
        b"",
        b"a,b\n",
        good[:200],
        b"PK\x05\x06" + b"\0" * 18,
        book(("S", [])),
        book(("S", [["a", "A"]])),
    ):
        with pytest.raises(FormatError):
            read_workbook(bad)
    with pytest.raises(FormatError, match="larger"):
        read_workbook(good, max_bytes=10)
    with pytest.raises(FormatError, match="rows"):
        read_workbook(good, max_rows=2)
    monkeypatch.setattr(workbook, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(FormatError, match="unpacks"):
        read_workbook(good)


def changed(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with `old` replaced in one part of its archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            content = given.read(name)
            assert old in content or not name.endswith(part)
            made.writestr(name, content.replace(old, new) if name.endswith(part) else content)
    return out.getvalue()


def test_a_wrong_size_of_the_sheet_loses_no_row() -> None:
    data = changed(book(("S", [["a", "b"], [1, 2], [3, 4]])), "sheet1.xml", b"A1:B3", b"A1:A1")
    assert [row.cells for row in read_workbook(data).rows] == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("sheet1.xml", b"</worksheet>", b""),
        ("sheet1.xml", b"<v>3</v>", b"<v>three</v>"),
        ("workbook.xml", b"</workbook>", b"<"),
    ],
)
def test_damage_inside_the_archive_is_a_format_error(part: str, old: bytes, new: bytes) -> None:
    bad = changed(book(("S", [["a"], [3]])), part, old, new)
    with pytest.raises(FormatError):
        read_workbook(bad)


def test_a_cell_far_to_the_right_in_each_row_is_refused_before_it_costs_time() -> None:
    rows = "".join(f'<row r="{row}"><c r="XFD{row}"/></row>' for row in range(3, 60)).encode()
    data = changed(book(("a", [["id", "name"], ["1", "Ann"]])), "xl/worksheets/sheet1.xml", b"</sheetData>",
                   rows + b"</sheetData>")  # fmt: skip
    with pytest.raises(FormatError, match="more than 500000 cells"):
        read_workbook(data, max_rows=2000)
    assert len(read_workbook(data, max_rows=20_000).rows) == 1
