"""How commands end: a reader that has enough, a socket that broke, a demo that the system stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from benehub.cli.demo import _answer
from benehub.sandbox.staying import _kept
from benehub.sandbox.story.world import SECRETS

PROGRAM = """
import sys
from benehub.cli import app

@app.command("breaks", hidden=True)
def breaks(what: str) -> None:
    if what == "socket":
        raise BrokenPipeError(32, "a vendor's socket")
    if what == "all":
        sys.stdout.reconfigure(line_buffering=True)
    for _ in range(100_000):
        print("line")

sys.argv = ["benehub", "breaks", sys.argv[1]]
app()
"""


def unread(what: str) -> tuple[int, str]:
    """Exit code and error output of a command whose output nobody reads."""
    words = [sys.executable, "-c", PROGRAM, what]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        said = child.stderr.read()
        return child.wait(60), said


@pytest.mark.parametrize("what", ["lines", "all"])
def test_a_reader_that_has_enough_is_no_error(what: str) -> None:
    assert unread(what) == (1, "")


def test_a_socket_that_broke_is_told() -> None:
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, "socket"], capture_output=True, text=True, timeout=60, check=False
    )
    assert child.returncode == 1
    assert "unexpected BrokenPipeError" in child.stderr


def test_a_kept_secret_is_its_owners_whatever_lay_there(tmp_path: Path) -> None:
    name = next(iter(SECRETS))
    there = tmp_path / f"{name.lower()}.secret"
    there.write_text("old")
    there.chmod(0o644)
    assert _kept(tmp_path)(name) == f"file:{there}"
    assert there.stat().st_mode & 0o777 == 0o600
    assert there.read_text() == SECRETS[name]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_vendors_end_tidily_when_the_system_ends_them(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    swept = sweeping(lambda: os.kill(os.getpid(), number))
    assert swept == 1
    assert signal.getsignal(number) is before


def test_a_sweep_that_fails_of_the_disk_is_told_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benehub.cli.demo.SWEEP_SECONDS", 0)

    def fails() -> None:
        raise PermissionError(13, "no", "a file")

    assert sweeping(fails, fails) == 3
    assert capsys.readouterr().err.count("a pretend vendor's mailbox") == 1


def sweeping(*does: Callable[[], None]) -> int:
    """Answer until something ends it; gives how often was swept. What is left to do is Ctrl-C."""
    left, count = list(does), 0

    def sweep(_day: date) -> list[str]:
        nonlocal count
        count += 1
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()
        return []

    assert threading.current_thread() is threading.main_thread()
    _answer(sweep)
    return count
