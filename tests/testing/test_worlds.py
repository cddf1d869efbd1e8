"""Reconciliation is held to made-up employers whose mistakes are known: all are found, as what they are, no others."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benehub.errors import DataError
from benehub.testing.worlds import World, make, read_truth, run_world, score, write
from benehub.testing.worlds.truth import Planted

EMPLOYEES = 30
SEEDS = range(1, 8)


def through(world: World, folder: Path) -> tuple[World, dict[str, list[Planted]]]:
    """A world through the hub, and what was found in it."""
    write(world, folder / "world")
    return world, run_world(folder / "world", f"sqlite:///{folder / 'hub.db'}")[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_that_was_planted_is_found_and_nothing_else(seed: int, tmp_path: Path) -> None:
    world, found = through(make(seed, EMPLOYEES), tmp_path)
    told = score(world.truth, found)
    assert (told.missed, told.wrong) == ([], [])
    assert all(one.planted == one.found == one.both > 0 for one in told.tallies.values())


def test_many_mistakes_at_once_on_few_people(tmp_path: Path) -> None:
    world, found = through(make(11, 12, rate=0.1), tmp_path)
    told = score(world.truth, found)
    assert told.perfect, (told.missed, told.wrong)
    people = Counter(row.person for row in world.truth.discrepancies if row.person)
    assert max(people.values()) >= 5


def test_each_world_holds_mistakes_that_offset_each_other() -> None:
    for seed in SEEDS:
        rows = [one for one in make(seed, EMPLOYEES).truth.discrepancies if one.person]
        gaps = {(one.relation, one.person, one.period, one.actual - one.expected) for one in rows}
        for relation in ("payroll", "premium", "retirement"):
            mine = [gap for gap in gaps if gap[0] == relation]
            assert any((*gap[:3], -gap[3]) in gaps for gap in mine), (seed, relation)


def test_the_same_seed_gives_the_same_files_and_another_one_others(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        write(make(seed, EMPLOYEES), tmp_path / name)
    told = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "again", "other")
    }
    assert told["one"] == told["again"]
    assert all(told["one"][name] != told["other"][name] for name in told["one"] if name.endswith("csv"))


def test_what_is_missed_wrong_or_in_another_state_is_told(tmp_path: Path) -> None:
    write(make(1, EMPLOYEES), tmp_path / "world")
    truth = read_truth(tmp_path / "world")
    first, second = [row for row in truth.discrepancies if row.type == "RATE_DIFF"][:2]
    kept = [row for row in truth.discrepancies if row != first]
    other = replace(second, actual=1)
    found = {
        "discrepancy": [*kept, other],
        "pending": truth.pending[1:],
        "suppressed": [*truth.suppressed, truth.pending[0]],
        "tolerated": truth.tolerated,
    }
    told = score(truth, found)
    assert told.missed == [("discrepancy", first), ("pending", truth.pending[0])]
    assert told.wrong == [("discrepancy", other), ("suppressed", truth.pending[0])]
    assert not told.perfect
    tally = told.tallies["discrepancy", "premium RATE_DIFF"]
    assert (tally.found, tally.both) == (tally.planted, tally.planted - 1)
    assert tally.recall == tally.precision != "1.000"
    assert told.tallies["discrepancy", "premium TIER_DIFF"].recall == "1.000"


def test_a_folder_that_is_no_world_or_holds_one_already_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no table of what was planted"):
        read_truth(tmp_path)
    (tmp_path / "truth.json").write_text("{}")
    with pytest.raises(DataError, match="no table of what was planted"):
        read_truth(tmp_path)
    with pytest.raises(DataError, match="not empty"):
        write(make(1, EMPLOYEES), tmp_path)
    for employees, rate in ((3, 0.02), (40, 0.0), (40, 0.5)):
        with pytest.raises(DataError, match="a world of"):
            make(1, employees, rate)
