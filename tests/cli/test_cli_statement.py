"""`statement`: what an employee is told, in words, as data and on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PERIOD = ("--period", "2026-11")
DAY = ("--day", "2026-11-23")


@pytest.fixture
def covered(cli: Any, employed: Path) -> Path:
    """Census read, coverage decided, November accrued and its deductions expected."""
    cli.run("sync", "census")
    cli.run("enrollments", "decide", *DAY)
    cli.run("premiums", "accrue", *PERIOD)
    cli.run("deductions", "expect", *PERIOD)
    return employed


def _texts(told: dict[str, Any]) -> dict[str, list[str]]:
    return {section["key"]: [line["text"] for line in section["lines"]] for section in told["sections"]}


def test_cover_money_and_what_comes_next(cli: Any, covered: Path) -> None:
    told = cli.told("statement", "1001", *DAY)
    said = _texts(told)
    assert said["cover"][0] == "Medical: PPO (employee only), since February 1, 2026."
    assert said["cover"][1].startswith("Premium for November 2026: $500.00, of which you pay $100.00")
    assert said["pay"] == ["PPO, November 2026: $100.00 is your share; nothing has been taken yet."]
    assert said["coming"] == ["PPO: $100.00 from the pay of November 30, 2026."]


def test_every_proof_can_be_asked_about(cli: Any, covered: Path) -> None:
    told = cli.told("statement", "1001", *DAY)
    refs = {ref for section in told["sections"] for line in section["lines"] for ref in line["refs"]}
    assert {ref.partition("_")[0] for ref in refs} >= {"fct", "ent"}
    for ref in refs:
        assert cli.told("why", ref)["ref"] == ref


def test_german_and_paper(cli: Any, covered: Path) -> None:
    assert "Krankenversicherung: PPO (nur Mitarbeiter)" in cli.run("statement", "1001", *DAY, "--lang", "de").stdout
    for name in ("one.pdf", "two.pdf"):
        cli.run("statement", "1001", *DAY, "--lang", "de", "--pdf", name)
    one = (covered / "one.pdf").read_bytes()
    assert one.startswith(b"%PDF-") and one == (covered / "two.pdf").read_bytes()


def test_nobody_and_a_language_nobody_wrote(cli: Any, covered: Path) -> None:
    assert "no such person" in cli.run("statement", "9999", code=2).stderr
    assert "Choose one of de, en" in cli.run("statement", "1001", "--lang", "tlh", code=2).stderr
    assert "cannot be written" in cli.run("statement", "1001", "--pdf", "no/such/folder.pdf", code=2).stderr


def test_birth_date_and_names_stay_away(cli: Any, covered: Path) -> None:
    said = cli.run("statement", "1001", *DAY).stdout
    assert "Byron" not in said and "1980" not in said
