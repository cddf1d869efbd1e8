"""The sandbox's vendor sweeps its inbox, whole files only, and loses none it could not handle."""

from __future__ import annotations

from pathlib import Path

import pytest

from benehub.connect.sftp import SftpAccount, SftpMailbox
from benehub.sandbox.mailbox import make_folders, serve_sftp, sweep


def test_a_delivery_is_swept_once(tmp_path: Path) -> None:
    make_folders(tmp_path, "inbound", "outbound")
    make_folders(tmp_path, "inbound")
    got: list[tuple[str, bytes]] = []
    with serve_sftp(tmp_path) as at:
        login = SftpAccount(at.host, at.user, (at.host_key,), at.port, at.password)
        with SftpMailbox(login, timeout_seconds=10) as box:
            box.put("inbound/b.834", b"2")
            box.put("inbound/a.834", b"1")
            (tmp_path / "inbound/c.834.part").write_bytes(b"half")
            assert sweep(tmp_path, "inbound", lambda name, data: got.append((name, data))) == [
                "a.834",
                "b.834",
            ]
            assert box.list("inbound/*") == []
    assert got == [("a.834", b"1"), ("b.834", b"2")]
    assert (tmp_path / "inbound/c.834.part").exists()


def test_a_file_that_cannot_be_handled_stays(tmp_path: Path) -> None:
    make_folders(tmp_path, "inbound")
    (tmp_path / "inbound/a").write_bytes(b"x")

    def refuse(name: str, data: bytes) -> None:
        raise ValueError(name)

    with pytest.raises(ValueError, match="a"):
        sweep(tmp_path, "inbound", refuse)
    assert (tmp_path / "inbound/a").exists()
