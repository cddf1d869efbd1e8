"""The benchmark runs, its sides agree, and it prints every case. No time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
CASES = {
    "834 writing", "834 reading", "834 raw segments", "834 beside a judge",
    "ledger append",
    *(
        f"HRIS sync{size}, {read}"
        for size in ("", ", large")
        for read in ("first load", "unchanged load", "1 % changed", "incremental")
    ),
    "payroll comparison", "everybody's amounts, premiums", "everybody's amounts, deductions",
    "salaries all different, premiums", "salaries all different, deductions",
    "contributions from CSV", "contributions from CSV, large", "contributions in the database",
    *(f"ledger balances, {question}" for question in ("one account", "all", "as of a day", "as known")),
    "HTTP, 1 thread", "HTTP, 16 threads", *(f"sending, {number} at once" for number in (1, 8, 64)),
    "834 checking", "834 checking, large",
    *(
        f"page, {name}"
        for name in (
            "Today", "Reconcile", "one comparison", "type and owner", "text", "oldest", "middle", "one difference"
        )
    ),
    "API, people", "API, search, one word", "API, search, both names", "--help",
}  # fmt: skip


def test_the_benchmark_runs_and_prints_every_case(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    command = [sys.executable, str(RUN), "--quick", "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(path.read_text())["rows"]
    assert {row["case"] for row in rows} == CASES
    assert all(f"{row['case']} (" in done.stdout for row in rows)
    assert all(row["ours_cpu"] > 0 and row["ours_mib"] > 0 for row in rows)


@pytest.mark.pg
def test_jobs_are_measured(pg_server: str) -> None:
    command = [sys.executable, str(RUN.with_name("jobs.py")), "--jobs", "3", "--workers", "1"]
    named = os.environ | {"BENEHUB_TEST_PG": pg_server}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=named)
    assert done.returncode == 0, done.stderr
    workers, jobs, *figures = done.stdout.splitlines()[1].split()
    assert (workers, jobs, len(figures)) == ("1", "3", 5)


def test_doing_nothing_is_measured() -> None:
    command = [sys.executable, str(RUN.with_name("idle.py")), "--seconds", "0.2", "--settles", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split("  ")[0] for line in done.stdout.splitlines()[1:3]] == ["up", "up --no-worker"]


def test_sides_that_do_not_agree_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(RUN.read_text().replace('"bench_x12"', '"bench_lie"'))
    sides = "write_ours = write_elements = lambda folder, size: iter([None, 1])"
    peer = "write_fstrings = write_join = lambda folder, size: iter([None, 2])"
    (tmp_path / "bench_lie.py").write_text(f"{sides}\n{peer}\nwrite_prepare = lambda folder, size: None\n")
    command = [sys.executable, str(tmp_path / "run.py"), "--quick", "--only", "834 writing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the sides do not agree" in done.stderr
