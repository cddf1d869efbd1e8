"""A folder as a mailbox: whole files only, no overwriting, no way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benehub.connect.files import FolderMailbox, RemoteFile, check_name
from benehub.errors import ConfigError, ConflictError, DataError


def test_round_trip(tmp_path: Path) -> None:
    box = FolderMailbox(tmp_path)
    box.put("out/b.834", b"two")
    box.put("out/a.834", b"one!")
    (tmp_path / "out/c.834.part").write_bytes(b"half")
    (tmp_path / "out/d.txt").write_bytes(b"")
    assert box.list("out/*.834") == [RemoteFile("out/a.834", 4), RemoteFile("out/b.834", 3)]
    assert box.read("out/b.834") == b"two"
    assert not list(tmp_path.rglob("b.834.part"))


def test_the_same_delivery_twice_is_one_and_another_is_refused(tmp_path: Path) -> None:
    box = FolderMailbox(tmp_path)
    box.put("a", b"one")
    box.put("a", b"one")
    with pytest.raises(ConflictError, match="never overwritten"):
        box.put("a", b"two")
    assert box.read("a") == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_archiving_keeps_every_file(tmp_path: Path) -> None:
    box = FolderMailbox(tmp_path)
    names = []
    for data in (b"1", b"2", b"3"):
        box.put("in/ack.999", data)
        names.append(box.archive("in/ack.999"))
    assert names == ["archive/in/ack.999", "archive/in/ack.999.1", "archive/in/ack.999.2"]
    assert [box.read(name) for name in names] == [b"1", b"2", b"3"]
    assert box.list("in/*") == []


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\\..\\b", "a\0b", "a\nb"])
def test_a_name_that_leaves_the_mailbox_is_refused(tmp_path: Path, name: str) -> None:
    box = FolderMailbox(tmp_path)
    with pytest.raises(DataError, match="leaves its mailbox"):
        check_name(name)
    for call in (box.read, box.archive, box.list, lambda n: box.put(n, b"")):
        with pytest.raises(DataError):
            call(name)


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    root = tmp_path / "box"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    box = FolderMailbox(root)
    assert box.list("*") == []
    for name in ("link", "folder/secret"):
        with pytest.raises(DataError, match="leads out"):
            box.read(name)


def test_caps_and_absences(tmp_path: Path) -> None:
    box = FolderMailbox(tmp_path, max_bytes=3)
    (tmp_path / "big").write_bytes(b"1234")
    with pytest.raises(DataError, match="more than the cap of 3"):
        box.read("big")
    with pytest.raises(DataError, match="more than the cap of 3"):
        box.put("new", b"1234")
    for call in (box.read, box.archive, lambda n: box.list(n + "/*")):
        with pytest.raises(DataError, match="no such file"):
            call("nope")
    with pytest.raises(DataError, match="wildcard"):
        box.list("*/x")
    with pytest.raises(ConfigError, match="not there"):
        FolderMailbox(tmp_path / "nope")


def test_a_message_masks_a_number_in_a_name(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        FolderMailbox(tmp_path).read("p-123-45-6789.csv")
    assert "123-45" not in str(caught.value)


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[list[str]] = []
    real = os.fsync

    def fsync(number: int) -> None:
        synced.append(sorted(one.name for one in tmp_path.iterdir()))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    FolderMailbox(tmp_path).put("a.834", b"x")
    assert synced == [["a.834.part"]] and [one.name for one in tmp_path.iterdir()] == ["a.834"]


def test_what_is_still_written_is_in_no_list(tmp_path: Path) -> None:
    (tmp_path / "a.834.part").write_bytes(b"half")
    (tmp_path / "b.834").write_bytes(b"whole")
    assert [one.name for one in FolderMailbox(tmp_path).list("*")] == ["b.834"]
