"""What the command line changes stands in the employer's audit trail, and what it only looks at or tries does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benehub.cli.trail import Act
from benehub.errors import RetriableError
from benehub.store import Store

Row = tuple[str, str, str, str]


def trail(cli: Any, *more: str) -> list[Row]:
    """Who, what, which and how it ended, of a trail; its own export aside."""
    told = [one for one in cli.run("audit", "export", *more).stdout.splitlines() if one.startswith("{")]
    rows = [json.loads(one) for one in told]
    assert {one["front"] for one in rows} <= {"cli"}
    kept = [one for one in rows if one["action"] != "export the audit trail"]
    return [(one["who"], one["action"], one["ref"], one["outcome"]) for one in kept]


def test_what_a_command_changes_stands_in_the_trail_with_its_outcome(employed: Path, cli: Any) -> None:
    assert ("cli", "benehub plan load", "book.yaml", "done") in trail(cli), (
        "there was no employer yet: the installation's"
    )
    before = trail(cli, "--employer", "acme")
    assert before == [("cli", "benehub connection add", "census", one) for one in ("asked", "done")]
    for words in (("connection", "list"), ("differences", "list"), ("runs", "list"), ("audit", "verify")):
        cli.run(*words)
    cli.run("connection", "watch", "census", "--dry-run")
    cli.run("plan", "load", "book.yaml", "--dry-run")
    assert trail(cli, "--employer", "acme") == before, "to look and to try is to change nothing"
    cli.run("connection", "watch", "census")
    cli.run("connection", "pause", "nowhere", code=2)
    words = ("dispatches", "permit", "census", "leave.take", "--people", "412", "--note", "900-11-2233 moved")
    cli.run(*words, "--who", "ann")
    cli.run("sync", "census")
    ended = [
        ("cli", "benehub connection watch", "census", "done"),
        ("cli", "benehub connection pause", "nowhere", "refused"),
        ("ann", "benehub dispatches permit", "census leave.take", "done"),
        ("cli", "benehub sync", "census", "done"),
    ]
    found = trail(cli, "--employer", "acme")[len(before) :]
    assert found == [one for row in ended for one in ((*row[:3], "asked"), row)]
    assert cli.run("audit", "verify", "--employer", "acme")


def test_what_cannot_be_noted_of_one_employer_hides_no_error_and_is_noted_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    act, tried = Act("cli", "benehub sync", ""), list[tuple[str, int]]()
    act._asked.update({"acme": ("acme", 1), "other": ("other", 2)})

    def away(_act: Act, _store: Any, trail: str, _outcome: str, of_no: int = 0) -> int:
        tried.append((trail, of_no))
        raise RetriableError("the database is away")

    monkeypatch.setattr(Act, "_note", away)
    act.ended(Store.__new__(Store), "failed")
    assert tried == [("acme", 1), ("other", 2)]
