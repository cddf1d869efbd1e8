"""What `benehub up` costs while nobody asks and nothing is due: part of `make bench`. The aim is 2 % of a core.

The program runs by itself in a folder that `benehub init` has made, on SQLite. Its CPU time is what the kernel counts
(`/proc`), from when it has settled on. Nothing passes or fails by time.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTLES = 15.0
"""Seconds after which what is done once at the start is over."""

CASES = (("up",), ("up", "--no-worker"))
PROGRAM = (sys.executable, "-m", "benehub")


def free_port() -> int:
    """One that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def used(pid: int) -> float:
    """CPU seconds of a process so far, its own threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(words: tuple[str, ...], settles: float, seconds: float) -> float:
    """CPU seconds of the program in so many seconds on the wall."""
    with tempfile.TemporaryDirectory(prefix="benehub-idle-") as folder:
        subprocess.run([*PROGRAM, "init"], cwd=folder, check=True, capture_output=True)
        command = [*PROGRAM, *words, "--port", str(free_port())]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
            try:
                assert program.stdout is not None and program.stderr is not None
                if not program.stdout.readline():
                    raise SystemExit(f"{' '.join(words)} does not start:\n{program.stderr.read().decode()}")
                time.sleep(settles)
                before = used(program.pid)
                time.sleep(seconds)
                return used(program.pid) - before
            finally:
                program.terminate()


def main() -> None:
    """Measure both ways, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the program is watched")
    parser.add_argument("--settles", type=float, default=SETTLES, help="how long it is left alone before")
    given = parser.parse_args()
    if not Path("/proc/self/stat").exists():
        sys.stdout.write("doing nothing: not measured, this system has no /proc\n")
        return
    sys.stdout.write(f"{'doing nothing':<16} {'CPU s':>6} {'of a core':>9}  aim 2 % for `up`\n")
    for words in CASES:
        cpu = measure(words, given.settles, given.seconds)
        sys.stdout.write(f"{' '.join(words):<16} {cpu:>6.2f} {cpu / given.seconds:>9.1%}\n")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    sys.stdout.write(f"Python {platform.python_version()}, load {load}\n")


if __name__ == "__main__":
    main()
