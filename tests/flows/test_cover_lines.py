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


def lines(segments: Sequence[Segment], told: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What a carrier is told of a family's PPO."""
    facts = [
        Fact("coverage", "ann", "medical", {"plan": "ppo", "tier": tier, "dependents": list(dependents)},
             date.fromisoformat(start), FOREVER if end == OPEN else date.fromisoformat(end), f"fct_{n}", n)
        for n, (start, end, tier, dependents) in enumerate(segments)
    ]  # fmt: skip
    before = {} if told is None else {"ppo": {"tier": "EE", "to": None, "dependents": []} | told}
    book: Any = SimpleNamespace(plan=lambda name: SimpleNamespace(id=name, carrier="carrier", slot="medical"))
    worker = cast("Any", SimpleNamespace(coverages={"medical": facts}, elections={}))
    now = cover_lines.covers(book, worker, "carrier", date(2026, 1, 1), before)
    return cover_lines.lines(now, before)


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
