"""`benehub backup` and `restore`: what they say, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_an_installation_is_put_back_from_one_file(cli: Any, employed: Path) -> None:
    (employed / "artefacts").mkdir()
    (employed / "artefacts" / "note.txt").write_text("kept")
    cli.run("connection", "watch", "census")  # else payroll has to be told of pay dates, late on some days of a month
    cli.run("sync", "census", "employee")
    told = cli.told("backup", "all.backup")
    assert (told["keys"], told["artefacts"], told["database"]) == (["k1"], 1, "SQLite, by its online copy")
    assert told["employers"]["acme"]["custody"]["rows"] == 2
    cli.run("backup", "all.backup", code=2)  # none is overwritten

    assert "holds data" in cli.run("restore", "all.backup", code=3).stderr
    for name in ("benehub.db", "artefacts/note.txt"):
        (employed / name).unlink()
    shown = cli.run("restore", "all.backup").stdout
    assert "1 ledgers verify" in shown
    assert "acme" in shown
    assert (employed / "artefacts" / "note.txt").read_text() == "kept"
    cli.run("doctor")
    cli.run("restore", "all.backup", "--force")
    cli.run("ledger", "verify")


def test_without_the_key_file_it_says_what_to_bring(cli: Any, employed: Path) -> None:
    cli.run("backup", "nowhere/at/all.backup", code=2)
    cli.run("backup", "backups/all.backup")  # its folder alone is made
    assert ((employed / "backups").stat().st_mode & 0o777) == 0o700
    (employed / "backups" / "all.backup").rename(employed / "all.backup")
    (employed / "benehub.keys").write_text("k2=" + "A" * 43)
    (employed / "benehub.db").unlink()
    done = cli.run("restore", "all.backup", code=2)
    assert "master keys that are not loaded: k1" in done.stderr
    assert not (employed / "benehub.db").exists() or "benehub init" in cli.run("ledger", "verify", code=2).stderr
