"""The example of docs/compare.md, word for word, on a copy of config/examples: what the page shows comes out."""

from __future__ import annotations

import json
import logging
import re
import shlex
import shutil
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner, Result

from benehub.cli import app

BLOCK = re.compile(r"<!-- example -->\n```sh\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def run(line: str) -> Result:
    program, *words = shlex.split(line)
    assert program == "benehub"
    logging.getLogger("dbos").handlers.clear()
    return CliRunner().invoke(app, words, terminal_width=200)


@pytest.fixture
def company(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("BENEHUB_CONFIG", "BENEHUB_DB", "BENEHUB_SECRET_KEY", "BENEHUB_KEYS", "BENEHUB_TRACE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "my-company"
    shutil.copytree(root / "config" / "examples", folder)
    monkeypatch.chdir(folder)
    return folder


@time_machine.travel("2026-11-20T12:00:00Z", tick=True)
def test_the_example_shows_what_the_page_says(root: Path, company: Path) -> None:
    found = BLOCK.search((root / "docs" / "compare.md").read_text(encoding="utf-8"))
    assert found is not None
    for line in found[1].strip().splitlines():
        done = run(line)
        assert done.exit_code == 0, f"{line}\n{done.output}"
    printed = {line.rstrip() for line in done.output.splitlines()}
    assert {line.rstrip() for line in found[2].strip("\n").splitlines()} <= printed
    assert (company / "plans.png").read_bytes().startswith(b"\x89PNG")

    told = json.loads(run("benehub compare --input offers.json --day 2026-10-31 --json").stdout)
    assert [one["decision"] for one in told["candidates"]] == ["UNKNOWN", "DOES_NOT", "DOES_NOT"]
    assert "synthetic" in told["population"] and told["explanation"]["rule"] == "compare.plans"

    for words, said in (
        ("--input offers.json --plan dental", "plan dental has no design"),
        ("--input nothing.json", "there is no such file"),
        ("", "nothing to compare plan ppo with"),
        ("--input offers.json --picture plans.gif --day 2026-10-31", "no kind of picture"),
        ("--input offers.json --affordable much", "not an amount"),
    ):
        refused = run(f"benehub compare {words}")
        assert refused.exit_code == 2 and said in refused.output, refused.output

    assert run("benehub premiums accrue --period 2026-10").exit_code == 0
    lines = {one["plan"]: one for one in json.loads(run("benehub cost --period 2026-10 --by plan --json").stdout)}
    assert lines["ppo"]["actual"] == "2400.00" and lines["ppo"]["heads"] == 3
    assert lines["total"]["per head"] == "615.00"
    assert run("benehub cost --period 2026-10 --by tier").exit_code == 2
