"""`benehub people`: the unlinked are counted wherever one looks, and a person's word links them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROSTER = """
place: {folder: drop}
streams:
  roster:
    pattern: roster*.csv
    columns: {member: "No", first_name: First, last_name: Last, birth_date: Born, subscriber: Sub}
    constants: {relationship: "18", plan: ppo, effective_from: "2026-02-01"}
"""

PEOPLE = """No,First,Last,Born,Sub
1001,Ada,Byron,1980-02-03,1001
P77,Benjamin,Okri,1990-07-09,P77
P78,Con,Tractor,1971-05-06,P78
"""


@pytest.fixture
def insured(employed: Path, cli: Any) -> Path:
    """An insurer who covers three people: one by number, one by name, one who is a contractor."""
    cli.run("sync", "census")
    (employed / "drop" / "roster.csv").write_text(PEOPLE)
    (employed / "roster.yaml").write_text(ROSTER)
    cli.run("connection", "add", "insurer", "--connector", "files", "--settings", "roster.yaml")
    return employed


def test_nobody_is_skipped_in_silence(insured: Path, cli: Any) -> None:
    done = cli.run("sync", "insurer")
    assert "2 people there are linked to nobody here: benehub people unlinked" in done.output
    told = cli.told("connection", "list")
    assert {one["name"]: one["unlinked"] for one in told} == {"census": 0, "insurer": 2}
    assert {one["at_once"] for one in told} == {1}
    assert [one["unlinked"] for one in cli.told("intake", "list", "--connection", "insurer")] == [2]
    told = cli.told("people", "unlinked", "--connection", "insurer", code=1)
    assert told["counts"] == {"insurer": 2}
    assert [(one["id"], one["name"], one["born"]) for one in told["people"]] == [
        ("P77", "B*** O***", "told"), ("P78", "C*** T***", "told"),
    ]  # fmt: skip
    assert cli.told("people", "unlinked", "--count", code=1) == {"insurer": 2}
    assert cli.told("people", "unlinked", "--connection", "census") == {"counts": {}, "people": []}
    assert "Okri" in cli.run("people", "unlinked", "--clear", code=1).output
    assert "Okri" not in cli.run("people", "unlinked", code=1).output


def test_a_dry_run_counts_them_too(insured: Path, cli: Any) -> None:
    assert [one["unlinked"] for one in cli.told("sync", "insurer", "--dry-run")] == [2]
    assert cli.told("people", "unlinked") == {"counts": {}, "people": []}


def test_a_suggestion_becomes_a_link_by_a_persons_word(insured: Path, cli: Any) -> None:
    cli.run("sync", "insurer")
    assert cli.told("people", "suggest", "--dry-run", code=1)["suggestions"] == 1
    told = cli.told("people", "suggest", code=1)
    assert (told["unlinked"], told["with_suggestion"]) == (2, 1)
    (one,) = told["people"]
    assert (one["employee"], one["level"]) == ("1002", 0)
    assert "birth date agrees" in one["why"]
    assert cli.told("people", "link", one["ref"], "1002", "--note", "his card", "--dry-run")["ref"] == one["ref"]
    assert cli.told("people", "show", one["ref"])["linked_to"] == ""
    cli.told("people", "link", one["ref"], "1002", "--note", "his card", "--who", "ann")
    shown = cli.told("people", "show", "insurer/P77")
    assert (shown["linked_to"], shown["how"]) == ("1002", "person")
    assert [(said["who"], said["what"], said["note"]) for said in shown["said"]] == [("ann", "link", "1002: his card")]
    cli.run("people", "show", "insurer/P77")
    assert cli.told("why", one["ref"])["linked_to"] == "1002"
    cli.told("people", "reject", "insurer/P78", "--note", "a contractor")
    assert cli.told("people", "unlinked") == {"counts": {}, "people": []}
    assert len(cli.told("people", "unlinked", "--aside")["people"]) == 1
    cli.told("people", "unlink", "insurer/P77", "--note", "no, his brother")
    assert cli.told("people", "unlinked", "--count", code=1) == {"insurer": 1}
    cli.run("people", "unlink", "insurer/P77", "--note", "again", code=2)


def test_who_comes_twice_is_named(insured: Path, cli: Any) -> None:
    (insured / "drop" / "roster.csv").write_text(PEOPLE + "P79,CON,Tractor,1971-05-06,P79\n")
    cli.run("sync", "insurer")
    assert cli.told("people", "unlinked", "--count", code=1) == {"insurer": 3}
    (one,) = cli.told("people", "duplicates", code=1)
    assert list(one) == ["connection", "who", "what", "others"]
    assert (one["who"], one["what"], one["others"]) == ("P78", "has the name and birth date of", ["P79"])
    assert "P79" in cli.run("people", "duplicates", code=1).output
