"""Whole files through a mailbox: pages, encodings, workbooks, refused files, and the file of rejects."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from benehub.connect.connector import Link, Page
from benehub.connect.files import FolderMailbox
from benehub.connect.place import Place
from benehub.connect.sftp import SftpMailbox
from benehub.errors import Unsupported
from benehub.records import STREAMS
from benehub_connectors import files
from benehub_connectors.files import FilesConnector, FilesSettings, rejects_file

SAMPLE = json.loads((Path(files.__file__).parent / "samples" / "employees.json").read_text())


def csv_text(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([SAMPLE["header"], *rows])
    return out.getvalue()


def connection(root: Path, stream: str = "employee", **changes: Any) -> Link:
    settings = FilesSettings.model_validate(
        {"place": {"folder": str(root)}, "streams": {stream: SAMPLE["map"] | changes}}
    )
    return Link("acme", "hr", settings, lambda: datetime(2026, 1, 1, tzinfo=UTC), mailbox=FolderMailbox(root))


def read(link: Link, stream: str = "employee", cursor: str | None = None) -> list[Page]:
    return list(FilesConnector().read(stream, link, cursor))


def test_the_sample_is_read_and_its_bad_row_is_told(tmp_path: Path) -> None:
    data = csv_text(SAMPLE["rows"]).encode()
    (tmp_path / "Employees-2026.CSV").write_bytes(data)
    (page,) = read(connection(tmp_path))
    # Its bad row may be anybody's, so the file says nothing of who is absent, although the map calls it full.
    assert (page.name, page.payload, page.full, page.alone) == ("Employees-2026.CSV", data, False, True)
    assert [(row.row, row.key, bool(row.problem)) for row in page.rows] == [
        (2, "1001", False),
        (3, "1002", False),
        (4, "Employees-2026.CSV#4", True),
    ]
    for row in page.rows[:2]:
        STREAMS["employee"].model_validate(row.data)
    assert page.rows[0].extra == {"Shirt": "XL"}
    assert "row 4, column 'SSN' (ssn): not nine digits" in page.rows[2].problem
    assert "98765432" not in page.rows[2].problem
    assert json.loads(page.cursor or "")["last"] == "Employees-2026.CSV"
    assert read(connection(tmp_path), cursor=page.cursor) == []


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("utf-16", "\t")]
)
def test_encodings_and_delimiters_are_recognised(tmp_path: Path, encoding: str, delimiter: str) -> None:
    (tmp_path / "employees.csv").write_bytes(csv_text(SAMPLE["rows"], delimiter).encode(encoding))
    (page,) = read(connection(tmp_path))
    assert page.rows[1].data["last_name"] == "Müller"


def test_a_workbook_means_what_its_csv_means(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["not", "this"])
    sheet = book.create_sheet("People")
    sheet.append(SAMPLE["header"])
    ana, bo, _ = SAMPLE["rows"]
    hired = datetime(2020, 2, 1)  # noqa: DTZ001 - as a workbook holds a day
    sheet.append([1001, "Ana", "Lee", date(1980, 1, 31), "123-45-6789", hired, "Biweekly", "XL"])
    sheet.append(bo)
    sheet.append([1003, "Cy", "Poe", date(1985, 7, 8), 12345678, date(2022, 1, 10), "Monthly", None])
    out = io.BytesIO()
    book.save(out)
    (tmp_path / "employees.xlsx").write_bytes(out.getvalue())
    (tmp_path / "employees.csv").write_bytes(csv_text([ana, bo]).encode())
    link = connection(tmp_path, pattern="employees.*", sheet="People", date_format="")
    text, book_page = read(link)
    assert [row.data for row in book_page.rows[:2]] == [row.data for row in text.rows]
    assert "loses its leading zeros" in book_page.rows[2].problem


def test_a_wide_row_and_a_blank_line_do_not_move_others(tmp_path: Path) -> None:
    text = csv_text([*SAMPLE["rows"][:1]]) + "\r\n" + "a,b\r\n" + ",".join(SAMPLE["rows"][1]) + "\r\n"
    (tmp_path / "employees.csv").write_text(text, encoding="utf-8", newline="")
    (page,) = read(connection(tmp_path))
    assert [bool(row.problem) for row in page.rows] == [False, True, False]
    assert page.rows[1].problem.startswith("row 4: ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "file employees.csv"),
        (b"First name;Last name\r\nAna;Lee\r\n", "file employees.csv: no column 'Emp #', 'DOB'"),
        (b"A,A\r\n1,2\r\n", "file employees.csv, row 1: "),
        (b"PK\x03\x04 broken", "file employees.csv: not a"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_one_problem(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "employees.csv").write_bytes(data)
    (tmp_path / "employees2.csv").write_bytes(csv_text(SAMPLE["rows"]).encode())
    bad, good = read(connection(tmp_path))
    (row,) = bad.rows
    assert row.key == "file"
    assert words in row.problem
    assert bad.full is False
    assert bad.payload == data
    assert len(good.rows) == 3


def test_a_stream_without_a_map_is_a_typed_refusal(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="no file is mapped to credit"):
        read(connection(tmp_path), "credit")


def test_the_mailbox_is_opened_from_the_settings(tmp_path: Path) -> None:
    link = connection(tmp_path)
    assert FilesConnector().mailbox(link.settings, {}).list("*") == []


def test_a_server_needs_no_folder_and_is_not_called_to_open_it() -> None:
    key = "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDoNTIlbIxQqUZQ5Co"
    sftp = {"host": "sftp.example.com", "user": "acme", "host_keys": [key], "password": "env:SFTP"}
    mailbox = Place.model_validate({"sftp": sftp}).open({"env:SFTP": "made-up", "password": "of another"})
    assert isinstance(mailbox, SftpMailbox) and vars(mailbox)["_account"].password == "made-up"


def test_the_rejects_can_be_mended_and_show_nothing_sensitive(tmp_path: Path) -> None:
    rows = [list(row) for row in SAMPLE["rows"]]
    rows[2][1] = "=HYPERLINK(1)"
    rows[2][7] = "acct 12-3456-7890"
    (tmp_path / "employees.csv").write_bytes(csv_text(rows).encode())
    link = connection(tmp_path)
    (page,) = read(link)
    problems = {row.row: row.problem for row in page.rows if row.problem}
    data = rejects_file(page, problems, link.settings.streams["employee"])
    text = data.decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    assert table[0] == ["row", "reason", *SAMPLE["header"]]
    assert table[1][0] == "4"
    assert "not nine digits" in table[1][1]
    assert table[1][3] == "'=HYPERLINK(1)"
    assert table[1][5:7] == ["9999-99-99", "99999999"]
    assert table[1][9] == "AAAA 99-9999-9999"
    assert "1985" not in text
    assert "98765432" not in text


def test_a_refused_file_has_a_rejects_file_too(tmp_path: Path) -> None:
    (tmp_path / "employees.csv").write_bytes(b"PK\x03\x04")
    link = connection(tmp_path)
    (page,) = read(link)
    data = rejects_file(page, {0: "=not a workbook"}, link.settings.streams["employee"])
    assert data.decode("utf-8-sig").splitlines() == ["row,reason", ",'=not a workbook"]


def test_a_large_file_comes_in_pages_with_the_cursor_behind_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE_ROWS", 2)
    rows = [[f"{number}", "Ana", "Lee", "01/31/1980", f"90000{number}", "02/01/2020", "Biweekly", ""]
            for number in range(1001, 1006)]  # fmt: skip
    rows.insert(3, ["too", "short"])
    data = csv_text(rows).encode()
    (tmp_path / "employees.csv").write_bytes(data)
    pages = read(connection(tmp_path))
    assert [[row.row for row in page.rows] for page in pages] == [[2, 3], [4, 5], [6, 7]]
    assert [bool(page.cursor) for page in pages] == [False, False, True]
    assert {(page.name, page.payload) for page in pages} == {("employees.csv", data)}
    # The row that could not be read hides who stands in it: its page says nothing of absence, nor does the batch.
    assert [page.full for page in pages] == [True, False, True]
    assert [bool(row.problem) for page in pages for row in page.rows] == [False, False, False, True, False, False]
