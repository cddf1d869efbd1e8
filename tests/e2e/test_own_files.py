"""The README's walk-through, word for word, on a copy of config/examples: what was planted is found, no more.

The commands are taken from the README, so that a sentence there cannot stop being true in silence. The month of
the example lies in the past, as it does for whoever brings files along.
"""

from __future__ import annotations

import json
import logging
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import time_machine
from typer.testing import CliRunner, Result

from benehub.cli import app

BLOCK = re.compile(r"<!-- walk-through(?:: (\d))? -->\n```sh\n(.*?)```", re.DOTALL)
DAY = "2026-11-20T12:00:00Z"
PLANTED = [
    ("payroll", "AMOUNT_DIFF", "1002", "ppo", "20.00"),
    ("premium", "TIER_DIFF", "1003", "ppo", "660.00"),
    ("retirement", "CREDITED_SHORT", "1004", "401k", "10.00"),
]


def run(line: str) -> Result:
    """One line of the shell, in this process."""
    program, *words = shlex.split(line)
    assert program == "benehub"
    # The job engine's log handler keeps the stderr of the process; here every command has its own.
    logging.getLogger("dbos").handlers.clear()
    return CliRunner().invoke(app, words, terminal_width=200)


def told(line: str) -> Any:
    return json.loads(run(f"{line} --json").stdout)


def walk_through(readme: str) -> list[tuple[str, int]]:
    """Every command of the walk-through, with the exit code the README promises."""
    return [(line, int(code or 0)) for code, block in BLOCK.findall(readme) for line in block.strip().splitlines()]


@pytest.fixture
def company(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples as the working folder."""
    for name in ("BENEHUB_CONFIG", "BENEHUB_DB", "BENEHUB_SECRET_KEY", "BENEHUB_KEYS", "BENEHUB_TRACE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "my-company"
    shutil.copytree(root / "config" / "examples", folder)
    monkeypatch.chdir(folder)
    return folder


@time_machine.travel(DAY, tick=True)
def test_the_walk_through_finds_the_planted_mistakes_and_nothing_else(root: Path, company: Path) -> None:
    commands = walk_through((root / "README.md").read_text(encoding="utf-8"))
    assert len(commands) > 20
    for line, code in commands:
        done = run(line)
        assert done.exit_code == code, f"{line}\n{done.output}"
    found = told("benehub differences list")
    columns = ("relation", "type", "employee", "plan", "at_stake")
    assert sorted(tuple(one[name] for name in columns) for one in found) == PLANTED
    assert all(one["cause"] and one["action"] and one["owner"] for one in found)
    compared = told("benehub reconcile all --period 2026-10")
    assert compared["unexplained"] == {} and len(compared["open"]) == len(PLANTED)
    assert told("benehub ledger verify")["ok"]
    assert sorted(path.suffix for path in (company / "sent").iterdir()) == [".820", ".csv", ".csv"]
    again = [told(f"benehub sync {name}") for name in ("files", "northstar", "summit")]
    assert sum(one["rows"] for streams in again for one in streams) == 0


@time_machine.travel(DAY, tick=True)
def test_a_broken_row_is_told_with_its_place_and_the_rest_goes_on(company: Path) -> None:
    for line in (
        "benehub init",
        "benehub plan load planbook.yaml",
        "benehub connection add files --connector files --settings files.yaml",
    ):
        assert run(line).exit_code == 0
    census = (company / "census.csv").read_text(encoding="utf-8")
    (company / "census.csv").write_text(census.replace("900-10-0002", "900-10-002"), encoding="utf-8")
    done = run("benehub sync files --json")
    assert done.exit_code == 1 and "900-10-002" not in done.output
    employee = json.loads(done.stdout)[0]
    assert (employee["rows"], employee["applied"], employee["quarantined"]) == (5, 4, 1)
    assert "row 3, column 'SSN' (ssn): not nine digits (shape '999-99-999')" in employee["problems"][0]
    (company / "census.csv").write_text(census, encoding="utf-8")
    mended = told("benehub sync files")[0]
    assert (mended["applied"], mended["unchanged"], mended["quarantined"]) == (1, 4, 0)
    # What waited for the employee is taken now: compensation, two elections, two opening balances.
    assert told("benehub sync --redrive all")[0]["applied"] == 5
