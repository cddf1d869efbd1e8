"""Workers die at random moments of a scheduled push; every obligation is met once, at the vendor and in the ledger.

The short form runs with all tests. `make chaos` (BENEHUB_CHAOS=N) runs N seeds of a longer one and prints each.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

LONG = int(os.environ.get("BENEHUB_CHAOS", "0"))
SEEDS = range(1, LONG + 1) if LONG else (1,)


@pytest.fixture(scope="module")
def story() -> ModuleType:
    """The program beside this file."""
    spec = importlib.util.spec_from_file_location("chaos_story", Path(__file__).with_name("story.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["chaos_story"] = module
    spec.loader.exec_module(module)
    return module


def sound(report: Any) -> None:
    """As many kills as wanted; nothing twice, nothing lost, nothing broken."""
    sys.stdout.write(f"{report}\n")
    assert (report.duplicates, report.losses, report.broken) == (0, 0, []), report
    assert report.effects + report.held == report.obligations, report
    assert report.runs and report.calls > report.obligations


@pytest.mark.parametrize("seed", SEEDS)
def test_one_worker_beside_sqlite(seed: int, story: ModuleType, tmp_path: Path) -> None:
    people, kills = (60, 6) if LONG else (15, 2)
    report = story.chaos(f"sqlite:///{tmp_path / 'hub.db'}", seed, 1, 1, people, kills)
    sound(report)
    assert report.kills == kills


@pytest.mark.parametrize("seed", SEEDS)
def test_three_workers_on_postgresql(seed: int, story: ModuleType, fresh_pg_url: str) -> None:
    employers, people, kills = (4, 40, 12) if LONG else (2, 10, 3)
    report = story.chaos(fresh_pg_url, seed, 3, employers, people, kills)
    sound(report)
    assert report.kills == kills
