"""`why`: what stands behind an amount, what could be known of it in the past, and whether it still comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

PERIOD = ("--period", "2026-11")


@pytest.fixture
def covered(cli: Any, employed: Path) -> Path:
    """Census read, coverage decided, November accrued."""
    cli.run("sync", "census")
    cli.run("enrollments", "decide", "--day", "2026-11-23")
    cli.run("premiums", "accrue", *PERIOD)
    return employed


@pytest.fixture
def entry(cli: Any, covered: Path) -> str:
    """The accrued premium of employee 1001."""
    found: str = cli.told("ledger", "journal", "--employee", "1001", "--plan", "ppo")[0]["entry"]
    return found


def _kinds(chain: dict[str, Any]) -> list[str]:
    return [one["what"] for one in chain["behind"]]


def test_an_amount_tells_its_rule_and_the_facts_known_then(cli: Any, entry: str) -> None:
    chain = cli.told("why", entry)
    assert _kinds(chain) == ["explanation by premium.line", "fact employment", "fact election", "fact coverage"]
    rule = chain["behind"][0]
    assert rule["result"]["premium_minor"] == 50000
    assert rule["today"] == "today's code gives the same result (the same version)"
    election = chain["behind"][2]
    assert election["read_from"] == "row 1 of elections.csv"
    assert election["says"]["tier"] == "EE"
    assert election["behind"][0]["what"] == "intake batch of election"


def test_names_and_pay_are_not_told(cli: Any, entry: str) -> None:
    said = cli.run("why", entry).stdout + cli.run("why", entry, "--json").stdout
    assert "Byron" not in said and "1980" not in said and "900010001" not in said


def test_the_past_gives_the_pasts_answer(cli: Any, covered: Path, entry: str) -> None:
    before = int(cli.told("why", entry)["recorded"].split()[1])
    cli.run("plan", "load", _dearer(covered))
    cli.run("premiums", "accrue", *PERIOD)
    newest = next(
        one["entry"]
        for one in cli.told("ledger", "journal", "--employee", "1001", "--plan", "ppo")
        if one["type"] == "premium.accrued" and one["entry"] != entry
    )
    now, then = cli.told("why", newest), cli.told("why", newest, "--known-at", str(before))
    assert now["ref"] == newest and now["revisions"] == [f"{entry} (number {before})"]
    assert then["ref"] == entry and then["reversed_by"] == []
    assert [one["amount"] for one in then["legs"]] == ["400.00", "100.00", "-500.00"]
    assert [one["amount"] for one in now["legs"]] == ["440.00", "110.00", "-550.00"]
    assert cli.told("why", entry)["reversed_by"]
    assert "in force now" in cli.told("why", entry)["behind"][0]["plan_book"]


def test_what_was_not_recorded_yet_is_said_to_be_unknown(cli: Any, entry: str) -> None:
    assert cli.told("why", entry, "--known-at", "1")["known_then"].startswith("nothing: it was recorded as number")
    assert "known_then" in cli.told("why", entry, "--known-at", "2001-01-31")
    assert "known_then" not in cli.told("why", entry, "--known-at", "2999-01-31")


@pytest.mark.parametrize(("moment", "said"), [("soon", "not a moment"), ("999999", "nothing is recorded as number")])
def test_a_moment_that_is_none_is_refused(cli: Any, entry: str, moment: str, said: str) -> None:
    assert said in cli.run("why", entry, "--known-at", moment, code=2).stderr


def test_an_amount_that_no_longer_comes_out_says_so(cli: Any, covered: Path, entry: str) -> None:
    reason = cli.told("why", entry)["behind"][0]["ref"]
    engine = create_engine(f"sqlite:///{covered / 'benehub.db'}")
    with engine.begin() as connection:
        wrong = "replace(content, '\"employee_minor\": 10000', '\"employee_minor\": 9999')"
        connection.execute(text(f"UPDATE explanation SET content = {wrong}"))
    engine.dispose()
    told = cli.told("why", reason)["today"]
    assert (
        told.startswith("today's code no longer reproduces it (the same version)") and "'employee_minor': 10000" in told
    )


def _dearer(home: Path) -> str:
    (home / "dearer.yaml").write_text((home / "book.yaml").read_text().replace("EE: 500.00", "EE: 550.00"))
    return "dearer.yaml"
