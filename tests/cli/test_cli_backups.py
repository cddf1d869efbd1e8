"""`benehub backup` and `restore`: what they say, and what they refuse."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml


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


def test_accounts_that_a_backup_has_in_clear_lie_sealed_once_it_is_back(cli: Any, employed: Path) -> None:
    settings = {
        "place": {"folder": str(employed / "bank")}, "format": "nacha-ccd+",
        "nacha": {"bank": "011000015", "bank_name": "First Bank", "company_name": "Acme", "company_id": "1123456789"},
        "payees": {"northstar": {"name": "Northstar", "routing": "021000021", "account": "0099887766"}},
    }  # fmt: skip
    (employed / "bank.yaml").write_text(yaml.safe_dump(settings))
    cli.run("connection", "add", "bank", "--connector", "bank_files", "--settings", "bank.yaml", "--mode", "watch")
    with closing(sqlite3.connect(employed / "benehub.db")) as db, db:
        as_before = "UPDATE connection SET settings = ?, settings_sealed = NULL WHERE connection_id = 'bank'"
        assert db.execute(as_before, [json.dumps(settings)]).rowcount == 1
    cli.run("backup", "old.backup")
    cli.run("restore", "old.backup", "--force")
    with closing(sqlite3.connect(employed / "benehub.db")) as db:
        ((kept,),) = db.execute("SELECT settings FROM connection WHERE connection_id = 'bank'")
    assert "Northstar" in kept and "0099887766" not in kept and "021000021" not in kept
