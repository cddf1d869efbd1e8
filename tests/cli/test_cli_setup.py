"""A fresh installation, what is wrong with one, and a help text that costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from benehub.cli import logs, worker

HEAVY = (
    "sqlalchemy", "pydantic", "httpx", "dbos", "alembic", "cryptography", "fastapi", "uvicorn", "scim2_models",
    "pluggy", "yaml", "jinja2", "benehub.flows", "benehub.store", "benehub.views", "benehub.plugins",
)  # fmt: skip
FRAME = {"console", "logs", "menu"}
"""What of the command line's room a help text needs: no module of a command."""


def test_help_loads_nothing_heavy(cli: Any) -> None:
    code = (
        "import sys; sys.argv = ['benehub', '--help']\n"
        "from benehub.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, None)\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert loaded & set(HEAVY) == set()
    assert {name.removeprefix("benehub.cli.") for name in loaded if name.startswith("benehub.cli.")} <= FRAME
    assert "reconcile" in done.stdout


LATE = ("scim2_models", "openpyxl", "fpdf", "matplotlib", "polars", "asyncssh", "numpy")
"""What `up` and `worker` are ready without; each comes in with the first who needs it."""


def test_what_serves_starts_without_what_few_ask_for() -> None:
    code = (
        "import sys, benehub.api.serving, benehub.flows.worker\n"
        "from benehub.plugins import build\n"
        "build(load_strangers=False)\n"
        "sys.stdout.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & set(LATE) == set()


def test_init_writes_settings_and_a_key_only_the_owner_reads(cli: Any, home: Path) -> None:
    assert (home / "benehub.keys").stat().st_mode & 0o777 == 0o600
    key = (home / "benehub.keys").read_text()
    assert key not in (home / "benehub.toml").read_text()
    again = cli.told("init")
    assert again["database"].startswith("at revision 0")
    assert (home / "benehub.keys").read_text() == key
    cli.run("doctor")


def test_init_dry_run_writes_nothing(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cli.run("init", "--dry-run")
    assert list(tmp_path.iterdir()) == []


def test_a_lost_key_is_not_replaced_by_a_new_one(cli: Any, employed: Path) -> None:
    (employed / "benehub.keys").unlink()
    done = cli.run("init", code=2)
    assert "its key is not here" in done.stderr
    assert not (employed / "benehub.keys").exists()


def test_without_init_every_command_says_what_to_do(
    cli: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENEHUB_KEYS", "k1=" + "A" * 43)
    for words in (("ledger", "verify"), ("runs", "list"), ("plan", "load", __file__)):
        done = cli.run(*words, code=2)
        assert "benehub init" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert "benehub init" in cli.run("doctor", code=1).stdout


def test_doctor_tells_that_nobody_owns_the_installation(cli: Any, home: Path) -> None:
    def owners(code: int = 0) -> tuple[bool, str]:
        (found,) = [one for one in cli.told("doctor", code=code) if one["name"] == "owners"]
        return found["ok"], found["state"]

    fine, told = owners()
    assert fine and "nobody owns" in told and "init --admin" in told, "the command line needs none"
    cli.run("users", "add", "ann@acme.example", "--name", "Ann Lee")
    fine, told = owners(code=1)
    assert not fine and "nobody can manage access" in told
    cli.run("users", "role", "ann@acme.example", "owner", "--everywhere")
    assert owners() == (True, "1 of the installation")


def test_doctor_names_a_key_file_others_can_read(cli: Any, home: Path) -> None:
    (home / "benehub.keys").chmod(0o644)
    found = cli.told("doctor", code=1)
    assert [one["mend"] for one in found if not one["ok"]] == ["chmod 600 benehub.keys"]


def test_doctor_names_a_connection_whose_secret_is_missing(cli: Any, employed: Path) -> None:
    sftp = "place: {sftp: {host: h, user: u, host_keys: [k], password: 'env:NO_SUCH_SECRET'}}\n"
    (employed / "census.yaml").write_text(cli.settings.replace("place: {folder: drop}\n", sftp))
    cli.run("connection", "add", "far", "--connector", "files", "--settings", "census.yaml")
    wrong = [one for one in cli.told("doctor", code=1) if not one["ok"]]
    assert [one["name"] for one in wrong] == ["connection far of acme"]
    assert "NO_SUCH_SECRET" in wrong[0]["state"]


def test_doctor_names_what_is_listed_for_nobody(cli: Any, employed: Path) -> None:
    with (employed / "benehub.toml").open("a") as settings:
        for table in ("acme.files", "acme.fiels", "acem.files"):
            settings.write(f'\n[connections_by_api.{table}]\naddresses = ["drop"]\n')
    wrong = [(one["name"], one["state"]) for one in cli.told("doctor", code=1) if not one["ok"]]
    assert wrong == [
        ("connections_by_api.acme.fiels", "there is no connector fiels"),
        ("connections_by_api.acem.files", "there is no employer acem"),
    ]


def test_doctor_finds_a_missing_guard(cli: Any, employed: Path) -> None:
    import sqlite3

    with sqlite3.connect(employed / "benehub.db") as raw:
        raw.execute("DROP TRIGGER entry_no_update")
    assert any("entry_no_update" in one["state"] for one in cli.told("doctor", code=1))
    assert cli.told("ledger", "verify", code=1)["ok"] is False


def test_plugins_and_connectors_are_listed(cli: Any, home: Path) -> None:
    names = {one["name"] for one in cli.told("plugins")["connectors"]}
    assert "files" in names
    assert names == {one["name"] for one in cli.told("connector", "list")}


def test_usage_errors_end_with_2(cli: Any) -> None:
    cli.run("no-such-command", code=2)
    cli.run("reconcile", code=2)


def test_an_unexpected_error_shows_its_class_and_no_value(
    cli: Any,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benehub import plugins

    def broken() -> None:
        raise RuntimeError("900-01-0001")

    monkeypatch.setattr(plugins, "build", broken)
    done = cli.run("plugins", code=1)
    assert "RuntimeError" in done.stderr
    assert "900-01" not in done.output


def test_logs_are_masked(cli: Any, capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    from benehub.cli.logs import configure

    configure("INFO")
    structlog.get_logger("t").info("seen", ssn="900-01-0001", nested={"list": ["900010001"]}, count=3)
    line = capsys.readouterr().err
    assert "900" not in line.replace("'seen'", "") or "***-**-****" in line
    assert "900-01-0001" not in line and "900010001" not in line
    assert "count=3" in line
    structlog.reset_defaults()


def test_logs_keep_the_names_of_processes_and_runs() -> None:
    name = "4711-ab123456789cdef0"
    line = {"event": f"of {name}", "executor": name, "worker": "rack-123456789", "run": "run_123456789", "who": name}
    told = dict(logs.masked(None, "", line))
    assert (told["executor"], told["worker"], told["run"]) == (name, "rack-123456789", "run_123456789")
    assert "123456789" not in told["event"] + told["who"]
    assert logs.masked(None, "", {"executor": {"ssn": "900-12-3456"}})["executor"] == {"ssn": "***-**-****"}


def test_a_worker_that_is_stuck_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, told = threading.Event(), list[int]()
    monkeypatch.setattr(worker.os, "_exit", lambda code: (told.append(code), ended.set()))
    stop = threading.Event()
    worker.end_soon(stop, 0.01)
    worker.end_soon(stop, 0.01)  # asked twice
    assert stop.is_set() and ended.wait(30) and told == [1]


def test_every_reading_command_has_json(cli: Any, home: Path) -> None:
    """The list of what only writes text or has nothing to read is short and stands here."""
    from typer.main import get_command

    from benehub.cli import app

    silent = {
        "benehub plan schema", "benehub ledger export", "benehub connection add", "benehub connection watch",
        "benehub connection pause", "benehub connection resume", "benehub differences resolve",
        "benehub differences dismiss", "benehub differences reopen", "benehub differences step",
        "benehub dispatches settle",
        "benehub intake discard", "benehub person end", "benehub connector new", "benehub connector record",
        "benehub differences suppress", "benehub differences lift", "benehub worker", "benehub dispatches permit",
        "benehub up", "benehub webhooks open", "benehub webhooks close", "benehub webhooks replay",
        "benehub users add", "benehub users role", "benehub users disable", "benehub users reset",
        "benehub tokens revoke", "benehub audit export", "benehub fixes reject", "benehub fixes withdraw",
        "benehub statements show", "benehub dispatches hold", "benehub differences assign", "benehub users invite",
        *(f"benehub webhooks subscriptions {name}" for name in ("pause", "resume", "remove", "test", "resend")),
    }  # fmt: skip
    waiting = [("benehub", get_command(app))]
    without = set()
    while waiting:
        path, command = waiting.pop()
        children = getattr(command, "commands", {})
        waiting += [(f"{path} {name}", child) for name, child in children.items()]
        options = {option for parameter in command.params for option in parameter.opts}
        if not children and "--json" not in options:
            without.add(path)
    assert without == silent


def test_json_of_calc_list_is_json(cli: Any, home: Path) -> None:
    assert json.loads(cli.run("calc", "--list", "--json").stdout)
