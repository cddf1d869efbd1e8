"""Every file is read once, late ones and overwritten ones too."""

from __future__ import annotations

from pathlib import Path

import pytest

from benehub.connect.files import FolderMailbox
from benehub.errors import ConfigError
from benehub_connectors.files.inbox import unread


def names(root: Path, cursor: str | None, cap: int = 100) -> tuple[list[str], str | None]:
    found = list(unread(FolderMailbox(root, max_bytes=cap), "in", ("*.CSV",), cursor))
    return [mail.name for mail in found], found[-1].cursor if found else cursor


def test_new_late_and_overwritten_files_are_read_and_others_are_not(tmp_path: Path) -> None:
    box = tmp_path / "in"
    box.mkdir()
    (box / "b.csv").write_bytes(b"1")
    (box / "c.csv.part").write_bytes(b"1")
    (box / "d.txt").write_bytes(b"1")
    got, cursor = names(tmp_path, None)
    assert got == ["in/b.csv"]
    assert names(tmp_path, cursor) == ([], cursor)
    (box / "a.csv").write_bytes(b"late")
    (box / "b.csv").write_bytes(b"2")
    got, cursor = names(tmp_path, cursor)
    assert got == ["in/a.csv", "in/b.csv"]
    (box / "b.csv").unlink()
    assert names(tmp_path, cursor)[0] == []


def test_resuming_after_the_first_of_two_reads_the_second(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "in" / name).write_bytes(name.encode())
    first = next(unread(FolderMailbox(tmp_path), "in", ("*.csv",), None))
    assert names(tmp_path, first.cursor)[0] == ["in/b.csv"]


def test_a_file_above_the_cap_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"x" * 101)
    (tmp_path / "in" / "b.csv").write_bytes(b"x")
    found = list(unread(FolderMailbox(tmp_path, max_bytes=100), "in", ("*.csv",), None))
    assert [bool(mail.problem) for mail in found] == [True, False]
    assert names(tmp_path, found[-1].cursor)[0] == []


def test_a_strange_cursor_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for cursor in ("17", "{}", "not json"):
        with pytest.raises(ConfigError, match="cursor"):
            list(unread(FolderMailbox(tmp_path), "in", ("*",), cursor))
