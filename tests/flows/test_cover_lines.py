"""Lines of cover, held against what the carrier was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benehub.facts import Fact
from benehub.flows import cover_lines
from benehub.periods import FOREVER

OPEN = "9999-12-31"
Segment = tuple[str, str, str, Sequence[str]]
"""Begin, end, tier, dependents."""


Known = tuple[dict[str, Fact], dict[str, Any]]


def known(segments: Sequence[Segment], told: dict[str, Any] | None) -> Known:
    """A family's PPO, and what the carrier was told of it."""
    facts = [
        Fact("coverage", "ann", "medical", {"plan": "ppo", "tier": tier, "dependents": list(dependents)},
             date.fromisoformat(start), FOREVER if end == OPEN else date.fromisoformat(end), f"fct_{n}", n)
        for n, (start, end, tier, dependents) in enumerate(segments)
    ]  # fmt: skip
    before = {} if told is None else {"ppo": {"tier": "EE", "to": None, "dependents": []} | told}
    book: Any = SimpleNamespace(plan=lambda name: SimpleNamespace(id=name, carrier="carrier", slot="medical"))
    worker = cast("Any", SimpleNamespace(coverages={"medical": facts}, elections={}))
    return cover_lines.covers(book, worker, "carrier", date(2026, 1, 1), before), before


def lines(segments: Sequence[Segment], told: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What a carrier is told of it in a change file."""
    return cover_lines.lines(*known(segments, told))


def full_lines(segments: Sequence[Segment], told: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What a carrier is told of it in a full file."""
    now, before = known(segments, told)
    return cover_lines.of_everything(now, before, date(2026, 10, 1), date(2026, 10, 1))


def told_of(segments: Sequence[Segment], told: dict[str, Any] | None) -> list[tuple[str, str, str | None, str]]:
    """The lines: HD01, begin, end, tier."""
    return [(one["maintenance"], one["effective_from"], one["effective_to"], one["tier"])
            for one in lines(segments, told)]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "began"),
    [({}, {}), ({"again": True}, {}), ({"again": True, "restart": True}, {"ann": "2026-02-01", "kim": "2026-03-01"})],
    ids=["change", "told again", "wrong start"],
)
def test_only_of_a_wrong_start_is_the_true_one_told(more: dict[str, Any], began: dict[str, str]) -> None:
    segments = [("2026-02-01", "2026-03-01", "EE", []), ("2026-03-01", "2026-05-01", "EC", ["kim"]),
                ("2026-05-01", OPEN, "FAM", ["kim", "tom"])]  # fmt: skip
    (one,) = lines(segments, {"from": "2026-03-01", "tier": "EC", "dependents": ["kim"], **more})
    assert (one["maintenance"], one["effective_from"]) == ("001", "2026-05-01")
    assert {who: day for who, day in one["began"].items() if who != "tom"} == began


YEAR, GAP = ("2026-01-01", OPEN, "EE", ()), ("2026-01-01", "2026-07-01", "EE", ())
BACK: Segment = ("2026-08-01", OPEN, "EE", ())


@pytest.mark.parametrize(
    ("segments", "to", "wanted"),
    [
        ([YEAR], None, []),
        ([GAP], "2026-07-01", []),
        ([GAP], None, [("024", "2026-01-01", "2026-07-01", "EE")]),
        ([GAP, BACK], None, [("024", "2026-01-01", "2026-07-01", "EE"), ("025", "2026-08-01", None, "EE")]),
        ([GAP, BACK], "2026-07-01", [("025", "2026-08-01", None, "EE")]),
        ([GAP, BACK], "2026-06-01",
         [("024", "2026-01-01", "2026-07-01", "EE"), ("025", "2026-08-01", None, "EE")]),
        ([GAP, ("2026-08-01", "2026-09-01", "EE", ()), ("2026-10-01", "2026-11-01", "EE", ())], "2026-07-01",
         [("025", "2026-08-01", "2026-09-01", "EE"), ("025", "2026-10-01", "2026-11-01", "EE")]),
        ([GAP, ("2026-08-01", "2026-10-01", "EE", ()), ("2026-10-01", OPEN, "EC", ("kim",))], None,
         [("024", "2026-01-01", "2026-07-01", "EE"), ("025", "2026-08-01", None, "EE"),
          ("001", "2026-10-01", None, "EC")]),
        ([YEAR], "2026-07-01", [("025", "2026-01-01", None, "EE")]),
        ([BACK], "2026-07-01", [("025", "2026-08-01", None, "EE")]),
        ([("2026-02-01", OPEN, "EE", ())], None, []),
    ],
    ids=["as told", "end told", "end", "gap at once", "back after a told end", "back after another end", "twice",
         "back and another tier", "end taken back", "of cover before the hub", "a start alone"],
)  # fmt: skip
def test_a_time_without_cover_is_an_end_and_a_return(
    segments: list[Segment], to: str | None, wanted: list[tuple[str, str, str | None, str]]
) -> None:
    assert told_of(segments, {"from": "2026-01-01", "to": to}) == wanted


def test_a_full_file_tells_the_end_before_a_time_without_cover() -> None:
    before = {"from": "2026-01-01", "to": None}
    told = [(one["maintenance"], one["effective_from"], one["effective_to"])
            for one in full_lines([GAP, BACK], before)]  # fmt: skip
    assert told == [("024", "2026-01-01", "2026-07-01"), ("030", "2026-08-01", None)]
    assert [one["maintenance"] for one in full_lines([YEAR], before)] == ["030"]
