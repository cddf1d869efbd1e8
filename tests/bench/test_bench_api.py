"""The API's benchmark runs and tells the ratio. No time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_it_runs_and_tells_the_ratio() -> None:
    script = Path(__file__).with_name("bench_api.py")
    command = [sys.executable, str(script), "--people", "200", "2000", "--calls", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for kind in ("page", "beginning of a name", "both names"):
        assert f"{kind}, 2,000 people: median" in done.stdout
        assert f"{kind}, p95 of the largest to the smallest:" in done.stdout
