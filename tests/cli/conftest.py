"""A folder with a fresh installation in it, a plan book, and a connection to a small census."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benehub.cli import app

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: census, payroll: census, recordkeeper: keeper}
pay_groups:
  monthly: {frequency: monthly, days: [last]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - from: 2026-01-01
        tiers: {EE: 500.00, ES: 900.00, EC: 800.00, FAM: 1200.00}
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""

CENSUS = """No,First,Last,Born,SSN,Hired,Group
1001,Ada,Byron,1980-02-03,900010001,2025-03-01,monthly
1002,Ben,Okri,1990-07-09,900010002,2025-01-05,monthly
"""

ELECTIONS = """No,Plan,Tier,From
1001,ppo,EE,2026-02-01
1002,ppo,FAM,2026-02-01
"""

SETTINGS = """
place: {folder: drop}
streams:
  employee:
    pattern: census*.csv
    columns:
      {employee_number: "No", first_name: First, last_name: Last, birth_date: Born, ssn: SSN,
       hire_date: Hired, pay_group: Group}
  election:
    pattern: elections*.csv
    columns: {employee: "No", plan: Plan, tier: Tier, effective_from: From}
"""


@dataclass(frozen=True)
class Cli:
    """The command line in this process."""

    census: str = CENSUS
    settings: str = SETTINGS

    def run(self, *words: str, code: int = 0, stdin: str | None = None) -> Result:
        """One command; its exit code is what it should be, and no traceback is shown."""
        done = CliRunner().invoke(app, list(words), input=stdin, terminal_width=200)
        # The job engine's log handler keeps the stderr of the process; here every command has its own.
        logging.getLogger("dbos").handlers.clear()
        assert "Traceback" not in done.output
        assert done.exit_code == code, done.output
        return done

    def told(self, *words: str, code: int = 0) -> Any:
        """What a command says with --json."""
        return json.loads(self.run(*words, "--json", code=code).stdout)


@pytest.fixture
def cli() -> Cli:
    """The command line."""
    return Cli()


@pytest.fixture
def home(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with settings, key and database."""
    for name in ("BENEHUB_CONFIG", "BENEHUB_DB", "BENEHUB_SECRET_KEY", "BENEHUB_TRACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    cli.run("init")
    return tmp_path


@pytest.fixture
def employed(cli: Cli, home: Path) -> Path:
    """The same with an employer, a connection and its census, not read yet."""
    (home / "book.yaml").write_text(BOOK)
    (home / "drop").mkdir()
    (home / "drop" / "census.csv").write_text(CENSUS)
    (home / "drop" / "elections.csv").write_text(ELECTIONS)
    (home / "census.yaml").write_text(SETTINGS)
    cli.run("plan", "load", "book.yaml")
    cli.run("connection", "add", "census", "--connector", "files", "--settings", "census.yaml")
    return home
